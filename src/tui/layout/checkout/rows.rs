//! The rows of the lines to be ordered: each with who asked for it, what its price was, and what
//! stands in its way.

use super::fixing;
use crate::config::theme::{NOTE, PENDING, SHORT};
use crate::model::checkout::PreviewLine;
use crate::model::shares::are_shared;
use crate::model::{Preview, text};
use crate::tui::layout::from::needed_for_from;
use crate::tui::layout::money;
use crate::tui::layout::price_change::{PriceChange, sign_of};
use crate::tui::state::State;

/// The columns for a quantity, behind the sign of a line that can't be ordered.
const QUANTITY: u16 = 6;
/// The least columns for the total of a line, and for the price of one.
const TOTAL: u16 = 8;
const PRICE: u16 = 7;
/// The width from which on there is room for the price of one.
const WITH_PRICE: u16 = 50;
/// The columns that a name keeps beside who asked for it.
const ROOMY_NAME: u16 = 18;
/// The most columns of a name beside who asked for it.
const WIDEST_NAME: u16 = 36;
/// The least columns for who asked for a line.
const LEAST_BY: u16 = 12;
/// The columns before what belongs to a line.
pub(crate) const INDENT: u16 = 7;

/// The widths of the columns, 0 for those that have no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CheckoutColumns {
    pub(crate) quantity: u16,
    pub(crate) name: u16,
    /// For who asked for it.
    pub(crate) by: u16,
    pub(crate) price: u16,
    pub(crate) total: u16,
    /// The digits after the point that prices make room for.
    pub(crate) price_decimals: usize,
    /// The same for totals.
    pub(crate) total_decimals: usize,
}

/// A row below a line, about the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RowBelow {
    /// More of those who asked for it.
    From(String),
    /// Its price is another than when it was added.
    Repriced(PriceChange, String),
    /// A note that somebody left on it.
    Note(String),
    /// It can't be ordered.
    Problem(String),
}

/// A line with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineRows {
    /// Who asked for it, where that has a column.
    pub(crate) beside: String,
    /// How its price has changed since it was added.
    pub(crate) price_change: Option<PriceChange>,
    /// The rows below it.
    pub(crate) below: Vec<RowBelow>,
}

/// The lines in their columns.
#[derive(Debug, Clone)]
pub(crate) struct CheckoutRows {
    pub(crate) columns: CheckoutColumns,
    pub(crate) lines: Vec<LineRows>,
}

impl CheckoutRows {
    /// The rows in a pane of this width.
    #[must_use]
    pub(crate) fn of(state: &State, preview: &Preview, width: u16) -> CheckoutRows {
        let shares = preview.lines.iter().map(PreviewLine::shares);
        let is_shared = are_shared(shares, &state.env.me);
        let columns = CheckoutColumns::fitting(width, preview, is_shared);
        let lines = preview
            .lines
            .iter()
            .map(|line| line_rows(state, line, columns, width, is_shared));
        CheckoutRows {
            columns,
            lines: lines.collect(),
        }
    }

    /// The index of the line in this row of an area that begins with the line `top`.
    #[must_use]
    pub(crate) fn line_at(&self, top: usize, row: usize) -> Option<usize> {
        let mut below = 0;
        (top..self.lines.len()).find(|line| {
            below += self.height(*line);
            row < below
        })
    }

    /// The rows that the line with this index takes.
    #[must_use]
    pub(crate) fn height(&self, index: usize) -> usize {
        1 + self.lines.get(index).map_or(0, |line| line.below.len())
    }
}

/// A line with what belongs to it, in a pane of this width.
fn line_rows(
    state: &State,
    line: &PreviewLine,
    columns: CheckoutColumns,
    width: u16,
    is_shared: bool,
) -> LineRows {
    let room = usize::from(width.saturating_sub(INDENT));
    let names = if is_shared {
        let width = if columns.by > 0 {
            columns.by.into()
        } else {
            room
        };
        line.portions().wrapped(width)
    } else {
        Vec::new()
    };
    let mut names = names.into_iter();
    let beside = if columns.by > 0 { names.next() } else { None };
    let mut below: Vec<RowBelow> = names.map(RowBelow::From).collect();

    let price_change = price_change(line);
    if let Some(change) = price_change
        && let Some(was) = line.price_when_added
    {
        let was = state.shop.currency.number(was);
        let short = format!("{} {}: was {was}", change.sign(), change.word());
        let full = format!("{short} when it was added");
        let words = if text::width(&full) <= room {
            full
        } else {
            short
        };
        below.push(RowBelow::Repriced(change, words));
    }

    for note in &line.order_line.notes {
        let note = text::wrap(&format!("{NOTE} {}", note.told()), room, usize::MAX);
        below.extend(note.into_iter().map(RowBelow::Note));
    }

    let problem = text::wrap(&problem(state, line), room, usize::MAX);
    below.extend(problem.into_iter().map(RowBelow::Problem));

    LineRows {
        beside: beside.unwrap_or_default(),
        price_change,
        below,
    }
}

/// How the price of a line has changed since it was added.
fn price_change(line: &PreviewLine) -> Option<PriceChange> {
    PriceChange::between(line.price_when_added?, line.order_line.price)
}

/// The words about what stands in the way of a line, and about what fixes it: `! only 3 left ·
/// Enter takes 3, hal keeps 1`; nothing where nothing does.
fn problem(state: &State, line: &PreviewLine) -> String {
    let Some(obstacle) = line.obstacle() else {
        return String::new();
    };
    let words = format!("{SHORT} {}", obstacle.words());
    if state.cart.is_unconfirmed(&line.order_line.product) {
        return format!("{words} {PENDING}");
    }
    match fixing::told(state, line) {
        Some(told) => format!("{words} · {told}"),
        None => words,
    }
}

impl CheckoutColumns {
    fn fitting(width: u16, preview: &Preview, is_shared: bool) -> CheckoutColumns {
        let lines = || preview.lines.iter().map(|line| &line.order_line);
        let currency = &preview.currency;
        let price_decimals = money::decimals(currency, lines().map(|line| line.price));
        let total_decimals = money::decimals(currency, lines().map(|line| line.total()));
        let needed_price = widest(preview, |line| {
            let price = money::aligned(currency, line.order_line.price, price_decimals);
            text::width(&format!("{}{price}", sign_of(price_change(line))))
        });
        let total = widest(preview, |line| {
            text::width(&money::aligned(
                currency,
                line.order_line.total(),
                total_decimals,
            ))
        });

        let price = if width >= WITH_PRICE {
            needed_price.max(PRICE)
        } else {
            0
        };
        let total = total.max(TOTAL);
        let gaps = if price > 0 { 3 } else { 2 };
        let columns = CheckoutColumns {
            quantity: QUANTITY,
            name: width.saturating_sub(QUANTITY + TOTAL.max(total) + price + gaps),
            by: 0,
            price,
            total,
            price_decimals,
            total_decimals,
        };
        if is_shared && price > 0 {
            columns.with_from(preview)
        } else {
            columns
        }
    }

    /// Gives those who asked a column, where there is room: what no name needs is theirs.
    fn with_from(self, preview: &Preview) -> CheckoutColumns {
        let needed_by = widest(preview, |line| needed_for_from(&line.portions()));
        let room_for_name = self.name.saturating_sub(1 + LEAST_BY.max(needed_by));
        if room_for_name < ROOMY_NAME {
            return self;
        }

        let needed_name = widest(preview, |line| text::width(&line.order_line.name));
        let name = needed_name
            .min(WIDEST_NAME)
            .clamp(ROOMY_NAME, room_for_name);
        CheckoutColumns {
            name,
            by: self.name - 1 - name,
            ..self
        }
    }
}

/// The most columns that something of a line needs.
fn widest(preview: &Preview, width: impl Fn(&PreviewLine) -> usize) -> u16 {
    let widest = preview.lines.iter().map(width).max().unwrap_or(0);
    u16::try_from(widest).unwrap_or(u16::MAX)
}
