//! A screen's place on the live link of its cart, which it shares with the cart's other screens.
//!
//! News of a cart wakes all of its screens at once. Were it taken in and drawn as they wake,
//! hundreds of them would go before a single key of another cart. So the screens of one cart go on
//! a rota: only as many of them take in news at a time as there are processors. Keys and clocks
//! need no duty, nor does a frame that was held back.

use crate::store::live::{LiveEvent, LiveRequest, Subscription};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The rota of a cart's screens.
#[derive(Debug, Clone)]
pub(in crate::tui) struct Rota(Arc<Semaphore>);

impl Rota {
    /// A rota on which nobody is on duty.
    pub(in crate::tui) fn new() -> Rota {
        let processors = std::thread::available_parallelism();
        Rota(Arc::new(Semaphore::new(processors.map_or(1, Into::into))))
    }

    /// Waits for a duty. `None` never comes about: no rota is closed.
    async fn duty(&self) -> Option<OwnedSemaphorePermit> {
        self.0.clone().acquire_owned().await.ok()
    }
}

/// A place on the live link of a cart.
#[derive(Debug)]
pub(crate) struct CartLink {
    live: Subscription,
    rota: Rota,
    /// Held from when news is taken in until the screen waits again: mostly it is drawn by then.
    duty: Option<OwnedSemaphorePermit>,
    /// The news that waits for the duty.
    heard: Option<LiveEvent>,
}

impl CartLink {
    pub(in crate::tui) fn new(live: Subscription, rota: Rota) -> CartLink {
        CartLink {
            live,
            rota,
            duty: None,
            heard: None,
        }
    }

    /// Makes a request.
    pub(in crate::tui) fn request(&self, request: LiveRequest) {
        self.live.request(request);
    }

    /// Waits for the next event, and for the duty to take it in; `None` where the link has ended.
    /// Nothing is lost where the future is dropped before its end.
    pub(in crate::tui) async fn next(&mut self) -> Option<LiveEvent> {
        self.end_duty();
        if self.heard.is_none() {
            self.heard = Some(self.live.next().await?);
        }
        self.duty = self.rota.duty().await;
        self.heard.take()
    }

    /// The next event that has come already, for a screen that is awake and draws anyway.
    pub(in crate::tui) fn try_next(&mut self) -> Option<LiveEvent> {
        self.heard.take().or_else(|| self.live.try_next())
    }

    /// Lets others draw: what comes now may take long.
    pub(in crate::tui) fn end_duty(&mut self) {
        self.duty = None;
    }

    /// The live link, which is still to be left.
    pub(crate) fn into_live(self) -> Subscription {
        self.live
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn as_many_are_on_duty_as_there_are_processors() {
        let rota = Rota(Arc::new(Semaphore::new(2)));
        let on_duty = || rota.duty().now_or_never().flatten();
        let (one, two) = (on_duty(), on_duty());
        assert!(one.is_some() && two.is_some());

        let mut next = Box::pin(rota.duty());
        assert!((&mut next).now_or_never().is_none());
        drop(one);
        assert!(next.now_or_never().flatten().is_some());
    }
}
