//! Carries out the effects of the shop's core, whether a screen shows it or plain mode says it.

use super::alarm;
use super::allowance::ChangeAllowance;
use super::cart_link::CartLink;
use super::hub::Hub;
use crate::config::used_carts::UsedCarts;
use crate::engine::EngineError;
use crate::model::UserName;
use crate::store::live::{LiveRequest, OrderRequest, Subscription};
use crate::store::{Address, Policy, Trouble};
use crate::tui::error::ScreenError;
use crate::tui::message::{Effect, Message};
use crate::tui::state::{Env, State};
use crate::tui::terminal::alert;
use crate::tui::visit::Visit;
use crate::tui::workers::results::Results;
use crate::tui::workers::search::SearchWorker;
use crate::tui::workers::{carts, catalog, in_background, with_store_in_background};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// The capacity of the channel for results.
const CHANNEL_CAPACITY: usize = 64;

/// The sentence for a person whose changes wait for their turn.
const TOO_FAST: &str =
    "You are faster than the shop takes changes: the last ones follow in a moment";

/// The side of a program that talks with the person: what only it can do.
pub(in crate::tui) trait Host {
    /// Sends the bytes that tell a person who looks elsewhere what happened.
    fn alert(&mut self, bytes: Vec<u8>);
    /// Captures the mouse, or leaves it to the terminal.
    fn capture_mouse(&mut self, captured: bool);
    /// Suspends the program.
    fn suspend(&mut self);
    /// Ends with this exit status, or because the shop does not let us in.
    fn end(&mut self, end: Result<u8, Trouble>);
}

/// The parts of a program that work for the shop's core: the live link, the searches, the readers.
pub(in crate::tui) struct Services {
    search_worker: SearchWorker,
    hub: Arc<Hub>,
    policy: Policy,
    used_carts: Option<UsedCarts>,
    live: CartLink,
    /// The changes that this person may make in a short time; `None` where that is not limited.
    changes: Option<Arc<ChangeAllowance>>,
    /// The changes that wait for their turn.
    waiting_changes: VecDeque<LiveRequest>,
    /// They have been told that changes wait. It is told anew once the allowance was whole.
    is_wait_told: bool,
    results: mpsc::Receiver<Box<Message>>,
    results_sender: Results,
}

impl Services {
    /// Joins a cart as this visit says, for this state.
    pub(in crate::tui) fn open(visit: Visit, hub: Arc<Hub>, state: &State) -> Services {
        let (results_sender, results) = Results::with_room_for(CHANNEL_CAPACITY);
        Services {
            search_worker: SearchWorker::new(hub.searches.clone(), results_sender.clone()),
            live: hub.join(&visit.user, visit.policy.clone(), Some(&state.env.ops)),
            policy: visit.policy,
            used_carts: visit.used_carts,
            changes: visit.changes,
            waiting_changes: VecDeque::new(),
            is_wait_told: false,
            hub,
            results,
            results_sender,
        }
    }

    /// The server that holds the shop.
    pub(in crate::tui) fn address(&self) -> &Address {
        &self.hub.address
    }

    /// Waits for the next event of the shop, or the result of something slow. Nothing is lost where
    /// the future is dropped before its end.
    pub(in crate::tui) async fn next(&mut self) -> Message {
        loop {
            let next_turn = self.send_due();
            if let Some(told) = self.tell_of_wait() {
                return told;
            }
            tokio::select! {
                biased;
                event = self.live.next() => return event.map_or(Message::LinkEnded, Message::Live),
                Some(result) = self.results.recv() => return *result,
                () = alarm::at(next_turn) => {}
            }
        }
    }

    /// The next event or result that is waiting already.
    pub(in crate::tui) fn try_next(&mut self) -> Option<Message> {
        self.send_due();
        if let Some(told) = self.tell_of_wait() {
            return Some(told);
        }
        let event = self.live.try_next().map(Message::Live);
        event.or_else(|| self.results.try_recv().ok().map(|result| *result))
    }

    /// The live link, which is still to be left. The changes that wait go ahead of their turn: they
    /// were shown already.
    pub(in crate::tui) fn into_live(self) -> Subscription {
        for request in self.waiting_changes {
            let may_go = self.changes.as_ref().is_none_or(|all| all.take_ahead());
            if !may_go {
                break;
            }
            self.live.request(request);
        }
        self.live.into_live()
    }

    /// Lets the cart's other screens draw: what comes now may take long.
    pub(in crate::tui) fn end_duty(&mut self) {
        self.live.end_duty();
    }

    /// Carries out an effect that the core asks for in this state; `host` does what is its own.
    ///
    /// # Errors
    /// The [`ScreenError`] of a thread that can't be started.
    pub(in crate::tui) fn carry_out(
        &mut self,
        effect: Effect,
        state: &State,
        host: &mut impl Host,
    ) -> Result<(), ScreenError> {
        let catalog = &state.catalog.catalog;

        match effect {
            Effect::Live(request) => self.request(request),
            Effect::LoadCatalog(freshness) => {
                let results = self.results_sender.clone();
                self.hub.catalog.read(results, freshness)?;
            }
            Effect::LoadDemo => self.load_demo()?,
            Effect::Search(search) => self.search_worker.search(search, catalog)?,
            Effect::Replaced(old) => self.search_worker.prepare(catalog, old)?,
            Effect::Alert(words) => host.alert(alert_bytes(&state.env, &words)),
            // Plain mode has taken it from the update, and a screen shows what happens.
            Effect::Say(_) => {}
            Effect::Mouse(captured) => host.capture_mouse(captured),
            Effect::ReadCarts(carts) => self.read_carts(carts),
            Effect::ReadToTake(cart) => self.read_to_take(cart),
            Effect::ClearOther(cart) => self.clear_other(cart),
            Effect::EndFirstStart => self.keep_carts(UsedCarts::end_first_start)?,
            Effect::Rename(name) => self.rename(name),
            Effect::Join(cart) => self.join(&cart, &state.env.ops),
            Effect::NoteCart(cart) => self.keep_carts(move |used| used.note(&cart))?,
            Effect::ForgetCart(cart) => self.keep_carts(move |used| used.forget(&cart))?,
            Effect::Revive => self.revive_server()?,
            Effect::Suspend => host.suspend(),
            Effect::Quit => host.end(Ok(0)),
            Effect::GiveUp(trouble) => host.end(Err(trouble)),
        }
        Ok(())
    }

    /// Passes a request to the live link. A change goes once it is its turn, and they go in order.
    fn request(&mut self, request: LiveRequest) {
        match request {
            LiveRequest::Change(_)
            | LiveRequest::Rules(_)
            | LiveRequest::Order(OrderRequest::Settle { .. }) => {
                self.waiting_changes.push_back(request);
                self.send_due();
            }
            LiveRequest::Reread
            | LiveRequest::Products(_)
            | LiveRequest::Orders(_)
            | LiveRequest::Order(_) => self.live.request(request),
        }
    }

    /// Sends the changes whose turn it is; returns the moment of the next turn, where some still wait.
    fn send_due(&mut self) -> Option<Instant> {
        while let Some(first) = self.waiting_changes.pop_front() {
            let turn = self.changes.as_ref().map_or(Ok(()), |all| all.take());
            if let Err(wait) = turn {
                self.waiting_changes.push_front(first);
                return Some(Instant::now() + wait);
            }
            self.live.request(first);
        }
        None
    }

    /// The notice that changes wait for their turn, where that is news.
    fn tell_of_wait(&mut self) -> Option<Message> {
        let changes = self.changes.as_ref()?;
        if !self.waiting_changes.is_empty() {
            let is_news = !std::mem::replace(&mut self.is_wait_told, true);
            return is_news.then(|| Message::Notice(TOO_FAST.to_owned()));
        }
        self.is_wait_told &= !changes.is_whole();
        None
    }

    /// Makes changes under another name.
    fn rename(&mut self, name: String) {
        // The name of whoever may use one cart alone is proven.
        if self.used_carts.is_some() {
            self.policy.by = name;
        }
    }

    /// Leaves the present cart for another one, or for the same one under another name.
    fn join(&mut self, cart: &UserName, ops: &str) {
        // Who may use one cart alone is never offered another.
        if self.used_carts.is_none() {
            return;
        }
        let joined = self.hub.join(cart, self.policy.clone(), Some(ops));
        let left = std::mem::replace(&mut self.live, joined);
        // The others there should see at once that we have left.
        tokio::spawn(left.into_live().leave());
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
    pub(in crate::tui) fn note_first_cart(&self, state: &mut State) -> std::io::Result<()> {
        let State { carts, env, .. } = state;
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

        with_store_in_background(catalog::load_demo(address, results))
    }

    fn revive_server(&self) -> std::io::Result<()> {
        let Some(engine) = self.hub.engine.clone() else {
            return Ok(());
        };
        let results = self.results_sender.clone();

        in_background(move || {
            let revived = engine.revive().map(|_| ());
            let revived = revived.map_err(|error| first_line(&error));
            results.blocking_send(Message::Revived(revived));
        })
    }
}

/// The bytes that tell the person, who looks elsewhere, what happened.
fn alert_bytes(env: &Env, words: &str) -> Vec<u8> {
    alert::bytes(env.alerts, env.display, env.user.as_str(), words)
}

/// The reason alone: there is one line for it. What helps follows on others, which a command prints.
pub(in crate::tui) fn first_line(error: &EngineError) -> String {
    let reason = error.to_string();
    reason.lines().next().unwrap_or_default().to_owned()
}
