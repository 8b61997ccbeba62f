//! Orders as CSV: a row for each line of an order, as spreadsheets take it.

use crate::catalog_file::csv_error;
use crate::cli::error::CliError;
use crate::cli::output::{Output, csv_text};
use crate::model::{Note, Order, OrderLine};
use crate::store::Connection;
use crate::store::order::{self, OrderListing};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::io;

/// The columns, in their order. Their names are stable.
const COLUMNS: [&str; 16] = [
    "order", "number", "cart", "by", "at", "state", "product", "name", "unit", "quantity", "price",
    "total", "currency", "from", "notes", "note",
];

/// Writes the newest orders of a listing, page by page.
pub(super) async fn write(
    listing: &mut OrderListing,
    connection: &mut Connection,
    most: usize,
    zone: &TimeZone,
    output: &Output,
) -> Result<(), CliError> {
    let mut rows = csv::Writer::from_writer(Vec::new());
    rows.write_record(COLUMNS).map_err(csv_error)?;

    let mut left = most;
    while let Some(mut tickets) = listing.next(connection).await? {
        tickets.truncate(left);
        left -= tickets.len();
        order::wind_up_all(connection, &tickets).await?;

        for ticket in &tickets {
            write_order(&mut rows, &ticket.order, zone)?;
        }
        let page = std::mem::replace(&mut rows, csv::Writer::from_writer(Vec::new()));
        output.print_bytes(&page.into_inner().map_err(|error| error.into_error())?)?;
        output.wait_until_sent().await;
        if left == 0 {
            break;
        }
    }
    Ok(())
}

fn write_order(rows: &mut csv::Writer<Vec<u8>>, order: &Order, zone: &TimeZone) -> io::Result<()> {
    let number = order.number.map(|number| number.to_string());
    let number = number.unwrap_or_default();
    let at = moment(order.at, zone);

    for line in &order.lines {
        let [quantity, price, total] = amounts(line);
        let notes: Vec<String> = line.notes.iter().map(Note::told).collect();
        let row = [
            order.id.as_str(),
            &number,
            &order.user,
            &order.who,
            &at,
            order.state.name(),
            &line.product.to_string(),
            &line.name,
            &line.unit,
            &quantity,
            &price,
            &total,
            order.currency.sign(),
            &line.portions().wrapped(usize::MAX).join(" "),
            &notes.join("; "),
            &order.note,
        ];
        rows.write_record(row.map(csv_text)).map_err(csv_error)?;
    }
    Ok(())
}

fn amounts(line: &OrderLine) -> [String; 3] {
    [
        line.quantity.to_string(),
        line.price.to_string(),
        line.total().to_string(),
    ]
}

/// A moment, in Unix milliseconds, by the clocks of `zone` with what they differ from UTC.
fn moment(at: u64, zone: &TimeZone) -> String {
    let at = i64::try_from(at).unwrap_or_default();
    let moment = Timestamp::from_millisecond(at).unwrap_or_default();
    let offset = zone.to_offset(moment).seconds() / 60;
    let sign = if offset < 0 { '-' } else { '+' };
    let (hours, minutes) = (offset.abs() / 60, offset.abs() % 60);
    let shown = zone.to_datetime(moment).strftime("%Y-%m-%dT%H:%M:%S");
    format!("{shown}{sign}{hours:02}:{minutes:02}")
}
