//! Messages: everything that can happen to the screen. Effects: everything that it asks for.

use crate::config::key::Key;
use crate::config::keymap::Action;
use crate::model::{Catalog, Product, ProductId, Update, UserName};
use crate::store::catalog::demo::Loaded;
use crate::store::live::{LiveEvent, LiveRequest};
use crate::store::{Error, Shop, Trouble};
use crate::tui::layout::palette::Run;
use crate::tui::state::carts::CartGlance;
use crate::tui::state::catalog::{SearchRequest, SearchResults, Unread};

/// The clocks at the moment when a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// Milliseconds since the program started; never jumps.
    pub steady: u64,
    /// Unix milliseconds.
    pub wall: i64,
}

/// The milliseconds by which the clocks part above which the machine has slept, and everything is
/// read again.
const CLOCK_JUMP_NOTICED: i64 = 2_000;

impl Now {
    /// Tells whether the machine has slept since the last time: then the server was not asked
    /// meanwhile. `wall_ahead` keeps the difference between the clocks from one time to the next.
    pub(in crate::tui) fn is_after_sleep(self, wall_ahead: &mut Option<i64>) -> bool {
        let ahead = self.wall.saturating_sub_unsigned(self.steady);
        let before = wall_ahead.replace(ahead);
        before.is_some_and(|before| ahead.saturating_sub(before) > CLOCK_JUMP_NOTICED)
    }
}

/// Something that the person at the terminal did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TerminalEvent {
    /// A key was pressed.
    Key(Key),
    /// More than one key comes at once: typed ahead, or pasted without a mark. This comes before
    /// them.
    KeysTogether,
    /// The terminal got the focus, or lost it.
    Focus(bool),
    /// The terminal tells whether its background is light.
    Background {
        /// It is; else it is dark.
        is_light: bool,
    },
    /// Text was pasted.
    Paste(String),
    /// The mouse was pressed, or its wheel turned.
    Mouse(Mouse),
}

/// Something that happens to any screen, whatever it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShellEvent {
    /// The person at the terminal did something.
    Terminal(TerminalEvent),
    /// The terminal has a new size, in columns and rows.
    Resize(u16, u16),
    /// The program goes on after it was stopped.
    Continued,
    /// Whoever runs the screen says something to the person at the terminal.
    Notice(String),
    /// A moment came for which the state waited.
    Clock,
}

/// How fresh a catalog has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// With all changes that were announced. One that is kept will do.
    AsAnnounced,
    /// Read anew: it may have changed without a word.
    ReadAnew,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Message {
    /// A key was pressed.
    Key(Key),
    /// More than one key comes at once: typed ahead, or pasted without a mark. This comes before
    /// them.
    KeysTogether,
    /// The total of the preview with this number is on the terminal, and every key that came
    /// before was taken in.
    TotalShown(u64),
    /// The message with this text, which waits for a key, is on the terminal, and every key that
    /// came before was taken in.
    NewsShown(String),
    /// It is on the terminal that another product is selected, as this one has gone, and every key
    /// that came before was taken in.
    LossShown(ProductId),
    /// The terminal got the focus, or lost it.
    Focus(bool),
    /// The terminal tells whether its background is light.
    Background {
        /// It is; else it is dark.
        is_light: bool,
    },
    /// Text was pasted.
    Paste(String),
    /// The mouse was pressed, or its wheel turned.
    Mouse(Mouse),
    /// The program goes on after it was stopped.
    Continued,
    /// The terminal has a new size, in columns and rows.
    Resize(u16, u16),
    /// The live connection reports something.
    Live(LiveEvent),
    /// The live connection has ended by a fault of this program: it reports nothing any more.
    LinkEnded,
    /// The first products of the catalog are there, and the shop's settings, where these can be read;
    /// the other products follow.
    CatalogBegun(Catalog, Option<Shop>),
    /// Loading progress of the catalog: products read so far, and the total.
    CatalogCount(usize, usize),
    /// The catalog was read, and the shop's settings, where these can be read; or the catalog could
    /// not be. And the milliseconds that this took.
    Catalog(Result<(Catalog, Option<Shop>), Trouble>, u64),
    /// This is missing in the catalog just read, for this reason.
    CatalogUnread(Unread, Trouble),
    /// Products were found that the catalog's index does not list.
    Products(Vec<(ProductId, Option<Product>)>),
    /// The demo catalog was loaded, or could not be.
    Demo(Result<Loaded, Trouble>),
    /// The private server was started again, or could not be, for this reason.
    Revived(Result<(), String>),
    /// The carts of the list were read, or could not be.
    Carts(Vec<(UserName, Result<CartGlance, Trouble>)>),
    /// A cart was read whose lines are to be brought here, or could not be.
    CartToTake(UserName, Result<CartGlance, Trouble>),
    /// Another cart was cleared, or could not be.
    Cleared(UserName, Result<Update, Error>),
    /// A search has results.
    Found(SearchResults),
    /// A command was typed as a whole: search the products that it names.
    Match(String),
    /// An action was asked for by its word.
    Act(Action),
    /// An entry of the palette was chosen without the palette.
    Run(Box<Run>),
    /// Whoever runs the screen says something to the person at the terminal.
    Notice(String),
    /// A moment came for which the state waited.
    Clock,
}

impl From<ShellEvent> for Message {
    fn from(event: ShellEvent) -> Message {
        match event {
            ShellEvent::Terminal(TerminalEvent::Key(key)) => Message::Key(key),
            ShellEvent::Terminal(TerminalEvent::KeysTogether) => Message::KeysTogether,
            ShellEvent::Terminal(TerminalEvent::Focus(has_focus)) => Message::Focus(has_focus),
            ShellEvent::Terminal(TerminalEvent::Background { is_light }) => {
                Message::Background { is_light }
            }
            ShellEvent::Terminal(TerminalEvent::Paste(text)) => Message::Paste(text),
            ShellEvent::Terminal(TerminalEvent::Mouse(mouse)) => Message::Mouse(mouse),
            ShellEvent::Resize(columns, rows) => Message::Resize(columns, rows),
            ShellEvent::Continued => Message::Continued,
            ShellEvent::Notice(text) => Message::Notice(text),
            ShellEvent::Clock => Message::Clock,
        }
    }
}

/// A kind of mouse event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseKind {
    /// The left button went down.
    Press,
    /// The wheel turned up.
    WheelUp,
    /// The wheel turned down.
    WheelDown,
}

/// A mouse event and its place, in columns and rows from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    /// The event.
    pub kind: MouseKind,
    /// The column of the pointer.
    pub column: u16,
    /// The row of the pointer.
    pub row: u16,
}

/// Something that the screen asks for.
#[derive(Debug)]
pub enum Effect {
    /// Pass a request to the live connection.
    Live(LiveRequest),
    /// Read the whole catalog.
    LoadCatalog(Freshness),
    /// Drop this catalog, which was replaced, on a thread where that delays nobody.
    Replaced(Box<Catalog>),
    /// Search the catalog.
    Search(SearchRequest),
    /// Capture the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Tell the person, who looks elsewhere, what happened.
    Alert(String),
    /// Say this to somebody who types words: no message would show.
    Say(String),
    /// Load the demo catalog.
    LoadDemo,
    /// Read these carts, for the list of them.
    ReadCarts(Vec<UserName>),
    /// Read a cart whose lines are to be brought here.
    ReadToTake(UserName),
    /// Clear another cart.
    ClearOther(UserName),
    /// Note that the first start is over on this machine: somebody has seen a change of a cart.
    EndFirstStart,
    /// Make changes under this name from now on; a [`Effect::Join`] follows.
    Rename(String),
    /// Leave this cart for another one.
    Join(UserName),
    /// Note that this cart was used after all others.
    NoteCart(UserName),
    /// Take this cart off the list of those that were used.
    ForgetCart(UserName),
    /// Start the private server again.
    Revive,
    /// Suspend the program.
    Suspend,
    /// End the program.
    Quit,
    /// End the program because the shop does not let us in.
    GiveUp(Trouble),
}
