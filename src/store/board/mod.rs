//! One supervised connection that keeps a board live: all open orders of the shop, as tickets.
//!
//! It subscribes first, then reads all open orders, then each that changes. Every change of an order
//! is counted in its own step, and told with that count: a message with the next count has its order
//! read. Anything else casts doubt on what was told, and everything is read again: another count, a
//! message of another client, a full queue, or a heartbeat that finds another count. So it does where
//! more or fewer orders are listed as open than was told: then the newest orders are looked through
//! first, and those listed that are open.
//!
//! Requests wait in order. One that was sent when the link broke is asked again over the next one:
//! the server knows who has made a step, so it is made once. Those behind it are refused.

mod reading;
mod session;

use crate::model::{OrderId, OrderState, ProductId, Ticket};
use crate::store::catalog::Shop;
use crate::store::catalog::decode::CatalogNews;
use crate::store::connection::address::Address;
use crate::store::connection::discovery::Locator;
use crate::store::connection::retry::growing_pauses;
use crate::store::error::{Error, Trouble};
use crate::store::policy::Policy;
use crate::store::pulse::Pace;
use session::{Session, SessionEnd};
use std::collections::VecDeque;
use std::pin::pin;
use std::time::Duration;
use tokio::sync::mpsc;

/// The pause before connecting again where no other is set.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
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
    /// The server answers as fast as this from now on.
    Pace(Pace),
    /// All open orders, oldest first: the link is up, and this is how things are.
    Tickets {
        /// The tickets, at most [`MOST_TICKETS`].
        tickets: Vec<Ticket>,
        /// The shop's settings as they were read last, if they ever were.
        shop: Option<Shop>,
        /// The server's clock, in Unix milliseconds.
        server_now: u64,
        /// The open orders beyond the bound, which are left out.
        more: usize,
        /// The open orders whose records can't be read, which are left out, too.
        unread: usize,
    },
    /// A ticket that came or changed, by anybody; it may be over now.
    Ticket(Box<Ticket>),
    /// An order that is no longer stored.
    Gone(OrderId),
    /// Somebody has changed products, or the shop's settings.
    Catalog(CatalogNews),
    /// A request is answered: with the ticket as it is afterwards, or why not.
    Answered {
        /// The request.
        request: BoardRequest,
        /// The result of the request.
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
    pub(crate) fn try_next(&mut self) -> Option<BoardEvent> {
        self.events.try_recv().ok()
    }
}

/// Opens a live link to the open orders of the shop at `address`, for whoever makes steps by
/// `policy`. Runs on the present tokio runtime until the link is dropped.
#[must_use]
pub fn open(address: Address, policy: Policy) -> BoardLink {
    let (requests, incoming) = mpsc::unbounded_channel();
    let (sender, events) = mpsc::channel(EVENTS);
    tokio::spawn(run(Supervisor {
        opening: Opening {
            locator: Locator::new(address),
            policy,
        },
        requests: incoming,
        events: sender,
        waiting: VecDeque::new(),
        is_front_sent: false,
        down: None,
    }));
    BoardLink { requests, events }
}

/// The address and the policy with which to connect.
#[derive(Clone)]
struct Opening {
    locator: Locator,
    policy: Policy,
}

/// The part of the link that outlives a connection.
struct Supervisor {
    opening: Opening,
    requests: mpsc::UnboundedReceiver<BoardRequest>,
    events: mpsc::Sender<BoardEvent>,
    /// The requests that are not answered yet, in the order in which they were made.
    waiting: VecDeque<BoardRequest>,
    /// The first of them was sent, and may have been done.
    is_front_sent: bool,
    /// The trouble that brought the link down last; `None` before the first.
    down: Option<Trouble>,
}

/// Runs a link until it is dropped.
async fn run(mut supervisor: Supervisor) {
    let mut pauses = growing_pauses();
    loop {
        let mut opening = supervisor.opening.clone();
        let opened = async move {
            let opened = Session::open(&mut opening).await;
            (opening, opened)
        };
        let Ok((opening, opened)) = supervisor.meanwhile(opened).await else {
            return;
        };
        supervisor.opening = opening;

        let trouble = match opened {
            Ok(mut session) => {
                let end = session.serve(&mut supervisor).await;
                if session.is_ready {
                    pauses = growing_pauses();
                }
                match end {
                    SessionEnd::Broken(trouble) => trouble,
                    SessionEnd::Closed => return,
                }
            }
            Err(trouble) => trouble,
        };

        tracing::info!(reason = trouble.code(), "board down");
        supervisor.opening.locator.note_trouble(&trouble);
        if supervisor.go_down(trouble).await.is_err() {
            return;
        }
        let pause = tokio::time::sleep(pauses.next().unwrap_or(LONGEST_PAUSE));
        if supervisor.meanwhile(pause).await.is_err() {
            return;
        }
    }
}

impl Supervisor {
    /// Waits for `work` and takes requests meanwhile.
    async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> Result<T, SessionEnd> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                request = self.requests.recv() => {
                    let request = request.ok_or(SessionEnd::Closed)?;
                    self.on_request_while_down(request).await?;
                }
            }
        }
    }

    async fn on_request_while_down(&mut self, request: BoardRequest) -> Result<(), SessionEnd> {
        match (request, self.down.clone()) {
            // Everything is read when the link comes up.
            (BoardRequest::Reread, _) => Ok(()),
            (request, Some(trouble)) => self.refuse(request, trouble).await,
            (request, None) => {
                self.waiting.push_back(request);
                Ok(())
            }
        }
    }

    /// Tells that the link is down, and refuses what was not sent.
    async fn go_down(&mut self, trouble: Trouble) -> Result<(), SessionEnd> {
        self.down = Some(trouble.clone());
        self.tell(BoardEvent::Down(trouble.clone())).await?;

        let unsent = self.waiting.split_off(usize::from(self.is_front_sent));
        for request in unsent {
            self.refuse(request, trouble.clone()).await?;
        }
        Ok(())
    }

    async fn refuse(&self, request: BoardRequest, trouble: Trouble) -> Result<(), SessionEnd> {
        let outcome = Err(trouble.into());
        self.tell(BoardEvent::Answered { request, outcome }).await
    }

    /// Tells an event, as soon as there is room for it.
    async fn tell(&self, event: BoardEvent) -> Result<(), SessionEnd> {
        let told = self.events.send(event).await;
        told.map_err(|_| SessionEnd::Closed)
    }
}
