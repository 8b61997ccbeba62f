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
        let page = page.max(1);

        self.cursor = self.cursor.min(rows.saturating_sub(1));
        self.top = self
            .top
            .clamp((self.cursor + 1).saturating_sub(page), self.cursor)
            .min(rows.saturating_sub(page));
    }

    /// Selects a row, and leaves it at the height on the screen where the cursor was.
    pub(crate) fn move_in_place(&mut self, row: usize) {
        let offset = self.cursor.saturating_sub(self.top);
        self.cursor = row;
        self.top = row.saturating_sub(offset);
    }

    /// Turns the page by `by` rows. The cursor goes along only where it would leave the page.
    pub(crate) fn turn(&mut self, direction: WheelDirection, by: usize, rows: usize, page: usize) {
        let page = page.max(1);

        self.top = turned(self.top, direction, by, rows.saturating_sub(page));
        self.cursor = self.cursor.clamp(self.top, self.top + page - 1);
    }
}

/// The first row that shows after a turn of the wheel by `by` rows; at most `last`.
pub(crate) fn turned(top: usize, direction: WheelDirection, by: usize, last: usize) -> usize {
    match direction {
        WheelDirection::Up => top.saturating_sub(by),
        WheelDirection::Down => (top + by).min(last),
    }
}
