//! A sketch: all that a screen writes, line by line, before any of it becomes a cell.
//!
//! Cells come from a sketch alone, so two lines that are sketched alike look alike. That is how a
//! frame finds the lines that have not changed: whatever they were drawn from, nobody has to say so.

use crate::config::display::Display;
use crate::model::text;
use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Position, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use std::cell::RefCell;
use std::ops::Range;

/// The most lines that a thread keeps for its next sketch.
const MOST_SPARE_LINES: usize = 200;

thread_local! {
    /// The lines of the last sketches of this thread, emptied: each sketch would else take two pieces
    /// of memory a line, and give them back.
    static SPARE_LINES: RefCell<Vec<SketchLine>> = const { RefCell::new(Vec::new()) };
}

/// All that a frame shows.
#[derive(Debug)]
pub struct Picture {
    /// The content of the screen.
    pub(crate) sketch: Sketch,
    /// The terminal's title; it has no control characters.
    pub(crate) title: String,
    /// The abilities of the terminal.
    pub(crate) display: Display,
}

/// All that a screen writes.
#[derive(Debug)]
pub(crate) struct Sketch {
    /// Its columns.
    width: u16,
    /// Its lines, from the top.
    pub(crate) lines: Vec<SketchLine>,
    /// The panes without their frames: their rows may move from one frame to the next.
    panes: Vec<Rect>,
    /// The place of the terminal's cursor; `None` where it is hidden.
    cursor: Option<Position>,
}

/// A line of a sketch: its strokes, of which later ones lie over earlier ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SketchLine {
    /// The texts of all strokes, one behind the other.
    text: String,
    strokes: Vec<Stroke>,
}

/// A text with its style. Where there is no text, the style alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stroke {
    /// Its first column.
    x: u16,
    /// The columns that it may take, all of which a stroke without a text takes.
    columns: u16,
    /// The end of its text among those of the line. Every screen keeps hundreds of strokes, so they
    /// are small.
    end: u32,
    style: Style,
}

impl Sketch {
    /// A screen of this size, columns and rows, in one style.
    pub(crate) fn new((width, height): (u16, u16), style: Style) -> Sketch {
        let mut sketch = Sketch {
            width,
            lines: empty_lines(width, height.into()),
            panes: Vec::new(),
            cursor: None,
        };
        sketch.set_style(sketch.area(), style);
        sketch
    }

    /// Draws the sketch into the cells of a screen of its size.
    pub(in crate::tui) fn paint(&self, display: Display, screen: &mut Buffer) {
        let mut row = Buffer::empty(Rect::new(0, 0, self.width, 1));
        let rows = screen.content.chunks_mut(usize::from(self.width).max(1));
        for (line, cells) in self.lines.iter().zip(rows) {
            line.paint(display, &mut row);
            cells.clone_from_slice(&row.content);
        }
    }

    /// The whole screen.
    pub(crate) fn area(&self) -> Rect {
        let height = u16::try_from(self.lines.len()).unwrap_or(u16::MAX);
        Rect::new(0, 0, self.width, height)
    }

    /// The panes without their frames.
    pub(in crate::tui) fn panes(&self) -> &[Rect] {
        &self.panes
    }

    /// Notes the area inside the frame of a pane.
    pub(in crate::tui) fn add_pane(&mut self, inner: Rect) {
        self.panes.push(inner.intersection(self.area()));
    }

    /// The place of the terminal's cursor; `None` where it is hidden.
    pub(in crate::tui) fn cursor(&self) -> Option<Position> {
        self.cursor
    }

    /// Puts the terminal's cursor where something is typed.
    pub(in crate::tui) fn set_cursor(&mut self, position: Position) {
        self.cursor = Some(position).filter(|position| self.area().contains(*position));
    }

    /// Puts the terminal's cursor at the beginning of a selected row, unless it stands at one, or
    /// where something is typed.
    pub(in crate::tui) fn point_at(&mut self, row: Rect) {
        if self.cursor.is_none() && !row.is_empty() {
            self.set_cursor(row.as_position());
        }
    }

    /// Writes a text from a place on, as much of it as fits in so many columns.
    pub(crate) fn write(&mut self, x: u16, y: u16, text: &str, columns: u16, style: Style) {
        if text.is_empty() {
            return;
        }
        if let Some(line) = self.lines.get_mut(usize::from(y)) {
            line.text.push_str(text);
            line.add(x, columns, style);
        }
    }

    /// Writes a line of several styles on the first line of an area: as much of its beginning as
    /// fits, or of its end, where it stands at the right.
    pub(in crate::tui) fn write_line(&mut self, line: &Line<'_>, area: Rect) {
        let room = usize::from(area.width);
        let (mut x, mut hidden) = match line.alignment {
            Some(Alignment::Right) => {
                let spans = line.spans.iter();
                let width = spans.map(|span| text::width(&span.content)).sum::<usize>();
                (room.saturating_sub(width), width.saturating_sub(room))
            }
            Some(Alignment::Left | Alignment::Center) | None => (0, 0),
        };

        for span in &line.spans {
            let width = text::width(&span.content);
            let visible = width.saturating_sub(hidden);
            let (shown, columns) = if hidden == 0 {
                (&*span.content, width)
            } else {
                let shown = text::cut_start(&span.content, visible);
                (shown, text::width(shown))
            };
            // Of a wide letter of which only a half would show, its place stays empty.
            x += visible - columns;
            hidden = hidden.saturating_sub(width);

            let style = line.style.patch(span.style);
            if let Some(room) = u16::try_from(x)
                .ok()
                .and_then(|x| area.width.checked_sub(x))
            {
                self.write(area.right() - room, area.y, shown, room, style);
            }
            x += columns;
        }
    }

    /// Gives all columns of an area this style.
    pub(crate) fn set_style(&mut self, area: Rect, style: Style) {
        let area = area.intersection(self.area());
        let lines = usize::from(area.top())..usize::from(area.bottom());
        for line in &mut self.lines[lines] {
            line.add(area.x, area.width, style);
        }
    }

    /// Drops all that was written on the lines of an area, and gives them this style.
    pub(in crate::tui) fn clear_lines(&mut self, area: Rect, style: Style) {
        let area = area.intersection(self.area());
        let lines = usize::from(area.top())..usize::from(area.bottom());
        for line in &mut self.lines[lines] {
            line.text.clear();
            line.strokes.clear();
            line.add(0, self.width, style);
        }
    }
}

impl Drop for Sketch {
    fn drop(&mut self) {
        // At the end of the thread nothing is kept any more.
        let _ = SPARE_LINES.try_with(|spare| keep_lines(&mut self.lines, &mut spare.borrow_mut()));
    }
}

/// Lines without anything on them: spare ones, and new ones that have the room which most need.
fn empty_lines(width: u16, count: usize) -> Vec<SketchLine> {
    let spare = SPARE_LINES.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        let kept = spare.len().saturating_sub(count);
        spare.split_off(kept)
    });
    let mut lines = spare.unwrap_or_default();
    lines.resize_with(count, || SketchLine {
        text: String::with_capacity(2 * usize::from(width)),
        strokes: Vec::with_capacity(32),
    });
    lines
}

/// Empties lines for the next sketch of this thread, as many as it keeps.
fn keep_lines(lines: &mut Vec<SketchLine>, spare: &mut Vec<SketchLine>) {
    lines.truncate(MOST_SPARE_LINES.saturating_sub(spare.len()));
    for line in &mut *lines {
        line.text.clear();
        line.strokes.clear();
    }
    spare.append(lines);
}

impl SketchLine {
    /// Adds a stroke with the text that was put behind the others, or without one.
    fn add(&mut self, x: u16, columns: u16, style: Style) {
        self.strokes.push(Stroke {
            x,
            columns,
            end: u32::try_from(self.text.len()).unwrap_or(u32::MAX),
            style,
        });
    }

    /// Draws the line into the cells of a row.
    pub(crate) fn paint(&self, display: Display, row: &mut Buffer) {
        row.reset();
        self.paint_strokes(0..self.strokes.len(), row);
        clean(display, row);
    }

    /// Draws this line and another into the cells of a row each, which are empty.
    pub(crate) fn paint_with(
        &self,
        other: &SketchLine,
        display: Display,
        row: &mut Buffer,
        other_row: &mut Buffer,
    ) {
        // What both begin with is drawn once.
        let common = self.common_strokes(other);
        self.paint_strokes(0..common, row);
        other_row.content.clone_from_slice(&row.content);

        for (line, row) in [(self, row), (other, other_row)] {
            line.paint_strokes(common..line.strokes.len(), row);
            clean(display, row);
        }
    }

    /// The number of strokes with which both lines begin.
    fn common_strokes(&self, other: &SketchLine) -> usize {
        let mut start = 0;
        let strokes = self.strokes.iter().zip(&other.strokes);
        strokes
            .take_while(|(a, b)| {
                let text = start..a.end();
                // There the next text begins.
                start = a.end();
                a == b && self.text.get(text.clone()) == other.text.get(text)
            })
            .count()
    }

    fn paint_strokes(&self, strokes: Range<usize>, row: &mut Buffer) {
        let before = strokes.start.checked_sub(1);
        let mut start = before.map_or(0, |before| self.strokes[before].end());
        for stroke in &self.strokes[strokes] {
            let text = self.text.get(start..stroke.end());
            stroke.paint(text.unwrap_or_default(), row);
            start = stroke.end();
        }
    }
}

impl Stroke {
    fn end(&self) -> usize {
        usize::try_from(self.end).unwrap_or(usize::MAX)
    }

    fn paint(&self, text: &str, row: &mut Buffer) {
        let y = row.area.y;
        if text.is_empty() {
            row.set_style(Rect::new(self.x, y, self.columns, 1), self.style);
        } else if text::is_simple(text) {
            // Each character has a cell of its own: nobody has to look where it ends.
            let cells = row.content.iter_mut().skip(self.x.into());
            for (cell, letter) in cells.take(self.columns.into()).zip(text.chars()) {
                cell.set_char(letter).set_style(self.style);
            }
        } else {
            row.set_stringn(self.x, y, text, self.columns.into(), self.style);
        }
    }
}

/// Makes what was drawn what this terminal can show. Text comes from anybody, so it is done in the
/// one place through which all of it goes.
fn clean(display: Display, row: &mut Buffer) {
    for cell in &mut row.content {
        let symbol = cell.symbol();
        // What is hidden has no cell of its own, but follows another character, and takes two
        // bytes or more.
        if symbol.len() < 3 || symbol.chars().nth(1).is_none() {
            continue;
        }

        let shown = text::shown(symbol);
        if shown != symbol {
            // Without the joiners of an emoji its parts would stand side by side.
            let fitted = text::cut(&shown, text::width(symbol)).to_owned();
            cell.set_symbol(&fitted);
        }
    }
    display.fit(row);
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::config::display::{Charset, Colours};
    use proptest::prelude::*;
    use ratatui::style::{Color, Modifier};
    use ratatui::text::Span;
    use ratatui::widgets::Widget;

    pub(crate) const DISPLAY: Display = Display {
        colours: Colours::All,
        charset: Charset::Unicode,
    };
    const TEXTS: [&str; 11] = [
        "",
        "Espresso",
        "  ",
        "抹茶 Matcha",
        "⚠\u{fe0f}⌨\u{fe0f} x",
        "👩\u{200d}🍳cook",
        "e\u{301}a\u{300}\u{301}\u{302}",
        "│──╮",
        "ｶﾞﾟ",
        "1\u{fe0f}\u{20e3}",
        "tab\tand bell\u{7}",
    ];
    const COLORS: [Color; 5] = [
        Color::Reset,
        Color::Red,
        Color::Indexed(16),
        Color::Indexed(17),
        Color::Rgb(0, 16, 255),
    ];

    fn styles() -> impl Strategy<Value = Style> {
        let parts = (0..COLORS.len(), 0..COLORS.len(), 0..512_u16);
        parts.prop_map(|(fg, bg, modifier)| {
            Style::new()
                .fg(COLORS[fg])
                .bg(COLORS[bg])
                .add_modifier(Modifier::from_bits_truncate(modifier))
        })
    }

    /// A sketch with some strokes, one over the other, and the cells that the library draws.
    pub(crate) fn drawings() -> impl Strategy<Value = (Sketch, Buffer)> {
        let area = Rect::new(0, 0, 14, 4);
        let stroke = (0..16_u16, 0..5_u16, 0..16_u16, 0..TEXTS.len(), styles());

        proptest::collection::vec(stroke, 0..12).prop_map(move |strokes| {
            let mut sketch = Sketch::new((area.width, area.height), Style::new());
            let mut screen = Buffer::empty(area);
            for (x, y, columns, text, style) in strokes {
                if TEXTS[text].is_empty() {
                    let area = Rect::new(x, y, columns, 2);
                    sketch.set_style(area, style);
                    screen.set_style(area, style);
                } else {
                    sketch.write(x, y, TEXTS[text], columns, style);
                    if y < area.height {
                        screen.set_stringn(x, y, TEXTS[text], columns.into(), style);
                    }
                }
            }
            clean(DISPLAY, &mut screen);
            (sketch, screen)
        })
    }

    proptest! {
        #[test]
        fn a_sketch_is_drawn_as_the_library_draws((sketch, expected) in drawings()) {
            let mut screen = Buffer::empty(expected.area);
            sketch.paint(DISPLAY, &mut screen);
            prop_assert_eq!(screen, expected);
        }
    }

    #[test]
    fn of_a_line_without_room_the_beginning_shows_or_at_the_right_the_end() {
        let line = Line::from_iter(["●● ", "抹茶", " till"].map(Span::raw));
        for line in [line.clone(), line.right_aligned()] {
            for width in 0..16 {
                let area = Rect::new(2, 0, width, 1);
                let mut expected = Buffer::empty(Rect::new(0, 0, 20, 1));
                (&line).render(area, &mut expected);

                let mut sketch = Sketch::new((20, 1), Style::new());
                sketch.write_line(&line, area);
                let mut row = Buffer::empty(expected.area);
                sketch.paint(DISPLAY, &mut row);
                assert_eq!(row, expected, "{width} columns");
            }
        }
    }
}
