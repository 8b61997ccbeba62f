//! Walking through the lists, and changing the cart from them.

use super::{UNREAD, complain, keys};
use crate::model::total::Known;
use crate::model::{Change, Edit, Kind, Money, ProductId, Refusal, quantity};
use crate::tui::help;
use crate::tui::keymap::{Action, Context};
use crate::tui::layout::Pane;
use crate::tui::message::Effect;
use crate::tui::palette;
use crate::tui::state::{Mode, State};

/// Changes that may wait for their answer at the same time.
pub const MOST_UNCONFIRMED: usize = 200;

/// Does what a key asks for in a list.
pub fn act(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    let count = state.count;
    match action {
        Action::Up
        | Action::Down
        | Action::PageUp
        | Action::PageDown
        | Action::Top
        | Action::Bottom => {
            walk(state, action);
        }
        Action::SwitchPane => go_to(state, state.focus.other()),
        Action::ToCatalog => go_to(state, Pane::Catalog),
        Action::ToCart => go_to(state, Pane::Cart),
        Action::Undo | Action::Redo => take_back(state, action, effects),
        Action::AskClear | Action::KeepAlive if !state.cart.loaded => {
            complain(state, UNREAD.to_owned())
        }
        Action::AskClear if state.cart.shown.lines.is_empty() => {
            complain(state, Refusal::AlreadyEmpty.to_string());
        }
        Action::AskClear => state.mode = Mode::Clearing,
        Action::Clear => {
            state.mode = Mode::Browse;
            make(state, Kind::Clear, vec![Edit::Clear], effects);
        }
        Action::KeepAlive if state.cart.confirmed.lines.is_empty() => {
            complain(
                state,
                "The cart is empty: there is no session to keep".to_owned(),
            );
        }
        Action::KeepAlive => make(state, Kind::Touch, Vec::new(), effects),
        Action::Activity => toggle_activity(state),
        _ => {
            let (action, number) = match (action, state.last) {
                (Action::Repeat, Some((last, number))) => (last, count.unwrap_or(number)),
                (Action::Repeat, None) => {
                    return complain(state, "There is nothing to repeat yet".to_owned());
                }
                _ => (action, count.unwrap_or(1)),
            };
            let Some(product) = state.target() else {
                return;
            };
            if action != Action::SetQuantity {
                state.last = Some((action, number));
            }
            match action {
                Action::Add | Action::More => add(state, product, number, effects),
                Action::Less => change(
                    state,
                    Edit::Take {
                        product,
                        quantity: number,
                    },
                    effects,
                ),
                Action::Remove => remove(state, product, effects),
                Action::SetQuantity => keys::ask_quantity(state, product),
                _ => {}
            }
        }
    }
}

/// Goes to a pane on purpose: hiding the activity leads nowhere else then.
pub fn go_to(state: &mut State, pane: Pane) {
    state.focus = pane;
    state.activity.left = None;
}

/// Shows the activity, be it in the other pane, or hides it and goes back.
fn toggle_activity(state: &mut State) {
    let shows = |state: &State| state.areas().is_some_and(|areas| areas.activity.is_some());
    if shows(state) {
        state.activity.shown = Some(false);
        if let Some(pane) = state.activity.left.take() {
            state.focus = pane;
        }
        return;
    }
    state.activity.shown = Some(true);
    if !shows(state) {
        state.activity.left = Some(state.focus);
        state.focus = Pane::Cart;
    }
}

/// Moves the selection of the list with the keyboard.
pub fn walk(state: &mut State, action: Action) {
    let Some(areas) = state.areas() else { return };
    if super::desk::walk(state, action) {
        return;
    }
    if let Mode::Palette { input, cursor } = &state.mode {
        let moved = step(
            *cursor,
            palette::entries(state, input.value()).len(),
            1,
            action,
            1,
        );
        if let Mode::Palette { cursor, .. } = &mut state.mode {
            *cursor = moved;
        }
        return;
    }
    if let Mode::Help(top) = state.mode {
        let page = help::page(state);
        let last = help::rows(state).len().saturating_sub(page);
        state.mode = Mode::Help(step(top.min(last), last + 1, page, action, 1));
        return;
    }
    let by = state.count.unwrap_or(1) as usize;
    // Where it stands in the place of the cart, it has the keys that move there.
    if state.list() == Context::Activity {
        let page = areas.activity_page();
        let tops = (state.activity.entries.len() + 1).saturating_sub(page);
        state.activity.top = step(state.activity.top, tops, page, action, by);
        return;
    }
    let (scroll, rows, page) = match state.focus {
        Pane::Catalog => (
            &mut state.catalog.scroll,
            state.catalog.shown.len(),
            areas.catalog_rows.height,
        ),
        Pane::Cart => (
            &mut state.cart.scroll,
            state.cart.shown.lines.len(),
            areas.cart_rows.height,
        ),
    };
    scroll.cursor = step(scroll.cursor, rows, usize::from(page), action, by);
}

/// Where a step leads from row `at` of `rows`.
pub fn step(at: usize, rows: usize, page: usize, action: Action, by: usize) -> usize {
    let last = rows.saturating_sub(1);
    let page = page.saturating_sub(1).max(1);
    match action {
        Action::Up => at.saturating_sub(by),
        Action::Down => at.saturating_add(by).min(last),
        Action::PageUp => at.saturating_sub(page),
        Action::PageDown => (at + page).min(last),
        Action::Top => 0,
        _ => last,
    }
}

/// Adds pieces of a product.
pub fn add(state: &mut State, product: ProductId, quantity: u32, effects: &mut Vec<Effect>) {
    match price(state, &product) {
        Ok(price) => change(
            state,
            Edit::Add {
                product,
                quantity,
                price,
            },
            effects,
        ),
        Err(refusal) => complain(state, refusal.to_string()),
    }
}

/// The price to note on a line; the shop can't sell what has none.
fn price(state: &State, product: &ProductId) -> Result<Option<Money>, Refusal> {
    match state.known(product) {
        Known::Product(known) if known.price.is_none() => {
            Err(Refusal::NoPrice(known.name.to_string()))
        }
        Known::Product(known) => Ok(known.price),
        Known::Gone => Err(Refusal::UnknownProduct(product.to_string())),
        Known::Unread => Ok(None),
    }
}

/// Sets the quantity that was typed at the prompt.
pub fn set_quantity(
    state: &mut State,
    product: &ProductId,
    typed: &str,
    effects: &mut Vec<Effect>,
) {
    // Nothing typed is nothing asked for.
    if typed.trim().is_empty() {
        return;
    }
    // The server knows the limit; here only what is no quantity at all is caught.
    let quantity = match quantity::parse(typed, quantity::HIGHEST_LIMIT) {
        Ok(quantity) => quantity,
        Err(Refusal::Zero) if state.cart.shown.line(product).is_some() => {
            return remove(state, product.clone(), effects);
        }
        Err(refusal) => return complain(state, refusal.to_string()),
    };
    match price(state, product) {
        Ok(price) => change(
            state,
            Edit::Set {
                product: product.clone(),
                quantity,
                price,
            },
            effects,
        ),
        Err(refusal) => complain(state, refusal.to_string()),
    }
}

/// Takes back our own last change, or makes it again, by its inverse.
fn take_back(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    let kind = match action {
        Action::Undo => Kind::Undo,
        _ => Kind::Redo,
    };
    // A change that is not confirmed yet is the last one: what was before it is not meant.
    let is_last = |change: &Change| {
        change.kind != kind
            && matches!(
                change.kind,
                Kind::Edit | Kind::Clear | Kind::Undo | Kind::Redo
            )
    };
    let waits = state.cart.unconfirmed.iter().any(is_last);

    let history = &mut state.cart.history;
    let last = match kind {
        _ if waits => None,
        Kind::Undo => history.done.pop(),
        _ => history.undone.pop(),
    };
    let Some(update) = last else {
        let wait = !state.cart.unconfirmed.is_empty();
        let why = if wait {
            "The last change is not confirmed yet"
        } else {
            "There is nothing to take back"
        };
        return complain(state, why.to_owned());
    };
    let mut edits = update.inverse();
    for edit in &mut edits {
        if let Edit::Add { product, price, .. } | Edit::Restore { product, price, .. } = edit {
            *price = self::price(state, product).ok().flatten();
        }
    }
    make(state, kind, edits, effects);
}

/// Removes a line.
pub fn remove(state: &mut State, product: ProductId, effects: &mut Vec<Effect>) {
    change(state, Edit::Remove { product }, effects);
}

fn change(state: &mut State, edit: Edit, effects: &mut Vec<Effect>) {
    let product = edit.product().cloned();
    make(state, Kind::Edit, vec![edit], effects);
    // What was just changed is what the cart shows as selected, ready for the next key there.
    let place = state
        .cart
        .shown
        .lines
        .iter()
        .position(|line| Some(&line.product) == product.as_ref());
    if let Some(place) = place {
        state.cart.scroll.cursor = place;
    }
}

/// Makes a change: it shows at once as unconfirmed, and is sent.
fn make(state: &mut State, kind: Kind, edits: Vec<Edit>, effects: &mut Vec<Effect>) {
    if state.cart.unconfirmed.len() >= MOST_UNCONFIRMED {
        return complain(
            state,
            format!(
                "{MOST_UNCONFIRMED} changes wait for the server already: this one was not made"
            ),
        );
    }
    let change = Change {
        op: state.next_op(),
        kind,
        edits,
    };
    state.cart.unconfirmed.push_back(change.clone());
    super::cart::fold(state);
    effects.push(Effect::Send(change));
}
