//! The calls of visitors to a session: to join, to leave, to be told the present, and requests.

use super::session::{CartReading, Session};
use super::visitors::{Audience, Call, VisitorId};
use super::{LiveEvent, LiveRequest, Supervisor};
use crate::store::catalog::decode::CatalogNews;

impl Session {
    /// Does what a visitor asks for.
    pub(super) fn on_call(&mut self, supervisor: &mut Supervisor, call: Call) {
        match call {
            Call::Join(visitor, events) => {
                let id = visitor.id;
                supervisor.visitors.join(visitor, events);
                self.tell_present_state(supervisor, id);
                self.tell_presence(supervisor);
            }
            Call::CatchUp(visitor) => {
                supervisor.visitors.catch_up(visitor);
                // News of products may have been left out, too.
                supervisor.tell_one(visitor, LiveEvent::Catalog(CatalogNews::Everything));
                self.tell_surroundings(supervisor, visitor);
                self.read_cart(supervisor);
            }
            Call::Leave(visitor, told) => {
                supervisor.visitors.leave(visitor, told);
                self.tell_presence(supervisor);
            }
            Call::Request(visitor, request) => self.on_request(supervisor, visitor, request),
        }
    }

    fn on_request(
        &mut self,
        supervisor: &mut Supervisor,
        visitor: VisitorId,
        request: LiveRequest,
    ) {
        match request {
            LiveRequest::Change(change) => {
                supervisor.keep_change(visitor, change);
                if self.is_ready {
                    self.send_due(supervisor);
                }
            }
            LiveRequest::Rules(changes) => self.set_rules(supervisor, visitor, changes),
            LiveRequest::Reread => self.read_cart(supervisor),
            LiveRequest::Products(ids) => self.read_products(Audience::One(visitor), ids),
            LiveRequest::Orders(question) => {
                self.on_order_question(supervisor, visitor, question);
            }
            LiveRequest::Order(request) => self.on_order_request(supervisor, visitor, request),
        }
    }

    /// Tells a new visitor what the others know. Where the cart is being read, all will hear it.
    fn tell_present_state(&self, supervisor: &mut Supervisor, visitor: VisitorId) {
        self.tell_surroundings(supervisor, visitor);
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
        }
        // After a heartbeat without an answer nobody knows what the server has.
        if self.misses > 0 {
            supervisor.tell_one(visitor, LiveEvent::Stale);
        }
    }

    /// Tells a visitor who watches the cart, and how fast the way to it is.
    fn tell_surroundings(&self, supervisor: &mut Supervisor, visitor: VisitorId) {
        supervisor.tell_one(visitor, LiveEvent::Watchers(self.watchers.clone()));
        if let Some(pace) = self.pace {
            supervisor.tell_one(visitor, LiveEvent::Pace(pace));
        }
    }
}
