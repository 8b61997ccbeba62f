//! Everything that knows Redis: the cart, the catalog, orders, and the live link to them.
//!
//! ```no_run
//! # async fn shop() -> Result<(), Box<dyn std::error::Error>> {
//! use trolley::model::{ProductId, UserName};
//! use trolley::store::{self, Address};
//!
//! let address = Address::parse("redis://localhost:6379")?;
//! let mut connection = store::connect(&address).await?;
//! let alice = UserName::parse("alice")?;
//! let tea = ProductId::asked("tea")?;
//! store::add_to_cart(&mut connection, &alice, &tea, 3).await?;
//! let cart = store::get_cart_items(&mut connection, &alice).await?;
//! assert_eq!(cart.quantity(&tea), 3);
//! # Ok(()) }
//! ```

pub mod acl;
pub mod board;
pub mod cart;
pub mod catalog;
pub(crate) mod clock;
mod connection;
pub mod doctor;
mod error;
#[cfg(feature = "serve")]
pub mod invitations;
mod key_types;
pub mod keys;
pub mod live;
pub mod order;
mod policy;
mod pulse;
mod repeat;
mod scripts;

pub use cart::beat::Watcher;
pub use cart::commands::{
    add_as, add_to_cart, clear_as, get_cart_items, get_cart_with, note_as, ready_as, remove_as,
    remove_from_cart, set_as,
};
pub use cart::new_op;
pub use cart::reading::get_log;
pub(crate) use cart::reading::glance_at;
pub use cart::rules::set_rules;
pub use cart::sending::{Applied, Attempt, ProductCheck, SendError, send};
pub use catalog::export::{Export, ids_from};
pub use catalog::import::{delete_product, put_product};
pub use catalog::load::{Reading, load_catalog};
pub use catalog::{
    Edited, FieldEdit, NamedHours, NamedZone, SHOP_FIELDS, Shop, ShopChange, ShopEdit, ShopEdited,
    ShopField, ShopFlaw, change_shop, edit_product, find_unlisted, get_catalog, get_product,
    get_products, get_reachable_catalog, get_reachable_products, get_shop, step_stock,
};
pub use connection::address::{Address, Pem};
pub use connection::{Connection, connect};
pub use error::{Error, Trouble};
pub use policy::Policy;
pub use pulse::Pace;
pub use repeat::RepeatError;
pub use scripts::MOST_LINES;
