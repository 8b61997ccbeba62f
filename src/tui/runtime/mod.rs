//! What runs a screen: the event loop, the screen as a value, what carries out its effects, and what
//! all screens of one program share.

pub(crate) mod alarm;
pub mod allowance;
mod cart_link;
pub(in crate::tui) mod event_loop;
pub mod hub;
pub(crate) mod lock;
pub mod screen;
pub(in crate::tui) mod services;
