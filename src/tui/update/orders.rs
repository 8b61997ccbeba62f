//! The checkout and the orders: what their keys do, and what the link tells of them.

use super::{UNREAD, complain, tell, warn};
use crate::config::keymap::Action;
use crate::model::{ChangeKind, OrderId, OrderState, Refusal};
use crate::store::Error;
use crate::store::live::{OrderEvent, OrderRequest};
use crate::store::order::Outcome;
use crate::tui::message::Effect;
use crate::tui::state::orders;
use crate::tui::state::orders::extent;
use crate::tui::state::{Connectivity, Mode, State};
use crate::tui::update::actions::step;

/// Opens the checkout.
pub fn check_out(state: &mut State, effects: &mut Vec<Effect>) {
    if !state.cart.loaded {
        return complain(state, UNREAD.to_owned());
    }
    if state.cart.shown.lines.is_empty() {
        return complain(state, Refusal::EmptyCart.to_string());
    }
    state.mode = Mode::Checkout(0);
    state.orders.preview = None;
    read_preview(state, effects);
}

/// Opens the past orders.
pub fn open_orders(state: &mut State, effects: &mut Vec<Effect>) {
    state.mode = Mode::Orders;
    effects.push(Effect::Order(OrderRequest::List));
}

/// Opens the receipt of the selected order.
pub fn open_receipt(state: &mut State) {
    if let Some(order) = state.orders.selected() {
        state.mode = Mode::Receipt {
            order: order.id.clone(),
            top: 0,
            picked: true,
        };
    }
}

/// One step back from these screens; whether it was one of them.
pub fn back(state: &mut State) -> bool {
    state.mode = match state.mode {
        Mode::Receipt { picked: true, .. } => Mode::Orders,
        Mode::Receipt { .. } | Mode::Checkout(_) | Mode::Orders => Mode::Browse,
        _ => return false,
    };
    true
}

/// Walks through these screens; whether it was one of them.
pub fn walk(state: &mut State, action: Action) -> bool {
    let Some((rows, page)) = extent(state) else {
        return false;
    };
    let by = state.count.unwrap_or(1) as usize;
    match &mut state.mode {
        Mode::Orders => {
            let scroll = &mut state.orders.scroll;
            scroll.cursor = step(scroll.cursor, rows, page, action, by);
            scroll.settle(rows, page);
        }
        Mode::Checkout(top) | Mode::Receipt { top, .. } => {
            *top = step(*top, (rows + 1).saturating_sub(page), page, action, by);
        }
        _ => {}
    }
    true
}

/// Keeps what shows on the screen, whatever its size and however much there is.
pub fn settle(state: &mut State) {
    let Some((rows, page)) = extent(state) else {
        return;
    };
    match &mut state.mode {
        Mode::Checkout(top) | Mode::Receipt { top, .. } => {
            *top = (*top).min(rows.saturating_sub(page))
        }
        _ => state.orders.scroll.settle(rows, page),
    }
}

fn read_preview(state: &mut State, effects: &mut Vec<Effect>) {
    if state.connectivity != Connectivity::Live || state.orders.reading {
        return;
    }
    (state.orders.reading, state.orders.outdated) = (true, false);
    effects.push(Effect::Order(OrderRequest::Preview(
        state.shop.currency.clone(),
    )));
}

/// Confirms what shows: it is ordered, once.
pub fn place(state: &mut State, effects: &mut Vec<Effect>) {
    if state.orders.placing.is_some() {
        return tell(state, "The order is on its way already".to_owned());
    }
    if state.connectivity != Connectivity::Live {
        return complain(
            state,
            "Not ordered: the server is away. Confirm again when it is back".to_owned(),
        );
    }
    if state.orders.reading {
        let said = "Nothing was ordered: the server has not answered yet. Confirm when it has";
        return complain(state, said.to_owned());
    }
    let ready = !state.orders.outdated && state.cart.unconfirmed.is_empty();
    let current = |version| version == state.cart.confirmed.version;
    let Some(preview) = state
        .orders
        .preview
        .clone()
        .filter(|p| ready && current(p.version))
    else {
        return complain(
            state,
            "Not ordered: the cart is just changing. Look again, then confirm".to_owned(),
        );
    };
    if preview.order().is_err() {
        // The checkout says why; who was slower wants to know more.
        let last = state.activity.entries.last().map(|entry| &entry.sum);
        let ordered =
            last.filter(|last| last.kind == ChangeKind::Order && preview.lines.is_empty());
        let said = match ordered {
            Some(last) => {
                let orders = state.env.keymap.key_of(Action::Orders);
                format!(
                    "{} has just ordered it: nothing was ordered again · {orders} shows the order",
                    last.by
                )
            }
            None => "Nothing was ordered".to_owned(),
        };
        return warn(state, said);
    }
    let id = OrderId::new(preview.at, random(state));
    state.orders.placing = Some(id.clone());
    state.notice = None;
    effects.push(Effect::Order(OrderRequest::Place(id, preview)));
}

/// Bits that no other program has, and no other order of ours: ours come from a random id. The
/// store refuses an id that is there already.
fn random(state: &mut State) -> u64 {
    state.made += 1;
    let ours = state
        .env
        .ops
        .get(..16)
        .and_then(|hex| u64::from_str_radix(hex, 16).ok())
        .unwrap_or(0);
    ours.wrapping_add(state.made.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// The link answered.
pub fn on_answer(state: &mut State, answer: OrderEvent, effects: &mut Vec<Effect>) {
    match answer {
        OrderEvent::Preview(preview) => {
            state.orders.reading = false;
            state.orders.preview = Some(preview);
        }
        OrderEvent::List(orders) => {
            state.orders.list = Some(orders);
            if let Some((rows, page)) = extent(state) {
                state.orders.scroll.settle(rows, page);
            }
        }
        OrderEvent::State(id, order_state) => on_state(state, &id, order_state, effects),
        OrderEvent::Waits(trouble) => complain(state, format!("The order waits: {trouble}")),
        OrderEvent::Resumed(outcome) => on_resumed(state, outcome),
        OrderEvent::Failed(trouble) => {
            // Asked again by the shopper, not at once for ever.
            let previewing = std::mem::take(&mut state.orders.reading);
            let nothing = match state.mode {
                Mode::Checkout(_) => previewing,
                Mode::Orders | Mode::Receipt { .. } => !previewing && state.orders.list.is_none(),
                _ => false,
            };
            if nothing {
                state.mode = Mode::Browse;
            }
            complain(state, Error::Trouble(trouble).to_string());
        }
        OrderEvent::Ended(_, outcome) => on_ended(state, outcome, effects),
    }
}

/// The order that another left on its way has ended, or we can't finish it.
fn on_resumed(state: &mut State, outcome: Result<Outcome, Error>) {
    let error = match outcome {
        Ok(Outcome::Placed(id)) => {
            return tell(
                state,
                format!("Order {id}, which was left on its way, is placed now"),
            );
        }
        Ok(Outcome::Undone(hitch)) => return complain(state, hitch.to_string()),
        Ok(Outcome::Nothing) => return,
        Err(Error::Trouble(trouble) | Error::Unknown { trouble, .. }) => Error::Trouble(trouble),
        Err(refused) => refused,
    };
    let Some(ordering) = &state.cart.confirmed.ordering else {
        return;
    };
    let said = format!(
        "The order of {} stopped on its way, and can't be finished here: {error}",
        ordering.by
    );
    // Told once: whoever may finish it will, and until then nothing here changes.
    state.orders.stuck = Some(ordering.id.clone());
    complain(state, said);
}

/// The order that was confirmed here has ended.
fn on_ended(state: &mut State, outcome: Result<Outcome, Error>, effects: &mut Vec<Effect>) {
    state.orders.placing = None;
    state.orders.outdated = true;
    let leaving = matches!(state.mode, Mode::ConfirmQuit);
    if leaving && !matches!(outcome, Ok(Outcome::Placed(_))) {
        // They should see that.
        state.mode = Mode::Browse;
    }
    match outcome {
        // Who asked to quit waits for this alone.
        Ok(Outcome::Placed(_)) if leaving && state.is_settled() => effects.push(Effect::Quit),
        Ok(Outcome::Placed(id)) => {
            tell(state, format!("Ordered: {id}"));
            effects.push(Effect::Order(OrderRequest::List));
            if matches!(state.mode, Mode::Checkout(_)) {
                state.mode = Mode::Receipt {
                    order: id,
                    top: 0,
                    picked: false,
                };
            }
        }
        Ok(Outcome::Undone(hitch)) => {
            // Somebody may have changed the products without a word.
            let ids = state
                .cart
                .confirmed
                .lines
                .iter()
                .map(|line| line.product.clone());
            effects.push(Effect::ReadProducts(ids.collect()));
            complain(state, hitch.to_string());
        }
        Ok(Outcome::Nothing) => complain(state, Refusal::CartChanged.to_string()),
        Err(Error::Refused(refusal)) => {
            let said = refusal.told_in(&state.shop.currency);
            complain(state, said);
        }
        Err(Error::Trouble(trouble)) => complain(state, format!("Not ordered: {trouble}")),
        Err(Error::Unknown { trouble, .. }) => {
            complain(
                state,
                format!("It is not known yet how the order ended: {trouble}"),
            );
        }
    }
}

fn on_state(state: &mut State, id: &OrderId, now: OrderState, effects: &mut Vec<Effect>) {
    let known = state
        .orders
        .list
        .iter_mut()
        .flatten()
        .find(|order| order.id == *id);
    let first = known.is_none();
    if let Some(order) = known {
        order.state = now;
    }
    if now != OrderState::Placed {
        tell(state, format!("Order {id} is {}", now.name()));
    }
    let shows = matches!(state.mode, Mode::Orders | Mode::Receipt { .. });
    if shows || (first && state.orders.list.is_some()) {
        effects.push(Effect::Order(OrderRequest::List));
    }
}

/// The link is down: what was asked is not answered any more. An order on its way goes on.
pub fn on_down(state: &mut State) {
    state.orders.reading = false;
    state.orders.outdated = true;
    // Another server, or other rights, may do better.
    state.orders.stuck = None;
}

/// The link is up: the orders that show are asked for, again or because nobody heard it before.
/// The prices of a checkout are read by the clock of [`pass_time`].
pub fn on_up(state: &State, effects: &mut Vec<Effect>) {
    if matches!(state.mode, Mode::Orders | Mode::Receipt { .. }) {
        effects.push(Effect::Order(OrderRequest::List));
    }
}

/// Products or rules changed: what would be ordered is read again.
pub fn doubt(state: &mut State) {
    state.orders.outdated = true;
}

/// What comes by itself when its time has come.
pub fn pass_time(state: &mut State, effects: &mut Vec<Effect>) {
    if matches!(state.mode, Mode::Checkout(_)) && state.orders.placing.is_none() {
        let older =
            |preview: &crate::model::Preview| preview.version < state.cart.confirmed.version;
        let old = state
            .orders
            .preview
            .as_ref()
            .is_none_or(|preview| older(preview));
        if old || state.orders.outdated {
            read_preview(state, effects);
        }
    }
    if orders::resume_due(state).is_some_and(|due| due <= state.now) {
        state.orders.resumed = Some(state.now);
        effects.push(Effect::Order(OrderRequest::Resume));
    }
}
