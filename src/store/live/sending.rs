//! Changes on their way: checked, sent in order, replicated, settled.

use super::products::ProductRoute;
use super::session::{Completed, Session, SessionEnd};
use super::{LiveEvent, Supervisor};
use crate::model::{Change, OpId, ProductId, Update};
use crate::store::cart::budget;
use crate::store::cart::sending;
use crate::store::cart::sending::{Applied, Attempt, ProductCheck, SendError};
use crate::store::clock::Moment;
use crate::store::connection::replicas::wait_command;
use crate::store::error::{Error, Trouble};
use crate::store::keys::CartKeys;
use crate::store::policy::Policy;
use redis::aio::MultiplexedConnection;

impl Session {
    /// Sends the changes that are not on their way yet, in order. A change to a cart with a
    /// budget takes several steps: there the next one waits, or they would overtake each other.
    pub(super) fn send_due(&mut self, supervisor: &mut Supervisor) {
        let most = if self.has_budget { 1 } else { usize::MAX };
        for index in 0..supervisor.unsettled.len().min(most) {
            if !supervisor.unsettled[index].in_flight {
                self.send(supervisor, index);
            }
        }
    }

    fn send(&mut self, supervisor: &mut Supervisor, index: usize) {
        let pending = &mut supervisor.unsettled[index];
        pending.in_flight = true;
        match self.products {
            ProductRoute::Here(_) => self.dispatch(supervisor, index, None),
            ProductRoute::Spread(..) => {
                self.unverified.push(pending.change.op.clone());
                self.verify_products(supervisor);
            }
        }
    }

    /// Asks for the products that unverified changes add, for all these changes at once.
    fn verify_products(&mut self, supervisor: &Supervisor) {
        if self.is_verifying || self.unverified.is_empty() {
            return;
        }
        self.is_verifying = true;

        let ops = std::mem::take(&mut self.unverified);
        let changes: Vec<Change> = supervisor
            .unsettled
            .iter()
            .filter(|pending| ops.contains(&pending.change.op))
            .map(|pending| pending.change.clone())
            .collect();
        let products = self.products.clone();
        self.start(async move {
            let missing = match products.conn().await {
                Ok(conn) => sending::find_missing_products(&conn, &changes).await,
                Err(trouble) => Err(trouble),
            };
            Completed::Verified { ops, missing }
        });
    }

    /// Sends the changes whose products have been asked for.
    pub(super) async fn on_verified(
        &mut self,
        supervisor: &mut Supervisor,
        ops: Vec<OpId>,
        missing: Result<Vec<ProductId>, Trouble>,
    ) -> Result<(), SessionEnd> {
        match missing {
            Ok(missing) => {
                for index in 0..supervisor.unsettled.len() {
                    if ops.contains(&supervisor.unsettled[index].change.op) {
                        self.dispatch(supervisor, index, Some(missing.clone()));
                    }
                }
            }
            Err(trouble) if supervisor.locator.is_transient(&trouble) => {
                return Err(SessionEnd::Broken(trouble));
            }
            Err(trouble) => {
                for op in ops {
                    let outcome = Err(Error::Trouble(trouble.clone()));
                    self.settle(supervisor, op, outcome).await?;
                }
            }
        }

        self.is_verifying = false;
        self.verify_products(supervisor);
        Ok(())
    }

    /// Sends a change; `missing` are the products that another node said do not exist.
    fn dispatch(
        &mut self,
        supervisor: &mut Supervisor,
        index: usize,
        missing: Option<Vec<ProductId>>,
    ) {
        let pending = &mut supervisor.unsettled[index];
        let is_retry = pending.first_sent.is_some();
        let (first_version, first_sent) = *pending
            .first_sent
            .get_or_insert((self.version, Moment::now()));
        let attempt = Attempt {
            is_retry,
            first_version,
            age: first_sent.age(),
            budget_checked_at: None,
        };

        let mut conn = self.conn.clone();
        let products = self.products.clone();
        let keys = supervisor.keys.clone();
        let policy = supervisor.policy.clone();
        let change = pending.change.clone();
        self.start(async move {
            let check = missing
                .as_deref()
                .map_or(ProductCheck::Here, ProductCheck::Missing);
            let outcome =
                send_change(&mut conn, products, &keys, &policy, &change, attempt, check).await;
            Completed::Sent(change.op, outcome)
        });
    }

    /// Takes note of a change's outcome. An applied change is told to all; it is settled only
    /// once as many replicas have it as the policy asks for.
    pub(super) async fn on_sent(
        &mut self,
        supervisor: &mut Supervisor,
        op: OpId,
        outcome: Result<Update, Error>,
    ) -> Result<(), SessionEnd> {
        if let Err(Error::Trouble(trouble)) = &outcome
            && supervisor.locator.is_transient(trouble)
        {
            // It stays in the queue and is sent again over the next connection.
            return Err(SessionEnd::Broken(trouble.clone()));
        }

        if let Ok(update) = &outcome {
            self.tell_in_order(supervisor, LiveEvent::Update(update.clone()))
                .await?;
            if supervisor.policy.confirm_replicas > 0 {
                self.unreplicated.push((op, update.clone()));
                self.check_replicas(supervisor);
                return Ok(());
            }
        }
        self.settle(supervisor, op, outcome).await
    }

    /// Asks whether enough replicas have the applied changes.
    fn check_replicas(&mut self, supervisor: &Supervisor) {
        if self.is_checking_replicas || self.unreplicated.is_empty() {
            return;
        }
        self.is_checking_replicas = true;

        let mut conn = self.conn.clone();
        let changes = self.unreplicated.len();
        let wait = wait_command(supervisor.policy.confirm_replicas);
        self.start(async move {
            let replicas = wait.query_async(&mut conn).await.map_err(Trouble::from);
            Completed::Replicated { changes, replicas }
        });
    }

    /// Settles the first `changes` of the unreplicated changes where enough replicas have them.
    pub(super) async fn on_replicated(
        &mut self,
        supervisor: &mut Supervisor,
        changes: usize,
        replicas: Result<i64, Trouble>,
    ) -> Result<(), SessionEnd> {
        self.is_checking_replicas = false;

        match replicas {
            Ok(replicas) if replicas >= i64::from(supervisor.policy.confirm_replicas) => {
                let replicated: Vec<_> = self.unreplicated.drain(..changes).collect();
                for (op, update) in replicated {
                    self.settle(supervisor, op, Ok(update)).await?;
                }
            }
            Ok(_) => {}
            Err(trouble) if supervisor.locator.is_transient(&trouble) => {
                return Err(SessionEnd::Broken(trouble));
            }
            Err(trouble) => {
                for (op, _) in std::mem::take(&mut self.unreplicated) {
                    let unknown = Error::Unknown {
                        op: Some(op.clone()),
                        trouble: trouble.clone(),
                    };
                    self.settle(supervisor, op, Err(unknown)).await?;
                }
            }
        }

        self.check_replicas(supervisor);
        Ok(())
    }

    /// Ends a change: it leaves the queue, its outcome is told, and the next one may go.
    async fn settle(
        &mut self,
        supervisor: &mut Supervisor,
        op: OpId,
        outcome: Result<Update, Error>,
    ) -> Result<(), SessionEnd> {
        let first_sent = supervisor
            .unsettled
            .iter()
            .find(|pending| pending.change.op == op)
            .and_then(|pending| pending.first_sent);
        if let Some((_, at)) = first_sent {
            sending::log_outcome(supervisor.user.as_str(), &op, at, outcome.as_ref());
        }

        supervisor
            .unsettled
            .retain(|pending| pending.change.op != op);
        self.send_due(supervisor);
        self.tell_in_order(supervisor, LiveEvent::Settled(op, outcome))
            .await
    }
}

/// Sends a change; where the cart turns out to have a budget, in the steps that this takes.
async fn send_change(
    conn: &mut MultiplexedConnection,
    products: ProductRoute,
    keys: &CartKeys,
    policy: &Policy,
    change: &Change,
    attempt: Attempt,
    check: ProductCheck<'_>,
) -> Result<Update, Error> {
    match sending::send(conn, keys, policy, change, attempt, check).await {
        Ok(Applied { update, .. }) => Ok(update),
        Err(SendError::Failed(error)) => Err(error),
        Err(SendError::NeedsBudgetCheck) => {
            let route = budget::Route {
                cart: conn,
                products: &products.conn().await?,
                check,
            };
            let applied = budget::send(route, keys, policy, change, attempt).await?;
            Ok(applied.update)
        }
    }
}
