//! Keys: which context they are pressed in, and typing.

use super::browse;
use crate::model::{ProductId, quantity};
use crate::tui::key::{Code, Key};
use crate::tui::keymap::{Action, Context, dispatch};
use crate::tui::layout::Pane;
use crate::tui::message::Effect;
use crate::tui::state::{Mode, State};
use tui_input::{Input, InputRequest};

/// The most digits of a number before a command.
const COUNT_LIMIT: u32 = quantity::HIGHEST_LIMIT;
/// The longest text that can be typed.
const LONGEST: usize = 100;

/// Where keys are pressed now.
pub fn context(state: &State) -> Context {
    match state.mode {
        Mode::Filter => Context::Filter,
        Mode::Quantity { .. } => Context::Quantity,
        Mode::Help(_) => Context::Help,
        Mode::Leaving => Context::Leaving,
        Mode::Clearing => Context::Clearing,
        Mode::Browse if state.focus == Pane::Cart => Context::Cart,
        Mode::Browse if state.catalog.loaded && state.catalog.catalog.is_empty() => Context::EmptyCatalog,
        Mode::Browse => Context::Catalog,
    }
}

/// A key was pressed.
pub fn press(state: &mut State, key: Key, effects: &mut Vec<Effect>) {
    let here = context(state);
    if let Some(action) = dispatch(here, key) {
        act(state, action, effects);
        return;
    }
    match here {
        Context::Filter | Context::Quantity => edit(state, key),
        Context::Catalog | Context::Cart => count(state, key),
        _ => {}
    }
}

fn count(state: &mut State, key: Key) {
    if let Some(digit) = key.typed().and_then(|c| c.to_digit(10))
        && (digit > 0 || state.count.is_some())
    {
        let grown = state.count.unwrap_or(0).saturating_mul(10).saturating_add(digit);
        state.count = Some(grown.min(COUNT_LIMIT));
    }
}

fn act(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    match action {
        Action::Quit if state.cart.unconfirmed.is_empty() => effects.push(Effect::Quit),
        // Pressed once more, ctrl-c means it.
        Action::Quit if matches!(state.mode, Mode::Leaving) => effects.push(Effect::Quit),
        Action::Quit => state.mode = Mode::Leaving,
        Action::QuitAnyway => effects.push(Effect::Quit),
        Action::Suspend => effects.push(Effect::Suspend),
        Action::Back => back(state),
        Action::Accept => accept(state, effects),
        Action::Help => state.mode = Mode::Help(0),
        Action::Filter => {
            state.focus = Pane::Catalog;
            state.mode = Mode::Filter;
        }
        Action::LoadDemo => effects.push(Effect::LoadDemo),
        _ => browse::act(state, action, effects),
    }
    if !matches!(action, Action::Up | Action::Down) {
        state.count = None;
    }
}

/// Drops one thing: the prompt, the number, the message, the filter.
fn back(state: &mut State) {
    match state.mode {
        Mode::Filter => {
            state.mode = Mode::Browse;
            set_filter(state, Input::default());
        }
        Mode::Quantity { .. } | Mode::Help(_) | Mode::Leaving | Mode::Clearing => state.mode = Mode::Browse,
        Mode::Browse if state.count.is_some() => {}
        Mode::Browse if state.notice.is_some() => state.notice = None,
        Mode::Browse => set_filter(state, Input::default()),
    }
}

fn accept(state: &mut State, effects: &mut Vec<Effect>) {
    match std::mem::replace(&mut state.mode, Mode::Browse) {
        Mode::Quantity { product, input } => browse::set_quantity(state, &product, input.value(), effects),
        Mode::Filter => {}
        other => state.mode = other,
    }
}

/// Opens the prompt for the quantity of `product`.
pub fn ask_quantity(state: &mut State, product: ProductId) {
    let now = state.cart.shown.quantity(&product);
    let input = if now > 0 { Input::new(now.to_string()) } else { Input::default() };
    state.mode = Mode::Quantity { product, input };
}

/// Text was pasted: it is typed where something is typed; elsewhere it does nothing, so
/// that a pasted newline orders nothing.
pub fn paste(state: &mut State, text: &str) {
    let line = crate::model::text::clean_to(text.trim().as_bytes(), LONGEST);
    for c in line.chars() {
        match state.mode {
            Mode::Filter | Mode::Quantity { .. } => edit(state, Key::plain(Code::Char(c))),
            _ => return,
        }
    }
}

fn edit(state: &mut State, key: Key) {
    let Some(request) = request(key) else { return };
    match &mut state.mode {
        Mode::Quantity { input, .. } => handle(input, request),
        Mode::Filter => {
            let mut filter = std::mem::take(&mut state.catalog.filter);
            let before = filter.value().to_owned();
            handle(&mut filter, request);
            if filter.value() == before { state.catalog.filter = filter } else { set_filter(state, filter) }
        }
        _ => {}
    }
}

fn handle(input: &mut Input, request: InputRequest) {
    let grows = matches!(request, InputRequest::InsertChar(_));
    if !grows || input.value().chars().count() < LONGEST {
        input.handle(request);
    }
}

fn set_filter(state: &mut State, filter: Input) {
    state.catalog.filter = filter;
    state.catalog.shown = state.catalog.catalog.filter(state.catalog.filter.value());
    state.catalog.scroll = crate::tui::state::Scroll::default();
}

/// What a key does to a line of text, as in a shell.
fn request(key: Key) -> Option<InputRequest> {
    Some(match (key.code, key.ctrl, key.alt) {
        (Code::Char(c), false, false) => InputRequest::InsertChar(c),
        (Code::Named("backspace"), false, false) | (Code::Char('h'), true, false) => {
            InputRequest::DeletePrevChar
        }
        (Code::Named("delete"), false, false) | (Code::Char('d'), true, false) => {
            InputRequest::DeleteNextChar
        }
        (Code::Named("left"), false, false) | (Code::Char('b'), true, false) => InputRequest::GoToPrevChar,
        (Code::Named("right"), false, false) | (Code::Char('f'), true, false) => InputRequest::GoToNextChar,
        (Code::Named("left"), ..) | (Code::Char('b'), _, true) => InputRequest::GoToPrevWord,
        (Code::Named("right"), ..) | (Code::Char('f'), _, true) => InputRequest::GoToNextWord,
        (Code::Named("home"), ..) | (Code::Char('a'), true, false) => InputRequest::GoToStart,
        (Code::Named("end"), ..) | (Code::Char('e'), true, false) => InputRequest::GoToEnd,
        (Code::Char('u'), true, false) => InputRequest::DeleteLine,
        (Code::Char('w'), true, false) | (Code::Named("backspace"), ..) => InputRequest::DeletePrevWord,
        (Code::Char('k'), true, false) => InputRequest::DeleteTillEnd,
        _ => return None,
    })
}
