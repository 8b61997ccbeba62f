//! The words for a change of the cart: the activity and the messages both use them.

use super::orders::short_id;
use crate::model::{Activity, ChangeKind, LineChange, rules, text};
use crate::tui::state::State;
use crate::tui::state::activity::CartEventKind;

/// A change in a few words, without its author: `added 2 × Espresso`.
#[must_use]
pub(crate) fn describe(state: &State, activity: &Activity) -> String {
    let lines = activity.lines;

    match (activity.kind, only_line(activity)) {
        (ChangeKind::Undo, Some(line)) => describe_undo(state, line),
        (ChangeKind::Undo, None) => format!("undid a change of {lines} lines"),
        (ChangeKind::Redo, _) => format!("{} again", describe_edit(state, activity)),
        (ChangeKind::Edit, _) => describe_edit(state, activity),
        (ChangeKind::Touch, _) => "kept the session alive".to_owned(),
        (ChangeKind::Clear, _) => format!("cleared {}", text::count(lines, "line")),
        (ChangeKind::Freeze, _) => "is ordering the cart".to_owned(),
        (ChangeKind::Unfreeze, _) => "could not order".to_owned(),
        (ChangeKind::Order, _) => describe_order(activity),
        (ChangeKind::Rules, _) => {
            let currency = &state.shop.currency;
            rules::told(&activity.rules, currency, activity.at, &state.env.zone)
        }
        (ChangeKind::Expire, Some(line)) => {
            let name = state.name_of(&line.product);
            format!("{name} expired, unchanged for too long")
        }
        (ChangeKind::Expire, None) => format!("{lines} lines expired, unchanged for too long"),
    }
}

/// A change as a sentence, with its author; lines expire without one.
#[must_use]
pub(crate) fn describe_with_author(state: &State, activity: &Activity) -> String {
    let description = describe(state, activity);
    if activity.kind == ChangeKind::Expire {
        description
    } else {
        format!("{} {description}", activity.by)
    }
}

/// An event in a few words: `the deadline passed: closed`.
#[must_use]
pub(crate) fn describe_event(kind: &CartEventKind) -> String {
    match kind {
        CartEventKind::Expired => "the session timed out: emptied".to_owned(),
        CartEventKind::Closed => "the deadline passed: closed".to_owned(),
        CartEventKind::Order(id, state) => {
            format!("order {} is {}", short_id(id), state.name())
        }
    }
}

fn describe_order(activity: &Activity) -> String {
    let lines = text::count(activity.lines, "line");
    match &activity.order {
        Some(id) => format!("ordered {lines}: {}", short_id(id)),
        None => format!("ordered {lines}"),
    }
}

fn only_line(activity: &Activity) -> Option<&LineChange> {
    activity.first.as_ref().filter(|_| activity.lines == 1)
}

fn describe_edit(state: &State, activity: &Activity) -> String {
    let Some(line) = only_line(activity) else {
        return format!("changed {} lines", activity.lines);
    };

    let name = state.name_of(&line.product);
    match (line.delta, &line.taken[..]) {
        _ if line.quantity == 0 => format!("removed {name}{}", line.of_others()),
        (0, _) => format!("kept {} × {name}", line.quantity),
        (1.., _) => format!("added {} × {name}", line.delta),
        (_, [all]) if i64::from(all.pieces) == -line.delta => {
            format!("took out {} × {name} of {}'s", all.pieces, all.by)
        }
        _ => format!("took out {} × {name}{}", -line.delta, line.of_others()),
    }
}

fn describe_undo(state: &State, line: &LineChange) -> String {
    let name = state.name_of(&line.product);
    match line.delta {
        ..0 => format!("undid adding {} × {name}", -line.delta),
        // Of a damaged line nobody knows how many pieces it had.
        0 => format!("brought back {name}"),
        1.. => format!("brought back {} × {name}", line.delta),
    }
}
