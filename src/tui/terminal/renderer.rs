//! Draws frames: the bytes that change what a terminal shows to what it is to show.

use super::shown::Shown;
use crate::tui::view::Picture;
use crossterm::{event, queue, terminal};
use ratatui::backend::{Backend, CrosstermBackend};
use std::io;
use std::io::Write;

/// The most alerts that wait for a terminal.
const MOST_ALERTS: usize = 8;

/// Draws the frames of one terminal, of which it asks nothing: it is told the size, with the state.
#[derive(Debug)]
pub struct Renderer {
    shown: Shown,
    /// With the next frame the mouse is taken, or left to the terminal.
    mouse: Option<bool>,
    /// With the next frame the terminal is asked to tell when it gets the focus and loses it.
    asks_focus: bool,
    /// What happened while the person looked elsewhere: told with the next frame.
    alerts: Vec<Vec<u8>>,
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
        // Only the theme decides about colours: the way in which the library heeds NO_COLOR would
        // reset reversed text.
        crossterm::style::force_color_output(true);

        Renderer {
            shown: Shown::default(),
            mouse: mouse.then_some(true),
            asks_focus,
            alerts: Vec::new(),
            title: String::new(),
            is_invalid: true,
        }
    }

    /// Draws a picture; returns the bytes for the terminal.
    ///
    /// # Errors
    /// The backend's.
    pub fn draw(&mut self, picture: Picture) -> io::Result<Vec<u8>> {
        let mut frame = Vec::new();
        let mut backend = CrosstermBackend::new(&mut frame);
        match self.mouse.take() {
            Some(true) => queue!(backend, event::EnableMouseCapture)?,
            Some(false) => queue!(backend, event::DisableMouseCapture)?,
            None => {}
        }
        if std::mem::take(&mut self.asks_focus) {
            queue!(backend, event::EnableFocusChange)?;
        }
        for alert in self.alerts.drain(..) {
            backend.write_all(&alert)?;
        }
        queue!(backend, terminal::BeginSynchronizedUpdate)?;

        let area = picture.sketch.area();
        if std::mem::take(&mut self.is_invalid) || self.shown.area() != area {
            queue!(backend, terminal::Clear(terminal::ClearType::All))?;
            self.shown = Shown::cleared(area);
            self.title.clear();
        }

        if picture.title != self.title {
            // It has no control characters, so nothing in it can end the title early.
            queue!(backend, terminal::SetTitle(&picture.title))?;
            self.title = picture.title;
        }

        let cursor = picture.sketch.cursor();
        let changed = self.shown.replace(picture.sketch, picture.display);
        backend.draw(changed.iter().map(|(x, y, cell)| (*x, *y, cell)))?;

        match cursor {
            Some(position) => {
                backend.show_cursor()?;
                backend.set_cursor_position(position)?;
            }
            None => backend.hide_cursor()?,
        }

        queue!(backend, terminal::EndSynchronizedUpdate)?;
        Ok(frame)
    }

    /// Takes the mouse, or leaves it to the terminal, with the next frame.
    pub(crate) fn capture_mouse(&mut self, capture: bool) {
        self.mouse = Some(capture);
    }

    /// Asks the terminal, with the next frame, to tell when it gets the focus and loses it.
    pub(crate) fn ask_focus(&mut self) {
        self.asks_focus = true;
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
