//! What the link tells of the cart.

use super::{catalog, complain, orders, tell, warn};
use crate::config::keymap::Action;
use crate::model::total::ProductLookup;
use crate::model::{
    Activity, Cart, Change, ChangeKind, Deadline, Edit, Item, LineChange, OpId, ProductId, Stock,
    Update, UpdateFit, text,
};
use crate::store::live::LiveEvent;
use crate::store::{Error, Trouble};
use crate::tui::message::{Effect, Now};
use crate::tui::state::{Connectivity, Highlight, Mode, State};

/// How long a changed line is highlighted, in milliseconds.
const MARKED: u64 = 1_500;

/// The link told something.
pub fn on_link(state: &mut State, event: LiveEvent, now: Now, effects: &mut Vec<Effect>) {
    match event {
        LiveEvent::Down(trouble) => on_down(state, trouble, now, effects),
        LiveEvent::Stale => {
            if state.connectivity == Connectivity::Live {
                state.connectivity = Connectivity::Syncing;
            }
        }
        LiveEvent::Applied(ops) => state.cart.applied = ops,
        LiveEvent::Cart(cart) => on_cart(state, cart, effects),
        LiveEvent::Unreadable(trouble) => {
            let up = matches!(
                state.connectivity,
                Connectivity::Connecting | Connectivity::Offline { .. }
            );
            state.connectivity = Connectivity::Unreadable(trouble);
            if up {
                orders::on_up(state, effects);
            }
        }
        LiveEvent::Update(update) => on_update(state, &update, effects),
        LiveEvent::Settled(op, outcome) => on_settled(state, &op, outcome, effects),
        LiveEvent::Products(read) => {
            catalog::on_products(state, read, effects);
            orders::doubt(state);
        }
        LiveEvent::Catalog(news) => {
            catalog::on_news(state, news, effects);
            orders::doubt(state);
        }
        LiveEvent::Order(answer) => orders::on_answer(state, answer, effects),
        LiveEvent::Activity(updates) => note_activity(state, &updates),
        LiveEvent::Watchers(watchers) => {
            state.watchers = watchers
                .into_iter()
                .filter(|watcher| watcher.id != state.env.ops)
                .collect();
        }
    }
}

fn on_down(state: &mut State, trouble: Trouble, now: Now, effects: &mut Vec<Effect>) {
    let gone = matches!(trouble, Trouble::Refused | Trouble::NoSocket);
    if gone && state.env.private && !state.reviving {
        state.reviving = true;
        effects.push(Effect::Revive);
    }
    // Nobody can have changed a thing yet, and waiting changes neither address nor password.
    if state.connectivity == Connectivity::Connecting && trouble.is_access_error() {
        effects.push(Effect::GiveUp(trouble));
        return;
    }
    orders::on_down(state);
    let since = match state.connectivity {
        Connectivity::Offline { since, .. } => since,
        _ => now.wall,
    };
    state.connectivity = Connectivity::Offline { since, trouble };
}

fn on_cart(state: &mut State, cart: Cart, effects: &mut Vec<Effect>) {
    let first = state.connectivity == Connectivity::Connecting;
    let back = matches!(state.connectivity, Connectivity::Offline { .. });
    if !first {
        mark_differences(state, &cart);
        if cart.lines.is_empty() && !state.cart.confirmed.lines.is_empty() && is_over(state) {
            tell(state, "The session timed out: the cart is empty".to_owned());
        }
    }
    state.connectivity = Connectivity::Live;
    set_deadline(state, cart.deadline);
    state.cart.confirmed = cart;
    state.cart.loaded = true;
    fold(state);
    if back || !state.catalog.loaded {
        catalog::ask(state, effects);
    }
    if first || back {
        orders::on_up(state, effects);
    }
    read_unknown(state, effects);
}

fn on_update(state: &mut State, update: &Update, effects: &mut Vec<Effect>) {
    if state
        .cart
        .unconfirmed
        .iter()
        .any(|change| change.op == update.op)
    {
        state.cart.applied.push(update.op.clone());
    }
    match state.cart.confirmed.apply(update) {
        UpdateFit::Old => return fold(state),
        UpdateFit::Gap => {
            tell_of_whole(state, update);
            if state.connectivity == Connectivity::Live {
                state.connectivity = Connectivity::Syncing;
            }
            effects.push(Effect::Reread);
            return;
        }
        UpdateFit::Next => {}
    }
    set_deadline(state, update.deadline);
    note_activity(state, std::slice::from_ref(update));
    let ours = update.op.as_str().starts_with(&state.env.ops);
    // One's own change is no news, but what it took back may be.
    if !ours
        || matches!(
            update.kind,
            ChangeKind::Expire | ChangeKind::Undo | ChangeKind::Redo
        )
    {
        for line in &update.lines {
            mark(state, line.product.clone());
        }
        let said = said(state, &Activity::from(update));
        tell(state, said);
    }
    fold(state);
    read_unknown(state, effects);
}

/// Tells of what is more than an update says; the cart itself is read again.
fn tell_of_whole(state: &mut State, update: &Update) {
    let ours = update.by == state.env.me;
    let others = matches!(
        update.kind,
        ChangeKind::Order | ChangeKind::Rules | ChangeKind::Freeze
    ) && !ours;
    if others || matches!(update.kind, ChangeKind::Undo | ChangeKind::Redo) {
        let said = said(state, &Activity::from(update));
        tell(state, said);
    }
}

/// Notes updates for the activity.
fn note_activity(state: &mut State, updates: &[Update]) {
    let page = state.areas().map_or(0, |areas| areas.activity_page());
    state.activity.note(updates, page);
}

/// What was done, in a few words.
#[must_use]
pub fn describe(state: &State, activity: &Activity) -> String {
    let name = |line: &LineChange| state.name_of(&line.product);
    let what = match (activity.kind, &activity.first, activity.lines) {
        (ChangeKind::Touch, ..) => "kept the session alive".to_owned(),
        (ChangeKind::Clear, _, lines) => format!("cleared {}", text::count(lines, "line")),
        (ChangeKind::Freeze, ..) => "is ordering the cart".to_owned(),
        (ChangeKind::Unfreeze, ..) => "could not order".to_owned(),
        (ChangeKind::Order, _, lines) => format!("ordered {}", text::count(lines, "line")),
        (ChangeKind::Rules, ..) => "set rules for the cart".to_owned(),
        (ChangeKind::Expire, Some(line), 1) => {
            format!("{} left, untouched for too long", name(line))
        }
        (ChangeKind::Expire, _, lines) => format!("{lines} lines left, untouched for too long"),
        (_, Some(line), 1) => match line.delta {
            _ if line.quantity == 0 => format!("removed {}", name(line)),
            0.. => format!("added {} × {}", line.delta, name(line)),
            _ => format!("took out {} × {}", -line.delta, name(line)),
        },
        (_, _, lines) => format!("changed {lines} lines"),
    };
    match (activity.kind, &activity.first, activity.lines) {
        (ChangeKind::Undo, Some(line), 1) if line.delta < 0 => {
            format!("took back {} × {}", -line.delta, name(line))
        }
        (ChangeKind::Undo, Some(line), 1) => {
            format!("brought back {} × {}", line.delta, name(line))
        }
        (ChangeKind::Undo, _, lines) => format!("took back a change of {lines} lines"),
        (ChangeKind::Redo, ..) => format!("again {what}"),
        _ => what,
    }
}

/// Who did it, and what.
fn said(state: &State, activity: &Activity) -> String {
    let what = describe(state, activity);
    if activity.kind == ChangeKind::Expire {
        what
    } else {
        format!("{} {what}", activity.by)
    }
}

fn on_settled(
    state: &mut State,
    op: &OpId,
    outcome: Result<Update, Error>,
    effects: &mut Vec<Effect>,
) {
    let leaving = matches!(state.mode, Mode::ConfirmQuit);
    let before = state.cart.unconfirmed.len();
    state.cart.unconfirmed.retain(|change| change.op != *op);
    state.cart.applied.retain(|applied| applied != op);
    if state.cart.unconfirmed.len() == before {
        return;
    }
    if let Ok(update) = &outcome {
        state.cart.history.note(update.clone());
    }
    fold(state);
    let said = match outcome {
        // Who asked to quit waits for this alone.
        Ok(_) if state.is_settled() && leaving => return effects.push(Effect::Quit),
        Ok(update) => return confirm(state, &update),
        Err(Error::Refused(refusal)) => refusal.told_in(&state.shop.currency),
        Err(error) => format!("The change was not made: {error}"),
    };
    complain(state, said);
    if leaving {
        // They should see that.
        state.mode = Mode::Browse;
    }
}

/// Tells of our own change what the cart alone does not show.
fn confirm(state: &mut State, update: &Update) {
    let undo = state.env.keymap.key_of(Action::Undo);
    match (update.kind, &update.lines[..]) {
        (ChangeKind::Clear, lines) => {
            let them = if lines.len() == 1 { "it" } else { "them" };
            let lines = text::count(lines.len(), "line");
            tell(
                state,
                format!("Cleared {lines} · {undo} brings {them} back"),
            );
        }
        (ChangeKind::Edit, [line]) if line.quantity == 0 => {
            let said = format!(
                "Removed {} · {undo} brings it back",
                state.name_of(&line.product)
            );
            tell(state, said);
        }
        (ChangeKind::Edit, [line]) if line.delta > 0 => {
            let ProductLookup::Product(Item {
                stock: stock @ Stock::Left(left),
                ..
            }) = state.known(&line.product)
            else {
                return;
            };
            // A cart may hold more than there is: it is told, and the checkout decides.
            if stock.warning(line.quantity).is_some() {
                let left = match left {
                    0 => "none are left".to_owned(),
                    1 => "only 1 is left".to_owned(),
                    _ => format!("only {left} are left"),
                };
                warn(state, format!("Added {}, but {left}", line.delta));
            }
        }
        _ => {}
    }
}

/// What shows: the confirmed cart with the unconfirmed changes over it.
pub fn fold(state: &mut State) {
    let selected = state.cart.selected.take();
    let mut shown = state.cart.confirmed.clone();
    let applied = &state.cart.applied;
    let open = state
        .cart
        .unconfirmed
        .iter()
        .filter(|change| !applied.contains(&change.op));
    for edit in open.flat_map(|change| &change.edits) {
        shown.preview(edit);
    }
    // What is not confirmed yet comes from us.
    for added in shown
        .lines
        .iter_mut()
        .filter_map(|line| line.added.as_mut())
    {
        if added.version == u64::MAX {
            added.by.clone_from(&state.env.me);
        }
    }
    // The selected line stays selected, and keeps its place on the screen, when lines come
    // and go above it.
    if let Some(place) =
        selected.and_then(|id| shown.lines.iter().position(|line| line.product == id))
    {
        let scroll = &mut state.cart.scroll;
        let offset = scroll.cursor.saturating_sub(scroll.top);
        scroll.cursor = place;
        scroll.top = place.saturating_sub(offset);
    }
    state.cart.shown = shown;
}

/// Asks for the products in the cart that the catalog does not have.
pub fn read_unknown(state: &State, effects: &mut Vec<Effect>) {
    if !state.catalog.loaded {
        return;
    }
    let lines = state.cart.confirmed.lines.iter().map(|line| &line.product);
    let unknown: Vec<ProductId> = lines
        .filter(|id| matches!(state.known(id), ProductLookup::Unread))
        .cloned()
        .collect();
    if !unknown.is_empty() {
        effects.push(Effect::ReadProducts(unknown));
    }
}

fn mark(state: &mut State, product: ProductId) {
    state.marks.retain(|mark| mark.product != product);
    state.marks.push(Highlight {
        product,
        until: state.now + MARKED,
    });
}

fn mark_differences(state: &mut State, cart: &Cart) {
    let changed: Vec<ProductId> = cart
        .lines
        .iter()
        .filter(|line| {
            state
                .cart
                .confirmed
                .line(&line.product)
                .map(|old| &old.quantity)
                != Some(&line.quantity)
        })
        .map(|line| line.product.clone())
        .collect();
    for product in changed {
        mark(state, product);
    }
}

fn set_deadline(state: &mut State, deadline: Deadline) {
    state.cart.deadline = deadline.left_when_told().map(|left| state.now + left);
    state.cart.server_ahead = deadline.told_at.saturating_sub(state.now);
}

/// Asks the server to let the lines leave that nobody has touched for too long.
pub fn expire_lines(state: &mut State, effects: &mut Vec<Effect>) {
    let due = state.next_expiry().is_some_and(|at| at <= state.now);
    if due && state.connectivity == Connectivity::Live {
        state.cart.expiry_asked = Some(state.now);
        // It is nobody's change: it does not wait, and where it is lost another follows.
        effects.push(Effect::Send(Change {
            op: state.next_op(),
            kind: ChangeKind::Expire,
            edits: vec![Edit::Expire],
        }));
    }
}

fn is_over(state: &State) -> bool {
    state
        .cart
        .deadline
        .is_some_and(|deadline| deadline <= state.now)
}

/// At zero the cart is read again: the server alone says that it has expired.
pub fn watch_deadline(state: &mut State, effects: &mut Vec<Effect>) {
    if is_over(state)
        && !state.cart.confirmed.lines.is_empty()
        && state.connectivity == Connectivity::Live
    {
        state.connectivity = Connectivity::Syncing;
        effects.push(Effect::Reread);
    }
}
