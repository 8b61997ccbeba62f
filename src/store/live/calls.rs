//! What visitors ask of a session: to join, to leave, to be told the present, and their requests.

use super::session::{CartReading, Session};
use super::visitors::{Audience, Call};
use super::{LiveEvent, LiveRequest, Supervisor};
use crate::store::cart::reading::Presence;

impl Session {
    /// Does what a visitor asks for.
    pub(super) fn on_call(&mut self, supervisor: &mut Supervisor, call: Call) {
        match call {
            Call::Join(visitor, events) => {
                let number = visitor.number;
                let name = visitor.watcher_name.clone();
                supervisor.visitors.join(visitor, events);

                self.tell_present_state(supervisor, number);
                if let Some(name) = name {
                    self.tell_presence(supervisor, Presence::Here(vec![name]), Vec::new());
                }
            }
            Call::CatchUp(number) => {
                supervisor.visitors.catch_up(number);
                self.read_cart(supervisor);
            }
            Call::Leave(number, told) => {
                supervisor.visitors.leave(number, told);
                // The last one's good-bye is said at the end.
                if !supervisor.visitors.is_empty() {
                    let left = supervisor.visitors.take_left();
                    self.tell_presence(supervisor, Presence::leaving(&left), left);
                }
            }
            Call::Request(number, request) => self.on_request(supervisor, number, request),
        }
    }

    fn on_request(&mut self, supervisor: &mut Supervisor, visitor: u64, request: LiveRequest) {
        match request {
            LiveRequest::Change(change) => {
                supervisor.keep_change(visitor, change);
                if self.is_ready {
                    self.send_due(supervisor);
                }
            }
            LiveRequest::Reread => self.read_cart(supervisor),
            LiveRequest::Products(ids) => self.read_products(Audience::One(visitor), ids),
            LiveRequest::Order(request) => self.on_order_request(supervisor, visitor, request),
        }
    }

    /// Tells a new visitor what the others know. Where the cart is being read, all will hear it.
    fn tell_present_state(&self, supervisor: &mut Supervisor, visitor: u64) {
        if self.cart_reading != CartReading::Idle {
            return;
        }

        if let Some(trouble) = self.unreadable.clone() {
            return supervisor.tell_one(visitor, LiveEvent::Unreadable(trouble));
        }
        if let Some(cart) = self.mirror.cart_now() {
            let activity = self.activity.iter().cloned().collect();
            supervisor.tell_one(visitor, LiveEvent::Cart(cart));
            supervisor.tell_one(visitor, LiveEvent::Activity(activity));
            supervisor.tell_one(visitor, LiveEvent::Watchers(self.watchers.clone()));
        }
        if let Some(is_slow) = self.is_slow {
            supervisor.tell_one(visitor, LiveEvent::Slow(is_slow));
        }
    }
}
