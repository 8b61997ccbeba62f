//! One supervised connection that keeps a cart live.
//!
//! Subscribe first, then read the cart, then pass on updates: nothing between is missed.
//! Whatever casts doubt on that (a full queue, a message of another client, a version that
//! the heartbeat finds ahead) reads the cart again. Changes wait here in order until they
//! are settled, and are sent again with the same op id after a break.

mod orders;
mod sending;

use super::address::Address;
use super::cart::{self, Presence};
use super::catalog::read_products;
use super::connection::{Conn, Policy};
use super::decode::{self, CatalogNews, Watcher};
use super::error::{Error, Trouble};
use super::keys::{CATALOG_UPDATES, CartKeys};
use super::locate::Locator;
use super::order::{Answer, Ask, Driver, Outcome};
use crate::model::{Cart, Change, OpId, Product, ProductId, Update, UserName};
use backon::{BackoffBuilder, ExponentialBuilder};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use redis::aio::MultiplexedConnection;
use redis::{PushInfo, PushKind, Value};
use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{OnceCell, mpsc};

/// Messages that wait to be read; when more come, the cart is read again instead.
const PUSHES: usize = 1024;
/// Updates held back while the cart is read.
const HELD: usize = 1024;
/// How often the link is felt for.
const BEAT: Duration = Duration::from_secs(2);
/// Beats without an answer that make a link dead.
const MISSES: u32 = 2;
/// How long saying good-bye may take.
const LEAVE: Duration = Duration::from_millis(300);

/// What the link is asked for.
#[derive(Debug)]
pub enum Request {
    /// Apply a change exactly once. It waits while the link is down.
    Change(Change),
    /// Read the cart again.
    Reread,
    /// Read these products.
    Products(Vec<ProductId>),
    /// Something about orders.
    Order(Ask),
}

/// What the link tells.
#[derive(Debug)]
pub enum Event {
    /// The link is down, or an attempt to bring it up failed; another follows by itself.
    Down(Trouble),
    /// The cart may have changed unseen; a [`Event::Cart`] follows.
    Stale,
    /// The cart that comes next has these of the changes asked for here.
    Applied(Vec<OpId>),
    /// The cart as it is now; after a [`Event::Down`] this means that the link is up.
    Cart(Cart),
    /// The cart could not be read though the link is up: wrong type, no permission.
    Unreadable(Trouble),
    /// A change, by anybody.
    Update(Update),
    /// A change asked for here is applied or refused.
    Settled(OpId, Result<Update, Error>),
    /// Products that were asked for.
    Products(Vec<(ProductId, Option<Product>)>),
    /// Something in the catalog changed.
    Catalog(CatalogNews),
    /// Who watches the cart now.
    Watchers(Vec<Watcher>),
    /// The newest updates of the cart, oldest first.
    Activity(Vec<Update>),
    /// Something about orders.
    Order(Answer),
}

/// Runs the link until nobody listens or asks any more. `id` tells this program's presence
/// from others of the same name; without one it looks on unseen.
pub async fn run(
    address: Address,
    user: UserName,
    policy: Policy,
    id: Option<String>,
    requests: mpsc::Receiver<Request>,
    events: mpsc::Sender<Event>,
) {
    let keys = Arc::new(CartKeys::of(&user));
    let me = id.map(|id| format!("{id} {}", policy.by).into());
    let policy = Arc::new(policy);
    let mut link = Link {
        locator: Locator::new(address),
        products: Arc::default(),
        user: user.into(),
        keys,
        policy,
        me,
        requests,
        events,
        unsettled: VecDeque::new(),
        ordering: VecDeque::new(),
        held: VecDeque::new(),
    };
    let mut pauses = pauses();
    // Ends only when the channels close.
    while let Some(opened) = link.open().await {
        let trouble = match opened {
            Ok(session) => {
                pauses = self::pauses();
                tracing::info!(cart = link.user.as_str(), "link up");
                match session.serve(&mut link).await {
                    Some(trouble) => trouble,
                    None => return,
                }
            }
            Err(trouble) => trouble,
        };
        tracing::info!(cart = link.user.as_str(), reason = trouble.code(), "link down");
        link.locator.learn(&trouble);
        if link.events.send(Event::Down(trouble)).await.is_err() {
            return;
        }
        let pause = pauses.next().unwrap_or(BEAT);
        if link.meanwhile(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
    }
}

/// 50 ms, doubling, with jitter on top; never above 0.9 s, so that a server that is back is
/// found within a second.
fn pauses() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(Duration::from_millis(450))
        .with_jitter()
        .without_max_times()
        .build()
}

/// A change that is neither applied nor refused yet.
struct Waiting {
    change: Change,
    /// The version known and the time when it was first sent.
    first: Option<(u64, Instant)>,
    /// Whether it was sent over this connection.
    in_flight: bool,
}

impl Waiting {
    fn new(change: Change) -> Waiting {
        Waiting { change, first: None, in_flight: false }
    }
}

struct Link {
    locator: Locator,
    /// On a cluster, the way to the products; it mends itself.
    products: Arc<OnceCell<Conn>>,
    user: Arc<UserName>,
    keys: Arc<CartKeys>,
    policy: Arc<Policy>,
    me: Option<Arc<str>>,
    requests: mpsc::Receiver<Request>,
    events: mpsc::Sender<Event>,
    unsettled: VecDeque<Waiting>,
    /// Orders on their way, one after the other: after a break they go on.
    ordering: VecDeque<Driver>,
    /// What came while the cart was read: it is told after the cart, be it the next
    /// connection's, or nobody would hear that a change is settled.
    held: VecDeque<Event>,
}

impl Link {
    /// Waits for `work` and takes requests meanwhile; `None` when nobody asks any more.
    async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Some(done),
                request = self.requests.recv() => match request? {
                    Request::Change(change) => self.unsettled.push_back(Waiting::new(change)),
                    // Everything is read when the link comes up.
                    Request::Reread | Request::Products(_) => {}
                    Request::Order(ask) => self.keep_order(ask),
                },
            }
        }
    }

    async fn open(&mut self) -> Option<Result<Session, Trouble>> {
        let (mut locator, keys) = (self.locator.clone(), self.keys.clone());
        let products = self.products.clone();
        let opening = async move {
            let opened = Session::open(&mut locator, &keys, products).await;
            (locator, opened)
        };
        let (locator, opened) = self.meanwhile(opening).await?;
        self.locator = locator;
        Some(opened)
    }
}

/// What has been waited for.
enum Done {
    /// These changes may be sent: the products that they add and that are none.
    Checked(Vec<OpId>, Result<Vec<ProductId>, Trouble>),
    Sent(OpId, Result<Update, Error>),
    /// The replicas that have the changes before the place.
    Copied(usize, Result<i64, Trouble>),
    /// The cart, and which of our unsettled changes it has.
    Cart(Result<(Cart, Vec<OpId>), Trouble>),
    Beat(Result<(u64, Vec<Watcher>), Trouble>),
    Activity(Result<Vec<Update>, Trouble>),
    Products(Result<Vec<(ProductId, Option<Product>)>, Trouble>),
    /// Another server is the master now.
    Superseded,
    Order(Result<Option<Answer>, Trouble>),
    Driven(Box<Driver>, Result<Outcome, Error>),
}

/// The link while one connection lasts.
struct Session {
    conn: MultiplexedConnection,
    products: sending::Products,
    /// Changes that wait until the products that they add have been asked for, on another
    /// node; those behind them wait, too, so that all are sent in order.
    unchecked: Vec<OpId>,
    checking: bool,
    /// Changes that are applied, until as many replicas have them as are wanted.
    uncopied: Vec<(OpId, Update)>,
    copying: bool,
    /// Whether the order on its way waits for replicas.
    waits: bool,
    pushes: mpsc::Receiver<PushInfo>,
    lagged: Arc<AtomicBool>,
    work: FuturesUnordered<BoxFuture<'static, Done>>,
    /// The newest version seen.
    version: u64,
    /// Whether the cart is being read, and whether to read it once more after that.
    reading: bool,
    reread: bool,
    /// Whether the cart has a budget.
    budgeted: bool,
    misses: u32,
    beats: u64,
    watchers: Vec<Watcher>,
}

/// The session is over: the trouble that ended it, or `None` where nobody listens any more.
type Over = Option<Trouble>;

impl Session {
    async fn open(
        locator: &mut Locator,
        keys: &CartKeys,
        products: Arc<OnceCell<Conn>>,
    ) -> Result<Session, Trouble> {
        let (sender, pushes) = mpsc::channel(PUSHES);
        let lagged = Arc::new(AtomicBool::new(false));
        let flag = lagged.clone();
        let handler = move |push: PushInfo| -> Result<(), ()> {
            if sender.try_send(push).is_err() {
                flag.store(true, Ordering::Relaxed);
            }
            Ok(())
        };
        let mut conn = locator.open(&keys.cart, Some(handler)).await?;
        let scripts = conn.clone();
        let channels = [keys.updates.as_str(), CATALOG_UPDATES];
        let listening = async { conn.subscribe(&channels).await.map_err(Trouble::from) };
        tokio::try_join!(listening, cart::prepare(&scripts)).map_err(Trouble::of_shopping)?;
        let products = if locator.is_cluster() {
            sending::Products::Spread(locator.clone(), products)
        } else {
            sending::Products::Here(conn.clone())
        };
        Ok(Session {
            conn,
            products,
            unchecked: Vec::new(),
            checking: false,
            uncopied: Vec::new(),
            copying: false,
            waits: false,
            pushes,
            lagged,
            work: FuturesUnordered::new(),
            version: 0,
            reading: false,
            reread: false,
            budgeted: false,
            misses: 0,
            beats: 0,
            watchers: Vec::new(),
        })
    }

    async fn serve(mut self, link: &mut Link) -> Option<Trouble> {
        match self.attend(link).await {
            Ok(never) => match never {},
            Err(None) => {
                // So that the others see at once that we left.
                if let Some(me) = &link.me {
                    let leaving = cart::watch(&mut self.conn, &link.keys, me, Presence::Leaves);
                    let _ = tokio::time::timeout(LEAVE, leaving).await;
                }
                None
            }
            Err(trouble) => trouble,
        }
    }

    async fn attend(&mut self, link: &mut Link) -> Result<std::convert::Infallible, Over> {
        self.beat(link);
        self.read_cart(link);
        let locator = link.locator.clone();
        self.work.push(Box::pin(async move {
            locator.superseded().await;
            Done::Superseded
        }));
        let mut beats = tokio::time::interval_at(tokio::time::Instant::now() + BEAT, BEAT);
        beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut greeted = false;
        loop {
            tokio::select! {
                biased;
                push = self.pushes.recv() => match push {
                    Some(push) => self.on_push(link, push).await?,
                    None => return Err(Some(Trouble::Lost)),
                },
                Some(done) = self.work.next() => {
                    let first_cart = matches!(done, Done::Cart(Ok(_))) && !greeted;
                    self.on_done(link, done).await?;
                    if first_cart {
                        greeted = true;
                        link.unsettled.iter_mut().for_each(|waiting| waiting.in_flight = false);
                        self.send_due(link);
                        self.drive(link);
                    }
                }
                request = link.requests.recv() => match request {
                    None => return Err(None),
                    Some(Request::Change(change)) => {
                        link.unsettled.push_back(Waiting::new(change));
                        if greeted {
                            self.send_due(link);
                        }
                    }
                    Some(Request::Reread) => self.read_cart(link),
                    Some(Request::Products(ids)) => self.read_products(ids),
                    Some(Request::Order(ask)) => self.on_order(link, ask, greeted),
                },
                _ = beats.tick() => self.beat(link),
            }
            if self.pushes.is_empty() && self.lagged.swap(false, Ordering::Relaxed) {
                tell(link, Event::Stale).await?;
                self.read_cart(link);
            }
        }
    }

    async fn on_push(&mut self, link: &mut Link, push: PushInfo) -> Result<(), Over> {
        match push.kind {
            PushKind::Disconnection => return Err(Some(Trouble::Lost)),
            PushKind::Message => {}
            _ => return Ok(()),
        }
        let [Value::BulkString(channel), Value::BulkString(message)] = &push.data[..] else { return Ok(()) };
        if channel == CATALOG_UPDATES.as_bytes() {
            return tell(link, Event::Catalog(decode::catalog_news(message))).await;
        }
        if let Some(update) = decode::update(message) {
            return self.tell_in_order(link, Event::Update(update)).await;
        }
        if let Some((id, state)) = decode::order_news(message) {
            return tell(link, Event::Order(Answer::State(id, state))).await;
        }
        if let Some(watchers) = decode::watchers(message) {
            return self.see(link, watchers).await;
        }
        // Another client wrote: it may have changed products, too.
        tell(link, Event::Stale).await?;
        tell(link, Event::Catalog(CatalogNews::Everything)).await?;
        self.read_cart(link);
        Ok(())
    }

    async fn on_done(&mut self, link: &mut Link, done: Done) -> Result<(), Over> {
        match done {
            Done::Checked(ops, missing) => self.on_checked(link, ops, missing).await,
            Done::Copied(count, replicas) => self.on_copied(link, count, replicas).await,
            Done::Sent(op, outcome) => self.on_sent(link, op, outcome).await,
            Done::Cart(outcome) => self.on_cart(link, outcome).await,
            Done::Superseded => Err(Some(Trouble::Changing)),
            Done::Products(Ok(read)) => tell(link, Event::Products(read)).await,
            Done::Activity(Ok(updates)) => tell(link, Event::Activity(updates)).await,
            Done::Order(Ok(Some(answer))) => tell(link, Event::Order(answer)).await,
            Done::Order(Ok(None)) => Ok(()),
            Done::Order(Err(trouble)) if trouble.may_pass() => Err(Some(trouble)),
            Done::Order(Err(trouble)) => tell(link, Event::Order(Answer::Failed(trouble))).await,
            Done::Driven(driver, outcome) => self.on_driven(link, *driver, outcome).await,
            // These only help; a broken link shows elsewhere.
            Done::Products(Err(_)) | Done::Activity(Err(_)) => Ok(()),
            Done::Beat(Err(Trouble::Timeout)) => {
                self.misses += 1;
                if self.misses >= MISSES { Err(Some(Trouble::Timeout)) } else { Ok(()) }
            }
            Done::Beat(Err(trouble)) if link.locator.may_pass(&trouble) => Err(Some(trouble)),
            Done::Beat(Err(_)) => Ok(()),
            Done::Beat(Ok((version, watchers))) => {
                self.misses = 0;
                if version != self.version && !self.reading && self.pushes.is_empty() {
                    tell(link, Event::Stale).await?;
                    self.read_cart(link);
                }
                self.see(link, watchers).await
            }
        }
    }

    async fn on_cart(
        &mut self,
        link: &mut Link,
        outcome: Result<(Cart, Vec<OpId>), Trouble>,
    ) -> Result<(), Over> {
        self.reading = false;
        match outcome {
            Ok((cart, applied)) => {
                tell(link, Event::Applied(applied)).await?;
                self.version = cart.version;
                self.budgeted = cart.rules.has_budget();
                tell(link, Event::Cart(cart)).await?;
                self.read_activity(link);
            }
            Err(trouble) if link.locator.may_pass(&trouble) => return Err(Some(trouble)),
            Err(trouble) => tell(link, Event::Unreadable(trouble)).await?,
        }
        while let Some(event) = link.held.pop_front() {
            self.note(&event);
            tell(link, event).await?;
        }
        if std::mem::take(&mut self.reread) {
            tell(link, Event::Stale).await?;
            self.read_cart(link);
        }
        Ok(())
    }

    /// Tells an event now, or after the cart that is being read.
    async fn tell_in_order(&mut self, link: &mut Link, event: Event) -> Result<(), Over> {
        if !self.reading {
            self.note(&event);
            return tell(link, event).await;
        }
        let settles = matches!(event, Event::Settled(..));
        if link.held.len() >= HELD && !settles {
            self.reread = true;
        } else {
            link.held.push_back(event);
        }
        Ok(())
    }

    fn note(&mut self, event: &Event) {
        if let Event::Update(update) = event {
            self.version = self.version.max(update.version);
        }
    }

    fn read_cart(&mut self, link: &Link) {
        if self.reading {
            self.reread = true;
            return;
        }
        self.reading = true;
        let (mut conn, keys) = (self.conn.clone(), link.keys.clone());
        let sent = link.unsettled.iter().filter(|waiting| waiting.first.is_some());
        let sent: Vec<OpId> = sent.map(|waiting| waiting.change.op.clone()).collect();
        self.work.push(Box::pin(async move { Done::Cart(cart::read(&mut conn, &keys, &sent).await) }));
    }

    fn read_products(&mut self, ids: Vec<ProductId>) {
        let products = self.products.clone();
        self.work.push(Box::pin(async move {
            Done::Products(match products.conn().await {
                Ok(conn) => read_products(&conn, &ids).await,
                Err(trouble) => Err(trouble),
            })
        }));
    }

    /// Feels for the link, the version and the watchers; every other time it says that we
    /// are here, which is written to the server's disk.
    fn beat(&mut self, link: &Link) {
        let tells = link.me.is_some() && self.beats.is_multiple_of(2);
        let presence = if tells { Presence::Here } else { Presence::Silent };
        self.beats += 1;
        let (mut conn, keys) = (self.conn.clone(), link.keys.clone());
        let me = link.me.clone().unwrap_or_default();
        self.work
            .push(Box::pin(async move { Done::Beat(cart::watch(&mut conn, &keys, &me, presence).await) }));
    }

    /// Tells who watches, where that is new.
    async fn see(&mut self, link: &Link, watchers: Vec<Watcher>) -> Result<(), Over> {
        if watchers == self.watchers {
            return Ok(());
        }
        self.watchers.clone_from(&watchers);
        tell(link, Event::Watchers(watchers)).await
    }

    fn read_activity(&mut self, link: &Link) {
        let (mut conn, keys) = (self.conn.clone(), link.keys.clone());
        self.work.push(Box::pin(async move { Done::Activity(cart::activity(&mut conn, &keys).await) }));
    }
}

async fn tell(link: &Link, event: Event) -> Result<(), Over> {
    link.events.send(event).await.map_err(|_| None)
}
