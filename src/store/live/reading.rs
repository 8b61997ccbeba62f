//! Reads the cart, its activity and its watchers over the live link, and tells events in order.

use super::session::{CartReading, Completed, Session, SessionEnd};
use super::visitors::Audience;
use super::{LiveEvent, Supervisor};
use crate::model::{Cart, OpId, ProductId, Update};
use crate::store::cart::beat::{Beat, Watcher};
use crate::store::cart::reading;
use crate::store::cart::reading::{MOST_ACTIVITY, Presence};
use crate::store::catalog;
use crate::store::catalog::decode::CatalogNews;
use crate::store::connection::Conn;
use crate::store::error::Trouble;
use crate::store::key_types::name_wrong_types;
use std::time::Duration;
use tokio::time::timeout;

/// The longest time for the answer to a heartbeat, whatever else the server sends.
const LONGEST_HEARTBEAT: Duration = Duration::from_secs(10);
/// The updates among which one that comes twice is looked for.
const MOST_TOLD: usize = 256;
/// The pause after it was said who has come: in a crowd that comes at once, everybody would hear of
/// each newcomer.
const PRESENCE_PAUSE: Duration = Duration::from_millis(400);
/// The most updates held back while the cart is read.
const MOST_HELD: usize = 1024;

impl Session {
    /// Reads the cart. Where it is being read already, it is read once more after that.
    pub(super) fn read_cart(&mut self, supervisor: &mut Supervisor) {
        if self.cart_reading != CartReading::Idle {
            self.cart_reading = CartReading::RunningThenAgain;
            return;
        }
        self.cart_reading = CartReading::Running;
        supervisor.note_cart_asked_for();

        let mut conn = self.conn.clone();
        let keys = supervisor.keys.clone();
        let user = supervisor.user.clone();
        let sent: Vec<OpId> = supervisor
            .unsettled
            .iter()
            .filter(|pending| pending.first_sent.is_some())
            .map(|pending| pending.change.op.clone())
            .collect();
        self.start(async move {
            Completed::Cart(match reading::read_cart(&mut conn, &keys, &sent).await {
                // The cart's keys are all on this server.
                Err(trouble) => Err(name_wrong_types(&Conn::One(conn), &user, trouble).await),
                read => read,
            })
        });
    }

    /// Tells the cart, then the events that were held back while it was read.
    pub(super) fn on_cart(
        &mut self,
        supervisor: &mut Supervisor,
        outcome: Result<(Cart, Vec<OpId>), Trouble>,
    ) -> Result<(), SessionEnd> {
        let mut read_again = self.cart_reading == CartReading::RunningThenAgain;
        self.cart_reading = CartReading::Idle;

        match outcome {
            Ok((cart, applied)) => {
                supervisor.tell(LiveEvent::Applied(applied));
                self.mirror.read(Some(&cart));
                self.unreadable = None;
                self.has_budget = cart.rules.has_budget();
                supervisor.tell(LiveEvent::Cart(cart));
                self.read_activity(supervisor);
            }
            Err(trouble) if supervisor.locator.is_transient(&trouble) => {
                return Err(SessionEnd::Broken(trouble));
            }
            Err(trouble) => {
                self.mirror.read(None);
                self.unreadable = Some(trouble.clone());
                supervisor.tell(LiveEvent::Unreadable(trouble));
            }
        }

        while let Some((audience, event)) = supervisor.held_events.pop_front() {
            if !self.was_told(&event) {
                read_again |= self.casts_doubt(&event);
                supervisor.visitors.tell(audience, event);
            }
        }
        supervisor.tell_rules_in_cart();

        if read_again {
            self.reread_stale(supervisor);
        }
        Ok(())
    }

    /// Tells that the cart may have changed unseen, and reads it.
    pub(super) fn reread_stale(&mut self, supervisor: &mut Supervisor) {
        supervisor.tell(LiveEvent::Stale);
        self.read_cart(supervisor);
    }

    /// Tells that products and the cart may have changed unseen, and reads the cart. Those who
    /// listen have the catalog read.
    pub(super) fn reread_all(&mut self, supervisor: &mut Supervisor) {
        supervisor.tell(LiveEvent::Catalog(CatalogNews::Everything));
        self.reread_stale(supervisor);
    }

    /// Tells an event now, or after the cart that is being read. An update that does not follow
    /// the cart as it was told has it read again.
    pub(super) fn tell_in_order(
        &mut self,
        supervisor: &mut Supervisor,
        audience: Audience,
        event: LiveEvent,
    ) {
        if self.was_told(&event) {
            return;
        }
        if self.cart_reading == CartReading::Idle {
            if self.casts_doubt(&event) {
                self.reread_stale(supervisor);
            }
            return supervisor.visitors.tell(audience, event);
        }

        // A settled change is always kept: nobody would hear of it otherwise.
        let is_settled = matches!(event, LiveEvent::Settled(..));
        if supervisor.held_events.len() >= MOST_HELD && !is_settled {
            self.cart_reading = CartReading::RunningThenAgain;
        } else {
            supervisor.held_events.push_back((audience, event));
        }
    }

    /// Notes an event that is told. True where the cart must be read again for it.
    fn casts_doubt(&mut self, event: &LiveEvent) -> bool {
        let LiveEvent::Update(update) = event else {
            return false;
        };
        self.note_told(update);
        self.mirror.update(update)
    }

    /// Returns whether this update was told already: one of our own comes twice, as an answer and
    /// as a message.
    fn was_told(&self, event: &LiveEvent) -> bool {
        matches!(event, LiveEvent::Update(update) if self.told.contains(update))
    }

    fn note_told(&mut self, update: &Update) {
        for (updates, most) in [
            (&mut self.told, MOST_TOLD),
            (&mut self.activity, MOST_ACTIVITY),
        ] {
            if updates.len() >= most {
                updates.pop_front();
            }
            updates.push_back(update.clone());
        }
    }

    /// Heartbeat: checks the connection, the cart and who is watching. Every second beat also
    /// renews our visitors' presence (a write, so it is done less often).
    pub(super) fn beat(&mut self, supervisor: &Supervisor) {
        let presence = if self.beats.is_multiple_of(2) {
            Presence::Here(supervisor.visitors.watcher_names())
        } else {
            Presence::Silent
        };
        let wants_digest = self.mirror.beat(self.beats);
        self.beats += 1;

        let mut conn = self.conn.clone();
        let keys = supervisor.keys.clone();
        let beating = self.pulse.beat(async move {
            let asking = reading::heartbeat(&mut conn, &keys, presence, wants_digest);
            // Messages that arrive are no answer.
            match timeout(LONGEST_HEARTBEAT, asking).await {
                Ok(outcome) => outcome,
                Err(_) => Err(Trouble::Timeout),
            }
        });
        self.start(async move { Completed::Heartbeat(beating.await) });
    }

    /// Says who has come or left since that was said last. While it is being said, and for a moment
    /// after newcomers, others may come or leave: they are told of together then.
    pub(super) fn tell_presence(&mut self, supervisor: &mut Supervisor) {
        // The last one's good-bye is said at the end.
        if self.presence_waits || supervisor.visitors.is_empty() {
            return;
        }

        let left = supervisor.visitors.take_left();
        let are_newcomers = left.is_empty();
        let presence = if are_newcomers {
            Presence::Here(supervisor.visitors.take_come())
        } else {
            Presence::leaving(&left)
        };
        if presence == Presence::Here(Vec::new()) {
            return;
        }

        self.presence_waits = true;
        let mut conn = self.conn.clone();
        let keys = supervisor.keys.clone();
        self.start(async move {
            let answer = reading::heartbeat(&mut conn, &keys, presence, false).await;
            // Who waits for that may go now.
            drop(left);
            Completed::PresenceTold {
                answer,
                are_newcomers,
            }
        });
    }

    /// Takes in that it was said who has come or left, or could not be.
    pub(super) fn on_presence_told(
        &mut self,
        supervisor: &mut Supervisor,
        answer: Result<Beat, Trouble>,
        are_newcomers: bool,
    ) {
        // That is not vital; a broken link shows elsewhere.
        if let Ok(beat) = answer {
            self.on_watchers(supervisor, beat.watchers);
        }
        if !are_newcomers {
            return self.on_presence_rested(supervisor);
        }
        self.start(async {
            tokio::time::sleep(PRESENCE_PAUSE).await;
            Completed::PresenceRested
        });
    }

    /// Says who has come or left meanwhile.
    pub(super) fn on_presence_rested(&mut self, supervisor: &mut Supervisor) {
        self.presence_waits = false;
        self.tell_presence(supervisor);
    }

    /// Tells who watches, where that is new.
    pub(super) fn on_watchers(&mut self, supervisor: &mut Supervisor, watchers: Vec<Watcher>) {
        if watchers != self.watchers {
            self.watchers.clone_from(&watchers);
            supervisor.tell(LiveEvent::Watchers(watchers));
        }
    }

    fn read_activity(&mut self, supervisor: &Supervisor) {
        let mut conn = self.conn.clone();
        let keys = supervisor.keys.clone();
        self.start(
            async move { Completed::Activity(reading::read_activity(&mut conn, &keys).await) },
        );
    }

    /// Reads products, wherever they are, for these visitors.
    pub(super) fn read_products(&mut self, audience: Audience, ids: Vec<ProductId>) {
        let products = self.products.clone();
        self.start(async move {
            let read = match products.conn().await {
                Ok(conn) => catalog::read_reachable(&conn, &ids).await,
                Err(trouble) => Err(trouble),
            };
            Completed::Products(audience, read.map(|(products, _)| products))
        });
    }
}
