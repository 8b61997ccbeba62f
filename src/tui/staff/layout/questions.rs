//! The questions on the message line: where there is little room, their values are cut, and never
//! what is asked.

use crate::config::keymap::{Action, Keymap};
use crate::model::product::StockStep;
use crate::model::{Currency, Order, text};
use crate::tui::staff::state::prompt::{TypedEdit, UnsavedEdit, UnsavedReason};

/// The most columns of a value in a question.
const LONGEST_VALUE: usize = 40;
/// The least columns in which one may know a value again.
const LEAST_VALUE: usize = 8;

/// The question whether to cancel an order, in so many columns.
#[must_use]
pub(in crate::tui) fn cancel_question(order: &Order, currency: &Currency, room: usize) -> String {
    let name = order.name();
    let total = order.total().in_currency(currency);
    let short = text::truncate(&order.user, LEAST_VALUE);
    fitted(room, |columns| {
        let cart = text::truncate(&order.user, columns);
        [
            format!("Cancel {name} of {cart}, {total}? Its stock goes back and {cart} is told."),
            format!("Cancel {name} of {short}, {total}?"),
        ]
    })
}

/// The question whether to save a change that is not saved, in so many columns.
#[must_use]
pub(in crate::tui) fn unsaved_question(
    keymap: &Keymap,
    unsaved: &UnsavedEdit,
    room: usize,
) -> String {
    let accept = keymap.key_of(Action::Accept);
    let back = keymap.key_of(Action::Back);
    let UnsavedEdit { what, ours, .. } = unsaved;
    let start = text::capitalized(what);

    match &unsaved.reason {
        UnsavedReason::Theirs(theirs) => fitted(room, |columns| {
            let theirs = text::truncate(theirs, columns);
            let ours = text::truncate(ours, columns);
            [
                format!(
                    "Somebody has just set {what} to {theirs}: {accept} saves {ours} instead, {back} keeps {theirs}"
                ),
                format!("{start} is {theirs} now: {accept} saves {ours}, {back} keeps it"),
                format!("{accept} saves yours, {back} keeps theirs"),
            ]
        }),
        UnsavedReason::NotMade(why) => fitted(room, |columns| {
            let aim = aim(&unsaved.edit, &text::truncate(ours, columns));
            [
                format!(
                    "{start} was not saved: {why}. {accept} tries again to {aim}, {back} drops it"
                ),
                format!("{start} was not saved: {accept} tries again to {aim}, {back} drops it"),
                format!("{start} was not saved: {accept} tries again, {back} drops it"),
                format!("Not saved: {accept} tries again, {back} drops it"),
            ]
        }),
    }
}

/// The aim of a change, behind "tries again to".
fn aim(edit: &TypedEdit, ours: &str) -> String {
    match edit {
        TypedEdit::Step(_, StockStep::Up(pieces)) => format!("add {pieces}"),
        TypedEdit::Step(_, StockStep::Down(pieces)) => format!("take {pieces} off"),
        TypedEdit::Field(_) | TypedEdit::Setting(_) => format!("set it to {ours}"),
    }
}

/// The first of these wordings that fits into so many columns, with as much of its values as then
/// fits; the last one where none does. `write` has the most columns of a value.
fn fitted<const N: usize>(room: usize, write: impl Fn(usize) -> [String; N]) -> String {
    let columns = (LEAST_VALUE..=LONGEST_VALUE).rev();
    let written: Vec<[String; N]> = columns.map(write).collect();

    let mut wordings = (0..N).flat_map(|place| written.iter().map(move |words| &words[place]));
    let last = wordings.clone().last();
    let fitting = wordings.find(|words| text::width(words) <= room);
    fitting.or(last).cloned().unwrap_or_default()
}
