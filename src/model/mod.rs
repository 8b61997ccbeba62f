//! Pure values and rules. Nothing here knows Redis, the terminal, the clock or tasks.

pub mod cart;
pub mod catalog;
pub mod change;
pub mod checkout;
pub mod invitation;
pub mod money;
pub mod order;
pub mod people;
pub mod product;
pub mod quantity;
pub mod receipt;
pub mod refusal;
pub mod role;
pub mod rules;
pub mod search;
pub(crate) mod shares;
pub mod text;
pub mod time;
pub mod timeline;
pub mod total;
pub mod user;

pub use cart::{Cart, CartLine, UpdateFit};
pub use catalog::{Catalog, Item};
pub use change::{Activity, Change, ChangeKind, Edit, LineChange, OpId, Update};
pub use checkout::Preview;
pub use money::Money;
pub use order::{Order, OrderId, OrderLine, OrderState};
pub use people::People;
pub use product::{Product, ProductId, Stock};
pub use quantity::Quantity;
pub use refusal::Refusal;
pub use role::Role;
pub use rules::{RuleChange, Rules};
pub use search::{Query, Searcher, Sort, Sorting};
pub use time::{Deadline, Timeout};
pub use user::UserName;
