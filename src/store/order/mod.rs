//! Orders: from a cart to an entry in the stream `orders`, exactly once.
//!
//! Cart, products and orders may live in different cluster slots, so no script spans them.
//! An order is a saga: it goes through steps, each one script in one slot, each of them harmless
//! when it is done again, by whomever:
//!
//! 1. *announce* (slot of the orders): the id is noted as open with its cart, so that it is
//!    found when its driver dies and nobody opens that cart again. Ids are unique by this.
//! 2. *freeze* (slot of the cart): lines and prices are fixed, where the cart is still at the
//!    version that was confirmed. Who comes second joins the first. From here on the frozen
//!    pieces can't be taken out of the cart, and the cart does not expire; adding goes on.
//! 3. *take* (slot of each product): takes the stock once per order id.
//! 4. *decide* (slot of the cart): placed where all was taken, else undone. The first decision
//!    stands, and all drivers obey it, whatever they found themselves.
//! 5. placed: *append* (slot of the orders), once per id; undone: *release* each product, which
//!    gives back what was taken and keeps this order from taking any later. Products never
//!    reached are released, too: a slow driver may be on its way to them.
//! 6. *settle* (slot of the cart): what was ordered leaves the cart, or all stays in it.
//! 7. *close* (slot of the orders): the id is open no more.
//!
//! News of an order travel on the channel of its cart, `{"order":"<id>","state":"ready"}`: who may
//! listen to a cart may hear of its orders, and a client that doesn't know them reads again.
//!
//! Followers read the stream `orders` in groups. An order notes to whom of a group it was given,
//! and a cancelled one is put into the stream `{orders}:cancelled` for them.
//!
//! Why nothing is sold twice or lost: stock is taken only under an id that has a frozen cart;
//! as long as that cart isn't settled, anybody who finds it goes on from step 3; and it is
//! settled only after either the stream has the order or no product has anything taken for it.
//! Where replicas must have what counts (`--confirm-replicas`), every step but the last waits
//! for them, and the next is taken only after that: a step may build on nothing that falls with
//! its server, or stock could stay taken for an order that nobody knows. Where replicas are
//! missing, the step is done again until they are back, which changes nothing, rather than
//! called done on fewer copies than asked for: an open terminal goes on trying and says so,
//! a command gives up after five seconds and says how to go on.
//! A driver that was stopped for so long that the id is forgotten everywhere takes nothing:
//! products refuse orders begun more than an hour ago, and remember releases for longer.

pub(crate) mod checkout;
pub(crate) mod document;
mod driver;
mod follow;
pub(crate) mod records;
mod steps;

pub use checkout::{finish_open, new_order_id, place, preview, resume, resume_now};
pub use driver::{Driver, Outcome, Stage};
pub use follow::{FollowEvent, Follower, OrderEntry};
pub use records::{cancel_leftovers, get_order, list_orders, set_state};
pub use steps::Decision;
