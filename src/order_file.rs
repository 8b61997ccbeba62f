//! Reads and checks a backup of orders: one JSON document a line, as an export writes them.
//!
//! Such a file is untrusted and of any size. It is read one order at a time, and what is wrong with
//! one is reported with its line and does not hide the others.

use crate::catalog_file::{self, FileError, Lines, RowError, json_error};
use crate::model::name::sanitize_actor;
use crate::model::notes::stored_note;
use crate::model::order::{is_number, stored_name, stored_unit};
use crate::model::product::LONGEST_NAME;
use crate::model::shares::Share;
use crate::model::{
    Currency, Money, Note, Order, OrderId, OrderLine, OrderState, People, ProductId, StoredOrder,
    Ticket, UserName, quantity, shares, text,
};
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};
use std::io::{self, Read};

/// The longest line, in bytes: a thousand products with all their notes are shorter.
const LONGEST: usize = 4 * 1024 * 1024;

/// The first moment of the year 2000, in Unix milliseconds: no order is of an earlier one.
const EARLIEST: u64 = 946_684_800_000;
/// The time by which an order may be ahead of the shop's clock, in milliseconds: a day.
const MOST_AHEAD: u64 = 86_400_000;

/// The lines that are read at once.
const BATCH_LINES: usize = 100;
/// The bytes that are read at once; the line that exceeds them is the last.
const BATCH_BYTES: usize = 256 * 1024;

/// The reason why a line of a file is refused. Everything quoted is clean.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OrderFlaw {
    /// It is no document, or not that of an order.
    #[error(transparent)]
    Unreadable(#[from] RowError),
    /// A value that no order has.
    #[error("its {field} can't be “{value}”")]
    BadValue { field: &'static str, value: String },
    /// A time at which no clock of a shop was set.
    #[error("its {field} can't be “{at}”: that is before the year 2000")]
    TooEarly { field: &'static str, at: u64 },
    /// A time that is still to come.
    #[error("its {field} can't be “{at}”: that is more than a day ahead of the shop's clock")]
    TooLate { field: &'static str, at: u64 },
    /// A text that would not come back as it is.
    #[error("its {field} is too long, or has a character that can't be shown: “{value}”")]
    BadText { field: &'static str, value: String },
    /// Nothing was ordered.
    #[error("it has no lines")]
    NoLines,
    /// A product that is on more than one of its lines.
    #[error("“{0}” is on two of its lines")]
    TwoLines(ProductId),
    /// More pieces of a line are somebody's than it has.
    #[error("more pieces of “{0}” have names than were ordered")]
    TooManyShares(ProductId),
    /// A sum that is not that of its parts.
    #[error("its {of} is {told}, and its lines come to {counted}")]
    WrongSum {
        of: String,
        told: String,
        counted: String,
    },
    /// A name that is not among the people of the order, or lacks there.
    #[error("its people are not those who have pieces of its lines")]
    OtherPeople,
    /// An order that was read before.
    #[error("order {0} is on an earlier line already")]
    Twice(OrderId),
}

/// The orders of a file.
pub(crate) struct OrderReader<R> {
    lines: Lines<R>,
    /// The ids of those that were read.
    known: HashSet<OrderId>,
    /// The latest time that an order may tell of, in Unix milliseconds.
    latest: u64,
}

/// Some lines of a file, each with its number.
#[derive(Default)]
pub(crate) struct OrderBatch {
    pub(crate) orders: Vec<(u64, StoredOrder)>,
    pub(crate) bad: Vec<(u64, OrderFlaw)>,
}

impl<R: Read> OrderReader<R> {
    /// Begins to read a file; `now` is told by the shop's clock, in Unix milliseconds.
    ///
    /// # Errors
    /// The [`FileError`] where it holds no text.
    pub(crate) fn new(source: R, now: u64) -> Result<OrderReader<R>, FileError> {
        Ok(OrderReader {
            lines: Lines::new(catalog_file::begin(source)?, LONGEST),
            known: HashSet::new(),
            latest: now.saturating_add(MOST_AHEAD),
        })
    }

    /// Reads the next lines; `None` at the end.
    ///
    /// # Errors
    /// The errors of the source.
    pub(crate) fn next(&mut self) -> io::Result<Option<OrderBatch>> {
        let mut batch = OrderBatch::default();
        let mut bytes = 0;
        while batch.orders.len() + batch.bad.len() < BATCH_LINES && bytes < BATCH_BYTES {
            let Some((line, text)) = self.lines.next()? else {
                break;
            };
            bytes += text.as_ref().map_or(0, |text| text.len());

            let text = text.map_err(OrderFlaw::from);
            let read = text.and_then(|text| parse(text, self.latest));
            match read {
                Ok(stored) if self.known.insert(stored.ticket.order.id.clone()) => {
                    batch.orders.push((line, stored));
                }
                Ok(stored) => {
                    let flaw = OrderFlaw::Twice(stored.ticket.order.id);
                    batch.bad.push((line, flaw));
                }
                Err(flaw) => batch.bad.push((line, flaw)),
            }
        }

        let is_empty = batch.orders.is_empty() && batch.bad.is_empty();
        Ok((!is_empty).then_some(batch))
    }
}

/// An order as a file has it.
#[derive(Deserialize)]
struct OrderDocument {
    order: String,
    number: Option<u64>,
    user: String,
    who: String,
    at: u64,
    utc_offset: i32,
    state: String,
    changed: u64,
    reached: BTreeMap<String, u64>,
    reached_by: BTreeMap<String, String>,
    moved_by: Option<String>,
    ticked: Vec<String>,
    returned: bool,
    lines: Vec<LineDocument>,
    people: Vec<PersonDocument>,
    total: String,
    currency: String,
    money: String,
    note: String,
}

#[derive(Deserialize)]
struct LineDocument {
    product: String,
    name: String,
    unit: String,
    quantity: u32,
    price: String,
    total: String,
    by: Vec<ShareDocument>,
    notes: Vec<NoteDocument>,
}

#[derive(Deserialize)]
struct ShareDocument {
    name: String,
    quantity: u32,
}

#[derive(Deserialize)]
struct NoteDocument {
    name: String,
    text: String,
}

#[derive(Deserialize)]
struct PersonDocument {
    name: Option<String>,
    pieces: u64,
    sum: String,
    settled: bool,
}

/// Reads a line of a file, of an order that nothing happened to after `latest`.
fn parse(text: &str, latest: u64) -> Result<StoredOrder, OrderFlaw> {
    let document: OrderDocument = serde_json::from_str(text).map_err(|error| json_error(&error))?;

    let at = moment("at", document.at, latest)?;
    let state = state("state", &document.state)?;
    let lines = document.lines.into_iter().map(line);
    let mut order = Order {
        id: order_id(&document.order)?,
        number: document.number.map(number).transpose()?,
        user: user(document.user)?,
        who: name("who", document.who)?,
        at,
        state,
        changed: moment("changed", document.changed, latest)?,
        reached: reached(&document.reached, at, latest)?,
        currency: currency(&document.currency, &document.money)?,
        lines: lines.collect::<Result<_, _>>()?,
        settled: Vec::new(),
        note: unchanged("note", document.note, stored_note)?,
    };
    check_lines(&order)?;
    check_sum("total", &document.total, order.total())?;
    order.settled = settled(&order, &document.people)?;

    let moved_by = document.moved_by.map(|by| name("moved_by", by));
    Ok(StoredOrder {
        ticket: Ticket {
            ticked: ticked_lines(&order, &document.ticked)?,
            moved_by: moved_by.transpose()?,
            categories: Vec::new(),
            order,
        },
        reached_by: reached_by(document.reached_by)?,
        utc_offset: utc_offset(document.utc_offset)?,
        is_returned: document.returned,
    })
}

/// A value that no order has.
fn bad_value(field: &'static str, value: &str) -> OrderFlaw {
    let value = text::sanitize_to(value.as_bytes(), 80);
    OrderFlaw::BadValue { field, value }
}

/// A text that is stored as it is: `sanitize` would change nothing of it.
fn unchanged(
    field: &'static str,
    text: String,
    sanitize: fn(&[u8]) -> String,
) -> Result<String, OrderFlaw> {
    if sanitize(text.as_bytes()) == text {
        return Ok(text);
    }
    let value = text::sanitize_to(text.as_bytes(), 80);
    Err(OrderFlaw::BadText { field, value })
}

fn name(field: &'static str, text: String) -> Result<String, OrderFlaw> {
    unchanged(field, text, sanitize_actor)
}

fn order_id(text: &str) -> Result<OrderId, OrderFlaw> {
    let id = OrderId::parse(text).filter(|id| id.as_str() == text);
    id.ok_or_else(|| bad_value("order", text))
}

fn user(text: String) -> Result<String, OrderFlaw> {
    match UserName::parse(&text) {
        Ok(_) => Ok(text),
        Err(_) => Err(bad_value("user", &text)),
    }
}

fn number(told: u64) -> Result<u32, OrderFlaw> {
    let number = u32::try_from(told).ok();
    let number = number.filter(|number| is_number(*number));
    number.ok_or_else(|| bad_value("number", &told.to_string()))
}

fn moment(field: &'static str, at: u64, latest: u64) -> Result<u64, OrderFlaw> {
    if at < EARLIEST {
        return Err(OrderFlaw::TooEarly { field, at });
    }
    if at > latest {
        return Err(OrderFlaw::TooLate { field, at });
    }
    Ok(at)
}

fn utc_offset(minutes: i32) -> Result<i32, OrderFlaw> {
    match StoredOrder::is_utc_offset(minutes) {
        true => Ok(minutes),
        false => Err(bad_value("utc_offset", &minutes.to_string())),
    }
}

fn state(field: &'static str, name: &str) -> Result<OrderState, OrderFlaw> {
    OrderState::named(name).ok_or_else(|| bad_value(field, name))
}

/// When it came into the states after the first, in their order.
fn reached(
    told: &BTreeMap<String, u64>,
    placed_at: u64,
    latest: u64,
) -> Result<Vec<(OrderState, u64)>, OrderFlaw> {
    for (name, at) in told {
        let is_placed = state("reached", name)? == OrderState::Placed;
        if moment("reached", *at, latest)? != placed_at && is_placed {
            return Err(bad_value("reached", &at.to_string()));
        }
    }

    let later = OrderState::LATER.into_iter();
    let later = later.filter_map(|state| Some((state, *told.get(state.name())?)));
    Ok(later.collect())
}

/// Who brought it into the states after the first, in their order.
fn reached_by(mut told: BTreeMap<String, String>) -> Result<Vec<(OrderState, String)>, OrderFlaw> {
    let mut movers = Vec::new();
    for state in OrderState::LATER {
        if let Some(by) = told.remove(state.name()) {
            movers.push((state, name("reached_by", by)?));
        }
    }
    match told.keys().next() {
        Some(other) => Err(bad_value("reached_by", other)),
        None => Ok(movers),
    }
}

fn currency(sign: &str, money: &str) -> Result<Currency, OrderFlaw> {
    let currency = Currency::stored(Some(sign.as_bytes()), Some(money.as_bytes()));
    if currency.sign() != sign {
        return Err(bad_value("currency", sign));
    }
    match currency.example() == money {
        true => Ok(currency),
        false => Err(bad_value("money", money)),
    }
}

fn product(text: String) -> Result<ProductId, OrderFlaw> {
    let id = unchanged("product", text, |raw| text::sanitize_to(raw, LONGEST_NAME))?;
    match id.is_empty() {
        true => Err(bad_value("product", "")),
        false => Ok(ProductId::stored(id.as_bytes())),
    }
}

fn line(document: LineDocument) -> Result<OrderLine, OrderFlaw> {
    let quantity = document.quantity;
    if !(1..=quantity::HIGHEST_LIMIT).contains(&quantity) {
        return Err(bad_value("quantity", &quantity.to_string()));
    }
    let price = Money::parse(&document.price);
    let price = price.ok_or_else(|| bad_value("price", &document.price))?;

    let mut line = OrderLine {
        product: product(document.product)?,
        name: unchanged("name", document.name, stored_name)?,
        unit: unchanged("unit", document.unit, stored_unit)?,
        quantity,
        price,
        shares: Vec::new(),
        notes: Vec::new(),
    };
    for share in document.by {
        line.shares.push(Share {
            by: name("by", share.name)?,
            pieces: share.quantity,
        });
    }
    for note in document.notes {
        line.notes.push(Note {
            by: name("notes", note.name)?,
            text: unchanged("notes", note.text, stored_note)?,
        });
    }

    check_sum(&line.product.to_string(), &document.total, line.total())?;
    Ok(line)
}

/// Checks that the lines of an order are of different products, and no share is made up.
fn check_lines(order: &Order) -> Result<(), OrderFlaw> {
    if order.lines.is_empty() {
        return Err(OrderFlaw::NoLines);
    }
    let mut products = HashSet::new();
    for line in &order.lines {
        if !products.insert(&line.product) {
            return Err(OrderFlaw::TwoLines(line.product.clone()));
        }
        if shares::sum(&line.shares) > u64::from(line.quantity) {
            return Err(OrderFlaw::TooManyShares(line.product.clone()));
        }
    }
    Ok(())
}

fn check_sum(of: &str, told: &str, counted: Money) -> Result<(), OrderFlaw> {
    let counted = counted.to_string();
    match counted == told {
        true => Ok(()),
        false => Err(OrderFlaw::WrongSum {
            of: of.to_owned(),
            told: text::sanitize_to(told.as_bytes(), 40),
            counted,
        }),
    }
}

/// Who has settled their part; the people must be those of the lines.
fn settled(order: &Order, told: &[PersonDocument]) -> Result<Vec<String>, OrderFlaw> {
    let people = People::of_order(order);
    if people.iter().count() != told.len() {
        return Err(OrderFlaw::OtherPeople);
    }

    let mut settled = Vec::new();
    for ((name, part), person) in people.iter().zip(told) {
        if name != person.name.as_deref() || part.pieces != person.pieces {
            return Err(OrderFlaw::OtherPeople);
        }
        check_sum(name.unwrap_or(shares::NOBODY), &person.sum, part.sum)?;
        match (name, person.settled) {
            (Some(name), true) => settled.push(name.to_owned()),
            (None, true) => return Err(OrderFlaw::OtherPeople),
            (Some(_) | None, false) => {}
        }
    }
    Ok(settled)
}

/// The products of the lines that are ticked.
fn ticked_lines(order: &Order, told: &[String]) -> Result<Vec<ProductId>, OrderFlaw> {
    let products = order.lines.iter().map(|line| line.product.clone());
    let mut unticked: HashSet<ProductId> = products.collect();

    let mut ticked = Vec::new();
    for product in told {
        // One that is told twice is not there the second time.
        let found = unticked.take(&ProductId::stored(product.as_bytes()));
        ticked.push(found.ok_or_else(|| bad_value("ticked", product))?);
    }
    Ok(ticked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_no_order_has_are_refused_in_words() {
        let latest = 1_795_000_000_000 + MOST_AHEAD;
        let early = "that is before the year 2000";
        let late = "that is more than a day ahead of the shop's clock";
        for at in [EARLIEST, latest] {
            assert_eq!(moment("at", at, latest), Ok(at));
        }
        for (at, why) in [
            (0, early),
            (EARLIEST - 1, early),
            (latest + 1, late),
            (u64::MAX, late),
        ] {
            let flaw = moment("changed", at, latest).unwrap_err().to_string();
            assert_eq!(flaw, format!("its changed can't be “{at}”: {why}"));
        }
    }
}
