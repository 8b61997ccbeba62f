//! A consumer of the stream of orders: each order comes to one consumer of a group, and again
//! to another where the first was killed before it acknowledged.
//!
//! Orders that are cancelled stand in a stream of their own, which the same groups read. A
//! cancellation is for the consumer that was given the order: whoever is handed it passes it
//! on, and where that consumer doesn't take it, another does, as with orders. Of an order that
//! its group was not given before, there is nothing to tell: it won't be given any more.

use super::{document, records};
use crate::model::change::sanitize_actor;
use crate::model::{OrderId, OrderLine, OrderState, text};
use crate::store::connection::Connection;
use crate::store::error::Error;
use crate::store::keys::{ORDERS, ORDERS_CANCELLED};
use redis::RedisError;
use redis::streams::{StreamAutoClaimReply, StreamId, StreamReadReply};
use std::time::Duration;

/// How long one wait for the next order takes; shorter than an answer may.
const WAIT: Duration = Duration::from_millis(1_000);
/// Entries read at once.
const BATCH: usize = 16;

/// What an entry tells of its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowEvent {
    /// It was placed.
    Placed,
    /// It was cancelled after this group was given it: when, in Unix milliseconds.
    Cancelled(u64),
}

/// An entry of one of the streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderEntry {
    /// Its id in the stream, to acknowledge it by.
    pub entry: String,
    /// What it tells.
    pub news: FollowEvent,
    /// The order's id.
    pub id: OrderId,
    /// Whose cart it came from; clean text.
    pub user: String,
    /// Who ordered; clean text.
    pub who: String,
    /// When it was ordered, by the server's clock, in Unix milliseconds.
    pub at: u64,
    /// What it costs; clean text.
    pub total: String,
    /// The sign of the currency; clean text.
    pub currency: String,
    /// What was ordered.
    pub lines: Vec<OrderLine>,
}

/// How an entry came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    /// From the stream of orders.
    Placed,
    /// From the stream of cancelled ones, as it is handed to anybody.
    Cancelled,
    /// From there, and nobody else will tell it.
    Passed,
}

impl Came {
    fn stream(self) -> &'static str {
        match self {
            Came::Placed => ORDERS,
            Came::Cancelled | Came::Passed => ORDERS_CANCELLED,
        }
    }
}

/// A consumer in a group.
pub struct Follower {
    group: String,
    consumer: String,
    claim_after: Duration,
    /// The orders that this consumer was given before and has not acknowledged, from this entry on.
    own: Option<String>,
    made: bool,
}

impl Follower {
    /// A consumer of this name in this group, which takes over what others have left
    /// unacknowledged for longer than `claim_after`. A new group begins with the first order
    /// that there is: it may be open still.
    #[must_use]
    pub fn new(group: String, consumer: String, claim_after: Duration) -> Follower {
        Follower {
            group,
            consumer,
            claim_after,
            own: Some("0".to_owned()),
            made: false,
        }
    }

    /// Waits for the next news, for about a second; what is none is acknowledged and left out.
    ///
    /// # Errors
    /// The [`crate::store::Trouble`] of the link; asking again is safe.
    pub async fn next(&mut self, connection: &mut Connection) -> Result<Vec<OrderEntry>, Error> {
        if !self.made {
            self.make(connection, Came::Placed).await?;
            self.make(connection, Came::Cancelled).await?;
            self.made = true;
        }
        let entries = match self.read(connection).await {
            Err(error) if error.code() == Some("NOGROUP") => {
                // A stream was deleted: what comes into a new one is all new.
                (self.made, self.own) = (false, Some("0".to_owned()));
                return Ok(Vec::new());
            }
            entries => entries?,
        };
        let mut news = Vec::new();
        for (came, entry) in entries {
            let told = match came {
                Came::Placed => placed(&entry),
                Came::Cancelled | Came::Passed => {
                    match self.cancelled(connection, came, &entry).await? {
                        Some(told) => told,
                        None => continue,
                    }
                }
            };
            match told {
                Some(told) => news.push(told),
                None => self.forget(connection, came, &entry.id).await?,
            }
        }
        Ok(news)
    }

    /// What a cancellation tells: inside, nothing where this group was not given the order;
    /// outside, nothing where the consumer that was given it will be told.
    async fn cancelled(
        &self,
        connection: &mut Connection,
        came: Came,
        entry: &StreamId,
    ) -> Result<Option<Option<OrderEntry>>, Error> {
        let id = entry.get::<String>("id").and_then(|id| OrderId::parse(&id));
        let Some(id) = id else { return Ok(Some(None)) };
        let Some((order, Some(consumer))) =
            records::given(&mut connection.conn, &id, &self.group).await?
        else {
            return Ok(Some(None));
        };
        if came == Came::Cancelled && consumer != self.consumer {
            let mut pass = redis::cmd("XCLAIM");
            pass.arg(ORDERS_CANCELLED)
                .arg(&self.group)
                .arg(consumer)
                .arg(0)
                .arg(&entry.id)
                .arg("JUSTID");
            pass.query_async::<()>(&mut connection.conn).await?;
            return Ok(None);
        }
        Ok(Some(Some(OrderEntry {
            entry: entry.id.clone(),
            news: FollowEvent::Cancelled(order.changed),
            total: order.total().to_string(),
            id,
            user: order.user,
            who: order.who,
            at: order.at,
            currency: order.currency,
            lines: order.lines,
        })))
    }

    /// Notes that this follower is given an order that was placed, so that it hears of its
    /// cancellation; returns how far the order is. One that is cancelled already is not noted.
    ///
    /// # Errors
    /// The [`crate::store::Trouble`] of the link.
    pub async fn give(
        &self,
        connection: &mut Connection,
        id: &OrderId,
    ) -> Result<Option<OrderState>, Error> {
        records::give(&mut connection.conn, id, &self.group, &self.consumer).await
    }

    /// The entry is dealt with: nobody is given it again.
    ///
    /// # Errors
    /// The [`crate::store::Trouble`] of the link.
    pub async fn acknowledge(
        &self,
        connection: &mut Connection,
        entry: &OrderEntry,
    ) -> Result<(), Error> {
        let came = match entry.news {
            FollowEvent::Placed => Came::Placed,
            FollowEvent::Cancelled(_) => Came::Cancelled,
        };
        self.forget(connection, came, &entry.entry).await
    }

    async fn forget(
        &self,
        connection: &mut Connection,
        came: Came,
        entry: &str,
    ) -> Result<(), Error> {
        let mut command = redis::cmd("XACK");
        command.arg(came.stream()).arg(&self.group).arg(entry);
        Ok(command.query_async(&mut connection.conn).await?)
    }

    /// Connects anew after trouble.
    ///
    /// # Errors
    /// The [`crate::store::Trouble`] of the link.
    pub async fn renew(&mut self, connection: &mut Connection, after: &Error) -> Result<(), Error> {
        if let Error::Trouble(trouble) = after {
            connection.reconnect(trouble).await?;
        }
        // What was on its way when the link broke is ours and not seen yet.
        self.own = Some("0".to_owned());
        Ok(())
    }

    async fn make(&self, connection: &mut Connection, came: Came) -> Result<(), Error> {
        let mut command = redis::cmd("XGROUP");
        command
            .arg("CREATE")
            .arg(came.stream())
            .arg(&self.group)
            .arg("0")
            .arg("MKSTREAM");
        match command.query_async::<()>(&mut connection.conn).await {
            Err(error) if error.code() == Some("BUSYGROUP") => Ok(()),
            made => made.map_err(|error| Error::from(error).for_orders()),
        }
    }

    async fn read(
        &mut self,
        connection: &mut Connection,
    ) -> Result<Vec<(Came, StreamId)>, RedisError> {
        // First what others passed on to this consumer, and what must not be cooked ...
        let passed = self.read_group(connection, &[(Came::Passed, "0")]).await?;
        if !passed.is_empty() {
            return Ok(passed);
        }
        // ... then what it was given before it was started again ...
        if let Some(from) = self.own.take() {
            let mut entries = self
                .read_group(connection, &[(Came::Placed, &from)])
                .await?;
            if let Some((_, last)) = entries.last() {
                self.own = Some(last.id.clone());
                // Deleted from the stream, and still not acknowledged.
                entries.retain(|(_, entry)| !entry.map.is_empty());
                return Ok(entries);
            }
        }
        // ... then what a killed one left ...
        for came in [Came::Passed, Came::Placed] {
            let claimed = self.claim(connection, came).await?;
            if !claimed.is_empty() {
                return Ok(claimed);
            }
        }
        // ... then what is new.
        self.read_group(connection, &[(Came::Cancelled, ">"), (Came::Placed, ">")])
            .await
    }

    /// Takes over what others have left for too long.
    async fn claim(
        &self,
        connection: &mut Connection,
        came: Came,
    ) -> Result<Vec<(Came, StreamId)>, RedisError> {
        let mut claim = redis::cmd("XAUTOCLAIM");
        claim
            .arg(came.stream())
            .arg(&self.group)
            .arg(&self.consumer)
            .arg(self.claim_after.as_millis());
        claim.arg("0").arg("COUNT").arg(BATCH);
        let claimed: StreamAutoClaimReply = claim.query_async(&mut connection.conn).await?;
        Ok(claimed
            .claimed
            .into_iter()
            .map(|entry| (came, entry))
            .collect())
    }

    /// Reads streams, each from an entry on; waits where `>` asks for what is new.
    async fn read_group(
        &self,
        connection: &mut Connection,
        from: &[(Came, &str)],
    ) -> Result<Vec<(Came, StreamId)>, RedisError> {
        let mut read = redis::cmd("XREADGROUP");
        read.arg("GROUP")
            .arg(&self.group)
            .arg(&self.consumer)
            .arg("COUNT")
            .arg(BATCH);
        read.arg("BLOCK").arg(WAIT.as_millis()).arg("STREAMS");
        read.arg(
            from.iter()
                .map(|(came, _)| came.stream())
                .collect::<Vec<_>>(),
        );
        read.arg(from.iter().map(|(_, entry)| *entry).collect::<Vec<_>>());
        let reply: Option<StreamReadReply> = read.query_async(&mut connection.conn).await?;
        let streams = reply.into_iter().flat_map(|reply| reply.keys);
        let came = |key: &str| {
            from.iter()
                .find(|(came, _)| came.stream() == key)
                .map(|(came, _)| *came)
        };
        let found = streams.filter_map(|stream| Some((came(&stream.key)?, stream.ids)));
        Ok(found
            .flat_map(|(came, entries)| entries.into_iter().map(move |entry| (came, entry)))
            .collect())
    }
}

fn placed(entry: &StreamId) -> Option<OrderEntry> {
    let field = |name: &str| -> Option<Vec<u8>> { entry.get(name) };
    let text = |name: &str| String::from_utf8(field(name)?).ok();
    Some(OrderEntry {
        entry: entry.id.clone(),
        news: FollowEvent::Placed,
        id: OrderId::parse(&text("id")?)?,
        user: sanitize_actor(&field("user")?),
        who: sanitize_actor(&field("who")?),
        at: text("at")?.parse().ok()?,
        total: text::sanitize_to(&field("total")?, 40),
        currency: text::sanitize_to(&field("currency").unwrap_or_default(), 4),
        lines: document::lines_from_json(&field("lines")?)?,
    })
}
