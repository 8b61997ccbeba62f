//! trolley: a full-screen terminal shop with a shared, live shopping cart on Redis.
//!
//! The layers, from the inside out; each knows only those before it:
//!
//! - [`model`]: pure values and rules (products, money, carts, changes).
//! - [`catalog_file`]: files of products, read, checked and written.
//! - [`store`]: all that knows Redis, with [`store::connect`], [`store::get_product`],
//!   [`store::add_to_cart`], [`store::remove_from_cart`] and [`store::get_cart_items`].
//! - [`engine`]: the private `redis-server` that runs when no address is given.
//! - [`config`]: flags, environment, file and defaults.
//! - [`log`] and [`crash`]: what happened, for maintainers.
//! - [`tui`]: the screen. [`cli`]: the plain commands.

pub mod catalog_file;
pub mod cli;
pub mod config;
pub mod crash;
pub mod engine;
pub mod log;
pub mod model;
pub mod store;
pub mod tui;
