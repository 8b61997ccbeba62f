//! Driving an order through its steps, from the beginning or from where another left off.

use super::steps;
use crate::model::order::OrderFailure;
use crate::model::{OrderId, Preview, UserName};
use crate::store::connection::replicas::ReplicaWait;
use crate::store::error::Error;
use crate::store::keys::CartKeys;
use crate::store::order::steps::{Decision, Freeze, Frozen};
use crate::store::policy::Policy;
use redis::aio::ConnectionLike;

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Note the order as open.
    Announce,
    /// Freeze the cart as it was confirmed.
    Freeze,
    /// See whether the cart is frozen.
    Look,
    /// Take the stock of this line.
    Take(usize),
    /// Decide.
    Decide(Result<(), OrderFailure>),
    /// Put the order into the stream.
    Append,
    /// Give back the stock of this line.
    Release(usize),
    /// Take what was ordered out of the cart.
    Settle,
    /// The order is open no more.
    Close,
    /// Nothing.
    Over,
}

/// How an order ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the stream.
    Placed(OrderId),
    /// It was undone: the cart is as it was.
    Undone(OrderFailure),
    /// There was none to go on with.
    Nothing,
}

/// One order on its way. A driver may stop anywhere: any other goes on.
#[derive(Debug, Clone)]
pub struct Driver {
    keys: CartKeys,
    user: UserName,
    policy: Policy,
    /// The id that was announced here; the order's own may be another's, who was first.
    announced: Option<OrderId>,
    confirmed: Option<Preview>,
    frozen: Option<Frozen>,
    stage: Stage,
    outcome: Outcome,
}

impl Driver {
    /// Places what was confirmed under this id.
    #[must_use]
    pub fn place(user: &UserName, policy: &Policy, id: OrderId, confirmed: Preview) -> Driver {
        let stage = Stage::Announce;
        Driver {
            announced: Some(id),
            confirmed: Some(confirmed),
            stage,
            ..Driver::resume(user, policy)
        }
    }

    /// Goes on with the order that the cart is frozen for, if any.
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

    /// The id that was asked for here, if any.
    #[must_use]
    pub fn asked(&self) -> Option<&OrderId> {
        self.announced.as_ref()
    }

    /// What is to be done next.
    #[must_use]
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// The order's id, where it is known.
    #[must_use]
    pub fn id(&self) -> Option<&OrderId> {
        self.frozen
            .as_ref()
            .map(|frozen| &frozen.id)
            .or(self.announced.as_ref())
    }

    /// Does the next step; `Some` at the end. After trouble with the link, the same step can
    /// be done again.
    ///
    /// # Errors
    /// [`Error::Refused`] where nothing was ordered; [`Error::Trouble`] of the link.
    pub async fn step<C: ConnectionLike + Send>(
        &mut self,
        conn: &mut C,
    ) -> Result<Option<Outcome>, Error> {
        let mut conn = ReplicaWait::new(conn, self.policy.confirm_replicas);
        let next = self.next(&mut conn).await;
        // A step that replicas lack is done again.
        self.stage = conn.confirm(next)?;
        Ok((self.stage == Stage::Over).then(|| self.outcome.clone()))
    }

    /// Does what is to be done; returns what is next.
    async fn next(&mut self, conn: &mut impl ConnectionLike) -> Result<Stage, Error> {
        Ok(match &self.stage {
            Stage::Announce => self.announce(conn).await?,
            Stage::Freeze => self.freeze(conn).await?,
            Stage::Look => self.look(conn).await?,
            Stage::Take(at) => {
                let at = *at;
                self.take(conn, at).await?
            }
            Stage::Decide(found) => {
                let decision = found
                    .clone()
                    .map_or_else(Decision::Undo, |()| Decision::Place);
                self.decide(conn, &decision).await?
            }
            Stage::Append => {
                if let Some(frozen) = &self.frozen {
                    steps::append(conn, &self.keys, &self.user, frozen).await?;
                }
                Stage::Settle
            }
            Stage::Release(at) => {
                let at = *at;
                self.release(conn, at).await?
            }
            Stage::Settle => {
                if let Some(frozen) = &self.frozen {
                    steps::settle(conn, &self.keys, &self.policy, &frozen.id).await?;
                }
                Stage::Close
            }
            Stage::Close => self.close(conn).await?,
            Stage::Over => Stage::Over,
        })
    }

    async fn look(&mut self, conn: &mut impl ConnectionLike) -> Result<Stage, Error> {
        let Some(frozen) = steps::look(conn, &self.keys).await? else {
            return Ok(Stage::Over);
        };
        // An order that is in the stream answers for itself, whatever comes after it.
        if self.announced.as_ref().is_some_and(|id| *id != frozen.id) {
            return Ok(Stage::Over);
        }
        // What is built on must be copied, too, whoever wrote it.
        if self.policy.confirm_replicas > 0 {
            steps::decide(conn, &self.keys, &frozen.id, None).await?;
        }
        Ok(self.take_up(frozen))
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
            Ok(Freeze::Frozen(frozen)) => Ok(self.take_up(frozen)),
            Ok(Freeze::Over(decision)) => {
                self.note(&decision, &id.clone());
                Ok(Stage::Close)
            }
            Err(Error::Refused(refusal)) => {
                // A note that stays is found to be of no cart, and goes later.
                let _ = steps::close(conn, id).await;
                Err(refusal.into())
            }
            Err(error) => Err(error),
        }
    }

    fn take_up(&mut self, frozen: Frozen) -> Stage {
        let decision = frozen.decision.clone();
        let id = frozen.id.clone();
        self.frozen = Some(frozen);
        match decision {
            None => Stage::Take(0),
            Some(decision) => self.note(&decision, &id),
        }
    }

    /// Notes what stands; returns what follows from it.
    fn note(&mut self, decision: &Decision, id: &OrderId) -> Stage {
        match decision {
            Decision::Place => {
                self.outcome = Outcome::Placed(id.clone());
                Stage::Append
            }
            Decision::Undo(hitch) => {
                self.outcome = Outcome::Undone(hitch.clone());
                Stage::Release(0)
            }
        }
    }

    async fn take(&mut self, conn: &mut impl ConnectionLike, at: usize) -> Result<Stage, Error> {
        let Some(frozen) = &self.frozen else {
            return Ok(Stage::Over);
        };
        let Some(line) = frozen.lines.get(at) else {
            return Ok(Stage::Decide(Ok(())));
        };
        Ok(match steps::take(conn, frozen, line).await? {
            None => Stage::Take(at + 1),
            Some(hitch) => Stage::Decide(Err(hitch)),
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
        Ok(
            match steps::decide(conn, &self.keys, &id, Some(decision)).await? {
                Some(stands) => self.note(&stands, &id),
                // Over for so long that nobody remembers it; then the products took nothing either.
                None => {
                    self.outcome = Outcome::Undone(OrderFailure::Late);
                    Stage::Close
                }
            },
        )
    }

    async fn release(&mut self, conn: &mut impl ConnectionLike, at: usize) -> Result<Stage, Error> {
        let Some(frozen) = &self.frozen else {
            return Ok(Stage::Over);
        };
        let Some(line) = frozen.lines.get(at) else {
            return Ok(Stage::Settle);
        };
        steps::release(conn, &frozen.id, line, true).await?;
        Ok(Stage::Release(at + 1))
    }

    async fn close(&mut self, conn: &mut impl ConnectionLike) -> Result<Stage, Error> {
        let own = self.frozen.iter().map(|frozen| &frozen.id);
        for id in own.chain(&self.announced) {
            steps::close(conn, id).await?;
        }
        Ok(Stage::Over)
    }
}
