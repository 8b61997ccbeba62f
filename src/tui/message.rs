//! Everything that can happen to the screen, and everything that it can ask for.

use super::key::Key;
use crate::model::{Change, Product, ProductId};
use crate::store::link::Event;
use crate::store::{Shop, Trouble};

/// The clocks when a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// Milliseconds since the program started; never jumps.
    pub steady: u64,
    /// Unix milliseconds.
    pub wall: i64,
}

/// Everything that can happen.
#[derive(Debug)]
pub enum Message {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// The terminal has a new size.
    Resize(u16, u16),
    /// The link tells something.
    Link(Event),
    /// The catalog was read, after so many milliseconds.
    Catalog(Result<(Vec<Product>, Shop), Trouble>, u64),
    /// The demo catalog was loaded.
    Demo(Result<usize, Trouble>),
    /// The private server was started again, or why not.
    Revived(Result<(), String>),
    /// A moment came for which the state waited.
    Clock,
}

/// Everything that the screen can ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Apply a change.
    Send(Change),
    /// Read the cart again.
    Reread,
    /// Read these products.
    ReadProducts(Vec<ProductId>),
    /// Read the catalog.
    LoadCatalog,
    /// Load the demo catalog.
    LoadDemo,
    /// Start the private server again.
    Revive,
    /// Suspend the program.
    Suspend,
    /// End the program.
    Quit,
}
