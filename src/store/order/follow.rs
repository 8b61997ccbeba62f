//! Follows the stream of orders as a consumer in a group: each order comes to one consumer, and
//! again to another where the first was killed before it acknowledged the order.
//!
//! Cancelled orders stand in a stream of their own, which the same groups read. A cancellation
//! is for the consumer to which the order was delivered: any other consumer that reads it passes
//! it on, and where the right one doesn't take it, another does, as with orders. Where an order
//! was not delivered in a group before, its cancellation tells that group nothing: the order
//! won't be delivered any more.

use super::records::read_number;
use super::{delivery, document};
use crate::model::name::{clean_name, sanitize_actor};
use crate::model::notes::stored_note;
use crate::model::{Currency, OrderId, OrderLine, OrderState, text};
use crate::store::connection::Connection;
use crate::store::error::{Error, Trouble};
use crate::store::keys::{ORDERS, ORDERS_CANCELLED};
use redis::RedisError;
use redis::streams::{StreamAutoClaimReply, StreamId, StreamReadReply};
use std::collections::HashSet;
use std::time::Duration;

/// The time of one wait for the next order; shorter than an answer may take.
pub const LONGEST_WAIT: Duration = Duration::from_millis(1_000);
/// The shortest wait: none at all would be one without an end.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);
/// The most entries read at once.
const BATCH: u64 = 16;
/// The longest total that is shown, in characters.
const LONGEST_TOTAL: usize = 40;
/// The pause before connecting again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(500);
/// The beginning of a stream.
const START: &str = "0";
/// The answer of a server that is to create a group where there is no stream.
const NO_STREAM: &str = "requires the key to exist";

/// The news of an order that an entry brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowEvent {
    /// It was placed.
    Placed,
    /// It was cancelled after it was delivered to this group: when, in Unix milliseconds.
    Cancelled(u64),
}

/// An entry of one of the streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderEntry {
    /// Its id in the stream, to acknowledge it by.
    pub entry: String,
    /// The news of the order.
    pub news: FollowEvent,
    /// The order's id.
    pub id: OrderId,
    /// Its number, where it has one.
    pub number: Option<u32>,
    /// Whose cart it came from; clean text.
    pub user: String,
    /// Who ordered; clean text.
    pub who: String,
    /// When it was ordered, by the server's clock, in Unix milliseconds.
    pub at: u64,
    /// The total price; clean text.
    pub total: String,
    /// The sign of the currency; clean text.
    pub currency: Currency,
    /// The ordered lines.
    pub lines: Vec<OrderLine>,
    /// The note for the whole order; clean text, may be empty.
    pub note: String,
}

impl OrderEntry {
    /// The way by which it is read again.
    fn source(&self) -> EntrySource {
        match self.news {
            FollowEvent::Placed => EntrySource::Placed,
            FollowEvent::Cancelled(_) => EntrySource::CancelledForUs,
        }
    }

    /// Its stream, and its id there.
    fn place(&self) -> (&'static str, String) {
        (self.source().stream(), self.entry.clone())
    }
}

/// The way by which an entry came to this consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EntrySource {
    /// The stream of orders.
    Placed,
    /// The stream of cancelled orders, new: any consumer of the group may get it.
    Cancelled,
    /// The same stream, passed on or taken over: this consumer must deal with it itself.
    CancelledForUs,
}

impl EntrySource {
    fn stream(self) -> &'static str {
        match self {
            EntrySource::Placed => ORDERS,
            EntrySource::Cancelled | EntrySource::CancelledForUs => ORDERS_CANCELLED,
        }
    }
}

/// The way in which a follower deals with an entry that it has read.
enum EntryHandling {
    /// It is returned to the caller, who acknowledges it.
    Deliver(Box<OrderEntry>),
    /// It says nothing to this group: it is acknowledged and left out.
    Skip,
    /// It now belongs to another consumer, who acknowledges it.
    PassedOn,
}

impl EntryHandling {
    fn deliver(entry: OrderEntry) -> EntryHandling {
        EntryHandling::Deliver(Box::new(entry))
    }
}

/// A consumer in a group.
pub struct Follower {
    group: String,
    consumer: String,
    claim_after: Duration,
    /// Where to go on reading the entries that this consumer got before and has not
    /// acknowledged; `None` once all of them are read.
    unacknowledged_from: Option<String>,
    /// The entries that this consumer keeps for later, by stream and id.
    set_aside: HashSet<(&'static str, String)>,
    groups: Groups,
}

/// The knowledge that a follower has of its groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Groups {
    /// They may never have been created, and the streams neither.
    Unknown,
    /// They exist.
    Exist,
    /// A group is gone, most likely with its stream.
    Lost,
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
            unacknowledged_from: Some(START.to_owned()),
            set_aside: HashSet::new(),
            groups: Groups::Unknown,
        }
    }

    /// Waits for the next entries, for `wait` or [`LONGEST_WAIT`]; at most `most` new ones of each
    /// stream, so that a follower that ends takes none with it. Entries that say nothing to this
    /// group are acknowledged and left out. Those that are set aside are left out, too.
    ///
    /// # Errors
    /// The [`crate::store::Trouble`] of the link; asking again is safe.
    pub async fn next(
        &mut self,
        connection: &mut Connection,
        most: u64,
        wait: Duration,
    ) -> Result<Vec<OrderEntry>, Error> {
        let most = most.min(BATCH);
        let wait = wait.clamp(SHORTEST_WAIT, LONGEST_WAIT);
        if self.groups != Groups::Exist && !self.create_groups(connection).await? {
            tokio::time::sleep(wait).await;
            return Ok(Vec::new());
        }

        let entries = match self.read(connection, most, wait).await {
            Err(error) if error.code() == Some("NOGROUP") => {
                // A stream was deleted: what comes into a new one is all new.
                self.groups = Groups::Lost;
                self.unacknowledged_from = Some(START.to_owned());
                self.set_aside.clear();
                return Ok(Vec::new());
            }
            entries => entries?,
        };

        let mut delivered = Vec::new();
        for (source, entry) in entries {
            let handling = match source {
                EntrySource::Placed => {
                    placed(&entry).map_or(EntryHandling::Skip, EntryHandling::deliver)
                }
                EntrySource::Cancelled | EntrySource::CancelledForUs => {
                    self.cancelled(connection, source, &entry).await?
                }
            };
            match handling {
                EntryHandling::Deliver(entry) => delivered.push(*entry),
                EntryHandling::Skip => self.forget(connection, source.stream(), &entry.id).await?,
                EntryHandling::PassedOn => {}
            }
        }
        Ok(delivered)
    }

    /// Deals with an entry of the stream of cancelled orders.
    async fn cancelled(
        &self,
        connection: &mut Connection,
        source: EntrySource,
        entry: &StreamId,
    ) -> Result<EntryHandling, Error> {
        let Some(id) = entry.get::<String>("id").and_then(|id| OrderId::parse(&id)) else {
            return Ok(EntryHandling::Skip);
        };
        let delivered = delivery::delivered_to(&mut connection.conn, &id, &self.group).await?;
        let Some((order, Some(consumer))) = delivered else {
            return Ok(EntryHandling::Skip);
        };

        if source == EntrySource::Cancelled && consumer != self.consumer {
            self.pass_on(connection, &entry.id, &consumer).await?;
            return Ok(EntryHandling::PassedOn);
        }

        Ok(EntryHandling::deliver(OrderEntry {
            entry: entry.id.clone(),
            news: FollowEvent::Cancelled(order.changed),
            total: order.total().to_string(),
            id,
            number: order.number,
            user: order.user,
            who: order.who,
            at: order.at,
            currency: order.currency,
            lines: order.lines,
            note: order.note,
        }))
    }

    /// Hands a cancellation over to another consumer of the group.
    async fn pass_on(
        &self,
        connection: &mut Connection,
        entry: &str,
        consumer: &str,
    ) -> Result<(), Error> {
        Ok(redis::cmd("XCLAIM")
            .arg(ORDERS_CANCELLED)
            .arg(&self.group)
            .arg(consumer)
            .arg(0)
            .arg(entry)
            .arg("JUSTID")
            .query_async(&mut connection.conn)
            .await?)
    }

    /// Notes that a placed order is delivered to this follower, so that it hears of its
    /// cancellation; returns the order's state. A cancelled order is not noted.
    ///
    /// # Errors
    /// The [`crate::store::Trouble`] of the link.
    pub async fn mark_delivered(
        &self,
        connection: &mut Connection,
        id: &OrderId,
    ) -> Result<Option<OrderState>, Error> {
        delivery::mark_delivered(&mut connection.conn, id, &self.group, &self.consumer).await
    }

    /// Acknowledges an entry that is dealt with: no consumer of the group gets it again.
    ///
    /// # Errors
    /// The [`crate::store::Trouble`] of the link.
    pub async fn acknowledge(
        &mut self,
        connection: &mut Connection,
        entry: &OrderEntry,
    ) -> Result<(), Error> {
        let (stream, id) = entry.place();
        self.forget(connection, stream, &id).await?;
        self.set_aside.remove(&(stream, id));
        Ok(())
    }

    /// Keeps an entry that can't be dealt with now: [`Follower::next`] returns it no more while it
    /// is this consumer's. After `claim_after` another consumer may take it over.
    pub(crate) fn set_aside(&mut self, entry: &OrderEntry) {
        self.set_aside.insert(entry.place());
    }

    /// Begins the time anew after which another consumer takes an entry over. False where this
    /// consumer has it no more: it is acknowledged, or another consumer's.
    ///
    /// # Errors
    /// The [`crate::store::Trouble`] of the link.
    pub async fn hold(
        &mut self,
        connection: &mut Connection,
        entry: &OrderEntry,
    ) -> Result<bool, Error> {
        let Some(before) = id_before(&entry.entry) else {
            return Ok(false);
        };

        // To read it again counts as its delivery, and only its own consumer is given it.
        let from = [(entry.source(), before.as_str())];
        let read = match self.read_group(connection, &from, 1, SHORTEST_WAIT).await {
            Err(error) if error.code() == Some("NOGROUP") => Vec::new(),
            read => read?,
        };
        let is_ours = read.first().is_some_and(|(_, read)| read.id == entry.entry);
        if !is_ours {
            self.set_aside.remove(&entry.place());
        }
        Ok(is_ours)
    }

    async fn forget(
        &self,
        connection: &mut Connection,
        stream: &str,
        entry: &str,
    ) -> Result<(), Error> {
        let mut command = redis::cmd("XACK");
        command.arg(stream).arg(&self.group).arg(entry);
        Ok(command.query_async(&mut connection.conn).await?)
    }

    /// Connects anew after trouble and a pause. Where that fails, what is asked next meets trouble
    /// again, at the latest that of a lost connection.
    pub(crate) async fn renew(&mut self, connection: &mut Connection, after: &Trouble) {
        // Entries that were on their way when the link broke are ours, and not seen yet.
        self.unacknowledged_from = Some(START.to_owned());
        tokio::time::sleep(RECONNECT_PAUSE).await;
        let _ = connection.reconnect(after).await;
    }

    /// Creates the groups that don't exist. False where there is no stream of orders any more:
    /// somebody may just have renamed it, and must be able to name it back.
    async fn create_groups(&mut self, connection: &mut Connection) -> Result<bool, Error> {
        let creates_stream = self.groups == Groups::Unknown;
        if !self
            .create_group(connection, ORDERS, creates_stream)
            .await?
        {
            return Ok(false);
        }
        self.create_group(connection, ORDERS_CANCELLED, true)
            .await?;

        self.groups = Groups::Exist;
        Ok(true)
    }

    /// Creates the group of a stream where it doesn't exist yet, with the stream if wanted. False
    /// where there is no stream.
    async fn create_group(
        &self,
        connection: &mut Connection,
        stream: &str,
        creates_stream: bool,
    ) -> Result<bool, Error> {
        let mut command = redis::cmd("XGROUP");
        command
            .arg("CREATE")
            .arg(stream)
            .arg(&self.group)
            .arg(START);
        if creates_stream {
            command.arg("MKSTREAM");
        }

        let created: Result<(), RedisError> = command.query_async(&mut connection.conn).await;
        match created {
            Ok(()) => Ok(true),
            Err(error) if error.code() == Some("BUSYGROUP") => Ok(true),
            Err(error) if error.to_string().contains(NO_STREAM) => Ok(false),
            Err(error) => Err(Error::from(error).for_orders()),
        }
    }

    /// Reads the next entries, the most urgent kind first.
    async fn read(
        &mut self,
        connection: &mut Connection,
        most: u64,
        wait: Duration,
    ) -> Result<Vec<(EntrySource, StreamId)>, RedisError> {
        // First cancellations that others passed on to this consumer: work on them must stop.
        let from = [(EntrySource::CancelledForUs, START)];
        let set_aside = self.set_aside.iter();
        let passed_over = set_aside.filter(|(stream, _)| *stream == ORDERS_CANCELLED);
        let most_read = most.saturating_add(passed_over.count() as u64);
        let mut passed_on = self.read_group(connection, &from, most_read, wait).await?;
        self.pass_over(&mut passed_on);
        if !passed_on.is_empty() {
            return Ok(passed_on);
        }

        // Then entries that this consumer got before it was started again.
        if let Some(from) = self.unacknowledged_from.take() {
            let mut entries = self
                .read_group(connection, &[(EntrySource::Placed, &from)], most, wait)
                .await?;
            if let Some((_, last)) = entries.last() {
                self.unacknowledged_from = Some(last.id.clone());
                // An entry without fields is deleted from the stream.
                entries.retain(|(_, entry)| !entry.map.is_empty());
                self.pass_over(&mut entries);
                return Ok(entries);
            }
        }

        // Then entries that another consumer left, which was killed.
        for source in [EntrySource::CancelledForUs, EntrySource::Placed] {
            let mut claimed = self.claim(connection, source, most).await?;
            self.pass_over(&mut claimed);
            if !claimed.is_empty() {
                return Ok(claimed);
            }
        }

        // Then new entries.
        let new = [(EntrySource::Cancelled, ">"), (EntrySource::Placed, ">")];
        self.read_group(connection, &new, most, wait).await
    }

    /// Takes out the entries that this consumer has set aside.
    fn pass_over(&self, entries: &mut Vec<(EntrySource, StreamId)>) {
        entries.retain(|(source, entry)| {
            let place = (source.stream(), entry.id.clone());
            !self.set_aside.contains(&place)
        });
    }

    /// Takes over entries that other consumers have left unacknowledged for too long.
    async fn claim(
        &self,
        connection: &mut Connection,
        source: EntrySource,
        most: u64,
    ) -> Result<Vec<(EntrySource, StreamId)>, RedisError> {
        let reply: StreamAutoClaimReply = redis::cmd("XAUTOCLAIM")
            .arg(source.stream())
            .arg(&self.group)
            .arg(&self.consumer)
            .arg(self.claim_after.as_millis())
            .arg(START)
            .arg("COUNT")
            .arg(most)
            .query_async(&mut connection.conn)
            .await?;
        let claimed = reply.claimed.into_iter();
        Ok(claimed.map(|entry| (source, entry)).collect())
    }

    /// Reads streams, each from an entry on; waits where `>` asks for what is new.
    async fn read_group(
        &self,
        connection: &mut Connection,
        from: &[(EntrySource, &str)],
        most: u64,
        wait: Duration,
    ) -> Result<Vec<(EntrySource, StreamId)>, RedisError> {
        let streams: Vec<&str> = from.iter().map(|(source, _)| source.stream()).collect();
        let starts: Vec<&str> = from.iter().map(|(_, start)| *start).collect();
        let reply: Option<StreamReadReply> = redis::cmd("XREADGROUP")
            .arg("GROUP")
            .arg(&self.group)
            .arg(&self.consumer)
            .arg("COUNT")
            .arg(most)
            .arg("BLOCK")
            .arg(wait.as_millis())
            .arg("STREAMS")
            .arg(streams)
            .arg(starts)
            .query_async(&mut connection.conn)
            .await?;

        let mut entries = Vec::new();
        for stream in reply.into_iter().flat_map(|reply| reply.keys) {
            let asked = from
                .iter()
                .find(|(source, _)| source.stream() == stream.key);
            if let Some((source, _)) = asked {
                entries.extend(stream.ids.into_iter().map(|entry| (*source, entry)));
            }
        }
        Ok(entries)
    }
}

/// The highest id of a stream that is lower than this one, which is written as two numbers.
fn id_before(id: &str) -> Option<String> {
    let (ms, number) = id.split_once('-')?;
    let ms: u64 = ms.parse().ok()?;
    let number: u64 = number.parse().ok()?;
    match number.checked_sub(1) {
        Some(number) => Some(format!("{ms}-{number}")),
        None => Some(format!("{}-{}", ms.checked_sub(1)?, u64::MAX)),
    }
}

/// Reads an entry of the stream of orders; `None` where it is none of ours.
fn placed(entry: &StreamId) -> Option<OrderEntry> {
    let currency = bytes(entry, "currency");
    let money = bytes(entry, "money");

    Some(OrderEntry {
        entry: entry.id.clone(),
        news: FollowEvent::Placed,
        id: OrderId::parse(&utf8(entry, "id")?)?,
        number: utf8(entry, "number").and_then(|number| read_number(&number)),
        user: clean_name(&bytes(entry, "user")?),
        who: sanitize_actor(&bytes(entry, "who")?),
        at: utf8(entry, "at")?.parse().ok()?,
        total: text::sanitize_to(&bytes(entry, "total")?, LONGEST_TOTAL),
        currency: Currency::stored(currency.as_deref(), money.as_deref()),
        lines: document::lines_from_json(&bytes(entry, "lines")?)?,
        note: stored_note(&bytes(entry, "note").unwrap_or_default()),
    })
}

fn bytes(entry: &StreamId, field: &str) -> Option<Vec<u8>> {
    entry.get(field)
}

fn utf8(entry: &StreamId, field: &str) -> Option<String> {
    String::from_utf8(bytes(entry, field)?).ok()
}
