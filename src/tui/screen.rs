//! The runtime: the event loop that feeds messages to the core, carries out its effects, and draws
//! when something has changed.

use super::alarm;
use super::error::ScreenError;
use crate::config::{Server, Settings};
use crate::engine::EngineError;
use crate::model::time::millis;
use crate::store::live::{self, LiveEvent, LiveRequest};
use crate::store::{Address, Trouble};
use crate::tui::layout::orders::shown_total;
use crate::tui::message::{Effect, Message, Now};
use crate::tui::state::State;
use crate::tui::terminal::frame_limit::FrameLimiter;
use crate::tui::terminal::input::TerminalInput;
use crate::tui::terminal::renderer::Renderer;
use crate::tui::terminal::signals::{SignalRequest, Signals};
use crate::tui::terminal::tty;
use crate::tui::update::{UNCONFIRMED_LIMIT, update};
use crate::tui::workers::catalog;
use crate::tui::workers::search::SearchWorker;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// The most events that are taken in before the next frame, so that a flood can't freeze the
/// screen.
const EVENTS_PER_FRAME: usize = 512;
/// The capacity of the channels.
const CHANNEL_CAPACITY: usize = 64;
/// The exit status when the terminal is gone, as after SIGHUP.
const STATUS_HANGUP: u8 = 129;

/// The program while its screen is up.
pub(crate) struct Runtime {
    state: State,
    search_worker: SearchWorker,
    renderer: Renderer,
    server: Server,
    address: Address,
    live: LiveLink,
    results: mpsc::Receiver<Message>,
    results_sender: mpsc::Sender<Message>,
    signals: Signals,
    /// The terminal's input; `None` while suspended.
    input: Option<TerminalInput>,
    started: Instant,
    /// Something has changed since the last frame.
    is_dirty: bool,
    /// The number of the total in the last frame, until the state has heard that it shows.
    drawn_total: Option<u64>,
    is_suspended: bool,
    frame_limiter: FrameLimiter,
    /// The end: an exit status, or the reason why the shop does not let us in.
    exit: Option<Result<u8, Trouble>>,
}

/// The task of the live connection, and its channels.
struct LiveLink {
    requests: mpsc::Sender<LiveRequest>,
    events: mpsc::Receiver<LiveEvent>,
    task: JoinHandle<()>,
}

impl LiveLink {
    fn spawn(settings: &Settings, address: Address, id: String) -> LiveLink {
        // The state never lets more requests wait than this channel holds.
        let (requests, incoming) = mpsc::channel(UNCONFIRMED_LIMIT + CHANNEL_CAPACITY);
        let (outgoing, events) = mpsc::channel(CHANNEL_CAPACITY);

        let task = tokio::spawn(live::run(
            address,
            settings.user.clone(),
            settings.policy.clone(),
            Some(id),
            incoming,
            outgoing,
        ));
        LiveLink {
            requests,
            events,
            task,
        }
    }
}

impl Runtime {
    /// Starts everything; the terminal is ours already.
    pub(crate) fn start(
        settings: &Settings,
        address: Address,
        state: State,
    ) -> Result<Runtime, ScreenError> {
        let (results_sender, results) = mpsc::channel(CHANNEL_CAPACITY);
        let live = LiveLink::spawn(settings, address.clone(), state.env.ops.clone());

        Ok(Runtime {
            renderer: Renderer::new(state.size)?,
            state,
            search_worker: SearchWorker::new(results_sender.clone()),
            server: settings.server.clone(),
            address,
            live,
            results,
            results_sender,
            signals: Signals::listen()?,
            input: Some(TerminalInput::open()?),
            started: Instant::now(),
            is_dirty: true,
            drawn_total: None,
            is_suspended: false,
            frame_limiter: FrameLimiter::default(),
            exit: None,
        })
    }

    /// Runs until the end. Returns the exit status, and the live connection's task, which still
    /// says good-bye to the others.
    pub(crate) async fn run(mut self) -> Result<(u8, JoinHandle<()>), ScreenError> {
        let idle = self.renderer.written();

        loop {
            if let Some(end) = self.exit.take() {
                let status =
                    end.map_err(|trouble| ScreenError::Access(trouble.at(&self.address)))?;
                return Ok((status, self.live.task));
            }

            self.tell_shown_total()?;
            self.draw_if_due()?;
            let alarm = self.next_alarm();

            let message = tokio::select! {
                biased;
                signal = self.signals.next() => {
                    self.on_signal(signal)?;
                    None
                }
                input = next_input(&mut self.input) => match input {
                    Ok(Some(message)) => Some(message),
                    Ok(None) | Err(_) => {
                        self.exit = Some(Ok(STATUS_HANGUP));
                        None
                    }
                },
                Some(event) = self.live.events.recv() => Some(Message::Live(event)),
                Some(result) = self.results.recv() => Some(result),
                () = idle.notified(), if self.is_dirty || self.drawn_total.is_some() => None,
                () = alarm::at(alarm) => Some(Message::Clock),
            };

            if let Some(message) = message {
                self.take_in(message)?;
                self.take_in_waiting_events()?;
            }
        }
    }

    /// Takes in the live events that are waiting already, so that they share the next frame.
    fn take_in_waiting_events(&mut self) -> Result<(), ScreenError> {
        for _ in 0..EVENTS_PER_FRAME {
            let Ok(event) = self.live.events.try_recv() else {
                break;
            };
            self.take_in(Message::Live(event))?;
        }
        Ok(())
    }

    fn take_in(&mut self, message: Message) -> Result<(), ScreenError> {
        let now = self.now();

        // The alarm also wakes us for a frame, at a moment that means nothing to the state.
        let is_due = self.state.next_moment().is_some_and(|at| at <= now.steady);
        if matches!(message, Message::Clock) && !is_due {
            return Ok(());
        }

        self.is_dirty = true;
        for effect in update(&mut self.state, message, now) {
            self.carry_out(effect)?;
        }
        Ok(())
    }

    fn now(&self) -> Now {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        Now {
            steady: millis(self.started.elapsed()),
            wall: i64::try_from(millis(since_epoch.unwrap_or_default())).unwrap_or(0),
        }
    }

    /// Returns whether there is something to draw, and a terminal that takes it.
    fn can_draw(&self) -> bool {
        self.is_dirty && !self.is_suspended && !self.renderer.is_writing()
    }

    /// Draws a frame, unless there is nothing new or the last one was drawn too recently.
    fn draw_if_due(&mut self) -> Result<(), ScreenError> {
        let now = Instant::now();
        if !self.can_draw() || self.frame_limiter.next_frame_at(now).is_some() {
            return Ok(());
        }

        self.renderer.draw(&self.state)?;
        self.is_dirty = false;
        self.frame_limiter.record_frame(now);

        let total = shown_total(&self.state);
        self.drawn_total = total.filter(|total| self.state.orders.total_seen != Some(*total));
        Ok(())
    }

    /// Tells the state that a total has reached the terminal. Keys that wait were pressed before
    /// that, so they are taken in first.
    fn tell_shown_total(&mut self) -> Result<(), ScreenError> {
        if self.drawn_total.is_none() || self.renderer.is_writing() {
            return Ok(());
        }

        let waiting = match &mut self.input {
            Some(input) => input.take_waiting()?,
            None => Vec::new(),
        };
        for message in waiting {
            self.take_in(message)?;
        }

        if let Some(total) = self.drawn_total.take() {
            self.take_in(Message::TotalShown(total))?;
        }
        Ok(())
    }

    /// The next moment to wake up without a message: for the state, or for a frame.
    fn next_alarm(&self) -> Option<Instant> {
        let moment = self.state.next_moment();
        let moment = moment.map(|at| self.started + Duration::from_millis(at));

        let frame = if self.can_draw() {
            self.frame_limiter.next_frame_at(Instant::now())
        } else {
            None
        };
        [moment, frame].into_iter().flatten().min()
    }

    fn on_signal(&mut self, signal: SignalRequest) -> Result<(), ScreenError> {
        match signal {
            SignalRequest::End(status) => self.exit = Some(Ok(status)),
            SignalRequest::Stop => self.suspend(),
            SignalRequest::Resize => self.resize()?,
            SignalRequest::Continued => {
                self.take_in(Message::Continued)?;
                // In the background the terminal is another program's.
                if tty::is_foreground() {
                    self.resume()?;
                }
            }
        }
        Ok(())
    }

    /// Gives the terminal back and stops the process. Coming back, or the end, is a signal again.
    fn suspend(&mut self) {
        self.input = None;
        tty::restore();
        self.is_suspended = true;
        Signals::stop_here();
    }

    fn resume(&mut self) -> Result<(), ScreenError> {
        self.is_suspended = false;
        self.input = None;
        tty::enter(self.state.mouse)?;
        self.input = Some(TerminalInput::open()?);
        self.resize()
    }

    fn resize(&mut self) -> Result<(), ScreenError> {
        let (width, height) = tty::size();
        self.renderer.invalidate();
        self.is_dirty = true;
        self.take_in(Message::Resize(width, height))
    }

    fn carry_out(&mut self, effect: Effect) -> Result<(), ScreenError> {
        let catalog = &self.state.catalog.catalog;

        match effect {
            Effect::Live(request) => {
                // The channel is never full, and it closes only with the program.
                let _ = self.live.requests.try_send(request);
            }
            Effect::LoadCatalog => self.load_catalog()?,
            Effect::LoadDemo => self.load_demo()?,
            Effect::Search(search) => self.search_worker.search(search, catalog)?,
            Effect::Replaced(old) => self.search_worker.prepare(catalog, old)?,
            Effect::Mouse(captured) => self.renderer.capture_mouse(captured)?,
            Effect::Revive => self.revive_server()?,
            Effect::Suspend => Signals::stop_job(),
            Effect::Quit => self.exit = Some(Ok(0)),
            Effect::GiveUp(trouble) => self.exit = Some(Err(trouble)),
        }
        Ok(())
    }

    fn load_catalog(&self) -> std::io::Result<()> {
        let address = self.address.clone();
        let is_private = matches!(self.server, Server::Private(_));
        let results = self.results_sender.clone();

        in_background(move || {
            catalog::on_two_threads(catalog::load(address, is_private, results));
        })
    }

    fn load_demo(&self) -> std::io::Result<()> {
        let address = self.address.clone();
        let results = self.results_sender.clone();

        in_background(move || catalog::on_two_threads(catalog::load_demo(address, results)))
    }

    fn revive_server(&self) -> std::io::Result<()> {
        let Server::Private(engine) = self.server.clone() else {
            return Ok(());
        };
        let results = self.results_sender.clone();

        in_background(move || {
            let revived = engine.revive().map(|_| ());
            let revived = revived.map_err(|error| first_line(&error));
            let _ = results.blocking_send(Message::Revived(revived));
        })
    }
}

/// The reason alone: there is one line for it. What helps follows on others, which a command prints.
fn first_line(error: &EngineError) -> String {
    let reason = error.to_string();
    reason.lines().next().unwrap_or_default().to_owned()
}

/// Does slow work on a thread of its own, off the screen's.
fn in_background(work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    std::thread::Builder::new()
        .name("background".to_owned())
        .spawn(work)?;
    Ok(())
}

/// The next message of the terminal; none ever while it is given back.
async fn next_input(input: &mut Option<TerminalInput>) -> std::io::Result<Option<Message>> {
    match input {
        Some(input) => input.next().await,
        None => std::future::pending().await,
    }
}
