//! Holds frames back while many bytes are on their way to the terminal.
//!
//! The system takes tens of kilobytes for a slow line and says that all is written. Only the
//! terminal itself knows what it has read: each frame ends with a question, whose answer says that
//! the frame has arrived. A terminal that does not answer is asked once, and no frame waits for it;
//! only when it is given back soon after that, there is a short wait for its answer.
//!
//! A terminal that loses an answer is not asked again, and nothing is held back any more, until the
//! program is stopped and goes on: an answer that comes late after all must not be taken for that
//! to a later question, nor come out behind the screen.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Asks a terminal for its status, as any has understood since the VT100.
pub(super) const ASK_STATUS: &[u8] = b"\x1b[5n";
/// The answer: all is well.
const STATUS: &[u8] = b"\x1b[0n";

/// The bytes that may be on their way when the next frame goes: half a second of 9,600 baud.
const LEAST_WINDOW: usize = 500;
/// The same for a link with room: of a key that is held, 600 ms take less.
const MOST_WINDOW: usize = 16_000;
/// The time by which an answer may be later than the quickest one where the link has room: more of
/// it is spent in a queue.
const QUEUE: Duration = Duration::from_millis(250);

/// The answers that are remembered to know the time of the quickest one. A link may get slower for
/// good.
const REMEMBERED: usize = 8;

/// The time for an answer, beside that for the bytes before it.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// The time for each byte, on a line of 9,600 baud.
const BYTE_TIMEOUT: Duration = Duration::from_millis(1);
/// The time for an answer when the terminal is given back, where it has answered before.
const LAST_TIMEOUT: Duration = Duration::from_secs(2);
/// The same where it has answered nothing yet, and maybe never does.
const LAST_TIMEOUT_UNKNOWN: Duration = Duration::from_millis(100);

/// The frames that are on their way to a terminal.
///
/// At most [`LEAST_WINDOW`] bytes and a frame are, or what the link takes in [`QUEUE`]: the window
/// grows where a frame that fills it is answered about as quickly as any.
#[derive(Debug)]
pub(super) struct FrameFlow {
    /// The frames whose questions have not been answered, the oldest first.
    unanswered: VecDeque<AskedFrame>,
    /// The terminal has answered all that it was asked, or has still time for it.
    answers: bool,
    /// The terminal is to be given back: nothing more is asked.
    is_closed: bool,
    /// The bytes that may be on their way when the next frame goes.
    window: usize,
    /// The times of the last answers that had to wait for hardly anything but the way itself.
    quick_times: VecDeque<Duration>,
    /// The time of the last answer, or of the question after which there was one to wait for.
    last_progress: Instant,
    /// A frame has been written, and the next one has to wait for answers.
    is_held: bool,
    scanner: AnswerScanner,
}

/// A frame with a question behind it.
#[derive(Debug)]
struct AskedFrame {
    bytes: usize,
    at: Instant,
    /// The window was full with it.
    fills_window: bool,
    /// It is short, and nothing is on its way before it: its answer tells the time of the way.
    tells_way: bool,
}

/// Finds answers in what the terminal sends, wherever that is cut.
#[derive(Debug, Default)]
struct AnswerScanner {
    /// The bytes of an answer that have come.
    matched: usize,
}

/// The answers of the terminal that were found in a piece of input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AnswersFound {
    /// There is nothing else in it.
    pub(super) is_only_answers: bool,
    /// A frame was held back, and the next one may go now.
    pub(super) releases: bool,
}

impl FrameFlow {
    /// The flow to a terminal that was asked nothing yet.
    pub(super) fn new(now: Instant) -> FrameFlow {
        FrameFlow {
            unanswered: VecDeque::new(),
            answers: false,
            is_closed: false,
            window: LEAST_WINDOW,
            quick_times: VecDeque::new(),
            last_progress: now,
            is_held: false,
            scanner: AnswerScanner::default(),
        }
    }

    /// Notes that a frame is about to be written; returns whether the question goes with it.
    pub(super) fn begin_frame(&mut self, bytes: usize, now: Instant) -> bool {
        let asks = self.answers || self.unanswered.is_empty();
        if !asks || self.is_closed {
            return false;
        }

        if self.unanswered.is_empty() {
            self.last_progress = now;
        }
        self.unanswered.push_back(AskedFrame {
            bytes,
            at: now,
            fills_window: self.bytes() + bytes > self.window,
            tells_way: self.unanswered.is_empty() && bytes <= LEAST_WINDOW,
        });
        true
    }

    /// Notes that the frame has been written; returns whether the next one may go at once.
    pub(super) fn end_frame(&mut self) -> bool {
        self.is_held = !self.has_room();
        !self.is_held
    }

    /// Takes in what the terminal sends.
    pub(super) fn take_in(&mut self, bytes: &[u8], now: Instant) -> AnswersFound {
        let is_between = self.scanner.matched == 0;
        let answers = self.scanner.count(bytes);
        for _ in 0..answers {
            self.take_answer(now);
        }

        AnswersFound {
            is_only_answers: is_between && answers > 0 && answers * STATUS.len() == bytes.len(),
            releases: self.release_if_room(),
        }
    }

    /// Takes in an answer. It is to the oldest question: any other is to none of ours.
    fn take_answer(&mut self, now: Instant) {
        let Some(frame) = self.unanswered.pop_front() else {
            return;
        };
        self.last_progress = now;
        self.answers |= self.unanswered.is_empty();

        let time = now.saturating_duration_since(frame.at);
        if time > self.note_time(time, frame.tells_way) + QUEUE {
            self.window = LEAST_WINDOW;
        } else if frame.fills_window {
            self.window = MOST_WINDOW.min(self.window * 2);
        }
    }

    /// Notes the time of an answer; returns that of the quickest of late.
    fn note_time(&mut self, time: Duration, tells_way: bool) -> Duration {
        let quickest = self.quick_times.iter().min().copied();
        if tells_way || quickest.is_none_or(|quickest| time < quickest) {
            self.quick_times.truncate(REMEMBERED - 1);
            self.quick_times.push_front(time);
        }
        self.quick_times.iter().min().copied().unwrap_or(time)
    }

    /// The moment until which the next frame waits for answers at most; `None` where it waits for
    /// none.
    pub(super) fn held_until(&self) -> Option<Instant> {
        self.is_held.then(|| self.answers_by())
    }

    /// Gives up on answers that did not come in time. Nothing is asked any more until they all have.
    pub(super) fn give_up(&mut self) -> bool {
        self.answers = false;
        self.release_if_room()
    }

    /// Asks nothing any more, as the terminal is to be given back; returns until when to wait for
    /// the answers that are still to come.
    pub(super) fn close(&mut self, now: Instant) -> Instant {
        self.is_closed = true;
        let longest = if self.answers {
            LAST_TIMEOUT
        } else {
            LAST_TIMEOUT_UNKNOWN
        };
        self.answers_by().min(now + longest)
    }

    /// The time for which to wait for answers yet; `None` where none are to come, or the deadline
    /// has passed.
    pub(super) fn last_wait(&self, deadline: Instant, now: Instant) -> Option<Duration> {
        let left = deadline.saturating_duration_since(now);
        (!self.unanswered.is_empty() && !left.is_zero()).then_some(left)
    }

    /// Begins anew, with a terminal of which nothing is known; returns whether a frame was held.
    pub(super) fn restart(&mut self, now: Instant) -> bool {
        let was_held = self.is_held;
        *self = FrameFlow::new(now);
        was_held
    }

    /// The moment by which the next answer has to come.
    fn answers_by(&self) -> Instant {
        let bytes = u32::try_from(self.bytes()).unwrap_or(u32::MAX);
        self.last_progress + ANSWER_TIMEOUT + BYTE_TIMEOUT * bytes
    }

    /// The bytes that are on their way.
    fn bytes(&self) -> usize {
        self.unanswered.iter().map(|frame| frame.bytes).sum()
    }

    /// Returns whether the next frame may go.
    fn has_room(&self) -> bool {
        !self.answers || self.bytes() <= self.window
    }

    /// Holds nothing back any more where there is room; returns whether that changed.
    fn release_if_room(&mut self) -> bool {
        let is_released = self.is_held && self.has_room();
        self.is_held &= !is_released;
        is_released
    }
}

impl AnswerScanner {
    /// The number of answers that end in these bytes.
    fn count(&mut self, bytes: &[u8]) -> usize {
        let mut count = 0;
        for byte in bytes {
            if *byte == STATUS[self.matched] {
                self.matched += 1;
            } else {
                self.matched = usize::from(*byte == STATUS[0]);
            }
            if self.matched == STATUS.len() {
                self.matched = 0;
                count += 1;
            }
        }
        count
    }
}

#[cfg(test)]
mod tests;
