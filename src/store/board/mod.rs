//! One supervised connection that keeps a board live: all open orders of the shop, as tickets.

use crate::model::{OrderId, OrderState, ProductId, Ticket};
use crate::store::catalog::Shop;
use crate::store::connection::address::Address;
use crate::store::error::{Error, Trouble};
use crate::store::policy::Policy;
use tokio::sync::mpsc;

/// The events that wait for the board. While there is no room for more, the link waits.
const EVENTS: usize = 256;

/// A request to the link of a board. [`BoardEvent::Answered`] answers all but
/// [`BoardRequest::Reread`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BoardRequest {
    /// Moves an order on, or cancels it, only where it is in the state `from`.
    Step {
        /// The order.
        id: OrderId,
        /// Its state as it was seen.
        from: OrderState,
        /// The state asked for.
        to: OrderState,
    },
    /// Takes one's own last step back, only where the order is in the state `from`.
    Undo {
        /// The order.
        id: OrderId,
        /// Its state as it was seen.
        from: OrderState,
    },
    /// Ticks a line of an order, or takes the tick away.
    Tick {
        /// The order.
        id: OrderId,
        /// The product of the line.
        product: ProductId,
        /// It is ticked from now on; else it is not.
        ticked: bool,
    },
    /// Reads all open orders again.
    Reread,
}

/// News from the link of a board.
#[derive(Debug, Clone)]
pub enum BoardEvent {
    /// The link is down, or an attempt to bring it up failed; another follows by itself.
    Down(Trouble),
    /// Something may have been missed; a [`BoardEvent::Tickets`] follows once the server answers.
    Stale,
    /// All open orders, oldest first: the link is up, and this is how things are.
    Tickets {
        /// The tickets, at most [`MOST_TICKETS`].
        tickets: Vec<Ticket>,
        /// The shop's settings.
        shop: Shop,
        /// The server's clock, in Unix milliseconds.
        server_now: u64,
        /// The open orders beyond the bound, which are left out.
        more: usize,
    },
    /// A ticket that came or changed, by anybody; it may be over now.
    Ticket(Box<Ticket>),
    /// An order that is no longer stored.
    Gone(OrderId),
    /// A request is answered: with the ticket as it is afterwards, or why not.
    Answered {
        /// The request.
        request: BoardRequest,
        /// What became of it.
        outcome: Result<Box<Ticket>, Error>,
    },
}

/// The most tickets on a board: the oldest.
pub const MOST_TICKETS: usize = 1_000;

/// A live link to all open orders. It ends when this is dropped.
#[derive(Debug)]
pub struct BoardLink {
    requests: mpsc::UnboundedSender<BoardRequest>,
    events: mpsc::Receiver<BoardEvent>,
}

impl BoardLink {
    /// Makes a request.
    pub fn request(&self, request: BoardRequest) {
        // It fails only where the link has ended, which the missing events tell.
        let _ = self.requests.send(request);
    }

    /// Waits for the next event; `None` where the link has ended. May be cancelled.
    pub async fn next(&mut self) -> Option<BoardEvent> {
        self.events.recv().await
    }

    /// The next event, where there is one already.
    pub fn try_next(&mut self) -> Option<BoardEvent> {
        self.events.try_recv().ok()
    }
}

/// Opens a live link to the open orders of the shop at `address`, for whoever makes steps by
/// `policy`. Runs on the present tokio runtime until the link is dropped.
#[must_use]
pub fn open(address: Address, policy: Policy) -> BoardLink {
    let (requests, incoming) = mpsc::unbounded_channel();
    let (sender, events) = mpsc::channel(EVENTS);
    tokio::spawn(run(address, policy, incoming, sender));
    BoardLink { requests, events }
}

/// Runs a link until it is dropped.
async fn run(
    _address: Address,
    _policy: Policy,
    _requests: mpsc::UnboundedReceiver<BoardRequest>,
    events: mpsc::Sender<BoardEvent>,
) {
    events.closed().await;
}
