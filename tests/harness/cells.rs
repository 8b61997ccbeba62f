//! A terminal that knows just what frames may hold, and fails at everything else. It keeps its cells
//! as the library does, so that they can be compared with what a frame is to show.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier};
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The cells of a terminal, and all that decides where the next letter goes.
pub struct CellTerminal {
    cells: Buffer,
    /// The place of the cursor; `None` where real terminals do not agree on it.
    position: Option<Position>,
    pen: Cell,
    shows_cursor: bool,
    rows: Range<u16>,
    /// The margins at the sides, while there are some.
    columns: Option<Range<u16>>,
    /// It knows margins at the sides.
    has_side_margins: bool,
}

impl CellTerminal {
    pub fn new(width: u16, height: u16, has_side_margins: bool) -> CellTerminal {
        CellTerminal {
            cells: Buffer::empty(Rect::new(0, 0, width, height)),
            position: None,
            pen: Cell::EMPTY,
            shows_cursor: false,
            rows: 0..height,
            columns: None,
            has_side_margins,
        }
    }

    /// Its columns and rows.
    pub fn size(&self) -> (u16, u16) {
        (self.cells.area.width, self.cells.area.height)
    }

    /// Where its cursor shows.
    pub fn cursor(&self) -> Option<Position> {
        self.shows_cursor.then(|| self.position.unwrap())
    }

    /// Takes a frame in.
    pub fn take(&mut self, frame: &[u8]) {
        let mut rest = std::str::from_utf8(frame).unwrap();
        while !rest.is_empty() {
            rest = match rest.strip_prefix('\x1b') {
                Some(sequence) => self.take_sequence(sequence),
                None => {
                    let end = rest.find('\x1b').unwrap_or(rest.len());
                    self.write(&rest[..end]);
                    &rest[end..]
                }
            };
        }
        // The next frame begins without colours and margins.
        assert_eq!(self.pen, Cell::EMPTY);
        assert_eq!(self.rows, 0..self.cells.area.height);
        assert_eq!(self.columns, None);
    }

    /// Asserts that it shows a picture.
    pub fn assert_shows(&self, expected: &Buffer) {
        assert_eq!(self.cells.area, expected.area);
        let mut covered = 0..0;
        for (place, (shown, wanted)) in self.cells.content.iter().zip(&expected.content).enumerate()
        {
            let is_plain = wanted.symbol().len() == 1;
            if is_plain && shown == wanted || covered.contains(&place) {
                continue;
            }
            // A wide letter covers the cell behind it.
            covered = place + 1..place + wanted.symbol().width();
            assert_eq!(
                looks(shown),
                looks(wanted),
                "at {:?} of\n{:?}\ninstead of\n{expected:?}",
                expected.pos_of(place),
                self.cells
            );
        }
    }

    /// Does what a sequence says; returns what follows it.
    fn take_sequence<'a>(&mut self, sequence: &'a str) -> &'a str {
        if let Some(title) = sequence.strip_prefix("]0;") {
            let end = title.find('\x07').unwrap();
            return &title[end + 1..];
        }
        let body = sequence.strip_prefix('[').unwrap();
        let end = body
            .find(|letter: char| letter.is_ascii_alphabetic())
            .unwrap();
        // What terminals do not know does nothing.
        if let Some(rest) = body.strip_prefix("?69$p") {
            return rest;
        }
        let (parameters, rest) = body.split_at(end);
        let letter = rest.chars().next().unwrap();
        match parameters.strip_prefix('?') {
            Some(modes) => modes
                .split(';')
                .for_each(|mode| self.set_mode(mode, letter)),
            None => self.control(parameters, letter),
        }
        &rest[1..]
    }

    fn set_mode(&mut self, mode: &str, letter: char) {
        let is_set = letter == 'h';
        assert!(is_set || letter == 'l');
        match mode {
            "25" => self.shows_cursor = is_set,
            "69" => {
                assert!(self.has_side_margins);
                self.columns = is_set.then_some(0..self.cells.area.width);
            }
            // The mouse, the focus, a frame that shows only as a whole.
            "1000" | "1002" | "1003" | "1004" | "1006" | "1015" | "2026" => {}
            _ => panic!("the mode {mode}"),
        }
    }

    fn control(&mut self, parameters: &str, letter: char) {
        let numbers: Vec<u16> = parameters
            .split(';')
            .filter(|number| !number.is_empty())
            .map(|number| number.parse().unwrap())
            .collect();
        let first = numbers.first().copied();
        let steps = first.unwrap_or(1);
        let second = numbers.get(1).copied().unwrap_or(1);
        match letter {
            'A' => self.step(|at| at.y -= steps),
            'B' => self.step(|at| at.y += steps),
            'C' => self.step(|at| at.x += steps),
            'D' => self.step(|at| at.x -= steps),
            'H' => self.position = Some(Position::new(second - 1, steps - 1)),
            'J' => {
                assert_eq!((first, &self.pen), (Some(2), &Cell::EMPTY));
                self.cells.reset();
            }
            'L' => self.move_rows(steps, true),
            'M' => self.move_rows(steps, false),
            'm' => self.change_pen(&numbers),
            'r' => {
                let last = self.cells.area.height;
                self.rows = first.map_or(0..last, |first| first - 1..second);
                assert!(self.rows.len() > 1 && self.rows.end <= last);
                self.position = Some(Position::ORIGIN);
            }
            's' => {
                assert!(self.columns.is_some());
                self.columns = Some(steps - 1..second);
                self.position = Some(Position::ORIGIN);
            }
            _ => panic!("the sequence {parameters}{letter}"),
        }
    }

    /// Moves the cursor from where it is known to be, to where there is a cell.
    fn step(&mut self, step: impl FnOnce(&mut Position)) {
        let mut at = self.position.unwrap();
        step(&mut at);
        assert!(self.cells.area.contains(at), "{at}");
        self.position = Some(at);
    }

    /// Inserts rows at the cursor, or deletes them.
    fn move_rows(&mut self, count: u16, inserts: bool) {
        let at = self.position.unwrap();
        let columns = self.columns.clone().unwrap_or(0..self.cells.area.width);
        assert!(self.rows.contains(&at.y) && columns.contains(&at.x));
        // Some terminals fill with the colours of the pen.
        assert_eq!(self.pen, Cell::EMPTY);

        let before = self.cells.clone();
        for y in at.y..self.rows.end {
            let source = if inserts {
                y.checked_sub(count).filter(|source| *source >= at.y)
            } else {
                Some(y + count).filter(|source| *source < self.rows.end)
            };
            for x in columns.clone() {
                self.cells[(x, y)] = source.map_or(Cell::EMPTY, |y| before[(x, y)].clone());
            }
        }
        self.position = Some(Position::new(columns.start, at.y));
    }

    fn write(&mut self, text: &str) {
        for letter in text.graphemes(true) {
            let at = self.position.unwrap();
            let width = u16::try_from(letter.width()).unwrap();
            assert!(width > 0, "{letter:?}");
            self.break_letters(at, width);
            for x in at.x..at.x + width {
                self.cells[(x, at.y)] = self.pen.clone();
            }
            self.cells[at].set_symbol(letter);

            // Terminals do not agree on where the cursor is behind the last column, nor behind
            // letters of more than a column.
            let next = Position::new(at.x + width, at.y);
            let is_known = letter.chars().count() == 1 && width == 1;
            self.position = Some(next).filter(|at| is_known && at.x < self.cells.area.width);
        }
    }

    /// Blanks the other half of each wide letter of which a half is written over.
    fn break_letters(&mut self, at: Position, width: u16) {
        let first = at.x.saturating_sub(1);
        for x in first..at.x + width {
            let cell = &mut self.cells[(x, at.y)];
            let is_wide = cell.symbol().width() > 1;
            let begins_before = x < at.x;
            if is_wide && (begins_before || x + 1 == at.x + width) {
                cell.set_symbol(" ");
            }
        }
    }

    fn change_pen(&mut self, numbers: &[u16]) {
        let mut rest = numbers;
        if rest.is_empty() {
            self.pen = Cell::EMPTY;
        }
        while let [number, others @ ..] = rest {
            rest = others;
            match number {
                0 => self.pen = Cell::EMPTY,
                1..=9 => self.pen.modifier.insert(modifier(*number)),
                22 => self.pen.modifier.remove(Modifier::BOLD | Modifier::DIM),
                25 => self
                    .pen
                    .modifier
                    .remove(Modifier::SLOW_BLINK | Modifier::RAPID_BLINK),
                23..=29 => self.pen.modifier.remove(modifier(number - 20)),
                38 | 48 => {
                    let (color, others) = color(rest);
                    rest = others;
                    self.color(number - 8, color);
                }
                39 | 49 => self.color(number - 9, Color::Reset),
                30..=37 | 40..=47 => self.color(number / 10 * 10, NAMED[usize::from(number % 10)]),
                90..=97 | 100..=107 => {
                    let first = number / 10 * 10 - 60;
                    self.color(first, NAMED[usize::from(8 + number % 10)]);
                }
                _ => panic!("the parameter {number}"),
            }
        }
    }

    fn color(&mut self, first: u16, color: Color) {
        match first {
            30 => self.pen.fg = color,
            40 => self.pen.bg = color,
            _ => panic!("a colour from {first} on"),
        }
    }
}

const NAMED: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

fn modifier(number: u16) -> Modifier {
    Modifier::from_bits(1 << (number - 1)).unwrap()
}

/// A colour of the palette or of red, green and blue, and the parameters behind it.
fn color(numbers: &[u16]) -> (Color, &[u16]) {
    let byte = |number: u16| u8::try_from(number).unwrap();
    match numbers {
        [5, index, rest @ ..] => (Color::Indexed(byte(*index)), rest),
        [2, red, green, blue, rest @ ..] => {
            (Color::Rgb(byte(*red), byte(*green), byte(*blue)), rest)
        }
        _ => panic!("the colour {numbers:?}"),
    }
}

/// What a person sees of a cell: of most blanks the background alone.
fn looks(cell: &Cell) -> (&str, Color, Color, Modifier) {
    let shows = Modifier::REVERSED
        | Modifier::UNDERLINED
        | Modifier::SLOW_BLINK
        | Modifier::RAPID_BLINK
        | Modifier::CROSSED_OUT;
    if cell.symbol() == " " && !cell.modifier.intersects(shows) {
        return (" ", Color::Reset, cell.bg, Modifier::empty());
    }
    (cell.symbol(), cell.fg, cell.bg, cell.modifier)
}
