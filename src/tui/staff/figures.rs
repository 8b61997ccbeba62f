//! Reads the figures of a time for the screens of the staff, over a connection of its own.

use crate::model::{Daybook, Period};
use crate::store::clock::server_time;
use crate::store::order::{OrderFilter, OrderListing};
use crate::store::{self, Address, Connection, Error, Trouble};
use crate::tui::staff::message::StaffMessage;
use crate::tui::staff::state::today::{Figured, ShownTime};
use jiff::tz::TimeZone;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tokio::sync::mpsc;

/// A reading of figures: it goes on as long as no newer one is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    /// Its number.
    number: u64,
    /// The number of the newest one.
    newest: Arc<AtomicU64>,
    /// The orders that were read so far.
    orders: Arc<AtomicUsize>,
    results: mpsc::Sender<StaffMessage>,
}

impl Reading {
    /// The reading of this number, which ends those before it.
    pub(crate) fn begin(
        number: u64,
        newest: &Arc<AtomicU64>,
        results: mpsc::Sender<StaffMessage>,
    ) -> Reading {
        newest.store(number, Ordering::Relaxed);
        Reading {
            number,
            newest: newest.clone(),
            orders: Arc::default(),
            results,
        }
    }

    fn is_wanted(&self) -> bool {
        self.newest.load(Ordering::Relaxed) == self.number
    }

    /// Tells how far it has come, with so many orders more.
    fn tell(&self, more: usize) {
        let before = self.orders.fetch_add(more, Ordering::Relaxed);
        let told = StaffMessage::FiguresProgress(self.number, before + more);
        // The next one will do where there is no room for it.
        let _ = self.results.try_send(told);
    }
}

/// Reads the figures of a time, and tells how far it has come meanwhile.
pub(crate) async fn read(address: Address, time: ShownTime, reading: Reading) {
    let Some(read) = read_all(&address, &time, &reading).await.transpose() else {
        return;
    };
    let read = read.map(Box::new).map_err(|error| error.to_string());
    let told = StaffMessage::Figures(reading.number, read);
    // Nobody listens any more where the screen has ended.
    let _ = reading.results.send(told).await;
}

/// Reads both weeks at once, each over a connection of its own; `None` where nobody waits for them
/// any more.
async fn read_all(
    address: &Address,
    time: &ShownTime,
    reading: &Reading,
) -> Result<Option<Figured>, Error> {
    let mut connection = store::connect(address).await?;
    let shop = store::get_shop(&mut connection).await?;
    let zone = shop.zone_or(&TimeZone::system());
    let now = server_time(&mut connection.conn).await?;

    let period = time.period(now, &zone);
    let empty = Daybook::new(period, &shop.currency, zone);
    let before = count_all(
        store::connect(address).await?,
        empty.clone(),
        empty.period_before,
        reading.clone(),
    );
    let before = tokio::spawn(before);

    let present = store::connect(address).await?;
    let period = empty.period;
    let book = count_all(present, empty, period, reading.clone()).await?;
    let before = before.await.map_err(|error| {
        // It has panicked, which was written down.
        Trouble::Unexpected(format!("the figures could not be counted: {error}"))
    })??;
    if !reading.is_wanted() {
        return Ok(None);
    }

    let catalog = store::get_catalog(&mut connection).await?;
    Ok(Some(Figured {
        book: book.beside(before),
        catalog,
    }))
}

/// Counts all orders of a period, as long as somebody waits for that.
async fn count_all(
    mut connection: Connection,
    mut book: Daybook,
    period: Period,
    reading: Reading,
) -> Result<Daybook, Error> {
    let mut listing = OrderListing::new(OrderFilter {
        period,
        ..OrderFilter::default()
    });
    while reading.is_wanted()
        && let Some(orders) = listing.next_sales(&mut connection).await?
    {
        for order in &orders {
            book.count(order);
        }
        reading.tell(orders.len());
    }
    Ok(book)
}
