//! The screen as a value: the event loop that feeds messages to the core, carries out its effects, and
//! draws when something has changed. It knows its terminal only as a [`Port`], so that one process
//! can run any number of them.

use super::alarm;
use super::error::ScreenError;
use crate::config::alerts::AlertWays;
use crate::config::display::Display;
use crate::config::keymap::Keymap;
use crate::config::theme::Theme;
use crate::config::used_carts::UsedCarts;
use crate::engine::EngineError;
use crate::model::time::millis;
use crate::model::{Timeout, UserName};
use crate::store::live::Subscription;
use crate::store::{Policy, Trouble};
use crate::tui::hub::Hub;
use crate::tui::layout::footer::unseen_news;
use crate::tui::layout::orders::shown_total;
use crate::tui::message::{Effect, Message, Now, TerminalEvent};
use crate::tui::state::{Env, State};
use crate::tui::terminal::alert;
use crate::tui::terminal::driver::{TerminalDriver, TerminalWake};
use crate::tui::terminal::port::{Arrival, Port};
use crate::tui::update::update;
use crate::tui::view::picture;
use crate::tui::workers::search::SearchWorker;
use crate::tui::workers::{carts, catalog};
use std::hash::RandomState;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;

/// The most events that are taken in before the next frame, so that a flood can't freeze the
/// screen.
const EVENTS_PER_FRAME: usize = 512;
/// The capacity of the channels.
const CHANNEL_CAPACITY: usize = 64;

/// All that a screen has to be told: who comes to which cart, and how their terminal is.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The owner of the cart.
    pub user: UserName,
    /// The name under which changes are made, and the rules for them.
    pub policy: Policy,
    /// The keys in force, with those actions alone that this person may and can do.
    pub keymap: Keymap,
    /// The abilities of the terminal.
    pub display: Display,
    /// The ways to tell the person something while they look elsewhere.
    pub alerts: AlertWays,
    /// The colours.
    pub theme: Theme,
    /// True where clicks go to the shop, not to the terminal.
    pub mouse: bool,
    /// The time zone for what is shown.
    pub zone: jiff::tz::TimeZone,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The carts that this person used before; `None` for one who may use this one alone.
    pub used_carts: Option<UsedCarts>,
}

impl Visit {
    /// The screen before anything is known, with op ids of its own.
    fn state(&self, hub: &Hub) -> State {
        let env = Env {
            user: self.user.clone(),
            me: self.policy.by.clone(),
            address: hub.address.to_string(),
            private: hub.engine.is_some(),
            item_timeout: match self.policy.item_timeout {
                Timeout::After(ms) => Some(ms),
                Timeout::Never => None,
            },
            ops: uuid::Uuid::new_v4().simple().to_string()[..16].to_owned(),
            op_key: RandomState::new(),
            zone: self.zone.clone(),
            keymap: self.keymap.clone(),
            display: self.display,
            alerts: self.alerts,
        };
        let mut state = State::new(env, self.theme, self.mouse, self.size);

        if let Some(used) = &self.used_carts {
            state.carts.may_switch = true;
            state.carts.used = used.read();
            state.carts.is_first_start = used.is_first_start();
        }
        state
    }
}

/// The end of a screen.
#[derive(Debug)]
pub struct Ended {
    /// The exit status.
    pub status: u8,
    /// The cart's live link, which is still to be left.
    pub live: Subscription,
}

/// A screen, while it is up.
pub struct Screen<P> {
    terminal: TerminalDriver<P>,
    state: State,
    search_worker: SearchWorker,
    hub: Arc<Hub>,
    policy: Policy,
    used_carts: Option<UsedCarts>,
    live: Subscription,
    results: mpsc::Receiver<Message>,
    results_sender: mpsc::Sender<Message>,
    started: Instant,
    /// The number of the total in the last frame, until the state has heard that it shows.
    drawn_total: Option<u64>,
    /// The text of the news in the last frame, until the state has heard that it shows.
    drawn_news: Option<String>,
    /// The screen ends once no change waits for the server.
    is_leaving: bool,
    /// The end: an exit status, or the reason why the shop does not let us in.
    exit: Option<Result<u8, Trouble>>,
}

/// Something that wakes the screen.
enum Wake {
    Terminal(TerminalWake),
    Message(Box<Message>),
}

impl<P: Port> Screen<P> {
    /// Starts everything for a terminal that was taken for this already. To be called within a
    /// runtime.
    pub fn start(port: P, visit: Visit, hub: Arc<Hub>) -> Screen<P> {
        let (results_sender, results) = mpsc::channel(CHANNEL_CAPACITY);
        let state = visit.state(&hub);

        Screen {
            terminal: TerminalDriver::new(port, state.mouse, state.env.alerts.need_focus()),
            search_worker: SearchWorker::new(hub.searches.clone(), results_sender.clone()),
            live: hub.join(&visit.user, visit.policy.clone(), Some(&state.env.ops)),
            policy: visit.policy,
            used_carts: visit.used_carts,
            state,
            hub,
            results,
            results_sender,
            started: Instant::now(),
            drawn_total: None,
            drawn_news: None,
            is_leaving: false,
            exit: None,
        }
    }

    /// Runs until the end.
    ///
    /// # Errors
    /// The [`ScreenError`] that ended it.
    pub async fn run(mut self) -> Result<Ended, ScreenError> {
        self.note_first_cart()?;
        loop {
            self.tell_what_was_shown()?;
            if self.is_leaving && self.state.is_settled() {
                self.exit.get_or_insert(Ok(0));
            }
            if let Some(end) = self.exit.take() {
                let status =
                    end.map_err(|trouble| ScreenError::Access(trouble.at(&self.hub.address)))?;
                let live = self.live;
                return Ok(Ended { status, live });
            }
            self.draw_if_due()?;

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
        let tells_what_was_shown = self.drawn_total.is_some() || self.drawn_news.is_some();
        let alarm = self.next_alarm();

        tokio::select! {
            biased;
            wake = self.terminal.next(tells_what_was_shown) => Wake::Terminal(wake),
            Some(event) = self.live.next() => Wake::Message(Box::new(Message::Live(event))),
            Some(result) = self.results.recv() => Wake::Message(Box::new(result)),
            () = alarm::at(alarm) => Wake::Message(Box::new(Message::Clock)),
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
                self.take_in(Message::Continued)?;
                if let Some(size) = size {
                    self.terminal.take_again(self.state.mouse);
                    self.resize(size)?;
                }
            }
            Arrival::Notice(text) => self.take_in(Message::Notice(text))?,
            Arrival::Leave => self.is_leaving = true,
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
            self.take_in(event.into())?;
        }
        Ok(())
    }

    /// Takes in the live events that are waiting already, so that they share the next frame.
    fn take_in_waiting_events(&mut self) -> Result<(), ScreenError> {
        for _ in 0..EVENTS_PER_FRAME {
            let Some(event) = self.live.try_next() else {
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

        self.terminal.note_change();
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

    /// Draws a frame, unless there is nothing new or the last one was drawn too recently.
    fn draw_if_due(&mut self) -> Result<(), ScreenError> {
        if !self.terminal.draw_if_due(|| picture(&self.state))? {
            return Ok(());
        }

        let total = shown_total(&self.state);
        self.drawn_total = total.filter(|total| self.state.orders.total_seen != Some(*total));
        self.drawn_news = unseen_news(&self.state).map(str::to_owned);
        Ok(())
    }

    /// Tells the state that a total or news have reached the terminal. Keys that wait were pressed
    /// before that, so they are taken in first.
    fn tell_what_was_shown(&mut self) -> Result<(), ScreenError> {
        let has_shown = self.drawn_total.is_some() || self.drawn_news.is_some();
        if !has_shown || !self.terminal.is_idle() {
            return Ok(());
        }

        for arrival in self.terminal.port.take_waiting() {
            self.on_arrival(arrival)?;
        }

        if let Some(total) = self.drawn_total.take() {
            self.take_in(Message::TotalShown(total))?;
        }
        if let Some(news) = self.drawn_news.take() {
            self.take_in(Message::NewsShown(news))?;
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
        self.take_in(Message::Resize(columns, rows))
    }

    fn carry_out(&mut self, effect: Effect) -> Result<(), ScreenError> {
        let catalog = &self.state.catalog.catalog;

        match effect {
            Effect::Live(request) => self.live.request(request),
            Effect::LoadCatalog => self.hub.catalog.read(self.results_sender.clone())?,
            Effect::LoadDemo => self.load_demo()?,
            Effect::Search(search) => self.search_worker.search(search, catalog)?,
            Effect::Replaced(old) => self.search_worker.prepare(catalog, old)?,
            Effect::Alert(words) => self.alert(&words),
            Effect::Mouse(captured) => self.terminal.renderer.capture_mouse(captured),
            Effect::ReadCarts(carts) => self.read_carts(carts),
            Effect::ReadToTake(cart) => self.read_to_take(cart),
            Effect::ClearOther(cart) => self.clear_other(cart),
            Effect::NoteBegun => self.keep_carts(UsedCarts::note_begun)?,
            Effect::Rename(name) => self.rename(name),
            Effect::Join(cart) => self.join(&cart),
            Effect::NoteCart(cart) => self.keep_carts(move |used| used.note(&cart))?,
            Effect::ForgetCart(cart) => self.keep_carts(move |used| used.forget(&cart))?,
            Effect::Revive => self.revive_server()?,
            Effect::Suspend => self.terminal.port.suspend(),
            Effect::Quit => self.exit = Some(Ok(0)),
            Effect::GiveUp(trouble) => self.exit = Some(Err(trouble)),
        }
        Ok(())
    }

    /// Tells the person, who looks elsewhere, what happened.
    fn alert(&mut self, words: &str) {
        let Env {
            alerts,
            display,
            user,
            ..
        } = &self.state.env;
        let alert = alert::bytes(*alerts, *display, user.as_str(), words);
        self.terminal.renderer.alert(alert);
    }

    /// Makes changes under another name.
    fn rename(&mut self, name: String) {
        // The name of whoever may use one cart alone is proven.
        if self.used_carts.is_some() {
            self.policy.by = name;
        }
    }

    /// Leaves the present cart for another one, or for the same one under another name.
    fn join(&mut self, cart: &UserName) {
        // Who may use one cart alone is never offered another.
        if self.used_carts.is_none() {
            return;
        }
        let id = Some(self.state.env.ops.as_str());
        let joined = self.hub.join(cart, self.policy.clone(), id);
        let left = std::mem::replace(&mut self.live, joined);
        // The others there should see at once that we have left.
        tokio::spawn(left.leave());
    }

    fn read_carts(&self, carts: Vec<UserName>) {
        let address = self.hub.address.clone();
        let policy = self.policy.clone();
        let results = self.results_sender.clone();
        tokio::spawn(carts::read(address, policy, carts, results));
    }

    /// Reads a cart whose lines are to be brought here.
    fn read_to_take(&self, cart: UserName) {
        if self.used_carts.is_some() {
            let address = self.hub.address.clone();
            let policy = self.policy.clone();
            let results = self.results_sender.clone();
            tokio::spawn(carts::read_to_take(address, policy, cart, results));
        }
    }

    /// Clears another cart.
    fn clear_other(&self, cart: UserName) {
        if self.used_carts.is_some() {
            let address = self.hub.address.clone();
            let policy = self.policy.clone();
            let results = self.results_sender.clone();
            tokio::spawn(carts::clear(address, policy, cart, results));
        }
    }

    /// Notes the use of the cart that this screen begins with. That writes a file, so it is done
    /// only where it is news.
    fn note_first_cart(&mut self) -> std::io::Result<()> {
        let State { carts, env, .. } = &mut self.state;
        if carts.may_switch && carts.note_use(&env.user) {
            let cart = env.user.clone();
            self.keep_carts(move |used| used.note(&cart))?;
        }
        Ok(())
    }

    /// Writes to the files of the carts that were used.
    fn keep_carts(
        &self,
        write: impl FnOnce(&UsedCarts) -> std::io::Result<()> + Send + 'static,
    ) -> std::io::Result<()> {
        let Some(used) = self.used_carts.clone() else {
            return Ok(());
        };
        // They only help: it is not worth a word where they can't be kept.
        in_background(move || drop(write(&used)))
    }

    fn load_demo(&self) -> std::io::Result<()> {
        let address = self.hub.address.clone();
        let results = self.results_sender.clone();

        in_background(move || catalog::on_two_threads(catalog::load_demo(address, results)))
    }

    fn revive_server(&self) -> std::io::Result<()> {
        let Some(engine) = self.hub.engine.clone() else {
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

/// The wall clock, in Unix milliseconds.
pub(in crate::tui) fn wall_clock() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(millis(since_epoch.unwrap_or_default())).unwrap_or(0)
}

/// The reason alone: there is one line for it. What helps follows on others, which a command prints.
pub(in crate::tui) fn first_line(error: &EngineError) -> String {
    let reason = error.to_string();
    reason.lines().next().unwrap_or_default().to_owned()
}

/// Does slow work on a thread of its own, off the screen's.
pub(in crate::tui) fn in_background(work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    std::thread::Builder::new()
        .name("background".to_owned())
        .spawn(work)?;
    Ok(())
}
