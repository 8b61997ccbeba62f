//! The content of a terminal's screen, kept until the next frame.

use super::pen::Pen;
use crate::config::display::Display;
use crate::tui::view::sketch::{Sketch, SketchLine};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::ops::RangeInclusive;

/// The content of a terminal's screen: not its cells, of which a process with many screens would
/// keep too many, but the lines from which they were drawn.
#[derive(Debug, Default)]
pub(super) struct Shown {
    area: Rect,
    lines: Vec<SketchLine>,
}

/// The cells of a row as they were and as they are to be.
#[derive(Debug, Clone)]
pub(super) struct RowChange {
    pub(super) y: u16,
    pub(super) before: Buffer,
    pub(super) after: Buffer,
}

impl Shown {
    /// A terminal of this size that was cleared.
    pub(super) fn cleared(area: Rect) -> Shown {
        Shown {
            area,
            lines: vec![SketchLine::default(); usize::from(area.height)],
        }
    }

    /// The part of the terminal that the lines cover: all of it.
    pub(super) fn area(&self) -> Rect {
        self.area
    }

    /// Takes a sketch of the same size for what shows; returns the rows that changed, from the top.
    /// They alone are drawn.
    pub(super) fn replace(&mut self, sketch: &Sketch, display: Display) -> Vec<RowChange> {
        let mut changed = Vec::new();
        for ((y, shown), line) in (0..).zip(&mut self.lines).zip(&sketch.lines) {
            if shown == line {
                continue;
            }

            let mut row = RowChange::empty(y, self.area.width);
            shown.paint_with(line, display, &mut row.before, &mut row.after);
            row.strip_blanks();
            changed.push(row);

            // A clone takes no more memory than it needs.
            *shown = line.clone();
        }
        changed
    }

    /// Adds those of these rows that are missing, as they did not change.
    pub(super) fn add_unchanged(
        &self,
        rows: &mut Vec<RowChange>,
        wanted: RangeInclusive<u16>,
        display: Display,
    ) {
        for y in wanted {
            let (Err(place), Some(line)) = (
                rows.binary_search_by_key(&y, |row| row.y),
                self.lines.get(usize::from(y)),
            ) else {
                continue;
            };
            let mut row = RowChange::empty(y, self.area.width);
            line.paint(display, &mut row.after);
            row.before = row.after.clone();
            row.strip_blanks();
            rows.insert(place, row);
        }
    }
}

impl RowChange {
    fn empty(y: u16, width: u16) -> RowChange {
        let row = Buffer::empty(Rect::new(0, y, width, 1));
        RowChange {
            y,
            before: row.clone(),
            after: row,
        }
    }

    /// Takes off the blanks what does not show, so that those that look alike are alike.
    fn strip_blanks(&mut self) {
        for cell in self
            .before
            .content
            .iter_mut()
            .chain(&mut self.after.content)
        {
            Pen::strip_blank(cell);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::view::sketch::tests::{DISPLAY, drawings};
    use proptest::prelude::*;
    use ratatui::style::Style;

    /// The cells of a whole screen.
    fn cells(rows: &[Buffer]) -> Vec<ratatui::buffer::Cell> {
        rows.iter().flat_map(|row| row.content.clone()).collect()
    }

    proptest! {
        #[test]
        fn rows_that_changed_are_told_as_they_were_and_are(
            frames in proptest::collection::vec(drawings(), 1..6),
        ) {
            let area = frames[0].1.area;
            let blank = |y| Buffer::empty(Rect::new(0, y, area.width, 1));
            let mut known: Vec<Buffer> = (0..area.height).map(blank).collect();
            let mut shown = Shown::cleared(area);

            for (sketch, frame) in frames {
                let mut rows = shown.replace(&sketch, DISPLAY);
                for row in &rows {
                    prop_assert_eq!(&known[usize::from(row.y)], &row.before);
                    known[usize::from(row.y)] = row.after.clone();
                }

                let mut expected = frame.content;
                expected.iter_mut().for_each(Pen::strip_blank);
                prop_assert_eq!(&cells(&known), &expected);

                // What did not change is what it was.
                shown.add_unchanged(&mut rows, 0..=area.height - 1, DISPLAY);
                let all: Vec<Buffer> = rows.into_iter().map(|row| row.after).collect();
                prop_assert_eq!(cells(&all), expected);
            }
        }
    }

    #[test]
    fn a_terminal_without_cells_is_borne() {
        for (width, height) in [(0, 0), (0, 3), (3, 0)] {
            let mut shown = Shown::cleared(Rect::new(0, 0, width, height));
            let sketch = Sketch::new((width, height), Style::new());
            let rows = shown.replace(&sketch, DISPLAY);
            assert!(rows.iter().all(|row| row.after.content.is_empty()));
        }
    }
}
