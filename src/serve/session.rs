//! One screen on one channel, or the shop in plain mode: the port between both, and what becomes of
//! the visitor's terminal.

use super::ServedShop;
use super::connections::{Connection, Farewell};
use super::identity::{Grant, Role};
use super::input_pace::InputHold;
use crate::config::alerts::{AlertWays, Alerts};
use crate::config::colours::OwnColours;
use crate::config::display::{self, AsciiMode, Display};
use crate::config::keymap::{Action, Keymap};
use crate::config::theme::Theme;
use crate::model::text;
use crate::model::time::{Hours, PersonalClock};
use crate::store::Policy;
use crate::tui::plain::lines::Editing;
use crate::tui::plain::shell::{Manner, PlainShop};
use crate::tui::screen::{Ended, Screen};
use crate::tui::terminal::background::{ASK_BACKGROUND, is_known_as_silent};
use crate::tui::terminal::port::{
    Arrival, END, Frames, Outlet, Port, STATUS_HANGUP, STATUS_UNCONFIRMED, USUAL_SIZE,
};
use crate::tui::terminal::sequences;
use crate::tui::visit::Visit;
use crate::tui::{ScreenError, alarm};
use futures::FutureExt;
use futures::future::BoxFuture;
use russh::ChannelWriteHalf;
use russh::server::Msg;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinError;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::info;

/// The sentence for a visitor whose changes were not confirmed in time.
const UNCONFIRMED: &str =
    "Your last changes were not confirmed: please check whether they are there.";
/// The exit status of a screen that has crashed.
pub(super) const STATUS_CRASHED: u8 = 101;
/// The exit status of a screen that has failed.
const STATUS_FAILED: u8 = 3;

/// The largest screen that is drawn, in columns and rows. What is beyond stays empty.
const LARGEST_SIZE: (u16, u16) = (500, 200);

/// The variables of an environment that are kept: those that say how a terminal is,
/// and how its person reads.
const VARIABLES: [&str; 15] = [
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "COLORTERM",
    "NO_COLOR",
    "TROLLEY_THEME",
    "TROLLEY_ASCII",
    "TROLLEY_ALERTS",
    "TROLLEY_HOURS",
    "TERM_PROGRAM",
    "LC_TERMINAL",
    "TMUX",
    "STY",
    "WT_SESSION",
    "VTE_VERSION",
];
/// The longest value of one that is kept, in bytes.
const LONGEST_VALUE: usize = 256;
/// The longest name of a terminal, in bytes.
const LONGEST_TERM: usize = 64;

/// The arrivals that may wait for a screen. Who sends more waits, too.
const ARRIVALS: usize = 64;

/// The bytes that a terminal may be behind; more where its client tells less often what it has read.
/// One that is further behind gets a frame only now and then, so that it does not wade through old
/// ones once it reads again.
const MOST_BEHIND: usize = 128 * 1024;
/// The bytes that may be on their way while a client says that it reads.
const MARGIN: usize = 32 * 1024;
/// The pause between two frames for a terminal that is further behind.
const PAUSE_BEHIND: Duration = Duration::from_secs(1);
/// The time for a client to take the bytes that give its terminal back.
pub(super) const RESTORE_TIMEOUT: Duration = Duration::from_secs(1);
/// Cancels a sequence that was not sent to its end.
const CANCEL: &[u8] = b"\x18";

/// The sentence after a crash.
const CRASHED: &str = "This screen has crashed; that is a bug in the program. All confirmed changes are saved: come in again.";

const SECOND: Duration = Duration::from_secs(1);
/// The time from the warning of an idle visitor until they have to go.
const IDLE_WARNING: Duration = Duration::from_secs(60);

/// The terminal of a visitor, as their client describes it.
#[derive(Debug)]
pub(super) struct Terminal {
    pub(super) term: String,
    pub(super) size: (u16, u16),
}

impl Terminal {
    pub(super) fn new(term: &str, size: (u32, u32)) -> Terminal {
        Terminal {
            term: text::sanitize_to(term.as_bytes(), LONGEST_TERM),
            size: bounded(size, USUAL_SIZE),
        }
    }

    pub(super) fn resize(&mut self, size: (u32, u32)) {
        self.size = bounded(size, self.size);
    }
}

/// The way in which the shop shows at a visitor's client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Showing {
    Screen,
    /// In plain mode, of this manner.
    Plain(Manner),
}

impl Showing {
    /// The way that suits a terminal. A client without one sends whole lines.
    fn of(terminal: Option<&Terminal>) -> Showing {
        let editing = match terminal {
            Some(terminal) if !display::is_dumb(&terminal.term) => return Showing::Screen,
            Some(_) => Editing::Here,
            None => Editing::Elsewhere,
        };
        Showing::Plain(Manner {
            editing,
            prompts: true,
        })
    }

    fn line_end(self) -> &'static str {
        match self {
            Showing::Screen => "\r\n",
            Showing::Plain(manner) => manner.editing.line_end(),
        }
    }

    /// The bytes that take the terminal, and ask for its background where that decides about the
    /// colours.
    fn entering(self, asks_background: bool) -> Vec<u8> {
        match self {
            Showing::Screen if asks_background => [&sequences::entering(), ASK_BACKGROUND].concat(),
            Showing::Screen => sequences::entering(),
            Showing::Plain(_) => Vec::new(),
        }
    }

    /// The bytes that give it back, behind what it got as a whole or not.
    fn restoring(self, is_whole: bool) -> Vec<u8> {
        match self {
            Showing::Screen if is_whole => sequences::restoring(),
            Showing::Screen => [CANCEL, &sequences::restoring()].concat(),
            Showing::Plain(_) => Vec::new(),
        }
    }
}

/// A size that a client tells, within bounds. A terminal that tells none keeps the one it has.
fn bounded((columns, rows): (u32, u32), last: (u16, u16)) -> (u16, u16) {
    if columns == 0 || rows == 0 {
        return last;
    }
    let most = LARGEST_SIZE;
    (
        u16::try_from(columns).unwrap_or(most.0).min(most.0),
        u16::try_from(rows).unwrap_or(most.1).min(most.1),
    )
}

/// The variables of a visitor's environment that say how their terminal is.
#[derive(Debug, Default)]
pub(super) struct Environment(Vec<(String, String)>);

impl Environment {
    /// Takes in a variable, where it matters and its value is not too long; returns whether it has.
    /// Of several values of one variable the last one counts.
    pub(super) fn take_in(&mut self, name: &str, value: &str) -> bool {
        let matters = VARIABLES.contains(&name) && value.len() <= LONGEST_VALUE;
        if matters {
            self.0.retain(|(known, _)| known != name);
            self.0.push((name.to_owned(), value.to_owned()));
        }
        matters
    }

    /// The hours in which the visitor reads times; `None` where they chose none.
    pub(super) fn hours(&self) -> Option<Hours> {
        Hours::named(&self.get("TROLLEY_HOURS"))
    }

    /// A variable; empty where it is not set.
    fn get(&self, name: &str) -> String {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }
}

/// The way in to a screen, for the handler of the connection. The screen ends once this is gone.
#[derive(Debug)]
pub(super) struct SessionInput {
    arrivals: mpsc::Sender<Arrival>,
    size: (u16, u16),
    showing: Showing,
    /// Notified when the client has read more.
    reading: Arc<Notify>,
}

impl SessionInput {
    /// Gives the screen an arrival, once it takes one. A screen that has ended takes none.
    pub(super) async fn give(&self, arrival: Arrival) {
        let _ = self.arrivals.send(arrival).await;
    }

    /// The client sends nothing more. What a screen shows is of no use then; of plain mode all that
    /// was typed is answered.
    pub(super) async fn end(&self) {
        match self.showing {
            Showing::Screen => self.give(Arrival::End(STATUS_HANGUP)).await,
            Showing::Plain(_) => {
                self.give(Arrival::Bytes(vec![END])).await;
                self.give(Arrival::Leave).await;
            }
        }
    }

    /// The client has another size.
    pub(super) async fn resize(&mut self, size: (u32, u32)) {
        self.size = bounded(size, self.size);
        let (columns, rows) = self.size;
        self.give(Arrival::Resize(columns, rows)).await;
    }

    /// Tells whether the screen has ended.
    pub(super) fn is_over(&self) -> bool {
        self.arrivals.is_closed()
    }

    /// The client has read more.
    pub(super) fn note_reading(&self) {
        self.reading.notify_one();
    }
}

/// Starts the shop on a channel: a screen on a terminal that can show one, else plain mode.
pub(super) fn start(
    shop: &ServedShop,
    connection: &Arc<Connection>,
    grant: Grant,
    terminal: Option<Terminal>,
    environment: &Environment,
    output: ChannelWriteHalf<Msg>,
    lag: Lag,
) -> SessionInput {
    let showing = Showing::of(terminal.as_ref());
    let terminal = terminal.unwrap_or_else(|| Terminal::new("", (0, 0)));
    let (arrivals, incoming) = mpsc::channel(ARRIVALS);
    let (outlet, frames) = Outlet::new();
    let reading = Arc::<Notify>::default();
    let reason = Arc::<OnceLock<Farewell>>::default();

    let port = ChannelPort {
        arrivals: incoming,
        outlet,
        connection: connection.clone(),
        hold: InputHold::new(connection.pace.clone()),
        lets_others_go_first: false,
        idleness: Idleness::new(shop.options.idle),
        drain: shop.options.drain,
        leaves_by: None,
        counts_down: showing == Showing::Screen,
        next_countdown_at: None,
        reason: reason.clone(),
    };
    let input = SessionInput {
        arrivals,
        size: terminal.size,
        showing,
        reading: reading.clone(),
    };
    let frames = FrameWriter {
        frames,
        reading,
        lag,
    };
    let is_silent = is_known_as_silent(&terminal.term);
    let visit = visit(shop, connection, grant, terminal, environment);
    let asks_background = visit.late_background.is_some() && !is_silent;
    let entering = showing.entering(asks_background);
    let hub = shop.hub.clone();
    let opened = match showing {
        Showing::Screen => Screen::start(port, visit, hub).run().boxed(),
        Showing::Plain(manner) => PlainShop::start(port, visit, hub, manner).run().boxed(),
    };

    let session = connection.id;
    connection.screens.spawn(async move {
        let words = run(opened, entering, frames, &output, showing, &reason).await;
        info!(session, channel = %output.id(), status = words.status, "close");
        words.say(&output).await;
    });
    input
}

/// Describes the visit to the screen: the cart and the rights of the visitor, and how their
/// terminal shows the shop.
fn visit(
    shop: &ServedShop,
    connection: &Connection,
    grant: Grant,
    terminal: Terminal,
    environment: &Environment,
) -> Visit {
    let ascii = AsciiMode::named(&environment.get("TROLLEY_ASCII")).unwrap_or(AsciiMode::Auto);
    let display = Display::told_by(ascii, |name| variable(&terminal, environment, name));
    let known = Theme::named(&environment.get("TROLLEY_THEME"))
        .or_else(|| display.plain_theme(|name| variable(&terminal, environment, name)));
    let (theme, late_background) = match known {
        Some(known) => (display.theme(known), None),
        None => {
            let late = OwnColours::default().on_backgrounds(display);
            (late.on_dark.theme, Some(Box::new(late)))
        }
    };
    let alerts = Alerts::named(&environment.get("TROLLEY_ALERTS")).unwrap_or(shop.settings.alerts);

    Visit {
        user: grant.cart,
        policy: Policy {
            by: grant.name,
            ..shop.settings.policy.clone()
        },
        keymap: shop.keymaps.of(grant.role),
        display,
        alerts: AlertWays::told_by(alerts, |name| variable(&terminal, environment, name)),
        theme,
        late_background,
        mouse: shop.settings.mouse,
        clock: PersonalClock {
            hours: environment.hours(),
            ..shop.settings.personal_clock()
        },
        size: terminal.size,
        warning: None,
        // A visitor has the cart that they are granted.
        used_carts: None,
        changes: Some(connection.changes()),
    }
}

/// A variable as a program on the visitor's terminal would find it.
fn variable(terminal: &Terminal, environment: &Environment, name: &str) -> String {
    match name {
        "TERM" => terminal.term.clone(),
        name => environment.get(name),
    }
}

/// The keys of visitors, without the actions that they can't or may not do. All visitors of a role
/// share theirs.
pub(super) struct VisitorKeymaps {
    shopper: Keymap,
    buyer: Keymap,
}

impl VisitorKeymaps {
    /// The keys in force, for visitors.
    pub(super) fn new(keymap: &Keymap) -> VisitorKeymaps {
        let here = [Action::Suspend, Action::LoadDemo, Action::Carts];
        let buyer = keymap.clone().without(&here);
        let ordering = [Action::PlaceOrder, Action::AskCancel, Action::CancelOrder];
        VisitorKeymaps {
            shopper: buyer.clone().without(&ordering),
            buyer,
        }
    }

    fn of(&self, role: Role) -> Keymap {
        match role {
            Role::Shopper => self.shopper.clone(),
            Role::Buyer | Role::Clerk => self.buyer.clone(),
        }
    }
}

/// Runs a screen to its end, or plain mode, in a task of its own: a panic in it ends nothing else.
async fn run(
    opened: BoxFuture<'static, Result<Ended, ScreenError>>,
    entering: Vec<u8>,
    mut frames: FrameWriter,
    output: &ChannelWriteHalf<Msg>,
    showing: Showing,
    reason: &OnceLock<Farewell>,
) -> LastWords {
    let mut screen = tokio::spawn(opened);
    let writing = frames.write_all(output, entering);
    tokio::pin!(writing);

    let (ended, is_whole) = tokio::select! {
        // Nothing comes after the last frame, which is still to be taken.
        ended = &mut screen => (ended, timeout(RESTORE_TIMEOUT, writing).await.is_ok()),
        // The client takes no more: then nothing comes from it either, and that ends the screen.
        () = &mut writing => (screen.await, true),
    };
    LastWords::new(ended, reason.get().copied(), showing, is_whole)
}

/// The port of a screen at the other end of a channel.
struct ChannelPort {
    arrivals: mpsc::Receiver<Arrival>,
    outlet: Outlet,
    connection: Arc<Connection>,
    hold: InputHold,
    /// Something that was typed has just been taken in. Screens that are sent keys without end must
    /// not keep the processor from others.
    lets_others_go_first: bool,
    idleness: Idleness,
    /// The time for changes to be settled once the visitor has to go.
    drain: Duration,
    /// The moment when that is over.
    leaves_by: Option<Instant>,
    /// The time that is left shows; in plain mode it is said once.
    counts_down: bool,
    /// The moment to tell the visitor what the screen waits for.
    next_countdown_at: Option<Instant>,
    /// Why the screen ends, where that is not the visitor's own doing.
    reason: Arc<OnceLock<Farewell>>,
}

impl ChannelPort {
    /// The end of the screen for this reason.
    fn leave(&mut self, farewell: Farewell) -> Arrival {
        // It stays the first one.
        let _ = self.reason.set(farewell);
        let now = Instant::now();
        self.leaves_by = Some(now + self.drain);
        self.next_countdown_at = Some(now);
        Arrival::Leave
    }

    /// The word for a visitor whose changes are still unconfirmed, or the screen would have ended.
    fn tell_of_leaving(&mut self) -> Arrival {
        let now = Instant::now();
        self.next_countdown_at = self.counts_down.then(|| now + SECOND);

        let left = self.leaves_by.unwrap_or(now).saturating_duration_since(now);
        let seconds = text::count(left.as_millis().div_ceil(1000), "second");
        Arrival::Notice(format!(
            "This screen closes in {seconds}: what you asked for is still being done"
        ))
    }
}

impl Port for ChannelPort {
    async fn next(&mut self) -> Arrival {
        if std::mem::take(&mut self.lets_others_go_first) {
            tokio::task::yield_now().await;
        }
        let is_staying = self.leaves_by.is_none();

        tokio::select! {
            biased;
            farewell = self.connection.wait_for_farewell(), if is_staying => self.leave(farewell),
            // Changes are still unconfirmed, or the screen would have ended.
            () = alarm::at(self.leaves_by) => Arrival::End(STATUS_UNCONFIRMED),
            () = alarm::at(self.next_countdown_at), if !is_staying => self.tell_of_leaving(),
            arrival = self.arrivals.recv() => match arrival {
                // Nothing more is typed.
                Some(Arrival::Leave) => {
                    self.leaves_by = Some(Instant::now() + self.drain);
                    Arrival::Leave
                }
                Some(arrival) => {
                    if matches!(arrival, Arrival::Bytes(_)) {
                        self.idleness.end();
                        self.lets_others_go_first = true;
                    }
                    arrival
                }
                None => Arrival::End(STATUS_HANGUP),
            },
            step = self.idleness.next_step(), if is_staying => match step {
                IdleStep::Warn(text) => Arrival::Notice(text),
                IdleStep::Leave => self.leave(Farewell::Idle),
            },
        }
    }

    fn take_waiting(&mut self) -> Vec<Arrival> {
        let waiting = std::iter::from_fn(|| self.arrivals.try_recv().ok());
        // What comes while these are taken was not there before.
        waiting.take(ARRIVALS).collect()
    }

    fn outlet(&self) -> &Outlet {
        &self.outlet
    }

    fn hold_input(&mut self, is_held: bool) {
        // While a frame is on its way, the client must be heard: it says that it has read others.
        self.hold.set(is_held && self.outlet.is_idle());
    }
}

/// The time in which a visitor has pressed no key.
struct Idleness {
    /// The longest that may be; `None`: for ever.
    most: Option<Duration>,
    since: Instant,
    is_warned: bool,
}

/// The step that an idle visitor gets: a warning, or the end.
enum IdleStep {
    Warn(String),
    Leave,
}

impl Idleness {
    fn new(most: Option<Duration>) -> Idleness {
        Idleness {
            most,
            since: Instant::now(),
            is_warned: false,
        }
    }

    /// A key was pressed.
    fn end(&mut self) {
        self.since = Instant::now();
        self.is_warned = false;
    }

    /// Waits until something has to be done about it.
    async fn next_step(&mut self) -> IdleStep {
        let Some(most) = self.most else {
            return std::future::pending().await;
        };
        if self.is_warned {
            sleep_until(self.since + most).await;
            return IdleStep::Leave;
        }

        let warning = IDLE_WARNING.min(most / 2);
        sleep_until(self.since + most - warning).await;
        self.is_warned = true;
        let seconds = warning.as_secs();
        IdleStep::Warn(format!(
            "Are you still there? This screen closes in {seconds} seconds unless you press a key"
        ))
    }
}

/// The lag of a client that reads, as far as it says. Each client says so after as many
/// bytes as it likes: OpenSSH after 48 kB, others once half of their window is used up.
#[derive(Debug)]
pub(super) struct Lag {
    /// The bytes that were sent since the client has last said that it reads.
    unread: usize,
    /// The bytes after which a client that reads has said so.
    most: usize,
}

impl Lag {
    /// The lag of a client with this window, which has said nothing yet.
    pub(super) fn new(window: u32) -> Lag {
        let half = usize::try_from(window / 2).unwrap_or(usize::MAX);
        Lag {
            unread: 0,
            most: MOST_BEHIND.max(half.saturating_add(MARGIN)),
        }
    }

    fn is_too_far(&self) -> bool {
        self.unread > self.most
    }

    /// The client has said that it reads. It will do so again after as many bytes.
    fn note_reading(&mut self) {
        self.most = self.most.min(MOST_BEHIND.max(self.unread + MARGIN));
        self.unread = 0;
    }
}

/// Writes the frames of a screen to its channel, one at a time.
struct FrameWriter {
    frames: Frames,
    reading: Arc<Notify>,
    lag: Lag,
}

impl FrameWriter {
    /// Writes until the screen has ended, or the client takes no more.
    /// First come the bytes that take the terminal.
    async fn write_all(&mut self, output: &ChannelWriteHalf<Msg>, entering: Vec<u8>) {
        if !entering.is_empty() && output.data_bytes(entering).await.is_err() {
            return;
        }
        while let Some(frame) = self.frames.next().await {
            self.lag.unread += frame.len();
            if output.data_bytes(frame).await.is_err() {
                return;
            }
            self.wait_for_client().await;
            self.frames.written();
        }
    }

    /// Waits a while where the client is far behind. It would wait for ever where the client says
    /// that it has read only after much more.
    async fn wait_for_client(&mut self) {
        let reading = self.reading.notified();
        tokio::pin!(reading);
        // This also takes in what it has read meanwhile.
        let has_read = if self.lag.is_too_far() {
            timeout(PAUSE_BEHIND, reading).await.is_ok()
        } else {
            reading.now_or_never().is_some()
        };

        if has_read {
            self.lag.note_reading();
        }
    }
}

/// The last that a visitor's terminal gets: what gives it back, a sentence, and an exit status.
struct LastWords {
    /// The bytes that give it back, and the sentence.
    bytes: Vec<u8>,
    status: u8,
}

impl LastWords {
    fn new(
        ended: Result<Result<Ended, ScreenError>, JoinError>,
        farewell: Option<Farewell>,
        showing: Showing,
        is_whole: bool,
    ) -> LastWords {
        let (sentence, status) = match (ended, farewell) {
            (Ok(Ok(ended)), None) => (None, ended.status),
            (Ok(Ok(ended)), Some(farewell)) if ended.status == STATUS_UNCONFIRMED => {
                let sentence = format!("{farewell} {UNCONFIRMED}");
                (Some(sentence), ended.status)
            }
            (Ok(Ok(ended)), Some(farewell)) => (Some(farewell.to_string()), ended.status),
            (Ok(Err(error)), _) => (Some(format!("trolley: {error}")), STATUS_FAILED),
            (Err(_), _) => (Some(CRASHED.to_owned()), STATUS_CRASHED),
        };

        let mut bytes = showing.restoring(is_whole);
        if let Some(sentence) = sentence {
            bytes.extend(format!("{sentence}{}", showing.line_end()).into_bytes());
        }

        LastWords { bytes, status }
    }

    /// Gives the terminal back and closes the channel. A client that takes nothing is not waited
    /// for.
    async fn say(self, output: &ChannelWriteHalf<Msg>) {
        if !self.bytes.is_empty() {
            let _ = timeout(RESTORE_TIMEOUT, output.data_bytes(self.bytes)).await;
        }
        let _ = timeout(RESTORE_TIMEOUT, close(output, self.status)).await;
    }
}

/// Tells the exit status, and that nothing more comes.
pub(super) async fn close(output: &ChannelWriteHalf<Msg>, status: u8) -> Result<(), russh::Error> {
    output.exit_status(status.into()).await?;
    output.eof().await?;
    output.close().await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes after which a client is too far behind.
    fn reach(lag: &mut Lag) -> usize {
        while !lag.is_too_far() {
            lag.unread += 1024;
        }
        lag.unread
    }

    #[test]
    fn a_client_may_be_as_far_behind_as_it_says_that_it_reads() {
        const KB: usize = 1024;
        // A window of 2 MB, of which the client says something once half is used up.
        let mut seldom = Lag::new(2048 * 1024);
        seldom.unread = 1024 * KB;
        assert!(!seldom.is_too_far());
        seldom.note_reading();
        assert!(reach(&mut seldom) > 1024 * KB);

        // One that says so often is known after the first time.
        let mut often = Lag::new(2048 * 1024);
        often.unread = 48 * KB;
        often.note_reading();
        assert_eq!(reach(&mut often), MOST_BEHIND + KB);

        assert_eq!(reach(&mut Lag::new(0)), MOST_BEHIND + KB);
        assert!(reach(&mut Lag::new(u32::MAX)) < usize::MAX);
    }
}
