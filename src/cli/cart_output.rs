//! The printing of a cart's lines and of changes to them.

use super::order_output::share_json;
use super::output::{NAME_COLUMNS, Output, pad};
use crate::config::Settings;
use crate::model::shares::Portions;
use crate::model::{Note, Product, UserName, receipt};
use crate::store::Applied;
use serde_json::{Value, json};
use std::fmt::Display;
use std::io::{self, Write};

/// The columns for words below a line: who has pieces of it, what is noted on it.
const WORDS_COLUMNS: usize = 64;

/// A row of a cart: quantity, name and amount, one below the other. An id in place of a name stays
/// whole; names are to be cut.
pub(super) fn cart_row(quantity: impl Display, name: &str, amount: &str) -> String {
    format!(
        "{:>6}  {} {amount:>14}",
        quantity.to_string(),
        pad(name, NAME_COLUMNS)
    )
}

/// A row that says more about the one above it.
pub(super) fn note_row(note: &str) -> String {
    format!("{:>6}  {note}", "")
}

/// Prints who has pieces of the line above, in as many rows as that takes.
pub(super) fn print_from(out: &mut dyn Write, portions: &Portions<'_>) -> io::Result<()> {
    for names in portions.wrapped(WORDS_COLUMNS) {
        writeln!(out, "{}", note_row(&names))?;
    }
    Ok(())
}

/// Prints what people noted on the line above.
pub(super) fn print_notes(out: &mut dyn Write, notes: &[Note]) -> io::Result<()> {
    for note in notes {
        for part in receipt::marked("› ", &note.told(), WORDS_COLUMNS) {
            writeln!(out, "{}", note_row(&part))?;
        }
    }
    Ok(())
}

/// Prints what is noted for the whole order.
pub(super) fn print_order_note(out: &mut dyn Write, note: &str) -> io::Result<()> {
    for part in receipt::order_note(note, WORDS_COLUMNS) {
        writeln!(out, "{}", note_row(&part))?;
    }
    Ok(())
}

/// What is said of a change that was made before, under the same op id.
const REPEATED: &str = "Nothing changed now: that --op-id was used before";

/// Says of a change that was made before, and is shown then, that nothing changed now.
pub(super) fn note_repeat(out: &mut dyn Write, applied: &Applied) -> io::Result<()> {
    if applied.is_repeat {
        writeln!(out, "{REPEATED}, for this:")?;
    }
    Ok(())
}

/// Says that several changes were made before in this cart, and that nothing changed now.
pub(super) fn note_repeat_in(out: &mut dyn Write, cart: &UserName) -> io::Result<()> {
    writeln!(out, "{REPEATED} in the cart of {cart}")
}

/// A change of one line of a cart, for programs.
pub(super) fn change_json(settings: &Settings, applied: &Applied, product: &Product) -> Value {
    let update = &applied.update;
    let line = update.lines.first();
    json!({
        "user": settings.user.as_str(),
        "op_id": update.op.as_str(),
        "version": update.version,
        "repeated": applied.is_repeat,
        "product": product.id.to_string(),
        "name": product.name,
        "quantity": line.map_or(0, |line| line.quantity),
        "delta": line.map_or(0, |line| line.delta),
        "taken": line.map_or(json!([]), |line| line.taken.iter().map(share_json).collect()),
        "lines": update.count,
        "expires_at": update.deadline.at,
    })
}

/// A change of several lines of a cart, for programs.
pub(super) fn changes_json(settings: &Settings, applied: &Applied, products: &[Product]) -> Value {
    let update = &applied.update;
    let changes = update.lines.iter().filter_map(|line| {
        let product = products.iter().find(|product| product.id == line.product)?;
        Some(json!({
            "product": product.id.to_string(),
            "name": product.name,
            "quantity": line.quantity,
            "delta": line.delta,
            "warning": product.stock.warning(line.quantity),
        }))
    });

    json!({
        "user": settings.user.as_str(),
        "op_id": update.op.as_str(),
        "version": update.version,
        "repeated": applied.is_repeat,
        "changes": changes.collect::<Vec<_>>(),
        "lines": update.count,
        "expires_at": update.deadline.at,
    })
}

/// Prints that pieces of a product were taken out of the cart.
pub(super) fn show_removed(
    settings: &Settings,
    output: &Output,
    applied: &Applied,
    product: &Product,
) -> io::Result<()> {
    let line = applied.update.lines.first();
    // Of a damaged line nobody knows how many pieces it had.
    let removed = match line.map_or(0, |line| -line.delta) {
        0 => product.name.to_string(),
        pieces => format!("{pieces} × {}", product.name),
    };
    let left = line.map_or(0, |line| line.quantity);
    let of_others = line.map_or_else(String::new, |line| line.of_others(None));

    output.result(
        || change_json(settings, applied, product),
        |out| {
            note_repeat(out, applied)?;
            writeln!(
                out,
                "Removed {removed}{of_others}: {left} left in the cart of {}",
                settings.user
            )
        },
    )
}
