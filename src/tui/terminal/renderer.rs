//! Draws frames: the bytes that change what a terminal shows to what it is to show.

use super::encoder::Encoder;
use super::scroll::Scroll;
use super::sequences::ASK_SIDE_MARGINS;
use super::shown::{RowChange, Shown};
use crate::config::display::Display;
use crate::tui::view::Picture;
use crossterm::style::Print;
use crossterm::{cursor, event, queue, terminal};
use ratatui::layout::{Position, Rect};
use std::io;

/// The most alerts that wait for a terminal.
const MOST_ALERTS: usize = 8;

/// Has a terminal write without colours.
const NO_COLOURS: &str = "\x1b[m";

/// Draws the frames of one terminal, of which it asks nothing: it is told the size, with the state.
#[derive(Debug)]
pub struct Renderer {
    shown: Shown,
    /// With the next frame the mouse is taken, or left to the terminal.
    mouse: Option<bool>,
    /// With the next frame the terminal is asked to tell when it gets the focus and loses it.
    asks_focus: bool,
    /// With the next whole frame the terminal is asked whether it knows margins at the sides.
    asks_side_margins: bool,
    /// It knows them.
    has_side_margins: bool,
    /// The alerts on what happened while the person looked elsewhere: told with the next frame.
    alerts: Vec<Vec<u8>>,
    /// The place where the terminal's cursor shows; `None` where it is hidden.
    cursor: Option<Position>,
    /// The title that the terminal has; empty where that is not known.
    title: String,
    /// True where the terminal may show anything.
    is_invalid: bool,
}

impl Renderer {
    /// A renderer for a terminal that may show anything. With the first frame it takes the mouse,
    /// and asks to be told of the focus, where that is wanted.
    #[must_use]
    pub fn new(mouse: bool, asks_focus: bool) -> Renderer {
        Renderer {
            shown: Shown::default(),
            mouse: mouse.then_some(true),
            asks_focus,
            asks_side_margins: true,
            has_side_margins: false,
            alerts: Vec::new(),
            cursor: None,
            title: String::new(),
            is_invalid: true,
        }
    }

    /// Draws a picture; returns the bytes for the terminal, none where it shows that already.
    ///
    /// # Errors
    /// None: writing to memory does not fail.
    pub fn draw(&mut self, picture: Picture) -> io::Result<Vec<u8>> {
        let mut frame = Vec::new();
        match self.mouse.take() {
            Some(true) => queue!(frame, event::EnableMouseCapture)?,
            Some(false) => queue!(frame, event::DisableMouseCapture)?,
            None => {}
        }
        if std::mem::take(&mut self.asks_focus) {
            queue!(frame, event::EnableFocusChange)?;
        }
        for alert in self.alerts.drain(..) {
            frame.extend(alert);
        }
        let before = frame.len();
        queue!(frame, terminal::BeginSynchronizedUpdate)?;
        let begun = frame.len();

        let area = picture.sketch.area();
        if std::mem::take(&mut self.is_invalid) || self.shown.area() != area {
            queue!(frame, cursor::Hide, Print(NO_COLOURS))?;
            if std::mem::take(&mut self.asks_side_margins) {
                queue!(frame, Print(ASK_SIDE_MARGINS))?;
            }
            queue!(frame, terminal::Clear(terminal::ClearType::All))?;
            self.shown = Shown::cleared(area);
            self.cursor = None;
            self.title.clear();
        }

        if picture.title != self.title {
            // It has no control characters, so nothing in it can end the title early.
            queue!(frame, terminal::SetTitle(&picture.title))?;
            self.title = picture.title;
        }

        let cursor = picture.sketch.cursor();
        let rows = self.shown.replace(&picture.sketch, picture.display);
        let panes = picture.sketch.panes();
        self.write_rows(rows, panes, picture.display, cursor, &mut frame)?;

        if frame.len() == begun {
            frame.truncate(before);
        } else {
            queue!(frame, terminal::EndSynchronizedUpdate)?;
        }
        Ok(frame)
    }

    /// Writes what changed, and puts the cursor where it stands. Meanwhile it is hidden: a terminal
    /// that shows a frame while it comes would let it jump about.
    fn write_rows(
        &mut self,
        rows: Vec<RowChange>,
        panes: &[Rect],
        display: Display,
        cursor: Option<Position>,
        frame: &mut Vec<u8>,
    ) -> io::Result<()> {
        let was_shown = self.cursor.is_some();
        let mut encoder = self.encode(rows, panes, display);
        let jumps = !encoder.bytes.is_empty();
        if was_shown && (jumps || cursor.is_none()) {
            queue!(frame, cursor::Hide)?;
        }

        if let Some(position) = cursor {
            encoder.move_to(position);
        }
        frame.append(&mut encoder.bytes);
        if cursor.is_some() && (jumps || !was_shown) {
            queue!(frame, cursor::Show)?;
        }
        self.cursor = cursor;
        Ok(())
    }

    /// Encodes what changed, after rows were moved where that takes fewer bytes.
    fn encode(&self, mut rows: Vec<RowChange>, panes: &[Rect], display: Display) -> Encoder {
        let mut encoder = Encoder::at(self.cursor);
        if let Some(scroll) = Scroll::find(&rows, panes) {
            let width = self.shown.area().width;
            self.shown.add_unchanged(&mut rows, scroll.rows(), display);
            // Where a pane can move alone, what is beside it need not be written again.
            let scroll = if self.has_side_margins {
                scroll
            } else {
                scroll.of_whole_rows(width)
            };
            let sequence = scroll.sequence(width);
            if scroll.saves(&rows, &sequence) {
                scroll.apply(&mut rows);
                encoder.write_sequence(&sequence);
            }
        }
        encoder.write_changes(&rows);
        encoder
    }

    /// Takes the mouse, or leaves it to the terminal, with the next frame.
    pub(crate) fn capture_mouse(&mut self, capture: bool) {
        self.mouse = Some(capture);
    }

    /// Asks the terminal, with the next frame, to tell when it gets the focus and loses it.
    pub(crate) fn ask_focus(&mut self) {
        self.asks_focus = true;
    }

    /// Takes note of whether the terminal knows margins at the sides, as it told.
    pub fn set_side_margins(&mut self, has_side_margins: bool) {
        self.has_side_margins = has_side_margins;
    }

    /// Asks the terminal, with the next whole frame, whether it knows margins at the sides.
    pub(crate) fn ask_side_margins(&mut self) {
        self.asks_side_margins = true;
    }

    /// Tells the person, who looks elsewhere, what happened, by these bytes with the next frame.
    pub(crate) fn alert(&mut self, alert: Vec<u8>) {
        // One that does not read for long need not ring for everything.
        if self.alerts.len() < MOST_ALERTS {
            self.alerts.push(alert);
        }
    }

    /// Makes the next frame a whole one: what the terminal shows now may be anything. It may
    /// have had another size for a moment, and have moved all text, before its size was asked.
    pub(crate) fn invalidate(&mut self) {
        self.is_invalid = true;
    }
}
