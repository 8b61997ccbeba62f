//! Draws frames on the terminal. A thread of its own writes them, so that a terminal that reads
//! slowly never delays anything else.

use super::tty;
use crate::tui::state::State;
use crate::tui::view::{title, view};
use crossterm::{event, queue, terminal};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use tokio::sync::Notify;

/// Collects what the backend writes, until the frame is whole.
#[derive(Clone, Default)]
struct FrameBuffer(Rc<RefCell<Vec<u8>>>);

impl FrameBuffer {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.borrow_mut())
    }
}

impl Write for FrameBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Draws frames, one at a time.
pub(crate) struct Renderer {
    terminal: Terminal<CrosstermBackend<FrameBuffer>>,
    frame: FrameBuffer,
    writer: FrameWriter,
    size: (u16, u16),
    /// The title that the terminal has; empty where that is not known.
    title: String,
    /// True where the terminal may show anything.
    is_invalid: bool,
}

impl Renderer {
    /// A renderer for a terminal of this size.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn new(size: (u16, u16)) -> io::Result<Renderer> {
        let writer = FrameWriter::start()?;

        // The viewport is fixed, so that drawing asks the terminal nothing: a query would
        // read the input that belongs to the event stream.
        let options = TerminalOptions {
            viewport: Viewport::Fixed(Rect::new(0, 0, size.0, size.1)),
        };
        let frame = FrameBuffer::default();
        let terminal = Terminal::with_options(CrosstermBackend::new(frame.clone()), options)?;

        Ok(Renderer {
            terminal,
            frame,
            writer,
            size,
            title: String::new(),
            is_invalid: false,
        })
    }

    /// True while the last frame is being written to the terminal.
    pub(crate) fn is_writing(&self) -> bool {
        self.writer.is_writing.load(Ordering::Acquire)
    }

    /// Notifies when a frame has been written.
    pub(crate) fn written(&self) -> Arc<Notify> {
        self.writer.written.clone()
    }

    /// Draws the state. Not to be called while a frame is being written.
    ///
    /// # Errors
    /// The backend's.
    pub(crate) fn draw(&mut self, state: &State) -> io::Result<()> {
        queue!(self.frame, terminal::BeginSynchronizedUpdate)?;

        if std::mem::take(&mut self.is_invalid) || self.size != state.size {
            self.size = state.size;
            self.clear()?;
        }

        let title = title(state);
        if title != self.title {
            // It has no control characters, so nothing in it can end the title early.
            queue!(self.frame, terminal::SetTitle(&title))?;
            self.title = title;
        }

        self.terminal.draw(|frame| view(state, frame))?;
        queue!(self.frame, terminal::EndSynchronizedUpdate)?;
        self.writer.write(self.frame.take())
    }

    /// Takes the mouse, or leaves it to the terminal, with the next frame.
    ///
    /// # Errors
    /// The backend's.
    pub(crate) fn capture_mouse(&mut self, capture: bool) -> io::Result<()> {
        if capture {
            queue!(self.frame, event::EnableMouseCapture)
        } else {
            queue!(self.frame, event::DisableMouseCapture)
        }
    }

    /// Makes the next frame a whole one: what the terminal shows now may be anything. It may
    /// have had another size for a moment, and have moved all text, before its size was asked.
    pub(crate) fn invalidate(&mut self) {
        self.is_invalid = true;
    }

    /// Clears the terminal, so that everything is drawn again.
    fn clear(&mut self) -> io::Result<()> {
        self.title.clear();
        queue!(self.frame, terminal::Clear(terminal::ClearType::All))?;
        self.terminal
            .resize(Rect::new(0, 0, self.size.0, self.size.1))
    }
}

/// The thread that writes frames to the terminal, one at a time.
struct FrameWriter {
    frames: mpsc::Sender<Vec<u8>>,
    is_writing: Arc<AtomicBool>,
    /// Notified after each frame.
    written: Arc<Notify>,
}

impl FrameWriter {
    fn start() -> io::Result<FrameWriter> {
        let (frames, incoming) = mpsc::channel::<Vec<u8>>();
        let writer = FrameWriter {
            frames,
            is_writing: Arc::default(),
            written: Arc::default(),
        };

        let is_writing = writer.is_writing.clone();
        let written = writer.written.clone();
        std::thread::Builder::new()
            .name("terminal".to_owned())
            .spawn(move || {
                for frame in incoming {
                    tty::write_frame(&frame);
                    is_writing.store(false, Ordering::Release);
                    written.notify_one();
                }
            })?;
        Ok(writer)
    }

    fn write(&self, frame: Vec<u8>) -> io::Result<()> {
        self.is_writing.store(true, Ordering::Release);
        self.frames
            .send(frame)
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
