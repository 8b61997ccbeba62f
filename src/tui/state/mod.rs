//! Everything that the screen shows, as plain data.

pub mod activity;
pub mod areas;
pub mod orders;

use crate::config::key::Key;
use crate::config::keymap::{Action, Context, Keymap};
use crate::config::theme::Theme;
use crate::model::total;
use crate::model::total::{ProductLookup, Totals};
use crate::model::{
    Cart, CartLine, Catalog, Change, ChangeKind, Item, OpId, OrderId, ProductId, Query, Sort,
    Update, UserName,
};
use crate::store::{Shop, Trouble, Watcher};
use activity::ActivityPane;
use areas::{Areas, Pane};
use orders::OrdersState;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use tui_input::Input;

/// What stays the same while the program runs.
#[derive(Debug, Clone)]
pub struct Env {
    /// Whose cart.
    pub user: UserName,
    /// Who we are to the others.
    pub me: String,
    /// The address, without secrets.
    pub address: String,
    /// Whether the server is our private one.
    pub private: bool,
    /// How long a line stays that nobody touches, in milliseconds.
    pub item_timeout: Option<u64>,
    /// The beginning of our op ids; no two programs have the same.
    pub ops: String,
    /// The local time zone.
    pub zone: jiff::tz::TimeZone,
    /// The keys in force.
    pub keymap: Keymap,
}

/// The link to the server, as shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connectivity {
    /// Not up for the first time yet.
    Connecting,
    /// All that shows is current.
    Live,
    /// The cart is being read again.
    Syncing,
    /// What shows may be old.
    Offline {
        /// Since when, in Unix milliseconds.
        since: i64,
        /// Why, as last seen.
        trouble: Trouble,
    },
    /// The link is up, and the cart can't be read.
    Unreadable(Trouble),
}

/// The list position in a pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scroll {
    /// The selected row.
    pub cursor: usize,
    /// The first row that shows.
    pub top: usize,
}

impl Scroll {
    /// Keeps the cursor within `rows`, and it within the `page` rows that show.
    pub fn settle(&mut self, rows: usize, page: usize) {
        self.cursor = self.cursor.min(rows.saturating_sub(1));
        let page = page.max(1);
        self.top = self
            .top
            .clamp((self.cursor + 1).saturating_sub(page), self.cursor);
        self.top = self.top.min(rows.saturating_sub(page));
    }

    /// Turns the page by `by` rows; the cursor goes along only where it would leave it.
    pub fn turn(&mut self, down: bool, by: usize, rows: usize, page: usize) {
        let last = rows.saturating_sub(page.max(1));
        self.top = if down {
            (self.top + by).min(last)
        } else {
            self.top.saturating_sub(by)
        };
        self.cursor = self.cursor.clamp(self.top, self.top + page.max(1) - 1);
    }
}

/// The catalog pane.
#[derive(Debug, Default)]
pub struct CatalogPane {
    /// All products.
    pub catalog: Catalog,
    /// The numbers of those that show, in their order.
    pub shown: Arc<Vec<u32>>,
    /// How many fit the search; while it goes on, not all of them show.
    pub count: usize,
    /// The words to look for.
    pub words: Input,
    /// Only this category.
    pub category: Option<Box<str>>,
    /// The order.
    pub sort: Sort,
    /// The number of the last search asked for, and of the last one answered.
    pub search_sent: u64,
    /// See `asked`.
    pub search_done: u64,
    /// What is asked for once the search is done: it must not meet another row.
    pub typed_ahead: Vec<Key>,
    /// The product to select when the answer comes.
    pub select_after_search: Option<ProductId>,
    /// Where the list stands.
    pub scroll: Scroll,
    /// Whether anybody has done anything yet: until then no product is selected on purpose.
    pub touched: bool,
    /// Whether it was ever read.
    pub loaded: bool,
    /// Whether it is being read, and whether to read it once more.
    pub loading: bool,
    /// Products that changed while it is being read: what is read of them may be older.
    pub changed_while_loading: Vec<ProductId>,
    /// So many of so many products are read.
    pub progress: Option<(usize, usize)>,
    /// Whether to read it again.
    pub reload_wanted: bool,
    /// Not to be read again before this, so that a flood of messages costs little.
    pub reload_not_before: u64,
}

impl CatalogPane {
    /// What is looked for.
    #[must_use]
    pub fn query(&self) -> Query {
        Query {
            words: self.words.value().to_owned(),
            category: self.category.clone(),
            sort: self.sort,
        }
    }

    /// The product in row `row`.
    #[must_use]
    pub fn row(&self, row: usize) -> Option<Item<'_>> {
        self.catalog.at(*self.shown.get(row)?)
    }

    /// The selected product.
    #[must_use]
    pub fn selected(&self) -> Option<Item<'_>> {
        self.row(self.scroll.cursor)
    }

    /// Whether a search goes on.
    #[must_use]
    pub fn is_searching(&self) -> bool {
        self.search_sent != self.search_done
    }
}

/// The products that the palette offers.
#[derive(Debug, Default)]
pub struct PaletteMatches {
    /// What is looked for.
    pub words: String,
    /// The number of the last search asked for, and of the last one answered.
    pub search_sent: u64,
    /// See `asked`.
    pub search_done: u64,
    /// The numbers of what was found, best first.
    pub found: Vec<u32>,
}

/// The cart pane.
#[derive(Debug, Default)]
pub struct CartPane {
    /// The cart as the server has it.
    pub confirmed: Cart,
    /// Whether it was ever read.
    pub loaded: bool,
    /// Our changes that are neither applied nor refused yet, in order.
    pub unconfirmed: VecDeque<Change>,
    /// Those of them that the confirmed cart has already: they wait for replicas alone.
    pub applied: Vec<OpId>,
    /// The one folded over the other: what shows.
    pub shown: Cart,
    /// Products in the cart that are no longer sold.
    pub gone: HashSet<ProductId>,
    /// What products of the cart were called that are not in the catalog any more.
    pub names: HashMap<ProductId, String>,
    /// Where the list stands.
    pub scroll: Scroll,
    /// The selected line, so that it stays selected when others come and go.
    pub selected: Option<ProductId>,
    /// When the cart expires, by our steady clock.
    pub deadline: Option<u64>,
    /// What to add to our steady clock for the server's.
    pub server_ahead: u64,
    /// When lines were last asked to expire.
    pub expiry_asked: Option<u64>,
    /// Our own changes that can be taken back, and those taken back that can be made again.
    pub history: History,
}

/// Our own confirmed changes.
#[derive(Debug, Default)]
pub struct History {
    /// To be taken back, the last one first.
    pub done: Vec<Update>,
    /// To be made again, the last one first.
    pub undone: Vec<Update>,
}

impl History {
    /// How many changes can be taken back.
    const LONGEST: usize = 100;

    /// Notes a change that was confirmed.
    pub fn note(&mut self, update: Update) {
        match update.kind {
            ChangeKind::Undo => self.undone.push(update),
            ChangeKind::Redo => self.done.push(update),
            ChangeKind::Edit | ChangeKind::Clear => {
                self.undone.clear();
                self.done.push(update);
            }
            ChangeKind::Touch
            | ChangeKind::Expire
            | ChangeKind::Freeze
            | ChangeKind::Unfreeze
            | ChangeKind::Order
            | ChangeKind::Rules => {}
        }
        let spare = self.done.len().saturating_sub(History::LONGEST);
        self.done.drain(..spare);
    }
}

impl CartPane {
    /// The selected line.
    #[must_use]
    pub fn selected(&self) -> Option<&CartLine> {
        self.shown.lines.get(self.scroll.cursor)
    }

    /// Whether a change to this product is not confirmed yet.
    #[must_use]
    pub fn is_unconfirmed(&self, product: &ProductId) -> bool {
        let touches =
            |edit: &crate::model::Edit| edit.product().is_none_or(|named| named == product);
        self.unconfirmed
            .iter()
            .any(|change| change.edits.iter().any(touches))
    }
}

/// What the keyboard does.
#[derive(Debug, Clone)]
pub enum Mode {
    /// Walks through the lists.
    Browse,
    /// Types a search.
    Search,
    /// Types a command.
    Palette {
        /// What is typed so far.
        input: Input,
        /// The selected entry.
        cursor: usize,
    },
    /// Types a quantity.
    Quantity {
        /// For this product.
        product: ProductId,
        /// What is typed so far.
        input: Input,
    },
    /// Reads the help, from this row on.
    Help(usize),
    /// Checks out, from this row on.
    Checkout(usize),
    /// Looks through past orders.
    Orders,
    /// Reads the receipt of an order.
    Receipt {
        /// This order.
        order: OrderId,
        /// From this row on.
        top: usize,
        /// Whether it was picked from the past orders; else it was just placed.
        picked: bool,
    },
    /// Is asked whether to quit with unconfirmed changes.
    ConfirmQuit,
    /// Is asked whether to clear the cart.
    ConfirmClear,
}

/// How much a message matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It tells.
    Info,
    /// It was done, and there is something to look at.
    Warn,
    /// Something was refused or failed.
    Bad,
}

/// A message to the shopper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What it says.
    pub text: String,
    /// How much it matters.
    pub tone: Tone,
    /// When it goes.
    pub until: u64,
}

/// A line that just changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Highlight {
    /// Its product.
    pub product: ProductId,
    /// When the highlight ends.
    pub until: u64,
}

/// Everything that the screen shows.
#[derive(Debug)]
pub struct State {
    /// What stays the same.
    pub env: Env,
    /// What the shop says of itself.
    pub shop: Shop,
    /// How everything looks.
    pub theme: Theme,
    /// Whether the mouse is ours.
    pub mouse: bool,
    /// Where the mouse was pressed last, and when.
    pub pressed: Option<(u16, u16, u64)>,
    /// The last change of a line, to be repeated, and its number.
    pub last: Option<(Action, u32)>,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The link.
    pub connectivity: Connectivity,
    /// The products.
    pub catalog: CatalogPane,
    /// The products that match what is typed in the palette.
    pub matches: PaletteMatches,
    /// The cart.
    pub cart: CartPane,
    /// The checkout and the orders.
    pub orders: OrdersState,
    /// The pane with the keyboard.
    pub focus: Pane,
    /// What the keyboard does.
    pub mode: Mode,
    /// The number typed before a command.
    pub count: Option<u32>,
    /// The message that shows.
    pub notice: Option<Notice>,
    /// Lines that just changed.
    pub marks: Vec<Highlight>,
    /// Who changed what.
    pub activity: ActivityPane,
    /// The others who watch this cart.
    pub watchers: Vec<Watcher>,
    /// How many changes were made here; numbers our op ids.
    pub made: u64,
    /// Whether the private server is being started.
    pub reviving: bool,
    /// The time of the last message.
    pub now: u64,
}

impl State {
    /// The screen before anything is known.
    #[must_use]
    pub fn new(env: Env, theme: Theme, mouse: bool, size: (u16, u16)) -> State {
        State {
            env,
            shop: Shop::default(),
            theme,
            mouse,
            pressed: None,
            last: None,
            size,
            connectivity: Connectivity::Connecting,
            catalog: CatalogPane::default(),
            matches: PaletteMatches::default(),
            cart: CartPane::default(),
            orders: OrdersState::default(),
            focus: Pane::Catalog,
            mode: Mode::Browse,
            count: None,
            notice: None,
            marks: Vec::new(),
            activity: ActivityPane::default(),
            watchers: Vec::new(),
            made: 0,
            reviving: false,
            now: 0,
        }
    }

    /// The list where keys are pressed, once nothing is typed or asked.
    #[must_use]
    pub fn list(&self) -> Context {
        match self.focus {
            Pane::Cart if self.areas().is_some_and(|areas| areas.cart.is_none()) => {
                Context::Activity
            }
            Pane::Cart => Context::Cart,
            Pane::Catalog if self.catalog.loaded && self.catalog.catalog.is_empty() => {
                Context::EmptyCatalog
            }
            Pane::Catalog => Context::Catalog,
        }
    }

    /// Where everything stands; `None` on a screen that is too small.
    #[must_use]
    pub fn areas(&self) -> Option<Areas> {
        areas::areas(self.size.0, self.size.1, self.focus, self.activity.shown)
    }

    /// What is known of a product.
    #[must_use]
    pub fn known(&self, id: &ProductId) -> ProductLookup<'_> {
        match self.catalog.catalog.get(id) {
            Some(product) => ProductLookup::Product(product),
            None if self.cart.gone.contains(id) => ProductLookup::Gone,
            None => ProductLookup::Unread,
        }
    }

    /// The name of a product as shown; its id where the name isn't known.
    #[must_use]
    pub fn name_of(&self, id: &ProductId) -> String {
        match self.known(id) {
            ProductLookup::Product(product) => product.name.to_string(),
            ProductLookup::Gone | ProductLookup::Unread => self
                .cart
                .names
                .get(id)
                .cloned()
                .unwrap_or_else(|| id.to_string()),
        }
    }

    /// The sums of the cart that shows.
    #[must_use]
    pub fn totals(&self) -> Totals {
        total::totals(
            self.cart
                .shown
                .lines
                .iter()
                .map(|line| (line, self.known(&line.product))),
        )
    }

    /// The product that keys act on: none that does not show.
    #[must_use]
    pub fn target(&self) -> Option<ProductId> {
        self.areas()?;
        match self.list() {
            Context::Catalog => self.catalog.selected().map(|product| product.product_id()),
            Context::Cart => self.cart.selected().map(|line| line.product.clone()),
            _ => None,
        }
    }

    /// Whether nothing of ours is on its way.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.cart.unconfirmed.is_empty() && self.orders.placing.is_none()
    }

    /// A fresh op id.
    pub fn next_op(&mut self) -> OpId {
        self.made += 1;
        OpId::parse(&format!("{}-{}", self.env.ops, self.made))
            .unwrap_or_else(|| unreachable!("the prefix is made of hexadecimal digits"))
    }

    /// Milliseconds until the cart expires.
    #[must_use]
    pub fn left(&self) -> Option<u64> {
        let deadline = self
            .cart
            .deadline
            .filter(|_| !self.cart.shown.lines.is_empty())?;
        Some(deadline.saturating_sub(self.now))
    }

    /// When the next line leaves because nobody touches it, by the steady clock.
    #[must_use]
    pub fn next_expiry(&self) -> Option<u64> {
        // A lock and a closing time hold for this, too.
        let rules = &self.cart.confirmed.rules;
        if rules.locked || orders::closing(self).is_some_and(|at| at <= self.now) {
            return None;
        }
        let timeout = self.env.item_timeout?;
        let touched = self
            .cart
            .confirmed
            .lines
            .iter()
            .filter_map(|line| line.touched)
            .min()?;
        let due = (touched + timeout).saturating_sub(self.cart.server_ahead);
        // Asked once a second, should the clocks differ.
        Some(due.max(self.cart.expiry_asked.map_or(0, |at| at + 1_000)))
    }

    /// Whether the catalog is to be read again, as soon as it has rested.
    #[must_use]
    pub fn may_read_again(&self) -> bool {
        let online = matches!(
            self.connectivity,
            Connectivity::Live | Connectivity::Syncing
        );
        self.catalog.reload_wanted && !self.catalog.loading && online
    }

    /// The next moment, by the steady clock, at which something changes by itself.
    #[must_use]
    pub fn next_moment(&self) -> Option<u64> {
        let marks = self.marks.iter().map(|mark| mark.until);
        let notice = self.notice.as_ref().map(|notice| notice.until);
        let counts = self
            .cart
            .deadline
            .filter(|_| !self.cart.confirmed.lines.is_empty());
        // At zero the cart is read again; what happens next, the link tells.
        let countdown = counts
            .filter(|deadline| *deadline > self.now)
            .map(|deadline| {
                let left = deadline - self.now;
                // Minutes change once a minute, seconds once a second.
                let step = if left > super::view::SECONDS_BELOW {
                    60_000
                } else {
                    1_000
                };
                deadline - (left - 1) / step * step
            });
        let catalog = self
            .may_read_again()
            .then_some(self.catalog.reload_not_before);
        let expiry = self
            .next_expiry()
            .filter(|_| self.connectivity == Connectivity::Live);
        let closing = orders::closing(self).filter(|at| *at > self.now);
        let desk = orders::resume_due(self).into_iter().chain(closing);
        marks
            .chain(notice)
            .chain(countdown)
            .chain(catalog)
            .chain(expiry)
            .chain(desk)
            .min()
    }
}
