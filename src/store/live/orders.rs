//! Orders over the live link: asked for here, driven to their end through breaks.

use super::{Event, Supervisor, tell};
use crate::store::cart::PAUSE;
use crate::store::error::{Error, Trouble};
use crate::store::live::session::{Done, Over, Session};
use crate::store::order::{Answer, Ask, Driver, Outcome, checkout, request};
use std::time::Duration;

impl Supervisor {
    /// Keeps an order that is asked for until it has ended.
    pub(crate) fn keep_order(&mut self, ask: Ask) {
        let driver = match ask {
            Ask::Place(id, confirmed) => Driver::place(&self.user, &self.policy, id, *confirmed),
            Ask::Resume if self.ordering.is_empty() => Driver::resume(&self.user, &self.policy),
            Ask::Resume | Ask::Preview(_) | Ask::List => return,
        };
        self.ordering.push_back(driver);
    }
}

impl Session {
    /// Takes up what is asked of orders.
    pub(crate) fn on_order(&mut self, link: &mut Supervisor, ask: Ask, greeted: bool) {
        if matches!(ask, Ask::Place(..) | Ask::Resume) {
            let idle = link.ordering.is_empty();
            link.keep_order(ask);
            if idle && greeted {
                self.drive(link);
            }
            return;
        }
        let (products, keys, user) = (self.products.clone(), link.keys.clone(), link.user.clone());
        self.work.push(Box::pin(async move {
            Done::Order(match products.conn().await {
                Ok(mut conn) => request::answer(&mut conn, &keys, &user, ask).await,
                Err(trouble) => Err(trouble),
            })
        }));
    }

    /// Drives the first order that is on its way, if any.
    pub(crate) fn drive(&mut self, link: &Supervisor) {
        let Some(driver) = link.ordering.front() else {
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
            Done::Driven(driver, outcome)
        }));
    }

    /// An order has ended, or goes on over the next connection.
    pub(crate) async fn on_driven(
        &mut self,
        link: &mut Supervisor,
        driver: Driver,
        outcome: Result<Outcome, Error>,
    ) -> Result<(), Over> {
        if let Err(Error::Trouble(trouble @ Trouble::FewCopies { .. })) = &outcome {
            // It goes on as soon as they are back.
            link.ordering[0] = driver;
            if !std::mem::replace(&mut self.waits, true) {
                tell(link, Event::Order(Answer::Waits(trouble.clone()))).await?;
            }
            self.drive(link);
            return Ok(());
        }
        self.waits = false;
        if let Err(Error::Trouble(trouble)) = &outcome
            && link.locator.may_pass(trouble)
        {
            // It goes on over the next connection.
            link.ordering[0] = driver;
            return Err(Some(trouble.clone()));
        }
        link.ordering.pop_front();
        self.drive(link);
        let outcome = outcome.map_err(|error| match error {
            Error::Trouble(trouble) => checkout::unknown(&driver, trouble),
            other => other,
        });
        checkout::note(&link.user, &driver, &outcome);
        let answer = match driver.asked() {
            Some(id) => Answer::Ended(id.clone(), outcome),
            None => Answer::Resumed(outcome),
        };
        tell(link, Event::Order(answer)).await
    }
}
