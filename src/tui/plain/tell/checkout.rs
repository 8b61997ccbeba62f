//! The order that the cart would become.

use super::{name, sentence};
use crate::config::keymap::Action;
use crate::model::checkout::PreviewLine;
use crate::model::people::People;
use crate::model::shares::NOBODY;
use crate::model::{Preview, text};
use crate::tui::layout::checkout::fixing;
use crate::tui::layout::ordering::{MAY_NOT_ORDER, has_order_key};
use crate::tui::state::State;

/// The order as it would be placed, with its problems, where there are any.
pub(in crate::tui::plain) fn problems(
    state: &State,
    preview: &Preview,
    blocked: &[String],
) -> Vec<String> {
    let lines = text::count(preview.lines.len(), "line");
    let total = preview.total().in_currency(&preview.currency);
    let problems = match blocked.len() {
        0 => String::new(),
        count => format!(" {}:", text::count(count, "problem")),
    };

    let mut told = vec![format!("{lines}, {total}.{problems}")];
    for (index, problem) in blocked.iter().enumerate() {
        told.push(format!("{}. {problem}", index + 1));
    }
    told.extend(
        preview
            .lines
            .iter()
            .filter_map(|line| price_change(state, line)),
    );
    told.extend(people(state, preview));
    told.extend(note(state, preview));
    told.extend(way_on(state, preview, blocked.len()));
    told
}

/// The problems alone, by their numbers.
pub(in crate::tui::plain) fn obstacles(state: &State, preview: &Preview) -> Vec<String> {
    let blocked = preview.blocked();
    blocked.map(|line| problem(state, line)).collect()
}

fn problem(state: &State, line: &PreviewLine) -> String {
    let words = line.obstacle().map(|obstacle| obstacle.words());
    let words = words.unwrap_or_default();
    let how = fixing::told(state, line).map_or_else(String::new, |how| format!("; {how}"));
    let name = name(&line.order_line.name);
    let pieces = line.quantity_in_cart.whole();
    let pieces = pieces.map_or_else(String::new, |pieces| format!(", {pieces}"));
    format!("{name}{pieces}: {words}{how}")
}

/// The price of a line, where it was another when it was added.
fn price_change(state: &State, line: &PreviewLine) -> Option<String> {
    let currency = &state.shop.currency;
    let then = line.price_when_added?;
    let now = line.order_line.price;
    let word = if now > then { "dearer" } else { "cheaper" };
    let name = name(&line.order_line.name);
    let now = now.in_currency(currency);
    let then = then.in_currency(currency);
    Some(format!("{name} is {word}: {now}, it was {then}."))
}

/// The part of each person, where that are several.
fn people(state: &State, preview: &Preview) -> Option<String> {
    let people = People::of_preview(preview);
    if !people.are_several(&state.env.me) {
        return None;
    }
    let parts = people.iter().map(|(name, part)| {
        let name = match name {
            Some(name) if *name == state.env.me => "you",
            Some(name) => name,
            None => NOBODY,
        };
        format!("{name} {}", part.sum.in_currency(&preview.currency))
    });
    let parts: Vec<String> = parts.collect();
    Some(format!("Each pays: {}.", text::listed(&parts)))
}

/// The note for the whole order, or how to add one; nothing where the cart can't be changed.
fn note(state: &State, preview: &Preview) -> Option<String> {
    let note = &preview.note;
    if !note.is_empty() {
        return Some(sentence(&format!("Note for the order: {note}")));
    }
    let how = "Type note order and the note to add one for the order.".to_owned();
    fixing::closed(state).is_none().then_some(how)
}

/// The advice on what to do now: fix it, or order.
fn way_on(state: &State, preview: &Preview, blocked: usize) -> Option<String> {
    match preview.check() {
        Ok(_) => Some(to_pay(state, preview)),
        Err(_) if blocked > 0 => match fixing::closed(state) {
            Some(closed) => Some(sentence(&closed.for_reader(&state.env.me).to_string())),
            None => Some("Type fix to fix all of it.".to_owned()).filter(|_| blocked > 1),
        },
        Err(refusal) => match preview.over_budget() {
            Some(over) if preview.hidden == 0 => {
                let over = over.in_currency(&preview.currency);
                Some(format!(
                    "Over the budget by {over}: take something out first."
                ))
            }
            Some(_) | None => Some(refusal.beforehand(&preview.currency)),
        },
    }
}

/// The total, and the words that order at it.
pub(in crate::tui::plain) fn to_pay(state: &State, preview: &Preview) -> String {
    let total = preview.total().in_currency(&preview.currency);
    if !has_order_key(state) {
        return format!("To pay: {total}. {MAY_NOT_ORDER}.");
    }
    let words = state.env.keymap.key_of(Action::PlaceOrder);
    let typed = preview.currency.number(preview.total());
    format!("To pay: {total}. To order, type: {words} {typed}")
}
