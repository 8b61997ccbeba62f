//! Plain mode at a terminal: what is typed there and what happens in the shop go to the state, and
//! what it says goes out.

use super::lines::{Editing, LineReader, Typed};
use super::state::Plain;
use super::tell;
use super::update::{PlainEvent, update};
use crate::config::keymap::Keymap;
use crate::model::text;
use crate::store::Trouble;
use crate::tui::error::ScreenError;
use crate::tui::message::{Message, Now};
use crate::tui::runtime::alarm;
use crate::tui::runtime::event_loop::steady_and_wall;
use crate::tui::runtime::hub::Hub;
use crate::tui::runtime::screen::Ended;
use crate::tui::runtime::services::{Host, Services};
use crate::tui::terminal::port::{Arrival, Port, STATUS_UNCONFIRMED};
use crate::tui::visit::Visit;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The size of the screen that nobody sees: no sentence has to be short.
const SIZE: (u16, u16) = (1_000, 60);
/// The prompt before each line that is typed.
const PROMPT: &str = "> ";
/// The events that are taken in before what they say goes out.
const EVENTS_AT_ONCE: usize = 512;
/// The bytes that wait for a terminal before no more is said: whoever reads nothing is told nothing.
const MOST_UNWRITTEN: usize = 256 * 1024;
/// The lines typed ahead from which on the input is held, where it can be.
const TYPED_AHEAD_BEFORE_HOLDING: usize = 1_000;
/// The most lines typed ahead that are kept where it can't.
const MOST_TYPED_AHEAD: usize = 10_000;
/// The time for a terminal to take the last words.
const LAST_WORDS_TIMEOUT: Duration = Duration::from_secs(1);

/// The way in which a person talks with plain mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Manner {
    /// Who edits the line.
    pub(crate) editing: Editing,
    /// A sign says where one may type.
    pub(crate) prompts: bool,
}

/// The shop in plain mode, while it is open.
pub(crate) struct PlainShop<P> {
    port: P,
    manner: Manner,
    reader: LineReader,
    /// The lines that were typed ahead.
    typed: std::collections::VecDeque<Typed>,
    /// The number of lines that came behind those and are not kept.
    dropped: usize,
    plain: Plain,
    services: Services,
    /// The bytes that the terminal has not taken yet.
    unwritten: Vec<u8>,
    ending: Ending,
    started: Instant,
}

/// The end, as far as it has come.
#[derive(Default)]
struct Ending {
    /// The shop closes once nothing of ours waits for the server.
    is_leaving: bool,
    exit: Option<Result<u8, Trouble>>,
}

impl<P: Port> PlainShop<P> {
    /// Opens the shop at a port. To be called within a runtime.
    pub(crate) fn start(port: P, visit: Visit, hub: Arc<Hub>, manner: Manner) -> PlainShop<P> {
        let visit = Visit {
            keymap: Keymap::in_words(visit.keymap),
            size: SIZE,
            ..visit
        };
        let mut plain = Plain::new(visit.state(&hub));
        plain.prompts = manner.prompts;

        PlainShop {
            port,
            manner,
            reader: LineReader::new(manner.editing),
            typed: std::collections::VecDeque::new(),
            dropped: 0,
            services: Services::open(visit, hub, &plain.state),
            plain,
            unwritten: Vec::new(),
            ending: Ending::default(),
            started: Instant::now(),
        }
    }

    /// Runs until the end.
    ///
    /// # Errors
    /// The [`ScreenError`] that ended it.
    pub(crate) async fn run(mut self) -> Result<Ended, ScreenError> {
        self.services.note_first_cart(&mut self.plain.state)?;
        loop {
            self.take_typed()?;
            self.say();
            let is_done = self.plain.state.is_settled() && !self.plain.is_busy();
            if self.ending.is_leaving && is_done && self.typed.is_empty() {
                self.ending.exit.get_or_insert(Ok(0));
            }
            if let Some(exit) = self.ending.exit.take() {
                self.services.end_duty();
                self.say_last().await;
                let address = self.services.address();
                let status = exit.map_err(|trouble| ScreenError::Access(trouble.at(address)))?;
                return Ok(Ended {
                    status,
                    live: self.services.into_live(),
                });
            }

            self.wait().await?;
            self.take_waiting()?;
        }
    }

    /// Waits for the next thing to happen, and takes it in.
    async fn wait(&mut self) -> Result<(), ScreenError> {
        let moment = self.plain.next_moment();
        let alarm = moment.map(|at| self.started + Duration::from_millis(at));
        self.port
            .hold_input(self.typed.len() >= TYPED_AHEAD_BEFORE_HOLDING);
        let written = self.port.outlet().written();

        tokio::select! {
            biased;
            arrival = self.port.next() => self.on_arrival(arrival),
            () = written => Ok(()),
            message = self.services.next() => self.take_in(message),
            () = alarm::at(alarm) => self.take_in(Message::Clock),
        }
    }

    /// Takes in the events of the shop that are waiting already.
    fn take_waiting(&mut self) -> Result<(), ScreenError> {
        for _ in 0..EVENTS_AT_ONCE {
            let Some(message) = self.services.try_next() else {
                break;
            };
            self.take_in(message)?;
        }
        Ok(())
    }

    fn on_arrival(&mut self, arrival: Arrival) -> Result<(), ScreenError> {
        match arrival {
            Arrival::Bytes(bytes) => {
                let typed = self.reader.take_in(&bytes);
                let echo = self.reader.take_echo();
                if self.unwritten.len() < MOST_UNWRITTEN {
                    self.unwritten.extend(echo);
                }
                for typed in typed {
                    self.keep(typed)?;
                }
            }
            Arrival::Continued(_) => {
                self.take_in(Message::Continued)?;
                // A shell has written behind the one that was there.
                self.plain.prompt_again();
            }
            // Whoever is about to be sent away types nothing.
            Arrival::Notice(words) => {
                self.write_line("");
                self.write_line(&words);
                self.plain.prompt_again();
            }
            Arrival::Resize(..) => {}
            Arrival::Leave => self.ending.is_leaving = true,
            Arrival::End(status) => {
                if status == STATUS_UNCONFIRMED && self.ending.exit.is_none() {
                    self.say_unconfirmed();
                }
                self.ending.exit.get_or_insert(Ok(status));
            }
        }
        Ok(())
    }

    /// Keeps what was typed until it is its turn.
    fn keep(&mut self, typed: Typed) -> Result<(), ScreenError> {
        // It drops what was typed ahead, as a terminal does.
        if typed == Typed::Interrupt {
            self.typed.clear();
            self.dropped = 0;
            return self.on_event(PlainEvent::Typed(typed));
        }

        // Nothing is done behind a gap before the gap is told.
        if self.typed.len() < MOST_TYPED_AHEAD && self.dropped == 0 {
            self.typed.push_back(typed);
        } else if matches!(typed, Typed::Line(_)) {
            self.dropped += 1;
        }
        Ok(())
    }

    /// Takes in what was typed, one line at a time: each waits for the answer to the one before,
    /// unless it may be answered meanwhile.
    fn take_typed(&mut self) -> Result<(), ScreenError> {
        while self.unwritten.len() < MOST_UNWRITTEN
            && self.ending.exit.is_none()
            && let Some(typed) = self.typed.front()
            && (!self.plain.is_busy() || self.plain.is_answered_meanwhile(typed))
            && let Some(typed) = self.typed.pop_front()
        {
            // A word that is answered meanwhile gives a change that waits no more time.
            if !self.plain.is_busy() {
                self.port.put_off_leaving();
            }
            self.say();
            self.on_event(PlainEvent::Typed(typed))?;
        }

        if self.typed.is_empty() && !self.plain.is_busy() && self.dropped > 0 {
            self.say();
            let dropped = std::mem::take(&mut self.dropped);
            self.write_not_done(dropped, "; too many were typed ahead.");
            self.plain.prompt_again();
        }
        Ok(())
    }

    fn take_in(&mut self, message: Message) -> Result<(), ScreenError> {
        self.on_event(PlainEvent::Shop(Box::new(message)))
    }

    fn on_event(&mut self, event: PlainEvent) -> Result<(), ScreenError> {
        let now = self.now();
        for effect in update(&mut self.plain, event, now) {
            let state = &self.plain.state;
            self.services.carry_out(effect, state, &mut self.ending)?;
        }
        Ok(())
    }

    fn now(&self) -> Now {
        steady_and_wall(self.started)
    }

    /// Writes what is to be said, and the prompt where one may type.
    fn say(&mut self) {
        for line in self.plain.take_answers() {
            self.write_line(&line);
        }
        let may_type = self.ending.exit.is_none() && !self.ending.is_leaving;
        if may_type && self.plain.take_prompt() && self.manner.prompts {
            self.unwritten.extend(PROMPT.as_bytes());
        }
        self.write();
    }

    /// Says what is not confirmed and what was not done where a file has ended and the server does
    /// not answer.
    fn say_unconfirmed(&mut self) {
        self.say();
        for line in tell::connection(&self.plain.state) {
            self.write_line(&line);
        }
        // The last line that was kept may be the one that waits.
        let left = self.typed.len() + self.dropped;
        if left > 0 {
            self.write_not_done(left, ".");
        }
    }

    fn write_not_done(&mut self, lines: usize, end: &str) {
        let lines = text::count(lines, "line");
        self.write_line(&format!("Not done: the last {lines}{end}"));
    }

    /// Writes a line. Whatever its text is, no byte of it moves a cursor.
    fn write_line(&mut self, line: &str) {
        let line = self
            .plain
            .state
            .env
            .display
            .text(text::sanitize(line.as_bytes()));
        self.unwritten.extend(line.as_bytes());
        self.unwritten
            .extend(self.manner.editing.line_end().as_bytes());
    }

    /// Hands what is written to the terminal, where it takes it.
    fn write(&mut self) {
        let outlet = self.port.outlet();
        if self.unwritten.is_empty() || !outlet.is_idle() {
            return;
        }
        if outlet.send(std::mem::take(&mut self.unwritten)).is_err() {
            // `| head` has seen enough; a terminal that is gone says so by itself.
            self.ending.exit.get_or_insert(Ok(0));
        }
    }

    /// Writes what is left, as far as the terminal takes it in time.
    async fn say_last(&mut self) {
        self.write();
        let rest = async {
            while !self.port.outlet().is_idle() {
                self.port.outlet().written().await;
                self.write();
            }
        };
        let _ = tokio::time::timeout(LAST_WORDS_TIMEOUT, rest).await;
    }
}

impl Host for Ending {
    /// Nobody looks elsewhere: it is said before the next prompt.
    fn alert(&mut self, _bytes: Vec<u8>) {}

    fn capture_mouse(&mut self, _captured: bool) {}

    /// The terminal does so itself.
    fn suspend(&mut self) {}

    fn end(&mut self, end: Result<u8, Trouble>) {
        self.exit = Some(end);
    }
}
