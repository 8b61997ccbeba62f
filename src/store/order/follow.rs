//! A consumer of the stream of orders: each order comes to one consumer of a group, and again
//! to another where the first was killed before it acknowledged.

use super::document;
use crate::model::change::clean_actor;
use crate::model::{OrderId, OrderLine, text};
use crate::store::connection::Connection;
use crate::store::error::Error;
use crate::store::keys::ORDERS;
use redis::RedisError;
use redis::streams::{StreamAutoClaimReply, StreamId, StreamReadReply};
use std::time::Duration;

/// How long one wait for the next order takes; shorter than an answer may.
const WAIT: Duration = Duration::from_millis(1_000);
/// Entries read at once.
const BATCH: usize = 16;

/// An entry of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id in the stream, to acknowledge it by.
    pub entry: String,
    /// The order's id.
    pub id: OrderId,
    /// Whose cart it came from; clean text.
    pub user: String,
    /// Who ordered; clean text.
    pub who: String,
    /// When, by the server's clock, in Unix milliseconds.
    pub at: u64,
    /// What it costs; clean text.
    pub total: String,
    /// The sign of the currency; clean text.
    pub currency: String,
    /// What was ordered.
    pub lines: Vec<OrderLine>,
}

/// A consumer in a group.
pub struct Follower {
    group: String,
    consumer: String,
    claim_after: Duration,
    /// What this consumer was given before and has not acknowledged, from this entry on.
    own: Option<String>,
    made: bool,
}

impl Follower {
    /// A consumer of this name in this group, which takes over what others have left
    /// unacknowledged for longer than `claim_after`. A new group begins with the first order
    /// that there is: it may be open still.
    #[must_use]
    pub fn new(group: String, consumer: String, claim_after: Duration) -> Follower {
        Follower { group, consumer, claim_after, own: Some("0".to_owned()), made: false }
    }

    /// Waits for the next orders, for about a second; what is no order is acknowledged and left out.
    ///
    /// # Errors
    /// The [`crate::store::Trouble`] of the link; asking again is safe.
    pub async fn next(&mut self, connection: &mut Connection) -> Result<Vec<Entry>, Error> {
        if !self.made {
            self.make(connection).await?;
        }
        let entries = match self.read(connection).await {
            Err(error) if error.code() == Some("NOGROUP") => {
                // The stream was deleted: what comes into a new one is all new.
                (self.made, self.own) = (false, Some("0".to_owned()));
                return Ok(Vec::new());
            }
            entries => entries?,
        };
        let mut orders = Vec::new();
        for entry in entries {
            match decode(&entry) {
                Some(order) => orders.push(order),
                None => self.acknowledge(connection, &entry.id).await?,
            }
        }
        Ok(orders)
    }

    /// The order is dealt with: nobody is given it again.
    ///
    /// # Errors
    /// The [`crate::store::Trouble`] of the link.
    pub async fn acknowledge(&self, connection: &mut Connection, entry: &str) -> Result<(), Error> {
        let mut command = redis::cmd("XACK");
        command.arg(ORDERS).arg(&self.group).arg(entry);
        Ok(command.query_async(&mut connection.link).await?)
    }

    /// Connects anew after trouble.
    ///
    /// # Errors
    /// The [`crate::store::Trouble`] of the link.
    pub async fn renew(&mut self, connection: &mut Connection, after: &Error) -> Result<(), Error> {
        if let Error::Trouble(trouble) = after {
            connection.renew(trouble).await?;
        }
        // What was on its way when the link broke is ours and not seen yet.
        self.own = Some("0".to_owned());
        Ok(())
    }

    async fn make(&mut self, connection: &mut Connection) -> Result<(), Error> {
        let mut command = redis::cmd("XGROUP");
        command.arg("CREATE").arg(ORDERS).arg(&self.group).arg("0").arg("MKSTREAM");
        match command.query_async::<()>(&mut connection.link).await {
            Err(error) if error.code() == Some("BUSYGROUP") => {}
            made => made.map_err(|error| Error::from(error).of_orders())?,
        }
        self.made = true;
        Ok(())
    }

    async fn read(&mut self, connection: &mut Connection) -> Result<Vec<StreamId>, RedisError> {
        // First what was given to this consumer before it was started again ...
        if let Some(from) = self.own.take() {
            let mut entries = self.read_group(connection, &from).await?;
            if let Some(last) = entries.last() {
                self.own = Some(last.id.clone());
                // Deleted from the stream, and still not acknowledged.
                entries.retain(|entry| !entry.map.is_empty());
                return Ok(entries);
            }
        }
        // ... then what a killed one left ...
        let mut claim = redis::cmd("XAUTOCLAIM");
        claim.arg(ORDERS).arg(&self.group).arg(&self.consumer).arg(self.claim_after.as_millis());
        claim.arg("0").arg("COUNT").arg(BATCH);
        let claimed: StreamAutoClaimReply = claim.query_async(&mut connection.link).await?;
        if !claimed.claimed.is_empty() {
            return Ok(claimed.claimed);
        }
        // ... then what is new.
        self.read_group(connection, ">").await
    }

    async fn read_group(&self, connection: &mut Connection, from: &str) -> Result<Vec<StreamId>, RedisError> {
        let mut read = redis::cmd("XREADGROUP");
        read.arg("GROUP").arg(&self.group).arg(&self.consumer).arg("COUNT").arg(BATCH);
        read.arg("BLOCK").arg(WAIT.as_millis()).arg("STREAMS").arg(ORDERS).arg(from);
        let reply: Option<StreamReadReply> = read.query_async(&mut connection.link).await?;
        Ok(reply.into_iter().flat_map(|reply| reply.keys).flat_map(|key| key.ids).collect())
    }
}

fn decode(entry: &StreamId) -> Option<Entry> {
    let field = |name: &str| -> Option<Vec<u8>> { entry.get(name) };
    let text = |name: &str| String::from_utf8(field(name)?).ok();
    Some(Entry {
        entry: entry.id.clone(),
        id: OrderId::parse(&text("id")?)?,
        user: clean_actor(&field("user")?),
        who: clean_actor(&field("who")?),
        at: text("at")?.parse().ok()?,
        total: text::clean_to(&field("total")?, 40),
        currency: text::clean_to(&field("currency").unwrap_or_default(), 4),
        lines: document::lines_from_json(&field("lines")?)?,
    })
}
