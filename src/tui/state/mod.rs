//! Everything that the screen shows, as plain data.

pub mod activity;
pub mod alerts;
pub mod areas;
pub(in crate::tui) mod background;
pub mod cart;
pub mod carts;
pub mod catalog;
pub mod checkout;
pub mod digits;
pub mod help;
mod notice;
pub mod orders;
pub mod people;
pub mod scroll;
pub(crate) mod timers;

use crate::config::alerts::AlertWays;
use crate::config::colours::OwnColours;
use crate::config::display::Display;
use crate::config::keymap::{Context, Keymap};
use crate::config::theme::Theme;
use crate::model::name::sanitize_actor;
use crate::model::time::{Clock, PersonalClock};
use crate::model::total::{self, ProductLookup, Totals};
use crate::model::typed_rule::TypedRule;
use crate::model::{OpId, Order, OrderId, ProductId, UserName};
use crate::store::{Pace, Shop, Trouble, Watcher};
use activity::ActivityPane;
use alerts::Alerts;
use areas::{Areas, Pane};
use cart::CartPane;
use carts::CartsState;
use catalog::{CatalogPane, PaletteMatches};
use checkout::{CheckoutPage, CheckoutPane, CheckoutState};
use digits::TypedDigits;
use help::HelpPage;
pub use notice::{Notice, NoticeTopic, Tone, UnknownChange};
use orders::OrdersState;
use people::PeoplePane;
use ratatui::layout::Rect;
use scroll::Scroll;
use std::hash::{BuildHasher, RandomState};
use tui_input::Input;

/// Everything that stays the same while the program runs.
#[derive(Debug, Clone)]
pub struct Env {
    /// The cart's name.
    pub user: UserName,
    /// Our name to the others.
    pub me: String,
    /// The server's address, without secrets.
    pub address: String,
    /// The server is our private one.
    pub private: bool,
    /// Milliseconds that a line stays which nobody touches.
    pub item_timeout: Option<u64>,
    /// The beginning of our op ids; no two programs have the same.
    pub ops: String,
    /// The key that makes the ids of our changes and orders unguessable: who knew the next one could
    /// use it first.
    pub id_key: RandomState,
    /// The time zone of this person's computer, and the hours of their settings.
    pub clock: PersonalClock,
    /// The keys in force.
    pub keymap: Keymap,
    /// The abilities of the terminal.
    pub display: Display,
    /// The ways to tell this person something while they look elsewhere.
    pub alerts: AlertWays,
}

/// The state of the connection to the server, as shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connectivity {
    /// The first connection is not up yet.
    Connecting,
    /// Everything that shows is current.
    Live,
    /// The cart is being read again.
    Syncing,
    /// The connection is down: the screen may be out of date.
    Offline {
        /// Since this time, in Unix milliseconds.
        since: i64,
        /// The reason, as last seen.
        trouble: Trouble,
    },
    /// The connection is up, but the cart can't be read.
    Unreadable(Trouble),
}

impl Connectivity {
    /// Notes at `wall` (Unix milliseconds) that the connection is down, if it was not before.
    pub(in crate::tui) fn go_down(&mut self, trouble: Trouble, wall: i64) {
        let since = match self {
            Connectivity::Offline { since, .. } => *since,
            Connectivity::Connecting
            | Connectivity::Live
            | Connectivity::Syncing
            | Connectivity::Unreadable(_) => wall,
        };
        *self = Connectivity::Offline { since, trouble };
    }
}

/// The meaning of the keyboard, and what covers the lists.
#[derive(Debug, Clone)]
pub enum Mode {
    /// Walks through the lists.
    Browse,
    /// Types a search.
    Search,
    /// Types a command.
    Palette {
        /// The text typed so far.
        input: Input,
        /// The selected entry.
        cursor: usize,
    },
    /// Types an answer.
    Prompt {
        /// The value that is asked for.
        asked: Asked,
        /// The text typed so far.
        input: Input,
    },
    /// Reads the help, from this row on.
    Help(HelpPage),
    /// Checks out, at these positions.
    Checkout(CheckoutPage),
    /// Looks through past orders.
    Orders,
    /// Types a search among them.
    OrderSearch,
    /// Reads the receipt of an order.
    Receipt {
        /// The order.
        order: OrderId,
        /// The selected product or person, and the first row that shows.
        scroll: Scroll,
        /// The receipt was opened from the past orders; else the order was just placed.
        from_list: bool,
    },
    /// Looks through the carts that they have used.
    Carts,
    /// Asks whether to quit with unconfirmed changes.
    ConfirmQuit,
    /// Asks whether to cancel this order.
    ConfirmCancel(OrderId),
    /// Asks whether to clear the cart, or another one.
    ConfirmClear(Option<UserName>),
}

/// A question that is answered by typing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// The quantity of a product.
    Quantity(ProductId),
    /// The value of a rule of the cart.
    Rule(TypedRule),
    /// A note.
    Note(AskedNote),
}

/// The note that is being typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedNote {
    /// The product; `None` where the note is for the whole order.
    pub product: Option<ProductId>,
    /// The note as it was when the typing began: one's own, or the order's.
    pub before: String,
}

/// A highlighted line: somebody else has just changed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Highlight {
    /// The line's product.
    pub product: ProductId,
    /// The moment when the highlight ends.
    pub until: u64,
}

/// A press of the mouse; a second one at the same place soon after is a double click.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MousePress {
    /// The column.
    pub column: u16,
    /// The row.
    pub row: u16,
    /// The moment.
    pub at: u64,
}

/// A change of a line by a key, which can be repeated for another product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepeatableEdit {
    /// Adds so many pieces.
    Add(u32),
    /// Takes out so many pieces.
    Take(u32),
    /// Removes the line.
    Remove,
}

/// A product that was selected and has gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostTarget {
    /// The product.
    pub product: ProductId,
    /// The loss is no surprise: one's own change took the product out, or one was told that a key did
    /// nothing. It ends once the terminal shows it, any other with the next key.
    pub is_expected: bool,
    /// The terminal shows what is selected instead.
    pub is_shown: bool,
}

/// Everything that the screen shows.
#[derive(Debug)]
pub struct State {
    /// Everything that stays the same.
    pub env: Env,
    /// The shop's name and currency.
    pub shop: Shop,
    /// The connection to the server.
    pub connectivity: Connectivity,
    /// The speed at which the server answers.
    pub pace: Pace,
    /// The private server is being started.
    pub reviving: bool,
    /// The colours.
    pub theme: Theme,
    /// The own colours for when the terminal tells its background; `None` where it has told, or the
    /// colours are chosen.
    pub late_colours: Option<OwnColours>,
    /// The mouse is captured; else it is the terminal's.
    pub mouse: bool,
    /// The last press of the mouse.
    pub last_press: Option<MousePress>,
    /// The last change of a line by a key.
    pub last_edit: Option<RepeatableEdit>,
    /// The product that was selected and has gone. No key changes its neighbour, which is selected
    /// instead, before somebody has seen that.
    pub lost_target: Option<LostTarget>,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The catalog pane.
    pub catalog: CatalogPane,
    /// The products that match what is typed in the palette.
    pub matches: PaletteMatches,
    /// The cart pane.
    pub cart: CartPane,
    /// The checkout.
    pub checkout: CheckoutState,
    /// The past orders, and the order on its way.
    pub orders: OrdersState,
    /// The carts between which this person can go.
    pub carts: CartsState,
    /// The activity pane.
    pub activity: ActivityPane,
    /// The people pane.
    pub people: PeoplePane,
    /// The others who watch this cart.
    pub watchers: Vec<Watcher>,
    /// The pane with the focus.
    pub focus: Pane,
    /// The meaning of the keyboard.
    pub mode: Mode,
    /// The page that the palette, the help or a prompt covers, to which closing them returns.
    pub covered: Option<Mode>,
    /// The digits typed before a command.
    pub digits: TypedDigits,
    /// The message that shows.
    pub notice: Option<Notice>,
    /// The lines that are highlighted.
    pub highlights: Vec<Highlight>,
    /// The number of changes and orders made here; it makes their ids unique.
    pub ids_made: u64,
    /// The moment of the last message, by the steady clock.
    pub now: u64,
    /// The number of things that happened since the terminal told that it lost the focus; `None`
    /// while it has it. One that never tells has it always.
    pub missed: Option<usize>,
    /// The alerts of that which were told, and those that wait to be told.
    pub alerts: Alerts,
    /// The difference between the wall clock and the steady clock then, in milliseconds. It grows
    /// by the time that the machine sleeps.
    pub wall_ahead: Option<i64>,
}

impl State {
    /// The screen before anything is known.
    #[must_use]
    pub fn new(mut env: Env, theme: Theme, mouse: bool, size: (u16, u16)) -> State {
        env.keymap = env.keymap.shown_in(env.display.charset);
        State {
            env,
            shop: Shop::default(),
            connectivity: Connectivity::Connecting,
            pace: Pace::Usual,
            reviving: false,

            theme,
            late_colours: None,
            mouse,
            last_press: None,
            last_edit: None,
            lost_target: None,
            size,

            catalog: CatalogPane::default(),
            matches: PaletteMatches::default(),
            cart: CartPane::default(),
            checkout: CheckoutState::default(),
            orders: OrdersState::default(),
            carts: CartsState::default(),
            activity: ActivityPane::default(),
            people: PeoplePane::default(),
            watchers: Vec::new(),

            focus: Pane::Catalog,
            mode: Mode::Browse,
            covered: None,
            digits: TypedDigits::default(),
            notice: None,
            highlights: Vec::new(),

            ids_made: 0,
            now: 0,
            missed: None,
            alerts: Alerts::default(),
            wall_ahead: None,
        }
    }

    /// The clock by which times are told.
    #[must_use]
    pub(crate) fn clock(&self) -> Clock {
        self.shop.clock(&self.env.clock)
    }

    /// The areas of the screen; `None` where it is too small.
    #[must_use]
    pub fn areas(&self) -> Option<Areas> {
        Areas::of(
            self.size,
            self.focus,
            self.activity.visibility,
            self.people.visibility,
        )
    }

    /// The area between the header and the last two lines.
    #[must_use]
    pub(crate) fn body(&self) -> Rect {
        areas::body(self.size)
    }

    /// The part of the screen that receives keys.
    #[must_use]
    pub(crate) fn context(&self) -> Context {
        self.context_of(&self.mode)
    }

    /// The part of the screen that the palette or the help covers: a page, else a list.
    #[must_use]
    pub(crate) fn covered_context(&self) -> Context {
        let page = self.covered.as_ref();
        page.map_or_else(|| self.list_context(), |page| self.context_of(page))
    }

    fn context_of(&self, mode: &Mode) -> Context {
        match mode {
            Mode::Browse => self.list_context(),
            Mode::Search | Mode::OrderSearch => Context::Search,
            Mode::Prompt { .. } => Context::Prompt,
            Mode::Palette { .. } => Context::Palette,
            Mode::Help(page) if page.is_typing => Context::Search,
            Mode::Help(_) => Context::Help,
            Mode::Checkout(_) => Context::Checkout,
            Mode::Orders => Context::Orders,
            Mode::Receipt { .. } => Context::Receipt,
            Mode::Carts => Context::Carts,
            Mode::ConfirmQuit => Context::ConfirmQuit,
            Mode::ConfirmCancel(_) => Context::ConfirmCancel,
            Mode::ConfirmClear(_) => Context::ConfirmClear,
        }
    }

    /// The list that receives keys while nothing is typed or asked.
    #[must_use]
    pub(crate) fn list_context(&self) -> Context {
        match self.focus {
            Pane::Cart if self.areas().is_some_and(|areas| areas.cart.is_none()) => {
                Context::Activity
            }
            Pane::Cart => Context::Cart,
            Pane::People => Context::People,
            Pane::Catalog if self.catalog.loaded && self.catalog.catalog.is_empty() => {
                Context::EmptyCatalog
            }
            Pane::Catalog => Context::Catalog,
        }
    }

    /// The position within the list of a page that covers the others; `None` where there is none.
    pub(crate) fn page_scroll(&mut self) -> Option<&mut Scroll> {
        match self.mode {
            Mode::Orders | Mode::OrderSearch => Some(&mut self.orders.scroll),
            Mode::Carts => Some(&mut self.carts.scroll),
            // Their rows are of different heights, or move by what stands on them.
            Mode::Checkout(_)
            | Mode::Receipt { .. }
            | Mode::Browse
            | Mode::Search
            | Mode::Palette { .. }
            | Mode::Prompt { .. }
            | Mode::Help(_)
            | Mode::ConfirmQuit
            | Mode::ConfirmCancel(_)
            | Mode::ConfirmClear(_) => None,
        }
    }

    /// The page that shows, or that the palette, the help or a prompt covers.
    pub(crate) fn page(&mut self) -> &mut Mode {
        self.covered.as_mut().unwrap_or(&mut self.mode)
    }

    /// Returns whether the past orders or a receipt show, or are covered by what shows.
    #[must_use]
    pub(crate) fn shows_orders(&self) -> bool {
        let page = self.covered.as_ref().unwrap_or(&self.mode);
        matches!(
            page,
            Mode::Orders | Mode::OrderSearch | Mode::Receipt { .. }
        )
    }

    /// The order that keys act on: the one whose receipt shows, or the selected one of the list.
    #[must_use]
    pub(crate) fn shown_order(&self) -> Option<&Order> {
        match &self.mode {
            Mode::Receipt { order, .. } | Mode::ConfirmCancel(order) => self.orders.order(order),
            Mode::Orders | Mode::OrderSearch => self.orders.selected(),
            Mode::Browse
            | Mode::Search
            | Mode::Palette { .. }
            | Mode::Prompt { .. }
            | Mode::Help(_)
            | Mode::Checkout(_)
            | Mode::Carts
            | Mode::ConfirmQuit
            | Mode::ConfirmClear(_) => None,
        }
    }

    /// Tells whether this name, as it stands in orders, is ours.
    #[must_use]
    pub(crate) fn is_me(&self, name: &str) -> bool {
        name == sanitize_actor(self.env.me.as_bytes())
    }

    /// The product that keys act on: none where it does not show.
    #[must_use]
    pub fn target(&self) -> Option<ProductId> {
        self.areas()?;
        if let Mode::Checkout(page) = &self.mode {
            let line = self.checkout.previewed(page.scroll.cursor)?;
            let has_keyboard = page.pane == CheckoutPane::Lines;
            return has_keyboard.then(|| line.order_line.product.clone());
        }

        match self.list_context() {
            Context::Catalog => self.catalog.selected_id(),
            Context::Cart => self.cart.selected().map(|line| line.product.clone()),
            _ => None,
        }
    }

    /// The product that has gone, where the terminal does not show yet what is selected instead.
    #[must_use]
    pub fn unseen_loss(&self) -> Option<&ProductId> {
        let lost = self.lost_target.as_ref();
        let unseen = lost.filter(|lost| !lost.is_shown);
        unseen.map(|lost| &lost.product)
    }

    /// The product that the details are about: that on which keys act. Beside the people, it is
    /// the selected one of the catalog.
    #[must_use]
    pub(crate) fn detailed_product(&self) -> Option<ProductId> {
        match self.focus {
            Pane::Catalog | Pane::Cart => self.target(),
            Pane::People => self.catalog.selected_id(),
        }
    }

    /// A product by its id, and whether it is missing because it is gone or not read yet.
    #[must_use]
    pub(crate) fn lookup(&self, id: &ProductId) -> ProductLookup<'_> {
        match self.catalog.catalog.get(id) {
            Some(product) => ProductLookup::Product(product),
            None if self.cart.gone.contains(id) => ProductLookup::Gone,
            None => ProductLookup::Unread,
        }
    }

    /// The name of a product as shown; its id where the name isn't known.
    #[must_use]
    pub(crate) fn name_of(&self, id: &ProductId) -> String {
        if let Some(product) = self.catalog.catalog.get(id) {
            return product.name.to_string();
        }
        let remembered = self.cart.names.get(id);
        remembered.cloned().unwrap_or_else(|| id.to_string())
    }

    /// One's own note on a product, or that for the whole order; empty where there is none.
    #[must_use]
    pub(crate) fn own_note(&self, product: Option<&ProductId>) -> &str {
        self.cart.shown.notes.text(product, &self.env.me)
    }

    /// Whoever wrote the note for the whole order last, as far as the activity knows.
    #[must_use]
    pub(crate) fn author_of_order_note(&self) -> Option<&str> {
        let changes = self.activity.entries.iter().rev();
        let mut of_order = changes
            .filter_map(|entry| entry.change())
            .filter_map(|change| Some((&change.by, change.note.as_ref()?)))
            .filter(|(_, note)| note.product.is_none());
        let (by, note) = of_order.next()?;
        (note.text == self.cart.shown.notes.of_order()).then_some(by)
    }

    /// The sums of the cart that shows.
    #[must_use]
    pub(crate) fn totals(&self) -> Totals {
        let lines = self.cart.shown.lines.iter();
        total::totals(lines.map(|line| (line, self.lookup(&line.product))))
    }

    /// Returns whether there is something worth a first frame: the shop, or why it is not there.
    #[must_use]
    pub(crate) fn is_worth_showing(&self) -> bool {
        let catalog = &self.catalog;
        let has_products = catalog.loaded || !catalog.catalog.is_empty();
        match self.connectivity {
            Connectivity::Connecting => false,
            Connectivity::Live | Connectivity::Syncing | Connectivity::Unreadable(_) => {
                has_products || catalog.load_trouble.is_some()
            }
            Connectivity::Offline { .. } => true,
        }
    }

    /// Returns whether no change, no order and no rule of ours waits for the server.
    #[must_use]
    pub(crate) fn is_settled(&self) -> bool {
        self.unsettled_changes() == 0 && self.orders.placing.is_none()
    }

    /// The changes and rules of ours that wait for the server, here or in another cart.
    #[must_use]
    pub(crate) fn unsettled_changes(&self) -> usize {
        let reads_another = self.cart.taking.as_ref();
        let reads_another = reads_another.is_some_and(|taking| taking.op.is_none());
        self.cart.unconfirmed.len()
            + self.people.rules_sent.len()
            + usize::from(reads_another)
            + usize::from(self.carts.clearing)
    }

    /// Makes a new op id.
    pub(crate) fn next_op(&mut self) -> OpId {
        self.ids_made += 1;
        let secret = self.env.id_key.hash_one(self.ids_made);
        OpId::parse(&format!("{}-{}-{secret:x}", self.env.ops, self.ids_made))
            .unwrap_or_else(|| unreachable!("the prefix is made of hexadecimal digits"))
    }

    /// Makes random bits for an order id. The store refuses an id that exists already.
    pub(crate) fn next_order_bits(&mut self) -> u64 {
        self.ids_made += 1;
        self.env.id_key.hash_one(self.ids_made)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::config::display::AsciiMode;

    /// Ann at the office's cart, before anything is known.
    pub(crate) fn state() -> State {
        let env = Env {
            user: UserName::parse("office").unwrap(),
            me: "ann".to_owned(),
            address: String::new(),
            private: false,
            item_timeout: None,
            ops: "0123456789abcdef".to_owned(),
            id_key: RandomState::new(),
            clock: PersonalClock {
                zone: jiff::tz::TimeZone::UTC,
                hours: None,
            },
            keymap: Keymap::default(),
            display: Display::told_by(AsciiMode::Auto, |_| String::new()),
            alerts: AlertWays::NONE,
        };
        State::new(env, Theme::DARK, true, (80, 24))
    }

    #[test]
    fn who_knows_our_ids_does_not_know_the_next() {
        let [mut ours, mut theirs] = [state(), state()];
        let ids: Vec<OpId> = (0..50)
            .flat_map(|_| [ours.next_op(), theirs.next_op()])
            .collect();
        for id in &ids {
            assert!(id.as_str().starts_with("0123456789abcdef-"));
            assert_eq!(ids.iter().filter(|other| *other == id).count(), 1);
        }

        // Neither is the id of an order told by the prefix, which all who watch a cart know.
        assert_ne!(ours.next_order_bits(), theirs.next_order_bits());
    }
}
