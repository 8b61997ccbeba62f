//! Everything that can happen to the screen, and everything that it can ask for.

use crate::config::key::Key;
use crate::model::{Catalog, Change, Product, ProductId, Query};
use crate::store::catalog::demo::Loaded;
use crate::store::live::{LiveEvent, OrderRequest};
use crate::store::{Shop, Trouble};
use std::collections::HashSet;

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
    Live(LiveEvent),
    /// The first products of the catalog are there; the others follow.
    CatalogBegun(Catalog, Shop),
    /// So many of so many products are read.
    CatalogCount(usize, usize),
    /// The catalog was read, after so many milliseconds.
    Catalog(Result<(Catalog, Shop), Trouble>, u64),
    /// Products that stood in no index were found.
    Products(Vec<(ProductId, Option<Product>)>),
    /// The demo catalog was loaded.
    Demo(Result<Loaded, Trouble>),
    /// The private server was started again, or why not.
    Revived(Result<(), String>),
    /// Something was found.
    Found(Found),
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

/// What a search is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The catalog's rows.
    Catalog,
    /// The products that the palette offers.
    Palette,
}

/// What a search has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it was for.
    pub purpose: Purpose,
    /// The search's number.
    pub number: u64,
    /// The numbers of the products, best first.
    pub products: Vec<u32>,
    /// How many fit.
    pub count: usize,
    /// Whether that is all: else it goes on.
    pub done: bool,
}

/// A search that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// What it is for.
    pub purpose: Purpose,
    /// Its number: the answer carries it.
    pub number: u64,
    /// What to look for.
    pub query: Query,
    /// What is in the cart.
    pub in_cart: HashSet<ProductId>,
}

/// Everything that the screen can ask for.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Apply a change.
    Send(Change),
    /// Read the cart again.
    Reread,
    /// Read these products.
    ReadProducts(Vec<ProductId>),
    /// Something about orders.
    Order(OrderRequest),
    /// Read the catalog.
    LoadCatalog,
    /// The catalog has replaced this one, which is to be dropped where that delays nobody.
    Replaced(Box<Catalog>),
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
    /// End the program, as the shop can't be had.
    GiveUp(Trouble),
}
