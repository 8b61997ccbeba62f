//! Messages to the screens of the staff, and the effects that they ask for.

use crate::model::product::StockStep;
use crate::model::{Catalog, Order, Product, ProductId};
use crate::store::board::{BoardEvent, BoardRequest};
use crate::store::{Edited, FieldEdit, RepeatError, ShopEdit, ShopEdited, Trouble};
use crate::tui::message::{Message, ShellEvent};
use crate::tui::staff::state::Seen;
use crate::tui::staff::state::today::{Figured, ShownTime};
use crate::tui::state::catalog::SearchRequest;

/// Something that happened.
#[derive(Debug, Clone)]
pub enum StaffMessage {
    /// Something that happens to any screen.
    Shell(ShellEvent),
    /// This is on the terminal, and every key that came before was taken in.
    Seen(Seen),
    /// The link to the open orders reports something.
    Board(BoardEvent),
    /// A ticket of this name was printed, or could not be, for this reason.
    Printed(String, Result<(), String>),
    /// The number of orders read so far, in the reading of figures of this number.
    FiguresProgress(u64, usize),
    /// Figures were read, in the reading of this number, or could not be, for this reason.
    Figures(u64, Result<Box<Figured>, String>),
    /// Products that may have changed were read.
    Products(Vec<(ProductId, Option<Product>)>),
    /// The catalog was read or searched: a message of those that do so for all screens.
    Catalog(Box<Message>),
    /// The stock of this product was changed by this step, and is so now; or why not.
    SteppedStock(Box<Product>, StockStep, Result<u64, RepeatError>),
    /// A field of a product was changed, or why not.
    Edited(FieldEdit, Result<Edited, RepeatError>),
    /// A setting of the shop was changed, or why not.
    ShopSet(ShopEdit, Result<ShopEdited, RepeatError>),
    /// The private server was started again, or could not be, for this reason.
    Revived(Result<(), String>),
}

impl From<ShellEvent> for StaffMessage {
    fn from(event: ShellEvent) -> StaffMessage {
        StaffMessage::Shell(event)
    }
}

/// A change that the staff make. They are made one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProductsJob {
    /// Change the stock of this product by a step.
    Step(Box<Product>, StockStep),
    /// Change a field of a product.
    Edit(FieldEdit),
    /// Change a setting of the shop.
    Shop(ShopEdit),
    /// Read products that may have changed.
    Read(Vec<ProductId>),
}

/// Something that the screen asks for.
#[derive(Debug)]
pub enum StaffEffect {
    /// Pass a request to the link to the open orders.
    Board(BoardRequest),
    /// Print this order's ticket by this command.
    Print(Box<Order>, String),
    /// Read the figures of a time.
    ReadFigures {
        /// The number of this reading.
        number: u64,
        /// The time.
        time: ShownTime,
    },
    /// Read or change products, behind all that was asked for before.
    Products(ProductsJob),
    /// Read the whole catalog.
    LoadCatalog,
    /// Drop this catalog, which was replaced, on a thread where that delays nobody.
    Replaced(Box<Catalog>),
    /// Search the catalog.
    Search(SearchRequest),
    /// Tell the person what happened: ring, and notify where they look elsewhere.
    Alert(String),
    /// Capture the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Start the private server again.
    Revive,
    /// Suspend the program.
    Suspend,
    /// End the program.
    Quit,
    /// End the program because the shop does not let us in.
    GiveUp(Trouble),
}
