//! The last that a visitor's terminal gets.

use super::terminal::Showing;
use crate::serve::connections::Farewell;
use crate::tui::ScreenError;
use crate::tui::runtime::screen::Ended;
use crate::tui::terminal::port::STATUS_UNCONFIRMED;
use russh::ChannelWriteHalf;
use russh::server::Msg;
use std::time::Duration;
use tokio::task::JoinError;
use tokio::time::timeout;

/// The sentence for a visitor whose changes were not confirmed in time.
const UNCONFIRMED: &str =
    "Your last changes were not confirmed: please check whether they are there.";

/// The sentence after a crash.
const CRASHED: &str = "This screen has crashed; that is a bug in the program. All confirmed changes are saved: come in again.";

/// The exit status of a screen that has crashed.
pub(in crate::serve) const STATUS_CRASHED: u8 = 101;

/// The exit status of a screen that has failed.
const STATUS_FAILED: u8 = 3;

/// The time for a client to take the bytes that give its terminal back.
pub(in crate::serve) const RESTORE_TIMEOUT: Duration = Duration::from_secs(1);

/// The last that a visitor's terminal gets: what gives it back, a sentence, and an exit status.
pub(super) struct LastWords {
    /// The bytes that give it back, and the sentence.
    bytes: Vec<u8>,
    pub(super) status: u8,
}

impl LastWords {
    pub(super) fn new(
        ended: Result<Result<Ended, ScreenError>, JoinError>,
        farewell: Option<Farewell>,
        showing: Showing,
        is_whole: bool,
    ) -> LastWords {
        let (sentence, status) = match (ended, farewell) {
            (Ok(Ok(ended)), None) => (None, ended.status),
            (Ok(Ok(ended)), Some(farewell)) if ended.status == STATUS_UNCONFIRMED => {
                let sentence = format!("{farewell} {UNCONFIRMED}");
                (Some(sentence), ended.status)
            }
            (Ok(Ok(ended)), Some(farewell)) => (Some(farewell.to_string()), ended.status),
            (Ok(Err(error)), _) => (Some(format!("trolley: {error}")), STATUS_FAILED),
            (Err(_), _) => (Some(CRASHED.to_owned()), STATUS_CRASHED),
        };

        let mut bytes = showing.restoring(is_whole);
        if let Some(sentence) = sentence {
            bytes.extend(format!("{sentence}{}", showing.line_end()).into_bytes());
        }

        LastWords { bytes, status }
    }

    /// Gives the terminal back and closes the channel. A client that takes nothing is not waited
    /// for.
    pub(super) async fn say(self, output: &ChannelWriteHalf<Msg>) {
        if !self.bytes.is_empty() {
            let _ = timeout(RESTORE_TIMEOUT, output.data_bytes(self.bytes)).await;
        }
        let _ = timeout(RESTORE_TIMEOUT, close(output, self.status)).await;
    }
}

/// Tells the exit status, and that nothing more comes.
pub(in crate::serve) async fn close(
    output: &ChannelWriteHalf<Msg>,
    status: u8,
) -> Result<(), russh::Error> {
    output.exit_status(status.into()).await?;
    output.eof().await?;
    output.close().await
}
