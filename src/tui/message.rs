//! Everything that can happen to the screen, and everything that it can ask for.

use super::key::Key;
use crate::model::{Change, Product, ProductId, Query};
use crate::store::link::Event;
use crate::store::{Shop, Trouble};
use std::collections::HashMap;

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
    /// The mouse did something.
    Mouse(Mouse),
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
    /// A search is done: its number, and the places of what fits.
    Found(u64, Vec<u32>),
    /// A moment came for which the state waited.
    Clock,
}

/// What the mouse can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseKind {
    /// The left button went down.
    Press,
    /// The wheel turned up.
    WheelUp,
    /// The wheel turned down.
    WheelDown,
}

/// What the mouse did, and where, in columns and rows from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    /// What.
    pub kind: MouseKind,
    /// The column.
    pub column: u16,
    /// The row.
    pub row: u16,
}

/// A search that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// Its number: the answer carries it.
    pub number: u64,
    /// What to look for.
    pub query: Query,
    /// What is in the cart.
    pub in_cart: HashMap<ProductId, u32>,
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
    /// Search the catalog.
    Search(Search),
    /// Take the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Load the demo catalog.
    LoadDemo,
    /// Start the private server again.
    Revive,
    /// Suspend the program.
    Suspend,
    /// End the program.
    Quit,
}
