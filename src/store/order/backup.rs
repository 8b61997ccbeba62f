//! Reads orders with all that their records keep, for a backup.

use super::index::index_of;
use super::list::IndexPages;
use super::records::{FIELDS, decode, fetch, mover, read_each, utf8};
use crate::model::{OrderId, OrderState, Period, StoredOrder};
use crate::store::connection::{Conn, Connection};
use crate::store::error::{Error, Trouble};
use redis::Cmd;

/// The fields that are read after those of [`fetch`]: who brought it into the states of
/// [`OrderState::LATER`], and the clocks by which its day was counted.
const MORE_FIELDS: [&str; 5] = [
    "accepted_by",
    "ready_by",
    "done_by",
    "cancelled_by",
    "utc_offset",
];

/// All orders, newest first, read page by page.
#[derive(Debug, Default)]
pub(crate) struct OrderExport {
    pages: IndexPages,
}

/// A page of an export: each order, or `None` where its record can't be read.
pub(crate) type ExportedPage = Vec<(OrderId, Option<StoredOrder>)>;

impl OrderExport {
    /// Reads the next page; `None` after the last one.
    ///
    /// # Errors
    /// The [`Trouble`] of the link.
    pub(crate) async fn next(
        &mut self,
        connection: &mut Connection,
    ) -> Result<Option<ExportedPage>, Error> {
        let index = index_of(None);
        let ever = Period::default();
        let page = self.pages.next(connection, &index, &ever, read_stored);
        page.await
    }
}

async fn read_stored(conn: &Conn, ids: &[String]) -> Result<ExportedPage, Trouble> {
    read_each(conn, ids, fetch_stored, |id, fields| {
        Some((id.clone(), decode_stored(fields)))
    })
    .await
}

/// The command that reads all that is kept of an order.
fn fetch_stored(id: &OrderId) -> Cmd {
    let mut command = fetch(id);
    command.arg(&MORE_FIELDS);
    command
}

/// Reads the answer to [`fetch_stored`].
fn decode_stored(fields: &[Option<Vec<u8>>]) -> Option<StoredOrder> {
    let (fields, more) = fields.split_at_checked(FIELDS)?;
    let (by, [utc_offset]) = more.split_at_checked(OrderState::LATER.len())? else {
        return None;
    };

    let record = decode(fields)?;
    let movers = OrderState::LATER.into_iter().zip(by);
    let utc_offset = utf8(utc_offset).and_then(|minutes| minutes.parse().ok());
    let is_possible = |minutes: &i32| StoredOrder::is_utc_offset(*minutes);
    Some(StoredOrder {
        ticket: record.ticket,
        reached_by: movers
            .filter_map(|(state, by)| Some((state, mover(by)?)))
            .collect(),
        utc_offset: utc_offset.filter(is_possible).unwrap_or(0),
        is_returned: record.returned,
    })
}
