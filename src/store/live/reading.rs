//! Reads the cart, its activity and its watchers over the live link, and tells events in order.

use super::session::{CartReading, Completed, Session, SessionEnd};
use super::{LiveEvent, Supervisor};
use crate::model::{Cart, OpId, ProductId};
use crate::store::cart::beat::Watcher;
use crate::store::cart::reading;
use crate::store::cart::reading::Presence;
use crate::store::catalog;
use crate::store::error::Trouble;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// The longest time for the answer to a heartbeat, whatever else the server sends.
const LONGEST_HEARTBEAT: Duration = Duration::from_secs(10);
/// The most updates held back while the cart is read.
const MOST_HELD: usize = 1024;

impl Session {
    /// Reads the cart. Where it is being read already, it is read once more after that.
    pub(super) fn read_cart(&mut self, supervisor: &Supervisor) {
        if self.cart_reading != CartReading::Idle {
            self.cart_reading = CartReading::RunningThenAgain;
            return;
        }
        self.cart_reading = CartReading::Running;

        let mut conn = self.conn.clone();
        let keys = supervisor.keys.clone();
        let sent: Vec<OpId> = supervisor
            .unsettled
            .iter()
            .filter(|pending| pending.first_sent.is_some())
            .map(|pending| pending.change.op.clone())
            .collect();
        self.start(
            async move { Completed::Cart(reading::read_cart(&mut conn, &keys, &sent).await) },
        );
    }

    /// Tells the cart, then the events that were held back while it was read.
    pub(super) async fn on_cart(
        &mut self,
        supervisor: &mut Supervisor,
        outcome: Result<(Cart, Vec<OpId>), Trouble>,
    ) -> Result<(), SessionEnd> {
        let mut read_again = self.cart_reading == CartReading::RunningThenAgain;
        self.cart_reading = CartReading::Idle;

        match outcome {
            Ok((cart, applied)) => {
                supervisor.tell(LiveEvent::Applied(applied)).await?;
                self.mirror.read(Some(&cart));
                self.has_budget = cart.rules.has_budget();
                supervisor.tell(LiveEvent::Cart(cart)).await?;
                self.read_activity(supervisor);
            }
            Err(trouble) if supervisor.locator.is_transient(&trouble) => {
                return Err(SessionEnd::Broken(trouble));
            }
            Err(trouble) => {
                self.mirror.read(None);
                supervisor.tell(LiveEvent::Unreadable(trouble)).await?;
            }
        }

        while let Some(event) = supervisor.held_events.pop_front() {
            read_again |= self.casts_doubt(&event);
            supervisor.tell(event).await?;
        }

        if read_again {
            self.reread_stale(supervisor).await?;
        }
        Ok(())
    }

    /// Tells that the cart may have changed unseen, and reads it.
    pub(super) async fn reread_stale(&mut self, supervisor: &Supervisor) -> Result<(), SessionEnd> {
        supervisor.tell(LiveEvent::Stale).await?;
        self.read_cart(supervisor);
        Ok(())
    }

    /// Tells an event now, or after the cart that is being read. An update that does not follow
    /// the cart as it was told has it read again.
    pub(super) async fn tell_in_order(
        &mut self,
        supervisor: &mut Supervisor,
        event: LiveEvent,
    ) -> Result<(), SessionEnd> {
        if self.cart_reading == CartReading::Idle {
            let is_doubtful = self.casts_doubt(&event);
            if is_doubtful {
                supervisor.tell(LiveEvent::Stale).await?;
                self.read_cart(supervisor);
            }
            return supervisor.tell(event).await;
        }

        // A settled change is always kept: nobody would hear of it otherwise.
        let is_settled = matches!(event, LiveEvent::Settled(..));
        if supervisor.held_events.len() >= MOST_HELD && !is_settled {
            self.cart_reading = CartReading::RunningThenAgain;
        } else {
            supervisor.held_events.push_back(event);
        }
        Ok(())
    }

    /// Notes an event that is told. True where the cart must be read again for it.
    fn casts_doubt(&mut self, event: &LiveEvent) -> bool {
        match event {
            LiveEvent::Update(update) => self.mirror.update(update),
            _ => false,
        }
    }

    /// Heartbeat: checks the connection, the cart and who is watching. Every second beat also
    /// renews our own presence (a write, so it is done less often).
    pub(super) fn beat(&mut self, supervisor: &Supervisor) {
        let is_watcher = supervisor.watcher_name.is_some();
        let presence = if is_watcher && self.beats.is_multiple_of(2) {
            Presence::Here
        } else {
            Presence::Silent
        };
        let wants_digest = self.mirror.beat(self.beats);
        self.beats += 1;

        let mut conn = self.conn.clone();
        let keys = supervisor.keys.clone();
        let name = supervisor.watcher_name.clone().unwrap_or_default();
        self.start(async move {
            let sent = Instant::now();
            let beating = reading::heartbeat(&mut conn, &keys, &name, presence, wants_digest);
            // Messages that arrive are no answer.
            let outcome = match timeout(LONGEST_HEARTBEAT, beating).await {
                Ok(outcome) => outcome,
                Err(_) => Err(Trouble::Timeout),
            };
            Completed::Heartbeat(outcome, sent.elapsed())
        });
    }

    /// Tells who watches, where that is new.
    pub(super) async fn on_watchers(
        &mut self,
        supervisor: &Supervisor,
        watchers: Vec<Watcher>,
    ) -> Result<(), SessionEnd> {
        if watchers == self.watchers {
            return Ok(());
        }
        self.watchers.clone_from(&watchers);
        supervisor.tell(LiveEvent::Watchers(watchers)).await
    }

    fn read_activity(&mut self, supervisor: &Supervisor) {
        let mut conn = self.conn.clone();
        let keys = supervisor.keys.clone();
        self.start(
            async move { Completed::Activity(reading::read_activity(&mut conn, &keys).await) },
        );
    }

    /// Reads products, wherever they are.
    pub(super) fn read_products(&mut self, ids: Vec<ProductId>) {
        let products = self.products.clone();
        self.start(async move {
            Completed::Products(match products.conn().await {
                Ok(conn) => catalog::read_reachable(&conn, &ids)
                    .await
                    .map(|(read, _)| read),
                Err(trouble) => Err(trouble),
            })
        });
    }
}
