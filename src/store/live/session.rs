//! The link while one connection lasts: what comes, and what is waited for.

use super::{Event, PendingChange, Request, Supervisor, sending, tell};
use crate::model::{Cart, OpId, Product, ProductId, Update};
use crate::store::cart;
use crate::store::cart::Presence;
use crate::store::cart::decode;
use crate::store::cart::decode::{CatalogNews, Watcher};
use crate::store::connection::Conn;
use crate::store::connection::discovery::Locator;
use crate::store::error::{Error, Trouble};
use crate::store::keys::{CATALOG_UPDATES, CartKeys};
use crate::store::order::{Driver, OrderEvent, Outcome};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use redis::aio::MultiplexedConnection;
use redis::{PushInfo, PushKind, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{OnceCell, mpsc};

/// Messages that wait to be read; when more come, the cart is read again instead.
const PUSHES: usize = 1024;
/// How often the link is felt for.
pub(crate) const BEAT: Duration = Duration::from_secs(2);
/// Beats without an answer that make a link dead.
const MISSES: u32 = 2;
/// How long saying good-bye may take.
const LEAVE: Duration = Duration::from_millis(300);

/// What has been waited for.
pub(crate) enum Completed {
    /// These changes may be sent: the products that they add and that are none.
    Checked(Vec<OpId>, Result<Vec<ProductId>, Trouble>),
    Sent(OpId, Result<Update, Error>),
    /// The replicas that have the changes before the place.
    ReplicaWait(usize, Result<i64, Trouble>),
    /// The cart, and which of our unsettled changes it has.
    Cart(Result<(Cart, Vec<OpId>), Trouble>),
    Beat(Result<(u64, Vec<Watcher>), Trouble>),
    Activity(Result<Vec<Update>, Trouble>),
    Products(Result<Vec<(ProductId, Option<Product>)>, Trouble>),
    /// Another server is the master now.
    Superseded,
    Order(Result<Option<OrderEvent>, Trouble>),
    Driven(Box<Driver>, Result<Outcome, Error>),
}

/// The link while one connection lasts.
pub(crate) struct Session {
    pub(crate) conn: MultiplexedConnection,
    pub(crate) products: sending::ProductRoute,
    /// Changes that wait until the products that they add have been asked for, on another
    /// node; those behind them wait, too, so that all are sent in order.
    pub(crate) unchecked: Vec<OpId>,
    pub(crate) checking: bool,
    /// Changes that are applied, until as many replicas have them as are wanted.
    pub(crate) uncopied: Vec<(OpId, Update)>,
    pub(crate) copying: bool,
    /// Whether the order on its way waits for replicas.
    pub(crate) waits: bool,
    pub(crate) pushes: mpsc::Receiver<PushInfo>,
    pub(crate) lagged: Arc<AtomicBool>,
    pub(crate) work: FuturesUnordered<BoxFuture<'static, Completed>>,
    /// The newest version seen.
    pub(crate) version: u64,
    /// Whether the cart is being read, and whether to read it once more after that.
    pub(crate) reading: bool,
    pub(crate) reread: bool,
    /// Whether the cart has a budget.
    pub(crate) budgeted: bool,
    pub(crate) misses: u32,
    pub(crate) beats: u64,
    pub(crate) watchers: Vec<Watcher>,
}

/// The session is over: the trouble that ended it, or `None` where nobody listens any more.
pub(crate) type SessionEnd = Option<Trouble>;

impl Session {
    pub(crate) async fn open(
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
        tokio::try_join!(listening, cart::prepare(&scripts)).map_err(Trouble::for_shopping)?;
        let products = if locator.is_cluster() {
            sending::ProductRoute::Spread(locator.clone(), products)
        } else {
            sending::ProductRoute::Here(conn.clone())
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

    pub(crate) async fn serve(mut self, supervisor: &mut Supervisor) -> Option<Trouble> {
        match self.attend(supervisor).await {
            Ok(never) => match never {},
            Err(None) => {
                // So that the others see at once that we left.
                if let Some(me) = &supervisor.me {
                    let leaving =
                        cart::watch(&mut self.conn, &supervisor.keys, me, Presence::Leaves);
                    let _ = tokio::time::timeout(LEAVE, leaving).await;
                }
                None
            }
            Err(trouble) => trouble,
        }
    }

    async fn attend(
        &mut self,
        supervisor: &mut Supervisor,
    ) -> Result<std::convert::Infallible, SessionEnd> {
        self.beat(supervisor);
        self.read_cart(supervisor);
        let locator = supervisor.locator.clone();
        self.work.push(Box::pin(async move {
            locator.superseded().await;
            Completed::Superseded
        }));
        let mut beats = tokio::time::interval_at(tokio::time::Instant::now() + BEAT, BEAT);
        beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut greeted = false;
        loop {
            tokio::select! {
                biased;
                push = self.pushes.recv() => match push {
                    Some(push) => self.on_push(supervisor, push).await?,
                    None => return Err(Some(Trouble::Lost)),
                },
                Some(done) = self.work.next() => {
                    let first_cart = matches!(done, Completed::Cart(Ok(_))) && !greeted;
                    self.on_done(supervisor, done).await?;
                    if first_cart {
                        greeted = true;
                        supervisor.unsettled.iter_mut().for_each(|waiting| waiting.in_flight = false);
                        self.send_due(supervisor);
                        self.drive(supervisor);
                    }
                }
                request = supervisor.requests.recv() => match request {
                    None => return Err(None),
                    Some(Request::Change(change)) => {
                        supervisor.unsettled.push_back(PendingChange::new(change));
                        if greeted {
                            self.send_due(supervisor);
                        }
                    }
                    Some(Request::Reread) => self.read_cart(supervisor),
                    Some(Request::Products(ids)) => self.read_products(ids),
                    Some(Request::Order(ask)) => self.on_order(supervisor, ask, greeted),
                },
                _ = beats.tick() => self.beat(supervisor),
            }
            if self.pushes.is_empty() && self.lagged.swap(false, Ordering::Relaxed) {
                tell(supervisor, Event::Stale).await?;
                self.read_cart(supervisor);
            }
        }
    }

    async fn on_push(
        &mut self,
        supervisor: &mut Supervisor,
        push: PushInfo,
    ) -> Result<(), SessionEnd> {
        match push.kind {
            PushKind::Disconnection => return Err(Some(Trouble::Lost)),
            PushKind::Message => {}
            _ => return Ok(()),
        }
        let [Value::BulkString(channel), Value::BulkString(message)] = &push.data[..] else {
            return Ok(());
        };
        if channel == CATALOG_UPDATES.as_bytes() {
            return tell(supervisor, Event::Catalog(decode::catalog_news(message))).await;
        }
        if let Some(update) = decode::update(message) {
            return self.tell_in_order(supervisor, Event::Update(update)).await;
        }
        if let Some((id, state)) = decode::order_news(message) {
            return tell(supervisor, Event::Order(OrderEvent::State(id, state))).await;
        }
        if let Some(watchers) = decode::watchers(message) {
            return self.see(supervisor, watchers).await;
        }
        // Another client wrote: it may have changed products, too.
        tell(supervisor, Event::Stale).await?;
        tell(supervisor, Event::Catalog(CatalogNews::Everything)).await?;
        self.read_cart(supervisor);
        Ok(())
    }

    async fn on_done(
        &mut self,
        supervisor: &mut Supervisor,
        done: Completed,
    ) -> Result<(), SessionEnd> {
        match done {
            Completed::Checked(ops, missing) => self.on_checked(supervisor, ops, missing).await,
            Completed::ReplicaWait(count, replicas) => {
                self.on_copied(supervisor, count, replicas).await
            }
            Completed::Sent(op, outcome) => self.on_sent(supervisor, op, outcome).await,
            Completed::Cart(outcome) => self.on_cart(supervisor, outcome).await,
            Completed::Superseded => Err(Some(Trouble::Changing)),
            Completed::Products(Ok(read)) => tell(supervisor, Event::Products(read)).await,
            Completed::Activity(Ok(updates)) => tell(supervisor, Event::Activity(updates)).await,
            Completed::Order(Ok(Some(answer))) => tell(supervisor, Event::Order(answer)).await,
            Completed::Order(Ok(None)) => Ok(()),
            Completed::Order(Err(trouble)) if trouble.is_transient() => Err(Some(trouble)),
            Completed::Order(Err(trouble)) => {
                tell(supervisor, Event::Order(OrderEvent::Failed(trouble))).await
            }
            Completed::Driven(driver, outcome) => {
                self.on_driven(supervisor, *driver, outcome).await
            }
            // These only help; a broken link shows elsewhere.
            Completed::Products(Err(_)) | Completed::Activity(Err(_)) => Ok(()),
            Completed::Beat(Err(Trouble::Timeout)) => {
                self.misses += 1;
                if self.misses >= MISSES {
                    Err(Some(Trouble::Timeout))
                } else {
                    Ok(())
                }
            }
            Completed::Beat(Err(trouble)) if supervisor.locator.is_transient(&trouble) => {
                Err(Some(trouble))
            }
            Completed::Beat(Err(_)) => Ok(()),
            Completed::Beat(Ok((version, watchers))) => {
                self.misses = 0;
                if version != self.version && !self.reading && self.pushes.is_empty() {
                    tell(supervisor, Event::Stale).await?;
                    self.read_cart(supervisor);
                }
                self.see(supervisor, watchers).await
            }
        }
    }
}
