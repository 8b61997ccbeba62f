//! The messages that a server pushes over a connection, on their way to whoever reads them.

use redis::PushInfo;
use redis::aio::AsyncPushSender;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc;

/// The most messages that wait to be read; more are dropped, and whoever reads is told so.
pub(crate) const PUSH_CAPACITY: usize = 1024;

/// The messages that wait to be read.
pub(crate) struct PushQueue {
    waiting: mpsc::Receiver<PushInfo>,
    /// Set when messages were dropped because too many waited.
    lagged: Arc<AtomicBool>,
}

/// A queue, and what puts messages into it.
pub(crate) fn push_queue() -> (impl AsyncPushSender + Clone, PushQueue) {
    let (sender, waiting) = mpsc::channel(PUSH_CAPACITY);
    let lagged = Arc::new(AtomicBool::new(false));
    let flag = lagged.clone();
    let queue_push = move |push: PushInfo| -> Result<(), ()> {
        if sender.try_send(push).is_err() {
            flag.store(true, Ordering::Relaxed);
        }
        Ok(())
    };
    (queue_push, PushQueue { waiting, lagged })
}

impl PushQueue {
    /// Waits for the next message; `None` once the connection is gone. May be cancelled.
    pub(crate) async fn next(&mut self) -> Option<PushInfo> {
        self.waiting.recv().await
    }

    /// The next message that waits already.
    pub(crate) fn try_next(&mut self) -> Option<PushInfo> {
        self.waiting.try_recv().ok()
    }

    /// Tells, once, that messages were dropped so far, whatever waits.
    pub(crate) fn take_lag_so_far(&mut self) -> bool {
        self.lagged.swap(false, Ordering::Relaxed)
    }

    /// Tells whether no message waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Tells, once, that messages were dropped. It does so only once those that wait are read: as
    /// long as they come in faster than that, more are dropped, and whatever is read instead of
    /// them would be out of date.
    pub(crate) fn take_lag(&mut self) -> bool {
        self.is_empty() && self.take_lag_so_far()
    }
}
