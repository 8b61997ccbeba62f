//! The columns and rows of the checkout: drawing and scrolling both read them.

use super::from::needed_for_from;
use crate::model::checkout::PreviewLine;
use crate::model::shares::{Portions, are_shared};
use crate::model::{Preview, text};
use crate::tui::state::State;

/// The columns for a quantity.
const QUANTITY: u16 = 6;
/// The columns for the total of a line.
const TOTAL: u16 = 14;
/// The columns for the price of one, where there is room.
const PRICE: u16 = 12;
/// The width from which on there is room for the price of one.
const WITH_PRICE: u16 = 50;
/// The columns that a name keeps beside who asked for it.
const ROOMY_NAME: u16 = 18;
/// The least columns for who asked for a line.
const LEAST_BY: u16 = 16;
/// The widest that the list gets. On a wider screen the amounts would be too far from the names
/// of their products to be read in one line.
pub(crate) const MAX_WIDTH: u16 = 90;

/// The widths of the checkout's columns, 0 for those that have no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CheckoutColumns {
    pub(crate) quantity: u16,
    pub(crate) name: u16,
    /// For who asked for it.
    pub(crate) by: u16,
    pub(crate) price: u16,
    pub(crate) total: u16,
}

/// A row of the checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CheckoutRow {
    /// The line with this index, and who asked for it, where that has a column.
    Line(usize, String),
    /// More of those who asked for the line above.
    From(String),
    /// The note about the line with this index.
    Note(usize),
}

/// The rows of the checkout, in their columns.
#[derive(Debug, Clone)]
pub(crate) struct CheckoutRows {
    pub(crate) columns: CheckoutColumns,
    pub(crate) rows: Vec<CheckoutRow>,
}

impl CheckoutRows {
    /// The rows in a frame that leaves `width` columns: each line with who asked for it, where
    /// that are others, too, and below it a note where the price changed or the stock is short.
    #[must_use]
    pub(crate) fn of(state: &State, preview: &Preview, width: u16) -> CheckoutRows {
        let width = width.min(MAX_WIDTH);
        let shares = preview.lines.iter().map(PreviewLine::shares);
        let is_shared = are_shared(shares, &state.env.me);
        let columns = CheckoutColumns::fitting(width, preview, is_shared);

        let mut rows = Vec::with_capacity(preview.lines.len());
        for (index, line) in preview.lines.iter().enumerate() {
            let mut names = if is_shared {
                portions(line).wrapped(columns.width_of_names(width).into())
            } else {
                Vec::new()
            }
            .into_iter();
            let beside = if columns.by > 0 { names.next() } else { None };

            rows.push(CheckoutRow::Line(index, beside.unwrap_or_default()));
            rows.extend(names.map(CheckoutRow::From));
            if line.price_when_added.is_some() || line.short.is_some() {
                rows.push(CheckoutRow::Note(index));
            }
        }
        CheckoutRows { columns, rows }
    }
}

impl CheckoutColumns {
    fn fitting(width: u16, preview: &Preview, is_shared: bool) -> CheckoutColumns {
        let price = if width >= WITH_PRICE { PRICE } else { 0 };
        let gaps = if price > 0 { 3 } else { 2 };
        let columns = CheckoutColumns {
            quantity: QUANTITY,
            name: width.saturating_sub(QUANTITY + TOTAL + price + gaps),
            by: 0,
            price,
            total: TOTAL,
        };
        if is_shared && price > 0 {
            columns.with_from(preview)
        } else {
            columns
        }
    }

    /// Gives those who asked a column, where there is room: what no name needs is theirs.
    fn with_from(self, preview: &Preview) -> CheckoutColumns {
        let needed_by = widest(preview, |line| needed_for_from(&portions(line)));
        let room_for_name = self.name.saturating_sub(1 + LEAST_BY.max(needed_by));
        if room_for_name < ROOMY_NAME {
            return self;
        }

        let needed_name = widest(preview, |line| text::width(&line.order_line.name));
        let name = needed_name.clamp(ROOMY_NAME, room_for_name);
        CheckoutColumns {
            name,
            by: self.name - 1 - name,
            ..self
        }
    }

    /// The columns for the names of who asked for a line: in their column, else below the line.
    fn width_of_names(self, width: u16) -> u16 {
        if self.by > 0 {
            self.by
        } else {
            width.saturating_sub(self.quantity + 1)
        }
    }
}

fn portions(line: &PreviewLine) -> Portions<'_> {
    let (shares, quantity) = line.shares();
    Portions::of(shares, quantity)
}

/// The most columns that something of a line needs.
fn widest(preview: &Preview, width: impl Fn(&PreviewLine) -> usize) -> u16 {
    let widest = preview.lines.iter().map(width).max().unwrap_or(0);
    u16::try_from(widest).unwrap_or(u16::MAX)
}
