//! One supervised connection that keeps a cart live.
//!
//! Subscribe first, then read the cart, then pass on updates: nothing between is missed.
//! Whatever casts doubt on that (a full queue, a message of another client, a version that
//! the heartbeat finds ahead) reads the cart again. Changes wait here in order until they
//! are settled, and are sent again with the same op id after a break.

pub(crate) mod orders;
pub(crate) mod reading;
pub(crate) mod sending;
pub(crate) mod session;

use crate::model::{Cart, Change, OpId, Product, ProductId, Update, UserName};
use crate::store::cart::decode::{CatalogNews, Watcher};
use crate::store::connection::Conn;
use crate::store::connection::address::Address;
use crate::store::connection::discovery::Locator;
use crate::store::connection::retry::growing_pauses;
use crate::store::error::{Error, Trouble};
use crate::store::keys::CartKeys;
use crate::store::order::{Driver, OrderEvent, OrderRequest};
use crate::store::policy::Policy;
use session::{BEAT, Session, SessionEnd};
use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{OnceCell, mpsc};

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
    Order(OrderRequest),
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
    Order(OrderEvent),
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
    let mut supervisor = Supervisor {
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
    let mut pauses = growing_pauses();
    // Ends only when the channels close.
    while let Some(opened) = supervisor.open().await {
        let trouble = match opened {
            Ok(session) => {
                pauses = growing_pauses();
                tracing::info!(cart = supervisor.user.as_str(), "link up");
                match session.serve(&mut supervisor).await {
                    Some(trouble) => trouble,
                    None => return,
                }
            }
            Err(trouble) => trouble,
        };
        tracing::info!(
            cart = supervisor.user.as_str(),
            reason = trouble.code(),
            "link down"
        );
        supervisor.locator.note_redirect(&trouble);
        if supervisor.events.send(Event::Down(trouble)).await.is_err() {
            return;
        }
        let pause = pauses.next().unwrap_or(BEAT);
        if supervisor
            .meanwhile(tokio::time::sleep(pause))
            .await
            .is_none()
        {
            return;
        }
    }
}

/// A change that is neither applied nor refused yet.
pub(crate) struct PendingChange {
    change: Change,
    /// The version known and the time when it was first sent.
    first: Option<(u64, Instant)>,
    /// Whether it was sent over this connection.
    in_flight: bool,
}

impl PendingChange {
    fn new(change: Change) -> PendingChange {
        PendingChange {
            change,
            first: None,
            in_flight: false,
        }
    }
}

pub(crate) struct Supervisor {
    locator: Locator,
    /// On a cluster, the way to the products; it mends itself.
    products: Arc<OnceCell<Conn>>,
    user: Arc<UserName>,
    keys: Arc<CartKeys>,
    policy: Arc<Policy>,
    me: Option<Arc<str>>,
    requests: mpsc::Receiver<Request>,
    events: mpsc::Sender<Event>,
    unsettled: VecDeque<PendingChange>,
    /// Orders on their way, one after the other: after a break they go on.
    ordering: VecDeque<Driver>,
    /// What came while the cart was read: it is told after the cart, be it the next
    /// connection's, or nobody would hear that a change is settled.
    held: VecDeque<Event>,
}

impl Supervisor {
    /// Waits for `work` and takes requests meanwhile; `None` when nobody asks any more.
    async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Some(done),
                request = self.requests.recv() => match request? {
                    Request::Change(change) => self.unsettled.push_back(PendingChange::new(change)),
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

async fn tell(supervisor: &Supervisor, event: Event) -> Result<(), SessionEnd> {
    supervisor.events.send(event).await.map_err(|_| None)
}
