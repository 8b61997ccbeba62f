//! Orders over the live link: asked for here, driven to their end through breaks.

use super::{Event, Supervisor, tell};
use crate::store::connection::retry::PAUSE;
use crate::store::error::{Error, Trouble};
use crate::store::live::session::{Completed, Session, SessionEnd};
use crate::store::order::{Driver, OrderEvent, OrderRequest, Outcome, checkout, request};
use std::time::Duration;

impl Supervisor {
    /// Keeps an order that is asked for until it has ended.
    pub(crate) fn keep_order(&mut self, ask: OrderRequest) {
        let driver = match ask {
            OrderRequest::Place(id, confirmed) => {
                Driver::place(&self.user, &self.policy, id, *confirmed)
            }
            OrderRequest::Resume if self.ordering.is_empty() => {
                Driver::resume(&self.user, &self.policy)
            }
            OrderRequest::Resume | OrderRequest::Preview(_) | OrderRequest::List => return,
        };
        self.ordering.push_back(driver);
    }
}

impl Session {
    /// Takes up what is asked of orders.
    pub(crate) fn on_order(
        &mut self,
        supervisor: &mut Supervisor,
        ask: OrderRequest,
        greeted: bool,
    ) {
        if matches!(ask, OrderRequest::Place(..) | OrderRequest::Resume) {
            let idle = supervisor.ordering.is_empty();
            supervisor.keep_order(ask);
            if idle && greeted {
                self.drive(supervisor);
            }
            return;
        }
        let (products, keys, user) = (
            self.products.clone(),
            supervisor.keys.clone(),
            supervisor.user.clone(),
        );
        self.work.push(Box::pin(async move {
            Completed::Order(match products.conn().await {
                Ok(mut conn) => request::answer(&mut conn, &keys, &user, ask).await,
                Err(trouble) => Err(trouble),
            })
        }));
    }

    /// Drives the first order that is on its way, if any.
    pub(crate) fn drive(&mut self, supervisor: &Supervisor) {
        let Some(driver) = supervisor.ordering.front() else {
            return;
        };
        let (products, mut driver) = (self.products.clone(), Box::new(driver.clone()));
        let pause = if self.waits { PAUSE } else { Duration::ZERO };
        self.work.push(Box::pin(async move {
            tokio::time::sleep(pause).await;
            let outcome = match products.conn().await {
                Ok(mut conn) => request::drive(&mut conn, &mut driver).await,
                Err(trouble) => Err(trouble.into()),
            };
            Completed::Driven(driver, outcome)
        }));
    }

    /// An order has ended, or goes on over the next connection.
    pub(crate) async fn on_driven(
        &mut self,
        supervisor: &mut Supervisor,
        driver: Driver,
        outcome: Result<Outcome, Error>,
    ) -> Result<(), SessionEnd> {
        if let Err(Error::Trouble(trouble @ Trouble::TooFewReplicas { .. })) = &outcome {
            // It goes on as soon as they are back.
            supervisor.ordering[0] = driver;
            if !std::mem::replace(&mut self.waits, true) {
                tell(supervisor, Event::Order(OrderEvent::Waits(trouble.clone()))).await?;
            }
            self.drive(supervisor);
            return Ok(());
        }
        self.waits = false;
        if let Err(Error::Trouble(trouble)) = &outcome
            && supervisor.locator.is_transient(trouble)
        {
            // It goes on over the next connection.
            supervisor.ordering[0] = driver;
            return Err(Some(trouble.clone()));
        }
        supervisor.ordering.pop_front();
        self.drive(supervisor);
        let outcome = outcome.map_err(|error| match error {
            Error::Trouble(trouble) => checkout::unknown(&driver, trouble),
            other => other,
        });
        checkout::note(&supervisor.user, &driver, &outcome);
        let answer = match driver.asked() {
            Some(id) => OrderEvent::Ended(id.clone(), outcome),
            None => OrderEvent::Resumed(outcome),
        };
        tell(supervisor, Event::Order(answer)).await
    }
}
