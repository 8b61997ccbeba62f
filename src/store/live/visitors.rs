//! The visitors who share a live link: each joins it, asks over it, hears its events and leaves it.

use super::{LiveEvent, LiveRequest};
use crate::store::cart::reading::Presence;
use crate::store::policy::Policy;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{mpsc, oneshot};

/// The events that wait for one visitor.
const CAPACITY: usize = 1024;
/// The room among them for answers to the visitor's own requests. News that everybody hears stops
/// before it, as the present state can be told anew; an answer can't. A visitor never waits for
/// that many.
const ANSWERS: usize = 512;

/// Tells a visitor from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct VisitorId(u64);

/// One who uses a live link.
#[derive(Debug)]
pub(super) struct Visitor {
    pub id: VisitorId,
    /// Its entry in the cart's list of watchers; `None` for one who looks on unseen.
    pub watcher_name: Option<Box<str>>,
    /// Who makes its changes, and by which rules.
    pub policy: Policy,
}

/// The visitors for whom an event is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Audience {
    All,
    One(VisitorId),
    These(Vec<VisitorId>),
}

/// A delivery to one visitor.
#[derive(Debug)]
pub(super) enum Delivery {
    Event(Arc<LiveEvent>),
    /// News was left out from here on, until the visitor asks for the present state.
    LeftOut,
}

/// A call from a visitor to the link.
#[derive(Debug)]
pub(super) enum Call {
    Join(Arc<Visitor>, mpsc::Sender<Delivery>),
    Request(VisitorId, LiveRequest),
    /// The visitor has room again for news, after some was left out.
    CatchUp(VisitorId),
    /// The visitor leaves. The sender of one who waits for that is dropped once the others know.
    Leave(VisitorId, Option<oneshot::Sender<()>>),
}

/// A live link that others may join; it ends when the last one has left.
#[derive(Debug, Clone)]
pub struct Link(mpsc::WeakUnboundedSender<Call>);

/// One's place on a live link, which it leaves when this is dropped.
#[derive(Debug)]
pub struct Subscription {
    id: VisitorId,
    /// `None` once it was left.
    calls: Option<mpsc::UnboundedSender<Call>>,
    deliveries: mpsc::Receiver<Delivery>,
}

impl Link {
    pub(super) fn new(calls: &mpsc::UnboundedSender<Call>) -> Link {
        Link(calls.downgrade())
    }

    /// Joins the link, as [`open`](super::open) does. `None` where the link has ended.
    #[must_use]
    pub fn join(&self, policy: &Policy, id: Option<&str>) -> Option<Subscription> {
        let calls = self.0.upgrade().filter(|calls| !calls.is_closed())?;
        Some(Subscription::new(calls, policy.clone(), id))
    }

    /// Returns whether somebody is on the link.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.upgrade().is_some_and(|calls| !calls.is_closed())
    }
}

impl Subscription {
    pub(super) fn new(
        calls: mpsc::UnboundedSender<Call>,
        policy: Policy,
        watcher_id: Option<&str>,
    ) -> Subscription {
        static NEXT: AtomicU64 = AtomicU64::new(0);

        let (events, deliveries) = mpsc::channel(CAPACITY);
        let id = VisitorId(NEXT.fetch_add(1, Ordering::Relaxed));
        let visitor = Visitor {
            id,
            watcher_name: watcher_id.map(|watcher| format!("{watcher} {}", policy.by).into()),
            policy,
        };

        let subscription = Subscription {
            id,
            calls: Some(calls),
            deliveries,
        };
        subscription.call(Call::Join(Arc::new(visitor), events));
        subscription
    }

    /// Makes a request.
    pub fn request(&self, request: LiveRequest) {
        self.call(Call::Request(self.id, request));
    }

    /// Waits for the next event; `None` where the link has ended. May be cancelled.
    pub async fn next(&mut self) -> Option<LiveEvent> {
        let delivery = self.deliveries.recv().await?;
        Some(self.unpack(delivery))
    }

    /// The next event that has come already.
    pub(crate) fn try_next(&mut self) -> Option<LiveEvent> {
        let delivery = self.deliveries.try_recv().ok()?;
        Some(self.unpack(delivery))
    }

    /// Leaves the link, and waits until the others know or can't be told.
    pub async fn leave(mut self) {
        let (sender, told) = oneshot::channel();
        self.call(Call::Leave(self.id, Some(sender)));
        self.calls = None;

        // Nothing is sent: it is dropped.
        let _ = told.await;
    }

    fn unpack(&self, delivery: Delivery) -> LiveEvent {
        match delivery {
            Delivery::Event(event) => Arc::unwrap_or_clone(event),
            Delivery::LeftOut => {
                self.call(Call::CatchUp(self.id));
                LiveEvent::Stale
            }
        }
    }

    fn call(&self, call: Call) {
        if let Some(calls) = &self.calls {
            // The link ends only with its last visitor.
            let _ = calls.send(call);
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.call(Call::Leave(self.id, None));
    }
}

/// The visitors of a link.
#[derive(Debug, Default)]
pub(super) struct Visitors {
    present: Vec<Present>,
    /// The entries of those who have come, and whom the list of watchers may not name yet.
    come: Vec<Box<str>>,
    /// The visitors who have left, and whom the list of watchers may still name.
    left: Vec<Left>,
}

/// A visitor who is there.
#[derive(Debug)]
struct Present {
    visitor: Arc<Visitor>,
    events: mpsc::Sender<Delivery>,
    /// News is left out until it has caught up.
    is_behind: bool,
}

/// A visitor who has left.
#[derive(Debug)]
pub(super) struct Left {
    pub watcher_name: Box<str>,
    /// Dropped once the others know; `None` where nobody waits for that.
    _told: Option<oneshot::Sender<()>>,
}

impl Presence {
    /// The presence of those who have left.
    pub(super) fn leaving(left: &[Left]) -> Presence {
        Presence::Leave(left.iter().map(|left| left.watcher_name.clone()).collect())
    }
}

impl Visitors {
    /// Takes in a new visitor.
    pub(super) fn join(&mut self, visitor: Arc<Visitor>, events: mpsc::Sender<Delivery>) {
        self.come.extend(visitor.watcher_name.clone());
        self.present.push(Present {
            visitor,
            events,
            is_behind: false,
        });
    }

    /// Lets a visitor go.
    pub(super) fn leave(&mut self, visitor: VisitorId, told: Option<oneshot::Sender<()>>) {
        let Some(index) = self.index(visitor) else {
            return;
        };
        let gone = self.present.remove(index);

        if let Some(name) = &gone.visitor.watcher_name {
            self.come.retain(|come| come != name);
            self.left.push(Left {
                watcher_name: name.clone(),
                _told: told,
            });
        }
    }

    /// The visitor of this id.
    pub(super) fn get(&self, visitor: VisitorId) -> Option<Arc<Visitor>> {
        let present = &self.present[self.index(visitor)?];
        Some(present.visitor.clone())
    }

    fn index(&self, visitor: VisitorId) -> Option<usize> {
        let mut present = self.present.iter();
        present.position(|present| present.visitor.id == visitor)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.present.is_empty()
    }

    /// The entries of those who are there in the list of watchers.
    pub(super) fn watcher_names(&self) -> Vec<Box<str>> {
        self.present
            .iter()
            .filter_map(|present| present.visitor.watcher_name.clone())
            .collect()
    }

    /// Takes the entries of those who have come since this was asked last.
    pub(super) fn take_come(&mut self) -> Vec<Box<str>> {
        std::mem::take(&mut self.come)
    }

    /// Takes the visitors who have left since this was asked last.
    pub(super) fn take_left(&mut self) -> Vec<Left> {
        std::mem::take(&mut self.left)
    }

    /// Notes that a visitor hears news again.
    pub(super) fn catch_up(&mut self, visitor: VisitorId) {
        if let Some(index) = self.index(visitor) {
            self.present[index].is_behind = false;
        }
    }

    /// Tells an event to those for whom it is.
    pub(super) fn tell(&mut self, audience: Audience, event: LiveEvent) {
        let event = Arc::new(event);

        match audience {
            Audience::All => {
                for present in &mut self.present {
                    present.tell_news(&event);
                }
            }
            Audience::One(visitor) => self.answer(visitor, event),
            Audience::These(visitors) => {
                for visitor in visitors {
                    self.answer(visitor, event.clone());
                }
            }
        }
    }

    fn answer(&self, visitor: VisitorId, event: Arc<LiveEvent>) {
        if let Some(index) = self.index(visitor) {
            // There is always room, as whoever asks takes answers in.
            let _ = self.present[index].events.try_send(Delivery::Event(event));
        }
    }
}

impl Present {
    /// Tells what everybody hears. Where too much waits already, the visitor will ask for the
    /// present state instead.
    fn tell_news(&mut self, event: &Arc<LiveEvent>) {
        if self.is_behind {
            return;
        }

        let delivery = if self.events.capacity() > ANSWERS {
            Delivery::Event(event.clone())
        } else {
            self.is_behind = true;
            Delivery::LeftOut
        };
        let _ = self.events.try_send(delivery);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_joins_a_link_that_has_failed() {
        let (calls, incoming) = mpsc::unbounded_channel();
        let link = Link::new(&calls);
        assert!(link.is_open());
        assert!(link.join(&Policy::default(), None).is_some());

        drop(incoming);
        assert!(!link.is_open());
        assert!(link.join(&Policy::default(), None).is_none());
    }
}
