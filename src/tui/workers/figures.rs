//! Reads the figures of a time for the screens of the staff, over a connection of its own.

use crate::model::{Daybook, ProductId};
use crate::store::order::checkout::server_time;
use crate::store::order::{OrderFilter, OrderListing};
use crate::store::{self, Address, Error};
use crate::tui::staff::message::StaffMessage;
use crate::tui::staff::state::today::{Figured, ShownTime};
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
    let mut book = Daybook::new(period, &shop.currency, zone);
    let mut orders = 0;
    for period in [book.period, book.period_before] {
        let mut listing = OrderListing::new(OrderFilter {
            period,
            ..OrderFilter::default()
        });
        while let Some(tickets) = listing.next(&mut connection).await? {
            for ticket in &tickets {
                book.count(&ticket.order);
            }
            orders += tickets.len();
            // The next one will do where there is no room for it.
            let _ = results.try_send(StaffMessage::FiguresProgress(number, orders));
        }
    }
    let catalog = store::get_catalog(&mut connection).await?;
    Ok(Figured { book, catalog })
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
