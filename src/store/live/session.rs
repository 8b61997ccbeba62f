//! One connection of the live link, from its opening to its end: the loop that takes messages,
//! results and requests.

use super::mirror::{Finding, Mirror};
use super::orders::{OrderReading, breaks_link};
use super::products::ProductRoute;
use super::visitors::{Audience, VisitorId};
use super::{LiveEvent, OrderEvent, OrderQuestion, Progress, Supervisor, Unreplicated};
use crate::model::{Cart, OpId, OrderBrief, Product, ProductId, Update};
use crate::store::cart;
use crate::store::cart::beat::{Beat, Watcher};
use crate::store::cart::decode;
use crate::store::cart::reading::{Presence, heartbeat};
use crate::store::cart::sending::{Attempt, ProductAnswers};
use crate::store::catalog::decode::{CatalogNews, catalog_news};
use crate::store::clock::{Moment, SLEEP_NOTICED};
use crate::store::connection::Conn;
use crate::store::connection::discovery::Locator;
use crate::store::connection::pushes::{PushQueue, push_queue};
use crate::store::connection::raw::ServerConn;
use crate::store::error::{Error, Trouble};
use crate::store::keys::{CATALOG_UPDATES, CartKeys};
use crate::store::order::document::{OrderNews, order_news};
use crate::store::order::{Driver, Outcome};
use crate::store::pulse::{Beaten, Pace, Pulse};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use redis::aio::ConnectionLike;
use redis::{PushInfo, PushKind};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::{Instant, Interval, MissedTickBehavior};

/// The time between two heartbeats.
pub(super) const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(2);
/// The heartbeats without an answer after which a link counts as dead.
const MISSED_HEARTBEATS_LIMIT: u32 = 2;
/// The time from connecting to the first cart after which the way to the server counts as slow.
const SLOW_OPENING: Duration = Duration::from_secs(2);
/// The longest time that saying good-bye may take.
const LEAVE_TIMEOUT: Duration = Duration::from_millis(300);

/// The result of one background request, delivered back to the session loop.
pub(super) enum Completed {
    /// The products that these changes add were asked for.
    Verified {
        ops: Vec<OpId>,
        answers: Result<ProductAnswers, Trouble>,
    },
    /// It is time to try the changes again that are held up.
    HoldOver,
    /// A change was sent.
    Sent(OpId, Attempt, Result<Update, Error>),
    /// Rules were sent.
    RulesSent(OpId, Result<(), Error>),
    /// The server waited for its replicas: whether enough have the first unreplicated changes.
    Replicated {
        changes: usize,
        outcome: Result<bool, Trouble>,
    },
    /// The cart was read, and which of our unsettled changes it has.
    Cart(Result<(Cart, Vec<OpId>), Trouble>),
    /// A heartbeat was answered, or is overdue.
    Heartbeat(Beaten<Beat>),
    /// The server heard who has come or left, and said who watches.
    PresenceTold {
        answer: Result<Beat, Trouble>,
        /// They have come.
        are_newcomers: bool,
    },
    /// The moment after newcomers were told of is over.
    PresenceRested,
    /// The cart's newest updates were read.
    Activity(Result<Vec<Update>, Trouble>),
    /// Products were read for these visitors.
    Products(Audience, Result<Vec<(ProductId, Option<Product>)>, Trouble>),
    /// Another server is the master now.
    Superseded,
    /// What was asked of the orders was read; `None` where the shop has no such order.
    OrdersRead(OrderQuestion, Result<Option<OrderEvent>, Trouble>),
    /// What this visitor asked for was done with an order.
    OrderAnswer(VisitorId, Result<OrderEvent, Trouble>),
    /// The state of an order of which there was news; none where the shop has no such order.
    OrderNews(Option<OrderBrief>),
    /// An order was driven to its end, or to trouble.
    OrderDriven(Box<Driver>, Result<Outcome, Error>),
}

/// Why a session ended.
pub(super) enum SessionEnd {
    /// The last visitor has left.
    Closed,
    /// The connection failed, or leads to the wrong server: another one is needed.
    Broken(Trouble),
}

/// The state of reading the cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CartReading {
    Idle,
    Running,
    /// The cart must be read once more after that: the answer may be out of date already.
    RunningThenAgain,
}

/// The link while one connection lasts.
pub(super) struct Session {
    pub(super) conn: ServerConn,
    pub(super) products: ProductRoute,
    /// Messages of the server.
    pushes: PushQueue,
    /// Background requests that are under way.
    work: FuturesUnordered<BoxFuture<'static, Completed>>,

    /// Set once the cart was read: only then are changes sent and orders driven.
    pub(super) is_ready: bool,
    pub(super) cart_reading: CartReading,
    /// The cart as it was told.
    pub(super) mirror: Mirror,
    /// Why the cart can't be read, as it was told.
    pub(super) unreadable: Option<Trouble>,
    /// The last updates that were told, oldest first.
    pub(super) told: VecDeque<Update>,
    /// The activity as it was told: what was read of it, and the updates since.
    pub(super) activity: VecDeque<Update>,
    /// Set where the cart has a budget.
    pub(super) has_budget: bool,

    /// Changes that wait until another node was asked for the products that they add. Later
    /// changes wait behind them, so that all are sent in order.
    pub(super) unverified: Vec<OpId>,
    pub(super) is_verifying: bool,
    /// Set while changes that are held up wait for their next try.
    pub(super) is_holding: bool,
    pub(super) unreplicated: Vec<Unreplicated>,
    pub(super) is_checking_replicas: bool,
    /// What is read of the orders.
    pub(super) order_readings: Vec<OrderReading>,
    /// Set while the order on its way waits for replicas, or for a server other than the cart's.
    pub(super) order_waits: bool,

    /// When connecting began; `None` once the first answer came.
    began: Option<Instant>,
    /// Set where it took long until the cart was read.
    opened_slowly: bool,
    /// The heartbeats and their answers.
    pub(super) pulse: Pulse,
    /// The last word on how fast the server answers.
    pub(super) pace: Option<Pace>,

    /// Who comes or leaves waits to be told of: others are being told of, or newcomers just were.
    pub(super) presence_waits: bool,
    pub(super) watchers: Vec<Watcher>,
    pub(super) beats: u64,
    last_beat: Moment,
    /// Heartbeats without an answer, in a row.
    pub(super) misses: u32,
}

impl Session {
    /// Connects, subscribes to the channels, and loads the scripts.
    pub(super) async fn open(
        locator: &mut Locator,
        keys: &CartKeys,
        products: Arc<OnceCell<Conn>>,
    ) -> Result<Session, Trouble> {
        let began = Some(Instant::now());
        let (queue_push, pushes) = push_queue();
        let mut conn = locator.open(&keys.cart, Some(queue_push)).await?;

        let scripts = conn.clone();
        let channels = [keys.updates.as_str(), CATALOG_UPDATES];
        let listening = conn.subscribe(&channels);
        tokio::try_join!(listening, cart::load_scripts(scripts)).map_err(Trouble::for_shopping)?;

        let products = if locator.is_cluster() {
            ProductRoute::Spread(locator.clone(), products)
        } else {
            ProductRoute::Here(conn.clone())
        };
        Ok(Session {
            conn,
            products,
            pushes,
            work: FuturesUnordered::new(),
            is_ready: false,
            cart_reading: CartReading::Idle,
            mirror: Mirror::default(),
            unreadable: None,
            told: VecDeque::new(),
            activity: VecDeque::new(),
            has_budget: false,
            unverified: Vec::new(),
            is_verifying: false,
            is_holding: false,
            unreplicated: Vec::new(),
            is_checking_replicas: false,
            order_readings: Vec::new(),
            order_waits: false,
            began,
            opened_slowly: false,
            pulse: Pulse::default(),
            pace: None,
            presence_waits: false,
            watchers: Vec::new(),
            beats: 0,
            last_beat: Moment::now(),
            misses: 0,
        })
    }

    /// Serves until the session ends; after the last visitor has left, it says good-bye.
    pub(super) async fn serve(mut self, supervisor: &mut Supervisor) -> SessionEnd {
        let end = self.run_until_end(supervisor).await;

        let left = supervisor.visitors.take_left();
        if matches!(end, SessionEnd::Closed) && !left.is_empty() {
            // The others see at once that we left.
            let leaving = Presence::leaving(&left);
            let farewell = heartbeat(&mut self.conn, &supervisor.keys, leaving, false);
            let _ = tokio::time::timeout(LEAVE_TIMEOUT, farewell).await;
        }
        end
    }

    /// Handles one event after the other until one of them ends the session; returns why.
    async fn run_until_end(&mut self, supervisor: &mut Supervisor) -> SessionEnd {
        // The first heartbeat names all who are here.
        self.beat(supervisor);
        supervisor.visitors.take_come();
        self.tell_presence(supervisor);
        self.read_cart(supervisor);
        let locator = supervisor.locator.clone();
        self.start(async move {
            locator.superseded().await;
            Completed::Superseded
        });

        let first_beat = Instant::now() + HEARTBEAT_INTERVAL;
        let mut heartbeats = tokio::time::interval_at(first_beat, HEARTBEAT_INTERVAL);
        heartbeats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if let Err(end) = self.handle_next(supervisor, &mut heartbeats).await {
                return end;
            }
        }
    }

    /// Waits for the next message, result, request or heartbeat, and handles it.
    async fn handle_next(
        &mut self,
        supervisor: &mut Supervisor,
        heartbeats: &mut Interval,
    ) -> Result<(), SessionEnd> {
        tokio::select! {
            // The server's messages go first: an answer may speak of a version of the cart that
            // a message before it brought, and would look like a gap. Then answers, as they make
            // room for more requests; a heartbeat can wait longest.
            biased;
            push = self.pushes.next() => match push {
                Some(push) => self.on_push(supervisor, &push)?,
                None => return Err(SessionEnd::Broken(Trouble::Lost)),
            },
            Some(done) = self.work.next() => self.on_completed(supervisor, done)?,
            call = supervisor.calls.recv() => match call {
                Some(call) => self.on_call(supervisor, call),
                None => return Err(SessionEnd::Closed),
            },
            _ = heartbeats.tick() => self.on_tick(supervisor),
        }

        if self.pushes.take_lag() {
            self.reread_all(supervisor);
        }
        Ok(())
    }

    /// Sends a heartbeat. After a sleep the products and the cart are read again: nobody knows what
    /// was missed.
    fn on_tick(&mut self, supervisor: &mut Supervisor) {
        let last = std::mem::replace(&mut self.last_beat, Moment::now());
        if last.age() > SLEEP_NOTICED {
            self.reread_all(supervisor);
        }
        self.beat(supervisor);
    }

    /// Starts a background request. Requests reach the connection in the order in which they are
    /// started: the runtime's budget would make some of a burst wait, and others overtake them.
    pub(super) fn start(&mut self, work: impl Future<Output = Completed> + Send + 'static) {
        self.work.push(Box::pin(tokio::task::unconstrained(work)));
    }

    fn on_push(&mut self, supervisor: &mut Supervisor, push: &PushInfo) -> Result<(), SessionEnd> {
        if push.kind == PushKind::Disconnection {
            return Err(SessionEnd::Broken(Trouble::Lost));
        }
        if let Some((channel, message)) = decode::message(push, self.conn.get_db()) {
            self.on_message(supervisor, channel, message);
        }
        Ok(())
    }

    /// Takes in a message of one of the channels.
    fn on_message(&mut self, supervisor: &mut Supervisor, channel: &[u8], message: &[u8]) {
        if channel == CATALOG_UPDATES.as_bytes() {
            let news = catalog_news(message);
            if let CatalogNews::Products(ids) = &news {
                self.read_products(Audience::All, ids.clone());
            }
            supervisor.tell(LiveEvent::Catalog(news));
        } else if let Some(update) = decode::update(message) {
            self.tell_in_order(supervisor, Audience::All, LiveEvent::Update(update));
        } else if let Some(news) = order_news(message) {
            match news {
                OrderNews::State(id, state) => self.check_order_news(supervisor, id, state),
                OrderNews::Settled(id) => supervisor.tell(LiveEvent::Order(OrderEvent::Marked(id))),
            }
        } else if let Some(watchers) = decode::watchers(message) {
            self.on_watchers(supervisor, watchers);
        } else {
            // Another kind of client wrote: it may have changed products, too.
            self.reread_all(supervisor);
        }
    }

    fn on_completed(
        &mut self,
        supervisor: &mut Supervisor,
        done: Completed,
    ) -> Result<(), SessionEnd> {
        match done {
            Completed::Verified { ops, answers } => self.on_verified(supervisor, ops, answers)?,
            Completed::HoldOver => self.try_held_up(supervisor),
            Completed::Sent(op, attempt, outcome) => {
                self.on_sent(supervisor, op, attempt, outcome)?;
            }
            Completed::RulesSent(op, outcome) => self.on_rules_sent(supervisor, &op, outcome)?,
            Completed::Replicated { changes, outcome } => {
                self.on_replicated(supervisor, changes, outcome)?;
            }

            Completed::Cart(outcome) => {
                let is_first = outcome.is_ok() && !self.is_ready;
                if let Some(began) = self.began.take() {
                    self.opened_slowly = began.elapsed() > SLOW_OPENING;
                }
                self.on_cart(supervisor, outcome)?;
                if is_first {
                    self.tell_pace(supervisor, Pace::Usual);
                    self.on_ready(supervisor);
                }
            }
            Completed::Heartbeat(Beaten::Answered(answer)) => {
                let pace = self.pulse.note(&answer);
                self.tell_pace(supervisor, pace);
                self.on_heartbeat(supervisor, answer.0)?;
            }
            Completed::Heartbeat(Beaten::Overdue(answer)) => {
                self.tell_pace(supervisor, Pace::Silent);
                self.start(async move { Completed::Heartbeat(Beaten::Answered(answer.await)) });
            }
            Completed::PresenceTold {
                answer,
                are_newcomers,
            } => self.on_presence_told(supervisor, answer, are_newcomers),
            Completed::PresenceRested => self.on_presence_rested(supervisor),
            Completed::Activity(Ok(updates)) => {
                self.activity = updates.iter().cloned().collect();
                supervisor.tell(LiveEvent::Activity(updates));
            }
            Completed::Products(audience, Ok(read)) => {
                supervisor
                    .visitors
                    .tell(audience, LiveEvent::Products(read));
            }
            // These are not vital; a broken link shows elsewhere.
            Completed::Products(_, Err(_)) | Completed::Activity(Err(_)) => {}
            Completed::Superseded => return Err(SessionEnd::Broken(Trouble::Changing)),

            Completed::OrdersRead(question, answer) => {
                self.on_orders_read(supervisor, question, answer)?;
            }
            Completed::OrderAnswer(_, Err(trouble)) if breaks_link(&trouble) => {
                return Err(SessionEnd::Broken(trouble));
            }
            Completed::OrderAnswer(visitor, answer) => {
                let event = answer.unwrap_or_else(OrderEvent::Failed);
                supervisor.tell_one(visitor, LiveEvent::Order(event));
            }
            Completed::OrderNews(Some(order)) => {
                supervisor.tell(LiveEvent::Order(OrderEvent::State(order)));
            }
            Completed::OrderNews(None) => {}
            Completed::OrderDriven(driver, outcome) => {
                self.on_order_driven(supervisor, *driver, outcome)?;
            }
        }
        Ok(())
    }

    /// Sends the changes and drives the orders that waited for the first cart.
    fn on_ready(&mut self, supervisor: &mut Supervisor) {
        self.is_ready = true;
        for pending in &mut supervisor.unsettled {
            pending.progress = Progress::Due;
        }
        self.send_due(supervisor);
        self.drive_order(supervisor);
    }

    /// Tells how fast the server answers, where that has changed.
    fn tell_pace(&mut self, supervisor: &mut Supervisor, pace: Pace) {
        let pace = match pace {
            Pace::Usual if self.opened_slowly => Pace::Slow,
            pace => pace,
        };
        if self.pace.replace(pace) != Some(pace) {
            supervisor.tell(LiveEvent::Pace(pace));
        }
    }

    fn on_heartbeat(
        &mut self,
        supervisor: &mut Supervisor,
        outcome: Result<Beat, Trouble>,
    ) -> Result<(), SessionEnd> {
        let beat = match outcome {
            Ok(beat) => beat,
            Err(Trouble::Timeout) => {
                self.misses += 1;
                if self.misses >= MISSED_HEARTBEATS_LIMIT {
                    return Err(SessionEnd::Broken(Trouble::Timeout));
                }
                // Nobody knows what the server has now.
                supervisor.tell(LiveEvent::Stale);
                return Ok(());
            }
            Err(trouble) if supervisor.locator.is_transient(&trouble) => {
                return Err(SessionEnd::Broken(trouble));
            }
            Err(_) => return Ok(()),
        };

        let was_silent = std::mem::take(&mut self.misses) > 0;
        // A message that waits, or the cart that is being read, may say the same.
        if self.cart_reading == CartReading::Idle && self.pushes.is_empty() {
            match self.mirror.compare(&beat) {
                Finding::Same if !was_silent => {}
                Finding::OtherDeadline(deadline) if !was_silent => {
                    supervisor.tell(LiveEvent::Deadline(deadline));
                }
                Finding::Same | Finding::OtherDeadline(_) | Finding::OtherCart => {
                    self.reread_stale(supervisor);
                }
            }
        } else if was_silent {
            self.read_cart(supervisor);
        }
        self.on_watchers(supervisor, beat.watchers);
        Ok(())
    }
}
