//! Rules of the cart over the live link: set at once, or not at all.

use super::session::{Completed, Session, SessionEnd};
use super::visitors::VisitorId;
use super::{LiveEvent, Supervisor};
use crate::model::{OpId, RuleChange};
use crate::store::cart::new_op;
use crate::store::cart::rules::send_rules;
use crate::store::connection::replicas::ReplicaWait;
use crate::store::error::{Error, Trouble};

/// Rules that were sent over the present connection.
pub(super) struct SentRules {
    op: OpId,
    asker: VisitorId,
    progress: RulesProgress,
}

/// The progress of rules that were sent. Whoever set them hears so after the cart that has them:
/// what they do next must not build on the rules before. They hear of all in the order of sending.
#[derive(Debug, Clone, PartialEq, Eq)]
enum RulesProgress {
    /// The server has not answered.
    Sent,
    /// They are set, and no cart was asked for since.
    Set,
    /// The cart that is being read has them.
    InCart,
    /// They are not set, or it is not known.
    Failed(Error),
}

impl Session {
    /// Sends rules that a visitor sets.
    pub(super) fn set_rules(
        &mut self,
        supervisor: &mut Supervisor,
        asker: VisitorId,
        changes: Vec<RuleChange>,
    ) {
        let Some(visitor) = supervisor.visitors.get(asker) else {
            return;
        };
        let op = new_op();
        supervisor.rules_on_their_way.push(SentRules {
            op: op.clone(),
            asker,
            progress: RulesProgress::Sent,
        });

        let mut conn = self.conn.clone();
        let keys = supervisor.keys.clone();
        self.start(async move {
            let policy = &visitor.policy;
            let mut conn = ReplicaWait::new(&mut conn, policy.confirm_replicas);
            let outcome = send_rules(&mut conn, &keys, policy, &op, &changes).await;
            let outcome = conn.require_replicas(outcome);
            Completed::RulesSent(op, outcome)
        });
    }

    /// Tells whoever set rules what became of them: that they are set, after the cart that has them.
    pub(super) fn on_rules_sent(
        &mut self,
        supervisor: &mut Supervisor,
        op: &OpId,
        outcome: Result<(), Error>,
    ) -> Result<(), SessionEnd> {
        if let Err(Error::Trouble(trouble)) = &outcome
            && trouble.is_ambiguous()
        {
            // All that are on their way are told so.
            return Err(SessionEnd::Broken(trouble.clone()));
        }
        let broken = match &outcome {
            // They are set, and another connection brings no replicas back.
            Err(Error::Trouble(Trouble::TooFewReplicas { .. })) => None,
            Err(Error::Trouble(trouble)) if supervisor.locator.is_transient(trouble) => {
                Some(trouble.clone())
            }
            Ok(()) | Err(_) => None,
        };

        let on_their_way = &mut supervisor.rules_on_their_way;
        if let Some(index) = on_their_way.iter().position(|sent| sent.op == *op) {
            match outcome {
                Ok(()) => {
                    on_their_way[index].progress = RulesProgress::Set;
                    self.read_cart(supervisor);
                }
                Err(error) => {
                    on_their_way[index].progress = RulesProgress::Failed(error);
                    supervisor
                        .tell_first_rules(|progress| matches!(progress, RulesProgress::Failed(_)));
                    // Those behind it may have waited for it alone.
                    if !supervisor.rules_on_their_way.is_empty() {
                        self.read_cart(supervisor);
                    }
                }
            }
        }
        match broken {
            Some(trouble) => Err(SessionEnd::Broken(trouble)),
            None => Ok(()),
        }
    }
}

impl Supervisor {
    /// Refuses rules that are asked for while the link is down: nobody knows what they would meet
    /// once it is up.
    pub(super) fn refuse_rules(&mut self, asker: VisitorId) {
        let trouble = self.down.clone().unwrap_or(Trouble::Lost);
        self.tell_one(asker, LiveEvent::RulesSet(Err(trouble.into())));
    }

    /// Notes that the cart is read from now on: it has the rules that are set.
    pub(super) fn note_cart_asked_for(&mut self) {
        for sent in &mut self.rules_on_their_way {
            if sent.progress == RulesProgress::Set {
                sent.progress = RulesProgress::InCart;
            }
        }
    }

    /// Tells those whose rules the cart has that was told just now that they are set.
    pub(super) fn tell_rules_in_cart(&mut self) {
        self.tell_first_rules(|progress| {
            matches!(progress, RulesProgress::InCart | RulesProgress::Failed(_))
        });
    }

    /// Tells what became of the rules that were sent first, as long as that may be told.
    fn tell_first_rules(&mut self, may_be_told: impl Fn(&RulesProgress) -> bool) {
        let on_their_way = &self.rules_on_their_way;
        let count = on_their_way
            .iter()
            .take_while(|sent| may_be_told(&sent.progress))
            .count();
        let told: Vec<SentRules> = self.rules_on_their_way.drain(..count).collect();
        for sent in told {
            let outcome = match sent.progress {
                RulesProgress::Failed(error) => Err(error),
                RulesProgress::Sent | RulesProgress::Set | RulesProgress::InCart => Ok(()),
            };
            self.tell_one(sent.asker, LiveEvent::RulesSet(outcome));
        }
    }

    /// Tells those whose rules were on their way when the link broke that they may be set; or that
    /// they are, where only the cart was to follow.
    pub(super) fn lose_rules(&mut self, trouble: &Trouble) {
        for sent in std::mem::take(&mut self.rules_on_their_way) {
            let outcome = match sent.progress {
                RulesProgress::Sent => Err(Error::Unknown {
                    op: sent.op,
                    trouble: trouble.clone(),
                }),
                RulesProgress::Set | RulesProgress::InCart => Ok(()),
                RulesProgress::Failed(error) => Err(error),
            };
            self.tell_one(sent.asker, LiveEvent::RulesSet(outcome));
        }
    }
}
