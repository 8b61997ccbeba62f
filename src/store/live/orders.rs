//! Orders over the live link: what a terminal asks for and hears, and driving an order to its
//! end through breaks of the link.

use super::session::{Completed, Session, SessionEnd};
use super::visitors::{Audience, VisitorId};
use super::{LiveEvent, OrderOnItsWay, Supervisor};
use crate::model::usual::{USUAL_ORDERS, usual};
use crate::model::{
    Currency, Order, OrderBrief, OrderId, OrderState, Preview, ProductId, Refusal, Ticket, UserName,
};
use crate::store::connection::retry::PAUSE;
use crate::store::connection::{Conn, Connection};
use crate::store::error::{Error, Trouble};
use crate::store::keys::CartKeys;
use crate::store::order::brief::{read_brief, read_newest};
use crate::store::order::checkout::{log_outcome, order_error, read_preview};
use crate::store::order::page::read_page;
use crate::store::order::records::read_own;
use crate::store::order::{Driver, OrdersPage, Outcome, cancel_own, mark_settled};
use std::time::Duration;

/// The orders that a terminal reads first, and at a time of the older ones.
pub(crate) const NEWEST_LISTED: usize = 200;
const OLDER_LISTED: usize = 500;
/// The newest orders that a terminal reads in short.
const NEWEST_TOLD: usize = 20;

/// A question about orders. Those of several terminals that ask the same are read together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderQuestion {
    /// Read the preview of an order, in this currency.
    Preview(Currency),
    /// Read the newest of the cart's past orders.
    List,
    /// Read the next of them, after so many newer ones.
    Older(usize),
    /// Read one of them again.
    One(OrderId),
    /// Read the newest of them in short. Where that can't be had, nothing answers.
    Newest,
    /// Read what the cart orders most. Where that can't be had, nothing answers.
    Usual,
}

/// A request to do something with orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderRequest {
    /// Order what was confirmed, under this id, exactly once. It goes on after a break.
    Place(OrderId, Box<Preview>),
    /// Finish the order for which the cart is frozen.
    Resume,
    /// Cancel an order that was ordered here, now or not at all.
    Cancel(OrderId),
    /// Mark whether somebody has settled their part of an order; an [`OrderEvent::Settled`] answers.
    Settle {
        /// The order.
        order: OrderId,
        /// Whose part.
        name: String,
        /// It is settled; else it is open again.
        settled: bool,
    },
}

/// News of orders.
#[derive(Debug, Clone)]
pub enum OrderEvent {
    /// The preview of an order of the whole cart.
    Preview(Box<Preview>),
    /// The end of the order with this id that was asked for here.
    Ended(OrderId, Result<Outcome, Error>),
    /// The end of an order that another terminal left on its way.
    Resumed(Result<Outcome, Error>),
    /// The order that is on its way waits until this trouble is over.
    Waits(Trouble),
    /// A preview or a list can't be had.
    Failed(Trouble),
    /// The result of a cancellation that was asked for here.
    Cancelled(OrderId, Result<(), Error>),
    /// Some of the cart's past orders.
    List(OrdersPage),
    /// The products that the cart orders most, most first.
    Usual(Vec<ProductId>),
    /// One of them, as it is now.
    Read(Box<Ticket>),
    /// An order has a new state.
    State(OrderBrief),
    /// The newest of the cart's past orders in short, the newest first.
    Newest(Vec<OrderBrief>),
    /// It was marked who has settled their part of an order.
    Marked(OrderId),
    /// The order as it is after a mark that was asked for here, or why it was not marked.
    Settled(Box<Result<Order, Error>>),
}

/// Something that is read of the orders.
pub(super) struct OrderReading {
    question: OrderQuestion,
    /// Those who asked before it began.
    askers: Vec<VisitorId>,
    /// Those who asked since.
    late: Vec<VisitorId>,
}

impl Supervisor {
    /// Keeps an order that is asked for until it has ended. Other requests are dropped.
    pub(super) fn keep_order(&mut self, asker: VisitorId, request: OrderRequest) {
        let Some(visitor) = self.visitors.get(asker) else {
            return;
        };
        let policy = &visitor.policy;

        let driver = match request {
            OrderRequest::Place(id, confirmed) => Driver::place(&self.user, policy, id, *confirmed),
            OrderRequest::Resume if self.order_drivers.is_empty() => {
                Driver::resume(&self.user, policy)
            }
            OrderRequest::Resume | OrderRequest::Cancel(_) | OrderRequest::Settle { .. } => return,
        };
        self.order_drivers.push_back(OrderOnItsWay {
            driver,
            visitor: asker,
        });
    }
}

impl Session {
    pub(super) fn on_order_request(
        &mut self,
        supervisor: &mut Supervisor,
        visitor: VisitorId,
        request: OrderRequest,
    ) {
        match request {
            OrderRequest::Place(..) | OrderRequest::Resume => {
                let was_idle = supervisor.order_drivers.is_empty();
                supervisor.keep_order(visitor, request);
                if was_idle && self.is_ready {
                    self.drive_order(supervisor);
                }
            }
            OrderRequest::Cancel(id) => self.cancel_order(supervisor, visitor, id),
            OrderRequest::Settle {
                order,
                name,
                settled,
            } => self.settle_part(supervisor, visitor, order, name, settled),
        }
    }

    /// Reads what a visitor asks for. While the same is read already, they wait for the next
    /// answer: this one may be out of date.
    pub(super) fn on_order_question(
        &mut self,
        supervisor: &Supervisor,
        visitor: VisitorId,
        question: OrderQuestion,
    ) {
        let mut readings = self.order_readings.iter_mut();
        match readings.find(|reading| reading.question == question) {
            Some(reading) if reading.late.contains(&visitor) => {}
            Some(reading) => reading.late.push(visitor),
            None => self.read_orders(supervisor, question, vec![visitor]),
        }
    }

    fn read_orders(
        &mut self,
        supervisor: &Supervisor,
        question: OrderQuestion,
        askers: Vec<VisitorId>,
    ) {
        self.order_readings.push(OrderReading {
            question: question.clone(),
            askers,
            late: Vec::new(),
        });

        let products = self.products.clone();
        let (user, keys) = (supervisor.user.clone(), supervisor.keys.clone());
        self.start(async move {
            let answer = match products.conn().await {
                Ok(mut conn) => read(&mut conn, &user, &keys, &question).await,
                Err(trouble) => Err(trouble),
            };
            Completed::OrdersRead(question, answer)
        });
    }

    /// Tells those who asked, and reads anew for those who asked meanwhile.
    pub(super) fn on_orders_read(
        &mut self,
        supervisor: &mut Supervisor,
        question: OrderQuestion,
        answer: Result<Option<OrderEvent>, Trouble>,
    ) -> Result<(), SessionEnd> {
        let is_unasked = matches!(question, OrderQuestion::Newest | OrderQuestion::Usual);
        let event = match answer {
            Ok(event) => event,
            // Who may not read orders, or whose connection breaks, is told so elsewhere.
            Err(_) if is_unasked => None,
            Err(trouble) if breaks_link(&trouble) => return Err(SessionEnd::Broken(trouble)),
            Err(trouble) => Some(OrderEvent::Failed(trouble)),
        };

        let mut readings = self.order_readings.iter();
        let Some(place) = readings.position(|reading| reading.question == question) else {
            return Ok(());
        };
        let done = self.order_readings.swap_remove(place);
        if let Some(event) = event {
            let event = LiveEvent::Order(event);
            supervisor
                .visitors
                .tell(Audience::These(done.askers), event);
        }
        if !done.late.is_empty() {
            self.read_orders(supervisor, question, done.late);
        }
        Ok(())
    }

    fn cancel_order(&mut self, supervisor: &Supervisor, asker: VisitorId, id: OrderId) {
        let Some(visitor) = supervisor.visitors.get(asker) else {
            return;
        };
        let policy = visitor.policy.clone();
        let locator = supervisor.locator.clone();
        let products = self.products.clone();
        let user = supervisor.user.clone();
        self.start(async move {
            let answer = match products.conn().await {
                Ok(conn) => cancel(Connection::over(locator, conn, policy), &user, id).await,
                Err(trouble) => Err(trouble),
            };
            Completed::OrderAnswer(asker, answer)
        });
    }

    fn settle_part(
        &mut self,
        supervisor: &Supervisor,
        asker: VisitorId,
        order: OrderId,
        name: String,
        settled: bool,
    ) {
        let Some(visitor) = supervisor.visitors.get(asker) else {
            return;
        };

        let policy = visitor.policy.clone();
        let locator = supervisor.locator.clone();
        let products = self.products.clone();

        self.start(async move {
            let marked = match products.conn().await {
                Ok(conn) => {
                    let mut connection = Connection::over(locator, conn, policy);
                    let names = [name];
                    let (settled, open) = if settled {
                        (&names[..], &[][..])
                    } else {
                        (&[][..], &names[..])
                    };
                    mark_settled(&mut connection, &order, settled, open).await
                }
                Err(trouble) => Err(trouble.into()),
            };
            Completed::OrderAnswer(asker, Ok(OrderEvent::Settled(Box::new(marked))))
        });
    }

    /// Asks for the state of an order of which there was news. Whoever may fill the cart can
    /// publish news, so the order's record counts, for all who may read it.
    pub(super) fn check_order_news(
        &mut self,
        supervisor: &Supervisor,
        id: OrderId,
        told: OrderState,
    ) {
        let products = self.products.clone();
        let user = supervisor.user.clone();
        self.start(async move {
            let order = match products.conn().await {
                Ok(mut conn) => read_brief(&mut conn, &user, &id).await,
                Err(trouble) => Err(trouble),
            };
            Completed::OrderNews(match order {
                Err(Trouble::NoPermission(_)) => Some(OrderBrief::in_state(id, told)),
                // A broken link shows elsewhere, and the orders are then read again.
                order => order.unwrap_or(None),
            })
        });
    }

    /// Drives the first order that is on its way, if any.
    pub(super) fn drive_order(&mut self, supervisor: &Supervisor) {
        let Some(order) = supervisor.order_drivers.front() else {
            return;
        };

        let mut driver = Box::new(order.driver.clone());
        let products = self.products.clone();
        let pause = if self.order_waits {
            PAUSE
        } else {
            Duration::ZERO
        };
        self.start(async move {
            tokio::time::sleep(pause).await;
            let outcome = match products.conn().await {
                Ok(mut conn) => driver.run(&mut conn).await,
                Err(trouble) => Err(trouble.into()),
            };
            Completed::OrderDriven(driver, outcome)
        });
    }

    /// Takes note that an order has ended, or that it must go on: over this connection once
    /// replicas or other servers are back, or over the next one.
    pub(super) fn on_order_driven(
        &mut self,
        supervisor: &mut Supervisor,
        driver: Driver,
        outcome: Result<Outcome, Error>,
    ) -> Result<(), SessionEnd> {
        let Some(order) = supervisor.order_drivers.front_mut() else {
            return Ok(());
        };
        let visitor = order.visitor;

        if let Err(Error::Trouble(trouble)) = &outcome
            && waits_here(trouble)
        {
            order.driver = driver;
            if !std::mem::replace(&mut self.order_waits, true) {
                let event = OrderEvent::Waits(trouble.clone());
                supervisor.tell_one(visitor, LiveEvent::Order(event));
            }
            self.drive_order(supervisor);
            return Ok(());
        }

        self.order_waits = false;
        if let Err(Error::Trouble(trouble)) = &outcome
            && supervisor.locator.is_transient(trouble)
        {
            order.driver = driver;
            return Err(SessionEnd::Broken(trouble.clone()));
        }

        supervisor.order_drivers.pop_front();
        self.drive_order(supervisor);

        let outcome = outcome.map_err(|error| match error {
            Error::Trouble(trouble) => order_error(&driver, trouble),
            Error::Refused(_) | Error::Unknown { .. } => error,
        });
        log_outcome(&supervisor.user, &driver, &outcome);
        match driver.requested_id() {
            Some(id) => {
                let event = OrderEvent::Ended(id.clone(), outcome);
                supervisor.tell_one(visitor, LiveEvent::Order(event));
            }
            // Everybody saw that it had stopped.
            None => supervisor.tell(LiveEvent::Order(OrderEvent::Resumed(outcome))),
        }
        Ok(())
    }
}

/// Tells whether an order goes on over the same connection once this trouble is over.
fn waits_here(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::TooFewReplicas { .. })
        || trouble.is_transient() && trouble.is_elsewhere()
}

/// Tells whether a link whose request met this trouble has to be opened anew.
pub(super) fn breaks_link(trouble: &Trouble) -> bool {
    trouble.is_transient() && !trouble.is_elsewhere()
}

/// Reads what is asked for; `None` where the shop has no such order.
async fn read(
    conn: &mut Conn,
    user: &UserName,
    keys: &CartKeys,
    question: &OrderQuestion,
) -> Result<Option<OrderEvent>, Trouble> {
    let event = match question {
        OrderQuestion::Preview(currency) => {
            let preview = read_preview(conn, keys, currency.clone()).await?;
            OrderEvent::Preview(Box::new(preview))
        }
        OrderQuestion::List => list(conn, user, 0, NEWEST_LISTED).await?,
        OrderQuestion::Older(from) => list(conn, user, *from, OLDER_LISTED).await?,
        OrderQuestion::One(id) => match read_own(conn, user, id).await? {
            Some(ticket) => OrderEvent::Read(Box::new(ticket)),
            None => return Ok(None),
        },
        OrderQuestion::Newest => OrderEvent::Newest(read_newest(conn, user, NEWEST_TOLD).await?),
        OrderQuestion::Usual => {
            let page = read_page(conn, user, 0, USUAL_ORDERS).await?;
            OrderEvent::Usual(usual(&page.orders))
        }
    };
    Ok(Some(event))
}

async fn list(
    conn: &mut Conn,
    user: &UserName,
    from: usize,
    most: usize,
) -> Result<OrderEvent, Trouble> {
    let orders = read_page(conn, user, from, most).await;
    Ok(OrderEvent::List(orders.map_err(Trouble::for_orders)?))
}

/// Cancels an order of this cart. Trouble that breaks the link is told by that.
async fn cancel(
    mut connection: Connection,
    user: &UserName,
    id: OrderId,
) -> Result<OrderEvent, Trouble> {
    let outcome = match read_brief(&mut connection.conn, user, &id)
        .await
        .map_err(Trouble::for_orders)?
    {
        Some(_) => cancel_own(&mut connection, &id).await.map(drop),
        None => Err(Refusal::UnknownOrder(id.to_string()).into()),
    };
    match outcome {
        Err(Error::Trouble(trouble)) if breaks_link(&trouble) => Err(trouble),
        outcome => Ok(OrderEvent::Cancelled(id, outcome)),
    }
}
