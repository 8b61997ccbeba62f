//! Reads the catalog for all screens of the program, on a thread of its own: first the products that
//! show, then how far it has come, then all, and last what stood in no index. A program to which
//! visitors come keeps it for the next one.

use crate::model::Catalog;
use crate::model::time::millis;
use crate::store;
use crate::store::catalog::FoundProducts;
use crate::store::catalog::kept::{KeptCatalog, NewsFeed};
use crate::store::{Address, Connection, Error, Reading, Shop, Trouble};
use crate::tui::message::{Freshness, Message};
use crate::tui::runtime::lock::lock;
use crate::tui::state::catalog::Unread;
use crate::tui::workers::results::Results;
use futures::FutureExt;
use futures::future::join_all;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::runtime::Builder;
use tokio::sync::Notify;
use tokio::time::timeout;

/// The pause between two messages about the progress.
const PROGRESS_PAUSE: Duration = Duration::from_millis(100);
/// The time after which a catalog that nobody has asked for is kept no longer.
const KEPT_UNUSED: Duration = Duration::from_secs(600);

/// Reads the catalog whenever a screen asks for it; once for all who ask while it is being read.
#[derive(Debug)]
pub(crate) struct CatalogReader {
    address: Address,
    /// An untouched server gets the demo catalog first.
    is_private: bool,
    /// It keeps the catalog for those who come later.
    keeps: bool,
    queue: Mutex<Queue>,
    /// Told when a screen asks.
    asked: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    /// A thread reads it, or keeps it.
    has_thread: bool,
    /// The screens that ask for a read. It must begin after they asked, as they learn of changes
    /// only since then.
    waiting: Listeners,
}

impl CatalogReader {
    pub(crate) fn new(address: Address, is_private: bool) -> CatalogReader {
        CatalogReader {
            address,
            is_private,
            keeps: false,
            queue: Mutex::default(),
            asked: Notify::new(),
        }
    }

    /// A reader for visitors who come one after the other.
    pub(crate) fn for_visitors(address: Address) -> CatalogReader {
        CatalogReader {
            keeps: true,
            ..CatalogReader::new(address, false)
        }
    }

    /// Connects before anybody asks, so that the first read begins at once. For a screen that is
    /// sure to ask soon.
    ///
    /// # Errors
    /// The system's, where it gives no thread.
    pub(crate) fn prepare(self: &Arc<CatalogReader>) -> io::Result<()> {
        if std::mem::replace(&mut lock(&self.queue).has_thread, true) {
            return Ok(());
        }

        let reader = self.clone();
        self.begin(async move {
            let connection = store::connect(&reader.address).await.ok();
            reader.asked.notified().await;
            reader.read_for_all(connection).await;
        })
    }

    /// Reads the catalog for whoever listens to `results`.
    ///
    /// # Errors
    /// The system's, where it gives no thread.
    pub(crate) fn read(
        self: &Arc<CatalogReader>,
        results: Results,
        freshness: Freshness,
    ) -> io::Result<()> {
        let mut queue = lock(&self.queue);
        queue.waiting.screens.push(results);
        queue.waiting.reads_anew |= freshness == Freshness::ReadAnew;
        self.asked.notify_one();
        if std::mem::replace(&mut queue.has_thread, true) {
            return Ok(());
        }
        drop(queue);

        let reader = self.clone();
        self.begin(async move { reader.read_for_all(None).await })
    }

    /// Begins this on a thread of its own.
    fn begin(
        self: &Arc<CatalogReader>,
        reading: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let reader = self.clone();
        let begun = std::thread::Builder::new()
            .name("catalog".to_owned())
            .spawn(move || {
                if on_two_threads(reading).is_err() {
                    reader.note_no_thread();
                }
            });
        if begun.is_err() {
            self.note_no_thread();
        }
        begun.map(drop)
    }

    /// Takes in that the system gives no thread: those who wait are told, and may ask again.
    fn note_no_thread(&self) {
        let mut queue = lock(&self.queue);
        queue.has_thread = false;
        let waiting = std::mem::take(&mut queue.waiting);
        waiting.try_send(&Message::Catalog(Err(Trouble::own_fault()), 0));
    }

    /// Reads the catalog until nobody asks for it any more; the first time by this connection, where
    /// there is one.
    async fn read_for_all(&self, mut connection: Option<Connection>) {
        let mut kept: Option<KeptCatalog> = None;
        loop {
            while let Some(listeners) = self.next_listeners() {
                let loading = self.load(connection.take(), kept, &listeners);
                kept = match AssertUnwindSafe(loading).catch_unwind().await {
                    Ok(kept) => kept,
                    // Others may still ask.
                    Err(_) => {
                        listeners
                            .send(Message::Catalog(Err(Trouble::own_fault()), 0))
                            .await;
                        None
                    }
                };
            }

            let is_used = match &mut kept {
                Some(kept) => self.keep(kept).await,
                None => false,
            };
            if !is_used && self.end_thread() {
                return;
            }
        }
    }

    /// Keeps a catalog until somebody asks for it; returns whether that came about.
    async fn keep(&self, kept: &mut KeptCatalog) -> bool {
        let asked = timeout(KEPT_UNUSED, self.asked.notified());
        tokio::select! {
            asked = asked => asked.is_ok(),
            () = kept.listen() => false,
        }
    }

    /// Takes the listeners who wait for the next read; `None` where nobody does.
    fn next_listeners(&self) -> Option<Listeners> {
        let waiting = std::mem::take(&mut lock(&self.queue).waiting);
        (!waiting.screens.is_empty()).then_some(waiting)
    }

    /// Ends the thread that reads, unless somebody has just asked.
    fn end_thread(&self) -> bool {
        let mut queue = lock(&self.queue);
        queue.has_thread = !queue.waiting.screens.is_empty();
        !queue.has_thread
    }

    /// Tells the listeners the catalog: the one that is kept, or it is read by `connection` or one of
    /// its own. Returns what is kept for the next ones.
    async fn load(
        &self,
        connection: Option<Connection>,
        mut kept: Option<KeptCatalog>,
        listeners: &Listeners,
    ) -> Option<KeptCatalog> {
        let started = Instant::now();
        if let Some(current) = &mut kept
            && !listeners.reads_anew
            && let Some((catalog, shop)) = current.current().await
        {
            let read = Ok((catalog, Some(shop)));
            let read = Message::Catalog(read, millis(started.elapsed()));
            listeners.send(read).await;
            return kept;
        }

        let old = kept.map(KeptCatalog::into_catalog);
        match self.read_all(connection, old, listeners, started).await {
            Ok(read) => read,
            Err(error) => {
                let failed = Message::Catalog(Err(into_trouble(error)), millis(started.elapsed()));
                listeners.send(failed).await;
                None
            }
        }
    }

    /// Reads all of the catalog for the listeners, with what stands in no index. What has not
    /// changed since `old` is shared with that.
    async fn read_all(
        &self,
        connection: Option<Connection>,
        old: Option<Catalog>,
        listeners: &Listeners,
        started: Instant,
    ) -> Result<Option<KeptCatalog>, Error> {
        // Both before the reading begins: what changes meanwhile has to be heard of.
        let (mut connection, feed) =
            tokio::try_join!(self.connect(connection), self.hear_of_changes())?;
        let mut unread = None;
        let (read, shop) = self
            .read_index(&mut connection, listeners, &mut unread)
            .await?;
        let mut catalog = match old {
            Some(old) => old.renewed(read),
            None => read,
        };
        let tell = async |catalog: &Catalog| {
            let read = Ok((catalog.clone(), shop.clone()));
            listeners
                .send(Message::Catalog(read, millis(started.elapsed())))
                .await;
        };

        // Without the settings of a shop it is not known whether that has products.
        if let Some((Unread::Shop, trouble)) = &unread
            && catalog.is_empty()
        {
            return Err(trouble.clone().into());
        }
        // What can't be read is tried again, and what stands in no index is then looked for.
        if let Some((unread, trouble)) = unread {
            tell(&catalog).await;
            listeners
                .send(Message::CatalogUnread(unread, trouble))
                .await;
            return Ok(None);
        }

        // The catalog is only known to be empty once no product stands outside the index, either.
        if catalog.is_empty() {
            catalog.refresh(store::find_unlisted(&mut connection, &catalog).await?);
            tell(&catalog).await;
        } else {
            tell(&catalog).await;
            let unlisted = unlisted_products(&mut connection, &catalog).await?;
            if !unlisted.is_empty() {
                listeners.send(Message::Products(unlisted.clone())).await;
                catalog.refresh(unlisted);
            }
        }
        let took = started.elapsed();
        let keep = |(feed, shop)| KeptCatalog::new(feed, connection, (catalog, shop), took);
        Ok(feed.zip(shop).map(keep))
    }

    async fn connect(&self, open: Option<Connection>) -> Result<Connection, Trouble> {
        match open {
            Some(open) => Ok(open),
            None => store::connect(&self.address).await,
        }
    }

    /// Listens to the news of the products, where the catalog is to be kept.
    async fn hear_of_changes(&self) -> Result<Option<NewsFeed>, Trouble> {
        if self.keeps {
            NewsFeed::open(&self.address).await
        } else {
            Ok(None)
        }
    }

    /// Reads the catalog by its index, and tells the progress meanwhile. What is left out goes to
    /// `unread`.
    async fn read_index(
        &self,
        connection: &mut Connection,
        listeners: &Listeners,
        unread: &mut Option<(Unread, Trouble)>,
    ) -> Result<(Catalog, Option<Shop>), Error> {
        // An untouched server of this person's own gets the demo catalog first.
        if self.is_private {
            store::catalog::demo::load_if_untouched(connection).await?;
        }
        // The products may be there while the shop's settings are not.
        let shop = match store::get_shop(connection).await {
            Ok(shop) => Some(shop),
            Err(Error::Trouble(trouble)) if trouble.is_elsewhere() => {
                *unread = Some((Unread::Shop, trouble));
                None
            }
            Err(error) => return Err(error),
        };

        let mut last_progress = Instant::now();
        let catalog = store::load_catalog(connection, |reading| {
            let message = match reading {
                Reading::First(first) => Message::CatalogBegun(first, shop.clone()),
                Reading::Count(..) if last_progress.elapsed() < PROGRESS_PAUSE => return,
                Reading::Count(read, all) => {
                    last_progress = Instant::now();
                    Message::CatalogCount(read, all)
                }
                Reading::Unread(products, trouble) => {
                    *unread = Some((Unread::Products(products), trouble));
                    return;
                }
            };
            listeners.try_send(&message);
        })
        .await?;

        Ok((catalog, shop))
    }
}

/// The screens for which the catalog is read.
#[derive(Debug, Default)]
struct Listeners {
    screens: Vec<Results>,
    /// It is to be read anew for them.
    reads_anew: bool,
}

impl Listeners {
    /// Sends a message to all.
    async fn send(&self, message: Message) {
        let sending = self
            .screens
            .iter()
            .map(|screen| screen.send(message.clone()));
        join_all(sending).await;
    }

    /// Sends a message to those who have time for it: for the others the next one will do.
    fn try_send(&self, message: &Message) {
        for screen in &self.screens {
            screen.try_send(message.clone());
        }
    }
}

/// Finds products that stand in no index. Where nobody may look for them there are none.
async fn unlisted_products(
    connection: &mut Connection,
    catalog: &Catalog,
) -> Result<FoundProducts, Trouble> {
    match store::find_unlisted(connection, catalog).await {
        Ok(unlisted) => Ok(unlisted),
        Err(error) => {
            let trouble = into_trouble(error);
            if trouble.is_transient() {
                Err(trouble)
            } else {
                Ok(Vec::new())
            }
        }
    }
}

/// Loads the demo catalog.
pub(crate) async fn load_demo(address: Address, results: Results) {
    let loaded = match store::connect(&address).await {
        Ok(mut connection) => store::catalog::demo::load(&mut connection)
            .await
            .map_err(into_trouble),
        Err(trouble) => Err(trouble),
    };
    results.send(Message::Demo(loaded)).await;
}

/// Runs work with the store to its end. One thread asks, and another decodes the answers.
///
/// # Errors
/// The system's, where it gives no threads: then nothing is done.
pub fn on_two_threads(work: impl Future<Output = ()>) -> io::Result<()> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(work);
    Ok(())
}

/// Reading is never refused: it fails only with the connection.
pub(in crate::tui) fn into_trouble(error: Error) -> Trouble {
    match error {
        Error::Trouble(trouble) | Error::Unknown { trouble, .. } => trouble,
        Error::Refused(refusal) => Trouble::Unexpected(refusal.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;
    use tokio::sync::mpsc;
    use tokio::time::timeout;

    const PATIENCE: Duration = Duration::from_secs(60);

    async fn fails(results: &mut mpsc::Receiver<Box<Message>>) {
        let message = timeout(PATIENCE, results.recv()).await.unwrap();
        assert!(matches!(*message.unwrap(), Message::Catalog(Err(_), _)));
    }

    #[tokio::test]
    async fn those_who_ask_while_it_is_read_share_the_next_read() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}", server.local_addr().unwrap());
        let reader = CatalogReader::new(Address::parse(&url).unwrap(), false);
        let reader = Arc::new(reader);
        let ask = || {
            let (results, heard) = Results::with_room_for(8);
            reader.read(results, Freshness::AsAnnounced).unwrap();
            heard
        };
        let accept = || async { timeout(PATIENCE, server.accept()).await.unwrap().unwrap() };

        let mut ann = ask();
        let first = accept().await;
        let [mut bob, mut cleo] = [ask(), ask()];
        assert!(bob.try_recv().is_err());
        drop(first);
        fails(&mut ann).await;

        drop(accept().await);
        fails(&mut bob).await;
        fails(&mut cleo).await;
        assert!(ann.try_recv().is_err(), "it asked once");
    }
}
