//! Drives an order through its steps, from the beginning or from where another driver stopped.

use super::steps;
use crate::model::order::OrderFailure;
use crate::model::{OrderId, Preview, UserName};
use crate::store::connection::replicas::ReplicaWait;
use crate::store::error::Error;
use crate::store::keys::CartKeys;
use crate::store::order::steps::{
    AnnounceAnswer, Decision, FreezeAnswer, FrozenCart, StockReturn, TakeAnswer,
};
use crate::store::policy::Policy;
use redis::aio::ConnectionLike;
use std::sync::Arc;

/// The step that a driver does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Note the order as open.
    Announce,
    /// Freeze the cart as the preview showed it.
    Freeze,
    /// Read which order the cart is frozen for, if any.
    FindFrozen,
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

/// The order that a driver was asked to place.
#[derive(Debug, Clone)]
struct RequestedOrder {
    id: OrderId,
    /// The preview that the user saw and agreed to.
    agreed_preview: Preview,
}

/// One order on its way. A driver may stop anywhere: any other goes on.
#[derive(Debug, Clone)]
pub struct Driver {
    keys: CartKeys,
    user: UserName,
    policy: Policy,
    /// Unset in a driver that only finishes what others began.
    requested: Option<RequestedOrder>,
    /// The order that the cart is frozen for, once it is known: the requested one, or that of
    /// somebody who was first.
    frozen: Option<Arc<FrozenCart>>,
    stage: Stage,
    outcome: Outcome,
}

impl Driver {
    /// A driver that places what the user agreed to, under this id.
    #[must_use]
    pub fn place(user: &UserName, policy: &Policy, id: OrderId, agreed_preview: Preview) -> Driver {
        Driver {
            requested: Some(RequestedOrder { id, agreed_preview }),
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
            requested: None,
            frozen: None,
            stage: Stage::FindFrozen,
            outcome: Outcome::Nothing,
        }
    }

    /// The id of the order that this driver was asked to place, if any.
    #[must_use]
    pub(crate) fn requested_id(&self) -> Option<&OrderId> {
        self.requested.as_ref().map(|requested| &requested.id)
    }

    /// The step that comes next.
    #[must_use]
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// The id of the order that is driven, where it is known: that of the frozen cart, which may
    /// be somebody else's order, and before that the requested one.
    #[must_use]
    pub fn id(&self) -> Option<&OrderId> {
        let frozen = self.frozen.as_ref().map(|frozen| &frozen.id);
        frozen.or(self.requested_id())
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
        self.stage = conn.require_replicas(next)?;
        Ok((self.stage == Stage::Over).then(|| self.outcome.clone()))
    }

    /// Does the present stage; returns the next.
    async fn do_stage(&mut self, conn: &mut impl ConnectionLike) -> Result<Stage, Error> {
        let stage = self.stage.clone();
        match stage {
            Stage::Announce => self.announce(conn).await,
            Stage::Freeze => self.freeze(conn).await,
            Stage::FindFrozen => self.find_frozen(conn).await,
            Stage::Take(_)
            | Stage::Decide(_)
            | Stage::Append
            | Stage::Release(_)
            | Stage::Settle => self.do_frozen_stage(conn, stage).await,
            Stage::Close => self.close(conn).await,
            Stage::Over => Ok(Stage::Over),
        }
    }

    /// Does one of the stages that need a frozen cart; returns the next.
    async fn do_frozen_stage(
        &mut self,
        conn: &mut impl ConnectionLike,
        stage: Stage,
    ) -> Result<Stage, Error> {
        // Only `take_up` leads to these stages, and it keeps the frozen cart. If it were missing
        // all the same, reading it again would do no harm.
        let Some(frozen) = self.frozen.clone() else {
            return Ok(Stage::FindFrozen);
        };

        match stage {
            Stage::Take(index) => take(conn, &frozen, index).await,
            Stage::Decide(decision) => self.decide(conn, &frozen.id, &decision).await,
            Stage::Append => {
                steps::append(conn, &self.keys, &self.user, &frozen).await?;
                Ok(Stage::Settle)
            }
            Stage::Release(index) => release(conn, &frozen, index).await,
            Stage::Settle => {
                steps::settle(conn, &self.keys, &self.policy, &frozen.id).await?;
                Ok(Stage::Close)
            }
            Stage::Announce | Stage::Freeze | Stage::FindFrozen | Stage::Close | Stage::Over => {
                Ok(stage)
            }
        }
    }

    async fn announce(&mut self, conn: &mut impl ConnectionLike) -> Result<Stage, Error> {
        // A driver without a request begins behind this stage.
        let Some(requested) = &self.requested else {
            return Ok(Stage::FindFrozen);
        };

        match steps::announce(conn, &requested.id, &self.user).await? {
            AnnounceAnswer::Open => Ok(Stage::Freeze),
            AnnounceAnswer::AlreadyPlaced => {
                self.outcome = Outcome::Placed(requested.id.clone());
                // It is in the stream, and may still be in the cart.
                Ok(Stage::FindFrozen)
            }
        }
    }

    async fn freeze(&mut self, conn: &mut impl ConnectionLike) -> Result<Stage, Error> {
        // A driver without a request begins behind this stage.
        let Some(RequestedOrder { id, agreed_preview }) = &self.requested else {
            return Ok(Stage::FindFrozen);
        };

        match steps::freeze(conn, &self.keys, &self.policy, id, agreed_preview).await {
            Ok(FreezeAnswer::Frozen(frozen)) => Ok(self.take_up(frozen)),
            Ok(FreezeAnswer::Over(decision)) => {
                self.outcome = outcome_of(&decision, id);
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

    async fn find_frozen(&mut self, conn: &mut impl ConnectionLike) -> Result<Stage, Error> {
        let Some(frozen) = steps::read_frozen(conn, &self.keys).await? else {
            return Ok(Stage::Over);
        };
        // Our order is in the stream, and the cart is frozen for a later one: not our business.
        if self.requested_id().is_some_and(|id| *id != frozen.id) {
            return Ok(Stage::Over);
        }

        // Replicas must have what the next steps build on, whoever wrote it.
        if self.policy.confirm_replicas > 0 {
            steps::rewrite_decision(conn, &self.keys, &frozen.id).await?;
        }
        Ok(self.take_up(frozen))
    }

    /// Keeps a frozen order, to go on with it; returns the next stage.
    fn take_up(&mut self, frozen: FrozenCart) -> Stage {
        let next = match &frozen.decision {
            None => Stage::Take(0),
            Some(decision) => {
                self.outcome = outcome_of(decision, &frozen.id);
                stage_after(decision)
            }
        };
        self.frozen = Some(Arc::new(frozen));
        next
    }

    async fn decide(
        &mut self,
        conn: &mut impl ConnectionLike,
        id: &OrderId,
        decision: &Decision,
    ) -> Result<Stage, Error> {
        match steps::decide(conn, &self.keys, id, decision).await? {
            Some(standing) => {
                self.outcome = outcome_of(&standing, id);
                Ok(stage_after(&standing))
            }
            None => {
                // The order ended so long ago that nobody remembers it. Then the products took
                // nothing for it either.
                self.outcome = Outcome::Undone(OrderFailure::Late);
                Ok(Stage::Close)
            }
        }
    }

    /// Closes the order that was driven. Where that was another than the requested one, because
    /// somebody had frozen the cart before, the requested id is noted as open, too: its order was
    /// never begun, and ends with this.
    async fn close(&mut self, conn: &mut impl ConnectionLike) -> Result<Stage, Error> {
        let frozen = self.frozen.iter().map(|frozen| &frozen.id);
        for id in frozen.chain(self.requested_id()) {
            steps::close(conn, id).await?;
        }
        Ok(Stage::Over)
    }
}

/// The outcome of an order about which this was decided.
fn outcome_of(decision: &Decision, id: &OrderId) -> Outcome {
    match decision {
        Decision::Place => Outcome::Placed(id.clone()),
        Decision::Undo(failure) => Outcome::Undone(failure.clone()),
    }
}

/// The stage that follows a decision.
fn stage_after(decision: &Decision) -> Stage {
    match decision {
        Decision::Place => Stage::Append,
        Decision::Undo(_) => Stage::Release(0),
    }
}

/// Takes the stock of the line with this index; past the last line, all of it is taken.
async fn take(
    conn: &mut impl ConnectionLike,
    frozen: &FrozenCart,
    index: usize,
) -> Result<Stage, Error> {
    let Some(line) = frozen.lines.get(index) else {
        return Ok(Stage::Decide(Decision::Place));
    };
    Ok(match steps::take(conn, frozen, line).await? {
        TakeAnswer::Taken => Stage::Take(index + 1),
        TakeAnswer::Failed(failure) => Stage::Decide(Decision::Undo(failure)),
    })
}

/// Gives back the stock of the line with this index; past the last line, all of it is back.
async fn release(
    conn: &mut impl ConnectionLike,
    frozen: &FrozenCart,
    index: usize,
) -> Result<Stage, Error> {
    let Some(line) = frozen.lines.get(index) else {
        return Ok(Stage::Settle);
    };
    steps::release(conn, &frozen.id, line, StockReturn::GiveBack).await?;
    Ok(Stage::Release(index + 1))
}
