//! Writes the frames of a screen to its channel, as fast as its client reads them.

use crate::tui::terminal::port::Frames;
use futures::FutureExt;
use russh::ChannelWriteHalf;
use russh::server::Msg;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

/// The bytes that a terminal may be behind; more where its client tells less often what it has read.
/// One that is further behind gets a frame only now and then, so that it does not wade through old
/// ones once it reads again.
const MOST_BEHIND: usize = 128 * 1024;

/// The bytes that may be on their way while a client says that it reads.
const MARGIN: usize = 32 * 1024;

/// The version of clients that say often what they have read, whatever their window: OpenSSH does so
/// after 48 kB.
const OFTEN: &[u8] = b"SSH-2.0-OpenSSH_";

/// The pause between two frames for a terminal that is further behind.
const PAUSE_BEHIND: Duration = Duration::from_secs(1);

/// Writes the frames of a screen to its channel, one at a time.
pub(super) struct FrameWriter {
    pub(super) frames: Frames,
    pub(super) reading: Arc<Notify>,
    pub(super) lag: Lag,
}

impl FrameWriter {
    /// Writes until the screen has ended, or the client takes no more.
    /// First come the bytes that take the terminal.
    pub(super) async fn write_all(&mut self, output: &ChannelWriteHalf<Msg>, entering: Vec<u8>) {
        if !entering.is_empty() && output.data_bytes(entering).await.is_err() {
            return;
        }
        while let Some(frame) = self.frames.next().await {
            self.lag.unread += frame.len();
            if output.data_bytes(frame).await.is_err() {
                return;
            }
            self.wait_for_client().await;
            self.frames.written();
        }
    }

    /// Waits a while where the client is far behind. Not for ever: it may report that it reads only
    /// after many more bytes.
    async fn wait_for_client(&mut self) {
        let reading = self.reading.notified();
        tokio::pin!(reading);
        // This also takes in what it has read meanwhile.
        let has_read = if self.lag.is_too_far() {
            timeout(PAUSE_BEHIND, reading).await.is_ok()
        } else {
            reading.now_or_never().is_some()
        };

        if has_read {
            self.lag.note_reading();
        }
    }
}

/// The lag of a client that reads, as far as it says. Each client says so after as many
/// bytes as it likes: OpenSSH after 48 kB, others once half of their window is used up.
#[derive(Debug)]
pub(in crate::serve) struct Lag {
    /// The bytes that were sent since the client has last said that it reads.
    unread: usize,
    /// The most bytes that a client which keeps up lets pass before it says that it reads.
    most: usize,
}

impl Lag {
    /// The lag of a client with this window and this version, which has said nothing yet.
    pub(in crate::serve) fn new(window: u32, version: &[u8]) -> Lag {
        let half = usize::try_from(window / 2).unwrap_or(usize::MAX);
        let most = if version.starts_with(OFTEN) {
            MOST_BEHIND
        } else {
            MOST_BEHIND.max(half.saturating_add(MARGIN))
        };
        Lag { unread: 0, most }
    }

    fn is_too_far(&self) -> bool {
        self.unread > self.most
    }

    /// The client has said that it reads. It will do so again after as many bytes.
    fn note_reading(&mut self) {
        self.most = self.most.min(MOST_BEHIND.max(self.unread + MARGIN));
        self.unread = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes after which a client is too far behind.
    fn reach(lag: &mut Lag) -> usize {
        while !lag.is_too_far() {
            lag.unread += 1024;
        }
        lag.unread
    }

    #[test]
    fn a_client_may_be_as_far_behind_as_it_says_that_it_reads() {
        const KB: usize = 1024;
        // A window of 2 MB, of which the client says something once half is used up.
        let window = 2048 * 1024;
        let mut seldom = Lag::new(window, b"SSH-2.0-PuTTY_Release_0.78");
        seldom.unread = 1024 * KB;
        assert!(!seldom.is_too_far());
        seldom.note_reading();
        assert!(reach(&mut seldom) > 1024 * KB);

        // One that says so often is known after the first time.
        let mut often = Lag::new(window, b"SSH-2.0-russh_0.65.1");
        often.unread = 48 * KB;
        often.note_reading();
        assert_eq!(reach(&mut often), MOST_BEHIND + KB);

        // And of OpenSSH it is known before.
        let mut open_ssh = Lag::new(window, b"SSH-2.0-OpenSSH_9.2p1 Debian-2");
        assert_eq!(reach(&mut open_ssh), MOST_BEHIND + KB);

        assert_eq!(reach(&mut Lag::new(0, b"")), MOST_BEHIND + KB);
        assert!(reach(&mut Lag::new(u32::MAX, b"")) < usize::MAX);
    }
}
