//! The lines that a visitor's client sends to a command that reads them: bounded, and whole before
//! the command has its turn.

use crate::tui::runtime::lock::lock;
use std::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// The most bytes that are kept; no command reads more.
const MOST_KEPT: usize = 512 << 10;

/// The input that a client has sent to its command.
#[derive(Debug, Default)]
pub(crate) struct Received {
    bytes: Mutex<Vec<u8>>,
    /// Cancelled once nothing more comes.
    ended: CancellationToken,
}

impl Received {
    /// Keeps what came, as far as there is room.
    pub(super) fn take_in(&self, bytes: &[u8]) {
        let mut kept = lock(&self.bytes);
        let room = MOST_KEPT.saturating_sub(kept.len());
        kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// Nothing more comes.
    pub(super) fn end(&self) {
        self.ended.cancel();
    }

    /// Waits until nothing more comes.
    pub(super) async fn wait_for_end(&self) {
        self.ended.cancelled().await;
    }

    /// All that came. It is given once.
    pub(crate) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *lock(&self.bytes))
    }
}
