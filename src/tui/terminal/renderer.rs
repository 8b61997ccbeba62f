//! Draws frames: the bytes that change what a terminal shows to what it is to show.

use super::shown::{ChangedRow, Shown};
use crate::tui::state::State;
use crate::tui::view::{title, view};
use crossterm::{event, queue, terminal};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::cell::Cell;
use std::io;

thread_local! {
    /// The cells of the frame that is being drawn. A screen needs them no longer than that, so
    /// those of one thread share them.
    static CANVAS: Cell<Buffer> = Cell::default();
}

/// Draws the frames of one terminal, of which it asks nothing: it is told the size, with the state.
#[derive(Debug)]
pub struct Renderer {
    shown: Shown,
    /// The bytes before the next frame.
    pending: Vec<u8>,
    /// The title that the terminal has; empty where that is not known.
    title: String,
    /// True where the terminal may show anything.
    is_invalid: bool,
}

impl Renderer {
    /// A renderer for a terminal that may show anything. With the first frame it takes the mouse,
    /// where that is wanted.
    #[must_use]
    pub fn new(mouse: bool) -> Renderer {
        // Only the theme decides about colours: the way in which the library heeds NO_COLOR would
        // reset reversed text.
        crossterm::style::force_color_output(true);

        let mut renderer = Renderer {
            shown: Shown::default(),
            pending: Vec::new(),
            title: String::new(),
            is_invalid: true,
        };
        if mouse {
            renderer.capture_mouse(true);
        }
        renderer
    }

    /// Draws the state; returns the bytes for the terminal.
    ///
    /// # Errors
    /// The backend's.
    pub fn draw(&mut self, state: &State) -> io::Result<Vec<u8>> {
        let mut frame = std::mem::take(&mut self.pending);
        let mut backend = CrosstermBackend::new(&mut frame);
        queue!(backend, terminal::BeginSynchronizedUpdate)?;

        let area = Rect::new(0, 0, state.size.0, state.size.1);
        if std::mem::take(&mut self.is_invalid) || self.shown.area() != area {
            queue!(backend, terminal::Clear(terminal::ClearType::All))?;
            self.shown = Shown::cleared(area);
            self.title.clear();
        }

        let title = title(state);
        if title != self.title {
            // It has no control characters, so nothing in it can end the title early.
            queue!(backend, terminal::SetTitle(&title))?;
            self.title = title;
        }

        let mut canvas = CANVAS.take();
        canvas.resize(area);
        canvas.reset();
        let cursor = view(state, &mut canvas);
        let changed = self.shown.replace(&canvas);
        CANVAS.set(canvas);

        backend.draw(changed.iter().flat_map(ChangedRow::cells))?;
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
    pub fn capture_mouse(&mut self, capture: bool) {
        // Writing to memory does not fail.
        let _ = if capture {
            queue!(self.pending, event::EnableMouseCapture)
        } else {
            queue!(self.pending, event::DisableMouseCapture)
        };
    }

    /// Makes the next frame a whole one: what the terminal shows now may be anything. It may
    /// have had another size for a moment, and have moved all text, before its size was asked.
    pub fn invalidate(&mut self) {
        self.is_invalid = true;
    }
}
