//! Finds rows of a pane that moved up or down, as those of a list that scrolls: a terminal moves them
//! itself when it deletes or inserts lines, in fewer bytes than it takes to write them again.

use super::encoder;
use super::shown::RowChange;
use crate::model::text;
use ratatui::buffer::Cell;
use ratatui::layout::Rect;
use std::collections::HashMap;
use std::ops::{Range, RangeInclusive};

/// The least rows that are worth a look.
const LEAST_ROWS: usize = 3;

/// Rows that move within a part of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scroll {
    /// The rows between which they move.
    rows: RangeInclusive<u16>,
    /// The columns that move.
    columns: Range<u16>,
    /// The number of rows up; down where it is negative.
    up: i16,
}

impl Scroll {
    /// Finds the rows of a pane that moved, where most of them did.
    pub(super) fn find(changed: &[RowChange], panes: &[Rect]) -> Option<Scroll> {
        let mut best = None;
        let mut most = LEAST_ROWS - 1;
        for pane in panes {
            let rows = rows_within(changed, *pane);
            let height = i16::try_from(rows.len()).unwrap_or(0);
            if rows.len() < LEAST_ROWS {
                continue;
            }

            let moves = moves(&rows, *pane);
            for up in (1..height).chain((1..height).map(|rows| -rows)) {
                if let Some(moved) = moves.get(&up)
                    && moved.rows > most
                {
                    most = moved.rows;
                    best = Some(Scroll::hull(moved.first, moved.last, *pane, up));
                }
            }
        }

        best
    }

    /// The scroll that brings the rows from `first` to `last` where they are to be.
    fn hull(first: u16, last: u16, pane: Rect, up: i16) -> Scroll {
        let first_before = first.saturating_add_signed(up);
        let last_before = last.saturating_add_signed(up);
        Scroll {
            rows: first.min(first_before)..=last.max(last_before),
            columns: pane.left()..pane.right(),
            up,
        }
    }

    pub(super) fn rows(&self) -> RangeInclusive<u16> {
        self.rows.clone()
    }

    /// The same scroll of all columns of a screen, which any terminal can do.
    pub(super) fn of_whole_rows(&self, width: u16) -> Scroll {
        Scroll {
            columns: 0..width,
            ..self.clone()
        }
    }

    /// Returns whether it saves more bytes than its sequence takes, as far as a count of cells tells,
    /// and every terminal does the same. All of its rows have to be among these.
    pub(super) fn saves(&self, rows: &[RowChange], sequence: &str) -> bool {
        let moving = &rows[self.places(rows)];
        let before = moving.iter().map(|row| self.cost_after(Some(row), row));
        let after = moving.iter().enumerate().map(|(place, row)| {
            let source = self.source(place).and_then(|source| moving.get(source));
            self.cost_after(source, row)
        });

        after.sum::<usize>() + sequence.len() < before.sum()
            && !moving.iter().any(|row| self.cuts_letter(row))
    }

    /// The places of the rows that move among these, which are sorted.
    fn places(&self, rows: &[RowChange]) -> Range<usize> {
        let first = rows.partition_point(|row| row.y < *self.rows.start());
        let end = rows.partition_point(|row| row.y <= *self.rows.end());
        first..end
    }

    /// The bytes that a row still takes, about, once it shows what `source` did.
    fn cost_after(&self, source: Option<&RowChange>, row: &RowChange) -> usize {
        let columns = usize::from(self.columns.start)..usize::from(self.columns.end);
        let cells = row.before.content.iter().zip(&row.after.content);
        let changed = cells.enumerate().filter(|(x, (before, after))| {
            if columns.contains(x) {
                source.map_or(&Cell::EMPTY, |source| &source.before.content[*x]) != *after
            } else {
                before != after
            }
        });
        changed.map(|(_, (_, after))| encoder::cost(after)).sum()
    }

    /// The place of the row that comes to this place, both counted from the first that moves; it
    /// may lie beyond the last.
    fn source(&self, place: usize) -> Option<usize> {
        place.checked_add_signed(self.up.into())
    }

    /// Does it to rows, as the terminal does, only where it [`Scroll::saves`]. All of its rows have to
    /// be among them.
    pub(super) fn apply(&self, rows: &mut [RowChange]) {
        let columns = usize::from(self.columns.start)..usize::from(self.columns.end);
        let places = self.places(rows);
        let moving = &mut rows[places];

        // Each swaps with one that has not been moved yet, whose turn comes later.
        let mut places: Vec<usize> = (0..moving.len()).collect();
        if self.up < 0 {
            places.reverse();
        }
        for place in places {
            let source = self.source(place);
            match source.and_then(|source| moving.get_disjoint_mut([place, source]).ok()) {
                Some([row, source]) => row.before.content[columns.clone()]
                    .swap_with_slice(&mut source.before.content[columns.clone()]),
                // It lies beyond the last: blanks come in.
                None => moving[place].before.content[columns.clone()].fill(Cell::EMPTY),
            }
        }
    }

    /// Returns whether one of the edges goes through a wide letter of a row.
    fn cuts_letter(&self, row: &RowChange) -> bool {
        let edges = [self.columns.start, self.columns.end];
        let before = edges.into_iter().filter_map(|edge| edge.checked_sub(1));
        let width = row.before.area.width;
        before
            .filter(|x| x + 1 < width)
            .any(|x| text::width(row.before.content[usize::from(x)].symbol()) > 1)
    }

    /// The sequence that has a terminal do it, in the colours of its background. The terminal has to
    /// know margins at the sides, unless whole rows move.
    pub(super) fn sequence(&self, width: u16) -> String {
        let first = self.rows.start() + 1;
        let last = self.rows.end() + 1;
        let left = self.columns.start + 1;
        let right = self.columns.end;
        let lines = self.up.unsigned_abs();
        let letter = if self.up > 0 { 'M' } else { 'L' };

        let rows = format!("\x1b[{first};{last}r");
        if self.columns == (0..width) {
            return format!("{rows}\x1b[{first}H\x1b[{lines}{letter}\x1b[r");
        }
        format!(
            "\x1b[?69h\x1b[{left};{right}s{rows}\x1b[{first};{left}H\x1b[{lines}{letter}\x1b[r\x1b[?69l"
        )
    }
}

/// The rows that changed within a pane; those between them that did not are left out.
fn rows_within(changed: &[RowChange], pane: Rect) -> Vec<&RowChange> {
    let rows = changed.iter();
    rows.filter(|row| (pane.top()..pane.bottom()).contains(&row.y))
        .filter(|row| within(&row.before.content, pane) != within(&row.after.content, pane))
        .collect()
}

/// The cells of a row that lie within a pane.
fn within(row: &[Cell], pane: Rect) -> &[Cell] {
    &row[usize::from(pane.left())..usize::from(pane.right())]
}

/// Rows with the same cells.
struct RowsAlike<'a> {
    cells: &'a [Cell],
    ys: Vec<u16>,
}

/// A number that is the same for rows with the same cells, and rarely for others.
fn fingerprint(cells: &[Cell]) -> u64 {
    cells.iter().fold(0, |before: u64, cell| {
        let last = cell.symbol().as_bytes().last().copied();
        before
            .wrapping_mul(31)
            .wrapping_add(last.unwrap_or(0).into())
    })
}

/// The rows that show what was so many rows further down.
struct MovedRows {
    first: u16,
    last: u16,
    rows: usize,
}

/// The distances by which rows may have moved up, each with the rows that it explains. Rows that look
/// the same may have come from any of them.
fn moves(rows: &[&RowChange], pane: Rect) -> HashMap<i16, MovedRows> {
    let mut sources: HashMap<u64, Vec<RowsAlike<'_>>> = HashMap::new();
    for row in rows {
        let before = within(&row.before.content, pane);
        let others = sources.entry(fingerprint(before)).or_default();
        match others.iter_mut().find(|alike| alike.cells == before) {
            Some(alike) => alike.ys.push(row.y),
            None => others.push(RowsAlike {
                cells: before,
                ys: vec![row.y],
            }),
        }
    }

    let mut moves: HashMap<i16, MovedRows> = HashMap::new();
    for row in rows {
        let after = within(&row.after.content, pane);
        let others = sources.get(&fingerprint(after));
        let alike = others.and_then(|others| others.iter().find(|alike| alike.cells == after));
        for source in alike.map_or(&[][..], |alike| &alike.ys) {
            let up = source.cast_signed() - row.y.cast_signed();
            let moved = moves.entry(up).or_insert(MovedRows {
                first: row.y,
                last: row.y,
                rows: 0,
            });
            moved.last = row.y;
            moved.rows += 1;
        }
    }
    moves
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::buffer::Buffer;

    const PANE: Rect = Rect::new(2, 1, 6, 6);

    /// Rows from the second on, with these words before and after beside others that stay.
    fn rows(before: &[&str], after: &[&str]) -> Vec<RowChange> {
        let row = |y, words: &str| {
            let mut row = Buffer::empty(Rect::new(0, y, 10, 1));
            row.set_string(PANE.x, y, words, ratatui::style::Style::new());
            row.set_string(9, y, y.to_string(), ratatui::style::Style::new());
            row
        };
        let words = (1..).zip(before.iter().zip(after));
        words
            .map(|(y, (before, after))| RowChange {
                y,
                before: row(y, before),
                after: row(y, after),
            })
            .collect()
    }

    #[test]
    fn rows_that_moved_are_found_and_moved() {
        let before = ["head", "tea", "cake", "bread", "milk", "foot"];
        for (after, rows_moved, up) in [
            (["head", "cake", "bread", "milk", "eggs", "foot"], 2..=5, 1),
            (["head", "eggs", "tea", "cake", "bread", "foot"], 2..=5, -1),
            (["tea", "cake", "bread", "milk", "x", "y"], 1..=5, 1),
        ] {
            let mut changed = rows(&before, &after);
            let found = Scroll::find(&changed, &[PANE]).unwrap();
            assert_eq!((found.rows(), found.up), (rows_moved, up), "{after:?}");
            assert_eq!(found.columns, 2..8);

            found.apply(&mut changed);
            let equal = changed.iter().filter(|row| row.before == row.after);
            assert!(equal.count() >= 4 || after[0] != "head", "{after:?}");
        }

        // Too little moved, or nothing.
        let after = ["head", "cake", "bread", "x", "y", "foot"];
        assert_eq!(Scroll::find(&rows(&before, &after), &[PANE]), None);
        assert_eq!(Scroll::find(&rows(&before, &before), &[PANE]), None);
    }

    #[test]
    fn rows_that_look_the_same_come_from_any_of_them() {
        // Most of a list is blank, and moves by two.
        let before = ["head", "a", "b", "c", "", "d", "", ""];
        let after = ["head", "c", "", "d", "", "", "", "e"];
        let pane = Rect::new(2, 1, 6, 8);
        let found = Scroll::find(&rows(&before, &after), &[pane]).unwrap();
        assert_eq!((found.rows(), found.up), (2..=8, 2));

        // Of two ways that explain as many rows, the nearest is taken.
        let before = ["a", "b", "a", "b", "a", "b"];
        let after = ["b", "a", "b", "a", "b", "a"];
        let found = Scroll::find(&rows(&before, &after), &[PANE]).unwrap();
        assert_eq!((found.rows(), found.up), (1..=6, 1));
    }

    #[test]
    fn rows_move_by_two_either_way() {
        let words = ["aaaa", "bbbb", "cccc", "dddd", "eeee", "ffff", "gggg"];
        for (before, after, up) in [
            (&words[..5], &words[2..], 2),
            (&words[2..], &words[..5], -2),
        ] {
            let mut changed = rows(before, after);
            let found = Scroll::find(&changed, &[PANE]).unwrap();
            assert_eq!((found.rows(), found.up), (1..=5, up));
            found.apply(&mut changed);
            let equal = changed.iter().filter(|row| row.before == row.after);
            assert_eq!(equal.count(), 3);
            let blank = changed
                .iter()
                .filter(|row| row.before.content[2].symbol() == " ");
            assert_eq!(blank.count(), 2);
        }
    }

    #[test]
    fn no_wide_letter_is_cut() {
        let words: Vec<String> = ('a'..='m')
            .map(|letter| letter.to_string().repeat(6))
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let pane = Rect::new(2, 1, 6, 12);
        let mut changed = rows(&words[..12], &words[1..]);
        let found = Scroll::find(&changed, &[pane]).unwrap();
        assert!(found.saves(&changed, &found.sequence(10)));

        changed[1].before.content[1].set_symbol("抹");
        changed[1].after.content[1].set_symbol("抹");
        assert!(!found.saves(&changed, &found.sequence(10)));
        let whole = found.of_whole_rows(10);
        assert!(whole.saves(&changed, &whole.sequence(10)));
    }

    #[test]
    fn the_sequence_names_rows_and_columns_from_one() {
        let scroll = Scroll {
            rows: 2..=5,
            columns: 2..8,
            up: -3,
        };
        assert_eq!(
            scroll.sequence(10),
            "\x1b[?69h\x1b[3;8s\x1b[3;6r\x1b[3;3H\x1b[3L\x1b[r\x1b[?69l"
        );
        let whole = scroll.of_whole_rows(10);
        assert_eq!(whole.sequence(10), "\x1b[3;6r\x1b[3H\x1b[3L\x1b[r");
    }
}
