//! Answers the requests of one visitor's SSH client: to log in, to open channels, and to get a
//! screen of the shop or run a command. All others are refused: there is no forwarding, no agent, no X11, no files.

mod invitation;

use super::ServedShop;
use super::connections::{Connection, Farewell, Full, Visitor};
use super::exec::{self, Caller, CommandInput};
use super::identity::{Grant, fingerprint};
use super::journal::{self, Refused};
use super::session::{self, Environment, Lag, SessionInput, Terminal};
use crate::crash;
use crate::model::text;
use crate::tui::terminal::port::Arrival;
use invitation::Conversation;
use russh::keys::ssh_key::Fingerprint;
use russh::keys::{Algorithm, PrivateKey, PublicKey};
use russh::server::{
    Auth, ChannelOpenHandle, Config, Handler, Msg, PublicKeyOffer, Response, Session,
    VerifiedPublicKey,
};
use russh::{
    Channel, ChannelId, ChannelOpenFailure, ChannelWriteHalf, MethodKind, MethodSet, Preferred,
    Pty, SshId, cipher, compression, kex, mac,
};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tracing::info;

/// The time until a refusal is told, so that guessing is slow.
const REJECTION_TIME: Duration = Duration::from_millis(300);
/// The most keys that may be offered.
const MOST_OFFERS: usize = 16;
/// The most attempts to log in. Beyond them the library ends the connection without a word, so there
/// is room to say how to get in.
const MOST_ATTEMPTS: usize = MOST_OFFERS + 8;
/// A screen that is opened counts as so many bytes that were typed.
const COST_OF_SCREEN: usize = 1024;
/// The most channels of a connection.
const MOST_CHANNELS: usize = 10;
/// The most bytes that a screen takes in before others have their turn.
const PIECE: usize = 1024;
/// The pause after which a silent client is asked whether it is still there. Whether its computer is,
/// the system asks more often, at no cost to us.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(60);
/// The most questions in a row that a client may leave without an answer.
const MOST_KEEPALIVES: usize = 3;
/// The time after which a connection ends on which nothing at all happens. The library counts what
/// it sends itself, too, so this is no limit for idle visitors.
const INACTIVITY_TIMEOUT: Duration = Duration::from_secs(3600);

/// The library's settings. Of key exchanges only the cheap ones are offered: with the classic
/// groups, a few strangers could keep the processor busy.
pub(super) fn config(host_key: PrivateKey) -> Config {
    Config {
        server_id: SshId::Standard(Cow::Borrowed("SSH-2.0-trolley")),
        methods: MethodSet::from(&[MethodKind::PublicKey, MethodKind::KeyboardInteractive][..]),
        auth_rejection_time: REJECTION_TIME,
        // OpenSSH always asks first whether a name alone is enough.
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: vec![host_key],
        preferred: Preferred {
            kex: Cow::Borrowed(&[
                kex::MLKEM768X25519_SHA256,
                kex::CURVE25519,
                kex::CURVE25519_PRE_RFC_8731,
                kex::EXTENSION_SUPPORT_AS_SERVER,
                kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER,
            ]),
            cipher: Cow::Borrowed(&[cipher::CHACHA20_POLY1305, cipher::AES_256_GCM]),
            // Both ciphers authenticate by themselves, but one name has to be there.
            mac: Cow::Borrowed(&[mac::HMAC_SHA256_ETM]),
            compression: Cow::Borrowed(&[compression::NONE]),
            ..Preferred::DEFAULT
        },
        max_auth_attempts: MOST_ATTEMPTS,
        inactivity_timeout: Some(INACTIVITY_TIMEOUT),
        keepalive_interval: Some(KEEPALIVE_INTERVAL),
        keepalive_max: MOST_KEEPALIVES,
        ..Config::default()
    }
}

/// Answers the client of one visitor.
pub(super) struct VisitorHandler {
    shop: Arc<ServedShop>,
    connection: Arc<Connection>,
    /// The keys that were offered.
    offers: usize,
    /// The first key that was refused.
    refused_key: Option<Fingerprint>,
    /// It is written down that no key was let in: once, however often the visitor asks.
    is_refusal_noted: bool,
    /// The limit that keeps out somebody who is granted something.
    refusal: Option<Full>,
    conversation: Conversation,
    grant: Option<Grant>,
    /// The key that was proven; none of a guest.
    key: Option<PublicKey>,
    channels: HashMap<ChannelId, ChannelState>,
}

/// The state of one channel.
enum ChannelState {
    /// The client may still describe its terminal.
    Described(Box<Description>),
    /// A screen runs on it, or has ended.
    Running(SessionInput),
    /// A command runs on it, or has ended.
    Command(CommandInput),
}

impl ChannelState {
    /// Tells whether there is nothing to come on the channel. The library does not say that a
    /// client has closed one that was closed here before.
    fn is_over(&self) -> bool {
        match self {
            ChannelState::Described(_) => false,
            ChannelState::Running(input) => input.is_over(),
            ChannelState::Command(input) => input.is_over(),
        }
    }
}

/// The description that a client gives of itself before it asks for the screen.
struct Description {
    output: ChannelWriteHalf<Msg>,
    terminal: Option<Terminal>,
    environment: Environment,
}

impl VisitorHandler {
    pub(super) fn new(shop: Arc<ServedShop>, connection: Arc<Connection>) -> VisitorHandler {
        VisitorHandler {
            shop,
            connection,
            offers: 0,
            refused_key: None,
            is_refusal_noted: false,
            refusal: None,
            conversation: Conversation::default(),
            grant: None,
            key: None,
            channels: HashMap::new(),
        }
    }

    /// Lets somebody in who is granted something, where there is room.
    fn let_in(&mut self, key: Option<&PublicKey>, user: &str, grant: Grant) -> Auth {
        let visitor = Visitor {
            key: key.cloned(),
            user: user.to_owned(),
            grant: grant.clone(),
        };
        if let Err(full) = self.connection.log_in(visitor) {
            self.refuse(user, &full.to_string());
            self.refusal = Some(full);
            return Auth::reject();
        }

        // The keys file may have been read anew while this was decided.
        if key
            .is_some_and(|key| self.shop.present_grant(key, user, &grant).as_ref() != Some(&grant))
        {
            self.connection.ask_to_leave(Farewell::KeyChanged);
        }

        let fingerprint = key.map(|key| fingerprint(key).to_string());
        info!(
            session = self.connection.id,
            ip = %self.connection.address,
            key = fingerprint.as_deref().unwrap_or("none"),
            name = journal::word(&grant.name),
            role = %grant.role,
            cart = %grant.cart,
            "auth"
        );
        self.grant = Some(grant);
        self.key = key.cloned();
        Auth::Accept
    }

    /// Writes down a refusal.
    fn refuse(&self, user: &str, why: &str) {
        let refused = Refused {
            session: Some(self.connection.id),
            user: Some(user),
            key: self.refused_key,
        };
        refused.log(self.connection.address, why);
    }

    /// Writes down, once, that no key was let in.
    fn refuse_keys(&mut self, user: &str) {
        if !self.is_refusal_noted {
            self.is_refusal_noted = true;
            self.refuse(user, "no key that is let in");
        }
    }

    /// The line for somebody who is not let in: it says how to get in.
    fn how_to_get_in(&self) -> String {
        if let Some(explanation) = self.conversation.explanation() {
            return explanation.to_owned();
        }
        match (self.refusal, self.refused_key) {
            (Some(full), _) => format!("{}.", text::capitalized(&full.to_string())),
            (None, Some(_)) if !self.may_offer_more() => format!(
                "This shop knows none of the {MOST_OFFERS} keys that you have offered. Name the right one (ssh -i FILE -o IdentitiesOnly=yes), or send its public half to whoever runs the shop."
            ),
            (None, Some(key)) => format!(
                "This shop does not know your key {key}. Send its public half (a line of ~/.ssh/*.pub) to whoever runs the shop."
            ),
            (None, None) if self.shop.invited.is_some() => "This shop knows people by their SSH key, also those who have an invitation, and you have shown none. Make one with ssh-keygen, and come again.".to_owned(),
            (None, None) => "This shop knows people by their SSH key, and you have shown none. Make one with ssh-keygen, and send its public half (~/.ssh/*.pub) to whoever runs the shop.".to_owned(),
        }
    }

    /// Returns whether the visitor may offer another key.
    fn may_offer_more(&self) -> bool {
        self.offers < MOST_OFFERS
    }

    /// Says how to get in, and asks nothing.
    fn explain(&self) -> Auth {
        Auth::Partial {
            name: Cow::Borrowed(""),
            instructions: Cow::Owned(self.how_to_get_in()),
            prompts: Cow::Borrowed(&[]),
        }
    }

    /// The description by the client of a channel so far, where its screen has not begun.
    fn description(&mut self, channel: ChannelId) -> Option<&mut Description> {
        match self.channels.get_mut(&channel)? {
            ChannelState::Described(description) => Some(description),
            ChannelState::Running(_) | ChannelState::Command(_) => None,
        }
    }

    /// The way to the screen that runs on a channel.
    fn running(&mut self, channel: ChannelId) -> Option<&mut SessionInput> {
        match self.channels.get_mut(&channel)? {
            ChannelState::Running(input) => Some(input),
            ChannelState::Described(_) | ChannelState::Command(_) => None,
        }
    }

    /// Takes a channel that still waits, to begin something on it. Who has to leave begins nothing.
    fn begin(&mut self, channel: ChannelId) -> Option<Description> {
        self.description(channel)?;
        if self.connection.farewell().is_some() {
            return None;
        }
        match self.channels.remove(&channel)? {
            ChannelState::Described(description) => Some(*description),
            ChannelState::Running(_) | ChannelState::Command(_) => None,
        }
    }

    /// Opens the shop on a channel: on a screen, or in plain mode where the client can show none.
    fn open_shop(&mut self, channel: ChannelId, description: Description, lag: Lag) {
        let Some(grant) = self.grant.clone() else {
            return;
        };

        let terminal = description.terminal;
        match &terminal {
            Some(terminal) => info!(
                session = self.connection.id,
                channel = %channel,
                term = journal::word(&terminal.term),
                columns = terminal.size.0,
                rows = terminal.size.1,
                "pty"
            ),
            None => info!(session = self.connection.id, channel = %channel, "plain"),
        }

        self.connection.pace.note_typed(COST_OF_SCREEN);
        let input = session::start(
            &self.shop,
            &self.connection,
            grant,
            terminal,
            &description.environment,
            description.output,
            lag,
        );
        self.channels.insert(channel, ChannelState::Running(input));
    }

    /// Begins a command on a channel.
    fn run_command(
        &mut self,
        channel: ChannelId,
        description: Description,
        line: &[u8],
        words: Result<Vec<String>, String>,
    ) {
        let Some(grant) = self.grant.clone() else {
            return;
        };
        let hours = description.environment.hours();
        let caller = Caller::new(&self.shop, self.key.clone(), grant, hours);
        let is_terminal = description.terminal.is_some();
        let output = description.output;
        let input = exec::start(&self.connection, caller, line, words, is_terminal, output);
        self.channels.insert(channel, ChannelState::Command(input));
    }
}

/// Refuses an attempt to log in; the visitor may go on in these ways.
fn reject(ways: &[MethodKind]) -> Auth {
    Auth::Reject {
        proceed_with_methods: Some(MethodSet::from(ways)),
        partial_success: false,
    }
}

/// The lag of the client on this channel, to begin with.
fn lag_on(session: &Session, channel: ChannelId) -> Lag {
    Lag::new(session.window_size(&channel), session.remote_sshid())
}

impl Handler for VisitorHandler {
    type Error = russh::Error;

    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, russh::Error> {
        if !self.may_offer_more() {
            self.refuse(user, "too many keys");
            return Ok(reject(&[MethodKind::KeyboardInteractive]));
        }
        self.offers += 1;

        // A signature by SHA-1 proves nothing any more.
        let is_weak = *offer.algorithm == Algorithm::Rsa { hash: None };
        let is_taken = !is_weak
            && (self.find_grant(offer.public_key, user).await.is_some() || self.wants_key());
        if is_taken {
            return Ok(Auth::Accept);
        }
        self.refused_key
            .get_or_insert_with(|| fingerprint(offer.public_key));
        Ok(if self.may_offer_more() {
            Auth::reject()
        } else {
            reject(&[MethodKind::KeyboardInteractive])
        })
    }

    /// Called once the visitor has proven to own the key.
    async fn auth_publickey(
        &mut self,
        user: &str,
        key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, russh::Error> {
        let key = key.public_key;
        match self.find_grant(key, user).await {
            Some(grant) => Ok(self.let_in(Some(key), user, grant)),
            None => Ok(self.hear_key(key)),
        }
    }

    /// Clients try this after their keys. Guests come in by it, without a question, and others are
    /// asked for an invitation or shown why they don't.
    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, russh::Error> {
        if let Some(mut response) = response {
            if self.conversation.awaits_code() {
                let typed = response.next();
                return Ok(self.hear_code(user, typed.as_deref()).await);
            }
            return Ok(if self.may_offer_more() {
                reject(&[MethodKind::PublicKey])
            } else {
                // Where no way is named, OpenSSH tries them all again.
                reject(&[MethodKind::None])
            });
        }

        // Whose key has met a limit does not come in as a guest either.
        if self.refusal.is_none() {
            match self.shop.guest_grant(user) {
                Some(grant) => {
                    if self.let_in(None, user, grant) == Auth::Accept {
                        return Ok(Auth::Accept);
                    }
                }
                None => match self.ask_for_code() {
                    Some(question) => return Ok(question),
                    // Nobody knows yet whether such a key is let in.
                    None if self.conversation.is_unreachable() => {}
                    None => self.refuse_keys(user),
                },
            }
        }
        Ok(self.explain())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.channels.retain(|_, state| !state.is_over());
        let has_room = self.channels.len() < MOST_CHANNELS;
        if self.connection.farewell().is_some() || !has_room {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        }

        // What comes in is told to this handler, too; nobody reads it a second time.
        let (_, output) = channel.split();
        let channel = output.id();
        let description = Description {
            output,
            terminal: None,
            environment: Environment::default(),
        };
        let state = ChannelState::Described(Box::new(description));
        self.channels.insert(channel, state);
        reply.accept().await;
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        term: &str,
        columns: u32,
        rows: u32,
        _pixel_width: u32,
        _pixel_height: u32,
        _modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        match self.description(channel) {
            Some(description) if description.terminal.is_none() => {
                description.terminal = Some(Terminal::new(term, (columns, rows)));
                session.channel_success(channel)
            }
            Some(_) | None => session.channel_failure(channel),
        }
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        crash::where_asked(|| name == "TROLLEY_PANIC");

        let description = self.description(channel);
        let is_taken =
            description.is_some_and(|description| description.environment.take_in(name, value));
        if is_taken {
            session.channel_success(channel)
        } else {
            session.channel_failure(channel)
        }
    }

    async fn window_change_request(
        &mut self,
        channel: ChannelId,
        columns: u32,
        rows: u32,
        _pixel_width: u32,
        _pixel_height: u32,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let size = (columns, rows);
        if let Some(input) = self.running(channel) {
            input.resize(size).await;
        } else if let Some(description) = self.description(channel)
            && let Some(terminal) = &mut description.terminal
        {
            terminal.resize(size);
        }
        session.channel_success(channel)
    }

    async fn shell_request(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let Some(description) = self.begin(channel) else {
            return session.channel_failure(channel);
        };
        session.channel_success(channel)?;
        self.open_shop(channel, description, lag_on(session, channel));
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let Some(description) = self.begin(channel) else {
            return session.channel_failure(channel);
        };
        session.channel_success(channel)?;

        match exec::words(command) {
            Ok(words) if words.is_empty() => {
                self.open_shop(channel, description, lag_on(session, channel));
            }
            words => self.run_command(channel, description, command, words),
        }
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        _name: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.channel_failure(channel)
    }

    async fn x11_request(
        &mut self,
        channel: ChannelId,
        _single_connection: bool,
        _protocol: &str,
        _cookie: &str,
        _screen: u32,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.channel_failure(channel)
    }

    async fn data(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        match self.channels.get_mut(&channel) {
            Some(ChannelState::Running(input)) => {
                self.connection.pace.note_typed(data.len());
                for piece in data.chunks(PIECE) {
                    input.give(Arrival::Bytes(piece.to_vec())).await;
                }
            }
            Some(ChannelState::Command(input)) => input.take_in(data),
            Some(ChannelState::Described(_)) | None => {}
        }
        Ok(())
    }

    async fn window_adjusted(
        &mut self,
        channel: ChannelId,
        _room: u32,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        if let Some(input) = self.running(channel) {
            input.note_reading();
        }
        Ok(())
    }

    async fn channel_eof(
        &mut self,
        channel: ChannelId,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        match self.channels.get_mut(&channel) {
            Some(ChannelState::Running(input)) => input.end().await,
            Some(ChannelState::Command(input)) => input.end(),
            Some(ChannelState::Described(_)) | None => {}
        }
        Ok(())
    }

    async fn channel_close(
        &mut self,
        channel: ChannelId,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.channels.remove(&channel);
        Ok(())
    }
}
