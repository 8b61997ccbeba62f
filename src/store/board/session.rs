//! One connection of a board's link, from its opening to its end: the loop that takes messages,
//! results and requests.

use super::reading::{Board, Look, OpenOrders, Worker, read_open, wind_up};
use super::{BoardEvent, BoardRequest, MOST_TICKETS, Opening, Supervisor};
use crate::model::{OrderId, OrderState, Ticket};
use crate::store::cart::decode;
use crate::store::catalog::decode::{CatalogNews, catalog_news};
use crate::store::clock::{Moment, SLEEP_NOTICED};
use crate::store::connection::pushes::{PUSH_CAPACITY, PushQueue, push_queue};
use crate::store::connection::raw::ServerConn;
use crate::store::error::{Error, Trouble};
use crate::store::keys::{CATALOG_UPDATES, ORDER_UPDATES, ORDERS};
use crate::store::live::products::ProductRoute;
use crate::store::order::document::{VersionedNews, versioned_news};
use crate::store::pulse::{Beaten, Pace, Pulse};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use redis::aio::ConnectionLike;
use redis::{PushInfo, PushKind};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, Interval, MissedTickBehavior};

/// The time between two heartbeats.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(2);
/// The heartbeats without an answer after which a link counts as dead.
const MISSED_HEARTBEATS_LIMIT: u32 = 2;
/// The heartbeats after which the orders are looked through again: for what other clients changed
/// and told nobody, and for orders that their products can forget.
const BEATS_TO_LOOK_AGAIN: u32 = 300;

/// Why a session ended.
pub(super) enum SessionEnd {
    /// Nobody needs the link any more.
    Closed,
    /// The connection failed, or leads to the wrong server: another one is needed.
    Broken(Trouble),
}

/// Something that the worker does. It does one after the other, so that no answer is older than
/// the one before it.
enum Work {
    ReadAll(Look),
    ReadSome(Vec<OrderId>),
    Answer(BoardRequest),
}

/// The result of one background request, delivered back to the session loop.
enum Completed {
    AllRead(Box<Worker>, Result<Board, Trouble>),
    /// These orders were asked for, and these of them are stored.
    SomeRead(Box<Worker>, Vec<OrderId>, Result<Vec<Ticket>, Trouble>),
    Answer(Box<Worker>, Option<Result<Ticket, Error>>),
    /// A heartbeat, sent at that state, was answered, or is overdue.
    Heartbeat(BoardAtBeat, Beaten<OpenOrders>),
    WoundUp(Result<(), Error>),
    /// Another server is the master now.
    Superseded,
}

/// The state of a board when a heartbeat was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct BoardAtBeat {
    version: Option<u64>,
    /// Nothing was being read or written.
    is_idle: bool,
}

/// The link while one connection lasts.
pub(super) struct Session {
    conn: ServerConn,
    products: ProductRoute,
    /// Messages of the server.
    pushes: PushQueue,
    work: FuturesUnordered<BoxFuture<'static, Completed>>,
    /// `None` while it is at work.
    worker: Option<Box<Worker>>,

    /// Set once the tickets were told: only then are requests answered.
    pub(super) is_ready: bool,
    /// Unset while something may have been missed.
    is_current: bool,
    /// Everything is to be read.
    due: Option<Look>,
    /// The messages that came while everything is being read; `None` while it is not.
    held: Option<Vec<Option<VersionedNews>>>,
    /// The orders that are to be read.
    wanted: BTreeSet<OrderId>,

    /// The number of changes of all orders that were told, or will be once [`Session::wanted`] is
    /// read.
    version: Option<u64>,
    /// The number of orders that are listed as open, by what was told.
    listed: usize,
    /// The open orders that were told.
    open: HashSet<OrderId>,

    beats: u32,
    pulse: Pulse,
    /// The last word on how fast the server answers.
    pace: Pace,
    /// Heartbeats without an answer, in a row.
    misses: u32,
    last_beat: Moment,
}

impl Session {
    /// Connects to the server that has the orders, and subscribes to its messages.
    pub(super) async fn open(opening: &mut Opening) -> Result<Session, Trouble> {
        let (queue_push, pushes) = push_queue();
        let locator = &mut opening.locator;
        let mut conn = locator.open(ORDERS, Some(queue_push)).await?;
        // One after the other: a login may have the right to one of the two alone.
        for channel in [ORDER_UPDATES, CATALOG_UPDATES] {
            let subscribed = conn.subscribe(&[channel]).await;
            subscribed.map_err(Trouble::for_orders)?;
        }

        let products = if locator.is_cluster() {
            ProductRoute::Spread(locator.clone(), Arc::default())
        } else {
            ProductRoute::Here(conn.clone())
        };
        let worker = Worker {
            conn: conn.clone(),
            products: products.clone(),
            locator: locator.clone(),
            policy: opening.policy.clone(),
            shop: None,
            categories: HashMap::new(),
        };
        Ok(Session {
            conn,
            products,
            pushes,
            work: FuturesUnordered::new(),
            worker: Some(Box::new(worker)),
            is_ready: false,
            is_current: false,
            due: Some(Look::AtOrders),
            held: None,
            wanted: BTreeSet::new(),
            version: None,
            listed: 0,
            open: HashSet::new(),
            beats: 0,
            pulse: Pulse::default(),
            pace: Pace::Usual,
            misses: 0,
            last_beat: Moment::now(),
        })
    }

    /// Serves until the session ends; returns why.
    pub(super) async fn serve(&mut self, supervisor: &mut Supervisor) -> SessionEnd {
        let locator = supervisor.opening.locator.clone();
        self.start(async move {
            locator.superseded().await;
            Completed::Superseded
        });

        let first_beat = Instant::now() + HEARTBEAT_INTERVAL;
        let mut heartbeats = tokio::time::interval_at(first_beat, HEARTBEAT_INTERVAL);
        heartbeats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.set_to_work(supervisor);
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
            // The server's messages go first: an answer may tell of a change that a message
            // before it brought, and would look as if that message was missed.
            biased;
            push = self.pushes.next() => match push {
                Some(push) => self.on_push(supervisor, &push).await?,
                None => return Err(SessionEnd::Broken(Trouble::Lost)),
            },
            Some(done) = self.work.next() => self.on_completed(supervisor, done).await?,
            request = supervisor.requests.recv() => match request {
                Some(BoardRequest::Reread) => self.read_again(Look::AtOrders),
                Some(request) => supervisor.waiting.push_back(request),
                None => return Err(SessionEnd::Closed),
            },
            _ = heartbeats.tick() => self.on_tick(supervisor).await?,
        }

        if self.pushes.take_lag() {
            self.doubt(supervisor, Look::AtList).await?;
        }
        Ok(())
    }

    fn start(&mut self, work: impl Future<Output = Completed> + Send + 'static) {
        self.work.push(Box::pin(tokio::task::unconstrained(work)));
    }

    /// Has the worker do what comes next, where it is idle.
    fn set_to_work(&mut self, supervisor: &mut Supervisor) {
        let Some(mut worker) = self.worker.take() else {
            return;
        };
        let Some(work) = self.next_work(supervisor) else {
            self.worker = Some(worker);
            return;
        };

        self.start(async move {
            match work {
                Work::ReadAll(look) => {
                    let board = worker.read_all(look).await;
                    Completed::AllRead(worker, board)
                }
                Work::ReadSome(ids) => {
                    let tickets = worker.read_some(&ids).await;
                    Completed::SomeRead(worker, ids, tickets)
                }
                Work::Answer(request) => {
                    let answer = worker.answer(&request).await;
                    Completed::Answer(worker, answer)
                }
            }
        });
    }

    fn next_work(&mut self, supervisor: &mut Supervisor) -> Option<Work> {
        if self.is_ready
            && let Some(request) = supervisor.waiting.front()
        {
            supervisor.is_front_sent = true;
            return Some(Work::Answer(request.clone()));
        }
        if let Some(look) = self.due.take() {
            self.held = Some(Vec::new());
            self.wanted.clear();
            return Some(Work::ReadAll(look));
        }
        let wanted = std::mem::take(&mut self.wanted);
        (!wanted.is_empty()).then(|| Work::ReadSome(wanted.into_iter().collect()))
    }

    /// Has everything read again.
    fn read_again(&mut self, look: Look) {
        self.due = self.due.max(Some(look));
    }

    /// Has everything read again, as something may have been missed.
    async fn doubt(&mut self, supervisor: &Supervisor, look: Look) -> Result<(), SessionEnd> {
        self.read_again(look);
        if std::mem::replace(&mut self.is_current, false) {
            supervisor.tell(BoardEvent::Stale).await?;
        }
        Ok(())
    }

    async fn on_push(
        &mut self,
        supervisor: &Supervisor,
        push: &PushInfo,
    ) -> Result<(), SessionEnd> {
        if push.kind == PushKind::Disconnection {
            return Err(SessionEnd::Broken(Trouble::Lost));
        }
        match decode::message(push, self.conn.get_db()) {
            Some((channel, message)) => self.on_message(supervisor, channel, message).await,
            None => Ok(()),
        }
    }

    async fn on_message(
        &mut self,
        supervisor: &Supervisor,
        channel: &[u8],
        message: &[u8],
    ) -> Result<(), SessionEnd> {
        if channel == CATALOG_UPDATES.as_bytes() {
            let news = catalog_news(message);
            if news == CatalogNews::Everything {
                self.read_again(Look::AtList);
            }
            return supervisor.tell(BoardEvent::Catalog(news)).await;
        }

        let news = versioned_news(message);
        match &mut self.held {
            Some(held) if held.len() < PUSH_CAPACITY => {
                held.push(news);
                Ok(())
            }
            Some(_) => self.doubt(supervisor, Look::AtList).await,
            None => self.take_in(supervisor, news).await,
        }
    }

    /// Takes in a message: where it tells of the next change, that order is read.
    async fn take_in(
        &mut self,
        supervisor: &Supervisor,
        news: Option<VersionedNews>,
    ) -> Result<(), SessionEnd> {
        let next = self.version.and_then(|version| version.checked_add(1));
        match news {
            Some(VersionedNews { order, version })
                if version.is_some() && version == next && self.wanted.len() < MOST_TICKETS =>
            {
                self.version = version;
                self.wanted.insert(order);
                Ok(())
            }
            // Another client wrote, or changes were missed.
            Some(_) | None => self.doubt(supervisor, Look::AtList).await,
        }
    }

    async fn on_completed(
        &mut self,
        supervisor: &mut Supervisor,
        done: Completed,
    ) -> Result<(), SessionEnd> {
        match done {
            Completed::AllRead(worker, board) => {
                self.worker = Some(worker);
                let board = board.map_err(SessionEnd::Broken)?;
                self.on_board(supervisor, board).await
            }
            Completed::SomeRead(worker, asked, tickets) => {
                self.worker = Some(worker);
                let tickets = tickets.map_err(SessionEnd::Broken)?;
                self.on_tickets(supervisor, &asked, tickets).await
            }
            Completed::Answer(worker, answer) => {
                self.worker = Some(worker);
                self.on_answer(supervisor, answer).await
            }
            Completed::Heartbeat(then, Beaten::Answered(answer)) => {
                let pace = self.pulse.note(&answer);
                self.tell_pace(supervisor, pace).await?;
                self.on_heartbeat(supervisor, then, answer.0).await
            }
            Completed::Heartbeat(then, Beaten::Overdue(answer)) => {
                self.start(
                    async move { Completed::Heartbeat(then, Beaten::Answered(answer.await)) },
                );
                self.tell_pace(supervisor, Pace::Silent).await
            }
            Completed::WoundUp(outcome) => {
                // Whoever looks through the orders next goes on.
                if let Err(error) = outcome {
                    tracing::warn!(%error, "stock of orders that are over");
                }
                Ok(())
            }
            Completed::Superseded => Err(SessionEnd::Broken(Trouble::Changing)),
        }
    }

    async fn on_board(&mut self, supervisor: &Supervisor, board: Board) -> Result<(), SessionEnd> {
        let tickets = board.tickets;
        self.version = board.version;
        self.listed = board.listed;
        self.open = tickets
            .iter()
            .map(|ticket| ticket.order.id.clone())
            .collect();
        self.wind_up(supervisor, board.unforgotten);
        let doubted = self.due.filter(|_| !self.is_current);
        self.is_ready = true;
        self.is_current = true;
        supervisor
            .tell(BoardEvent::Tickets {
                tickets,
                shop: board.shop,
                server_now: board.server_now,
                more: board.more,
                unread: board.unread,
            })
            .await?;

        for news in self.held.take().unwrap_or_default() {
            let version = news.as_ref().and_then(|news| news.version);
            // What the tickets tell already.
            if version.is_some() && version <= board.version {
                continue;
            }
            self.take_in(supervisor, news).await?;
        }
        match doubted {
            Some(look) => self.doubt(supervisor, look).await,
            None => Ok(()),
        }
    }

    async fn on_tickets(
        &mut self,
        supervisor: &Supervisor,
        asked: &[OrderId],
        tickets: Vec<Ticket>,
    ) -> Result<(), SessionEnd> {
        let mut gone: BTreeSet<&OrderId> = asked.iter().collect();
        for ticket in tickets {
            gone.remove(&ticket.order.id);
            self.note_ticket(&ticket);
            supervisor
                .tell(BoardEvent::Ticket(Box::new(ticket)))
                .await?;
        }
        for id in gone {
            self.open.remove(id);
            supervisor.tell(BoardEvent::Gone(id.clone())).await?;
        }
        Ok(())
    }

    /// Counts a ticket that is told.
    fn note_ticket(&mut self, ticket: &Ticket) {
        let order = &ticket.order;
        if order.state.is_over() {
            if self.open.remove(&order.id) {
                self.listed = self.listed.saturating_sub(1);
            }
        } else if self.open.insert(order.id.clone()) {
            self.listed += 1;
        }
    }

    /// Answers the request at the front. Where the link broke, it is asked again over the next one.
    async fn on_answer(
        &mut self,
        supervisor: &mut Supervisor,
        answer: Option<Result<Ticket, Error>>,
    ) -> Result<(), SessionEnd> {
        if let Some(Err(Error::Trouble(trouble))) = &answer
            && !matches!(trouble, Trouble::TooFewReplicas { .. })
            && supervisor.opening.locator.is_transient(trouble)
        {
            return Err(SessionEnd::Broken(trouble.clone()));
        }

        supervisor.is_front_sent = false;
        let request = supervisor.waiting.pop_front();
        let (Some(request), Some(answer)) = (request, answer) else {
            return Ok(());
        };
        if let Ok(ticket) = &answer {
            self.note_ticket(ticket);
            if ticket.order.state == OrderState::Cancelled {
                self.wind_up(supervisor, vec![ticket.order.id.to_string()]);
            }
        }
        let outcome = answer.map(Box::new);
        supervisor
            .tell(BoardEvent::Answered { request, outcome })
            .await
    }

    /// Has the products forget orders that are over, in the background.
    fn wind_up(&mut self, supervisor: &Supervisor, over: Vec<String>) {
        if over.is_empty() {
            return;
        }
        let locator = supervisor.opening.locator.clone();
        let policy = supervisor.opening.policy.clone();
        let products = self.products.clone();
        self.start(
            async move { Completed::WoundUp(wind_up(locator, products, policy, &over).await) },
        );
    }

    /// Sends a heartbeat. After a sleep everything is read again: nobody knows what was missed.
    async fn on_tick(&mut self, supervisor: &Supervisor) -> Result<(), SessionEnd> {
        let last = std::mem::replace(&mut self.last_beat, Moment::now());
        if last.age() > SLEEP_NOTICED {
            self.doubt(supervisor, Look::AtList).await?;
        }
        self.beats = self.beats.wrapping_add(1);
        if self.beats.is_multiple_of(BEATS_TO_LOOK_AGAIN) {
            self.read_again(Look::AtOrders);
        }

        let state = self.at_beat();
        let mut conn = self.conn.clone();
        let beating = self
            .pulse
            .beat(async move { read_open(&mut conn, false).await });
        self.start(async move { Completed::Heartbeat(state, beating.await) });
        Ok(())
    }

    /// Tells how fast the server answers, where that has changed.
    async fn tell_pace(&mut self, supervisor: &Supervisor, pace: Pace) -> Result<(), SessionEnd> {
        if std::mem::replace(&mut self.pace, pace) != pace {
            supervisor.tell(BoardEvent::Pace(pace)).await?;
        }
        Ok(())
    }

    fn at_beat(&self) -> BoardAtBeat {
        BoardAtBeat {
            version: self.version,
            is_idle: self.worker.is_some() && self.wanted.is_empty() && self.due.is_none(),
        }
    }

    async fn on_heartbeat(
        &mut self,
        supervisor: &Supervisor,
        then: BoardAtBeat,
        open: Result<OpenOrders, Trouble>,
    ) -> Result<(), SessionEnd> {
        let open = match open {
            Ok(open) => open,
            Err(Trouble::Timeout) => {
                self.misses += 1;
                if self.misses >= MISSED_HEARTBEATS_LIMIT {
                    return Err(SessionEnd::Broken(Trouble::Timeout));
                }
                // Nobody knows what the server has now.
                return self.doubt(supervisor, Look::AtList).await;
            }
            Err(trouble) => return Err(SessionEnd::Broken(trouble)),
        };
        self.misses = 0;
        // What is being read, or will be, tells what the server has; a message that waits may, too.
        if self.held.is_some() || self.due.is_some() || !self.pushes.is_empty() {
            return Ok(());
        }

        let now = self.at_beat();
        let was_told = then.version <= open.version && open.version <= now.version;
        if !was_told {
            return self.doubt(supervisor, Look::AtList).await;
        }
        // Other orders are listed though none has changed: the list is damaged.
        if then == now && now.is_idle && open.listed != self.listed {
            return self.doubt(supervisor, Look::AtOrders).await;
        }
        Ok(())
    }
}
