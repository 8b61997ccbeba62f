//! The rows of a receipt as the screen shows it: drawing and scrolling both read them.

use super::money;
use super::orders::{OrdersFrames, order_of_receipt};
use crate::model::order::total;
use crate::model::receipt::{lines_of_shop, marked, name_and_unit, order_note};
use crate::model::shares::{NOBODY, are_shared};
use crate::model::{Money, Order, OrderLine, OrderState, People, text};
use crate::tui::state::{Mode, State};
use std::ops::Range;

/// The widest that a receipt is shown, in columns. On a wider screen the amounts would be too far
/// from the names of their products to be read in one line.
pub(crate) const SHEET: u16 = 64;
/// The columns for the pieces of a line, and the space before what belongs to it.
pub(crate) const QUANTITY: usize = 4;
/// The width from which on there is a column for the price of one.
const WITH_PRICE: usize = 40;
/// The least columns for a sum beside the price of one.
const APART: usize = 9;
/// The columns that a name keeps beside the price of one.
const LEAST_NAME: usize = 16;
/// The columns for whether somebody has settled.
pub(crate) const SETTLED: usize = 9;
/// The mark of a note on the line above.
const NOTE_MARK: &str = "› ";
/// The sign between two steps of an order.
const NEXT_STEP: &str = " → ";

/// A row of a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReceiptRow {
    /// The shop, and what the order is called.
    Head(String, String),
    /// Words across the sheet: when, for which cart, and who ordered; those of the shop; a note.
    Words(String),
    /// The steps of the order.
    Steps(Vec<Step>),
    /// A line between two parts of the receipt.
    Rule,
    /// A product: its pieces, its name, the price of one, and the price of all.
    Line {
        pieces: u32,
        name: String,
        each: String,
        total: String,
    },
    /// More of the name above, of a product or a person.
    Name(String),
    /// Who asked for the product above, the price of one, or a note on it.
    Below(String),
    /// The pieces and the total of all products.
    Total(String, String),
    /// The part of a person: who, whether they have settled it, and its price.
    Person {
        /// The name; `None` where the part is nobody's.
        name: Option<String>,
        label: String,
        settled: Option<bool>,
        sum: String,
    },
    /// The whole id.
    Id(String),
}

/// A step of an order, with the sign before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// The words as shown: ` → ready 11:41`.
    pub(crate) words: String,
    /// The state; `None` where it is yet to come.
    pub(crate) reached: Option<OrderState>,
}

/// The rows of a receipt, and the widths of their columns.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReceiptRows {
    pub(crate) rows: Vec<ReceiptRow>,
    /// The columns for the price of one; 0 where it stands below its line.
    pub(crate) each: u16,
    /// The columns for the price of all pieces.
    pub(crate) total: u16,
}

impl ReceiptRows {
    /// The rows of the receipt that shows on this page, and how many of them show at a time.
    #[must_use]
    pub(crate) fn shown(state: &State, page: &Mode) -> Option<(ReceiptRows, usize)> {
        let frame = OrdersFrames::of(page, state.body()).receipt?;
        let order = order_of_receipt(state, page)?;
        let rows = ReceiptRows::of(state, order, frame.width.saturating_sub(2));
        Some((rows, usize::from(frame.height.saturating_sub(2)).max(1)))
    }

    /// The products and people of the receipt, which can be selected: the rows of each, with those
    /// that say more about it.
    #[must_use]
    pub(crate) fn entries(&self) -> Vec<Range<usize>> {
        let mut entries: Vec<Range<usize>> = Vec::new();
        let mut goes_on = false;

        for (index, row) in self.rows.iter().enumerate() {
            match row {
                ReceiptRow::Line { .. } | ReceiptRow::Person { .. } => {
                    entries.push(index..index + 1);
                    goes_on = true;
                }
                ReceiptRow::Name(_) | ReceiptRow::Below(_) => {
                    if let Some(entry) = entries.last_mut().filter(|_| goes_on) {
                        entry.end = index + 1;
                    }
                }
                ReceiptRow::Head(..)
                | ReceiptRow::Words(_)
                | ReceiptRow::Steps(_)
                | ReceiptRow::Rule
                | ReceiptRow::Total(..)
                | ReceiptRow::Id(_) => goes_on = false,
            }
        }

        entries
    }

    /// The person of the entry with this index; `None` where it is a product, or nobody's part.
    #[must_use]
    pub(crate) fn person(&self, entry: usize) -> Option<&str> {
        let entry = self.entries().into_iter().nth(entry)?;
        match self.rows.get(entry.start)? {
            ReceiptRow::Person { name, .. } => name.as_deref(),
            _ => None,
        }
    }

    /// The rows on a sheet of so many columns. What is too long for a line goes on in the next:
    /// nothing is left out.
    #[must_use]
    pub(crate) fn of(state: &State, order: &Order, columns: u16) -> ReceiptRows {
        let sheet = Sheet::of(order, usize::from(columns.min(SHEET)));
        let mut rows = head(state, order, sheet.columns);
        rows.push(ReceiptRow::Rule);
        rows.extend(sheet.lines(order));
        rows.push(ReceiptRow::Rule);
        rows.push(sheet.total_row(order));
        let note = order_note(&order.note, sheet.columns);
        rows.extend(note.into_iter().map(ReceiptRow::Words));
        rows.extend(sheet.people(order));
        rows.push(ReceiptRow::Id(order.id.to_string()));
        let foot = lines_of_shop(&state.shop.receipt_foot, sheet.columns);
        rows.extend(foot.into_iter().map(ReceiptRow::Words));

        ReceiptRows {
            rows,
            each: u16::try_from(sheet.each).unwrap_or(u16::MAX),
            total: u16::try_from(sheet.total).unwrap_or(u16::MAX),
        }
    }
}

/// The person who is selected on the receipt that shows.
#[must_use]
pub(crate) fn selected_person(state: &State) -> Option<String> {
    let Mode::Receipt { scroll, .. } = &state.mode else {
        return None;
    };
    let (rows, _) = ReceiptRows::shown(state, &state.mode)?;
    rows.person(scroll.cursor).map(str::to_owned)
}

/// The rows above the lines.
fn head(state: &State, order: &Order, columns: usize) -> Vec<ReceiptRow> {
    let clock = state.clock();
    let name = order.name();
    let room = columns.saturating_sub(text::width(&name) + 1);
    let shop = text::truncate(&state.shop.name, room);
    let when = format!("{}, {}", clock.long_day(order.at), clock.minute(order.at));
    let words = format!("{when} · {} · ordered by {}", order.user, order.who);

    let mut rows = vec![ReceiptRow::Head(shop, name)];
    let words_of_shop = lines_of_shop(&state.shop.receipt_head, columns);
    rows.extend(words_of_shop.into_iter().map(ReceiptRow::Words));
    let words = text::wrap(&words, columns, usize::MAX);
    rows.extend(words.into_iter().map(ReceiptRow::Words));
    rows.extend(
        steps(state, order, columns)
            .into_iter()
            .map(ReceiptRow::Steps),
    );
    rows
}

/// The steps of an order in as many rows as they take: those that it has reached, with their times,
/// and those that usually follow. A step of which no time is known may have been left out.
fn steps(state: &State, order: &Order, columns: usize) -> Vec<Vec<Step>> {
    let mut rows: Vec<Vec<Step>> = Vec::new();
    let mut used = 0;

    for (words, reached) in step_words(state, order) {
        let following = format!("{NEXT_STEP}{words}");
        let width = text::width(&following);

        match rows.last_mut() {
            Some(row) if used + width <= columns => {
                used += width;
                row.push(Step {
                    words: following,
                    reached,
                });
            }
            Some(_) | None => {
                used = text::width(&words);
                rows.push(vec![Step { words, reached }]);
            }
        }
    }

    rows
}

/// The steps of an order: those that it has reached, with their times, and those that usually follow.
#[must_use]
pub(crate) fn step_words(state: &State, order: &Order) -> Vec<(String, Option<OrderState>)> {
    let clock = state.clock();
    let mut reached = vec![(OrderState::Placed, order.at)];
    let earlier = order
        .reached
        .iter()
        .filter(|(step, _)| *step != order.state);
    reached.extend(earlier);
    if order.state != OrderState::Placed {
        reached.push((order.state, order.changed));
    }

    let done = reached.into_iter().map(|(step, at)| {
        let when = if clock.is_same_day(at, order.at) {
            clock.minute(at)
        } else {
            clock.date_and_minute(at)
        };
        (format!("{} {when}", step.name()), Some(step))
    });
    let to_come = order.state.to_come().iter();
    let to_come = to_come.map(|step| (step.name().to_owned(), None));
    done.chain(to_come).collect()
}

/// The columns of a receipt.
struct Sheet {
    columns: usize,
    /// The digits behind the point of all sums.
    decimals: usize,
    total: usize,
    /// The digits behind the point of the prices of one.
    each_decimals: usize,
    each: usize,
}

impl Sheet {
    fn of(order: &Order, columns: usize) -> Sheet {
        let people = People::of_order(order);
        let parts = people.iter().map(|(_, part)| part.sum);
        let totals = order.lines.iter().map(OrderLine::total);
        let sums: Vec<Money> = totals.chain(parts).chain([order.total()]).collect();
        let decimals = money::decimals(&order.currency, sums.iter().copied());
        let total = money::widest(&order.currency, sums.into_iter(), decimals);

        let prices = order.lines.iter().map(|line| line.price);
        let each_decimals = money::decimals(&order.currency, prices.clone());
        let each = money::widest(&order.currency, prices, each_decimals);

        // Where there is room, sums stand apart from the prices of one.
        let total = if columns >= WITH_PRICE {
            total.max(APART)
        } else {
            total
        };
        let has_room = columns >= WITH_PRICE.max(QUANTITY + LEAST_NAME + each + total + 3);
        Sheet {
            columns,
            decimals,
            total,
            each_decimals,
            each: if has_room { each } else { 0 },
        }
    }

    /// The columns between the first one of names and the amounts.
    fn names(&self) -> usize {
        let amounts = match self.each {
            0 => self.total,
            each => each + 2 + self.total,
        };
        self.columns.saturating_sub(QUANTITY + amounts + 2).max(1)
    }

    fn lines(&self, order: &Order) -> Vec<ReceiptRow> {
        // Where whoever ordered asked for everything, the head of the receipt says so.
        let shares = order.lines.iter();
        let shares = shares.map(|line| (&line.shares[..], Some(line.quantity)));
        let is_shared = are_shared(shares, &order.who);

        let mut rows = Vec::new();
        for line in &order.lines {
            let each = money::aligned(&order.currency, line.price, self.each_decimals);
            let mut names = text::wrap(&name_and_unit(line), self.names(), usize::MAX).into_iter();
            rows.push(ReceiptRow::Line {
                pieces: line.quantity,
                name: names.next().unwrap_or_default(),
                each: each.clone(),
                total: money::aligned(&order.currency, line.total(), self.decimals),
            });
            rows.extend(names.map(ReceiptRow::Name));
            if self.each == 0 && line.quantity > 1 {
                rows.push(ReceiptRow::Below(format!("{} each", each.trim_end())));
            }
            let room = self.columns.saturating_sub(QUANTITY + 1);
            if is_shared {
                let names = line.portions().wrapped(room);
                rows.extend(names.into_iter().map(ReceiptRow::Below));
            }
            for note in &line.notes {
                let told = marked(NOTE_MARK, &note.told(), room);
                rows.extend(told.into_iter().map(ReceiptRow::Below));
            }
        }
        rows
    }

    fn total_row(&self, order: &Order) -> ReceiptRow {
        let pieces = text::count(order.pieces(), "item");
        let sum = money::aligned_in(&order.currency, total(&order.lines), self.decimals);
        let labelled = format!("Total {sum}");
        let fits = text::width(&pieces) + 1 + text::width(&labelled) <= self.columns;
        ReceiptRow::Total(pieces, if fits { labelled } else { sum })
    }

    /// Who has to pay what, where that are several.
    fn people(&self, order: &Order) -> Vec<ReceiptRow> {
        let people = People::of_order(order);
        if !people.are_several(&order.who) {
            return Vec::new();
        }

        let room = self.columns.saturating_sub(SETTLED + self.total + 2).max(1);
        let mut rows = vec![ReceiptRow::Rule];
        for (name, part) in people.iter() {
            let label = format!("{} {}", name.unwrap_or(NOBODY), part.pieces);
            let mut labels = text::wrap(&label, room, usize::MAX).into_iter();
            rows.push(ReceiptRow::Person {
                name: name.map(str::to_owned),
                label: labels.next().unwrap_or_default(),
                settled: settled(order, name),
                sum: money::aligned(&order.currency, part.sum, self.decimals),
            });
            rows.extend(labels.map(ReceiptRow::Name));
        }
        rows
    }
}

/// Tells whether a person has settled their part; `None` where there is nothing to settle, as it is
/// nobody's, or that of whoever ordered.
pub(crate) fn settled(order: &Order, name: Option<&str>) -> Option<bool> {
    let name = name?;
    let is_settled = order.is_settled(name);
    (is_settled || name != order.who).then_some(is_settled)
}
