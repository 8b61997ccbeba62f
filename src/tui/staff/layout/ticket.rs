//! The rows of a ticket.

use crate::config::theme::NOTE;
use crate::model::receipt::marked_within;
use crate::model::text;
use crate::tui::staff::state::board::BoardTicket;

/// The most rows that a product's name takes.
const MOST_NAME_ROWS: usize = 3;
/// The columns before the quantity of a line: its sign, and a gap.
pub(in crate::tui) const SIGN_WIDTH: u16 = 2;
/// The least columns of a quantity.
const LEAST_QUANTITY_WIDTH: usize = 2;

/// A row of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tui) struct TicketRow {
    /// The line to which it belongs, among those that show.
    pub(in crate::tui) line: Option<usize>,
    pub(in crate::tui) part: TicketPart,
    pub(in crate::tui) text: String,
}

/// The part of a ticket that a row shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tui) enum TicketPart {
    /// The name of a product behind its quantity, which stands in the first row alone.
    Line { quantity: Option<u32> },
    /// A note of somebody on the line.
    Note,
    /// The note for the whole order.
    OrderNote,
    /// A count of rows that have no room, or of lines that others make.
    Count,
}

/// The columns that the quantities of a ticket take.
#[must_use]
pub(in crate::tui) fn quantity_width(ticket: &BoardTicket) -> u16 {
    let most = ticket.order().lines.iter().map(|line| line.quantity).max();
    let width = most.unwrap_or(0).to_string().len();
    let width = width.max(LEAST_QUANTITY_WIDTH);
    u16::try_from(width).unwrap_or(u16::MAX)
}

/// The rows of a ticket, from the top on.
struct TicketRows {
    rows: Vec<TicketRow>,
    /// They are all that there are.
    are_all: bool,
}

/// The rows of a ticket in so many columns: more than `most`, and those of the line with the cursor
/// and of the next one. Where there are many more, they are left out.
fn rows(
    ticket: &BoardTicket,
    station: Option<&str>,
    columns: u16,
    most: usize,
    cursor: Option<usize>,
) -> TicketRows {
    let cursor = cursor.unwrap_or(0);
    let order = ticket.order();
    let lines = ticket.lines_of(station);
    let quantity = usize::from(SIGN_WIDTH + quantity_width(ticket));
    let name_room = usize::from(columns).saturating_sub(quantity + 1);

    let mut rows = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if rows.len() > most && index > cursor + 1 {
            return TicketRows {
                rows,
                are_all: false,
            };
        }
        let line = &order.lines[*line];
        let mut names = text::wrap(&line.name, name_room, MOST_NAME_ROWS);
        if names.is_empty() {
            names.push(String::new());
        }
        for (row, text) in names.into_iter().enumerate() {
            let quantity = (row == 0).then_some(line.quantity);
            rows.push(TicketRow {
                line: Some(index),
                part: TicketPart::Line { quantity },
                text,
            });
        }

        let indent = " ".repeat(quantity + 1);
        let mark = format!("{indent}{NOTE} ");
        for note in &line.notes {
            let texts = marked_within(&mark, &note.told(), columns.into(), usize::MAX);
            rows.extend(texts.into_iter().map(|text| TicketRow {
                line: Some(index),
                part: TicketPart::Note,
                text,
            }));
        }
    }

    let mark = format!("{}{NOTE} ", " ".repeat(usize::from(SIGN_WIDTH) + 1));
    let texts = marked_within(&mark, &order.note, columns.into(), usize::MAX);
    rows.extend(texts.into_iter().map(|text| TicketRow {
        line: None,
        part: TicketPart::OrderNote,
        text,
    }));

    let elsewhere = order.lines.len() - lines.len();
    if elsewhere > 0 {
        let lines = text::count(elsewhere, "line");
        rows.push(count_row(&format!("{lines} elsewhere")));
    }
    TicketRows {
        rows,
        are_all: true,
    }
}

/// The rows of a ticket that show in so many: from the top on or, where it is selected, those about
/// the line with the cursor.
#[must_use]
pub(in crate::tui) fn visible_rows(
    ticket: &BoardTicket,
    station: Option<&str>,
    columns: u16,
    height: u16,
    cursor: Option<usize>,
) -> Vec<TicketRow> {
    let height = usize::from(height);
    let TicketRows { rows, are_all } = rows(ticket, station, columns, height, cursor);
    if rows.len() <= height || height < 3 {
        return rows.into_iter().take(height).collect();
    }

    let last_of_line = cursor.and_then(|line| {
        let mut lines = rows.iter();
        lines.rposition(|row| row.line == Some(line))
    });
    let top = last_of_line.map_or(0, |last| (last + 2).saturating_sub(height));
    let top = top.min(rows.len() - height);

    let mut shown = rows[top..top + height].to_vec();
    if top > 0 {
        let above = rows[..=top].iter().filter(|row| row.is_first()).count();
        shown[0] = count_row(&format!("{above} above"));
    }
    if top + height < rows.len() || !are_all {
        let shown_lines = rows[..top + height - 1].iter();
        let shown_lines = shown_lines.filter(|row| row.is_first()).count();
        let lines = ticket.lines_of(station).len();
        let below = lines.saturating_sub(shown_lines);
        shown[height - 1] = match below {
            0 => count_row("more notes"),
            below => count_row(&format!("{below} more")),
        };
    }
    shown
}

impl TicketRow {
    /// Returns whether it is the first one of a line.
    fn is_first(&self) -> bool {
        matches!(self.part, TicketPart::Line { quantity: Some(_) })
    }
}

fn count_row(words: &str) -> TicketRow {
    TicketRow {
        line: None,
        part: TicketPart::Count,
        text: format!("   … {words}"),
    }
}
