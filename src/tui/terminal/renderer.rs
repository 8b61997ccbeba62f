//! Draws frames on the terminal, which is entered once and restored whatever happens. A thread
//! of its own writes to it, so that a terminal that reads slowly never delays anything else.

use crate::tui::state::State;
use crate::tui::view::{title, view};
use crossterm::style::Print;
use crossterm::{cursor, event, queue, terminal};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::sync::Notify;

/// The time that the program may take to leave a terminal that does not read.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(2);

/// Puts the title on the terminal's stack of titles.
const SAVE_TITLE: &str = "\x1b[22;2t";
/// Takes the title back from there.
const RESTORE_TITLE: &str = "\x1b[23;2t";

/// True while the terminal is taken.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// Takes the terminal: from here on it shows the screen, and keys come one by one.
///
/// # Errors
/// The system's.
pub(crate) fn enter(mouse: bool) -> io::Result<()> {
    terminal::enable_raw_mode()?;
    IS_TAKEN.store(true, Ordering::SeqCst);

    // The title that is there comes back with the terminal.
    let mut out = Vec::new();
    queue!(
        out,
        Print(SAVE_TITLE),
        terminal::EnterAlternateScreen,
        cursor::Hide,
        event::EnableBracketedPaste
    )?;
    if mouse {
        queue!(out, event::EnableMouseCapture)?;
    }

    write_all(&out)
}

/// Gives the terminal back as it was. It can be called at any time, from any thread, and
/// more than once.
pub(crate) fn restore() {
    if !IS_TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }

    // A terminal that is gone needs nothing.
    let mut out = Vec::new();
    let _ = queue!(
        out,
        terminal::EndSynchronizedUpdate,
        event::DisableMouseCapture,
        event::DisableBracketedPaste,
        terminal::LeaveAlternateScreen,
        cursor::Show,
        Print(RESTORE_TITLE)
    );

    let _ = write_all(&out);
    let _ = terminal::disable_raw_mode();
}

/// Makes a panic anywhere the end of the program, with the terminal whole and the message
/// readable; otherwise the screen would go on without the task that panicked.
pub(crate) fn restore_on_panic() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        end_by_deadline();
        restore();
        usual(panic);
        std::process::exit(101);
    }));
}

/// Ends the program after a while, even where writing to the terminal blocks for ever.
pub(crate) fn end_by_deadline() {
    std::thread::spawn(|| {
        std::thread::sleep(LEAVE_TIMEOUT);
        std::process::exit(1);
    });
}

/// Writes straight to the terminal: no lock that a blocked thread could hold.
fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(rustix::stdio::stdout(), bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

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
                    // A terminal that is gone is noticed by the signal that comes with it.
                    let _ = write_all(&frame);
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

/// True where this job is in the foreground: else the terminal is another program's.
pub(crate) fn is_foreground() -> bool {
    rustix::termios::tcgetpgrp(rustix::stdio::stdout())
        .is_ok_and(|job| job == rustix::process::getpgrp())
}

/// The size of the terminal, in columns and rows.
///
/// # Errors
/// The system's.
pub(crate) fn size() -> io::Result<(u16, u16)> {
    terminal::size()
}
