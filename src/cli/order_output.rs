//! The printing of orders, for people and for programs.

use super::connect;
use super::error::CliError;
use super::output::Output;
use crate::config::Settings;
use crate::model::order::OrderLine;
use crate::model::shares::Share;
use crate::model::time::Clock;
use crate::model::{
    Note, Order, OrderId, OrderState, People, ProductId, StoredOrder, Ticket, receipt, shares,
};
use crate::store::{Connection, Shop, order};
use serde_json::{Value, json};
use std::io::{self, Write};

/// The width of a printed receipt.
pub(super) const RECEIPT_COLUMNS: usize = 40;

/// Reads an order and prints its receipt.
pub(super) async fn show_order(
    connection: &mut Connection,
    id: &OrderId,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let ticket = order::get_ticket(connection, id).await?;
    let shop = connect::shop_if_reachable(connection, output).await?;
    let shop = shop.unwrap_or_default();
    let clock = shop.clock(&settings.personal_clock());

    output.result(
        || order_json(&ticket),
        |out| print_receipt(out, &ticket.order, &shop, &clock),
    )?;
    Ok(())
}

fn print_receipt(out: &mut dyn Write, order: &Order, shop: &Shop, clock: &Clock) -> io::Result<()> {
    for line in receipt::receipt(order, shop.letterhead(), clock, RECEIPT_COLUMNS) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// An order, for programs.
pub(super) fn order_json(ticket: &Ticket) -> Value {
    let order = &ticket.order;
    let ticked = ticket.ticked.iter().map(ProductId::to_string);
    json!({
        "order": order.id.as_str(),
        "number": order.number,
        "user": order.user,
        "who": order.who,
        "at": order.at,
        "state": order.state.name(),
        "changed": order.changed,
        "reached": reached_json(order),
        "moved_by": ticket.moved_by,
        "ticked": ticked.collect::<Vec<_>>(),
        "lines": order.lines.iter().map(order_line_json).collect::<Vec<_>>(),
        "people": order_people_json(order),
        "total": order.total().to_string(),
        "currency": order.currency,
        "note": order.note,
    })
}

/// An order with all that its record keeps, as a backup has it.
pub(super) fn stored_order_json(stored: &StoredOrder) -> Value {
    let reached_by = stored.reached_by.iter();
    let reached_by = reached_by.map(|(state, by)| (state.name().to_owned(), json!(by)));
    let mut document = order_json(&stored.ticket);
    document["reached_by"] = Value::Object(reached_by.collect());
    document["money"] = json!(stored.ticket.order.currency.example());
    document["utc_offset"] = json!(stored.utc_offset);
    document["returned"] = json!(stored.is_returned);
    document
}

/// When an order came into each state, as far as that is known, for programs.
fn reached_json(order: &Order) -> Value {
    let placed = std::iter::once((OrderState::Placed, order.at));
    let reached = placed.chain(order.reached.iter().copied());
    let reached = reached.map(|(state, at)| (state.name().to_owned(), json!(at)));
    Value::Object(reached.collect())
}

/// A line of an order, for programs.
pub(super) fn order_line_json(line: &OrderLine) -> Value {
    json!({
        "product": line.product.to_string(),
        "name": line.name,
        "unit": line.unit,
        "quantity": line.quantity,
        "price": line.price.to_string(),
        "total": line.total().to_string(),
        "by": from_json(&line.shares, Some(line.quantity)),
        "notes": notes_json(&line.notes),
    })
}

/// The notes on a line, for programs.
pub(super) fn notes_json(notes: &[Note]) -> Value {
    notes
        .iter()
        .map(|note| json!({ "name": note.by, "text": note.text }))
        .collect()
}

/// Who has how many pieces of a line, for programs. The others are nobody's.
pub(super) fn from_json(shares: &[Share], quantity: Option<u32>) -> Value {
    shares::within(shares, quantity.unwrap_or(u32::MAX))
        .map(|(name, pieces)| json!({ "name": name, "quantity": pieces }))
        .collect()
}

/// The part of each person, for programs. Those of nobody have no name.
pub(super) fn people_json(people: &People) -> Value {
    people
        .iter()
        .map(|(name, part)| {
            json!({ "name": name, "pieces": part.pieces, "sum": part.sum.to_string() })
        })
        .collect()
}

/// The part of each person of an order, and whether they have settled it, for programs.
pub(super) fn order_people_json(order: &Order) -> Value {
    let mut people = people_json(&People::of_order(order));
    for person in people.as_array_mut().into_iter().flatten() {
        let is_settled = person["name"]
            .as_str()
            .is_some_and(|name| order.is_settled(name));
        person["settled"] = json!(is_settled);
    }
    people
}

/// The pieces of one person, for programs.
pub(super) fn share_json(share: &Share) -> Value {
    json!({ "name": share.by, "quantity": share.pieces })
}
