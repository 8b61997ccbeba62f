//! The port of a screen: where what is typed comes from, and where frames go. The terminal of this
//! process is one; a terminal elsewhere, at the other end of a connection, can be another.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{Notify, mpsc};

/// The exit status when the terminal is gone, as after SIGHUP.
pub const STATUS_HANGUP: u8 = 129;
/// The exit status where changes were not confirmed in time.
pub(crate) const STATUS_UNCONFIRMED: u8 = 3;
/// The size of a terminal that tells none, in columns and rows.
pub(crate) const USUAL_SIZE: (u16, u16) = (80, 24);

/// The byte of Ctrl-C. Where lines are typed, it drops the line.
pub(crate) const INTERRUPT: u8 = 0x03;
/// The byte of Ctrl-D. Where lines are typed, it stands for the end of the input, too.
pub(crate) const END: u8 = 0x04;

/// Something that a terminal, or its owner, sends to the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// Bytes of the terminal: mostly what was typed.
    Bytes(Vec<u8>),
    /// The terminal has a new size, in columns and rows, and may show anything.
    Resize(u16, u16),
    /// The screen goes on after it was stopped. Where the terminal is ours, this is its size, and
    /// it may show anything.
    Continued(Option<(u16, u16)>),
    /// A sentence for the person at the terminal.
    Notice(String),
    /// The screen ends as soon as no change waits for the server.
    Leave,
    /// The screen ends, with this exit status.
    End(u8),
}

/// The two ways between a screen and its terminal. Whoever makes one has taken the terminal for
/// the screen, and gives it back.
pub trait Port: Send {
    /// Waits for the next arrival. Nothing is lost where the future is dropped before its end.
    fn next(&mut self) -> impl Future<Output = Arrival> + Send;

    /// Takes what has arrived already, without waiting. Every key that was pressed by now has to be
    /// among it, as far as the port can know.
    fn take_waiting(&mut self) -> Vec<Arrival>;

    /// The way out for frames.
    fn outlet(&self) -> &Outlet;

    /// Leaves what is typed where it is for a while, or takes it again: who pipes a file into the
    /// shop waits. A port that can't tell its other end so goes on taking it.
    fn hold_input(&mut self, _is_held: bool) {}

    /// Notes that a line of what was typed is taken: the time in which its changes have to be
    /// confirmed once the input has ended begins anew.
    fn put_off_leaving(&mut self) {}

    /// Gives the terminal back for a while, as its owner asked by a key. [`Arrival::Continued`]
    /// says that it is ours again. Where that can't be done, no key asks for it.
    fn suspend(&mut self) {}
}

/// The way out for frames, one at a time: a terminal that reads slowly gets fewer of them, and never
/// an old one.
#[derive(Debug)]
pub struct Outlet {
    frames: mpsc::Sender<Vec<u8>>,
    progress: Arc<Progress>,
    /// No frame may be written for now.
    is_held: bool,
}

/// The frames of an outlet, for whoever writes them to the terminal.
#[derive(Debug)]
pub struct Frames {
    frames: mpsc::Receiver<Vec<u8>>,
    progress: Arc<Progress>,
}

/// The progress of the frame that was handed over last.
#[derive(Debug, Default)]
struct Progress {
    is_writing: AtomicBool,
    /// Notified after each frame.
    written: Notify,
}

impl Outlet {
    /// An outlet, and its other end.
    #[must_use]
    pub fn new() -> (Outlet, Frames) {
        let (sender, frames) = mpsc::channel(1);
        let progress = Arc::<Progress>::default();

        let outlet = Outlet {
            frames: sender,
            progress: progress.clone(),
            is_held: false,
        };
        (outlet, Frames { frames, progress })
    }

    /// True where a frame may be handed over: the last one has been written.
    #[must_use]
    pub(crate) fn is_idle(&self) -> bool {
        !self.is_held && !self.progress.is_writing.load(Ordering::Acquire)
    }

    /// Hands over a whole frame. Only for an outlet that is idle.
    ///
    /// # Errors
    /// [`io::ErrorKind::BrokenPipe`] where nobody writes frames any more.
    pub fn send(&self, frame: Vec<u8>) -> io::Result<()> {
        self.progress.is_writing.store(true, Ordering::Release);
        self.frames
            .try_send(frame)
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Waits until a frame has been written. The future is the caller's own, so that it may wait
    /// for arrivals beside it.
    pub fn written(&self) -> impl Future<Output = ()> + Send + use<> {
        let progress = self.progress.clone();
        async move { progress.written.notified().await }
    }

    /// Says that the last frame has been written, where the port learns that otherwise than by
    /// [`Frames::written`].
    pub(super) fn note_written(&self) {
        self.progress.note_written();
    }

    /// Takes no frames until [`Outlet::release`]: the terminal is another program's.
    pub fn hold(&mut self) {
        self.is_held = true;
    }

    /// Takes frames again.
    pub fn release(&mut self) {
        self.is_held = false;
    }
}

impl Frames {
    /// Waits for the next frame; `None` once the outlet is gone.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        self.frames.recv().await
    }

    /// [`Frames::next`] for a thread that may block.
    pub(crate) fn blocking_next(&mut self) -> Option<Vec<u8>> {
        self.frames.blocking_recv()
    }

    /// Says that the frame taken last has been written, and the terminal takes another.
    pub fn written(&self) {
        self.progress.note_written();
    }
}

impl Progress {
    fn note_written(&self) {
        self.is_writing.store(false, Ordering::Release);
        self.written.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_frame_at_a_time_goes_out() {
        let (mut outlet, mut frames) = Outlet::new();
        assert!(outlet.is_idle());
        outlet.send(vec![1]).unwrap();
        assert!(!outlet.is_idle());

        assert_eq!(frames.blocking_next(), Some(vec![1]));
        assert!(!outlet.is_idle(), "it is not written yet");
        frames.written();
        assert!(outlet.is_idle());

        outlet.hold();
        assert!(!outlet.is_idle());
        outlet.release();
        assert!(outlet.is_idle());

        drop(frames);
        let error = outlet.send(vec![2]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
