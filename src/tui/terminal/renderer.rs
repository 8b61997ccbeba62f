//! The terminal: entered once, restored whatever happens, written to by a thread of its own
//! so that a terminal that reads slowly never delays the link.

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

/// How long the program may take to leave a terminal that does not read.
const LEAVE: Duration = Duration::from_secs(2);

/// Puts the title on the terminal's stack of titles, and takes it back from there.
const SAVE_TITLE: &str = "\x1b[22;2t";
const RESTORE_TITLE: &str = "\x1b[23;2t";

/// Whether the terminal is ours now.
static OURS: AtomicBool = AtomicBool::new(false);

/// Takes the terminal.
///
/// # Errors
/// The system's.
pub fn enter(mouse: bool) -> io::Result<()> {
    terminal::enable_raw_mode()?;
    OURS.store(true, Ordering::SeqCst);
    let mut out = Vec::new();
    // The title that is there comes back when we leave.
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
pub fn restore() {
    if !OURS.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = Vec::new();
    // A terminal that is gone needs nothing.
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
/// readable; otherwise the screen would go on with a dead link.
pub fn restore_on_panic() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        end_by_deadline();
        restore();
        usual(panic);
        std::process::exit(101);
    }));
}

/// Ends the program after a while, even where writing to the terminal blocks for ever.
pub fn end_by_deadline() {
    std::thread::spawn(|| {
        std::thread::sleep(LEAVE);
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

/// What the backend writes, collected until the frame is whole.
#[derive(Clone, Default)]
struct Frame(Rc<RefCell<Vec<u8>>>);

impl Write for Frame {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Draws frames, one at a time.
pub struct Renderer {
    terminal: Terminal<CrosstermBackend<Frame>>,
    frame: Frame,
    size: (u16, u16),
    torn: bool,
    title: String,
    frames: mpsc::Sender<Vec<u8>>,
    busy: Arc<AtomicBool>,
    idle: Arc<Notify>,
}

impl Renderer {
    /// A painter for a terminal of this size.
    ///
    /// # Errors
    /// The system's.
    pub fn new(size: (u16, u16)) -> io::Result<Renderer> {
        let (frames, incoming) = mpsc::channel::<Vec<u8>>();
        let (busy, idle) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
        let (writing, done) = (busy.clone(), idle.clone());
        std::thread::Builder::new()
            .name("terminal".to_owned())
            .spawn(move || {
                for bytes in incoming {
                    // A terminal that is gone is noticed by the signal that comes with it.
                    let _ = write_all(&bytes);
                    writing.store(false, Ordering::Release);
                    done.notify_one();
                }
            })?;
        let frame = Frame::default();
        // The viewport is fixed, so that drawing asks the terminal nothing: a query would
        // read the input that belongs to the event stream.
        let options = TerminalOptions {
            viewport: Viewport::Fixed(Rect::new(0, 0, size.0, size.1)),
        };
        let terminal = Terminal::with_options(CrosstermBackend::new(frame.clone()), options)?;
        Ok(Renderer {
            terminal,
            frame,
            size,
            torn: false,
            title: String::new(),
            frames,
            busy,
            idle,
        })
    }

    /// Whether the terminal still takes in the last frame.
    pub fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    /// Comes when the terminal has taken in a frame.
    pub fn idle(&self) -> Arc<Notify> {
        self.idle.clone()
    }

    /// Draws the state. Not to be called while busy.
    ///
    /// # Errors
    /// The backend's.
    pub fn draw(&mut self, state: &State) -> io::Result<()> {
        queue!(self.frame, terminal::BeginSynchronizedUpdate)?;
        if std::mem::take(&mut self.torn) || self.size != state.size {
            self.size = state.size;
            self.repaint()?;
        }
        let title = title(state);
        if title != self.title {
            // All text in the state is clean, so nothing in it can end the title early.
            queue!(self.frame, terminal::SetTitle(&title))?;
            self.title = title;
        }
        self.terminal.draw(|frame| view(state, frame))?;
        queue!(self.frame, terminal::EndSynchronizedUpdate)?;
        let bytes = std::mem::take(&mut *self.frame.0.borrow_mut());
        self.busy.store(true, Ordering::Release);
        self.frames
            .send(bytes)
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Takes the mouse, or leaves it to the terminal, with the next frame.
    ///
    /// # Errors
    /// The backend's.
    pub fn mouse(&mut self, ours: bool) -> io::Result<()> {
        if ours {
            queue!(self.frame, event::EnableMouseCapture)
        } else {
            queue!(self.frame, event::DisableMouseCapture)
        }
    }

    /// Makes the next frame a whole one: what the terminal shows now may be anything. It may
    /// have had another size for a moment, and have moved all text, before its size was asked.
    pub fn tear(&mut self) {
        self.torn = true;
    }

    fn repaint(&mut self) -> io::Result<()> {
        self.title.clear();
        queue!(self.frame, terminal::Clear(terminal::ClearType::All))?;
        self.terminal
            .resize(Rect::new(0, 0, self.size.0, self.size.1))
    }
}

/// Whether the terminal is this job's now.
pub fn is_foreground() -> bool {
    rustix::termios::tcgetpgrp(rustix::stdio::stdout())
        .is_ok_and(|job| job == rustix::process::getpgrp())
}

/// The size of the terminal, in columns and rows.
///
/// # Errors
/// The system's.
pub fn size() -> io::Result<(u16, u16)> {
    terminal::size()
}
