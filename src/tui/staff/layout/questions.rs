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
    let whole = fitted(room, |columns| {
        let cart = text::truncate(&order.user, columns);
        format!("Cancel {name} of {cart}, {total}? Its stock goes back and {cart} is told.")
    });
    whole.unwrap_or_else(|| {
        let cart = text::truncate(&order.user, LEAST_VALUE);
        format!("Cancel {name} of {cart}, {total}?")
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

    let long = fitted(room, |columns| {
        let ours = text::truncate(ours, columns);
        match &unsaved.reason {
            UnsavedReason::Theirs(theirs) => {
                let theirs = text::truncate(theirs, columns);
                format!(
                    "Somebody has just set {what} to {theirs}: {accept} saves {ours} instead, {back} keeps {theirs}"
                )
            }
            UnsavedReason::NotMade(why) => {
                let aim = aim(&unsaved.edit, &ours);
                format!(
                    "{start} was not saved: {why}. {accept} tries again to {aim}, {back} drops it"
                )
            }
        }
    });

    let middle = || {
        fitted(room, |columns| match &unsaved.reason {
            UnsavedReason::Theirs(theirs) => {
                let theirs = text::truncate(theirs, columns);
                let ours = text::truncate(ours, columns);
                format!("{start} is {theirs} now: {accept} saves {ours}, {back} keeps it")
            }
            UnsavedReason::NotMade(_) => {
                let aim = aim(&unsaved.edit, &text::truncate(ours, columns));
                format!("{start} was not saved: {accept} tries again to {aim}, {back} drops it")
            }
        })
    };
    let short = || match &unsaved.reason {
        UnsavedReason::Theirs(_) => None,
        UnsavedReason::NotMade(_) => {
            let words = format!("{start} was not saved: {accept} tries again, {back} drops it");
            (text::width(&words) <= room).then_some(words)
        }
    };

    long.or_else(middle)
        .or_else(short)
        .unwrap_or_else(|| match unsaved.reason {
            UnsavedReason::Theirs(_) => format!("{accept} saves yours, {back} keeps theirs"),
            UnsavedReason::NotMade(_) => {
                format!("Not saved: {accept} tries again, {back} drops it")
            }
        })
}

/// The aim of a change, behind "tries again to".
fn aim(edit: &TypedEdit, ours: &str) -> String {
    match edit {
        TypedEdit::Step(_, StockStep::Up(pieces)) => format!("add {pieces}"),
        TypedEdit::Step(_, StockStep::Down(pieces)) => format!("take {pieces} off"),
        TypedEdit::Field(_) | TypedEdit::Setting(_) => format!("set it to {ours}"),
    }
}

/// A sentence that is `write`n with values of so many columns, at most: the most with which it fits.
fn fitted(room: usize, write: impl Fn(usize) -> String) -> Option<String> {
    let mut written = (LEAST_VALUE..=LONGEST_VALUE).rev().map(write);
    written.find(|words| text::width(words) <= room)
}
