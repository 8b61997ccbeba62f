//! Reads orders a page at a time, so that any number of them can be listed.

use super::records::{index_of, read_tickets};
use crate::model::{Order, OrderState, Period, Ticket, UserName};
use crate::store::connection::{Conn, Connection, answer};
use crate::store::error::{Error, Trouble};

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

/// An entry of the index: when the order was placed, in Unix milliseconds, and its id. The index
/// is sorted by both.
type Entry = (u64, String);

/// The index of orders, newest first, read page by page.
#[derive(Debug, Default)]
pub(super) struct IndexPages {
    /// The entries of the index that were read.
    read: usize,
    /// The last of them.
    last: Option<Entry>,
    has_ended: bool,
}

/// A page of the index.
pub(super) struct IndexPage {
    entries: Vec<Entry>,
    /// The ids on it that belong to the period, and were not on a page before.
    pub(super) ids: Vec<String>,
}

impl IndexPages {
    /// Reads the next page of an index; `None` after the last one. It is the same page until it is
    /// [passed](Self::pass).
    pub(super) async fn next(
        &self,
        conn: &mut Conn,
        index: &str,
        period: &Period,
    ) -> Result<Option<IndexPage>, Trouble> {
        if self.has_ended {
            return Ok(None);
        }

        let mut range = redis::cmd("ZREVRANGE");
        range.arg(index).arg(self.read).arg(self.read + PAGE - 1);
        range.arg("WITHSCORES");
        let entries: Vec<(String, f64)> = answer(&range, conn).await?;
        let entries: Vec<Entry> = entries
            .into_iter()
            .map(|(id, at)| (at as u64, id))
            .collect();

        // Orders that come in meanwhile move the others back.
        let is_new = |entry: &&Entry| self.last.as_ref().is_none_or(|last| *entry < last);
        let wanted = entries.iter().filter(is_new);
        let wanted = wanted.filter(|(at, _)| period.contains(*at));
        let ids = wanted.map(|(_, id)| id.clone()).collect();
        Ok(Some(IndexPage { entries, ids }))
    }

    /// Goes on to the page after this one.
    pub(super) fn pass(&mut self, page: IndexPage, period: &Period) {
        let entries = page.entries;
        let is_past = |(at, _): &Entry| period.begins_after(*at);
        self.has_ended = entries.len() < PAGE || entries.last().is_some_and(is_past);
        self.read += entries.len();
        self.last = entries.into_iter().next_back().or(self.last.take());
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
        let index = index_of(self.filter.user.as_ref());
        let period = &self.filter.period;
        let pages = &self.pages;
        let read = connection.read(async |mut conn| {
            let Some(page) = pages.next(&mut conn, &index, period).await? else {
                return Ok(None);
            };
            let tickets = read_tickets(&conn, &page.ids).await?;
            Ok(Some((page, tickets)))
        });
        let Some((page, mut tickets)) = read.await.map_err(Trouble::for_orders)? else {
            return Ok(None);
        };

        self.pages.pass(page, period);
        tickets.retain(|ticket| self.filter.accepts(&ticket.order));
        Ok(Some(tickets))
    }
}
