//! Drives one terminal for a screen: reads its input, and draws frames when there is something to
//! draw, no faster than the terminal takes them.

use super::frame_limit::FrameLimiter;
use super::input::TerminalInput;
use super::port::{Arrival, Port};
use super::renderer::Renderer;
use crate::tui::message::TerminalEvent;
use crate::tui::runtime::alarm;
use crate::tui::view::Picture;
use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

/// The longest that the first frame waits for something worth showing. Most shops are there by then,
/// and are not drawn twice.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// A terminal that a screen has taken.
pub(crate) struct TerminalDriver<P> {
    pub(crate) port: P,
    pub(crate) renderer: Renderer,
    input: TerminalInput,
    frame_limiter: FrameLimiter,
    /// The mouse is captured; else it is the terminal's.
    captures_mouse: bool,
    /// The terminal is asked to tell when it gets the focus and loses it.
    asks_focus: bool,
    /// Something has changed since the last frame.
    is_dirty: bool,
    /// The moment until which the first frame waits; `None` once it need not.
    first_frame_by: Option<Instant>,
}

/// Something that the terminal does, or that is done with it.
pub(crate) enum TerminalWake {
    /// It, or its owner, sends something.
    Arrival(Arrival),
    /// A sequence that it began did not go on in time.
    InputTimeout,
    /// It has taken a frame.
    FrameWritten,
}

impl<P: Port> TerminalDriver<P> {
    /// Takes the mouse, where that is wanted, and asks to be told of the focus.
    pub(crate) fn new(port: P, mouse: bool, asks_focus: bool) -> TerminalDriver<P> {
        TerminalDriver {
            port,
            renderer: Renderer::new(mouse, asks_focus),
            input: TerminalInput::new(),
            frame_limiter: FrameLimiter::default(),
            captures_mouse: mouse,
            asks_focus,
            is_dirty: true,
            first_frame_by: Some(Instant::now() + FIRST_WAIT),
        }
    }

    /// Waits for the terminal; for the frame that is being written only where the next one, or
    /// somebody else, waits for that. Nothing is lost where the future is dropped before its end.
    pub(crate) async fn next(&mut self, waits_for_frame: bool) -> TerminalWake {
        let written = self.port.outlet().written();
        let waits_for_frame = waits_for_frame || self.is_dirty;

        tokio::select! {
            biased;
            arrival = self.port.next() => TerminalWake::Arrival(arrival),
            // After a pause of our own, what has come meanwhile came in time.
            () = alarm::at(self.input.timeout_at()) => TerminalWake::InputTimeout,
            () = written, if waits_for_frame => TerminalWake::FrameWritten,
        }
    }

    /// Decodes bytes that have come.
    pub(crate) fn decode(&mut self, bytes: &[u8]) -> VecDeque<TerminalEvent> {
        let events = self.input.take_in(bytes);
        if let Some(has_side_margins) = self.input.take_side_margins() {
            self.renderer.set_side_margins(has_side_margins);
        }
        events
    }

    /// Ends a sequence that did not go on in time.
    pub(crate) fn end_sequence(&mut self) -> VecDeque<TerminalEvent> {
        self.input.on_timeout()
    }

    /// Takes the mouse, or leaves it to the terminal, with the next frame.
    pub(crate) fn capture_mouse(&mut self, capture: bool) {
        self.captures_mouse = capture;
        self.renderer.capture_mouse(capture);
    }

    /// Takes a terminal again that was another program's: it may be in any mode.
    pub(crate) fn take_again(&mut self) {
        self.input = TerminalInput::new();
        self.renderer.capture_mouse(self.captures_mouse);
        if self.asks_focus {
            self.renderer.ask_focus();
        }
        self.renderer.ask_side_margins();
    }

    /// Notes that something has changed, so that another frame is drawn.
    pub(crate) fn note_change(&mut self) {
        self.is_dirty = true;
    }

    /// There is something worth a first frame.
    pub(crate) fn end_first_wait(&mut self) {
        self.first_frame_by = None;
    }

    /// Returns whether the terminal has taken the last frame.
    pub(crate) fn is_idle(&self) -> bool {
        self.port.outlet().is_idle()
    }

    /// The moment at which the next frame may be drawn; `None` where there is none to draw, or the
    /// terminal takes none now.
    fn next_frame_at(&self, now: Instant) -> Option<Instant> {
        let can_draw = self.is_dirty && self.is_idle();
        can_draw.then(|| {
            let first = self.first_frame_by.unwrap_or(now);
            let next = self.frame_limiter.next_frame_at(now).unwrap_or(now);
            first.max(next)
        })
    }

    /// The earlier of a moment, for which the screen waits, and that of the next frame.
    pub(crate) fn next_alarm(&self, moment: Option<Instant>) -> Option<Instant> {
        let frame = self.next_frame_at(Instant::now());
        [moment, frame].into_iter().flatten().min()
    }

    /// Draws a frame, unless there is nothing new or the last one was drawn too recently; returns
    /// whether it did.
    ///
    /// # Errors
    /// The error of a terminal which is gone.
    pub(crate) fn draw_if_due(&mut self, picture: impl FnOnce() -> Picture) -> io::Result<bool> {
        let now = Instant::now();
        if self.next_frame_at(now).is_none_or(|at| at > now) {
            return Ok(false);
        }

        let frame = self.renderer.draw(picture())?;
        if !frame.is_empty() {
            self.port.outlet().send(frame)?;
        }
        self.is_dirty = false;
        self.frame_limiter.record_frame(now);
        Ok(true)
    }
}
