//! Changes on their way: asked for, sent in order, copied, settled.

use super::{Event, Supervisor};
use crate::model::{Change, OpId, ProductId, Refusal, Update};
use crate::store::cart;
use crate::store::cart::budget;
use crate::store::cart::{Attempt, ProductCheck};
use crate::store::connection;
use crate::store::connection::Conn;
use crate::store::connection::discovery::Locator;
use crate::store::connection::replicas::wait_command;
use crate::store::error::{Error, Trouble};
use crate::store::live::session::{Completed, Session, SessionEnd};
use redis::aio::MultiplexedConnection;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::OnceCell;

/// The way to the products.
#[derive(Clone)]
pub(crate) enum ProductRoute {
    /// They are on the cart's server.
    Here(MultiplexedConnection),
    /// They are on all nodes of a cluster.
    Spread(Locator, Arc<OnceCell<Conn>>),
}

impl ProductRoute {
    pub(crate) async fn conn(mut self) -> Result<Conn, Trouble> {
        match &mut self {
            ProductRoute::Here(server) => Ok(Conn::One(server.clone())),
            ProductRoute::Spread(locator, conn) => conn
                .get_or_try_init(|| connection::open_all(locator))
                .await
                .cloned(),
        }
    }
}

impl Session {
    /// Sends what waits, in order. A change to a cart with a budget takes several steps: there
    /// the next waits for it, or they would overtake each other.
    pub(crate) fn send_due(&mut self, supervisor: &mut Supervisor) {
        let most = if self.budgeted { 1 } else { usize::MAX };
        for place in 0..supervisor.unsettled.len().min(most) {
            if !supervisor.unsettled[place].in_flight {
                self.send(supervisor, place);
            }
        }
    }

    fn send(&mut self, supervisor: &mut Supervisor, place: usize) {
        supervisor.unsettled[place].in_flight = true;
        match self.products {
            ProductRoute::Here(_) => self.dispatch(supervisor, place, None),
            ProductRoute::Spread(..) => {
                self.unchecked
                    .push(supervisor.unsettled[place].change.op.clone());
                self.check(supervisor);
            }
        }
    }

    /// Asks for the products of all changes that wait for it.
    fn check(&mut self, supervisor: &Supervisor) {
        if self.checking || self.unchecked.is_empty() {
            return;
        }
        self.checking = true;
        let ops = std::mem::take(&mut self.unchecked);
        let waiting = supervisor
            .unsettled
            .iter()
            .filter(|waiting| ops.contains(&waiting.change.op));
        let changes: Vec<Change> = waiting.map(|waiting| waiting.change.clone()).collect();
        let products = self.products.clone();
        self.work.push(Box::pin(async move {
            let missing = match products.conn().await {
                Ok(conn) => cart::missing(&conn, &changes).await,
                Err(trouble) => Err(trouble),
            };
            Completed::Checked(ops, missing)
        }));
    }

    /// Sends a change; `missing` are the products that another node said are none.
    fn dispatch(
        &mut self,
        supervisor: &mut Supervisor,
        place: usize,
        missing: Option<Vec<ProductId>>,
    ) {
        let waiting = &mut supervisor.unsettled[place];
        let again = waiting.first.is_some();
        let (known, at) = *waiting.first.get_or_insert((self.version, Instant::now()));
        let age = u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX);
        let attempt = Attempt {
            again,
            known,
            age,
            checked: None,
        };
        let (mut conn, keys, policy) = (
            self.conn.clone(),
            supervisor.keys.clone(),
            supervisor.policy.clone(),
        );
        let (change, products) = (waiting.change.clone(), self.products.clone());
        self.work.push(Box::pin(async move {
            let known = missing
                .as_deref()
                .map_or(ProductCheck::Here, ProductCheck::Missing);
            let mut outcome = cart::send(&mut conn, &keys, &policy, &change, attempt, known).await;
            if matches!(outcome, Err(Error::Refused(Refusal::Busy))) {
                outcome = match products.conn().await {
                    Ok(products) => {
                        let way = budget::Route {
                            cart: &mut conn,
                            products: &products,
                            known,
                        };
                        budget::send(way, &keys, &policy, &change, attempt).await
                    }
                    Err(trouble) => Err(trouble.into()),
                };
            }
            Completed::Sent(change.op, outcome)
        }));
    }

    /// The products that changes add have been asked for: those changes may go.
    pub(crate) async fn on_checked(
        &mut self,
        supervisor: &mut Supervisor,
        ops: Vec<OpId>,
        missing: Result<Vec<ProductId>, Trouble>,
    ) -> Result<(), SessionEnd> {
        match missing {
            Ok(missing) => {
                for place in 0..supervisor.unsettled.len() {
                    if ops.contains(&supervisor.unsettled[place].change.op) {
                        self.dispatch(supervisor, place, Some(missing.clone()));
                    }
                }
            }
            Err(trouble) if supervisor.locator.is_transient(&trouble) => return Err(Some(trouble)),
            Err(trouble) => {
                for op in ops {
                    self.settle(supervisor, op, Err(Error::Trouble(trouble.clone())))
                        .await?;
                }
            }
        }
        self.checking = false;
        self.check(supervisor);
        Ok(())
    }

    pub(crate) async fn on_sent(
        &mut self,
        supervisor: &mut Supervisor,
        op: OpId,
        outcome: Result<Update, Error>,
    ) -> Result<(), SessionEnd> {
        if let Err(Error::Trouble(trouble)) = &outcome
            && supervisor.locator.is_transient(trouble)
        {
            // It stays in the queue and is sent again over the next connection.
            return Err(Some(trouble.clone()));
        }
        if let Ok(update) = &outcome {
            self.tell_in_order(supervisor, Event::Update(update.clone()))
                .await?;
            if supervisor.policy.confirm_replicas > 0 {
                self.uncopied.push((op, update.clone()));
                self.copy(supervisor);
                return Ok(());
            }
        }
        self.settle(supervisor, op, outcome).await
    }

    /// Asks whether the replicas have what is applied.
    fn copy(&mut self, supervisor: &Supervisor) {
        if self.copying || self.uncopied.is_empty() {
            return;
        }
        self.copying = true;
        let (mut conn, count) = (self.conn.clone(), self.uncopied.len());
        let wait = wait_command(supervisor.policy.confirm_replicas);
        self.work.push(Box::pin(async move {
            Completed::ReplicaWait(
                count,
                wait.query_async(&mut conn).await.map_err(Trouble::from),
            )
        }));
    }

    /// A change is over.
    async fn settle(
        &mut self,
        supervisor: &mut Supervisor,
        op: OpId,
        outcome: Result<Update, Error>,
    ) -> Result<(), SessionEnd> {
        let sent = supervisor
            .unsettled
            .iter()
            .find(|waiting| waiting.change.op == op);
        if let Some((_, at)) = sent.and_then(|waiting| waiting.first) {
            cart::note(supervisor.user.as_str(), &op, at, &outcome);
        }
        supervisor
            .unsettled
            .retain(|waiting| waiting.change.op != op);
        self.send_due(supervisor);
        self.tell_in_order(supervisor, Event::Settled(op, outcome))
            .await
    }

    /// The server has waited for its replicas: so many have the first `count` changes.
    pub(crate) async fn on_copied(
        &mut self,
        supervisor: &mut Supervisor,
        count: usize,
        replicas: Result<i64, Trouble>,
    ) -> Result<(), SessionEnd> {
        self.copying = false;
        match replicas {
            Ok(replicas) if replicas >= i64::from(supervisor.policy.confirm_replicas) => {
                for (op, update) in self.uncopied.drain(..count).collect::<Vec<_>>() {
                    self.settle(supervisor, op, Ok(update)).await?;
                }
            }
            Ok(_) => {}
            Err(trouble) if supervisor.locator.is_transient(&trouble) => return Err(Some(trouble)),
            Err(trouble) => {
                for (op, _) in std::mem::take(&mut self.uncopied) {
                    let unknown = Error::Unknown {
                        op: op.clone(),
                        trouble: trouble.clone(),
                    };
                    self.settle(supervisor, op, Err(unknown)).await?;
                }
            }
        }
        self.copy(supervisor);
        Ok(())
    }
}
