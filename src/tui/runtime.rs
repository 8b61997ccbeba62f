//! The only place with tasks: input, live, effects, and drawing when something changed.

use super::ScreenError;
use super::alarm;
use crate::config::{Server, Settings};
use crate::store::live;
use crate::store::live::LiveRequest;
use crate::store::{Address, Trouble};
use crate::tui::message::{Effect, Message, Now};
use crate::tui::state::State;
use crate::tui::terminal::frame_limit::FrameLimiter;
use crate::tui::terminal::input::TerminalInput;
use crate::tui::terminal::renderer;
use crate::tui::terminal::renderer::Renderer;
use crate::tui::terminal::signals::{SignalRequest, Signals};
use crate::tui::update::update;
use crate::tui::workers::catalog;
use crate::tui::workers::search::SearchWorker;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Messages taken in before the next frame, so that a flood can't keep the screen still.
const DRAIN: usize = 512;
/// How long a terminal may take in the last frame before we stop.
const LAST_FRAME: Duration = Duration::from_millis(500);
/// Room in the channels.
const ROOM: usize = 64;

/// The program while it runs.
pub struct Runtime {
    state: State,
    finder: SearchWorker,
    painter: Renderer,
    place: Server,
    address: Address,
    requests: mpsc::Sender<LiveRequest>,
    events: mpsc::Receiver<live::LiveEvent>,
    live: JoinHandle<()>,
    results: (mpsc::Sender<Message>, mpsc::Receiver<Message>),
    signals: Signals,
    /// `None` while suspended.
    input: Option<TerminalInput>,
    started: Instant,
    dirty: bool,
    /// Suspended: nothing is drawn.
    asleep: bool,
    pace: FrameLimiter,
    /// How it ends: with a status, or because the shop can't be had.
    exit: Option<Result<u8, Trouble>>,
}

impl Runtime {
    /// Gets everything going; the terminal is ours already.
    pub fn start(
        settings: &Settings,
        address: Address,
        state: State,
    ) -> Result<Runtime, ScreenError> {
        let (requests, asked) = mpsc::channel(super::update::MOST_UNCONFIRMED + ROOM);
        let (told, events) = mpsc::channel(ROOM);
        let results = mpsc::channel(ROOM);
        let (policy, id) = (settings.policy.clone(), state.env.ops.clone());
        let live = tokio::spawn(live::run(
            address.clone(),
            settings.user.clone(),
            policy,
            Some(id),
            asked,
            told,
        ));
        Ok(Runtime {
            painter: Renderer::new(state.size)?,
            state,
            finder: SearchWorker::new(results.0.clone()),
            place: settings.server.clone(),
            address,
            requests,
            events,
            live,
            results,
            signals: Signals::listen()?,
            input: Some(TerminalInput::open()?),
            started: Instant::now(),
            dirty: true,
            asleep: false,
            pace: FrameLimiter::default(),
            exit: None,
        })
    }

    /// Runs until the end; returns the exit status, and the live that says good-bye.
    pub async fn run(mut self) -> Result<(u8, JoinHandle<()>), ScreenError> {
        let idle = self.painter.written();
        loop {
            if let Some(ended) = self.exit.take() {
                renderer::end_by_deadline();
                self.last_frame().await;
                return ended
                    .map(|status| (status, self.live))
                    .map_err(ScreenError::Access);
            }
            self.draw()?;
            let wake = self.wake();
            let message = tokio::select! {
                biased;
                asked = self.signals.next() => { self.on_signal(asked).await?; None }
                event = next_event(&mut self.input) => match event {
                    Ok(Some(message)) => Some(message),
                    // The terminal is gone.
                    Ok(None) | Err(_) => { self.exit = Some(Ok(129)); None }
                },
                Some(event) = self.events.recv() => Some(Message::Live(event)),
                Some(result) = self.results.1.recv() => Some(result),
                () = idle.notified(), if self.dirty => None,
                () = alarm::at(wake) => Some(Message::Clock),
            };
            if let Some(message) = message {
                self.take_in(message)?;
                self.drain()?;
            }
        }
    }

    /// Takes in what waits already, before the next frame.
    fn drain(&mut self) -> Result<(), ScreenError> {
        for _ in 0..DRAIN {
            match self.events.try_recv() {
                Ok(event) => self.take_in(Message::Live(event))?,
                Err(_) => break,
            }
        }
        Ok(())
    }

    fn take_in(&mut self, message: Message) -> Result<(), ScreenError> {
        let now = self.now();
        // A clock that came early only because a frame was due changes nothing.
        let idle = matches!(message, Message::Clock)
            && self.state.next_moment().is_none_or(|at| at > now.steady);
        if idle {
            return Ok(());
        }
        self.dirty = true;
        for effect in update(&mut self.state, message, now) {
            self.carry_out(effect)?;
        }
        Ok(())
    }

    fn now(&self) -> Now {
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let steady = self.started.elapsed();
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Now {
            steady: millis(steady),
            wall: i64::try_from(millis(wall)).unwrap_or(0),
        }
    }

    /// Draws where something changed, the terminal takes it, and the last frame is not too near.
    fn draw(&mut self) -> Result<(), ScreenError> {
        let now = Instant::now();
        if !self.dirty
            || self.asleep
            || self.painter.is_writing()
            || self.pace.next_frame_at(now).is_some()
        {
            return Ok(());
        }
        self.painter.draw(&self.state)?;
        self.dirty = false;
        self.pace.record_frame(now);
        Ok(())
    }

    /// When to look again though nothing comes.
    fn wake(&self) -> Option<Instant> {
        let moment = self
            .state
            .next_moment()
            .map(|at| self.started + Duration::from_millis(at));
        let draws = self.dirty && !self.asleep && !self.painter.is_writing();
        let frame = if draws {
            self.pace.next_frame_at(Instant::now())
        } else {
            None
        };
        [moment, frame].into_iter().flatten().min()
    }

    async fn on_signal(&mut self, asked: SignalRequest) -> Result<(), ScreenError> {
        match asked {
            SignalRequest::End(status) => self.exit = Some(Ok(status)),
            SignalRequest::Stop => self.suspend().await,
            SignalRequest::Resize => self.resize()?,
            // In the background the terminal is another program's.
            SignalRequest::Continued if renderer::is_foreground() => self.come_back()?,
            SignalRequest::Continued => {}
        }
        Ok(())
    }

    /// Waits until the terminal has taken in the last frame, so that nothing of it comes after
    /// what gives the terminal back.
    async fn last_frame(&self) {
        let idle = self.painter.written();
        while self.painter.is_writing() {
            idle.notified().await;
        }
    }

    async fn suspend(&mut self) {
        self.input = None;
        // A terminal that does not read must not keep us.
        let _ = tokio::time::timeout(LAST_FRAME, self.last_frame()).await;
        renderer::restore();
        self.asleep = true;
        // What comes next, coming to the front or the end, comes as a signal.
        Signals::stop_here();
    }

    fn come_back(&mut self) -> Result<(), ScreenError> {
        self.asleep = false;
        self.input = None;
        renderer::enter(self.state.mouse)?;
        self.input = Some(TerminalInput::open()?);
        self.resize()
    }

    fn resize(&mut self) -> Result<(), ScreenError> {
        let (width, height) = renderer::size()?;
        self.painter.invalidate();
        self.dirty = true;
        self.take_in(Message::Resize(width, height))
    }

    fn carry_out(&mut self, effect: Effect) -> Result<(), ScreenError> {
        match effect {
            Effect::Send(change) => self.ask(LiveRequest::Change(change)),
            Effect::Reread => self.ask(LiveRequest::Reread),
            Effect::ReadProducts(ids) => self.ask(LiveRequest::Products(ids)),
            Effect::Order(ask) => self.ask(LiveRequest::Order(ask)),
            Effect::LoadCatalog => {
                let (address, private) = (
                    self.address.clone(),
                    matches!(self.place, Server::Private(_)),
                );
                let results = self.results.0.clone();
                self.in_background(move || {
                    catalog::on_two_threads(catalog::load(address, private, results))
                })?;
            }
            Effect::Search(search) => self.finder.search(search, &self.state.catalog.catalog)?,
            Effect::Replaced(old) => self.finder.prepare(&self.state.catalog.catalog, old)?,
            Effect::Mouse(ours) => self.painter.capture_mouse(ours)?,
            Effect::LoadDemo => {
                let (address, results) = (self.address.clone(), self.results.0.clone());
                self.in_background(move || {
                    catalog::on_two_threads(catalog::load_demo(address, results))
                })?;
            }
            Effect::Revive => {
                if let Server::Private(engine) = self.place.clone() {
                    let results = self.results.0.clone();
                    self.in_background(move || {
                        let revived = engine
                            .revive()
                            .map(|_| ())
                            .map_err(|error| error.to_string());
                        let _ = results.blocking_send(Message::Revived(revived));
                    })?;
                }
            }
            Effect::Suspend => Signals::stop_job(),
            Effect::Quit => self.exit = Some(Ok(0)),
            Effect::GiveUp(trouble) => self.exit = Some(Err(trouble)),
        }
        Ok(())
    }

    /// Passes a request on. The channel holds more than the state lets wait.
    fn ask(&self, request: LiveRequest) {
        let _ = self.requests.try_send(request);
    }

    /// Does slow work on a thread of its own, off the screen's.
    fn in_background(&self, work: impl FnOnce() + Send + 'static) -> Result<(), ScreenError> {
        std::thread::Builder::new()
            .name("background".to_owned())
            .spawn(work)?;
        Ok(())
    }
}

async fn next_event(input: &mut Option<TerminalInput>) -> std::io::Result<Option<Message>> {
    match input {
        Some(input) => input.next().await,
        None => std::future::pending().await,
    }
}
