//! Changes on their way: asked for, sent in order, copied, settled.

use super::{Event, Supervisor};
use crate::model::{Change, OpId, ProductId, Refusal, Update};
use crate::store::cart;
use crate::store::cart::budget;
use crate::store::cart::{Attempt, Known};
use crate::store::connection;
use crate::store::connection::Conn;
use crate::store::connection::discovery::Locator;
use crate::store::connection::replicas::copies;
use crate::store::error::{Error, Trouble};
use crate::store::live::session::{Done, Over, Session};
use redis::aio::MultiplexedConnection;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::OnceCell;

/// The way to the products.
#[derive(Clone)]
pub(crate) enum Products {
    /// They are on the cart's server.
    Here(MultiplexedConnection),
    /// They are on all nodes of a cluster.
    Spread(Locator, Arc<OnceCell<Conn>>),
}

impl Products {
    pub(crate) async fn conn(mut self) -> Result<Conn, Trouble> {
        match &mut self {
            Products::Here(server) => Ok(Conn::One(server.clone())),
            Products::Spread(locator, conn) => conn
                .get_or_try_init(|| connection::open_all(locator))
                .await
                .cloned(),
        }
    }
}

impl Session {
    /// Sends what waits, in order. A change to a cart with a budget takes several steps: there
    /// the next waits for it, or they would overtake each other.
    pub(crate) fn send_due(&mut self, link: &mut Supervisor) {
        let most = if self.budgeted { 1 } else { usize::MAX };
        for place in 0..link.unsettled.len().min(most) {
            if !link.unsettled[place].in_flight {
                self.send(link, place);
            }
        }
    }

    fn send(&mut self, link: &mut Supervisor, place: usize) {
        link.unsettled[place].in_flight = true;
        match self.products {
            Products::Here(_) => self.dispatch(link, place, None),
            Products::Spread(..) => {
                self.unchecked.push(link.unsettled[place].change.op.clone());
                self.check(link);
            }
        }
    }

    /// Asks for the products of all changes that wait for it.
    fn check(&mut self, link: &Supervisor) {
        if self.checking || self.unchecked.is_empty() {
            return;
        }
        self.checking = true;
        let ops = std::mem::take(&mut self.unchecked);
        let waiting = link
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
            Done::Checked(ops, missing)
        }));
    }

    /// Sends a change; `missing` are the products that another node said are none.
    fn dispatch(&mut self, link: &mut Supervisor, place: usize, missing: Option<Vec<ProductId>>) {
        let waiting = &mut link.unsettled[place];
        let again = waiting.first.is_some();
        let (known, at) = *waiting.first.get_or_insert((self.version, Instant::now()));
        let age = u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX);
        let attempt = Attempt {
            again,
            known,
            age,
            checked: None,
        };
        let (mut conn, keys, policy) = (self.conn.clone(), link.keys.clone(), link.policy.clone());
        let (change, products) = (waiting.change.clone(), self.products.clone());
        self.work.push(Box::pin(async move {
            let known = missing.as_deref().map_or(Known::Here, Known::Missing);
            let mut outcome = cart::send(&mut conn, &keys, &policy, &change, attempt, known).await;
            if matches!(outcome, Err(Error::Refused(Refusal::Busy))) {
                outcome = match products.conn().await {
                    Ok(products) => {
                        let way = budget::Way {
                            cart: &mut conn,
                            products: &products,
                            known,
                        };
                        budget::send(way, &keys, &policy, &change, attempt).await
                    }
                    Err(trouble) => Err(trouble.into()),
                };
            }
            Done::Sent(change.op, outcome)
        }));
    }

    /// The products that changes add have been asked for: those changes may go.
    pub(crate) async fn on_checked(
        &mut self,
        link: &mut Supervisor,
        ops: Vec<OpId>,
        missing: Result<Vec<ProductId>, Trouble>,
    ) -> Result<(), Over> {
        match missing {
            Ok(missing) => {
                for place in 0..link.unsettled.len() {
                    if ops.contains(&link.unsettled[place].change.op) {
                        self.dispatch(link, place, Some(missing.clone()));
                    }
                }
            }
            Err(trouble) if link.locator.may_pass(&trouble) => return Err(Some(trouble)),
            Err(trouble) => {
                for op in ops {
                    self.settle(link, op, Err(Error::Trouble(trouble.clone())))
                        .await?;
                }
            }
        }
        self.checking = false;
        self.check(link);
        Ok(())
    }

    pub(crate) async fn on_sent(
        &mut self,
        link: &mut Supervisor,
        op: OpId,
        outcome: Result<Update, Error>,
    ) -> Result<(), Over> {
        if let Err(Error::Trouble(trouble)) = &outcome
            && link.locator.may_pass(trouble)
        {
            // It stays in the queue and is sent again over the next connection.
            return Err(Some(trouble.clone()));
        }
        if let Ok(update) = &outcome {
            self.tell_in_order(link, Event::Update(update.clone()))
                .await?;
            if link.policy.confirm_replicas > 0 {
                self.uncopied.push((op, update.clone()));
                self.copy(link);
                return Ok(());
            }
        }
        self.settle(link, op, outcome).await
    }

    /// Asks whether the replicas have what is applied.
    fn copy(&mut self, link: &Supervisor) {
        if self.copying || self.uncopied.is_empty() {
            return;
        }
        self.copying = true;
        let (mut conn, count) = (self.conn.clone(), self.uncopied.len());
        let wait = copies(link.policy.confirm_replicas);
        self.work.push(Box::pin(async move {
            Done::Copied(
                count,
                wait.query_async(&mut conn).await.map_err(Trouble::from),
            )
        }));
    }

    /// A change is over.
    async fn settle(
        &mut self,
        link: &mut Supervisor,
        op: OpId,
        outcome: Result<Update, Error>,
    ) -> Result<(), Over> {
        let sent = link
            .unsettled
            .iter()
            .find(|waiting| waiting.change.op == op);
        if let Some((_, at)) = sent.and_then(|waiting| waiting.first) {
            cart::note(link.user.as_str(), &op, at, &outcome);
        }
        link.unsettled.retain(|waiting| waiting.change.op != op);
        self.send_due(link);
        self.tell_in_order(link, Event::Settled(op, outcome)).await
    }

    /// The server has waited for its replicas: so many have the first `count` changes.
    pub(crate) async fn on_copied(
        &mut self,
        link: &mut Supervisor,
        count: usize,
        replicas: Result<i64, Trouble>,
    ) -> Result<(), Over> {
        self.copying = false;
        match replicas {
            Ok(replicas) if replicas >= i64::from(link.policy.confirm_replicas) => {
                for (op, update) in self.uncopied.drain(..count).collect::<Vec<_>>() {
                    self.settle(link, op, Ok(update)).await?;
                }
            }
            Ok(_) => {}
            Err(trouble) if link.locator.may_pass(&trouble) => return Err(Some(trouble)),
            Err(trouble) => {
                for (op, _) in std::mem::take(&mut self.uncopied) {
                    let unknown = Error::Unknown {
                        op: op.clone(),
                        trouble: trouble.clone(),
                    };
                    self.settle(link, op, Err(unknown)).await?;
                }
            }
        }
        self.copy(link);
        Ok(())
    }
}
