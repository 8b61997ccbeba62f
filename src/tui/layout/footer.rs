//! The keys in the last line, with their places: drawing and the mouse both read them.

use crate::config::keymap::Action;
use crate::model::text;
use crate::tui::layout::checkout::fixing;
use crate::tui::layout::palette;
use crate::tui::layout::palette::Run;
use crate::tui::layout::receipt::selected_person;
use crate::tui::state::checkout::CheckoutPane;
use crate::tui::state::orders::KeptStates;
use crate::tui::state::{Mode, State};

/// The columns between two keys.
const GAP: u16 = 2;

/// The news in the message line that wait for a key and have not been seen yet; `None` where there
/// are none, or something else stands there.
#[must_use]
pub fn unseen_news(state: &State) -> Option<&str> {
    let is_covered = match state.mode {
        Mode::Palette { .. }
        | Mode::Prompt { .. }
        | Mode::ConfirmQuit
        | Mode::ConfirmCancel(_)
        | Mode::ConfirmClear(_) => true,
        Mode::Browse
        | Mode::Search
        | Mode::OrderSearch
        | Mode::Help(_)
        | Mode::Checkout(_)
        | Mode::Orders
        | Mode::Receipt { .. }
        | Mode::Carts => !state.digits.is_empty(),
    };
    if is_covered || state.areas().is_none() {
        return None;
    }

    let notice = state.notice.as_ref()?;
    let waits = notice.until.is_none() && !notice.is_seen;
    waits.then_some(notice.text.as_str())
}

/// One key of the footer, and a word for what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyHint {
    /// Its first column.
    pub(crate) x: u16,
    /// Its columns.
    pub(crate) width: u16,
    /// The action of the key, and of a click on it.
    pub(crate) action: Action,
    pub(crate) key: String,
    pub(crate) word: &'static str,
}

impl KeyHint {
    /// A key whose place is not known yet.
    pub(in crate::tui) fn unplaced(action: Action, key: String, word: &'static str) -> KeyHint {
        let columns = text::width(&key) + 1 + text::width(word);
        KeyHint {
            x: 0,
            width: u16::try_from(columns).unwrap_or(u16::MAX),
            action,
            key,
            word,
        }
    }
}

/// The keys that work now, in the order of the key map, as many as fit in `width`.
#[must_use]
pub(crate) fn key_hints(state: &State, width: u16) -> Vec<KeyHint> {
    let selected = selected_in_palette(state);
    let keys = state.env.keymap.footer(state.context());
    let all = keys.filter_map(|(action, key, word)| {
        let word = word_now(state, selected.as_ref(), action, word)?;
        Some(KeyHint::unplaced(action, key, word))
    });
    placed(all.collect(), width)
}

/// As many of these keys as fit in `width`, in their places.
#[must_use]
pub(in crate::tui) fn placed(all: Vec<KeyHint>, width: u16) -> Vec<KeyHint> {
    let mut x = 1;
    let mut hints = fitting(all, width.saturating_sub(1));
    for hint in &mut hints {
        hint.x = x;
        x += hint.width + GAP;
    }
    hints
}

/// The action of the key that stands in a column of the last line.
#[must_use]
pub(in crate::tui) fn action_at(hints: &[KeyHint], column: u16) -> Option<Action> {
    let mut hints = hints.iter();
    let hint = hints.find(|hint| (hint.x..hint.x + hint.width).contains(&column))?;
    Some(hint.action)
}

/// The effect of the selected entry of the palette; `None` where it is not open, or offers nothing.
fn selected_in_palette(state: &State) -> Option<Run> {
    let Mode::Palette { input, cursor } = &state.mode else {
        return None;
    };
    let mut entries = palette::entries(state, input.value());
    (*cursor < entries.len()).then(|| entries.swap_remove(*cursor).run)
}

/// The word for what a key does just now; `None` where it would do nothing. `selected` is the
/// effect of the selected entry of the palette.
fn word_now(
    state: &State,
    selected: Option<&Run>,
    action: Action,
    word: &'static str,
) -> Option<&'static str> {
    match action {
        Action::Accept | Action::Complete if matches!(state.mode, Mode::Palette { .. }) => {
            Some(word_in_palette(selected?, action, word))
        }
        Action::Search | Action::NextCategory if matches!(state.mode, Mode::Orders) => {
            word_in_orders(state, action, word)
        }
        Action::Receipt | Action::Again | Action::AskCancel | Action::Settle => {
            word_of_order(state, action, word)
        }

        Action::AskRule(_) | Action::Lock if !state.may_change_rules() => None,
        Action::Lock if state.cart.confirmed.rules.locked => Some("unlock"),
        Action::Ready if state.is_ready(&state.env.me) => Some("not ready"),
        Action::SwitchPane if shows_people_of_checkout(state) => Some("lines"),
        Action::Fix => fixing::can_fix_selected(state).then_some(word),
        Action::FixAll => fixing::can_fix(state).then_some(word),
        Action::PlaceOrder => may_order(state).then_some(word),
        Action::ForgetCart => {
            let selected = state.carts.selected()?;
            (*selected != state.env.user).then_some(word)
        }

        Action::Note if matches!(state.mode, Mode::Checkout(_)) => Some(word),
        Action::Add
        | Action::Note
        | Action::More
        | Action::Less
        | Action::Remove
        | Action::SetQuantity => state.target().map(|_| word),

        // These need nothing that is selected.
        Action::Move(_)
        | Action::Repeat
        | Action::Search
        | Action::NextCategory
        | Action::PreviousCategory
        | Action::Sort
        | Action::SwitchPane
        | Action::ToCatalog
        | Action::ToCart
        | Action::Undo
        | Action::Redo
        | Action::AskClear
        | Action::Clear
        | Action::KeepAlive
        | Action::People
        | Action::PersonLines
        | Action::Ready
        | Action::Lock
        | Action::AskRule(_)
        | Action::Activity
        | Action::Mouse
        | Action::Palette
        | Action::Complete
        | Action::Checkout
        | Action::Orders
        | Action::CancelOrder
        | Action::Carts
        | Action::GoToCart
        | Action::LoadDemo
        | Action::Help
        | Action::Back
        | Action::Accept
        | Action::Suspend
        | Action::Quit
        | Action::QuitAnyway => Some(word),

        // These are keys of the staff's pages.
        Action::Step
        | Action::Tick
        | Action::Totals
        | Action::Station
        | Action::Print
        | Action::List
        | Action::Left
        | Action::Right
        | Action::Live
        | Action::Products
        | Action::Filter
        | Action::Edit
        | Action::SellOut => Some(word),
    }
}

/// [`word_now`] of a key that keeps the list of orders to some of them.
fn word_in_orders(state: &State, action: Action, word: &'static str) -> Option<&'static str> {
    let has_orders = state.orders.list.as_ref().is_some_and(|it| !it.is_empty());
    if !has_orders || action != Action::NextCategory {
        return has_orders.then_some(word);
    }
    Some(match state.orders.kept.next(true) {
        KeptStates::All => "all",
        KeptStates::Open => "open only",
        KeptStates::Done => "done only",
        KeptStates::Cancelled => "cancelled only",
    })
}

/// [`word_now`] of a key that does something with the order that shows.
fn word_of_order(state: &State, action: Action, word: &'static str) -> Option<&'static str> {
    let order = state.shown_order()?;
    match action {
        Action::AskCancel => {
            let refusal = order.refuse_cancel_by(state.is_me(&order.who));
            refusal.is_none().then_some(word)
        }
        Action::Settle if order.is_settled(&selected_person(state)?) => Some("open"),
        _ => Some(word),
    }
}

/// The word for a key that takes an entry of the palette.
fn word_in_palette(selected: &Run, action: Action, word: &'static str) -> &'static str {
    match selected {
        Run::Type(_) if action == Action::Accept => "take it",
        Run::Type(_)
        | Run::Action(_)
        | Run::Add(..)
        | Run::Set(..)
        | Run::Remove(_)
        | Run::AskNote(_)
        | Run::Note(..)
        | Run::GoToCart(_)
        | Run::TakeCart(_)
        | Run::ClearCart(_)
        | Run::TakeName(_)
        | Run::Category(_)
        | Run::Sort(_)
        | Run::Theme(_)
        | Run::Rule(_)
        | Run::Settle(_) => word,
    }
}

/// True where the people of the checkout have the keyboard.
fn shows_people_of_checkout(state: &State) -> bool {
    matches!(&state.mode, Mode::Checkout(page) if page.pane == CheckoutPane::People)
}

/// True where nothing is known that stands in the way of the order that the checkout shows.
fn may_order(state: &State) -> bool {
    state
        .checkout
        .preview
        .as_ref()
        .is_none_or(|preview| preview.check().is_ok())
}

/// The importance of a key: the most important ones get room first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Importance {
    /// The key for help, the way back, or the key that orders.
    Help,
    /// The first two keys of the key map, which do what this context is for.
    First,
    Quit,
    Other,
}

impl Importance {
    fn of(place: usize, hint: &KeyHint) -> Importance {
        match hint.action {
            Action::Help | Action::Back | Action::PlaceOrder => Importance::Help,
            _ if place < 2 => Importance::First,
            Action::Quit => Importance::Quit,
            // The order of the key map ranks all other actions.
            _ => Importance::Other,
        }
    }
}

/// The keys that have room in so many columns: the important ones first, the others as they
/// come, up to the first without room.
fn fitting(all: Vec<KeyHint>, columns: u16) -> Vec<KeyHint> {
    let mut ranked: Vec<(Importance, usize)> = all
        .iter()
        .enumerate()
        .map(|(place, hint)| (Importance::of(place, hint), place))
        .collect();
    ranked.sort_unstable();

    // The last one needs no gap behind it.
    let mut room = columns.saturating_add(GAP);
    let mut fits = vec![false; all.len()];
    for (importance, place) in ranked {
        let needed = all[place].width.saturating_add(GAP);
        if needed <= room {
            fits[place] = true;
            room -= needed;
        } else if importance == Importance::Other {
            break;
        }
    }

    all.into_iter()
        .zip(fits)
        .filter_map(|(hint, fits)| fits.then_some(hint))
        .collect()
}
