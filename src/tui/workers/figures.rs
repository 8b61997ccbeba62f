//! Reads the figures of a time for the screens of the staff, over a connection of its own.

use crate::model::{Daybook, Period, ProductId};
use crate::store::order::checkout::server_time;
use crate::store::order::{OrderFilter, OrderListing};
use crate::store::{self, Address, Connection, Error, Trouble};
use crate::tui::staff::message::StaffMessage;
use crate::tui::staff::state::today::{Figured, ShownTime};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc;

/// Reads the figures of a time, and tells how far it has come meanwhile.
pub(crate) async fn read(
    address: Address,
    number: u64,
    time: ShownTime,
    results: mpsc::Sender<StaffMessage>,
) {
    let read = read_all(&address, number, &time, &results).await;
    let read = read.map(Box::new).map_err(|error| error.to_string());
    // Nobody listens any more where the screen has ended.
    let _ = results.send(StaffMessage::Figures(number, read)).await;
}

/// Reads both weeks at once, each over a connection of its own.
async fn read_all(
    address: &Address,
    number: u64,
    time: &ShownTime,
    results: &mpsc::Sender<StaffMessage>,
) -> Result<Figured, Error> {
    let mut connection = store::connect(address).await?;
    let shop = store::get_shop(&mut connection).await?;
    let zone = store::get_order_settings(&mut connection).await?.zone();
    let now = server_time(&mut connection.conn).await?;

    let period = time.period(now, &zone);
    let empty = Daybook::new(period, &shop.currency, zone);
    let progress = Progress {
        number,
        orders: Arc::default(),
        results: results.clone(),
    };
    let before = count_all(
        store::connect(address).await?,
        empty.clone(),
        empty.period_before,
        progress.clone(),
    );
    let before = tokio::spawn(before);

    let present = store::connect(address).await?;
    let period = empty.period;
    let book = count_all(present, empty, period, progress).await?;
    let before = before.await.map_err(|error| {
        // It has panicked, which was written down.
        Trouble::Other(error.to_string())
    })??;
    let catalog = store::get_catalog(&mut connection).await?;
    Ok(Figured {
        book: book.beside(before),
        catalog,
    })
}

/// How far the reading of this number has come, told to the screen.
#[derive(Clone)]
struct Progress {
    number: u64,
    orders: Arc<AtomicUsize>,
    results: mpsc::Sender<StaffMessage>,
}

/// Counts all orders of a period.
async fn count_all(
    mut connection: Connection,
    mut book: Daybook,
    period: Period,
    progress: Progress,
) -> Result<Daybook, Error> {
    let mut listing = OrderListing::new(OrderFilter {
        period,
        ..OrderFilter::default()
    });
    while let Some(tickets) = listing.next(&mut connection).await? {
        for ticket in &tickets {
            book.count(&ticket.order);
        }
        let before = progress.orders.fetch_add(tickets.len(), Ordering::Relaxed);
        let told = StaffMessage::FiguresProgress(progress.number, before + tickets.len());
        // The next one will do where there is no room for it.
        let _ = progress.results.try_send(told);
    }
    Ok(book)
}

/// Reads products whose stock may have changed. Those that can't be read stay as they are.
pub(crate) async fn read_products(
    address: Address,
    products: Vec<ProductId>,
    results: mpsc::Sender<StaffMessage>,
) {
    let Ok(mut connection) = store::connect(&address).await else {
        return;
    };
    if let Ok(read) = store::get_products(&mut connection, &products).await {
        // As above.
        let _ = results.send(StaffMessage::Products(read)).await;
    }
}
