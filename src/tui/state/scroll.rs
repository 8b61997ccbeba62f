//! The position within a list: the selected row and the first row that shows.

/// The position within a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scroll {
    /// The selected row.
    pub cursor: usize,
    /// The first row that shows.
    pub top: usize,
}

/// A direction of the mouse wheel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WheelDirection {
    Up,
    Down,
}

impl Scroll {
    /// Keeps the cursor within `rows`, and within the `page` rows that show.
    pub(crate) fn keep_within(&mut self, rows: usize, page: usize) {
        self.keep_tall_within(rows, page, |_| 1);
    }

    /// The same for rows of any `height` in a page of so many lines of the screen.
    pub(crate) fn keep_tall_within(
        &mut self,
        rows: usize,
        page: usize,
        height: impl Fn(usize) -> usize,
    ) {
        self.cursor = self.cursor.min(rows.saturating_sub(1));

        let lowest = first_fitting(self.cursor + 1, page, &height);
        let last = first_fitting(rows, page, &height);
        self.top = self.top.clamp(lowest, self.cursor).min(last);
    }

    /// Selects a row, and leaves it at the height on the screen where the cursor was.
    pub(crate) fn move_in_place(&mut self, row: usize) {
        let offset = self.cursor.saturating_sub(self.top);
        self.cursor = row;
        self.top = row.saturating_sub(offset);
    }

    /// Turns the page by `by` rows. The cursor goes along only where it would leave the page.
    pub(crate) fn turn(
        &mut self,
        direction: WheelDirection,
        by: usize,
        rows: usize,
        page: usize,
        height: impl Fn(usize) -> usize,
    ) {
        let last = first_fitting(rows, page, &height);
        self.top = turned(self.top, direction, by, last);

        let shown = fitting(self.top, rows, page, height);
        self.cursor = self.cursor.clamp(self.top, self.top + shown - 1);
    }
}

/// The first row from which on all rows before `end` fit into a page; at least the last one counts
/// as fitting.
fn first_fitting(end: usize, page: usize, height: impl Fn(usize) -> usize) -> usize {
    let mut first = end.saturating_sub(1);
    let mut used = height(first);
    while first > 0 {
        used += height(first - 1);
        if used > page {
            break;
        }
        first -= 1;
    }
    first
}

/// The number of rows from `top` on that fit into a page; at least one counts as fitting.
pub(crate) fn fitting(
    top: usize,
    rows: usize,
    page: usize,
    height: impl Fn(usize) -> usize,
) -> usize {
    let mut used = 0;
    let fitting = (top..rows)
        .take_while(|row| {
            used += height(*row);
            used <= page
        })
        .count();
    fitting.max(1)
}

/// The first row that shows after a turn of the wheel by `by` rows; at most `last`.
pub(crate) fn turned(top: usize, direction: WheelDirection, by: usize, last: usize) -> usize {
    match direction {
        WheelDirection::Up => top.saturating_sub(by),
        WheelDirection::Down => (top + by).min(last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of one, two and three lines.
    fn height(row: usize) -> usize {
        1 + row % 3
    }

    #[test]
    fn tall_rows_show_whole() {
        for page in 1..12 {
            let mut scroll = Scroll::default();
            for cursor in (0..20).chain((0..20).rev()) {
                scroll.cursor = cursor;
                scroll.keep_tall_within(20, page, height);

                let used: usize = (scroll.top..=cursor).map(height).sum();
                assert!(used <= page || scroll.top == cursor, "{page} {cursor}");
                // Nothing is empty at the end while there are rows above.
                let rest: usize = (scroll.top..20).map(height).sum();
                let fits_one_more = scroll.top > 0 && rest + height(scroll.top - 1) <= page;
                assert!(!fits_one_more, "{page} {cursor}");
            }
        }
    }

    #[test]
    fn the_wheel_takes_the_cursor_along_at_the_edge() {
        let mut scroll = Scroll::default();
        scroll.turn(WheelDirection::Down, 3, 20, 6, height);
        assert_eq!((scroll.top, scroll.cursor), (3, 3));
        scroll.cursor = 5;
        scroll.turn(WheelDirection::Up, 3, 20, 5, height);
        // The third row would not show whole.
        assert_eq!((scroll.top, scroll.cursor), (0, 1));
    }
}
