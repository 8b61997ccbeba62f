//! Drives an order through its steps, from the beginning or from where another driver stopped.

use super::steps;
use crate::model::order::OrderFailure;
use crate::model::{OrderId, Preview, UserName};
use crate::store::connection::replicas::ReplicaWait;
use crate::store::error::Error;
use crate::store::keys::CartKeys;
use crate::store::order::steps::{Decision, FreezeAnswer, FrozenCart, StockReturn};
use crate::store::policy::Policy;
use redis::aio::ConnectionLike;

/// The step that a driver does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Note the order as open.
    Announce,
    /// Freeze the cart as it was confirmed.
    Freeze,
    /// See whether the cart is frozen.
    Look,
    /// Take the stock of the line with this index.
    Take(usize),
    /// Decide this, unless another driver has decided already.
    Decide(Decision),
    /// Put the order into the stream.
    Append,
    /// Give back the stock of the line with this index.
    Release(usize),
    /// Take what was ordered out of the cart.
    Settle,
    /// Note that the order is no longer open.
    Close,
    /// Nothing: the order has ended.
    Over,
}

/// The end of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the stream.
    Placed(OrderId),
    /// It was undone: the cart is as it was.
    Undone(OrderFailure),
    /// There was no order to go on with.
    Nothing,
}

/// One order on its way. A driver may stop anywhere: any other goes on.
#[derive(Debug, Clone)]
pub struct Driver {
    keys: CartKeys,
    user: UserName,
    policy: Policy,
    /// The order id announced by this driver. The cart may be frozen under another id, where
    /// somebody else was first.
    announced: Option<OrderId>,
    confirmed: Option<Preview>,
    frozen: Option<FrozenCart>,
    stage: Stage,
    outcome: Outcome,
}

impl Driver {
    /// A driver that places what was confirmed, under this id.
    #[must_use]
    pub fn place(user: &UserName, policy: &Policy, id: OrderId, confirmed: Preview) -> Driver {
        Driver {
            announced: Some(id),
            confirmed: Some(confirmed),
            stage: Stage::Announce,
            ..Driver::resume(user, policy)
        }
    }

    /// A driver that goes on with the order for which the cart is frozen, if any.
    #[must_use]
    pub fn resume(user: &UserName, policy: &Policy) -> Driver {
        Driver {
            keys: CartKeys::of(user),
            user: user.clone(),
            policy: policy.clone(),
            announced: None,
            confirmed: None,
            frozen: None,
            stage: Stage::Look,
            outcome: Outcome::Nothing,
        }
    }

    /// The order id that this driver was asked to place, if any.
    #[must_use]
    pub(crate) fn requested_id(&self) -> Option<&OrderId> {
        self.announced.as_ref()
    }

    /// The step that comes next.
    #[must_use]
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// The order's id, where it is known.
    #[must_use]
    pub fn id(&self) -> Option<&OrderId> {
        let frozen = self.frozen.as_ref().map(|frozen| &frozen.id);
        frozen.or(self.announced.as_ref())
    }

    /// Does the next step; returns the outcome at the end. After trouble with the link, the
    /// same step can be done again.
    ///
    /// # Errors
    /// [`Error::Refused`] where nothing was ordered; [`Error::Trouble`] of the link.
    pub async fn step<C: ConnectionLike + Send>(
        &mut self,
        conn: &mut C,
    ) -> Result<Option<Outcome>, Error> {
        let mut conn = ReplicaWait::new(conn, self.policy.confirm_replicas);
        let next = self.do_stage(&mut conn).await;
        // A step that too few replicas have is done again.
        self.stage = conn.confirm(next)?;
        Ok((self.stage == Stage::Over).then(|| self.outcome.clone()))
    }

    /// Does the present stage; returns the next.
    async fn do_stage(&mut self, conn: &mut impl ConnectionLike) -> Result<Stage, Error> {
        match self.stage.clone() {
            Stage::Announce => self.announce(conn).await,
            Stage::Freeze => self.freeze(conn).await,
            Stage::Look => self.look(conn).await,
            Stage::Take(index) => self.take(conn, index).await,
            Stage::Decide(decision) => self.decide(conn, &decision).await,
            Stage::Append => self.append(conn).await,
            Stage::Release(index) => self.release(conn, index).await,
            Stage::Settle => self.settle(conn).await,
            Stage::Close => self.close(conn).await,
            Stage::Over => Ok(Stage::Over),
        }
    }

    async fn announce(&mut self, conn: &mut impl ConnectionLike) -> Result<Stage, Error> {
        let Some(id) = &self.announced else {
            return Ok(Stage::Look);
        };
        if steps::announce(conn, id, &self.user).await? {
            self.outcome = Outcome::Placed(id.clone());
            // It may be in the stream and still in the cart.
            return Ok(Stage::Look);
        }
        Ok(Stage::Freeze)
    }

    async fn freeze(&mut self, conn: &mut impl ConnectionLike) -> Result<Stage, Error> {
        let (Some(id), Some(confirmed)) = (&self.announced, &self.confirmed) else {
            return Ok(Stage::Look);
        };

        match steps::freeze(conn, &self.keys, &self.policy, id, confirmed).await {
            Ok(FreezeAnswer::Frozen(frozen)) => Ok(self.take_up(frozen)),
            Ok(FreezeAnswer::Over(decision)) => {
                self.obey(&decision, &id.clone());
                Ok(Stage::Close)
            }
            Err(Error::Refused(refusal)) => {
                // Where this fails, the open order is found to have no cart, and is closed later.
                let _ = steps::close(conn, id).await;
                Err(refusal.into())
            }
            Err(error) => Err(error),
        }
    }

    async fn look(&mut self, conn: &mut impl ConnectionLike) -> Result<Stage, Error> {
        let Some(frozen) = steps::read_frozen(conn, &self.keys).await? else {
            return Ok(Stage::Over);
        };
        // Our order is in the stream, and the cart is frozen for a later one: not our business.
        if self.announced.as_ref().is_some_and(|id| *id != frozen.id) {
            return Ok(Stage::Over);
        }

        // Replicas must have what the next steps build on, whoever wrote it: this writes it again.
        if self.policy.confirm_replicas > 0 {
            steps::decide(conn, &self.keys, &frozen.id, None).await?;
        }
        Ok(self.take_up(frozen))
    }

    /// Goes on with a frozen order; returns the next stage.
    fn take_up(&mut self, frozen: FrozenCart) -> Stage {
        let next = match &frozen.decision {
            None => Stage::Take(0),
            Some(decision) => self.obey(decision, &frozen.id),
        };
        self.frozen = Some(frozen);
        next
    }

    /// Notes the decision that stands; returns the stage that follows from it.
    fn obey(&mut self, decision: &Decision, id: &OrderId) -> Stage {
        match decision {
            Decision::Place => {
                self.outcome = Outcome::Placed(id.clone());
                Stage::Append
            }
            Decision::Undo(failure) => {
                self.outcome = Outcome::Undone(failure.clone());
                Stage::Release(0)
            }
        }
    }

    async fn take(&mut self, conn: &mut impl ConnectionLike, index: usize) -> Result<Stage, Error> {
        let Some(frozen) = &self.frozen else {
            return Ok(Stage::Over);
        };
        let Some(line) = frozen.lines.get(index) else {
            return Ok(Stage::Decide(Decision::Place));
        };
        Ok(match steps::take(conn, frozen, line).await? {
            None => Stage::Take(index + 1),
            Some(failure) => Stage::Decide(Decision::Undo(failure)),
        })
    }

    async fn decide(
        &mut self,
        conn: &mut impl ConnectionLike,
        decision: &Decision,
    ) -> Result<Stage, Error> {
        let Some(id) = self.frozen.as_ref().map(|frozen| frozen.id.clone()) else {
            return Ok(Stage::Over);
        };

        match steps::decide(conn, &self.keys, &id, Some(decision)).await? {
            Some(stands) => Ok(self.obey(&stands, &id)),
            None => {
                // The order ended so long ago that nobody remembers it. Then the products took
                // nothing for it either.
                self.outcome = Outcome::Undone(OrderFailure::Late);
                Ok(Stage::Close)
            }
        }
    }

    async fn append(&mut self, conn: &mut impl ConnectionLike) -> Result<Stage, Error> {
        if let Some(frozen) = &self.frozen {
            steps::append(conn, &self.keys, &self.user, frozen).await?;
        }
        Ok(Stage::Settle)
    }

    async fn release(
        &mut self,
        conn: &mut impl ConnectionLike,
        index: usize,
    ) -> Result<Stage, Error> {
        let Some(frozen) = &self.frozen else {
            return Ok(Stage::Over);
        };
        let Some(line) = frozen.lines.get(index) else {
            return Ok(Stage::Settle);
        };
        steps::release(conn, &frozen.id, line, StockReturn::GiveBack).await?;
        Ok(Stage::Release(index + 1))
    }

    async fn settle(&mut self, conn: &mut impl ConnectionLike) -> Result<Stage, Error> {
        if let Some(frozen) = &self.frozen {
            steps::settle(conn, &self.keys, &self.policy, &frozen.id).await?;
        }
        Ok(Stage::Close)
    }

    async fn close(&mut self, conn: &mut impl ConnectionLike) -> Result<Stage, Error> {
        let frozen = self.frozen.iter().map(|frozen| &frozen.id);
        for id in frozen.chain(&self.announced) {
            steps::close(conn, id).await?;
        }
        Ok(Stage::Over)
    }
}
