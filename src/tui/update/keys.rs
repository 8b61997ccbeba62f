//! Keys: which context they are pressed in, and what the modes make of them.

use super::{actions, catalog, orders, typing};
use crate::config::key::{Code, Key};
use crate::config::keymap::{Action, Context};
use crate::model::{ProductId, quantity};
use crate::tui::layout::palette;
use crate::tui::layout::palette::Run;
use crate::tui::message::Effect;
use crate::tui::state::areas::Pane;
use crate::tui::state::{Mode, State};
use tui_input::Input;

/// The highest number before a command.
const COUNT_LIMIT: u32 = quantity::HIGHEST_LIMIT;

/// Keys that may wait for a search.
const MOST_HELD: usize = 64;

/// Where keys are pressed now.
#[must_use]
pub fn context(state: &State) -> Context {
    match state.mode {
        Mode::Search => Context::Search,
        Mode::Quantity { .. } => Context::Quantity,
        Mode::Palette { .. } => Context::Palette,
        Mode::Help(_) => Context::Help,
        Mode::Checkout(_) => Context::Checkout,
        Mode::Orders => Context::Orders,
        Mode::Receipt { .. } => Context::Receipt,
        Mode::ConfirmQuit => Context::ConfirmQuit,
        Mode::ConfirmClear => Context::ConfirmClear,
        Mode::Browse => state.list(),
    }
}

/// A key was pressed.
pub fn press(state: &mut State, key: Key, effects: &mut Vec<Effect>) {
    if state.areas().is_none() {
        return press_unseen(state, key, effects);
    }
    let here = context(state);
    let action = state.env.keymap.dispatch(here, key);
    if must_wait(state, here, action) {
        if state.catalog.typed_ahead.len() < MOST_HELD {
            state.catalog.typed_ahead.push(key);
        }
        return;
    }
    if let Some(action) = action {
        act(state, action, effects);
        return;
    }
    let typing = matches!(here, Context::Search | Context::Quantity | Context::Palette);
    if key.alt && !(typing && typing::edits(key)) {
        // Terminals send alt as an escape: without a meaning of its own, it is these two,
        // that came together over a slow line.
        press(state, Key::plain(Code::Named("esc")), effects);
        return press(state, Key { alt: false, ..key }, effects);
    }
    match here {
        Context::Search | Context::Quantity | Context::Palette => typing::edit(state, key, effects),
        Context::Activity if state.env.keymap.dispatch(Context::Cart, key).is_some() => {
            // Nobody changes a line that they do not see.
            let hides = state.env.keymap.key_of(Action::Activity);
            super::complain(
                state,
                format!("See the cart first: {hides} hides the activity"),
            );
            state.count = None;
        }
        Context::Catalog | Context::Cart | Context::Activity => count(state, key),
        _ => {}
    }
}

/// A key on a screen that is too small to show anything: nobody orders what they do not see.
fn press_unseen(state: &mut State, key: Key, effects: &mut Vec<Effect>) {
    let leaving = matches!(state.mode, Mode::ConfirmQuit);
    // Whatever was open when the window shrank, these keys are those of the lists.
    let here = if leaving {
        Context::ConfirmQuit
    } else {
        Context::Catalog
    };
    match state.env.keymap.dispatch(here, key) {
        Some(action @ (Action::Quit | Action::Suspend)) => act(state, action, effects),
        Some(action @ Action::Back) if leaving => act(state, action, effects),
        _ => {}
    }
}

/// Whether a key must wait for a search: typed ahead, it would meet another row.
fn must_wait(state: &State, here: Context, action: Option<Action>) -> bool {
    let leaves = matches!(
        action,
        Some(Action::Quit | Action::QuitAnyway | Action::Suspend | Action::Back)
    );
    let unsure = match here {
        Context::Catalog => state.catalog.is_searching(),
        Context::Palette => {
            state.matches.search_sent != state.matches.search_done && action.is_some()
        }
        _ => false,
    };
    !leaves && (unsure || !state.catalog.typed_ahead.is_empty())
}

/// What was typed ahead is done now.
pub fn go_on(state: &mut State, effects: &mut Vec<Effect>) {
    for key in std::mem::take(&mut state.catalog.typed_ahead) {
        press(state, key, effects);
    }
}

fn count(state: &mut State, key: Key) {
    if let Some(digit) = key.typed().and_then(|c| c.to_digit(10))
        && (digit > 0 || state.count.is_some())
    {
        let grown = state
            .count
            .unwrap_or(0)
            .saturating_mul(10)
            .saturating_add(digit);
        state.count = Some(grown.min(COUNT_LIMIT));
    }
}

/// Does what a key, a click or the palette asks for.
pub fn act(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    drop_message(state, action);
    match action {
        Action::Quit if state.is_settled() => effects.push(Effect::Quit),
        // Pressed once more, ctrl-c means it.
        Action::Quit if matches!(state.mode, Mode::ConfirmQuit) => effects.push(Effect::Quit),
        Action::Quit => state.mode = Mode::ConfirmQuit,
        Action::QuitAnyway => effects.push(Effect::Quit),
        Action::Suspend => effects.push(Effect::Suspend),
        Action::Back => back(state, effects),
        Action::Accept => accept(state, effects),
        Action::Complete => complete(state, effects),
        Action::Help => state.mode = Mode::Help(0),
        Action::Palette => type_command(state, String::new(), effects),
        Action::Search => {
            actions::go_to(state, Pane::Catalog);
            state.mode = Mode::Search;
            // Each search begins anew.
            if !state.catalog.words.value().is_empty() {
                state.catalog.words = Input::default();
                catalog::find(state, None, effects);
            }
        }
        Action::NextCategory => catalog::walk_categories(state, true, effects),
        Action::PreviousCategory => catalog::walk_categories(state, false, effects),
        Action::Sort => catalog::sort(state, state.catalog.sort.next(), effects),
        Action::Mouse => {
            state.mouse = !state.mouse;
            effects.push(Effect::Mouse(state.mouse));
            let whose = if state.mouse {
                "The mouse is trolley's"
            } else {
                "The mouse is the terminal's: select as usual"
            };
            super::tell(state, whose.to_owned());
        }
        Action::Checkout => orders::check_out(state, effects),
        Action::PlaceOrder => orders::place(state, effects),
        Action::Orders => orders::open_orders(state, effects),
        Action::Receipt => orders::open_receipt(state),
        Action::LoadDemo => effects.push(Effect::LoadDemo),
        _ => actions::act(state, action, effects),
    }
    state.count = None;
}

/// What was said before is over with whatever is done next, but for walking through a list.
fn drop_message(state: &mut State, action: Action) {
    use Action::{Back, Bottom, Down, PageDown, PageUp, Top, Up};
    let walks = matches!(action, Up | Down | PageUp | PageDown | Top | Bottom);
    // In the lists, going back drops one thing at a time.
    let back = action == Back && matches!(state.mode, Mode::Browse);
    if !walks && !back {
        state.notice = None;
    }
}

/// Drops one thing: the prompt, the number, the message, the search.
fn back(state: &mut State, effects: &mut Vec<Effect>) {
    state.catalog.typed_ahead.clear();
    if orders::back(state) {
        return;
    }
    match state.mode {
        Mode::Search => {
            state.mode = Mode::Browse;
            clear_search(state, effects);
        }
        Mode::Browse if state.count.is_some() => {}
        Mode::Browse if state.notice.is_some() => state.notice = None,
        Mode::Browse => clear_search(state, effects),
        _ => state.mode = Mode::Browse,
    }
}

fn clear_search(state: &mut State, effects: &mut Vec<Effect>) {
    if state.catalog.words.value().is_empty() && state.catalog.category.is_none() {
        return;
    }
    // What was found stays selected among all.
    let keep = state.catalog.selected().map(|product| product.product_id());
    state.catalog.words = Input::default();
    state.catalog.category = None;
    catalog::find(state, keep, effects);
    // It stands among others again: those above it show, too.
    let page = state
        .areas()
        .map_or(0, |areas| usize::from(areas.catalog_rows.height));
    let scroll = &mut state.catalog.scroll;
    scroll.top = if scroll.cursor < page {
        0
    } else {
        scroll.cursor - page / 2
    };
}

fn accept(state: &mut State, effects: &mut Vec<Effect>) {
    match std::mem::replace(&mut state.mode, Mode::Browse) {
        Mode::Quantity { product, input } => {
            actions::set_quantity(state, &product, input.value(), effects)
        }
        Mode::Palette { input, cursor } => {
            let entry = palette::entries(state, input.value())
                .into_iter()
                .nth(cursor);
            match entry {
                Some(entry) => run(state, entry.run, effects),
                // The palette says so, and what is typed can be mended.
                None => state.mode = Mode::Palette { input, cursor },
            }
        }
        Mode::Search => {}
        other => state.mode = other,
    }
}

/// Types what the selected entry of the palette stands for.
fn complete(state: &mut State, effects: &mut Vec<Effect>) {
    let Mode::Palette { input, cursor } = &state.mode else {
        return;
    };
    if let Some(entry) = palette::entries(state, input.value())
        .into_iter()
        .nth(*cursor)
    {
        type_command(state, entry.completed, effects);
    }
}

/// Opens the palette with this typed.
fn type_command(state: &mut State, typed: String, effects: &mut Vec<Effect>) {
    state.mode = Mode::Palette {
        input: Input::new(typed),
        cursor: 0,
    };
    palette::ask(state, effects);
}

fn run(state: &mut State, run: Run, effects: &mut Vec<Effect>) {
    match run {
        Run::Action(action) => act(state, action, effects),
        Run::Type(text) => type_command(state, text, effects),
        Run::Add(product, quantity) => actions::add(state, product, quantity, effects),
        Run::Set(product, quantity) => {
            actions::set_quantity(state, &product, &quantity.to_string(), effects)
        }
        Run::Remove(product) => actions::remove(state, product, effects),
        Run::Category(category) => catalog::show_category(state, category, effects),
        Run::Sort(sort) => catalog::sort(state, sort, effects),
        Run::Theme(theme) => state.theme = *theme,
    }
}

/// Opens the prompt for the quantity of `product`.
pub fn ask_quantity(state: &mut State, product: ProductId) {
    // It begins empty: what is typed replaces the old quantity, which the prompt shows.
    state.mode = Mode::Quantity {
        product,
        input: Input::default(),
    };
}
