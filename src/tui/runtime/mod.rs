//! What runs screens.
//!
//! `event_loop` runs any of them, `screen` is the shop's screen as a value, and `services` carries out
//! what its core asks for. `hub` is what all screens of one program share, `cart_link` a screen's
//! place on the live link of its cart, and `allowance` the changes that one person may make. `alarm`
//! and `lock` are small helps.

pub(crate) mod alarm;
pub mod allowance;
mod cart_link;
pub(in crate::tui) mod event_loop;
pub mod hub;
pub(crate) mod lock;
pub mod screen;
pub(in crate::tui) mod services;
