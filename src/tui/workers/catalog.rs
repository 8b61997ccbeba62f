//! Reads the catalog for the screen, on a thread of its own: first the products that show,
//! then how far it has come, then all, and last what stood in no index.

use crate::model::Catalog;
use crate::model::time::millis;
use crate::store;
use crate::store::{Address, Connection, Error, Reading, Shop, Trouble};
use crate::tui::message::Message;
use std::time::{Duration, Instant};
use tokio::runtime::Builder;
use tokio::sync::mpsc;

/// The pause between two messages about the progress.
const PROGRESS_PAUSE: Duration = Duration::from_millis(100);

/// Reads the catalog at `address`; an untouched `private` server gets the demo catalog first.
pub(crate) async fn load(address: Address, private: bool, results: mpsc::Sender<Message>) {
    let started = Instant::now();
    let mut unread = None;
    let read = read(&address, private, &results, &mut unread).await;
    let (mut connection, mut catalog, shop) = match read {
        Ok(read) => read,
        Err(error) => {
            let failed = Message::Catalog(Err(into_trouble(error)), millis(started.elapsed()));
            return send(&results, failed).await;
        }
    };

    // What can't be read is tried again, and what stands in no index is then looked for.
    if let Some(unread) = unread {
        let read = Message::Catalog(Ok((catalog, shop)), millis(started.elapsed()));
        send(&results, read).await;
        return send(&results, unread).await;
    }

    // The catalog is only known to be empty once no product stands outside the index, either.
    if catalog.is_empty() {
        match store::find_unlisted(&mut connection, &catalog).await {
            Ok(unlisted) => {
                catalog.refresh(unlisted);
            }
            Err(error) => {
                let failed = Message::Catalog(Err(into_trouble(error)), millis(started.elapsed()));
                return send(&results, failed).await;
            }
        }
        let read = Message::Catalog(Ok((catalog, shop)), millis(started.elapsed()));
        return send(&results, read).await;
    }

    let listed = catalog.clone();
    let read = Message::Catalog(Ok((catalog, shop)), millis(started.elapsed()));
    send(&results, read).await;

    match store::find_unlisted(&mut connection, &listed).await {
        Ok(unlisted) if unlisted.is_empty() => {}
        Ok(unlisted) => send(&results, Message::Products(unlisted)).await,
        Err(error) => {
            // Where nobody may look for them there are none.
            let trouble = into_trouble(error);
            if trouble.is_transient() {
                send(
                    &results,
                    Message::Catalog(Err(trouble), millis(started.elapsed())),
                )
                .await;
            }
        }
    }
}

/// Loads the demo catalog.
pub(crate) async fn load_demo(address: Address, results: mpsc::Sender<Message>) {
    let loaded = match store::connect(&address).await {
        Ok(mut connection) => store::catalog::demo::load(&mut connection)
            .await
            .map_err(into_trouble),
        Err(trouble) => Err(trouble),
    };
    send(&results, Message::Demo(loaded)).await;
}

/// Runs work with the store to its end. One thread asks, and another decodes the answers.
pub fn on_two_threads(work: impl Future<Output = ()>) {
    // Without threads from the system, there is nothing that could be done.
    if let Ok(runtime) = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        runtime.block_on(work);
    }
}

/// Reads the whole catalog, and tells the progress meanwhile. What is left out goes to `unread`.
async fn read(
    address: &Address,
    private: bool,
    results: &mpsc::Sender<Message>,
    unread: &mut Option<Message>,
) -> Result<(Connection, Catalog, Shop), Error> {
    let mut connection = store::connect(address).await?;
    if private {
        store::catalog::demo::load_if_untouched(&mut connection).await?;
    }
    let shop = store::get_shop(&mut connection).await?;

    let mut last_progress = Instant::now();
    let catalog = store::load_catalog(&mut connection, |reading| {
        let message = match reading {
            Reading::First(first) => Message::CatalogBegun(first, shop.clone()),
            Reading::Count(..) if last_progress.elapsed() < PROGRESS_PAUSE => return,
            Reading::Count(read, all) => {
                last_progress = Instant::now();
                Message::CatalogCount(read, all)
            }
            Reading::Unread(products, trouble) => {
                *unread = Some(Message::CatalogUnread(products, trouble));
                return;
            }
        };
        // Where the screen is busy, the next message will do.
        let _ = results.try_send(message);
    })
    .await?;

    Ok((connection, catalog, shop))
}

/// Sends a message to the screen. Nobody listens any more when the program has ended.
async fn send(results: &mpsc::Sender<Message>, message: Message) {
    let _ = results.send(message).await;
}

/// Reading is never refused: it fails only with the connection.
fn into_trouble(error: Error) -> Trouble {
    match error {
        Error::Trouble(trouble) | Error::Unknown { trouble, .. } => trouble,
        Error::Refused(refusal) => Trouble::Other(refusal.to_string()),
    }
}
