//! The shop's screen as a value: what brings messages to its core, and carries out its effects. It
//! knows its terminal only as a [`Port`], so that one process can run any number of them.

use super::error::ScreenError;
use super::event_loop::{App, EventLoop, Shell};
use crate::config::alerts::AlertWays;
use crate::config::display::Display;
use crate::config::keymap::Keymap;
use crate::config::theme::Theme;
use crate::config::used_carts::UsedCarts;
use crate::engine::EngineError;
use crate::model::{Timeout, UserName};
use crate::store::live::Subscription;
use crate::store::{Address, Policy};
use crate::tui::hub::Hub;
use crate::tui::layout::footer::unseen_news;
use crate::tui::layout::orders::shown_total;
use crate::tui::message::{Effect, Message, Now};
use crate::tui::state::{Env, State};
use crate::tui::terminal::alert;
use crate::tui::terminal::driver::TerminalDriver;
use crate::tui::terminal::port::Port;
use crate::tui::update::update;
use crate::tui::view::{Picture, picture};
use crate::tui::workers::search::SearchWorker;
use crate::tui::workers::{carts, catalog};
use std::hash::RandomState;
use std::sync::Arc;
use tokio::sync::mpsc;

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
pub struct Screen<P>(EventLoop<P, ShopApp>);

impl<P: Port> Screen<P> {
    /// Starts everything for a terminal that was taken for this already. To be called within a
    /// runtime.
    pub fn start(port: P, visit: Visit, hub: Arc<Hub>) -> Screen<P> {
        let (results_sender, results) = mpsc::channel(CHANNEL_CAPACITY);
        let state = visit.state(&hub);

        let terminal = TerminalDriver::new(port, state.mouse, state.env.alerts.need_focus());
        let app = ShopApp {
            search_worker: SearchWorker::new(hub.searches.clone(), results_sender.clone()),
            live: hub.join(&visit.user, visit.policy.clone(), Some(&state.env.ops)),
            policy: visit.policy,
            used_carts: visit.used_carts,
            state,
            hub,
            results,
            results_sender,
        };
        Screen(EventLoop::new(terminal, app))
    }

    /// Runs until the end.
    ///
    /// # Errors
    /// The [`ScreenError`] that ended it.
    pub async fn run(mut self) -> Result<Ended, ScreenError> {
        self.0.app.note_first_cart()?;
        let (status, app) = self.0.run().await?;
        Ok(Ended {
            status,
            live: app.live,
        })
    }
}

/// The shop's screen without its terminal.
struct ShopApp {
    state: State,
    search_worker: SearchWorker,
    hub: Arc<Hub>,
    policy: Policy,
    used_carts: Option<UsedCarts>,
    live: Subscription,
    results: mpsc::Receiver<Message>,
    results_sender: mpsc::Sender<Message>,
}

impl App for ShopApp {
    type Message = Message;

    fn address(&self) -> &Address {
        &self.hub.address
    }

    async fn next(&mut self) -> Message {
        tokio::select! {
            biased;
            Some(event) = self.live.next() => Message::Live(event),
            Some(result) = self.results.recv() => result,
            else => std::future::pending().await,
        }
    }

    fn try_next(&mut self) -> Option<Message> {
        self.live.try_next().map(Message::Live)
    }

    fn next_moment(&self) -> Option<u64> {
        self.state.next_moment()
    }

    fn picture(&self) -> Picture {
        picture(&self.state)
    }

    fn once_shown(&self) -> Vec<Message> {
        let total = shown_total(&self.state);
        let total = total.filter(|total| self.state.orders.total_seen != Some(*total));
        let news = unseen_news(&self.state).map(str::to_owned);

        let loss = self.state.lost_target.clone();

        let total = total.map(Message::TotalShown);
        total
            .into_iter()
            .chain(news.map(Message::NewsShown))
            .chain(loss.map(Message::LossShown))
            .collect()
    }

    fn take_in<P: Port>(
        &mut self,
        message: Message,
        now: Now,
        shell: &mut Shell<P>,
    ) -> Result<(), ScreenError> {
        for effect in update(&mut self.state, message, now) {
            self.carry_out(effect, shell)?;
        }
        Ok(())
    }

    fn is_settled(&self) -> bool {
        self.state.is_settled()
    }
}

impl ShopApp {
    fn carry_out<P: Port>(
        &mut self,
        effect: Effect,
        shell: &mut Shell<P>,
    ) -> Result<(), ScreenError> {
        let catalog = &self.state.catalog.catalog;

        match effect {
            Effect::Live(request) => self.live.request(request),
            Effect::LoadCatalog => self.hub.catalog.read(self.results_sender.clone())?,
            Effect::LoadDemo => self.load_demo()?,
            Effect::Search(search) => self.search_worker.search(search, catalog)?,
            Effect::Replaced(old) => self.search_worker.prepare(catalog, old)?,
            Effect::Alert(words) => shell.terminal.renderer.alert(self.alert(&words)),
            Effect::Mouse(captured) => shell.terminal.capture_mouse(captured),
            Effect::ReadCarts(carts) => self.read_carts(carts),
            Effect::ReadToTake(cart) => self.read_to_take(cart),
            Effect::ClearOther(cart) => self.clear_other(cart),
            Effect::NoteBegun => self.keep_carts(UsedCarts::note_begun)?,
            Effect::Rename(name) => self.rename(name),
            Effect::Join(cart) => self.join(&cart),
            Effect::NoteCart(cart) => self.keep_carts(move |used| used.note(&cart))?,
            Effect::ForgetCart(cart) => self.keep_carts(move |used| used.forget(&cart))?,
            Effect::Revive => self.revive_server()?,
            Effect::Suspend => shell.terminal.port.suspend(),
            Effect::Quit => shell.exit = Some(Ok(0)),
            Effect::GiveUp(trouble) => shell.exit = Some(Err(trouble)),
        }
        Ok(())
    }

    /// The bytes that tell the person, who looks elsewhere, what happened.
    fn alert(&self, words: &str) -> Vec<u8> {
        let Env {
            alerts,
            display,
            user,
            ..
        } = &self.state.env;
        alert::bytes(*alerts, *display, user.as_str(), words)
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
