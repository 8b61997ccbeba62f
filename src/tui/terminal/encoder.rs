//! Encodes rows that changed as bytes for the terminal, in as few of them as is simple: the link to
//! it may be slow. Only sequences that every terminal knows since the VT100 are used.

use super::pen::Pen;
use super::shown::RowChange;
use ratatui::buffer::Cell;
use ratatui::layout::Position;
use unicode_width::UnicodeWidthChar;

/// The bytes of a move within a row: cells between that take no more are written again instead.
const SHORTEST_MOVE: usize = 4;

/// Cells side by side that are written in one go.
#[derive(Debug)]
struct Run {
    start: Position,
    /// The column behind it; `None` where terminals may not agree on that.
    end: Option<u16>,
    pen: Pen,
    /// It is of blanks alone, so that the colour of its text is free.
    is_blank: bool,
    text: String,
}

impl Run {
    /// A run of one cell.
    fn of(start: Position, cell: &Cell) -> Run {
        let mut run = Run {
            start,
            end: Some(start.x),
            pen: Pen::of(cell),
            is_blank: true,
            text: String::new(),
        };
        run.push(cell);
        run
    }

    /// Adds a cell, which its pen can write.
    fn push(&mut self, cell: &Cell) {
        if self.is_blank && !is_blank(cell) {
            self.pen = Pen::of(cell);
            self.is_blank = false;
        }
        self.text.push_str(cell.symbol());
        self.end = self.end.filter(|_| has_sure_width(cell)).map(|end| end + 1);
    }

    /// Returns whether its pen can write a cell behind those that it has.
    fn can_write(&self, cell: &Cell) -> bool {
        let pen = Pen::of(cell);
        if self.is_blank || is_blank(cell) {
            self.pen.looks_blank_as(pen)
        } else {
            self.pen == pen
        }
    }

    /// Adds a cell of the same row, with those before it, where that takes no more bytes than a
    /// move; returns whether it did.
    fn extend(&mut self, x: u16, cells: &[Cell]) -> bool {
        let Some(end) = self.end.filter(|end| *end <= x) else {
            return false;
        };
        let between = &cells[usize::from(end)..usize::from(x)];
        let bytes: usize = between.iter().map(|cell| cell.symbol().len()).sum();
        if bytes > SHORTEST_MOVE {
            return false;
        }

        let (text, pen, is_blank) = (self.text.len(), self.pen, self.is_blank);
        for cell in &cells[usize::from(end)..=usize::from(x)] {
            if self.end.is_none() || !self.can_write(cell) {
                self.text.truncate(text);
                (self.end, self.pen, self.is_blank) = (Some(end), pen, is_blank);
                return false;
            }
            self.push(cell);
        }
        true
    }
}

/// Returns whether a cell is a space.
fn is_blank(cell: &Cell) -> bool {
    cell.symbol() == " "
}

/// The bytes that writing a cell takes, about: its letter and, behind one that terminals may give
/// another width, a move.
pub(super) fn cost(cell: &Cell) -> usize {
    let move_behind = if has_sure_width(cell) { 0 } else { 8 };
    cell.symbol().len() + move_behind
}

/// Returns whether every terminal takes one column for a cell.
fn has_sure_width(cell: &Cell) -> bool {
    let mut letters = cell.symbol().chars();
    let letter = letters.next().filter(|_| letters.next().is_none());
    letter.is_some_and(|letter| letter.width() == Some(1))
}

/// Puts bytes for the terminal together, and knows what they leave it in.
#[derive(Debug, Clone, Default)]
pub(super) struct Encoder {
    pub(super) bytes: Vec<u8>,
    /// The place of the cursor, where it is known.
    position: Option<Position>,
    pen: Pen,
}

impl Encoder {
    /// An encoder for a terminal that writes without colours, with its cursor at this place.
    pub(super) fn at(position: Option<Position>) -> Encoder {
        Encoder {
            position,
            ..Encoder::default()
        }
    }

    /// Adds the cells that changed: row by row, or colour by colour, whichever takes fewer bytes.
    /// After that the terminal writes without colours again.
    pub(super) fn write_changes(&mut self, rows: &[RowChange]) {
        let mut runs: Vec<Run> = rows.iter().flat_map(runs_of).collect();
        let mut pens: Vec<Pen> = Vec::new();
        for run in &runs {
            if !pens.contains(&run.pen) {
                pens.push(run.pen);
            }
        }
        let place_of_pen = |run: &Run| pens.iter().position(|pen| *pen == run.pen);
        // Where the runs stand by their pens already, sorting them saves nothing.
        if runs.is_sorted_by_key(place_of_pen) {
            return self.write_runs(&runs);
        }

        let mut by_pens = self.clone();
        self.write_runs(&runs);
        runs.sort_by_cached_key(place_of_pen);
        by_pens.write_runs(&runs);
        if by_pens.bytes.len() < self.bytes.len() {
            *self = by_pens;
        }
    }

    fn write_runs(&mut self, runs: &[Run]) {
        for run in runs {
            self.move_to(run.start);
            self.change_pen(run);
            self.bytes.extend_from_slice(run.text.as_bytes());
            self.position = run.end.map(|x| Position::new(x, run.start.y));
        }
        self.pen.change(Pen::default(), &mut self.bytes);
        self.pen = Pen::default();
    }

    fn change_pen(&mut self, run: &Run) {
        let is_the_same = run.is_blank && self.pen.looks_blank_as(run.pen);
        if !is_the_same {
            self.pen.change(run.pen, &mut self.bytes);
            self.pen = run.pen;
        }
    }

    /// Adds a sequence after which the place of the cursor is not known.
    pub(super) fn write_sequence(&mut self, sequence: &str) {
        self.bytes.extend_from_slice(sequence.as_bytes());
        self.position = None;
    }

    /// Moves the cursor, by the shorter way.
    pub(super) fn move_to(&mut self, to: Position) {
        if self.position == Some(to) {
            return;
        }
        let before = self.bytes.len();
        if let Some(from) = self.position {
            self.move_by_steps(from, to);
        }
        let relative = self.bytes.len() - before;

        self.move_to_place(to);
        let absolute = self.bytes.len() - before - relative;
        if relative > 0 && relative < absolute {
            self.bytes.truncate(before + relative);
        } else {
            self.bytes.drain(before..before + relative);
        }
        self.position = Some(to);
    }

    /// Adds the sequences that move the cursor by rows, then by columns.
    fn move_by_steps(&mut self, from: Position, to: Position) {
        for (before, after, back, forth) in [(from.y, to.y, b'A', b'B'), (from.x, to.x, b'D', b'C')]
        {
            let letter = if after < before { back } else { forth };
            let steps = before.abs_diff(after);
            if steps > 0 {
                self.bytes.extend_from_slice(b"\x1b[");
                // Without a number the cursor moves by one.
                if steps > 1 {
                    self.write_number(steps);
                }
                self.bytes.push(letter);
            }
        }
    }

    /// Adds the sequence that moves the cursor to a place.
    fn move_to_place(&mut self, to: Position) {
        self.bytes.extend_from_slice(b"\x1b[");
        self.write_number(to.y + 1);
        if to.x > 0 {
            self.bytes.push(b';');
            self.write_number(to.x + 1);
        }
        self.bytes.push(b'H');
    }

    fn write_number(&mut self, number: u16) {
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(number);
        self.bytes.extend_from_slice(digits.as_bytes());
    }
}

/// The runs of the cells of a row that changed.
fn runs_of(row: &RowChange) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (x, y, cell) in row.before.diff_iter(&row.after) {
        let joins = runs
            .last_mut()
            .is_some_and(|run| run.extend(x, &row.after.content));
        if !joins {
            runs.push(Run::of(Position::new(x, y), cell));
        }
    }

    // Behind the last column, terminals do not agree on the place of the cursor.
    let width = row.after.area.width;
    if let Some(last) = runs.last_mut() {
        last.end = last.end.filter(|end| *end < width);
    }
    runs
}
