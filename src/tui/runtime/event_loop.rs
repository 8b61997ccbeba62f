//! The event loop of any screen: it feeds what the terminal, the shop and the clock bring to the
//! screen's core, and draws when something has changed.

use super::alarm;
use crate::model::time::millis;
use crate::store::{Address, Trouble};
use crate::tui::error::ScreenError;
use crate::tui::message::{Now, ShellEvent, TerminalEvent};
use crate::tui::terminal::driver::{TerminalDriver, TerminalWake};
use crate::tui::terminal::port::{Arrival, Port};
use crate::tui::view::Picture;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The most events that are taken in before the next frame, so that a flood can't freeze the
/// screen.
const EVENTS_PER_FRAME: usize = 512;

/// A screen without its terminal: its core, and what brings it messages.
pub(crate) trait App {
    /// The messages that its core takes in.
    type Message: From<ShellEvent> + Send;

    /// The server that holds the shop.
    fn address(&self) -> &Address;

    /// Waits for the next event of the shop, or the result of something slow. Nothing is lost where
    /// the future is dropped before its end.
    fn next(&mut self) -> impl Future<Output = Self::Message> + Send;

    /// The next event of the shop that is waiting already.
    fn try_next(&mut self) -> Option<Self::Message>;

    /// The next moment for which the state waits, by the steady clock.
    fn next_moment(&self) -> Option<u64>;

    /// Everything that a frame shows.
    fn picture(&self) -> Picture;

    /// Returns whether there is something worth a first frame: it waits a moment for that.
    fn is_worth_showing(&self) -> bool {
        true
    }

    /// The messages for when the present picture is on the terminal: they tell the state of it.
    fn once_shown(&self) -> Vec<Self::Message>;

    /// Returns whether a message can change what shows.
    fn changes_picture(&self, message: &Self::Message) -> bool;

    /// Updates the state, and carries out the effects.
    fn take_in<P: Port>(
        &mut self,
        message: Self::Message,
        now: Now,
        shell: &mut Shell<P>,
    ) -> Result<(), ScreenError>;

    /// Returns whether nothing of ours waits for the server.
    fn is_settled(&self) -> bool;
}

/// The part of a screen that is the same whatever it shows: its terminal, and its end.
pub(crate) struct Shell<P> {
    pub(crate) terminal: TerminalDriver<P>,
    started: Instant,
    /// The screen ends once nothing of ours waits for the server.
    is_leaving: bool,
    /// The end: an exit status, or the reason why the shop does not let us in.
    pub(crate) exit: Option<Result<u8, Trouble>>,
}

/// A screen with its terminal.
pub(crate) struct EventLoop<P, A: App> {
    shell: Shell<P>,
    pub(crate) app: A,
    /// The messages that the state gets once the last frame shows.
    once_shown: Vec<A::Message>,
}

/// Something that wakes the screen.
enum Wake<M> {
    Terminal(TerminalWake),
    Message(Box<M>),
    /// A moment came for the state, or for a frame.
    Alarm,
}

impl<P: Port, A: App> EventLoop<P, A> {
    /// The loop of a screen on this terminal. It is in a box, as it is passed on, and every future
    /// on its way would have room for all of it.
    pub(crate) fn new(terminal: TerminalDriver<P>, app: A) -> Box<EventLoop<P, A>> {
        Box::new(EventLoop {
            shell: Shell {
                terminal,
                started: Instant::now(),
                is_leaving: false,
                exit: None,
            },
            app,
            once_shown: Vec::new(),
        })
    }

    /// Runs until the end; returns the exit status, and the screen without its terminal.
    pub(crate) async fn run(mut self: Box<Self>) -> Result<(u8, A), ScreenError> {
        loop {
            self.tell_what_was_shown()?;
            if self.shell.is_leaving && self.app.is_settled() {
                self.shell.exit.get_or_insert(Ok(0));
            }
            if let Some(end) = self.shell.exit.take() {
                let status =
                    end.map_err(|trouble| ScreenError::Access(trouble.at(self.app.address())))?;
                return Ok((status, self.app));
            }
            self.draw_if_due()?;

            match self.next_wake().await {
                Wake::Terminal(TerminalWake::Arrival(arrival)) => self.on_arrival(arrival)?,
                Wake::Terminal(TerminalWake::InputTimeout) => {
                    let events = self.shell.terminal.end_sequence();
                    self.take_in_all(events)?;
                }
                Wake::Terminal(TerminalWake::FrameWritten) => {}
                Wake::Message(message) => self.take_in(*message)?,
                Wake::Alarm => self.on_alarm()?,
            }
            self.take_in_waiting_events()?;
        }
    }

    /// Waits for the next thing to do.
    async fn next_wake(&mut self) -> Wake<A::Message> {
        let alarm = self.next_alarm();
        let waits_for_frame = !self.once_shown.is_empty();

        tokio::select! {
            biased;
            wake = self.shell.terminal.next(waits_for_frame) => Wake::Terminal(wake),
            message = self.app.next() => Wake::Message(Box::new(message)),
            () = alarm::at(alarm) => Wake::Alarm,
        }
    }

    /// The next moment to wake up without a message: for the state, or for a frame.
    fn next_alarm(&self) -> Option<Instant> {
        let moment = self.app.next_moment();
        let moment = moment.map(|at| self.shell.started + Duration::from_millis(at));
        self.shell.terminal.next_alarm(moment)
    }

    fn on_alarm(&mut self) -> Result<(), ScreenError> {
        // It also wakes us for a frame, at a moment that means nothing to the state.
        let now = self.shell.now().steady;
        if self.app.next_moment().is_some_and(|at| at <= now) {
            self.take_in(ShellEvent::Clock.into())?;
        }
        Ok(())
    }

    fn on_arrival(&mut self, arrival: Arrival) -> Result<(), ScreenError> {
        match arrival {
            Arrival::Bytes(bytes) => {
                let events = self.shell.terminal.decode(&bytes);
                self.take_in_all(events)?;
            }
            Arrival::Resize(columns, rows) => self.resize((columns, rows))?,
            Arrival::Continued(size) => {
                self.take_in(ShellEvent::Continued.into())?;
                if let Some(size) = size {
                    self.shell.terminal.take_again();
                    self.resize(size)?;
                }
            }
            Arrival::Notice(text) => self.take_in(ShellEvent::Notice(text).into())?,
            Arrival::Leave => self.shell.is_leaving = true,
            Arrival::End(status) => {
                // What ended it before has its own status.
                self.shell.exit.get_or_insert(Ok(status));
            }
        }
        Ok(())
    }

    fn resize(&mut self, (columns, rows): (u16, u16)) -> Result<(), ScreenError> {
        self.shell.terminal.renderer.invalidate();
        self.take_in(ShellEvent::Resize(columns, rows).into())
    }

    /// Takes in what the input was decoded to, up to what ends the screen.
    fn take_in_all(
        &mut self,
        events: impl IntoIterator<Item = TerminalEvent>,
    ) -> Result<(), ScreenError> {
        for event in events {
            if self.shell.exit.is_some() {
                break;
            }
            self.take_in(ShellEvent::Terminal(event).into())?;
        }
        Ok(())
    }

    /// Takes in the events of the shop that are waiting already, so that they share the next frame.
    fn take_in_waiting_events(&mut self) -> Result<(), ScreenError> {
        for _ in 0..EVENTS_PER_FRAME {
            let Some(event) = self.app.try_next() else {
                break;
            };
            self.take_in(event)?;
        }
        Ok(())
    }

    fn take_in(&mut self, message: A::Message) -> Result<(), ScreenError> {
        let now = self.shell.now();
        // With any message, the state does what its next moment brings.
        let is_moment = |app: &A| app.next_moment().is_some_and(|at| at <= now.steady);
        if self.app.changes_picture(&message) || is_moment(&self.app) {
            self.shell.terminal.note_change();
        }
        self.app.take_in(message, now, &mut self.shell)
    }

    /// Draws a frame, unless there is nothing new or the last one was drawn too recently.
    fn draw_if_due(&mut self) -> Result<(), ScreenError> {
        if self.app.is_worth_showing() {
            self.shell.terminal.end_first_wait();
        }
        if self.shell.terminal.draw_if_due(|| self.app.picture())? {
            self.once_shown = self.app.once_shown();
        }
        Ok(())
    }

    /// Tells the state what has reached the terminal. Keys that wait were pressed before that, so
    /// they are taken in first.
    fn tell_what_was_shown(&mut self) -> Result<(), ScreenError> {
        if self.once_shown.is_empty() || !self.shell.terminal.is_idle() {
            return Ok(());
        }

        for arrival in self.shell.terminal.port.take_waiting() {
            self.on_arrival(arrival)?;
        }
        for message in std::mem::take(&mut self.once_shown) {
            self.take_in(message)?;
        }
        Ok(())
    }
}

impl<P> Shell<P> {
    fn now(&self) -> Now {
        steady_and_wall(self.started)
    }
}

/// The clocks now, of a program that started then.
pub(crate) fn steady_and_wall(started: Instant) -> Now {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    Now {
        steady: millis(started.elapsed()),
        wall: i64::try_from(millis(since_epoch.unwrap_or_default())).unwrap_or(0),
    }
}
