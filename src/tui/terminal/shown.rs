//! The cells that a terminal shows, kept until the next frame. A process with many screens keeps
//! as many of them, so they are packed, to some tenth of what a buffer takes.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier};

/// Stands before and behind a symbol that is not one byte. No symbol holds it, as it is a control
/// character.
const MARK: char = '\0';

/// The cells that a terminal shows.
#[derive(Debug, Default)]
pub(super) struct Shown {
    area: Rect,
    rows: Vec<PackedRow>,
}

/// A row of cells. Those that are missing at its end are empty ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct PackedRow {
    /// The cells' symbols, one after the other.
    symbols: String,
    runs: Vec<Run>,
}

/// Neighbours that look alike but for their symbols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    cells: u16,
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Shown {
    /// The cells of a terminal of this size that was cleared.
    pub(super) fn cleared(area: Rect) -> Shown {
        Shown {
            area,
            rows: vec![PackedRow::default(); usize::from(area.height)],
        }
    }

    /// The part of the terminal that the cells cover: all of it.
    pub(super) fn area(&self) -> Rect {
        self.area
    }

    /// Takes the cells of a frame of the same size for those that show; returns the places of those
    /// to write.
    pub(super) fn replace(&mut self, frame: &Buffer) -> Vec<Position> {
        let width = usize::from(self.area.width).max(1);
        let mut packed = PackedRow::default();
        let mut before = Buffer::default();
        let mut after = Buffer::default();
        let mut changed = Vec::new();

        for ((y, row), cells) in (0..).zip(&mut self.rows).zip(frame.content.chunks(width)) {
            packed.pack(cells);
            if packed == *row {
                continue;
            }

            let area = Rect::new(0, y, self.area.width, 1);
            before.resize(area);
            row.unpack(&mut before.content);
            after.resize(area);
            after.content.clone_from_slice(cells);
            changed.extend(
                before
                    .diff_iter(&after)
                    .map(|(x, y, _)| Position::new(x, y)),
            );

            // A clone takes no more memory than it needs.
            *row = packed.clone();
        }
        changed
    }
}

impl PackedRow {
    fn pack(&mut self, cells: &[Cell]) {
        self.symbols.clear();
        self.runs.clear();

        for cell in cells {
            match self.runs.last_mut() {
                Some(run) if run.looks_like(cell) => run.cells += 1,
                _ => self.runs.push(Run::begin(cell)),
            }

            let symbol = cell.symbol();
            if symbol.len() == 1 {
                self.symbols.push_str(symbol);
            } else {
                self.symbols.push(MARK);
                self.symbols.push_str(symbol);
                self.symbols.push(MARK);
            }
        }
    }

    fn unpack(&self, row: &mut [Cell]) {
        row.fill(Cell::EMPTY);
        let mut cells = row.iter_mut();
        let mut rest = self.symbols.as_str();

        for run in &self.runs {
            for cell in cells.by_ref().take(usize::from(run.cells)) {
                if let Some(symbol) = take_symbol(&mut rest) {
                    cell.set_symbol(symbol);
                }
                cell.fg = run.fg;
                cell.bg = run.bg;
                cell.modifier = run.modifier;
            }
        }
    }
}

/// Takes the first of some packed symbols.
fn take_symbol<'a>(packed: &mut &'a str) -> Option<&'a str> {
    let (symbol, rest) = match packed.strip_prefix(MARK) {
        Some(marked) => marked.split_once(MARK)?,
        None => packed.split_at_checked(1)?,
    };
    *packed = rest;
    Some(symbol)
}

impl Run {
    fn begin(cell: &Cell) -> Run {
        Run {
            cells: 1,
            fg: cell.fg,
            bg: cell.bg,
            modifier: cell.modifier,
        }
    }

    fn looks_like(&self, cell: &Cell) -> bool {
        self.fg == cell.fg && self.bg == cell.bg && self.modifier == cell.modifier
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ratatui::style::Style;

    const TEXTS: [&str; 9] = [
        "Espresso",
        "  ",
        "抹茶 Matcha",
        "⚠\u{fe0f}⌨\u{fe0f} x",
        "👩\u{200d}🍳cook",
        "e\u{301}a\u{300}\u{301}\u{302}",
        "│──╮",
        "ｶﾞﾟ",
        "1\u{fe0f}\u{20e3}",
    ];
    const COLORS: [Color; 5] = [
        Color::Reset,
        Color::Red,
        Color::Indexed(16),
        Color::Indexed(17),
        Color::Rgb(0, 16, 255),
    ];

    /// A frame in which some texts were written, one over the other.
    fn frames() -> impl Strategy<Value = Buffer> {
        let area = Rect::new(0, 0, 14, 4);
        let style = (0..COLORS.len(), 0..COLORS.len(), 0..512_u16);
        let text = (0..area.width, 0..area.height, 0..TEXTS.len(), style);

        proptest::collection::vec(text, 0..12).prop_map(move |texts| {
            let mut frame = Buffer::empty(area);
            for (x, y, text, (fg, bg, modifier)) in texts {
                let style = Style::new()
                    .fg(COLORS[fg])
                    .bg(COLORS[bg])
                    .add_modifier(Modifier::from_bits_truncate(modifier));
                frame.set_string(x, y, TEXTS[text], style);
            }
            frame
        })
    }

    proptest! {
        #[test]
        fn as_much_is_written_as_between_whole_buffers(
            frames in proptest::collection::vec(frames(), 1..6),
        ) {
            let mut before = Buffer::empty(frames[0].area);
            let mut shown = Shown::cleared(before.area);
            for frame in frames {
                let usual = before.diff(&frame);
                let usual: Vec<_> = usual.iter().map(|(x, y, _)| Position::new(*x, *y)).collect();
                prop_assert_eq!(shown.replace(&frame), usual);
                before = frame;
            }
        }
    }

    #[test]
    fn a_terminal_without_cells_is_borne() {
        for area in [Rect::ZERO, Rect::new(0, 0, 0, 3), Rect::new(0, 0, 3, 0)] {
            let mut shown = Shown::cleared(area);
            assert!(shown.replace(&Buffer::empty(area)).is_empty());
        }
    }
}
