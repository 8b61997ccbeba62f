//! Actions: everything that a key can do, and the contexts in which keys are pressed.

use crate::model::typed_rule::TypedRule;
use strum::{IntoStaticStr, VariantArray};

/// A movement of the selection, or of what shows, within a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Motion {
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// One page up.
    PageUp,
    /// One page down.
    PageDown,
    /// To the first row.
    Top,
    /// To the last row.
    Bottom,
}

/// Everything that a key can do. The variants' names in kebab-case are the names in settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Action {
    /// Move within the list; settings know each motion by its own name.
    #[strum(transparent)]
    Move(Motion),
    /// Add the selected product.
    Add,
    /// One more of the selected product.
    More,
    /// One less of the selected product.
    Less,
    /// Remove the selected line.
    Remove,
    /// Ask for an exact quantity.
    SetQuantity,
    /// Ask for one's own note on the selected product or, in the checkout, for the order's.
    Note,
    /// Apply the last change of a line to the selected product.
    Repeat,
    /// Type a search.
    Search,
    /// Show the next category.
    NextCategory,
    /// Show the previous category.
    PreviousCategory,
    /// Sort the catalog by the next criterion.
    Sort,
    /// Focus the other pane.
    SwitchPane,
    /// Focus the catalog.
    ToCatalog,
    /// Focus the cart.
    ToCart,
    /// Undo one's own last change.
    Undo,
    /// Redo the change that was undone last.
    Redo,
    /// Ask whether to clear the cart.
    AskClear,
    /// Clear the cart.
    Clear,
    /// Restart the cart's countdown.
    KeepAlive,
    /// Show or hide the people who fill the cart.
    People,
    /// Show or hide what the selected person asked for.
    PersonLines,
    /// Say that one is ready, or not any more.
    Ready,
    /// Lock the cart, or unlock it.
    Lock,
    /// Ask for the value of a rule of the cart; settings know each rule by its own name.
    #[strum(transparent)]
    AskRule(TypedRule),
    /// Show or hide the activity.
    Activity,
    /// Capture the mouse, or leave it to the terminal.
    Mouse,
    /// Open the command palette.
    Palette,
    /// Complete what is typed to the selected entry of the palette.
    Complete,
    /// Open the checkout.
    Checkout,
    /// Place the order that the checkout shows.
    PlaceOrder,
    /// Make the selected line of the checkout orderable.
    Fix,
    /// Make all lines of the checkout orderable.
    FixAll,
    /// Show past orders.
    Orders,
    /// Show the receipt of the selected order.
    Receipt,
    /// Order the selected order again.
    Again,
    /// Ask whether to cancel the selected order.
    AskCancel,
    /// Cancel the order that was asked about.
    CancelOrder,
    /// Mark that the selected person of a receipt has settled, or take that back.
    Settle,
    /// Show the carts that this person has used.
    Carts,
    /// Go to the selected cart.
    GoToCart,
    /// Take the selected cart off the list.
    ForgetCart,
    /// Move the selected ticket on, or clear it off the board where it is cancelled.
    Step,
    /// Tick the selected line of a ticket, or take the tick away.
    Tick,
    /// Show or hide the totals over all open tickets.
    Totals,
    /// Ask for the category that the board is kept to.
    Station,
    /// Print the selected ticket.
    Print,
    /// Show the tickets as a list, or side by side again.
    List,
    /// To what stands at the left.
    Left,
    /// To what stands at the right.
    Right,
    /// Show the figures of today again.
    Live,
    /// Show the products, to those who sell them.
    Products,
    /// Keep the list of products to others: what is low in stock, or sold out, or all.
    Filter,
    /// Edit the selected product, or the selected field of a form.
    Edit,
    /// Sell the selected product out, or put back what there was of it.
    SellOut,
    /// Load the demo catalog.
    LoadDemo,
    /// Show the help.
    Help,
    /// Go back; never quits.
    Back,
    /// Accept what was typed.
    Accept,
    /// Suspend the program.
    Suspend,
    /// Quit.
    Quit,
    /// Quit even though changes are unconfirmed.
    QuitAnyway,
}

impl Action {
    /// The action's name in settings and in the palette: `set-quantity`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The section of the help that lists this action.
    #[must_use]
    pub fn group(self) -> HelpGroup {
        match self {
            Action::Add
            | Action::More
            | Action::Less
            | Action::Remove
            | Action::SetQuantity
            | Action::Note
            | Action::Repeat
            | Action::Undo
            | Action::Redo
            | Action::AskClear
            | Action::Clear
            | Action::KeepAlive
            | Action::Checkout
            | Action::PlaceOrder
            | Action::Fix
            | Action::FixAll
            | Action::Orders
            | Action::Receipt
            | Action::Again
            | Action::AskCancel
            | Action::CancelOrder
            | Action::Settle
            | Action::Carts
            | Action::GoToCart
            | Action::ForgetCart => HelpGroup::Cart,

            Action::People
            | Action::PersonLines
            | Action::Ready
            | Action::Lock
            | Action::AskRule(_) => HelpGroup::People,

            Action::Search | Action::NextCategory | Action::PreviousCategory | Action::Sort => {
                HelpGroup::Find
            }

            Action::Step
            | Action::Tick
            | Action::Totals
            | Action::Station
            | Action::Print
            | Action::List => HelpGroup::Board,

            Action::Filter | Action::Edit | Action::SellOut => HelpGroup::Products,

            Action::Move(_)
            | Action::SwitchPane
            | Action::ToCatalog
            | Action::ToCart
            | Action::Left
            | Action::Right
            | Action::Live
            | Action::Products => HelpGroup::Move,

            Action::Activity
            | Action::Mouse
            | Action::Palette
            | Action::Complete
            | Action::LoadDemo
            | Action::Help
            | Action::Back
            | Action::Accept
            | Action::Suspend
            | Action::Quit
            | Action::QuitAnyway => HelpGroup::Program,
        }
    }
}

/// A section of the help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
pub enum HelpGroup {
    /// Changing and ordering the cart.
    Cart,
    /// The people who fill the cart together.
    People,
    /// Making orders, on the screens of the staff.
    Board,
    /// Changing products, on the screens of the staff.
    Products,
    /// Searching and sorting the catalog.
    Find,
    /// Moving within lists and between panes.
    Move,
    /// Everything about the program itself.
    Program,
}

impl HelpGroup {
    /// The section's heading.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.into()
    }
}

/// The sections of the help, in the order in which it lists them.
pub const GROUPS: &[HelpGroup] = HelpGroup::VARIANTS;

/// The part of the screen that receives a key. A key may mean something else in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, VariantArray)]
pub enum Context {
    /// The list of products.
    Catalog,
    /// The catalog while it has no products.
    EmptyCatalog,
    /// The cart.
    Cart,
    /// The people who fill the cart.
    People,
    /// The activity, where it covers the cart.
    Activity,
    /// The prompt for a search.
    Search,
    /// A prompt, such as that for a quantity.
    Prompt,
    /// The command palette.
    Palette,
    /// The help.
    Help,
    /// The checkout.
    Checkout,
    /// The past orders.
    Orders,
    /// A receipt.
    Receipt,
    /// The list of carts.
    Carts,
    /// The tickets of the board.
    Board,
    /// The orders that can be collected, in large numbers.
    Ready,
    /// The figures of a day.
    Today,
    /// The products, for those who sell them.
    Products,
    /// The settings of the shop.
    Shop,
    /// The question whether to quit with unconfirmed changes.
    ConfirmQuit,
    /// The question whether to cancel an order.
    ConfirmCancel,
    /// The question whether to clear the cart.
    ConfirmClear,
}

/// A kind of screen. Each has contexts of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScreenKind {
    /// The shop, for those who buy.
    Shop,
    /// The board, the figures and the products, for those who sell.
    Staff,
}

/// The keys that a help lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HelpScope {
    /// The keys of the whole shop, whose lists stand beside each other.
    Shop,
    /// The keys of one page of the staff.
    Page(Context),
}

impl Context {
    /// The kind of screen that this context is of; `None` where both have it.
    #[must_use]
    pub(crate) fn screen(self) -> Option<ScreenKind> {
        match self {
            Context::Board
            | Context::Ready
            | Context::Today
            | Context::Products
            | Context::Shop => Some(ScreenKind::Staff),
            Context::Catalog
            | Context::EmptyCatalog
            | Context::Cart
            | Context::People
            | Context::Activity
            | Context::Checkout
            | Context::Orders
            | Context::Receipt
            | Context::Carts
            | Context::ConfirmQuit
            | Context::ConfirmClear => Some(ScreenKind::Shop),
            Context::Search
            | Context::Prompt
            | Context::Palette
            | Context::Help
            | Context::ConfirmCancel => None,
        }
    }
}
