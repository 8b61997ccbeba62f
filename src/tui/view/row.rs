//! Rows: cells side by side on one line, as all lists are drawn.

use super::sketch::Sketch;
use crate::config::theme::{BAR, CHANGED, SELECTED, SELECTED_UNFOCUSED, Theme};
use crate::model::text;
use crate::tui::layout::notes::NoteRow;
use crate::tui::layout::price_change::PriceChange;
use ratatui::layout::{Alignment, Rect};
use ratatui::style::{Modifier, Style};
use rust_decimal::Decimal;
use unicode_segmentation::UnicodeSegmentation;

/// One cell of a row.
pub(in crate::tui) struct RowCell<'a> {
    text: &'a str,
    /// Its columns, without the gap after it. A cell of no width is left out.
    width: u16,
    alignment: Alignment,
    style: Style,
}

/// A cell whose text starts at the left.
pub(in crate::tui) fn left(text: &str, width: u16, style: Style) -> RowCell<'_> {
    RowCell {
        text,
        width,
        alignment: Alignment::Left,
        style,
    }
}

/// A cell whose text ends at the right, as numbers do.
pub(in crate::tui) fn right(text: &str, width: u16, style: Style) -> RowCell<'_> {
    RowCell {
        text,
        width,
        alignment: Alignment::Right,
        style,
    }
}

/// The background of a row's cells.
#[derive(Debug, Clone, Copy)]
pub(in crate::tui) enum RowBackground {
    /// Nothing but a style.
    Plain(Style),
    /// The row is selected, in the pane with the keyboard, where the terminal's cursor stands.
    Selected(Style),
    /// The row is selected, in a pane without the keyboard.
    SelectedUnfocused(Style),
    /// The row just changed.
    Changed(Style),
}

impl RowBackground {
    fn style(self) -> Style {
        match self {
            RowBackground::Plain(style)
            | RowBackground::Selected(style)
            | RowBackground::SelectedUnfocused(style)
            | RowBackground::Changed(style) => style,
        }
    }

    /// The same row in the style of one that just changed.
    pub(in crate::tui) fn highlighted(self, style: Style) -> RowBackground {
        match self {
            RowBackground::Plain(_)
            | RowBackground::SelectedUnfocused(_)
            | RowBackground::Changed(_) => RowBackground::Changed(style),
            RowBackground::Selected(_) => RowBackground::Selected(style),
        }
    }

    /// The style of a text of `style` on this background.
    pub(in crate::tui) fn beneath(self, style: Style) -> Style {
        match self {
            RowBackground::Plain(background) | RowBackground::SelectedUnfocused(background) => {
                background.patch(style)
            }
            // A colour chosen for another background might not be readable on this one.
            RowBackground::Selected(background) | RowBackground::Changed(background) => Style {
                fg: None,
                bg: None,
                ..style
            }
            .patch(background),
        }
    }
}

/// Draws the sign of a selected or changed row on the line of the frame at its left: a terminal
/// without colours, and an eye that does not tell them apart, have no other.
pub(in crate::tui) fn draw_sign(
    theme: &Theme,
    background: RowBackground,
    row: Rect,
    sketch: &mut Sketch,
) {
    let (sign, style) = match background {
        RowBackground::Plain(_) => return,
        RowBackground::Selected(_) => (SELECTED, theme.accent),
        RowBackground::SelectedUnfocused(_) => (SELECTED_UNFOCUSED, theme.dim),
        RowBackground::Changed(_) => (CHANGED, theme.accent),
    };
    if let Some(x) = row.x.checked_sub(1).filter(|_| !row.is_empty()) {
        sketch.write(x, row.y, sign, 1, style);
    }
}

/// Draws cells on the one line of `area`, with a gap of one column between them.
pub(in crate::tui) fn draw(
    cells: &[RowCell<'_>],
    background: RowBackground,
    area: Rect,
    sketch: &mut Sketch,
) {
    sketch.set_style(area, background.style());
    if matches!(background, RowBackground::Selected(_)) {
        sketch.point_at(area);
    }

    let mut x = area.x;
    for cell in cells.iter().filter(|cell| cell.width > 0) {
        let width = cell.width.min(area.right().saturating_sub(x));
        if width == 0 {
            return;
        }

        let text = text::truncated(cell.text, width.into());
        let used = u16::try_from(text::width(&text)).unwrap_or(width);
        let spare = width.saturating_sub(used);
        let indent = match cell.alignment {
            Alignment::Left => 0,
            Alignment::Center => spare / 2,
            Alignment::Right => spare,
        };

        let style = background.beneath(cell.style);
        sketch.write(x + indent, area.y, &text, width, style);
        x += cell.width + 1;
    }
}

/// Draws a row of a note, behind a cell of `indent` columns.
pub(in crate::tui) fn draw_note(
    theme: &Theme,
    note: &NoteRow,
    indent: u16,
    background: RowBackground,
    area: Rect,
    sketch: &mut Sketch,
) {
    let style = note_style(theme, note);
    let cells = [left("", indent, style), left(&note.text, area.width, style)];
    draw(&cells, background, area, sketch);
}

/// The style of a row of a note.
pub(in crate::tui) fn note_style(theme: &Theme, note: &NoteRow) -> Style {
    if note.is_pending {
        theme.pending
    } else {
        theme.dim
    }
}

/// The style of a price in the cart, or of what is said of it.
pub(super) fn price_style(theme: &Theme, change: Option<PriceChange>) -> Style {
    match change {
        Some(PriceChange::Dearer) => theme.bad,
        Some(PriceChange::Cheaper) => theme.good,
        None => theme.dim,
    }
}

/// Draws a text at the left end of a line, and a total at its right end, which is never cut in
/// favour of the text.
pub(in crate::tui) fn draw_total(
    theme: &Theme,
    (text, total): (&str, &str),
    total_style: Style,
    area: Rect,
    sketch: &mut Sketch,
) {
    let width = u16::try_from(text::width(total)).unwrap_or(area.width);
    let cells = [
        left(text, area.width.saturating_sub(width + 1), theme.dim),
        right(total, width, total_style),
    ];
    draw(&cells, RowBackground::Plain(theme.text), area, sketch);
}

/// A bar for a share of something, from 0 to 1, by eighths of a column.
pub(in crate::tui) fn bar(share: Decimal, columns: u16) -> String {
    let eighths = (share * Decimal::from(columns * 8)).round();
    let eighths = usize::try_from(eighths).unwrap_or(0).max(1);
    BAR[8].repeat(eighths / 8) + BAR[eighths % 8]
}

/// The style of a bar, which has no weight of its own.
pub(in crate::tui) fn bar_style(theme: &Theme) -> Style {
    Style {
        add_modifier: Modifier::empty(),
        ..theme.accent
    }
}

/// The first line of `area`.
pub(in crate::tui) fn first_line(area: Rect) -> Rect {
    Rect { height: 1, ..area }
}

/// The line above `rows`, where the headings of their columns stand.
pub(in crate::tui) fn heading_line(rows: Rect) -> Rect {
    Rect {
        y: rows.y - 1,
        height: 1,
        ..rows
    }
}

/// The columns of these cells, of which those without any don't show, with the gaps behind them.
pub(in crate::tui) fn taken(columns: &[u16]) -> u16 {
    let shown = columns.iter().filter(|column| **column > 0);
    shown.map(|column| column + 1).sum()
}

/// The last line of a frame, between its corners.
pub(in crate::tui) fn foot_line(frame: Rect) -> Rect {
    Rect {
        x: frame.x + 1,
        y: frame.bottom().saturating_sub(1),
        width: frame.width.saturating_sub(2),
        height: 1,
    }
}

/// Adds `style` to the characters at `positions` (sorted) of a text that was drawn in `area`,
/// as far as they show.
pub(in crate::tui) fn highlight(
    text: &str,
    positions: &[usize],
    area: Rect,
    style: Style,
    sketch: &mut Sketch,
) {
    // Where the text was cut, an ellipsis stands in the last column.
    let is_cut = text::width(text) > usize::from(area.width);
    let end = area.right().saturating_sub(u16::from(is_cut));

    let mut x = area.x;
    for (position, grapheme) in text.graphemes(true).enumerate() {
        let width = u16::try_from(text::width(grapheme)).unwrap_or(0);
        if x + width > end {
            return;
        }

        if positions.binary_search(&position).is_ok() {
            sketch.set_style(Rect { x, width, ..area }, style);
        }
        x += width;
    }
}
