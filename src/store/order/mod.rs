//! Orders: from a cart to an entry in the stream `orders`, exactly once.
//!
//! Cart, products and orders may live in different cluster slots, so no script spans them.
//! An order is a saga: it goes through steps, each one script in one slot, each of them harmless
//! when it is done again, by whomever:
//!
//! 1. *announce* (slot of the orders): the whole record of the order is written: whose cart, who
//!    orders, every line with its price. It is `pending`, and due to be looked after, so that it
//!    is found when its driver dies and nobody opens that cart again. Ids are unique by this.
//! 2. *freeze* (slot of the cart): the cart is marked with the order's id, where it is still at
//!    the version that was confirmed. Who comes second joins the first. From here on the frozen
//!    pieces can't be taken out of the cart, and the cart does not expire; adding goes on.
//! 3. *take* (slot of each product): takes the stock once per order id, at the confirmed price.
//! 4. *decide* (slot of the orders): where all was taken, the order is placed: it is put into the
//!    stream in the same step. Else it is undone. The first decision stands, and all drivers
//!    obey it, whatever they found themselves.
//! 5. undone: *release* each product, which gives back what was taken and keeps this order from
//!    taking any later. Products never reached are released, too: a slow driver may be on its
//!    way to them.
//! 6. *settle* (slot of the cart): what was ordered leaves the cart, or all stays in it.
//! 7. *close* (slot of the orders): nobody looks after the order any more. An undone record is
//!    kept for a day, for a late repeat of its id.
//!
//! Whom to believe: whoever may fill a cart can write all that is stored beside it, and may not
//! be allowed to order. So what an order buys, at which price, for whom, and how it was decided
//! stands in its record alone, which only those can write who may order. A driver reads no more
//! than an id from the cart. Where the shop has no record of that id, one of another cart, or one
//! that is closed, the mark is taken away, and nothing else: no stock is taken under an id that
//! was not announced, and what was ordered leaves the cart once.
//!
//! News of an order travel on the channel of its cart, `{"order":"<id>","state":"ready"}`: who may
//! listen to a cart may hear of its orders, and a client that doesn't know them reads again. So do
//! the marks of who has settled their part with whoever ordered,
//! `{"order":"<id>","settled":true}`, which stand in the order's record.
//!
//! Every change of an order that is placed is counted in its own step, and told with that count on
//! the channel of all orders, for boards.
//!
//! Whoever moved an order last may take that back for a while. So the products of a done order
//! forget it only after that: until then it may be cancelled, and its stock must go back.
//!
//! Followers read the stream `orders` in groups. An order notes to whom of a group it was given,
//! and a cancelled one is put into the stream `{orders}:cancelled` for them.
//!
//! Why nothing is sold twice or lost: stock is taken only under an id that has a record; as long
//! as that isn't closed, anybody who finds it goes on, from the cart that is marked with its id
//! or because it is due; and it is closed only after either the stream has the order or no
//! product has anything taken for it. Where a record is lost all the same (a key that was
//! deleted or evicted), the products still know the id, and [`give_back_unowned`] finds it.
//!
//! An order that is due is tried apart from all others, less and less often, and left alone in
//! the end ([`finish_open`]).
//!
//! Where replicas must have what counts (`--confirm-replicas`), every step but the last waits
//! for them, and the next is taken only after that: a step may build on nothing that falls with
//! its server, or stock could stay taken for an order that nobody knows. Where replicas are
//! missing, the step is done again until they are back, which changes nothing, rather than
//! called done on fewer copies than asked for: an open terminal goes on trying and says so,
//! a command gives up after five seconds and says how to go on.
//! A driver that was stopped for so long that the id is forgotten everywhere takes nothing:
//! products refuse orders begun more than an hour ago, or ahead, and remember releases for
//! longer.

pub(crate) mod backup;
pub(crate) mod begun;
pub(crate) mod brief;
pub(crate) mod checkout;
pub(crate) mod count;
mod day;
mod delivery;
pub(crate) mod document;
mod driver;
mod find;
mod follow;
pub(crate) mod index;
pub(crate) mod leftovers;
mod list;
mod made_up;
pub(crate) mod moves;
pub(crate) mod open;
pub(crate) mod over;
pub(crate) mod page;
pub(crate) mod records;
pub(crate) mod relist;
pub(crate) mod restore;
mod stage;
mod steps;
mod stock;
pub(crate) mod unowned;

pub use begun::Decision;
pub use checkout::{
    go_on_with, new_order_id, place, preview, resume, resume_now, thaw_unknown, total_of,
};
pub use count::{OrderCount, count_readable};
pub use driver::Driver;
pub use find::find_order;
pub use follow::{FollowEvent, Follower, LONGEST_WAIT, OrderEntry};
pub use index::count_orders;
pub use leftovers::{FinishedOrder, finish_open};
pub use list::{OrderFilter, OrderListing};
pub use made_up::{MadeUp, make_up};
pub use moves::{cancel_own, mark_settled, set_state, step, tick, undo_step};
pub use open::list_open;
pub use over::wind_up_all;
pub use page::{OrdersPage, list_orders};
pub use records::{get_order, get_ticket};
pub use relist::relist;
pub use stage::{Outcome, Stage};
pub use unowned::give_back_unowned;
