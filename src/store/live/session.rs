//! One connection of the live link, from its opening to its end: the loop that takes messages,
//! results and requests.

use super::mirror::{Finding, Mirror};
use super::products::ProductRoute;
use super::{LiveEvent, LiveRequest, OrderEvent, PendingChange, Progress, Supervisor};
use crate::model::{Cart, OpId, OrderId, OrderState, Product, ProductId, Update};
use crate::store::cart;
use crate::store::cart::beat::{Beat, Watcher};
use crate::store::cart::decode;
use crate::store::cart::reading::{Presence, heartbeat};
use crate::store::cart::sending::ProductAnswers;
use crate::store::catalog::decode::{CatalogNews, catalog_news};
use crate::store::clock::Moment;
use crate::store::connection::Conn;
use crate::store::connection::discovery::Locator;
use crate::store::connection::raw::ServerConn;
use crate::store::error::{Error, Trouble};
use crate::store::keys::{CATALOG_UPDATES, CartKeys};
use crate::store::order::document::order_news;
use crate::store::order::{Driver, Outcome};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use redis::aio::ConnectionLike;
use redis::{PushInfo, PushKind, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{OnceCell, mpsc};
use tokio::time::{Instant, Interval, MissedTickBehavior};

/// The most messages that wait to be read; when more come, the cart is read again instead.
const PUSH_CAPACITY: usize = 1024;
/// The time between two heartbeats.
pub(super) const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(2);
/// The heartbeats without an answer after which a link counts as dead.
const MISSED_HEARTBEATS_LIMIT: u32 = 2;
/// The milliseconds between two heartbeats above which the program, or the machine, has slept.
const SLEEP_NOTICED: u64 = 6_000;
/// The time from connecting to the first cart after which the way to the server counts as slow.
const SLOW_OPENING: Duration = Duration::from_secs(2);
/// The time for the answer to a heartbeat after which it counts as slow.
const SLOW_HEARTBEAT: Duration = Duration::from_millis(700);
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
    Sent(OpId, Result<Update, Error>),
    /// The server waited for its replicas: how many have the first unreplicated changes.
    Replicated {
        changes: usize,
        replicas: Result<i64, Trouble>,
    },
    /// The cart was read, and which of our unsettled changes it has.
    Cart(Result<(Cart, Vec<OpId>), Trouble>),
    /// A heartbeat was answered, after that time.
    Heartbeat(Result<Beat, Trouble>, Duration),
    /// The cart's newest updates were read.
    Activity(Result<Vec<Update>, Trouble>),
    /// Products were read.
    Products(Result<Vec<(ProductId, Option<Product>)>, Trouble>),
    /// Another server is the master now.
    Superseded,
    /// A preview or a list of orders was read.
    OrderAnswer(Result<OrderEvent, Trouble>),
    /// The state of an order of which there was news; none where the shop has no such order.
    OrderNews(Option<(OrderId, OrderState)>),
    /// An order was driven to its end, or to trouble.
    OrderDriven(Box<Driver>, Result<Outcome, Error>),
}

/// Why a session ended.
pub(super) enum SessionEnd {
    /// Nobody listens or asks any more.
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
    pushes: mpsc::Receiver<PushInfo>,
    /// Set when messages were dropped because too many waited.
    lagged: Arc<AtomicBool>,
    /// Background requests that are under way.
    work: FuturesUnordered<BoxFuture<'static, Completed>>,

    /// Set once the cart was read: only then are changes sent and orders driven.
    pub(super) is_ready: bool,
    pub(super) cart_reading: CartReading,
    /// The cart as it was told.
    pub(super) mirror: Mirror,
    /// Set where the cart has a budget.
    pub(super) has_budget: bool,

    /// Changes that wait until another node was asked for the products that they add. Later
    /// changes wait behind them, so that all are sent in order.
    pub(super) unverified: Vec<OpId>,
    pub(super) is_verifying: bool,
    /// Set while changes that are held up wait for their next try.
    pub(super) is_holding: bool,
    /// Changes that are applied, and wait until as many replicas have them as are wanted.
    pub(super) unreplicated: Vec<(OpId, Update)>,
    pub(super) is_checking_replicas: bool,
    /// Set while the order on its way waits for replicas, or for a server other than the cart's.
    pub(super) order_waits: bool,

    /// When connecting began.
    began: Instant,
    /// Set where it took long until the cart was read.
    opened_slowly: bool,
    /// The last word on the speed of the way to the server.
    is_slow: Option<bool>,

    pub(super) watchers: Vec<Watcher>,
    pub(super) beats: u64,
    last_beat: Moment,
    /// Heartbeats without an answer, in a row.
    misses: u32,
}

impl Session {
    /// Connects, subscribes to the channels, and loads the scripts.
    pub(super) async fn open(
        locator: &mut Locator,
        keys: &CartKeys,
        products: Arc<OnceCell<Conn>>,
    ) -> Result<Session, Trouble> {
        let began = Instant::now();
        let (sender, pushes) = mpsc::channel(PUSH_CAPACITY);
        let lagged = Arc::new(AtomicBool::new(false));
        let flag = lagged.clone();
        let queue_push = move |push: PushInfo| -> Result<(), ()> {
            if sender.try_send(push).is_err() {
                flag.store(true, Ordering::Relaxed);
            }
            Ok(())
        };
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
            lagged,
            work: FuturesUnordered::new(),
            is_ready: false,
            cart_reading: CartReading::Idle,
            mirror: Mirror::default(),
            has_budget: false,
            unverified: Vec::new(),
            is_verifying: false,
            is_holding: false,
            unreplicated: Vec::new(),
            is_checking_replicas: false,
            order_waits: false,
            began,
            opened_slowly: false,
            is_slow: None,
            watchers: Vec::new(),
            beats: 0,
            last_beat: Moment::now(),
            misses: 0,
        })
    }

    /// Serves until the session ends; where nobody listens any more, it says good-bye.
    pub(super) async fn serve(mut self, supervisor: &mut Supervisor) -> SessionEnd {
        let end = self.run_until_end(supervisor).await;

        if let (SessionEnd::Closed, Some(name)) = (&end, &supervisor.watcher_name) {
            // The others see at once that we left.
            let leaving = heartbeat(
                &mut self.conn,
                &supervisor.keys,
                name,
                Presence::Leaves,
                false,
            );
            let _ = tokio::time::timeout(LEAVE_TIMEOUT, leaving).await;
        }
        end
    }

    /// Handles one event after the other until one of them ends the session; returns why.
    async fn run_until_end(&mut self, supervisor: &mut Supervisor) -> SessionEnd {
        self.beat(supervisor);
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
            push = self.pushes.recv() => match push {
                Some(push) => self.on_push(supervisor, push).await?,
                None => return Err(SessionEnd::Broken(Trouble::Lost)),
            },
            Some(done) = self.work.next() => self.on_completed(supervisor, done).await?,
            request = supervisor.requests.recv() => match request {
                Some(request) => self.on_request(supervisor, request),
                None => return Err(SessionEnd::Closed),
            },
            _ = heartbeats.tick() => self.on_tick(supervisor).await?,
        }

        // Messages were dropped. The cart is read again only once those that wait are handled:
        // as long as they come in faster than that, more are dropped, and each reading would be
        // out of date.
        if self.pushes.is_empty() && self.lagged.swap(false, Ordering::Relaxed) {
            self.reread_stale(supervisor).await?;
        }
        Ok(())
    }

    /// Sends a heartbeat. After a sleep the cart is read again: nobody knows what was missed.
    async fn on_tick(&mut self, supervisor: &mut Supervisor) -> Result<(), SessionEnd> {
        let last = std::mem::replace(&mut self.last_beat, Moment::now());
        if last.age() > SLEEP_NOTICED {
            self.reread_stale(supervisor).await?;
        }
        self.beat(supervisor);
        Ok(())
    }

    /// Starts a background request.
    pub(super) fn start(&mut self, work: impl Future<Output = Completed> + Send + 'static) {
        self.work.push(Box::pin(work));
    }

    fn on_request(&mut self, supervisor: &mut Supervisor, request: LiveRequest) {
        match request {
            LiveRequest::Change(change) => {
                supervisor.unsettled.push_back(PendingChange::new(change));
                if self.is_ready {
                    self.send_due(supervisor);
                }
            }
            LiveRequest::Reread => self.read_cart(supervisor),
            LiveRequest::Products(ids) => self.read_products(ids),
            LiveRequest::Order(request) => self.on_order_request(supervisor, request),
        }
    }

    async fn on_push(
        &mut self,
        supervisor: &mut Supervisor,
        push: PushInfo,
    ) -> Result<(), SessionEnd> {
        match push.kind {
            PushKind::Disconnection => return Err(SessionEnd::Broken(Trouble::Lost)),
            PushKind::Message => {}
            _ => return Ok(()),
        }
        let [Value::BulkString(channel), Value::BulkString(message)] = &push.data[..] else {
            return Ok(());
        };
        // Channels are the same for all databases of a server.
        if decode::database(message) != self.conn.get_db() {
            return Ok(());
        }

        if channel == CATALOG_UPDATES.as_bytes() {
            let event = LiveEvent::Catalog(catalog_news(message));
            return supervisor.tell(event).await;
        }
        if let Some(update) = decode::update(message) {
            let event = LiveEvent::Update(update);
            return self.tell_in_order(supervisor, event).await;
        }
        if let Some((id, state)) = order_news(message) {
            self.check_order_news(supervisor, id, state);
            return Ok(());
        }
        if let Some(watchers) = decode::watchers(message) {
            return self.on_watchers(supervisor, watchers).await;
        }

        // Another kind of client wrote: it may have changed products, too.
        supervisor.tell(LiveEvent::Stale).await?;
        let event = LiveEvent::Catalog(CatalogNews::Everything);
        supervisor.tell(event).await?;
        self.read_cart(supervisor);
        Ok(())
    }

    async fn on_completed(
        &mut self,
        supervisor: &mut Supervisor,
        done: Completed,
    ) -> Result<(), SessionEnd> {
        match done {
            Completed::Verified { ops, answers } => {
                self.on_verified(supervisor, ops, answers).await
            }
            Completed::HoldOver => {
                self.try_held_up(supervisor);
                Ok(())
            }
            Completed::Sent(op, outcome) => self.on_sent(supervisor, op, outcome).await,
            Completed::Replicated { changes, replicas } => {
                self.on_replicated(supervisor, changes, replicas).await
            }

            Completed::Cart(outcome) => {
                let is_first = outcome.is_ok() && !self.is_ready;
                self.on_cart(supervisor, outcome).await?;
                if is_first {
                    self.opened_slowly = self.began.elapsed() > SLOW_OPENING;
                    self.note_speed(supervisor, false).await?;
                    self.on_ready(supervisor);
                }
                Ok(())
            }
            Completed::Heartbeat(outcome, took) => {
                self.note_speed(supervisor, took > SLOW_HEARTBEAT).await?;
                self.on_heartbeat(supervisor, outcome).await
            }
            Completed::Activity(Ok(updates)) => supervisor.tell(LiveEvent::Activity(updates)).await,
            Completed::Products(Ok(read)) => supervisor.tell(LiveEvent::Products(read)).await,
            // These are not vital; a broken link shows elsewhere.
            Completed::Products(Err(_)) | Completed::Activity(Err(_)) => Ok(()),
            Completed::Superseded => Err(SessionEnd::Broken(Trouble::Changing)),

            Completed::OrderAnswer(Ok(event)) => supervisor.tell(LiveEvent::Order(event)).await,
            Completed::OrderAnswer(Err(trouble))
                if trouble.is_transient() && !trouble.is_elsewhere() =>
            {
                Err(SessionEnd::Broken(trouble))
            }
            Completed::OrderAnswer(Err(trouble)) => {
                let event = LiveEvent::Order(OrderEvent::Failed(trouble));
                supervisor.tell(event).await
            }
            Completed::OrderNews(Some((id, state))) => {
                let event = LiveEvent::Order(OrderEvent::State(id, state));
                supervisor.tell(event).await
            }
            Completed::OrderNews(None) => Ok(()),
            Completed::OrderDriven(driver, outcome) => {
                self.on_order_driven(supervisor, *driver, outcome).await
            }
        }
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

    /// Tells whether the way to the server is slow, where that has changed.
    async fn note_speed(
        &mut self,
        supervisor: &Supervisor,
        has_slow_heartbeat: bool,
    ) -> Result<(), SessionEnd> {
        let is_slow = has_slow_heartbeat || self.opened_slowly;
        if self.is_slow.replace(is_slow) == Some(is_slow) {
            return Ok(());
        }
        supervisor.tell(LiveEvent::Slow(is_slow)).await
    }

    async fn on_heartbeat(
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
                return supervisor.tell(LiveEvent::Stale).await;
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
                    supervisor.tell(LiveEvent::Deadline(deadline)).await?;
                }
                Finding::Same | Finding::OtherDeadline(_) | Finding::OtherCart => {
                    self.reread_stale(supervisor).await?;
                }
            }
        } else if was_silent {
            self.read_cart(supervisor);
        }
        self.on_watchers(supervisor, beat.watchers).await
    }
}
