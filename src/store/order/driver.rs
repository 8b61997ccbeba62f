//! Drives an order through its steps, from the beginning or from where another driver stopped.

use super::{day, steps, stock};
use crate::model::order::OrderFailure;
use crate::model::{OrderId, Preview, Refusal, UserName};
use crate::store::cart::new_op;
use crate::store::connection::replicas::ReplicaWait;
use crate::store::error::Error;
use crate::store::keys::CartKeys;
use crate::store::order::begun::{BegunOrder, Decision};
use crate::store::order::stage::{Outcome, Stage};
use crate::store::order::steps::{Announcement, FreezeMark};
use crate::store::order::stock::{StockReturn, TakeAnswer};
use crate::store::policy::Policy;
use redis::aio::ConnectionLike;
use std::sync::Arc;

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
    /// The order that is to be finished, where it isn't the one for which the cart is frozen.
    wanted: Option<OrderId>,
    /// The record of the order that is driven, once it is known: the requested one, or that of
    /// somebody who was first.
    begun: Option<Arc<BegunOrder>>,
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
            wanted: None,
            begun: None,
            stage: Stage::Find,
            outcome: Outcome::Nothing,
        }
    }

    /// A driver that finishes the order of this id, whether or not the cart is frozen for it.
    #[must_use]
    pub(crate) fn finish(user: &UserName, policy: &Policy, id: OrderId) -> Driver {
        Driver {
            wanted: Some(id),
            ..Driver::resume(user, policy)
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

    /// The id of the order that is driven, where it is known: that may be somebody else's order
    /// of the same cart. Before that it is the requested one.
    #[must_use]
    pub fn id(&self) -> Option<&OrderId> {
        let begun = self.begun.as_ref().map(|begun| &begun.id);
        begun.or(self.requested_id())
    }

    /// Does the next step; returns the outcome at the end. After trouble with the link, the
    /// same step can be done again.
    ///
    /// # Errors
    /// [`Error::Refused`] where nothing was ordered, or something else than was agreed to;
    /// [`Error::Trouble`] of the link.
    pub async fn step<C: ConnectionLike + Send>(
        &mut self,
        conn: &mut C,
    ) -> Result<Option<Outcome>, Error> {
        let mut conn = ReplicaWait::new(conn, self.policy.confirm_replicas);
        let next = self.do_stage(&mut conn).await;
        // A step that too few replicas have is done again.
        self.stage = match &self.begun {
            // It is announced: another server may have gone on with it.
            Some(_) => conn.require_replicas_of_retry(next)?,
            None => conn.require_replicas(next)?,
        };

        if self.stage != Stage::Over {
            return Ok(None);
        }
        match self.other_order_placed() {
            Some(refusal) => Err(refusal.into()),
            None => Ok(Some(self.outcome.clone())),
        }
    }

    /// Does one step after the other, to the end or to the first trouble, after which it can go on.
    ///
    /// # Errors
    /// The errors of [`Driver::step`].
    pub(crate) async fn run<C: ConnectionLike + Send>(
        &mut self,
        conn: &mut C,
    ) -> Result<Outcome, Error> {
        loop {
            if let Some(outcome) = self.step(conn).await? {
                return Ok(outcome);
            }
        }
    }

    /// Does the present stage; returns the next.
    async fn do_stage(&mut self, conn: &mut impl ConnectionLike) -> Result<Stage, Error> {
        let stage = self.stage.clone();
        match stage {
            Stage::Announce => self.announce(conn).await,
            Stage::Find => self.find(conn).await,
            Stage::Freeze
            | Stage::Take(_)
            | Stage::Decide(_)
            | Stage::Release(_)
            | Stage::Settle => self.do_begun_stage(conn, stage).await,
            Stage::Close => self.close(conn).await,
            Stage::Over => Ok(Stage::Over),
        }
    }

    /// Does one of the stages that need the order's record; returns the next.
    async fn do_begun_stage(
        &mut self,
        conn: &mut impl ConnectionLike,
        stage: Stage,
    ) -> Result<Stage, Error> {
        // Only stages that keep the record lead here. If it were missing all the same, reading
        // it again would do no harm.
        let Some(begun) = self.begun.clone() else {
            return Ok(Stage::Find);
        };

        match stage {
            Stage::Freeze => self.freeze(conn, &begun).await,
            Stage::Take(index) => take(conn, &begun, index).await,
            Stage::Decide(decision) => self.decide(conn, &begun, decision).await,
            Stage::Release(index) => release(conn, &begun, index).await,
            Stage::Settle => self.settle(conn, &begun).await,
            Stage::Announce | Stage::Find | Stage::Close | Stage::Over => Ok(stage),
        }
    }

    async fn announce(&mut self, conn: &mut impl ConnectionLike) -> Result<Stage, Error> {
        // A driver without a request begins behind this stage.
        let Some(RequestedOrder { id, agreed_preview }) = self.requested.clone() else {
            return Ok(Stage::Find);
        };
        let lines = match agreed_preview.orderable_lines() {
            Ok(lines) => lines,
            // It can only go on with what was begun before.
            Err(refusal) => return self.join_or_refuse(conn, &id, refusal).await,
        };

        let announcement = Announcement {
            id: &id,
            user: &self.user,
            who: &self.policy.by,
            version: agreed_preview.version,
            currency: &agreed_preview.currency,
            lines: &lines,
            note: &agreed_preview.note,
            utc_offset: day::utc_offset(conn).await,
        };
        let begun = steps::announce(conn, &announcement).await?;
        if begun.decision.is_some() {
            return Ok(self.take_up(begun));
        }

        // A record of other lines is left from an earlier try under this id. If that never came
        // to the cart, it is forgotten; else it goes on.
        if !begun.buys_the_same(&agreed_preview) || begun.version != agreed_preview.version {
            let mark = steps::find_freeze(conn, &self.keys, &self.policy).await?;
            if !mark.is_some_and(|mark| mark.is_for(&id)) {
                steps::close(conn, &id).await?;
                return Ok(Stage::Announce);
            }
        }

        self.begun = Some(Arc::new(begun));
        Ok(Stage::Freeze)
    }

    /// Goes on with the requested order where it was announced before, or with the order for
    /// which the cart is frozen. Where there is neither, the order is refused.
    async fn join_or_refuse(
        &mut self,
        conn: &mut impl ConnectionLike,
        id: &OrderId,
        refusal: Refusal,
    ) -> Result<Stage, Error> {
        let before = steps::reread(conn, id, &self.user).await?;
        if let Some(begun) = before.filter(|begun| begun.user == self.user) {
            let is_pending = begun.decision.is_none();
            let next = self.take_up(begun);
            return Ok(if is_pending { Stage::Freeze } else { next });
        }

        match self.find(conn).await? {
            Stage::Over => Err(refusal.into()),
            next => Ok(next),
        }
    }

    async fn freeze(
        &mut self,
        conn: &mut impl ConnectionLike,
        begun: &BegunOrder,
    ) -> Result<Stage, Error> {
        match steps::freeze(conn, &self.keys, &self.policy, begun).await {
            Ok(mark) if mark.is_for(&begun.id) => Ok(Stage::Take(0)),
            Ok(mark) => self.end_or_join(conn, begun, &mark).await,
            Err(Error::Refused(refusal)) => self.end_or_refuse(conn, begun, refusal).await,
            Err(error) => Err(error),
        }
    }

    /// Takes in that the cart is frozen for another order: either our own was frozen before and
    /// has ended since, in the hands of another driver, or the other one is joined.
    async fn end_or_join(
        &mut self,
        conn: &mut impl ConnectionLike,
        begun: &BegunOrder,
        mark: &FreezeMark,
    ) -> Result<Stage, Error> {
        let own = steps::reread(conn, &begun.id, &self.user).await?;
        if let Some(ended) = own.filter(|own| own.decision.is_some()) {
            return Ok(self.take_up(ended));
        }

        let next = match self.take_up_frozen(conn, mark).await {
            Err(Error::Refused(refusal)) => return self.end_or_refuse(conn, begun, refusal).await,
            next => next?,
        };
        // Where the mark is gone, our own order can be tried again.
        Ok(next.unwrap_or(Stage::Freeze))
    }

    /// Takes in that the cart could not be frozen: either the order was frozen before and has
    /// ended since, in the hands of another driver, or it never comes to its cart.
    async fn end_or_refuse(
        &mut self,
        conn: &mut impl ConnectionLike,
        begun: &BegunOrder,
        refusal: Refusal,
    ) -> Result<Stage, Error> {
        match steps::reread(conn, &begun.id, &self.user).await? {
            Some(ended) if ended.decision.is_some() => Ok(self.take_up(ended)),
            Some(ours) if ours == *begun => {
                // Where this fails, whoever looks after open orders closes it later.
                let _ = steps::close(conn, &begun.id).await;
                Err(refusal.into())
            }
            // It was announced anew, for another cart: that is not ours to close.
            Some(_) | None => Err(refusal.into()),
        }
    }

    /// Finds the order to go on with.
    async fn find(&mut self, conn: &mut impl ConnectionLike) -> Result<Stage, Error> {
        let mark = steps::find_freeze(conn, &self.keys, &self.policy).await?;

        let Some(wanted) = &self.wanted else {
            return match mark {
                Some(mark) => Ok(self
                    .take_up_frozen(conn, &mark)
                    .await?
                    .unwrap_or(Stage::Over)),
                None => Ok(Stage::Over),
            };
        };

        let record = steps::reread(conn, wanted, &self.user).await?;
        let Some(begun) = record.filter(|begun| begun.user == self.user) else {
            return Ok(Stage::Over);
        };
        let never_came_to_its_cart =
            begun.decision.is_none() && !mark.is_some_and(|mark| mark.is_for(wanted));
        let next = self.take_up(begun);
        Ok(if never_came_to_its_cart {
            Stage::Decide(Decision::Undo(OrderFailure::Late))
        } else {
            next
        })
    }

    /// Goes on with the order for which the cart is marked as frozen. Anybody who may fill the
    /// cart can write that mark: where the shop has no such order of this cart, or one that is
    /// over, the mark is taken away, and there is nothing to go on with.
    async fn take_up_frozen(
        &mut self,
        conn: &mut impl ConnectionLike,
        mark: &FreezeMark,
    ) -> Result<Option<Stage>, Error> {
        let record = match mark.order() {
            Some(id) => steps::reread(conn, &id, &self.user).await?,
            None => None,
        };

        match record.filter(|begun| begun.may_freeze(&self.user)) {
            Some(begun) => Ok(Some(self.take_up(begun))),
            None => {
                steps::thaw(conn, &self.keys, &self.policy, mark, &new_op()).await?;
                Ok(None)
            }
        }
    }

    /// Keeps the record of an order, to go on with it; returns the next stage.
    fn take_up(&mut self, begun: BegunOrder) -> Stage {
        let next = match &begun.decision {
            None => Stage::Take(0),
            Some(decision) => {
                // An order that was over before is no outcome of this driver, unless it was asked
                // for: a shopper may have marked the cart with its id.
                let asked_for = self.requested_id().or(self.wanted.as_ref());
                if !begun.is_closed || asked_for == Some(&begun.id) {
                    self.outcome = Outcome::of(decision, &begun.id);
                }
                if begun.is_closed {
                    // Nothing of it is left in the cart: what a mark may say is not believed.
                    Stage::Close
                } else {
                    Stage::after(decision)
                }
            }
        };

        self.begun = Some(Arc::new(begun));
        next
    }

    async fn decide(
        &mut self,
        conn: &mut impl ConnectionLike,
        begun: &BegunOrder,
        decision: Decision,
    ) -> Result<Stage, Error> {
        let decided = steps::decide(conn, &begun.id, &self.user, &decision).await?;
        let decided = decided.unwrap_or_else(|| BegunOrder {
            // The record is lost, or the order ended so long ago that nobody remembers it. What
            // no record owns is given back.
            decision: Some(Decision::Undo(OrderFailure::Late)),
            ..begun.clone()
        });
        Ok(self.take_up(BegunOrder {
            is_closed: false,
            ..decided
        }))
    }

    async fn settle(
        &mut self,
        conn: &mut impl ConnectionLike,
        begun: &BegunOrder,
    ) -> Result<Stage, Error> {
        // A stage after the decision: it is there.
        if let Some(decision) = &begun.decision {
            steps::settle(conn, &self.keys, &self.policy, begun, decision).await?;
        }
        Ok(Stage::Close)
    }

    /// Closes the order that was driven. Where that was another than the requested one, because
    /// somebody had frozen the cart before, the requested one is closed, too: it was never begun,
    /// and ends with this.
    async fn close(&mut self, conn: &mut impl ConnectionLike) -> Result<Stage, Error> {
        let begun = self.begun.as_ref().map(|begun| &begun.id);
        let requested = self.requested_id();
        if let Some(id) = begun {
            steps::close(conn, id).await?;
        }
        if let Some(id) = requested.filter(|id| begun != Some(*id)) {
            steps::close(conn, id).await?;
        }
        Ok(Stage::Over)
    }

    /// The refusal where another order than the requested one was placed, and buys something
    /// else than was agreed to.
    fn other_order_placed(&self) -> Option<Refusal> {
        let requested = self.requested.as_ref()?;
        let begun = self.begun.as_ref()?;
        let is_placed = matches!(self.outcome, Outcome::Placed(_));
        let is_other = begun.id != requested.id && !begun.buys_the_same(&requested.agreed_preview);

        (is_placed && is_other).then(|| Refusal::OtherOrder {
            order: begun.id.to_string(),
            by: begun.who.clone(),
            total: begun.total(),
        })
    }
}

/// Takes the stock of the line with this index; past the last line, all of it is taken.
async fn take(
    conn: &mut impl ConnectionLike,
    begun: &BegunOrder,
    index: usize,
) -> Result<Stage, Error> {
    let Some(line) = begun.lines.get(index) else {
        return Ok(Stage::Decide(Decision::Place));
    };
    Ok(match stock::take(conn, begun, line).await? {
        TakeAnswer::Taken => Stage::Take(index + 1),
        TakeAnswer::Failed(failure) => Stage::Decide(Decision::Undo(failure)),
    })
}

/// Gives back the stock of the line with this index; past the last line, all of it is back.
async fn release(
    conn: &mut impl ConnectionLike,
    begun: &BegunOrder,
    index: usize,
) -> Result<Stage, Error> {
    let Some(line) = begun.lines.get(index) else {
        return Ok(Stage::Settle);
    };
    stock::release(conn, &begun.id, &line.product, StockReturn::GiveBack).await?;
    Ok(Stage::Release(index + 1))
}
