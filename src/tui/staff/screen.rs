//! The event loop of the screens of the staff: it feeds messages to the core, carries out its
//! effects, and draws when something has changed.

use crate::config::alerts::AlertWays;
use crate::config::theme::Theme;
use crate::engine::Engine;
use crate::model::time::millis;
use crate::model::{Order, receipt};
use crate::order_command::{CommandError, CommandOutput, OrderCommand, OrderFacts};
use crate::store::board::{self, BoardLink};
use crate::store::{Address, Policy, Trouble};
use crate::tui::alarm;
use crate::tui::error::ScreenError;
use crate::tui::message::{Now, TerminalEvent};
use crate::tui::screen::{first_line, in_background, wall_clock};
use crate::tui::staff::message::{StaffEffect, StaffMessage};
use crate::tui::staff::state::today::ShownTime;
use crate::tui::staff::state::{Page, Seen, StaffEnv, StaffState};
use crate::tui::staff::update::update;
use crate::tui::staff::view::picture;
use crate::tui::terminal::alert;
use crate::tui::terminal::driver::{TerminalDriver, TerminalWake};
use crate::tui::terminal::port::{Arrival, Port};
use crate::tui::workers::catalog::on_two_threads;
use crate::tui::workers::figures;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// The most events that are taken in before the next frame, so that a flood can't freeze the
/// screen.
const EVENTS_PER_FRAME: usize = 512;
/// The capacity of the channel of results.
const CHANNEL_CAPACITY: usize = 64;
/// The time that the command for printing may take.
const PRINT_TIMEOUT: Duration = Duration::from_secs(30);
/// The columns of a printed receipt.
const RECEIPT_COLUMNS: usize = 40;

/// All that the screens of the staff have to be told.
pub(super) struct StaffVisit {
    pub(super) env: StaffEnv,
    pub(super) theme: Theme,
    /// True where clicks go to the screen, not to the terminal.
    pub(super) mouse: bool,
    /// Columns and rows of the terminal.
    pub(super) size: (u16, u16),
    /// The page that shows first.
    pub(super) page: Page,
    /// The time whose figures show.
    pub(super) time: ShownTime,
    pub(super) address: Address,
    /// The private server, where that holds the shop.
    pub(super) engine: Option<Engine>,
    /// The name under which steps are made, and the rules for them.
    pub(super) policy: Policy,
}

/// The screens of the staff, while they are up.
pub(super) struct StaffScreen<P> {
    terminal: TerminalDriver<P>,
    state: StaffState,
    board: BoardLink,
    address: Address,
    engine: Option<Engine>,
    results: mpsc::Receiver<StaffMessage>,
    results_sender: mpsc::Sender<StaffMessage>,
    started: Instant,
    /// What keys may depend on in the last frame, until the state has heard that it shows.
    drawn: Option<Seen>,
    /// The end: an exit status, or the reason why the shop does not let us in.
    exit: Option<Result<u8, Trouble>>,
}

/// Something that wakes the screen.
enum Wake {
    Terminal(TerminalWake),
    Message(Box<StaffMessage>),
}

impl<P: Port> StaffScreen<P> {
    /// Starts everything for a terminal that was taken for this already. To be called within a
    /// runtime.
    pub(super) fn start(port: P, visit: StaffVisit) -> StaffScreen<P> {
        let (results_sender, results) = mpsc::channel(CHANNEL_CAPACITY);
        let need_focus = visit.env.alerts.need_focus();
        let board = board::open(visit.address.clone(), visit.policy);
        let mut state =
            StaffState::new(visit.env, visit.theme, visit.mouse, visit.size, visit.page);
        state.today.time = visit.time;

        StaffScreen {
            terminal: TerminalDriver::new(port, visit.mouse, need_focus),
            state,
            board,
            address: visit.address,
            engine: visit.engine,
            results,
            results_sender,
            started: Instant::now(),
            drawn: None,
            exit: None,
        }
    }

    /// Runs until the end; returns the exit status.
    pub(super) async fn run(mut self) -> Result<u8, ScreenError> {
        loop {
            self.tell_what_was_shown()?;
            if let Some(end) = self.exit.take() {
                return end.map_err(|trouble| ScreenError::Access(trouble.at(&self.address)));
            }
            if self.terminal.draw_if_due(|| picture(&self.state))? {
                let drawn = self.state.to_be_seen();
                self.drawn = (drawn != self.state.seen).then_some(drawn);
            }

            match self.next_wake().await {
                Wake::Terminal(TerminalWake::Arrival(arrival)) => self.on_arrival(arrival)?,
                Wake::Terminal(TerminalWake::InputTimeout) => {
                    let events = self.terminal.end_sequence();
                    self.take_in_all(events)?;
                }
                Wake::Terminal(TerminalWake::FrameWritten) => {}
                Wake::Message(message) => self.take_in(*message)?,
            }
            self.take_in_waiting_events()?;
        }
    }

    /// Waits for the next thing to do.
    async fn next_wake(&mut self) -> Wake {
        let alarm = self.next_alarm();

        tokio::select! {
            biased;
            wake = self.terminal.next(self.drawn.is_some()) => Wake::Terminal(wake),
            Some(event) = self.board.next() => Wake::Message(Box::new(StaffMessage::Board(event))),
            Some(result) = self.results.recv() => Wake::Message(Box::new(result)),
            () = alarm::at(alarm) => Wake::Message(Box::new(StaffMessage::Clock)),
        }
    }

    fn on_arrival(&mut self, arrival: Arrival) -> Result<(), ScreenError> {
        match arrival {
            Arrival::Bytes(bytes) => {
                let events = self.terminal.decode(&bytes);
                self.take_in_all(events)?;
            }
            Arrival::Resize(columns, rows) => self.resize((columns, rows))?,
            Arrival::Continued(size) => {
                self.take_in(StaffMessage::Continued)?;
                if let Some(size) = size {
                    self.terminal.take_again(self.state.mouse);
                    self.resize(size)?;
                }
            }
            Arrival::Notice(text) => self.take_in(StaffMessage::Notice(text))?,
            Arrival::Leave => {
                self.exit.get_or_insert(Ok(0));
            }
            Arrival::End(status) => {
                // What ended it before has its own status.
                self.exit.get_or_insert(Ok(status));
            }
        }
        Ok(())
    }

    /// Takes in what the input was decoded to, up to what ends the screen.
    fn take_in_all(
        &mut self,
        events: impl IntoIterator<Item = TerminalEvent>,
    ) -> Result<(), ScreenError> {
        for event in events {
            if self.exit.is_some() {
                break;
            }
            self.take_in(StaffMessage::Terminal(event))?;
        }
        Ok(())
    }

    /// Takes in the events that are waiting already, so that they share the next frame.
    fn take_in_waiting_events(&mut self) -> Result<(), ScreenError> {
        for _ in 0..EVENTS_PER_FRAME {
            let Some(event) = self.board.try_next() else {
                break;
            };
            self.take_in(StaffMessage::Board(event))?;
        }
        Ok(())
    }

    fn take_in(&mut self, message: StaffMessage) -> Result<(), ScreenError> {
        let now = self.now();

        // The alarm also wakes us for a frame, at a moment that means nothing to the state.
        let is_due = self.state.next_moment().is_some_and(|at| at <= now.steady);
        if matches!(message, StaffMessage::Clock) && !is_due {
            return Ok(());
        }

        // That something has reached the terminal changes nothing that shows.
        if !matches!(message, StaffMessage::Seen(_)) {
            self.terminal.note_change();
        }
        for effect in update(&mut self.state, message, now) {
            self.carry_out(effect)?;
        }
        Ok(())
    }

    fn now(&self) -> Now {
        Now {
            steady: millis(self.started.elapsed()),
            wall: wall_clock(),
        }
    }

    /// Tells the state what has reached the terminal. Keys that wait were pressed before that, so
    /// they are taken in first.
    fn tell_what_was_shown(&mut self) -> Result<(), ScreenError> {
        if self.drawn.is_none() || !self.terminal.is_idle() {
            return Ok(());
        }

        for arrival in self.terminal.port.take_waiting() {
            self.on_arrival(arrival)?;
        }
        if let Some(seen) = self.drawn.take() {
            self.take_in(StaffMessage::Seen(seen))?;
        }
        Ok(())
    }

    /// The next moment to wake up without a message: for the state, or for a frame.
    fn next_alarm(&self) -> Option<Instant> {
        let moment = self.state.next_moment();
        let moment = moment.map(|at| self.started + Duration::from_millis(at));
        self.terminal.next_alarm(moment)
    }

    fn resize(&mut self, (columns, rows): (u16, u16)) -> Result<(), ScreenError> {
        self.terminal.renderer.invalidate();
        self.take_in(StaffMessage::Resize(columns, rows))
    }

    fn carry_out(&mut self, effect: StaffEffect) -> Result<(), ScreenError> {
        match effect {
            StaffEffect::Board(request) => self.board.request(request),
            StaffEffect::Print(order, command) => self.print(*order, command),
            StaffEffect::ReadFigures { number, time } => {
                let address = self.address.clone();
                let results = self.results_sender.clone();
                let read = move || on_two_threads(figures::read(address, number, time, results));
                in_background(read)?;
            }
            StaffEffect::ReadProducts(products) => {
                let address = self.address.clone();
                let results = self.results_sender.clone();
                tokio::spawn(figures::read_products(address, products, results));
            }
            StaffEffect::Alert(words) => self.alert(&words),
            StaffEffect::Mouse(captured) => self.terminal.renderer.capture_mouse(captured),
            StaffEffect::Revive => self.revive_server()?,
            StaffEffect::Suspend => self.terminal.port.suspend(),
            StaffEffect::Quit => self.exit = Some(Ok(0)),
            StaffEffect::GiveUp(trouble) => self.exit = Some(Err(trouble)),
        }
        Ok(())
    }

    /// Rings, and shows a notification where the person looks elsewhere.
    fn alert(&mut self, words: &str) {
        let env = &self.state.env;
        let notification = env.alerts.notification;
        let ways = AlertWays {
            notification: notification.filter(|_| self.state.missed.is_some()),
            ..env.alerts
        };
        let alert = alert::bytes(ways, env.display, "board", words);
        self.terminal.renderer.alert(alert);
    }

    /// Gives the receipt of an order to a command.
    fn print(&self, order: Order, line: String) {
        let shop = self.state.shop.name.clone();
        let zone = self.state.env.zone.clone();
        let results = self.results_sender.clone();

        tokio::spawn(async move {
            let lines = receipt::receipt(&order, &shop, &zone, RECEIPT_COLUMNS);
            let facts = OrderFacts {
                id: &order.id,
                number: order.number,
                state: Some(order.state),
                cart: &order.user,
            };
            let command = OrderCommand::new(line.clone(), PRINT_TIMEOUT);
            let document = lines.join("\n") + "\n";
            let printed = command.run(&facts, document.as_bytes(), CommandOutput::Dropped);
            let printed = printed
                .await
                .map_err(|error| why_not_printed(&line, &error));
            let _ = results
                .send(StaffMessage::Printed(order.name(), printed))
                .await;
        });
    }

    fn revive_server(&self) -> std::io::Result<()> {
        let Some(engine) = self.engine.clone() else {
            return Ok(());
        };
        let results = self.results_sender.clone();

        in_background(move || {
            let revived = engine.revive().map(|_| ());
            let revived = revived.map_err(|error| first_line(&error));
            let _ = results.blocking_send(StaffMessage::Revived(revived));
        })
    }
}

/// Why a command has not printed, for people.
fn why_not_printed(line: &str, error: &CommandError) -> String {
    match error {
        CommandError::Failed(status) => match status.code() {
            Some(code) => format!("{line} ended with status {code}"),
            None => format!("{line} was ended ({status})"),
        },
        CommandError::Start(_) | CommandError::Wait(_) | CommandError::TimedOut(_) => {
            error.to_string()
        }
    }
}
