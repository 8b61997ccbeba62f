//! Reads orders a page at a time, so that any number of them can be listed.

use super::index::{index_of, read_id};
use super::records::{read_sales, read_tickets};
use crate::model::{Order, OrderState, Period, Ticket, UserName};
use crate::store::connection::{Conn, Connection, answer};
use crate::store::error::{Error, Trouble};
use redis::Cmd;

/// The entries of the index that are read at once.
const PAGE: usize = 500;

/// The orders that somebody wants to see.
#[derive(Debug, Clone, Default)]
pub struct OrderFilter {
    /// Whose cart they come from; `None` for all carts.
    pub user: Option<UserName>,
    /// When they were ordered.
    pub period: Period,
    /// Their states; all where it is empty.
    pub states: Vec<OrderState>,
}

impl OrderFilter {
    /// Tells whether an order is wanted. Whoever may order can write anything into the index.
    fn accepts(&self, order: &Order) -> bool {
        let is_theirs = |user: &UserName| order.user == user.as_str();
        self.user.as_ref().is_none_or(is_theirs)
            && self.period.contains(order.at)
            && (self.states.is_empty() || self.states.contains(&order.state))
    }
}

/// An entry of the index: its score, which is when the order was placed in Unix milliseconds, and
/// the id. The index is sorted by both.
type Entry = (f64, Vec<u8>);

/// The orders of a time in the index, newest first, read page by page.
#[derive(Debug, Default)]
pub(super) struct IndexPages {
    /// The last entry that was read.
    last: Option<Entry>,
    /// The entries of that moment that were read.
    read_of_moment: usize,
    has_ended: bool,
}

impl IndexPages {
    /// Reads the next page of an index with what `read` makes of its ids; `None` after the last
    /// one. After an error it is the same page.
    ///
    /// # Errors
    /// The [`Trouble`] of the link.
    pub(super) async fn next<T>(
        &mut self,
        connection: &mut Connection,
        index: &str,
        period: &Period,
        read: impl AsyncFn(&Conn, &[String]) -> Result<T, Trouble>,
    ) -> Result<Option<T>, Error> {
        if self.has_ended {
            return Ok(None);
        }

        let range = self.range(index, period);
        let page = connection.read(async |mut conn| {
            let entries: Vec<(Vec<u8>, f64)> = answer(&range, &mut conn).await?;
            let entries: Vec<Entry> = entries.into_iter().map(|(id, at)| (at, id)).collect();
            let ids = self.new_ids(&entries);
            let made = read(&conn, &ids).await?;
            Ok((entries, made))
        });
        let (entries, made) = page.await.map_err(Trouble::for_orders)?;

        self.pass(entries);
        Ok(Some(made))
    }

    /// The command that reads the next page. Orders that come in meanwhile move none of those
    /// behind the last one, unless they are of its very moment.
    fn range(&self, index: &str, period: &Period) -> Cmd {
        let newest = match (&self.last, period.until) {
            (Some((at, _)), _) => at.to_string(),
            (None, Some(until)) => format!("({until}"),
            (None, None) => "+inf".to_owned(),
        };
        let oldest = period.since.map(|since| since.to_string());
        let oldest = oldest.as_deref().unwrap_or("-inf");

        let mut range = redis::cmd("ZREVRANGEBYSCORE");
        range.arg(index).arg(newest).arg(oldest).arg("WITHSCORES");
        range.arg("LIMIT").arg(self.read_of_moment).arg(PAGE);
        range
    }

    /// The ids of those that were not on a page before.
    fn new_ids(&self, entries: &[Entry]) -> Vec<String> {
        let is_new = |entry: &&Entry| self.last.as_ref().is_none_or(|last| *entry < last);
        let new = entries.iter().filter(is_new);
        new.map(|(_, id)| read_id(id)).collect()
    }

    /// Goes on to the page after these entries.
    fn pass(&mut self, entries: Vec<Entry>) {
        self.has_ended = entries.len() < PAGE;
        let Some((moment, _)) = entries.last() else {
            return;
        };

        let of_moment = entries.iter().filter(|(at, _)| at == moment).count();
        if self.last.as_ref().is_none_or(|(at, _)| at != moment) {
            self.read_of_moment = 0;
        }
        self.read_of_moment += of_moment;
        self.last = entries.into_iter().next_back();
    }
}

/// A listing of orders, newest first, that has come to some page.
#[derive(Debug)]
pub struct OrderListing {
    filter: OrderFilter,
    pages: IndexPages,
}

impl OrderListing {
    /// A listing from the newest order on.
    #[must_use]
    pub fn new(filter: OrderFilter) -> OrderListing {
        OrderListing {
            filter,
            pages: IndexPages::default(),
        }
    }

    /// Reads the next page; `None` after the last one. Records that can't be read are left out, and
    /// so is what the filter leaves out: a page may be empty.
    ///
    /// # Errors
    /// The [`Trouble`] of the link; the page can be asked for again.
    pub async fn next(
        &mut self,
        connection: &mut Connection,
    ) -> Result<Option<Vec<Ticket>>, Error> {
        let page = self.next_of(connection, read_tickets, |ticket| &ticket.order);
        page.await
    }

    /// Reads the next page like [`next`](Self::next), but only what was sold and when: for figures
    /// of many orders, whosever they are. Of an order there are then its id and state, when it was
    /// placed and ready, the sign of its currency, and its lines.
    ///
    /// # Errors
    /// The errors of [`next`](Self::next).
    pub(crate) async fn next_sales(
        &mut self,
        connection: &mut Connection,
    ) -> Result<Option<Vec<Order>>, Error> {
        self.next_of(connection, read_sales, |order| order).await
    }

    async fn next_of<T>(
        &mut self,
        connection: &mut Connection,
        read: impl AsyncFn(&Conn, &[String]) -> Result<Vec<T>, Trouble>,
        order_of: impl Fn(&T) -> &Order,
    ) -> Result<Option<Vec<T>>, Error> {
        let index = index_of(self.filter.user.as_ref());
        let period = &self.filter.period;
        let page = self.pages.next(connection, &index, period, read);
        let Some(mut read) = page.await? else {
            return Ok(None);
        };

        read.retain(|read| self.filter.accepts(order_of(read)));
        Ok(Some(read))
    }
}
