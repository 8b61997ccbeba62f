//! Reading the catalog for the screen, on a thread of its own: what is there first, how far
//! it has come, all, and what stood in no index.

use crate::model::Catalog;
use crate::store;
use crate::store::{Address, Connection, Error, Reading, Shop, Trouble};
use crate::tui::message::Message;
use std::time::{Duration, Instant};
use tokio::runtime::Builder;
use tokio::sync::mpsc;

/// The pause between two words of how far it has come.
const PAUSE: Duration = Duration::from_millis(100);

/// Reads the catalog at `address`; an untouched `private` server gets the demo catalog first.
pub async fn load(address: Address, private: bool, results: mpsc::Sender<Message>) {
    let began = Instant::now();
    let took = || u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (mut connection, mut catalog, shop) = match read(&address, private, &results).await {
        Ok(read) => read,
        Err(error) => return tell(&results, Message::Catalog(Err(trouble(error)), took())).await,
    };
    if catalog.is_empty() {
        // That it is empty is only sure once no product stands outside the index, either.
        if let Ok(found) = store::find_unlisted(&mut connection, &catalog).await {
            catalog.refresh(found);
        }
        return tell(&results, Message::Catalog(Ok((catalog, shop)), took())).await;
    }
    let listed = catalog.clone();
    tell(&results, Message::Catalog(Ok((catalog, shop)), took())).await;
    match store::find_unlisted(&mut connection, &listed).await {
        Ok(found) if !found.is_empty() => tell(&results, Message::Products(found)).await,
        // What could not be found now is found at the next start.
        _ => {}
    }
}

/// Runs work with the store to its end: one thread asks and one takes the answers apart.
pub fn on_two_threads(work: impl Future<Output = ()>) {
    // Without the system's help there is nothing to be told either.
    if let Ok(runtime) = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        runtime.block_on(work);
    }
}

async fn read(
    address: &Address,
    private: bool,
    results: &mpsc::Sender<Message>,
) -> Result<(Connection, Catalog, Shop), Error> {
    let mut connection = store::connect(address).await?;
    if private {
        store::catalog::demo::load_if_untouched(&mut connection).await?;
    }
    let shop = store::get_shop(&mut connection).await?;
    let mut said = Instant::now();
    let catalog = store::load_catalog(&mut connection, |reading| {
        // Where the screen is busy, the next word will do.
        let _ = match reading {
            Reading::First(begun) => results.try_send(Message::CatalogBegun(begun, shop.clone())),
            Reading::Count(read, all) if said.elapsed() >= PAUSE => {
                said = Instant::now();
                results.try_send(Message::CatalogCount(read, all))
            }
            Reading::Count(..) => Ok(()),
        };
    })
    .await?;
    Ok((connection, catalog, shop))
}

/// Loads the demo catalog.
pub async fn load_demo(address: Address, results: mpsc::Sender<Message>) {
    let loaded = match store::connect(&address).await {
        Ok(mut connection) => store::catalog::demo::load(&mut connection)
            .await
            .map_err(trouble),
        Err(trouble) => Err(trouble),
    };
    tell(&results, Message::Demo(loaded)).await;
}

/// Nobody listens any more when the program has ended.
async fn tell(results: &mpsc::Sender<Message>, message: Message) {
    let _ = results.send(message).await;
}

/// Reading has no other failures than the link's.
fn trouble(error: Error) -> Trouble {
    match error {
        Error::Trouble(trouble) | Error::Unknown { trouble, .. } => trouble,
        Error::Refused(refusal) => Trouble::Other(refusal.to_string()),
    }
}
