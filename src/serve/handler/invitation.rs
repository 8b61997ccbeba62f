//! The conversation with somebody whose key is unknown and who may have an invitation: they prove
//! their key, and then are asked for a code, which the key is bound to.

use super::VisitorHandler;
use crate::model::invitation::InvitationCode;
use crate::serve::identity::{Grant, fingerprint};
use crate::store::Trouble;
use crate::store::invitations;
use russh::keys::PublicKey;
use russh::server::Auth;
use russh::{MethodKind, MethodSet};
use std::borrow::Cow;
use std::time::Duration;
use tracing::{info, warn};

/// The codes that may be tried on one connection.
const MOST_CODES: u32 = 3;
/// The pause after a wrong code. It grows with each.
const WRONG_CODE_PAUSE: Duration = Duration::from_secs(1);

/// The state of the talk about invitations on one connection.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    /// The code was asked for, and no answer has come.
    is_asked: bool,
    /// The codes that were wrong.
    wrong: u32,
    /// The first unknown key that was proven.
    key: Option<PublicKey>,
    /// Redis could not be asked.
    is_unreachable: bool,
}

impl Conversation {
    /// Tells whether the answer is about a code.
    pub(super) fn awaits_code(&self) -> bool {
        self.is_asked
    }

    /// Tells whether a key could not be looked up, so that nobody knows whether it is let in.
    pub(super) fn is_unreachable(&self) -> bool {
        self.is_unreachable
    }

    /// Why no code is asked for, where that is not for the lack of a key.
    pub(super) fn explanation(&self) -> Option<&'static str> {
        if self.is_unreachable {
            Some("The shop can't look up invitations and keys now; come again in a moment.")
        } else if self.wrong >= MOST_CODES {
            Some("None of that was the code of an open invitation. Ask whoever has invited you.")
        } else {
            None
        }
    }
}

impl VisitorHandler {
    /// Returns the grant of a key's owner, as the keys file and Redis are now.
    pub(super) async fn find_grant(&mut self, key: &PublicKey, user: &str) -> Option<Grant> {
        let shop = self.shop.clone();
        if let Some(grant) = shop.grant(key, user) {
            return Some(grant);
        }

        // A client may have many keys, and Redis is not waited for with each.
        let invited = shop.invited.as_ref()?;
        if self.conversation.is_unreachable {
            return None;
        }

        match invited.grant(key).await {
            Ok(grant) => grant,
            Err(error) => {
                self.note_trouble(&error);
                None
            }
        }
    }

    /// Tells whether a key that is let in by nothing else should be proven, so that a code can be
    /// asked for.
    pub(super) fn wants_key(&self) -> bool {
        let conversation = &self.conversation;
        self.shop.invited.is_some() && conversation.key.is_none() && !conversation.is_unreachable
    }

    /// Takes note of an unknown key that was proven. Other keys may follow, and one that is known
    /// lets its owner in.
    pub(super) fn hear_key(&mut self, key: &PublicKey) -> Auth {
        if !self.wants_key() {
            return Auth::reject();
        }
        self.conversation.key = Some(key.clone());
        Auth::Reject {
            proceed_with_methods: Some(MethodSet::from(
                &[MethodKind::PublicKey, MethodKind::KeyboardInteractive][..],
            )),
            partial_success: true,
        }
    }

    fn note_trouble(&mut self, error: &Trouble) {
        warn!(session = self.connection.id, %error, "invitations");
        self.conversation.is_unreachable = true;
    }

    /// Asks for the code of an invitation; `None` where that is of no use.
    pub(super) fn ask_for_code(&mut self) -> Option<Auth> {
        let key = fingerprint(self.conversation.key.as_ref()?);
        if self.conversation.explanation().is_some() {
            return None;
        }

        self.conversation.is_asked = true;
        let instructions = match self.conversation.wrong {
            0 => format!(
                "This shop does not know your key {key} yet. If you are invited, type the code."
            ),
            _ => "That is not the code of an open invitation.".to_owned(),
        };
        Some(Auth::Partial {
            name: Cow::Borrowed(""),
            instructions: Cow::Owned(instructions),
            prompts: Cow::Owned(vec![(Cow::Borrowed("Invitation code: "), true)]),
        })
    }

    /// Takes in what was typed as the code, and lets in whose code is right. From then on their key
    /// is enough.
    pub(super) async fn hear_code(&mut self, user: &str, typed: Option<&[u8]>) -> Auth {
        self.conversation.is_asked = false;
        let shop = self.shop.clone();
        let typed = typed.and_then(|typed| std::str::from_utf8(typed).ok());
        let code = typed.and_then(InvitationCode::parse);

        if let (Some(invited), Some(code), Some(key)) =
            (&shop.invited, code, self.conversation.key.clone())
        {
            match invited.redeem(&code, &key).await {
                Ok(Some(grant)) => {
                    info!(
                        session = self.connection.id,
                        key = %fingerprint(&key),
                        invitation = invitations::id(&code),
                        "bound"
                    );
                    return self.let_in(Some(&key), user, grant);
                }
                Ok(None) => {}
                Err(error) => {
                    self.note_trouble(&error);
                    return self.explain();
                }
            }
        }

        self.note_wrong_code(user).await;
        self.ask_for_code().unwrap_or_else(|| self.explain())
    }

    async fn note_wrong_code(&mut self, user: &str) {
        self.conversation.wrong += 1;
        self.refuse(user, "a wrong invitation code");
        tokio::time::sleep(WRONG_CODE_PAUSE * self.conversation.wrong).await;
    }
}
