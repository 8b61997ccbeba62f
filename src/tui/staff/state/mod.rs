//! Everything that the screens of the staff show, as plain data.

pub mod board;
pub mod products;
pub mod prompt;
pub mod settings;
pub mod today;

use crate::config::alerts::AlertWays;
use crate::config::colours::OwnColours;
use crate::config::display::Display;
use crate::config::keymap::{Context, Keymap};
use crate::config::theme::Theme;
use crate::model::time::{self, Clock, PersonalClock};
use crate::model::{Item, OrderId, OrderState};
use crate::store::{Pace, Shop, ShopField};
use crate::tui::message::Now;
use crate::tui::state::alerts::Alerts;
use crate::tui::state::areas;
use crate::tui::state::help::HelpPage;
use crate::tui::state::{Connectivity, MousePress, Notice};
use board::BoardState;
use products::ProductsState;
use prompt::{StaffAsked, UnsavedEdit};
use ratatui::layout::Rect;
use settings::SettingsState;
use today::TodayState;
use tui_input::Input;

/// Everything that stays the same while the program runs.
#[derive(Debug, Clone)]
pub struct StaffEnv {
    /// Our name to the others, as it stands in orders.
    pub me: String,
    /// The server is our private one.
    pub private: bool,
    /// The time zone of this person's computer, and the hours of their settings.
    pub clock: PersonalClock,
    /// The keys in force.
    pub keymap: Keymap,
    /// The abilities of the terminal.
    pub display: Display,
    /// The ways to tell this person something.
    pub alerts: AlertWays,
    /// The age from which on a ticket needs a look, in milliseconds.
    pub warn_after: u64,
    /// The age from which on it is late, in milliseconds.
    pub late_after: u64,
    /// The shell command that prints a ticket; `None` where there is none.
    pub print: Option<String>,
}

/// A page of the staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// The open orders, as tickets.
    Board,
    /// The orders that can be collected, in large numbers.
    Ready,
    /// The figures of a day.
    Today,
    /// The products.
    Products,
    /// The settings of the shop.
    Shop,
}

impl Page {
    /// All pages, with the names by which the palette knows them.
    pub(in crate::tui) const NAMED: [(&'static str, Page); 5] = [
        ("board", Page::Board),
        ("ready", Page::Ready),
        ("today", Page::Today),
        ("products", Page::Products),
        ("shop", Page::Shop),
    ];

    /// The context of its keys.
    pub(in crate::tui) fn context(self) -> Context {
        match self {
            Page::Board => Context::Board,
            Page::Ready => Context::Ready,
            Page::Today => Context::Today,
            Page::Products => Context::Products,
            Page::Shop => Context::Shop,
        }
    }
}

/// The meaning of the keyboard, and what covers the page.
#[derive(Debug, Clone)]
pub enum StaffMode {
    /// Works on the page.
    Browse,
    /// Types what to find.
    Find,
    /// Types a command.
    Palette {
        /// The text typed so far.
        input: Input,
        /// The selected entry.
        cursor: usize,
    },
    /// Reads the help.
    Help(HelpPage),
    /// Asks whether to cancel this order, which was seen in this state.
    ConfirmCancel(OrderId, OrderState),
    /// Types what a prompt asks for.
    Prompt {
        /// The value that it asks for.
        asked: StaffAsked,
        /// The text typed so far.
        input: Input,
    },
    /// Asks whether to save a value that was typed and is not saved.
    ConfirmSave(UnsavedEdit),
}

/// The things on the terminal that a key may depend on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The selected ticket and its state.
    pub ticket: Option<(OrderId, OrderState)>,
    /// The message that waits for a key.
    pub notice: Option<String>,
    /// The order about which it is asked whether to cancel it.
    pub question: Option<OrderId>,
    /// The change about which it is asked whether to save it.
    pub unsaved: Option<UnsavedEdit>,
}

/// Everything that the screens of the staff show.
#[derive(Debug)]
pub struct StaffState {
    /// Everything that stays the same.
    pub env: StaffEnv,
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
    /// The own colours for when the terminal tells its background; `None` where it has told, or they
    /// were known.
    pub late_colours: Option<OwnColours>,
    /// The mouse is captured; else it is the terminal's.
    pub mouse: bool,
    /// The last press of the mouse.
    pub last_press: Option<MousePress>,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The page that shows.
    pub page: Page,
    /// The meaning of the keyboard.
    pub mode: StaffMode,
    /// The message that shows.
    pub notice: Option<Notice>,
    /// The message that shows once that one ends, as it must not be missed.
    pub notice_behind: Option<Notice>,
    /// The alerts for this person, no more often than they bear.
    pub alerts: Alerts,
    /// The part of all that which has reached the terminal.
    pub seen: Seen,
    /// The open orders.
    pub board: BoardState,
    /// The figures of a day.
    pub today: TodayState,
    /// The products.
    pub products: ProductsState,
    /// The settings of the shop.
    pub settings: SettingsState,
    /// The moment of the last message.
    pub now: Now,
    /// The number of things that happened since the terminal told that it lost the focus; `None`
    /// while it has it. One that never tells has it always.
    pub missed: Option<usize>,
    /// The difference between the wall clock and the steady clock, in milliseconds. It grows by the
    /// time that the machine sleeps.
    pub wall_ahead: Option<i64>,
}

impl StaffState {
    /// The screen before anything is known.
    #[must_use]
    pub fn new(
        mut env: StaffEnv,
        theme: Theme,
        mouse: bool,
        size: (u16, u16),
        page: Page,
    ) -> StaffState {
        env.keymap = env.keymap.shown_in(env.display.charset);
        StaffState {
            env,
            shop: Shop::default(),
            connectivity: Connectivity::Connecting,
            pace: Pace::Usual,
            reviving: false,

            theme,
            late_colours: None,
            mouse,
            last_press: None,
            size,

            page,
            mode: StaffMode::Browse,
            notice: None,
            notice_behind: None,
            alerts: Alerts::default(),
            seen: Seen::default(),
            board: BoardState::default(),
            today: TodayState::default(),
            products: ProductsState::default(),
            settings: SettingsState::default(),

            now: Now::default(),
            missed: None,
            wall_ahead: None,
        }
    }

    /// The clock by which times are told.
    #[must_use]
    pub(in crate::tui) fn clock(&self) -> Clock {
        self.shop.clock(&self.env.clock)
    }

    /// The short name of the zone by whose clocks times are told, where whoever reads them may think
    /// of another one: the shop names a zone, and it is not known here, or has other clocks than
    /// this computer.
    #[must_use]
    pub(in crate::tui) fn unexpected_zone(&self) -> Option<String> {
        self.shop.time_zone.as_ref()?;

        let now = self.wall_now();
        let clock = self.clock();
        let local = &self.env.clock.zone;
        let is_unknown = self.shop.used_instead(ShopField::TimeZone, local).is_some();
        let is_other = clock.shown(now) != time::local(now, local);
        (is_unknown || is_other).then(|| clock.zone_at(now))
    }

    /// Returns whether the screen has room for anything.
    #[must_use]
    pub(in crate::tui) fn has_room(&self) -> bool {
        areas::has_room(self.size)
    }

    /// The area between the header and the last two lines.
    #[must_use]
    pub(in crate::tui) fn body(&self) -> Rect {
        areas::body(self.size)
    }

    /// The line of messages and prompts.
    #[must_use]
    pub(in crate::tui) fn message_line(&self) -> Rect {
        areas::message_line(self.size)
    }

    /// The line of keys.
    #[must_use]
    pub(in crate::tui) fn footer_line(&self) -> Rect {
        areas::footer_line(self.size)
    }

    /// The words that are looked for on the page.
    #[must_use]
    pub(in crate::tui) fn words(&self) -> &Input {
        match self.page {
            Page::Products => &self.products.list.words,
            Page::Board | Page::Ready | Page::Today | Page::Shop => &self.board.words,
        }
    }

    /// The product that a key of the page is about.
    #[must_use]
    pub(in crate::tui) fn selected_product(&self) -> Option<Item<'_>> {
        match self.page {
            Page::Products => self.products.list.selected(),
            Page::Today => {
                let figured = self.today.figured.as_deref()?;
                figured.catalog.get(&self.today.selected()?)
            }
            Page::Board | Page::Ready | Page::Shop => None,
        }
    }

    /// The context of the page that shows, or is covered.
    #[must_use]
    pub(in crate::tui) fn page_context(&self) -> Context {
        self.page.context()
    }

    /// The part of the screen that receives keys.
    #[must_use]
    pub(in crate::tui) fn context(&self) -> Context {
        match &self.mode {
            StaffMode::Browse => self.page_context(),
            StaffMode::Find => Context::Search,
            StaffMode::Palette { .. } => Context::Palette,
            StaffMode::Help(page) if page.is_typing => Context::Search,
            StaffMode::Help(_) => Context::Help,
            StaffMode::ConfirmCancel(..) => Context::ConfirmCancel,
            StaffMode::Prompt { .. } | StaffMode::ConfirmSave(_) => Context::Prompt,
        }
    }

    /// Returns whether what shows is, as far as is known, how things are.
    #[must_use]
    pub(in crate::tui) fn is_current(&self) -> bool {
        match self.connectivity {
            Connectivity::Live => self.pace != Pace::Silent,
            Connectivity::Connecting
            | Connectivity::Syncing
            | Connectivity::Offline { .. }
            | Connectivity::Unreadable(_) => false,
        }
    }

    /// The server's clock, in Unix milliseconds.
    #[must_use]
    pub(in crate::tui) fn server_now(&self) -> u64 {
        self.board.server_ahead + self.now.steady
    }

    /// The present moment by the wall clock, in Unix milliseconds.
    #[must_use]
    pub(in crate::tui) fn wall_now(&self) -> u64 {
        u64::try_from(self.now.wall).unwrap_or_default()
    }

    /// The moment for reading the whole catalog; `None` where that is not wanted, or can't be done.
    #[must_use]
    pub(in crate::tui) fn catalog_load_due_at(&self) -> Option<u64> {
        match self.connectivity {
            Connectivity::Live | Connectivity::Syncing => self.products.list.load.due_at(),
            Connectivity::Connecting
            | Connectivity::Offline { .. }
            | Connectivity::Unreadable(_) => None,
        }
    }
}
