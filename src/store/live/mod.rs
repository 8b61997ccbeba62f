//! One supervised connection that keeps a cart live.
//!
//! It subscribes first, then reads the cart, then passes on updates: nothing between is missed.
//! Whatever casts doubt on that (a full queue, a message of another client, a heartbeat that finds
//! another cart) has the cart read again. Changes wait here in order until they are
//! settled, and are sent again with the same op id after a break.

mod mirror;
mod orders;
mod products;
mod reading;
mod sending;
mod session;

pub use orders::{OrderEvent, OrderRequest};

use crate::model::{Cart, Change, Deadline, OpId, Product, ProductId, Update, UserName};
use crate::store::cart::beat::Watcher;
use crate::store::cart::sending::FirstSent;
use crate::store::catalog::decode::CatalogNews;
use crate::store::connection::Conn;
use crate::store::connection::address::Address;
use crate::store::connection::discovery::Locator;
use crate::store::connection::retry::growing_pauses;
use crate::store::error::{Error, Trouble};
use crate::store::keys::CartKeys;
use crate::store::order::Driver;
use crate::store::policy::Policy;
use session::{HEARTBEAT_INTERVAL, Session, SessionEnd};
use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{OnceCell, mpsc};

/// A request to the live link.
#[derive(Debug)]
pub enum LiveRequest {
    /// Apply a change exactly once. It waits while the link is down.
    Change(Change),
    /// Read the cart again.
    Reread,
    /// Read these products.
    Products(Vec<ProductId>),
    /// A request about orders.
    Order(OrderRequest),
}

/// News from the live link.
#[derive(Debug)]
pub enum LiveEvent {
    /// The link is down, or an attempt to bring it up failed; another follows by itself.
    Down(Trouble),
    /// The cart may have changed unseen; a [`LiveEvent::Cart`] follows once the server answers.
    Stale,
    /// The cart that comes next contains these of the changes asked for here.
    Applied(Vec<OpId>),
    /// The cart as it is now; after a [`LiveEvent::Down`] this means that the link is up.
    Cart(Cart),
    /// The cart is as it was told but for the time left.
    Deadline(Deadline),
    /// The cart could not be read though the link is up: wrong type, no permission.
    Unreadable(Trouble),
    /// A change, by anybody.
    Update(Update),
    /// A change asked for here waits until this trouble with another server is over.
    Waits(Trouble),
    /// A change asked for here is applied or refused.
    Settled(OpId, Result<Update, Error>),
    /// Products that were asked for.
    Products(Vec<(ProductId, Option<Product>)>),
    /// The way to the server is slow from now on, or is not any more.
    Slow(bool),
    /// Products in the catalog changed.
    Catalog(CatalogNews),
    /// The terminals that watch the cart now.
    Watchers(Vec<Watcher>),
    /// The newest updates of the cart, oldest first.
    Activity(Vec<Update>),
    /// News of orders.
    Order(OrderEvent),
}

/// Runs the link until nobody listens or asks any more. `id` tells this program's presence
/// from others of the same name; without one it looks on unseen.
pub async fn run(
    address: Address,
    user: UserName,
    policy: Policy,
    id: Option<String>,
    requests: mpsc::Receiver<LiveRequest>,
    events: mpsc::Sender<LiveEvent>,
) {
    let mut supervisor = Supervisor {
        locator: Locator::new(address),
        products: Arc::default(),
        keys: Arc::new(CartKeys::of(&user)),
        user: user.into(),
        watcher_name: id.map(|id| format!("{id} {}", policy.by).into()),
        policy: Arc::new(policy),
        requests,
        events,
        unsettled: VecDeque::new(),
        order_drivers: VecDeque::new(),
        held_events: VecDeque::new(),
    };
    let mut pauses = growing_pauses();

    // Ends only when the channels close.
    while let Some(opened) = supervisor.open().await {
        let trouble = match opened {
            Ok(session) => {
                pauses = growing_pauses();
                tracing::info!(cart = supervisor.user.as_str(), "link up");
                match session.serve(&mut supervisor).await {
                    SessionEnd::Broken(trouble) => trouble,
                    SessionEnd::Closed => return,
                }
            }
            Err(trouble) => trouble,
        };

        tracing::info!(
            cart = supervisor.user.as_str(),
            reason = trouble.code(),
            "link down"
        );
        supervisor.locator.note_trouble(&trouble);
        if supervisor.tell(LiveEvent::Down(trouble)).await.is_err() {
            return;
        }

        let pause = pauses.next().unwrap_or(HEARTBEAT_INTERVAL);
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
struct PendingChange {
    change: Change,
    /// When the change was first sent, if it was.
    first_sent: Option<FirstSent>,
    progress: Progress,
    /// When it first had to wait for a server other than the cart's.
    held_up_since: Option<Instant>,
    /// The trouble with that server.
    held_up_by: Option<Trouble>,
}

/// The progress of a change over the present connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// It is to be sent.
    Due,
    /// It is being checked, or was sent.
    InFlight,
    /// It waits for a server other than the cart's, and is tried again.
    HeldUp,
}

impl PendingChange {
    fn new(change: Change) -> PendingChange {
        PendingChange {
            change,
            first_sent: None,
            progress: Progress::Due,
            held_up_since: None,
            held_up_by: None,
        }
    }
}

/// The part of the link that outlives a connection: where the server is, and what was asked for
/// and is not done yet.
struct Supervisor {
    locator: Locator,
    /// On a cluster, the connection to the products; it mends itself.
    products: Arc<OnceCell<Conn>>,
    user: Arc<UserName>,
    keys: Arc<CartKeys>,
    policy: Arc<Policy>,
    /// Our entry in the list of watchers; `None` where we look on unseen.
    watcher_name: Option<Arc<str>>,
    requests: mpsc::Receiver<LiveRequest>,
    events: mpsc::Sender<LiveEvent>,
    /// Changes in the order in which they were asked for.
    unsettled: VecDeque<PendingChange>,
    /// Orders on their way, one after the other: after a break they go on.
    order_drivers: VecDeque<Driver>,
    /// Events that came while the cart was read. They are told after the cart, even if only the
    /// next connection reads it, or nobody would hear that a change is settled.
    held_events: VecDeque<LiveEvent>,
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
                    LiveRequest::Change(change) => {
                        self.unsettled.push_back(PendingChange::new(change));
                    }
                    // Everything is read when the link comes up.
                    LiveRequest::Reread | LiveRequest::Products(_) => {}
                    LiveRequest::Order(request) => self.keep_order(request),
                },
            }
        }
    }

    /// Opens a session; `None` when nobody asks any more.
    async fn open(&mut self) -> Option<Result<Session, Trouble>> {
        let mut locator = self.locator.clone();
        let keys = self.keys.clone();
        let products = self.products.clone();
        let opening = async move {
            let opened = Session::open(&mut locator, &keys, products).await;
            (locator, opened)
        };

        let (locator, opened) = self.meanwhile(opening).await?;
        self.locator = locator;
        Some(opened)
    }

    /// Tells an event to whoever listens.
    async fn tell(&self, event: LiveEvent) -> Result<(), SessionEnd> {
        let told = self.events.send(event).await;
        told.map_err(|_| SessionEnd::Closed)
    }
}
