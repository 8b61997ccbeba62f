//! The words for a change of the cart: the activity and the messages both use them.

use crate::model::{Activity, ChangeKind, LineChange, text};
use crate::tui::state::State;

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
        (ChangeKind::Order, _) => format!("ordered {}", text::count(lines, "line")),
        (ChangeKind::Rules, _) => "set rules for the cart".to_owned(),
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

fn only_line(activity: &Activity) -> Option<&LineChange> {
    activity.first.as_ref().filter(|_| activity.lines == 1)
}

fn describe_edit(state: &State, activity: &Activity) -> String {
    let Some(line) = only_line(activity) else {
        return format!("changed {} lines", activity.lines);
    };

    let name = state.name_of(&line.product);
    match line.delta {
        _ if line.quantity == 0 => format!("removed {name}"),
        0.. => format!("added {} × {name}", line.delta),
        _ => format!("took out {} × {name}", -line.delta),
    }
}

fn describe_undo(state: &State, line: &LineChange) -> String {
    let name = state.name_of(&line.product);
    if line.delta < 0 {
        format!("undid adding {} × {name}", -line.delta)
    } else {
        format!("brought back {} × {name}", line.delta)
    }
}
