//! The words about fixing what can't be ordered, and whether it can be fixed from here.

use crate::config::keymap::Action;
use crate::model::checkout::{Loss, Mending, PreviewLine};
use crate::model::{Refusal, text};
use crate::tui::state::State;

/// The rule that keeps everybody from changing the cart; `None` where it may be changed.
#[must_use]
pub(crate) fn closed(state: &State) -> Option<Refusal> {
    let rules = &state.cart.confirmed.rules;
    let owner = rules.owner.clone().unwrap_or_default();
    if rules.locked {
        Some(Refusal::Locked(owner))
    } else if state.is_closed() {
        Some(Refusal::Closed(owner))
    } else {
        None
    }
}

/// True where some line can't be ordered and may be fixed.
#[must_use]
pub(crate) fn can_fix(state: &State) -> bool {
    let preview = state.checkout.preview.as_ref();
    let is_blocked = preview.is_some_and(|preview| preview.blocked().next().is_some());
    is_blocked && closed(state).is_none()
}

/// True where the selected line can't be ordered and may be fixed.
#[must_use]
pub(crate) fn can_fix_selected(state: &State) -> bool {
    selected_mending(state).is_some() && closed(state).is_none()
}

/// The change that fixes the selected line.
fn selected_mending(state: &State) -> Option<Mending> {
    let selected = state.target()?;
    let lines = &state.checkout.preview.as_ref()?.lines;
    let mut lines = lines.iter();
    lines
        .find(|line| line.order_line.product == selected)?
        .mending()
}

/// The effect of the key on a line that can't be ordered, and whom it hits:
/// `Enter takes 3, hal keeps 1`; `None` where it can't be fixed.
#[must_use]
pub(crate) fn told(state: &State, line: &PreviewLine) -> Option<String> {
    let mending = line.mending()?;
    if closed(state).is_some() || !state.env.keymap.has_key(Action::Fix) {
        return None;
    }

    let key = state.env.keymap.key_of(Action::Fix);
    Some(match mending {
        Mending::Remove => format!("{key} removes it"),
        Mending::Keep(left) => {
            let me = &state.env.me;
            let kept = line.losses(me).iter().map(|loss| kept(loss, me)).collect();
            let words: Vec<String> = [vec![format!("{key} takes {left}")], kept].concat();
            // Whoever has the whole line needs no name.
            if line.order_line.shares.len() > 1 {
                words.join(", ")
            } else {
                words[0].clone()
            }
        }
    })
}

/// The number of pieces that somebody keeps: `hal keeps 1`.
fn kept(loss: &Loss, me: &str) -> String {
    let (who, keep) = match loss.name == me {
        true => ("you", "keep"),
        false => (loss.name.as_str(), "keeps"),
    };
    match loss.keeps {
        0 => format!("{who} {keep} none"),
        pieces => format!("{who} {keep} {pieces}"),
    }
}

/// The sentence on how so many lines are fixed, or who has to reopen the cart first.
#[must_use]
pub(crate) fn how(state: &State, blocked: usize) -> String {
    if let Some(closed) = closed(state) {
        return format!("{}.", closed.for_reader(&state.env.me));
    }
    let keymap = &state.env.keymap;
    if !keymap.has_key(Action::Fix) || !keymap.has_key(Action::FixAll) {
        return String::new();
    }

    let fix = keymap.key_of(Action::Fix);
    let all = keymap.key_of(Action::FixAll);
    let undo = keymap.key_of(Action::Undo);
    match (blocked, selected_mending(state).is_some()) {
        (1, true) => format!("{fix} fixes it; {undo} undoes."),
        (1, false) => format!("{all} fixes it; {undo} undoes."),
        (2, true) => format!("{fix} fixes this one, {all} both; {undo} undoes."),
        (2, false) => format!("{all} fixes both; {undo} undoes."),
        (_, true) => format!("{fix} fixes this one, {all} all; {undo} undoes."),
        (_, false) => format!("{all} fixes all; {undo} undoes."),
    }
}

/// The message after these lines were fixed: `Took 3 × Focaccia and removed Basil`.
#[must_use]
pub(crate) fn done(lines: &[PreviewLine]) -> String {
    let mut taken = Vec::new();
    let mut removed = Vec::new();
    for line in lines {
        let name = &line.order_line.name;
        match line.mending() {
            Some(Mending::Keep(left)) => taken.push(format!("{left} × {name}")),
            Some(Mending::Remove) => removed.push(name.clone()),
            None => {}
        }
    }

    if taken.len() + removed.len() > 3 {
        return format!("Fixed {} lines", lines.len());
    }
    let taken = (!taken.is_empty()).then(|| format!("took {}", taken.join(", ")));
    let removed = (!removed.is_empty()).then(|| format!("removed {}", removed.join(", ")));
    let all: Vec<String> = [taken, removed].into_iter().flatten().collect();
    text::capitalized(&all.join(" and "))
}
