//! The screen's pure core on a real link, without a terminal: what a terminal knows.

use super::patience::{Deadline, PATIENCE, in_time};
use super::shopping::change;
use std::time::{Duration, Instant};
use trolley::config::alerts::AlertWays;
use trolley::config::display::{AsciiMode, Display};
use trolley::config::key::Key;
use trolley::model::time::PersonalClock;
use trolley::model::{Cart, Catalog, Change, ChangeKind, Edit, OpId, Product, Update, UserName};
use trolley::store::live::{self, LiveEvent, LiveRequest, Subscription};
use trolley::store::{Address, Error, Policy, Shop};
use trolley::tui::layout::checkout::shown_total;
use trolley::tui::layout::footer::unseen_news;
use trolley::tui::message::{Effect, Message, Now};
use trolley::tui::state::{Connectivity, Env, State};
use trolley::tui::update::update;

/// A terminal without its terminal.
pub struct Headless {
    /// What it would show.
    pub state: State,
    /// How each of its changes ended.
    pub settled: Vec<(OpId, Result<Update, Error>)>,
    /// Every update that it saw.
    pub seen: Vec<Update>,
    /// Every change that it sent.
    pub sent: Vec<Change>,
    /// How often it found its cart doubtful.
    pub stale: usize,
    /// How often it lost its link, or did not get one.
    pub downs: usize,
    address: Address,
    policy: Policy,
    live: Subscription,
    started: Instant,
}

impl Headless {
    /// Opens one with these products known; needs a tokio runtime.
    pub fn open(url: &str, user: &str, policy: Policy, products: &[Product]) -> Headless {
        Headless::at(&Address::parse(url).unwrap(), user, policy, products)
    }

    /// [`Headless::open`] with all that an address may have besides.
    pub fn at(address: &Address, user: &str, policy: Policy, products: &[Product]) -> Headless {
        let user = UserName::parse(user).unwrap();
        let ops = uuid::Uuid::new_v4().simple().to_string();
        let (_, live) = live::open(address.clone(), &user, policy.clone(), Some(&ops));
        let session = Env {
            user,
            me: policy.by.clone(),
            address: address.to_string(),
            private: false,
            item_timeout: Some(policy.item_timeout.as_millis()).filter(|ms| *ms > 0),
            ops,
            id_key: std::hash::RandomState::new(),
            clock: PersonalClock {
                zone: jiff::tz::TimeZone::UTC,
                hours: None,
            },
            keymap: trolley::config::keymap::Keymap::default(),
            display: Display::told_by(AsciiMode::Auto, |_| String::new()),
            alerts: AlertWays::NONE,
        };
        let state = State::new(
            session,
            trolley::config::theme::Theme::DARK,
            true,
            (120, 36),
        );
        let (settled, seen, sent) = (Vec::new(), Vec::new(), Vec::new());
        let started = Instant::now();
        let mut headless = Headless {
            state,
            settled,
            seen,
            sent,
            stale: 0,
            downs: 0,
            address: address.clone(),
            policy,
            live,
            started,
        };
        headless.take_in(Message::Catalog(
            Ok((Catalog::new(products.to_vec()), Some(Shop::default()))),
            0,
        ));
        headless
    }

    fn take_in(&mut self, message: Message) {
        let steady = u64::try_from(self.started.elapsed().as_millis()).unwrap();
        for effect in update(&mut self.state, message, Now { steady, wall: 0 }) {
            match effect {
                Effect::Live(request) => {
                    if let LiveRequest::Change(change) = &request {
                        self.sent.push(change.clone());
                    }
                    self.live.request(request);
                }
                Effect::Join(cart) => {
                    let ops = Some(self.state.env.ops.as_str());
                    let policy = self.policy.clone();
                    self.live = live::open(self.address.clone(), &cart, policy, ops).1;
                }
                _ => {}
            }
        }
        // A total that shows is seen at once.
        if let Some(total) = shown_total(&self.state) {
            let now = Now { steady, wall: 0 };
            update(&mut self.state, Message::TotalShown(total), now);
        }
        if let Some(news) = unseen_news(&self.state) {
            let shown = Message::NewsShown(news.to_owned());
            update(&mut self.state, shown, Now { steady, wall: 0 });
        }
        if let Some(lost) = self.state.unseen_loss().cloned() {
            let shown = Message::LossShown(lost);
            update(&mut self.state, shown, Now { steady, wall: 0 });
        }
    }

    /// Presses a key.
    pub fn key(&mut self, name: &str) {
        self.take_in(Message::Key(Key::parse(name).unwrap()));
    }

    /// Asks for a change for which there need be no key.
    pub fn submit(&mut self, kind: ChangeKind, edits: Vec<Edit>) {
        let change = change(kind, edits);
        self.state.cart.unconfirmed.push_back(change.clone());
        self.sent.push(change.clone());
        self.live.request(LiveRequest::Change(change));
    }

    /// Selects a product of the catalog.
    pub fn select(&mut self, row: usize) {
        self.state.catalog.scroll.cursor = row;
    }

    /// Takes in the next event, or the moment when something happens by itself.
    pub async fn step(&mut self) {
        let wake = self
            .state
            .next_moment()
            .map(|at| self.started + Duration::from_millis(at));
        let wake = wake.unwrap_or_else(|| Instant::now() + PATIENCE * 2);
        let next = async {
            tokio::select! {
                event = self.live.next() => Some(event.expect("the link runs")),
                () = tokio::time::sleep_until(wake.into()) => None,
            }
        };
        let Some(event) = in_time("an event of the link", next).await else {
            return self.take_in(Message::Clock);
        };

        match &event {
            LiveEvent::Settled(op, outcome) => self.settled.push((op.clone(), outcome.clone())),
            LiveEvent::Update(update) => self.seen.push(update.clone()),
            // What was told while the link was down.
            LiveEvent::Activity(updates) => self.seen.extend(updates.iter().cloned()),
            LiveEvent::Stale => self.stale += 1,
            LiveEvent::Down(_) => self.downs += 1,
            _ => {}
        }
        self.take_in(Message::Live(event));
    }

    /// Steps until `test` holds for its state.
    pub async fn until(&mut self, what: &str, test: impl Fn(&State) -> bool) {
        self.until_it(what, |it| test(&it.state)).await;
    }

    /// Steps until `test` holds for all that it knows.
    pub async fn until_it(&mut self, what: &str, test: impl Fn(&Headless) -> bool) {
        let deadline = Deadline::start();
        while !test(self) {
            let stepped = tokio::time::timeout(deadline.left(), self.step()).await;
            assert!(
                stepped.is_ok(),
                "{what}: not within {PATIENCE:?}, link {:?}, cart {:?}",
                self.state.connectivity,
                self.state.cart.confirmed
            );
        }
    }

    /// Steps until the cart was read: keys that are pressed before that wait for it.
    pub async fn opened(mut self) -> Headless {
        self.until("the cart is read", |state| state.cart.loaded)
            .await;
        self
    }

    /// Goes to another cart, as one types it, once what waits is settled.
    pub async fn go_to(&mut self, cart: &str) {
        self.state.carts.may_switch = true;
        self.key(":");
        for typed in format!("cart {cart}").chars() {
            match typed {
                ' ' => self.key("space"),
                typed => self.key(&typed.to_string()),
            }
        }
        self.key("enter");
        self.until(&format!("the cart of {cart} is read"), |state| {
            state.env.user.as_str() == cart && state.cart.loaded
        })
        .await;
    }

    /// Steps until the link is up and nothing is unconfirmed.
    pub async fn calm(&mut self) {
        self.until("calm", |state| {
            state.connectivity == Connectivity::Live && state.cart.unconfirmed.is_empty()
        })
        .await;
    }

    /// The cart that it holds for true.
    pub fn cart(&self) -> &Cart {
        &self.state.cart.confirmed
    }
}
