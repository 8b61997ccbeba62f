//! What a terminal shows, kept until the next frame.

use crate::config::display::Display;
use crate::tui::view::sketch::{Sketch, SketchLine};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;

/// What a terminal shows: not its cells, of which a process with many screens would keep too many,
/// but the lines from which they were drawn.
#[derive(Debug, Default)]
pub(super) struct Shown {
    area: Rect,
    lines: Vec<SketchLine>,
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

    /// Takes a sketch of the same size for what shows; returns the cells to write, with their
    /// columns and rows. Only lines that changed are drawn.
    pub(super) fn replace(&mut self, sketch: Sketch, display: Display) -> Vec<(u16, u16, Cell)> {
        let mut before = Buffer::default();
        let mut after = Buffer::default();
        let mut changed = Vec::new();

        for ((y, shown), line) in (0..).zip(&mut self.lines).zip(sketch.lines) {
            if *shown == line {
                continue;
            }

            let area = Rect::new(0, y, self.area.width, 1);
            before.resize(area);
            after.resize(area);
            shown.paint_with(&line, display, &mut before, &mut after);
            let cells = before.diff_iter(&after);
            changed.extend(cells.map(|(x, y, cell)| (x, y, cell.clone())));

            // A clone takes no more memory than it needs.
            *shown = line.clone();
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::view::sketch::tests::{DISPLAY, drawings};
    use proptest::prelude::*;
    use ratatui::style::Style;

    proptest! {
        #[test]
        fn as_much_is_written_as_between_whole_buffers(
            frames in proptest::collection::vec(drawings(), 1..6),
        ) {
            let mut before = Buffer::empty(frames[0].1.area);
            let mut shown = Shown::cleared(before.area);
            for (sketch, frame) in frames {
                let usual = before.diff(&frame);
                let usual: Vec<_> = usual.iter().map(|(x, y, cell)| (*x, *y, (*cell).clone())).collect();
                prop_assert_eq!(shown.replace(sketch, DISPLAY), usual);
                before = frame;
            }
        }
    }

    #[test]
    fn a_terminal_without_cells_is_borne() {
        for (width, height) in [(0, 0), (0, 3), (3, 0)] {
            let mut shown = Shown::cleared(Rect::new(0, 0, width, height));
            let sketch = Sketch::new((width, height), Style::new());
            assert!(shown.replace(sketch, DISPLAY).is_empty());
        }
    }
}
