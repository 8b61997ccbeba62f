//! The end of the server, and the signals that a server gets.

use super::ServedShop;
use std::io;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;
use tracing::{error, info};

/// The time for connections to end by themselves, after the time for changes to be confirmed.
const GRACE: Duration = Duration::from_secs(5);

/// The signals that a server gets.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Begins to hear them: from now on, none ends the process by itself.
    pub(super) fn hear() -> io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for one that ends the server. SIGHUP reads the keys again meanwhile.
    pub(super) async fn wait_for_end(&mut self, shop: &ServedShop) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => match shop.reload_keys() {
                    Ok(listed) => info!(listed, "keys"),
                    Err(error) => error!(%error, "keys"),
                },
            }
        }
    }
}

/// Asks everybody to leave, with a word, and waits until they have. Who does not go in time is cut
/// off, and all are where the server is told to end once more.
pub(super) async fn drain(shop: &ServedShop, signals: &mut Signals) {
    shop.connections.close();

    let patience = shop.options.drain + GRACE;
    let all_gone = tokio::select! {
        gone = timeout(patience, shop.connections.all_gone()) => gone.is_ok(),
        () = signals.wait_for_end(shop) => false,
    };
    if !all_gone {
        shop.connections.kill();
    }
}
