//! What is read over the live link, and told in order: the cart, its activity, who watches.

use super::{Event, Supervisor, tell};
use crate::model::{Cart, OpId, ProductId};
use crate::store::cart;
use crate::store::cart::Presence;
use crate::store::cart::decode::Watcher;
use crate::store::catalog::read_products;
use crate::store::error::Trouble;
use crate::store::live::session::{Completed, Session, SessionEnd};

/// Updates held back while the cart is read.
const HELD: usize = 1024;

impl Session {
    pub(crate) async fn on_cart(
        &mut self,
        supervisor: &mut Supervisor,
        outcome: Result<(Cart, Vec<OpId>), Trouble>,
    ) -> Result<(), SessionEnd> {
        self.reading = false;
        match outcome {
            Ok((cart, applied)) => {
                tell(supervisor, Event::Applied(applied)).await?;
                self.version = cart.version;
                self.budgeted = cart.rules.has_budget();
                tell(supervisor, Event::Cart(cart)).await?;
                self.read_activity(supervisor);
            }
            Err(trouble) if supervisor.locator.is_transient(&trouble) => return Err(Some(trouble)),
            Err(trouble) => tell(supervisor, Event::Unreadable(trouble)).await?,
        }
        while let Some(event) = supervisor.held.pop_front() {
            self.note(&event);
            tell(supervisor, event).await?;
        }
        if std::mem::take(&mut self.reread) {
            tell(supervisor, Event::Stale).await?;
            self.read_cart(supervisor);
        }
        Ok(())
    }

    /// Tells an event now, or after the cart that is being read.
    pub(crate) async fn tell_in_order(
        &mut self,
        supervisor: &mut Supervisor,
        event: Event,
    ) -> Result<(), SessionEnd> {
        if !self.reading {
            self.note(&event);
            return tell(supervisor, event).await;
        }
        let settles = matches!(event, Event::Settled(..));
        if supervisor.held.len() >= HELD && !settles {
            self.reread = true;
        } else {
            supervisor.held.push_back(event);
        }
        Ok(())
    }

    fn note(&mut self, event: &Event) {
        if let Event::Update(update) = event {
            self.version = self.version.max(update.version);
        }
    }

    pub(crate) fn read_cart(&mut self, supervisor: &Supervisor) {
        if self.reading {
            self.reread = true;
            return;
        }
        self.reading = true;
        let (mut conn, keys) = (self.conn.clone(), supervisor.keys.clone());
        let sent = supervisor
            .unsettled
            .iter()
            .filter(|waiting| waiting.first.is_some());
        let sent: Vec<OpId> = sent.map(|waiting| waiting.change.op.clone()).collect();
        self.work.push(Box::pin(async move {
            Completed::Cart(cart::read(&mut conn, &keys, &sent).await)
        }));
    }

    pub(crate) fn read_products(&mut self, ids: Vec<ProductId>) {
        let products = self.products.clone();
        self.work.push(Box::pin(async move {
            Completed::Products(match products.conn().await {
                Ok(conn) => read_products(&conn, &ids).await,
                Err(trouble) => Err(trouble),
            })
        }));
    }

    /// Feels for the link, the version and the watchers; every other time it says that we
    /// are here, which is written to the server's disk.
    pub(crate) fn beat(&mut self, supervisor: &Supervisor) {
        let tells = supervisor.me.is_some() && self.beats.is_multiple_of(2);
        let presence = if tells {
            Presence::Here
        } else {
            Presence::Silent
        };
        self.beats += 1;
        let (mut conn, keys) = (self.conn.clone(), supervisor.keys.clone());
        let me = supervisor.me.clone().unwrap_or_default();
        self.work.push(Box::pin(async move {
            Completed::Beat(cart::watch(&mut conn, &keys, &me, presence).await)
        }));
    }

    /// Tells who watches, where that is new.
    pub(crate) async fn see(
        &mut self,
        supervisor: &Supervisor,
        watchers: Vec<Watcher>,
    ) -> Result<(), SessionEnd> {
        if watchers == self.watchers {
            return Ok(());
        }
        self.watchers.clone_from(&watchers);
        tell(supervisor, Event::Watchers(watchers)).await
    }

    fn read_activity(&mut self, supervisor: &Supervisor) {
        let (mut conn, keys) = (self.conn.clone(), supervisor.keys.clone());
        self.work.push(Box::pin(async move {
            Completed::Activity(cart::activity(&mut conn, &keys).await)
        }));
    }
}
