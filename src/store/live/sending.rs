//! Changes on their way: checked, sent in order, replicated, settled.

use super::products::ProductRoute;
use super::session::{Completed, Session, SessionEnd};
use super::visitors::Audience;
use super::{LiveEvent, Progress, Supervisor, Unreplicated};
use crate::model::{Change, OpId, ProductId, Update};
use crate::store::cart::budget;
use crate::store::cart::sending;
use crate::store::cart::sending::{
    Applied, Attempt, FirstSent, ProductAnswers, ProductCheck, SendError,
};
use crate::store::connection::raw::{REQUESTS_AHEAD, ServerConn};
use crate::store::connection::replicas::wait_command;
use crate::store::error::{Error, Trouble};
use crate::store::keys::CartKeys;
use crate::store::policy::Policy;
use std::time::{Duration, Instant};

/// The most changes on their way at a time. The connection has room for so many, so that none waits
/// while a later one overtakes it.
const MOST_IN_FLIGHT: usize = REQUESTS_AHEAD / 4;
/// The pause before a change that is held up is tried again.
const HOLD: Duration = Duration::from_millis(1000);
/// The longest time for which a change is held up: longer than another server needs to take over.
const LONGEST_HOLD: Duration = Duration::from_secs(20);

impl Session {
    /// Sends the changes that are due, in order. A change to a cart with a budget takes several
    /// steps: there the next one waits, or they would overtake each other.
    pub(super) fn send_due(&mut self, supervisor: &mut Supervisor) {
        let most = if self.has_budget { 1 } else { MOST_IN_FLIGHT };
        let pending = supervisor.unsettled.iter();
        let in_flight = pending.filter(|pending| pending.progress == Progress::InFlight);
        let mut room = most.saturating_sub(in_flight.count());

        for index in 0..supervisor.unsettled.len() {
            if room == 0 {
                return;
            }
            if supervisor.unsettled[index].progress == Progress::Due {
                self.send(supervisor, index);
                room -= 1;
            }
        }
    }

    fn send(&mut self, supervisor: &mut Supervisor, index: usize) {
        let pending = &mut supervisor.unsettled[index];
        pending.progress = Progress::InFlight;
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
            let answers = match products.conn().await {
                Ok(conn) => sending::ask_for_products(&conn, &changes).await,
                Err(trouble) => Err(trouble),
            };
            Completed::Verified { ops, answers }
        });
    }

    /// Sends the changes whose products have been asked for. Those wait whose products can't be
    /// asked for now, and those that must not overtake them.
    pub(super) fn on_verified(
        &mut self,
        supervisor: &mut Supervisor,
        ops: Vec<OpId>,
        answers: Result<ProductAnswers, Trouble>,
    ) -> Result<(), SessionEnd> {
        let answers = answers.map_err(SessionEnd::Broken)?;

        for op in ops {
            let Some(index) = supervisor.position(&op) else {
                continue;
            };
            let pending = &supervisor.unsettled[index];

            let trouble = match answers.trouble(&pending.change) {
                // It was checked when it was first sent.
                Some(_) if pending.first_sent.is_some() => None,
                Some(trouble) => Some(trouble.clone()),
                None => supervisor.held_up_before(index),
            };
            match trouble {
                None => self.dispatch(supervisor, index, Some(answers.missing.clone())),
                Some(trouble) => self.hold_up(supervisor, op, trouble),
            }
        }

        self.is_verifying = false;
        self.verify_products(supervisor);
        Ok(())
    }

    /// Has a change wait for a server other than the cart's, while others go on. It fails where
    /// that server stays away.
    fn hold_up(&mut self, supervisor: &mut Supervisor, op: OpId, trouble: Trouble) {
        let Some(index) = supervisor.position(&op) else {
            return;
        };
        let pending = &mut supervisor.unsettled[index];
        let is_new = pending.held_up_since.is_none();
        let since = *pending.held_up_since.get_or_insert_with(Instant::now);

        if !trouble.is_transient() || since.elapsed() >= LONGEST_HOLD {
            let error = match pending.first_sent {
                None => Error::Trouble(trouble),
                Some(_) => Error::Unknown {
                    op: op.clone(),
                    trouble,
                },
            };
            return self.settle(supervisor, op, Err(error));
        }

        pending.progress = Progress::HeldUp;
        pending.held_up_by = Some(trouble.clone());
        let visitor = pending.visitor.id;
        if !std::mem::replace(&mut self.is_holding, true) {
            self.start(async {
                tokio::time::sleep(HOLD).await;
                Completed::HoldOver
            });
        }
        if is_new {
            supervisor.tell_one(visitor, LiveEvent::Waits(trouble));
        }
        // A cart with a budget has room for the next one.
        self.send_due(supervisor);
    }

    /// Tries the changes again that are held up.
    pub(super) fn try_held_up(&mut self, supervisor: &mut Supervisor) {
        self.is_holding = false;
        for pending in &mut supervisor.unsettled {
            if pending.progress == Progress::HeldUp {
                pending.progress = Progress::Due;
            }
        }
        self.send_due(supervisor);
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
        let first_sent = *pending
            .first_sent
            .get_or_insert_with(|| FirstSent::now(self.mirror.version()));
        let attempt = Attempt {
            is_retry,
            first_version: first_sent.version,
            age: first_sent.at.age(),
            budget_checked_at: None,
        };

        let mut conn = self.conn.clone();
        let products = self.products.clone();
        let keys = supervisor.keys.clone();
        let visitor = pending.visitor.clone();
        let change = pending.change.clone();
        self.start(async move {
            let check = missing
                .as_deref()
                .map_or(ProductCheck::Here, ProductCheck::Missing);
            let policy = &visitor.policy;
            let outcome =
                send_change(&mut conn, products, &keys, policy, &change, attempt, check).await;
            Completed::Sent(change.op, attempt, outcome)
        });
    }

    /// Takes note of a change's outcome. An applied change is told to all; it is settled only
    /// once as many replicas have it as the policy asks for.
    pub(super) fn on_sent(
        &mut self,
        supervisor: &mut Supervisor,
        op: OpId,
        attempt: Attempt,
        outcome: Result<Update, Error>,
    ) -> Result<(), SessionEnd> {
        if let Err(Error::Trouble(trouble)) = &outcome
            && trouble.is_elsewhere()
        {
            let trouble = trouble.clone();
            self.hold_up(supervisor, op, trouble);
            return Ok(());
        }
        if let Err(Error::Trouble(trouble)) = &outcome
            && supervisor.locator.is_transient(trouble)
        {
            // It stays in the queue and is sent again over the next connection.
            return Err(SessionEnd::Broken(trouble.clone()));
        }

        let outcome = match outcome {
            // Whatever keeps it from being done now, it may have been done before.
            Err(Error::Trouble(trouble)) if attempt.is_retry => Err(Error::Unknown {
                op: op.clone(),
                trouble,
            }),
            outcome => outcome,
        };
        if let Ok(update) = &outcome {
            let news = LiveEvent::Update(update.clone());
            self.tell_in_order(supervisor, Audience::All, news);
        }
        let replicas = supervisor.replicas_wanted(&op);
        if replicas > 0 && needs_replicas(&outcome, attempt) {
            self.unreplicated.push(Unreplicated {
                op,
                outcome,
                replicas,
            });
            self.check_replicas();
        } else {
            self.settle(supervisor, op, outcome);
        }
        Ok(())
    }

    /// Asks whether enough replicas have what the unreplicated changes came to.
    fn check_replicas(&mut self) {
        let wanted = self.unreplicated.iter().map(|change| change.replicas);
        let Some(wanted) = wanted.max() else {
            return;
        };
        if std::mem::replace(&mut self.is_checking_replicas, true) {
            return;
        }

        let mut conn = self.conn.clone();
        let changes = self.unreplicated.len();
        self.start(async move {
            let wait = wait_command(wanted);
            let replicas: Result<i64, _> = wait.query_async(&mut conn).await;
            let outcome = match replicas {
                Ok(replicas) => Ok(replicas >= i64::from(wanted)),
                Err(error) => Err(Trouble::from(error)),
            };
            Completed::Replicated { changes, outcome }
        });
    }

    /// Settles the first `changes` of the unreplicated changes where enough replicas have them.
    pub(super) fn on_replicated(
        &mut self,
        supervisor: &mut Supervisor,
        changes: usize,
        outcome: Result<bool, Trouble>,
    ) -> Result<(), SessionEnd> {
        self.is_checking_replicas = false;

        match outcome {
            Ok(true) => {
                let replicated: Vec<_> = self.unreplicated.drain(..changes).collect();
                for change in replicated {
                    self.settle(supervisor, change.op, change.outcome);
                }
            }
            Ok(false) => {}
            Err(trouble) if supervisor.locator.is_transient(&trouble) => {
                return Err(SessionEnd::Broken(trouble));
            }
            Err(trouble) => {
                for change in std::mem::take(&mut self.unreplicated) {
                    let unknown = Error::Unknown {
                        op: change.op.clone(),
                        trouble: trouble.clone(),
                    };
                    self.settle(supervisor, change.op, Err(unknown));
                }
            }
        }

        self.check_replicas();
        Ok(())
    }

    /// Ends a change: it leaves the queue, its outcome is told to whoever asked for it, and the
    /// next one may go.
    fn settle(&mut self, supervisor: &mut Supervisor, op: OpId, outcome: Result<Update, Error>) {
        let index = supervisor.position(&op);
        let Some(settled) = index.and_then(|index| supervisor.unsettled.remove(index)) else {
            return;
        };
        if let Some(sent) = settled.first_sent {
            sending::log_outcome(supervisor.user.as_str(), &op, sent.at, outcome.as_ref());
        }

        self.send_due(supervisor);
        let asker = Audience::One(settled.visitor.id);
        self.tell_in_order(supervisor, asker, LiveEvent::Settled(op, outcome));
    }
}

impl Supervisor {
    /// The place of a change in the queue.
    fn position(&self, op: &OpId) -> Option<usize> {
        self.unsettled
            .iter()
            .position(|pending| pending.change.op == *op)
    }

    /// The number of replicas that must have a change before it is settled.
    fn replicas_wanted(&self, op: &OpId) -> u32 {
        let pending = self.position(op).map(|index| &self.unsettled[index]);
        pending.map_or(0, |pending| pending.visitor.policy.confirm_replicas)
    }

    /// The trouble of a change that is held up, and that the one at `index` must not overtake.
    fn held_up_before(&self, index: usize) -> Option<Trouble> {
        let change = &self.unsettled[index].change;
        let mut earlier = self.unsettled.iter().take(index);
        earlier.find_map(|pending| {
            let trouble = pending.held_up_by.as_ref()?;
            (pending.progress == Progress::HeldUp && change.touches(&pending.change))
                .then(|| trouble.clone())
        })
    }
}

/// Tells whether an outcome counts only once replicas have it. A refusal does where the change was
/// sent before: a master that was replaced and does not know it yet may refuse what its successor
/// has applied.
fn needs_replicas<T>(outcome: &Result<T, Error>, attempt: Attempt) -> bool {
    match outcome {
        Ok(_) => true,
        Err(Error::Refused(_)) => attempt.is_retry,
        Err(Error::Trouble(_) | Error::Unknown { .. }) => false,
    }
}

/// Sends a change; where the cart turns out to have a budget, in the steps that this takes.
async fn send_change(
    conn: &mut ServerConn,
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
