//! The table of default keys: dispatch, the footer, the palette and the help all read it.

use super::action::Context::{
    Activity, Board, Cart, Carts, Catalog, Checkout, ConfirmCancel, ConfirmClear, ConfirmQuit,
    EmptyCatalog, Help, Orders, Palette, People, Products, Prompt, Ready, Receipt, Search, Shop,
    Today,
};
use super::action::{Action, Context, Motion};
use crate::config::key::Key;
use crate::model::typed_rule::TypedRule;
use strum::VariantArray;

pub(super) const ALL: &[Context] = Context::VARIANTS;
const LISTS: &[Context] = &[Catalog, EmptyCatalog, Cart, People, Activity];
/// The contexts in which a product is selected.
const PRODUCTS: &[Context] = &[Catalog, Cart];
/// The lists that don't cover the cart.
const BESIDE_PEOPLE: &[Context] = &[Catalog, EmptyCatalog, Cart, Activity];
/// The contexts whose rows can be walked through.
const ROWS: &[Context] = &[
    Catalog,
    EmptyCatalog,
    Cart,
    People,
    Activity,
    Help,
    Checkout,
    Orders,
    Receipt,
    Carts,
];
/// The pages with an order that is selected, or shows.
const ORDER: &[Context] = &[Orders, Receipt];
/// Everything but the lists in which nothing is typed. Where a command or a search could not begin
/// here, its letters would be keys.
const COMMANDS: &[Context] = &[
    Help,
    Checkout,
    Orders,
    Receipt,
    Carts,
    ConfirmCancel,
    ConfirmClear,
    ConfirmQuit,
];
const TYPING: &[Context] = &[Search, Prompt, Palette];
/// The pages of the staff.
const STAFF: &[Context] = &[Board, Ready, Today, Products, Shop];

/// A row of the table: an action, its default keys, and how footer and help speak of it.
#[derive(Debug)]
pub(super) struct Binding {
    pub(super) action: Action,
    pub(super) keys: &'static [&'static str],
    pub(super) contexts: &'static [Context],
    pub(super) footer_word: Option<&'static str>,
    pub(super) help: Option<HelpSentence>,
}

/// A sentence of the help and the palette.
#[derive(Debug)]
pub(super) struct HelpSentence {
    pub(super) text: &'static str,
    /// The action whose key replaces [`KEY`] in the text.
    pub(super) named: Action,
    /// The sentence where that action can't be done. Empty where it is the row's own: then the row
    /// goes, too.
    pub(super) alone: &'static str,
}

/// The part of a help sentence that is replaced by a key.
pub(super) const KEY: &str = "{key}";

const fn bind(
    action: Action,
    keys: &'static [&'static str],
    contexts: &'static [Context],
) -> Binding {
    Binding {
        action,
        keys,
        contexts,
        footer_word: None,
        help: None,
    }
}

impl Binding {
    /// Shows the binding in the footer, with this word behind its key.
    const fn footer(self, word: &'static str) -> Binding {
        Binding {
            footer_word: Some(word),
            ..self
        }
    }

    /// Lists the binding in the help and the palette. Its own key replaces [`KEY`] in the text.
    const fn help(self, text: &'static str) -> Binding {
        let action = self.action;
        self.help_naming(action, text, "")
    }

    /// [`Binding::help`] with the key of another action; `alone` is the sentence without it.
    const fn help_naming(self, named: Action, text: &'static str, alone: &'static str) -> Binding {
        Binding {
            help: Some(HelpSentence { text, named, alone }),
            ..self
        }
    }

    pub(super) fn default_keys(&self) -> Vec<Key> {
        self.keys
            .iter()
            .filter_map(|name| Key::parse(name))
            .collect()
    }
}

/// The table. Footer and help list their entries in this order.
pub(super) const BINDINGS: &[Binding] = &[
    bind(Action::LoadDemo, &["D"], &[EmptyCatalog])
        .footer("load the demo catalog")
        .help("Load the demo catalog (while the catalog is empty)"),
    bind(Action::Add, &["enter", "a"], &[Catalog])
        .footer("add")
        .help("Add the product (in the catalog); 12{key} adds twelve"),
    bind(Action::Activity, &["v"], &[Activity]).footer("hide"),
    bind(Action::Ready, &["r"], &[People]).footer("ready"),
    bind(Action::PersonLines, &["enter"], &[People]).footer("lines"),
    bind(
        Action::SwitchPane,
        &["tab", "backtab"],
        &[Catalog, EmptyCatalog],
    )
    .footer("cart"),
    bind(
        Action::SwitchPane,
        &["tab", "backtab"],
        &[Cart, People, Activity],
    )
    .footer("shop"),
    bind(Action::People, &["w"], &[People]).footer("cart"),
    bind(Action::AskRule(TypedRule::Deadline), &["T"], &[People]).footer("deadline"),
    bind(Action::Lock, &["L"], &[People]).footer("lock"),
    bind(Action::AskRule(TypedRule::Budget), &["B"], &[People]).footer("budget"),
    bind(Action::AskRule(TypedRule::Each), &["E"], &[People]).footer("each"),
    bind(Action::AskRule(TypedRule::Expect), &["X"], &[People]).footer("expected"),
    bind(Action::Checkout, &["c"], LISTS).footer("checkout"),
    bind(Action::Search, &["/"], &[Catalog, EmptyCatalog]).footer("search"),
    bind(Action::SetQuantity, &["enter", "="], &[Cart])
        .footer("qty")
        .help("Set the exact quantity (in the cart; {key} anywhere)"),
    bind(Action::SetQuantity, &["="], &[Catalog]),
    bind(Action::Checkout, &["c"], LISTS).help_naming(
        Action::PlaceOrder,
        "Check out: shows the total; {key} places the order",
        "Check out: shows the total",
    ),
    bind(Action::More, &["+"], PRODUCTS)
        .footer("more")
        .help("One more; with a number first, that many"),
    bind(Action::Less, &["-"], PRODUCTS)
        .footer("less")
        .help("One less; at zero the line is removed"),
    bind(Action::Remove, &["d", "delete"], PRODUCTS)
        .footer("remove")
        .help("Remove the line from the cart"),
    bind(Action::Note, &["n"], PRODUCTS)
        .help("Note something on a line, such as “no onions”; in the checkout, for the order"),
    bind(Action::Search, &["/"], &[Cart, Activity]).footer("search"),
    bind(Action::Search, &["/"], LISTS).help("Search name, category, description, id as you type"),
    bind(Action::Undo, &["u"], LISTS)
        .footer("undo")
        .help("Undo your own last change; other people's changes are kept"),
    bind(Action::SwitchPane, &["tab", "backtab"], LISTS).help("Switch between catalog and cart"),
    bind(Action::Palette, &["ctrl-p", ":"], LISTS)
        .footer("commands")
        .help("Any command by name; {key}esp 3 adds three espressos"),
    bind(Action::People, &["w"], BESIDE_PEOPLE).footer("people"),
    bind(Action::Note, &["n"], &[Cart]).footer("note"),
    bind(Action::People, &["w"], LISTS)
        .help("Show or hide the people: who asked for how much, and the rules of the cart"),
    bind(Action::PersonLines, &["enter"], &[People])
        .help("Show or hide what a person asked for (in the people)"),
    bind(Action::Ready, &["r"], &[People])
        .help("Say that you are ready, or not any more (in the people)"),
    bind(Action::Lock, &["L"], &[People])
        .help("Lock the cart, or unlock it (in the people; owner of the rules)"),
    bind(Action::AskRule(TypedRule::Deadline), &["T"], &[People])
        .help("Set when the cart closes (in the people; owner)"),
    bind(Action::AskRule(TypedRule::Budget), &["B"], &[People])
        .help("Set how much the whole cart may cost (in the people; owner)"),
    bind(Action::AskRule(TypedRule::Each), &["E"], &[People])
        .help("Set how much each person may spend (in the people; owner)"),
    bind(Action::AskRule(TypedRule::Expect), &["X"], &[People])
        .help("Name the people who are expected (in the people; owner)"),
    bind(Action::Redo, &["ctrl-r"], LISTS).help("Redo"),
    bind(Action::Undo, &["u"], ORDER),
    bind(Action::Redo, &["ctrl-r"], ORDER),
    bind(Action::Repeat, &["."], PRODUCTS).help("Repeat the last change, on the selected product"),
    bind(Action::NextCategory, &["]"], LISTS).help("Show the next category only"),
    bind(Action::PreviousCategory, &["["], LISTS).help("Show the previous category only"),
    bind(Action::Sort, &["s"], LISTS).help(
        "Sort by category, name, price, or what is in the cart; press it again to reverse that",
    ),
    bind(Action::Orders, &["o"], LISTS).help("Past orders, their state and their receipts"),
    bind(Action::Carts, &["b"], LISTS).help("Your carts: go to another one, or join one"),
    bind(Action::AskClear, &["C"], BESIDE_PEOPLE).help_naming(
        Action::Undo,
        "Clear the cart (asks first; {key} brings it back)",
        "Clear the cart (asks first)",
    ),
    bind(Action::KeepAlive, &["K"], LISTS).help("Keep the cart alive: restarts its countdown"),
    bind(Action::Activity, &["v"], LISTS).help("Show or hide who changed what"),
    bind(Action::Mouse, &["m"], LISTS).help("Leave the mouse to the terminal, or take it back"),
    bind(Action::ToCatalog, &["left", "h"], LISTS).help("To the catalog"),
    bind(Action::ToCart, &["right", "l"], LISTS).help("To the cart"),
    bind(Action::Move(Motion::Up), &["up", "k"], ROWS).help("Up"),
    bind(Action::Move(Motion::Down), &["down", "j"], ROWS).help("Down"),
    bind(
        Action::Move(Motion::PageUp),
        &["pageup", "ctrl-b", "ctrl-u"],
        ROWS,
    )
    .help("A page up"),
    bind(
        Action::Move(Motion::PageDown),
        &["pagedown", "ctrl-f", "ctrl-d", "space"],
        ROWS,
    )
    .help("A page down"),
    bind(Action::Move(Motion::Top), &["g", "home"], ROWS).help("To the first row"),
    bind(Action::Move(Motion::Bottom), &["G", "end"], ROWS).help("To the last row"),
    bind(Action::Move(Motion::Up), &["up"], &[Search, Palette]),
    bind(Action::Move(Motion::Down), &["down"], &[Search, Palette]),
    bind(Action::Accept, &["enter"], &[Search]).footer("keep the search"),
    bind(Action::Accept, &["enter"], &[Prompt]).footer("set"),
    bind(Action::Accept, &["enter"], &[Palette]).footer("do it"),
    bind(Action::Complete, &["tab"], &[Palette]).footer("complete"),
    bind(Action::Back, &["esc"], TYPING).footer("cancel"),
    bind(Action::Move(Motion::PageDown), &["space"], &[Help]).footer("more"),
    bind(Action::Search, &["/"], &[Help]).footer("find"),
    bind(Action::Back, &["esc", "q", "?", "f1"], &[Help]).footer("close"),
    bind(Action::PlaceOrder, &["Y"], &[Checkout]).footer("place the order"),
    bind(Action::Fix, &["enter"], &[Checkout])
        .footer("fix")
        .help("Fix the selected line (in the checkout): take what there is, or remove it"),
    bind(Action::FixAll, &["F"], &[Checkout])
        .footer("fix all")
        .help("Fix all lines that can't be ordered, as one change (in the checkout)"),
    bind(Action::SwitchPane, &["tab", "backtab"], &[Checkout]).footer("people"),
    bind(Action::Note, &["n"], &[Checkout]).footer("note"),
    bind(Action::Undo, &["u"], &[Checkout]).footer("undo"),
    bind(Action::More, &["+"], &[Checkout]).footer("more"),
    bind(Action::Less, &["-"], &[Checkout]).footer("less"),
    bind(Action::SetQuantity, &["="], &[Checkout]).footer("qty"),
    bind(Action::Remove, &["d", "delete"], &[Checkout]).footer("remove"),
    bind(Action::Redo, &["ctrl-r"], &[Checkout]),
    bind(Action::Back, &["esc", "q"], &[Checkout]).footer("back"),
    bind(Action::Receipt, &["enter", "tab", "right", "l"], &[Orders]).footer("receipt"),
    bind(Action::Again, &["r"], ORDER)
        .footer("order again")
        .help("Order the selected order again (in past orders): all its lines, as one change"),
    bind(Action::AskCancel, &["x"], ORDER)
        .footer("cancel")
        .help("Cancel your own order until it is accepted (in past orders; asks first)"),
    bind(Action::Settle, &["s"], &[Receipt])
        .footer("settled")
        .help("Mark that the selected person has settled, or not (on a receipt that you ordered)"),
    bind(Action::Search, &["/"], &[Orders]).footer("search"),
    bind(Action::NextCategory, &["]"], &[Orders]).footer("open only"),
    bind(Action::PreviousCategory, &["["], &[Orders]),
    bind(Action::Back, &["esc", "q", "o"], &[Orders]).footer("close"),
    bind(
        Action::Orders,
        &["o", "tab", "backtab", "left", "h"],
        &[Receipt],
    )
    .footer("all orders"),
    bind(Action::Back, &["esc", "q"], &[Receipt]).footer("back"),
    bind(Action::GoToCart, &["enter"], &[Carts]).footer("go there"),
    bind(Action::ForgetCart, &["d", "delete"], &[Carts]).footer("take off the list"),
    bind(Action::Back, &["esc", "q", "b"], &[Carts]).footer("back"),
    bind(Action::Back, &["esc"], LISTS).help("Go back: clear the number, the message, the search"),
    bind(Action::CancelOrder, &["y"], &[ConfirmCancel]).footer("cancel the order"),
    bind(Action::Back, &["esc", "n", "q"], &[ConfirmCancel]).footer("keep it"),
    bind(Action::Clear, &["y"], &[ConfirmClear]).footer("clear the cart"),
    bind(Action::Back, &["esc", "n", "q"], &[ConfirmClear]).footer("keep it"),
    bind(Action::QuitAnyway, &["y"], &[ConfirmQuit]).footer("quit anyway"),
    bind(Action::Back, &["esc", "n", "q"], &[ConfirmQuit]).footer("stay"),
    bind(Action::Quit, &["ctrl-c"], ALL).help("Quit, from anywhere"),
    bind(Action::Suspend, &["ctrl-z"], ALL).help("Suspend; fg resumes"),
    bind(Action::Palette, &["ctrl-p", ":"], COMMANDS),
    bind(Action::Search, &["/"], COMMANDS),
    bind(Action::Help, &["?", "f1"], &[Checkout]).footer("help"),
    bind(
        Action::Help,
        &["?", "f1"],
        &[
            Orders,
            Receipt,
            Carts,
            ConfirmCancel,
            ConfirmClear,
            ConfirmQuit,
        ],
    ),
    bind(Action::Help, &["?", "f1"], LISTS)
        .footer("help")
        .help("Show or hide this help"),
    bind(Action::Step, &["enter"], &[Board])
        .footer("step")
        .help("Move the ticket on: accepted, ready, done; clear a cancelled one"),
    bind(Action::Tick, &["space"], &[Board])
        .footer("tick")
        .help("Tick the line, or take the tick away"),
    bind(Action::Right, &["right", "l"], &[Board])
        .footer("ticket")
        .help("To the ticket at the right"),
    bind(Action::Left, &["left", "h"], &[Board]).help("To the ticket at the left"),
    bind(Action::Move(Motion::Down), &["down", "j"], &[Board])
        .footer("line")
        .help("To the next line, and from the last one to the next ticket"),
    bind(Action::Move(Motion::Up), &["up", "k"], &[Board])
        .help("To the line before, and from the first one to the ticket before"),
    bind(
        Action::Move(Motion::PageDown),
        &["pagedown", "ctrl-f", "ctrl-d"],
        &[Board],
    )
    .help("To the next ticket"),
    bind(
        Action::Move(Motion::PageUp),
        &["pageup", "ctrl-b", "ctrl-u"],
        &[Board],
    )
    .help("To the ticket before"),
    bind(Action::Move(Motion::Top), &["g", "home"], &[Board]).help("To the oldest ticket"),
    bind(Action::Move(Motion::Bottom), &["G", "end"], &[Board]).help("To the newest ticket"),
    bind(Action::AskCancel, &["x"], &[Board])
        .footer("cancel")
        .help("Cancel the order (asks first): its stock goes back, and its cart is told"),
    bind(Action::Undo, &["u"], &[Board])
        .footer("undo")
        .help("Undo your own last step, within 10 minutes; a cancelled order can't come back"),
    bind(Action::Totals, &["t"], &[Board])
        .footer("totals")
        .help("Show or hide what all open tickets together still need"),
    bind(Action::Station, &["f"], &[Board])
        .footer("station")
        .help("Keep to the lines of one category, or show all again"),
    bind(Action::Print, &["p"], &[Board])
        .footer("print")
        .help("Print the ticket, by the command of the settings"),
    bind(Action::List, &["v"], &[Board]).help("Show the tickets as a list, or side by side"),
    bind(Action::Search, &["/"], &[Board])
        .footer("find")
        .help("Find tickets by number, cart, product or note"),
    bind(Action::Right, &["right", "l"], &[Today])
        .footer("day")
        .help("To the next day"),
    bind(Action::Left, &["left", "h"], &[Today]).help("To the day before"),
    bind(Action::NextCategory, &["]"], &[Today])
        .footer("week")
        .help("To the same day of the next week"),
    bind(Action::PreviousCategory, &["["], &[Today]).help("To the same day of the week before"),
    bind(Action::Live, &["G", "end"], &[Today])
        .footer("today")
        .help("To today"),
    bind(Action::Sort, &["s"], &[Today])
        .footer("sort")
        .help("Sort what was sold by items, or by money"),
    bind(Action::Move(Motion::Down), &["down", "j"], &[Today]).help("To the next product sold"),
    bind(Action::Move(Motion::Up), &["up", "k"], &[Today]).help("To the product sold before it"),
    bind(
        Action::Move(Motion::PageDown),
        &["pagedown", "ctrl-f", "ctrl-d"],
        &[Today],
    )
    .help("Scroll down by a page"),
    bind(
        Action::Move(Motion::PageUp),
        &["pageup", "ctrl-b", "ctrl-u"],
        &[Today],
    )
    .help("Scroll up by a page"),
    bind(Action::Edit, &["enter"], &[Products])
        .footer("edit")
        .help("Edit the product; in its form, the selected field (in the products)"),
    bind(Action::Right, &["right", "l"], &[Products]).help("To the form of the product"),
    bind(Action::Left, &["left", "h"], &[Products]).help("Back to the list"),
    bind(Action::More, &["+"], &[Products])
        .footer("more")
        .help("One more in stock (in the products); with a number first, that many"),
    bind(Action::Less, &["-"], &[Products]).help("One less in stock (in the products)"),
    bind(Action::SetQuantity, &["="], &[Products])
        .footer("stock")
        .help("Set the stock (in the products): +10 adds, -3 takes off, 40 sets"),
    bind(Action::SellOut, &["x"], &[Products])
        .footer("sell out")
        .help("Mark the product sold out (in the products); press again to restore the stock"),
    bind(Action::Filter, &["f"], &[Products])
        .footer("filter")
        .help("Show what is low in stock, what is sold out, or all products"),
    bind(Action::Search, &["/"], &[Products])
        .footer("find")
        .help("Find products by name, category, description, id"),
    bind(Action::NextCategory, &["]"], &[Products])
        .footer("category")
        .help("Show the next category of products only"),
    bind(Action::PreviousCategory, &["["], &[Products])
        .help("Show the previous category of products only"),
    bind(Action::Sort, &["s"], &[Products])
        .footer("sort")
        .help("Sort the products by category, name, price or stock; press again to reverse that"),
    bind(Action::Move(Motion::Up), &["up", "k"], &[Products]).help("Up"),
    bind(Action::Move(Motion::Down), &["down", "j"], &[Products]).help("Down"),
    bind(
        Action::Move(Motion::PageUp),
        &["pageup", "ctrl-b", "ctrl-u"],
        &[Products],
    )
    .help("A page up"),
    bind(
        Action::Move(Motion::PageDown),
        &["pagedown", "ctrl-f", "ctrl-d", "space"],
        &[Products],
    )
    .help("A page down"),
    bind(Action::Move(Motion::Top), &["g", "home"], &[Products]).help("To the first row"),
    bind(Action::Move(Motion::Bottom), &["G", "end"], &[Products]).help("To the last row"),
    bind(Action::Edit, &["enter"], &[Shop])
        .footer("edit")
        .help("Edit the selected setting (in the settings of the shop)"),
    bind(Action::Move(Motion::Up), &["up", "k"], &[Shop]),
    bind(Action::Move(Motion::Down), &["down", "j"], &[Shop]),
    bind(Action::Move(Motion::Top), &["g", "home"], &[Shop]),
    bind(Action::Move(Motion::Bottom), &["G", "end"], &[Shop]),
    bind(Action::SwitchPane, &["tab", "backtab"], &[Shop]).footer("board"),
    bind(Action::SwitchPane, &["tab", "backtab"], &[Board]).footer("today"),
    bind(Action::SwitchPane, &["tab", "backtab"], &[Today]).footer("products"),
    bind(Action::SwitchPane, &["tab", "backtab"], &[Products]).footer("board"),
    bind(
        Action::SwitchPane,
        &["tab", "backtab"],
        &[Board, Today, Products],
    )
    .help("To the next page"),
    bind(Action::Edit, &["enter"], &[Today])
        .footer("edit")
        .help("Edit the selected product (in the figures)"),
    bind(Action::Products, &["e"], &[Board, Today])
        .footer("products")
        .help("To the products: their stock, prices and texts"),
    bind(Action::Search, &["/"], &[Ready, Today, Shop]),
    bind(Action::Palette, &["ctrl-p", ":"], STAFF)
        .help("Any command by name; {key}42 selects ticket 42, {key}ready shows what is ready"),
    bind(Action::Mouse, &["m"], STAFF).help("Leave the mouse to the terminal, or take it back"),
    bind(Action::Back, &["esc"], STAFF)
        .help("Go back: clear the number, the message, the search, the station"),
    bind(Action::Help, &["?", "f1"], STAFF)
        .footer("help")
        .help("Show or hide this help"),
    bind(Action::Quit, &["q"], STAFF)
        .footer("quit")
        .help("Quit"),
    bind(Action::Back, &["esc"], &[People]).footer("back"),
    bind(Action::Quit, &["q"], BESIDE_PEOPLE).footer("quit"),
    bind(Action::Quit, &["q"], LISTS).help("Quit"),
];
