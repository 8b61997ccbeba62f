//! One batch of rows: look what is there, then write what is different.

use crate::catalog_file::{BadRow, ProductRow, RowError};
use crate::model::ProductId;
use crate::model::product::FIELDS;
use crate::store::catalog::index::{NoHash, Raw, fetch_raw, list, listed};
use crate::store::connection::Conn;
use crate::store::connection::pipeline::run_all;
use crate::store::error::Trouble;
use crate::store::keys;
use redis::aio::ConnectionLike;
use redis::{Cmd, Pipeline};
use std::sync::Arc;

/// How long the ids noted for the replacing outlive a broken import, in seconds.
const NOTED: u32 = 3600;

/// How a batch is stored.
#[derive(Debug, Clone)]
pub struct BatchOptions {
    /// Where the ids of all rows are noted.
    pub seen: Option<Arc<str>>,
    /// Whether nothing is written.
    pub dry: bool,
}

/// What a batch did.
#[derive(Debug, Default)]
pub struct BatchReport {
    pub added: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub bad: Vec<BadRow>,
    /// Products that are different now.
    pub news: Vec<ProductId>,
    /// Ids noted for the first time.
    pub noted: u64,
}

/// What is to be done with a row.
enum Step {
    Add,
    Change,
    Leave,
    Refuse(RowError),
}

/// Stores `rows`, of which no two are of one product.
pub async fn store(
    conn: &mut Conn,
    rows: &[ProductRow],
    how: &BatchOptions,
) -> Result<BatchReport, Trouble> {
    let known = look(conn, rows, how.dry).await?;
    let mut told = BatchReport::default();
    let mut commands = Vec::with_capacity(rows.len());
    let (mut written, mut good) = (
        Vec::with_capacity(rows.len()),
        Vec::with_capacity(rows.len()),
    );
    for (row, known) in rows.iter().zip(&known) {
        match step(row, known, &mut commands) {
            Step::Refuse(flaw) => {
                told.bad.push(BadRow {
                    line: row.line,
                    flaw,
                });
                continue;
            }
            Step::Leave => told.unchanged += 1,
            Step::Add => {
                told.added += 1;
                written.push((row, true));
            }
            Step::Change => {
                told.changed += 1;
                written.push((row, false));
            }
        }
        good.push(row);
    }
    if how.dry || good.is_empty() {
        return Ok(told);
    }
    let mut refused = Vec::new();
    for ((row, is_new), answer) in written.iter().zip(run_all(conn, commands).await?) {
        match answer {
            // One key of the wrong type must not stop the others.
            Err(Trouble::WrongType) => {
                *(if *is_new {
                    &mut told.added
                } else {
                    &mut told.changed
                }) -= 1;
                told.bad.push(wrong_type(row));
                refused.push(&row.id);
            }
            Err(trouble) => return Err(trouble),
            Ok(_) => told.news.push(row.id.clone()),
        }
    }
    good.retain(|row| !refused.contains(&&row.id));
    list(conn, good.iter().map(|row| &row.id)).await?;
    if let Some(seen) = &how.seen {
        told.noted = note(conn, seen, &good).await?;
    }
    Ok(told)
}

fn wrong_type(row: &ProductRow) -> BadRow {
    BadRow {
        line: row.line,
        flaw: RowError::WrongType(row.id.to_string()),
    }
}

/// What is known of a product before it is written.
enum Stored {
    /// It stands in no index: new, as far as anybody knows.
    Unlisted,
    /// Its fields.
    Fields(Raw),
    /// There is no such hash.
    Missing,
    /// The key is no hash.
    WrongType,
}

/// Looks at the products of `rows`. For those that are new, as in a first import, the index
/// alone tells; `all` reads them, too.
async fn look(conn: &mut Conn, rows: &[ProductRow], all: bool) -> Result<Vec<Stored>, Trouble> {
    let listed = listed(conn, keys::CATALOG, rows.iter().map(|row| &row.id)).await?;
    let reads: Vec<bool> = rows
        .iter()
        .zip(&listed)
        .map(|(row, listed)| all || *listed || !row.is_complete())
        .collect();
    let ids = rows
        .iter()
        .zip(&reads)
        .filter(|(_, reads)| **reads)
        .map(|(row, _)| &row.id);
    let mut raw = fetch_raw(conn, ids).await?.into_iter();
    let known = |reads: bool| match reads.then(|| raw.next()).flatten() {
        None => Stored::Unlisted,
        Some(Err(NoHash)) => Stored::WrongType,
        Some(Ok(None)) => Stored::Missing,
        Some(Ok(Some(fields))) => Stored::Fields(fields),
    };
    Ok(reads.into_iter().map(known).collect())
}

/// Decides what to do with a row, and adds at most one command.
fn step(row: &ProductRow, known: &Stored, commands: &mut Vec<Cmd>) -> Step {
    let given = || {
        FIELDS
            .into_iter()
            .zip(&row.fields)
            .filter_map(|(name, field)| Some((name, field.as_deref()?)))
    };
    match known {
        Stored::WrongType => Step::Refuse(RowError::WrongType(row.id.to_string())),
        Stored::Missing if !row.is_complete() => {
            Step::Refuse(RowError::Incomplete(row.id.to_string()))
        }
        Stored::Unlisted | Stored::Missing => {
            // Another client may have put it in without a word: empty fields must go there, too.
            let empty: Vec<&str> = given()
                .filter(|(_, value)| value.is_empty())
                .map(|(name, _)| name)
                .collect();
            let set = given().filter(|(_, value)| !value.is_empty());
            let blind = matches!(known, Stored::Unlisted) && !empty.is_empty();
            commands.push(write(&row.id, if blind { &empty } else { &[] }, set));
            Step::Add
        }
        Stored::Fields(fields) => {
            let stored = |name: &str| {
                let place = FIELDS.iter().position(|field| *field == name)?;
                fields[place].as_deref()
            };
            let gone: Vec<&str> = given()
                .filter(|(name, value)| value.is_empty() && stored(name).is_some())
                .map(|(name, _)| name)
                .collect();
            let mut set = given()
                .filter(|(name, value)| !value.is_empty() && stored(name) != Some(value.as_bytes()))
                .peekable();
            if gone.is_empty() && set.peek().is_none() {
                return Step::Leave;
            }
            commands.push(write(&row.id, &gone, set));
            Step::Change
        }
    }
}

/// The command that sets and removes fields of one product in one step.
fn write<'a>(
    id: &ProductId,
    gone: &[&str],
    set: impl Iterator<Item = (&'static str, &'a str)>,
) -> Cmd {
    let key = keys::product(id);
    let mut command = if gone.is_empty() {
        let mut command = redis::cmd("HSET");
        command.arg(key);
        command
    } else {
        let mut command = redis::cmd("EVAL");
        command
            .arg(crate::store::scripts::PRODUCT)
            .arg(1)
            .arg(key)
            .arg(gone.len())
            .arg(gone);
        command
    };
    for (name, value) in set {
        command.arg(name).arg(value);
    }
    command
}

/// Notes that these products are in the file; returns how many are noted for the first time.
async fn note(
    conn: &mut impl ConnectionLike,
    seen: &str,
    rows: &[&ProductRow],
) -> Result<u64, Trouble> {
    let mut pipeline = Pipeline::with_capacity(2);
    let add = pipeline.cmd("ZADD").arg(seen);
    for row in rows {
        add.arg(0).arg(row.id.as_bytes());
    }
    pipeline.cmd("EXPIRE").arg(seen).arg(NOTED).ignore();
    let (noted,): (u64,) = pipeline.query_async(conn).await.map_err(Trouble::from)?;
    Ok(noted)
}
