//! All that knows Redis.
//!
//! ```no_run
//! # async fn shop() -> Result<(), Box<dyn std::error::Error>> {
//! use trolley::model::{ProductId, UserName};
//! use trolley::store::{self, Address};
//!
//! let address = Address::parse("redis://localhost:6379")?;
//! let mut connection = store::connect(&address).await?;
//! let (alice, tea) = (UserName::parse("alice")?, ProductId::asked("tea")?);
//! store::add_to_cart(&mut connection, &alice, &tea, 3).await?;
//! let cart = store::get_cart_items(&mut connection, &alice).await?;
//! assert_eq!(cart.quantity(&tea), 3);
//! # Ok(()) }
//! ```

pub mod acl;
mod address;
mod batch;
mod budget;
mod bulk;
mod cart;
mod catalog;
mod connection;
mod copied;
pub mod decode;
pub mod demo;
pub mod doctor;
mod error;
mod export;
pub mod import;
pub mod keys;
pub mod link;
mod load;
mod locate;
pub mod order;
mod pages;
mod probe;
mod rules;
mod shopping;

pub use address::{Address, Pem};
pub use cart::{Attempt, Known, MOST_LINES, get_log, new_op, send};
pub use catalog::{
    Shop, find_unlisted, get_catalog, get_product, get_products, get_shop, name_shop,
};
pub use connection::{Connection, Policy, connect};
pub use decode::Watcher;
pub use error::{Error, Trouble};
pub use export::{Export, ids_from};
pub use import::{delete_product, put_products};
pub use load::{Reading, load_catalog};
pub use rules::{RuleChange, set_rules};
pub use shopping::{
    add_as, add_to_cart, clear_as, get_cart_items, remove_as, remove_from_cart, set_as,
};
