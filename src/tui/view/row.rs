//! Rows of columns.

use crate::model::text;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// One cell of a row: its text, its width in columns, whether it is set to the right.
pub struct Cell<'a> {
    /// What it says.
    pub text: &'a str,
    /// Its columns, with the gap after it not counted.
    pub width: u16,
    /// Set to the right, as numbers are.
    pub right: bool,
    /// How it looks.
    pub style: Style,
}

/// A cell set to the left.
pub fn left(text: &str, width: u16, style: Style) -> Cell<'_> {
    Cell {
        text,
        width,
        right: false,
        style,
    }
}

/// A cell set to the right.
pub fn right(text: &str, width: u16, style: Style) -> Cell<'_> {
    Cell {
        text,
        width,
        right: true,
        style,
    }
}

/// Draws cells with one column between them; those without width are left out. `ground`
/// fills the row; with `over` it wins over the cells' own styles.
pub fn draw(cells: &[Cell<'_>], area: Rect, ground: Style, over: bool, buffer: &mut Buffer) {
    buffer.set_style(area, ground);
    let mut x = area.x;
    for cell in cells.iter().filter(|cell| cell.width > 0) {
        let width = cell.width.min(area.right().saturating_sub(x));
        if width == 0 {
            return;
        }
        let fitted = text::truncate(cell.text, usize::from(width));
        let used = u16::try_from(text::width(&fitted)).unwrap_or(width);
        let start = if cell.right {
            x + width - used.min(width)
        } else {
            x
        };
        let style = if over {
            under(cell.style, ground)
        } else {
            ground.patch(cell.style)
        };
        buffer.set_stringn(start, area.y, &fitted, usize::from(width), style);
        x += cell.width + 1;
    }
}

/// A style on a ground that wins: of its own only the weight stays, as a colour turned to the
/// other side would be no ground for text.
pub fn under(style: Style, ground: Style) -> Style {
    Style {
        fg: None,
        bg: None,
        ..style
    }
    .patch(ground)
}

/// Marks characters of a text that stands in `area`, as far as it shows.
pub fn mark(shown: &str, places: &[usize], area: Rect, style: Style, buffer: &mut Buffer) {
    let mut x = area.x;
    for (place, c) in shown.chars().enumerate() {
        let wide = u16::try_from(text::width(c.encode_utf8(&mut [0; 4]))).unwrap_or(0);
        // The last column may be an ellipsis.
        if x + wide > area.right().saturating_sub(1) && text::width(shown) > usize::from(area.width)
            || x >= area.right()
        {
            return;
        }
        if places.binary_search(&place).is_ok() {
            buffer.set_style(
                Rect {
                    x,
                    width: wide,
                    ..area
                },
                style,
            );
        }
        x += wide;
    }
}
