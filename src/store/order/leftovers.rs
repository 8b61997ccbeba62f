//! Finishes orders that dead drivers left on their way, in carts that nobody opens any more.
//!
//! Each is tried apart, and its trouble stays its own. It is tried again after as long as it has
//! been on its way, so less and less often. One that nobody can finish is left alone in the end:
//! the doctor names it, and opening its cart still tries.

use super::steps;
use crate::model::{OrderId, UserName};
use crate::store::clock::server_time;
use crate::store::connection::{Conn, Connection, answer, pipeline};
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use crate::store::keys::CartKeys;
use crate::store::order::begun::BegunOrder;
use crate::store::order::checkout::log_outcome;
use crate::store::order::driver::Driver;
use crate::store::order::index::read_ids;
use crate::store::order::stage::Outcome;
use crate::store::scripts::LOOK_AFTER_MS;
use std::time::{Duration, Instant};

/// The most orders that are looked at in one go, of those that are due and of those whose clock
/// was ahead.
const MOST_LOOKED_AT: usize = 64;
/// The most orders that are tried in one go.
const MOST_TRIED: usize = 8;
/// The time after which no further order is tried in this go.
const LONGEST: Duration = Duration::from_secs(3);

/// The age from which on an order that never came to its cart is undone, in milliseconds.
const NEVER_FROZEN_MS: u64 = 60_000;
/// The shortest and the longest time until an order is tried again, in milliseconds.
const FIRST_PAUSE_MS: u64 = 5_000;
const LONGEST_PAUSE_MS: u64 = 600_000;
/// The age from which on an order that meets lasting trouble is left alone, in milliseconds.
const GIVEN_UP_MS: u64 = 3_600_000;

/// An order that is due, with its record: none where there is no such order.
struct DueOrder {
    /// Its id as it is stored, which may be any text.
    id: String,
    record: Result<Option<BegunOrder>, Trouble>,
}

/// An order that was finished for its driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedOrder {
    /// Whose cart it came from.
    pub user: UserName,
    /// The way in which it ended.
    pub outcome: Outcome,
}

/// Finishes some of the orders that are due, as far as this user may; returns those that ended.
///
/// # Errors
/// The [`Trouble`] of the link, where it can't be found out which orders are due.
pub async fn finish_open(connection: &mut Connection) -> Result<Vec<FinishedOrder>, Error> {
    let (now, due) = match find_due(connection).await {
        Err(Trouble::NoPermission(_)) => return Ok(Vec::new()),
        found => found?,
    };

    let started = Instant::now();
    let mut finished = Vec::new();
    let mut tried = 0;
    for DueOrder { id, record } in due {
        if tried == MOST_TRIED || started.elapsed() > LONGEST {
            break;
        }

        let user = record.as_ref().ok().and_then(Option::as_ref);
        let user = user.map(|begun| begun.user.clone());
        let outcome = match record {
            Ok(Some(begun)) if !begun.is_closed => {
                tried += 1;
                look_after(connection, begun, now).await
            }
            // There is no such order, or it was placed and somebody has to mend its record.
            Ok(None) => match steps::is_listed(&mut connection.conn, &id).await {
                Ok(true) => look_away(connection, &id, "+inf").await,
                Ok(false) => forget(connection, &id).await,
                Err(trouble) => Err(trouble.into()),
            },
            // It is over.
            Ok(Some(_)) => forget(connection, &id).await,
            Err(trouble) if is_lasting(&trouble) => look_away(connection, &id, "+inf").await,
            Err(trouble) => Err(trouble.into()),
        };
        match outcome {
            Ok(Outcome::Nothing) => {}
            Ok(outcome) => finished.extend(user.map(|user| FinishedOrder { user, outcome })),
            Err(error) => tracing::warn!(order = id, %error, "an order on its way"),
        }
    }
    Ok(finished)
}

/// Reads the server's clock, in Unix milliseconds, and the orders that are due by it.
async fn find_due(connection: &mut Connection) -> Result<(u64, Vec<DueOrder>), Trouble> {
    let now = connection
        .read(async |mut conn| server_time(&mut conn).await)
        .await?;
    let mut ids = read_due(
        &mut connection.conn,
        ["-inf", &now.to_string()],
        MOST_LOOKED_AT,
    )
    .await?;
    ids.extend(
        read_due(
            &mut connection.conn,
            [&beyond(now), "(+inf"],
            MOST_LOOKED_AT,
        )
        .await?,
    );

    let commands = ids.iter().map(|id| BegunOrder::fetch(id)).collect();
    let records = pipeline::run_all(&connection.conn, commands).await?;

    let mut due = Vec::new();
    for (id, record) in ids.into_iter().zip(records) {
        let record = match OrderId::parse(&id) {
            Some(order) => record.and_then(|fields| BegunOrder::parse(&order, fields)),
            None => Ok(None),
        };
        due.push(DueOrder { id, record });
    }
    Ok((now, due))
}

/// The time (Unix milliseconds) after which no order is due, but those that a clock noted which
/// was ahead: they count as due now.
pub(crate) fn beyond(now: u64) -> String {
    format!("({}", now + LONGEST_PAUSE_MS + LOOK_AFTER_MS)
}

/// Reads the ids of at most so many of the orders that are due between these times.
pub(crate) async fn read_due(
    conn: &mut Conn,
    between: [&str; 2],
    most: usize,
) -> Result<Vec<String>, Trouble> {
    let mut range = redis::cmd("ZRANGEBYSCORE");
    range.arg(keys::ORDERS_DUE).arg(&between);
    range.arg("LIMIT").arg(0).arg(most);
    match read_ids(&range, conn).await {
        Err(Trouble::WrongType) => Err(Trouble::ForeignKey(keys::ORDERS_DUE.to_owned())),
        ids => ids,
    }
}

/// Finishes one order, unless its driver may still be at work.
async fn look_after(
    connection: &mut Connection,
    begun: BegunOrder,
    now: u64,
) -> Result<Outcome, Error> {
    let id = begun.id.as_str();
    let age = begun.age(now);
    let mark = match steps::read_freeze(&mut connection.conn, &CartKeys::of(&begun.user)).await {
        // Who may not look into that cart leaves it to somebody who may.
        Err(Trouble::NoPermission(_)) => return Ok(Outcome::Nothing),
        mark => mark,
    };

    // Before anything is tried, so that the next who comes by tries another order.
    let pause = age.clamp(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    look_away(connection, id, &(now + pause).to_string()).await?;

    let is_frozen = match mark {
        Ok(mark) => mark.is_some_and(|mark| mark.is_for(&begun.id)),
        // It may be another program's key, which is no mark.
        Err(Trouble::WrongType) => false,
        Err(trouble) => return Err(trouble.into()),
    };
    if begun.decision.is_none() && !is_frozen && age < NEVER_FROZEN_MS {
        return Ok(Outcome::Nothing);
    }

    let mut driver = Driver::finish(&begun.user, &connection.policy, begun.id.clone());
    let outcome = driver.run(&mut connection.conn).await;
    log_outcome(&begun.user, &driver, &outcome);
    if let Err(Error::Trouble(trouble)) = &outcome
        && is_lasting(trouble)
        && age >= GIVEN_UP_MS
    {
        look_away(connection, id, "+inf").await?;
    }
    outcome
}

/// True where trying again later can't help, unless somebody mends what is wrong.
fn is_lasting(trouble: &Trouble) -> bool {
    matches!(
        trouble,
        Trouble::WrongType | Trouble::ForeignKey(_) | Trouble::Other(_) | Trouble::Unexpected(_)
    )
}

/// Has nobody look after an order before this time (Unix milliseconds, or `+inf`).
async fn look_away(connection: &mut Connection, id: &str, until: &str) -> Result<Outcome, Error> {
    let mut command = redis::cmd("ZADD");
    command.arg(keys::ORDERS_DUE).arg("XX").arg(until).arg(id);
    answer::<u64>(&command, &mut connection.conn).await?;
    Ok(Outcome::Nothing)
}

/// Has nobody look after an order any more.
async fn forget(connection: &mut Connection, id: &str) -> Result<Outcome, Error> {
    let mut command = redis::cmd("ZREM");
    command.arg(keys::ORDERS_DUE).arg(id);
    answer::<u64>(&command, &mut connection.conn).await?;
    Ok(Outcome::Nothing)
}
