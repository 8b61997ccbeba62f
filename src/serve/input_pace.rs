//! The pace at which the input of a connection is read: as fast as a person types and pastes, and not
//! as fast as a program can send.

use crate::model::allowance::Allowance;
use crate::tui::runtime::lock::lock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

/// The time in which a byte of the connection comes back: 64 kB a second. A packet of one key has
/// 36 to 64 bytes.
const BYTE_TIME: Duration = Duration::from_nanos(1_000_000_000 / (64 << 10));
/// The same of a byte that is typed on a screen or in plain mode: 4 kB a second of what is
/// pasted. Each may be a key, which costs far more than a byte of a file. Where each key has a packet
/// of its own, the bytes of that count, too.
const TYPED_TIME: Duration = Duration::from_nanos(1_000_000_000 / (4 << 10));
/// All that may come at once: 256 kB of a file, or 15 kB of a paste.
const BURST: Duration = Duration::from_secs(4);
/// The longest time for which nothing at all is read. What a client answers to the server must come
/// through some time, or it counts as gone.
const LONGEST_HOLD: Duration = Duration::from_secs(10);

/// The pace of one connection.
#[derive(Debug)]
pub(super) struct InputPace {
    allowance: Mutex<Allowance>,
    /// The channels that take no more for now.
    holding: AtomicUsize,
    released: Notify,
}

impl Default for InputPace {
    fn default() -> InputPace {
        InputPace {
            allowance: Mutex::new(Allowance::new(BURST, Instant::now().into_std())),
            holding: AtomicUsize::new(0),
            released: Notify::new(),
        }
    }
}

impl InputPace {
    /// Notes bytes of the connection.
    pub(super) fn note_bytes(&self, count: usize) {
        self.spend(BYTE_TIME, count);
    }

    /// Notes bytes that are typed.
    pub(super) fn note_typed(&self, count: usize) {
        self.spend(TYPED_TIME, count);
    }

    fn spend(&self, time: Duration, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let now = Instant::now().into_std();
        lock(&self.allowance).spend(time * count, now);
    }

    /// The time until more may be read, as far as that is known.
    fn wait(&self) -> Duration {
        let now = Instant::now().into_std();
        lock(&self.allowance).wait(Duration::ZERO, now)
    }

    /// Returns whether more may be read now.
    pub(super) fn is_free(&self) -> bool {
        self.holding.load(Ordering::Acquire) == 0 && self.wait().is_zero()
    }

    /// Waits until more may be read.
    pub(super) async fn wait_until_free(self: Arc<InputPace>) {
        sleep(self.wait()).await;

        let release = async {
            loop {
                let released = self.released.notified();
                if self.holding.load(Ordering::Acquire) == 0 {
                    return;
                }
                released.await;
            }
        };
        let _ = timeout(LONGEST_HOLD, release).await;
    }
}

/// The hold of one channel on the input of its connection. Dropped, it holds nothing.
#[derive(Debug)]
pub(super) struct InputHold {
    pace: Arc<InputPace>,
    is_held: bool,
}

impl InputHold {
    pub(super) fn new(pace: Arc<InputPace>) -> InputHold {
        InputHold {
            pace,
            is_held: false,
        }
    }

    /// Holds the input, or lets it go on.
    pub(super) fn set(&mut self, is_held: bool) {
        if std::mem::replace(&mut self.is_held, is_held) == is_held {
            return;
        }
        if is_held {
            self.pace.holding.fetch_add(1, Ordering::AcqRel);
        } else {
            self.pace.holding.fetch_sub(1, Ordering::AcqRel);
            self.pace.released.notify_waiters();
        }
    }
}

impl Drop for InputHold {
    fn drop(&mut self) {
        self.set(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_typed_without_end_is_read_slowly() {
        let pace = Arc::<InputPace>::default();
        let start = Instant::now();
        let mut read = 0;
        while start.elapsed() < Duration::from_secs(60) {
            while pace.is_free() {
                pace.note_bytes(1100);
                pace.note_typed(1024);
                read += 1024;
            }
            pace.clone().wait_until_free().await;
        }
        assert!((200_000..280_000).contains(&read), "{read}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_hold_stops_the_input_and_does_not_cut_it_off() {
        let pace = Arc::<InputPace>::default();
        let mut hold = InputHold::new(pace.clone());
        let start = Instant::now();
        hold.set(true);
        hold.set(true);
        assert!(!pace.is_free());
        pace.clone().wait_until_free().await;
        assert!(start.elapsed() >= LONGEST_HOLD);

        let waiting = tokio::spawn(pace.clone().wait_until_free());
        tokio::task::yield_now().await;
        drop(hold);
        waiting.await.unwrap();
        assert!(pace.is_free());
    }
}
