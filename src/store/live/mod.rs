//! One supervised connection that keeps a cart live, for all who share it.
//!
//! It subscribes first, then reads the cart, then passes on updates: nothing between is missed.
//! Whatever casts doubt on that (a full queue, a message of another client, a heartbeat that finds
//! another cart) has the cart read again. Changes wait here in order until they are
//! settled, and are sent again with the same op id after a break.

mod calls;
mod mirror;
mod orders;
pub(in crate::store) mod products;
mod reading;
mod rules;
mod sending;
mod session;
mod visitors;

pub(crate) use orders::NEWEST_LISTED;
pub use orders::{OrderEvent, OrderQuestion, OrderRequest};
pub use visitors::{Link, Subscription};

use crate::model::{
    Cart, Change, Deadline, OpId, Product, ProductId, RuleChange, Update, UserName,
};
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
use crate::store::pulse::Pace;
use rules::SentRules;
use session::{HEARTBEAT_INTERVAL, Session, SessionEnd};
use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{OnceCell, mpsc};
use visitors::{Audience, Call, Visitor, VisitorId, Visitors};

/// A request to the live link.
#[derive(Debug)]
pub enum LiveRequest {
    /// Apply a change exactly once. It waits while the link is down.
    Change(Change),
    /// Set rules of the cart, now or not at all; a [`LiveEvent::RulesSet`] answers.
    Rules(Vec<RuleChange>),
    /// Read the cart again.
    Reread,
    /// Read these products.
    Products(Vec<ProductId>),
    /// Read orders.
    Orders(OrderQuestion),
    /// Do something with orders.
    Order(OrderRequest),
}

/// News from the live link.
#[derive(Debug, Clone)]
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
    /// The rules that were asked for here are set, as the cart has it that was told before this; or
    /// they are refused. Where the link breaks once the server has set them, this comes before the
    /// cart that has them.
    RulesSet(Result<(), Error>),
    /// Products that were asked for, or that somebody changed.
    Products(Vec<(ProductId, Option<Product>)>),
    /// The server answers as fast as this from now on.
    Pace(Pace),
    /// Products in the catalog changed. Where they are named, [`LiveEvent::Products`] follows.
    Catalog(CatalogNews),
    /// The terminals that watch the cart now.
    Watchers(Vec<Watcher>),
    /// The newest updates of the cart, oldest first.
    Activity(Vec<Update>),
    /// News of orders.
    Order(OrderEvent),
}

/// Opens a link to the cart of `user`, and joins it; others may join it, too. Its changes are made
/// by `policy`. `id` tells the presence from others of the same name; without one the visitor looks
/// on unseen. Runs on the present tokio runtime until the last visitor has left.
#[must_use]
pub fn open(
    address: Address,
    user: &UserName,
    policy: Policy,
    id: Option<&str>,
) -> (Link, Subscription) {
    let (calls, incoming) = mpsc::unbounded_channel();
    let link = Link::new(&calls);
    tokio::spawn(run(address, user.clone(), incoming));
    (link, Subscription::new(calls, policy, id))
}

/// Runs a link until its last visitor has left.
async fn run(address: Address, user: UserName, calls: mpsc::UnboundedReceiver<Call>) {
    let mut supervisor = Supervisor {
        locator: Locator::new(address),
        products: Arc::default(),
        keys: Arc::new(CartKeys::of(&user)),
        user: user.into(),
        visitors: Visitors::default(),
        calls,
        down: None,
        unsettled: VecDeque::new(),
        rules_on_their_way: Vec::new(),
        order_drivers: VecDeque::new(),
        held_events: VecDeque::new(),
    };
    let mut pauses = growing_pauses();

    // Ends only when nobody can call any more. What opening takes is in a box of its own, or a link
    // would keep room for it as long as it is up: 11 kB.
    while let Some(opened) = Box::pin(supervisor.open()).await {
        let trouble = match opened {
            Ok(session) => {
                pauses = growing_pauses();
                tracing::info!(cart = supervisor.user.as_str(), "link up");
                match session.serve(&mut supervisor).await {
                    SessionEnd::Broken(trouble) => {
                        supervisor.lose_rules(&trouble);
                        trouble
                    }
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
        supervisor.down = Some(trouble.clone());
        supervisor.tell(LiveEvent::Down(trouble));

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
    /// The visitor who asked for it.
    visitor: Arc<Visitor>,
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
    fn new(change: Change, visitor: Arc<Visitor>) -> PendingChange {
        PendingChange {
            change,
            visitor,
            first_sent: None,
            progress: Progress::Due,
            held_up_since: None,
            held_up_by: None,
        }
    }
}

/// A change with an outcome that counts only once as many replicas have it as are wanted.
pub(super) struct Unreplicated {
    op: OpId,
    outcome: Result<Update, Error>,
    replicas: u32,
}

/// The part of the link that outlives a connection: where the server is, and what was asked for
/// and is not done yet.
struct Supervisor {
    locator: Locator,
    /// On a cluster, the connection to the products; it mends itself.
    products: Arc<OnceCell<Conn>>,
    user: Arc<UserName>,
    keys: Arc<CartKeys>,
    visitors: Visitors,
    calls: mpsc::UnboundedReceiver<Call>,
    /// The trouble that brought the link down last; `None` before the first. It matters only while
    /// the link is down.
    down: Option<Trouble>,
    /// Changes in the order in which they were asked for.
    unsettled: VecDeque<PendingChange>,
    /// Rules that were sent over the present connection, of which nobody has heard yet.
    rules_on_their_way: Vec<SentRules>,
    /// Orders on their way, one after the other: after a break they go on.
    order_drivers: VecDeque<OrderOnItsWay>,
    /// Events that came while the cart was read. They are told after the cart, even if only the
    /// next connection reads it, or nobody would hear that a change is settled.
    held_events: VecDeque<(Audience, LiveEvent)>,
}

/// An order on its way, and who asked for it.
struct OrderOnItsWay {
    driver: Driver,
    visitor: VisitorId,
}

impl Supervisor {
    /// Waits for `work` and takes calls meanwhile; `None` when nobody can call any more.
    async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);

        loop {
            tokio::select! {
                biased;
                done = &mut work => return Some(done),
                call = self.calls.recv() => self.on_call_while_down(call?),
            }
        }
    }

    fn on_call_while_down(&mut self, call: Call) {
        match call {
            Call::Join(visitor, events) => {
                let id = visitor.id;
                self.visitors.join(visitor, events);
                self.tell_down(id);
            }
            Call::CatchUp(visitor) => {
                self.visitors.catch_up(visitor);
                self.tell_down(visitor);
            }
            // Nobody can be told now, so nobody waits for it.
            Call::Leave(visitor, _) => self.visitors.leave(visitor, None),

            Call::Request(asker, LiveRequest::Change(change)) => self.keep_change(asker, change),
            Call::Request(asker, LiveRequest::Rules(_)) => self.refuse_rules(asker),
            // Everything is read when the link comes up.
            Call::Request(
                _,
                LiveRequest::Reread | LiveRequest::Products(_) | LiveRequest::Orders(_),
            ) => {}
            Call::Request(asker, LiveRequest::Order(request)) => self.keep_order(asker, request),
        }
    }

    /// Keeps a change until it is settled.
    fn keep_change(&mut self, asker: VisitorId, change: Change) {
        if let Some(visitor) = self.visitors.get(asker) {
            self.unsettled
                .push_back(PendingChange::new(change, visitor));
        }
    }

    /// Tells one visitor that the link is down, where it is.
    fn tell_down(&mut self, visitor: VisitorId) {
        if let Some(trouble) = self.down.clone() {
            self.tell_one(visitor, LiveEvent::Down(trouble));
        }
    }

    /// Opens a session; `None` when nobody can call any more.
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

    /// Tells an event to everybody.
    fn tell(&mut self, event: LiveEvent) {
        self.visitors.tell(Audience::All, event);
    }

    /// Tells an event to one visitor.
    fn tell_one(&mut self, visitor: VisitorId, event: LiveEvent) {
        self.visitors.tell(Audience::One(visitor), event);
    }
}
