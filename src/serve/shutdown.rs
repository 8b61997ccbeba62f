//! The end of the server, and the signals that a server gets.

use super::ServedShop;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;
use tracing::{error, info};

/// The time for connections to end by themselves, after the time for changes to be confirmed.
const GRACE: Duration = Duration::from_secs(5);

/// Waits for the signal that ends the server. SIGHUP reads the keys again meanwhile.
pub(super) async fn wait_for_end(shop: &Arc<ServedShop>) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;

    loop {
        tokio::select! {
            () = received(&mut terminate) => return Ok(()),
            () = received(&mut interrupt) => return Ok(()),
            () = received(&mut hang_up) => match shop.reload_keys() {
                Ok(()) => info!("keys"),
                Err(error) => error!(%error, "keys"),
            },
        }
    }
}

async fn received(signal: &mut Signal) {
    signal.recv().await;
}

/// Asks everybody to leave, with a word, and waits until they have. Who does not go in time is cut
/// off.
pub(super) async fn drain(shop: &ServedShop) {
    shop.connections.close();

    let patience = shop.options.drain + GRACE;
    if timeout(patience, shop.connections.all_gone())
        .await
        .is_err()
    {
        shop.connections.kill();
    }
}
