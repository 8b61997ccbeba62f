//! Stores one batch of rows: reads what is there, then writes what is different.

use crate::catalog_file::{BadRow, ProductRow, RowError};
use crate::model::ProductId;
use crate::model::product::FIELDS;
use crate::store::catalog::index::{self, RawFields, StoredHash, are_members, fetch_raw};
use crate::store::connection::{Conn, pipeline};
use crate::store::error::Trouble;
use crate::store::{keys, scripts};
use redis::aio::ConnectionLike;
use redis::{Cmd, Pipeline};
use std::sync::Arc;

/// Time that the ids noted for the replacing outlive a broken import, in seconds.
const NOTED_SECONDS: u32 = 3600;

/// The way in which a batch is stored.
#[derive(Debug, Clone)]
pub(crate) struct BatchOptions {
    /// The key under which the ids of all rows are noted.
    pub(crate) seen: Option<Arc<str>>,
    /// A dry run: rows are only checked and counted, and nothing is written.
    pub(crate) dry: bool,
}

/// The result of one batch.
#[derive(Debug, Default)]
pub(crate) struct BatchReport {
    pub(crate) added: u64,
    pub(crate) changed: u64,
    pub(crate) unchanged: u64,
    pub(crate) bad: Vec<BadRow>,
    /// Products that are different now.
    pub(crate) written: Vec<ProductId>,
    /// The count of ids that were noted for the first time.
    pub(crate) noted: u64,
}

impl BatchReport {
    fn count(&mut self, kind: WriteKind) -> &mut u64 {
        match kind {
            WriteKind::Add => &mut self.added,
            WriteKind::Change => &mut self.changed,
        }
    }

    fn add_bad(&mut self, row: &ProductRow, flaw: RowError) {
        self.bad.push(BadRow {
            line: row.line,
            flaw,
        });
    }
}

/// Stores `rows`, of which no two are of one product.
pub(crate) async fn store(
    conn: &mut Conn,
    rows: &[ProductRow],
    options: &BatchOptions,
) -> Result<BatchReport, Trouble> {
    let stored = look_up(conn, rows, options.dry).await?;
    let mut report = BatchReport::default();
    let mut good_rows = Vec::with_capacity(rows.len());
    let mut writes = Vec::with_capacity(rows.len());

    for (row, stored) in rows.iter().zip(&stored) {
        match RowPlan::of(row, stored) {
            RowPlan::Refuse(flaw) => {
                report.add_bad(row, flaw);
                continue;
            }
            RowPlan::Leave => report.unchanged += 1,
            RowPlan::Write(kind, command) => {
                *report.count(kind) += 1;
                writes.push((row, kind, command));
            }
        }
        good_rows.push(row);
    }
    if options.dry || good_rows.is_empty() {
        return Ok(report);
    }

    let refused = write(conn, writes, &mut report).await?;
    good_rows.retain(|row| !refused.contains(&&row.id));

    // The index comes last: a product that is listed is there.
    index::add(conn, good_rows.iter().map(|row| &row.id)).await?;
    if let Some(seen) = &options.seen {
        report.noted = note_seen(conn, seen, &good_rows).await?;
    }
    Ok(report)
}

/// The state of a product before its row is written.
enum Stored {
    /// The product stands in no index: new, as far as anybody knows.
    Unlisted,
    /// The hash as it was read.
    Read(StoredHash),
}

/// Looks up the products of `rows`. For those that are new, as in a first import, the index
/// alone tells; with `read_all` they are read, too.
async fn look_up(
    conn: &mut Conn,
    rows: &[ProductRow],
    read_all: bool,
) -> Result<Vec<Stored>, Trouble> {
    let are_listed = are_members(conn, keys::CATALOG, rows.iter().map(|row| &row.id)).await?;
    let are_read: Vec<bool> = rows
        .iter()
        .zip(are_listed)
        .map(|(row, is_listed)| read_all || is_listed || !row.is_complete())
        .collect();

    let ids = rows
        .iter()
        .zip(&are_read)
        .filter(|(_, is_read)| **is_read)
        .map(|(row, _)| &row.id);
    let mut hashes = fetch_raw(conn, ids).await?.into_iter();

    let stored = are_read.into_iter().map(|is_read| {
        let hash = if is_read { hashes.next() } else { None };
        hash.map_or(Stored::Unlisted, Stored::Read)
    });
    Ok(stored.collect())
}

/// A write that makes a product, or changes one.
#[derive(Debug, Clone, Copy)]
enum WriteKind {
    Add,
    Change,
}

/// The step that a row asks for.
enum RowPlan {
    /// Write the product with this command.
    Write(WriteKind, Cmd),
    /// Leave the product as it is.
    Leave,
    /// Refuse the row.
    Refuse(RowError),
}

impl RowPlan {
    fn of(row: &ProductRow, stored: &Stored) -> RowPlan {
        match stored {
            Stored::Unlisted => RowPlan::add_unlisted(row),
            Stored::Read(StoredHash::Missing) if !row.is_complete() => {
                RowPlan::Refuse(RowError::Incomplete {
                    id: row.id.to_string(),
                    nearest: None,
                })
            }
            Stored::Read(StoredHash::Missing) => {
                let command = write_command(&row.id, &[], filled_fields(row));
                RowPlan::Write(WriteKind::Add, command)
            }
            Stored::Read(StoredHash::Fields(fields)) => RowPlan::change(row, fields),
            Stored::Read(StoredHash::WrongType) => {
                RowPlan::Refuse(RowError::WrongType(row.id.to_string()))
            }
        }
    }

    /// Adds a product that was not read. Another client may have put it in without listing it:
    /// fields that the row gives as empty must go there, too.
    fn add_unlisted(row: &ProductRow) -> RowPlan {
        let removed: Vec<&str> = given_fields(row)
            .filter(|(_, value)| value.is_empty())
            .map(|(name, _)| name)
            .collect();
        let command = write_command(&row.id, &removed, filled_fields(row));
        RowPlan::Write(WriteKind::Add, command)
    }

    /// Writes the fields that differ from the stored ones.
    fn change(row: &ProductRow, stored: &RawFields) -> RowPlan {
        let mut removed = Vec::new();
        let mut set = Vec::new();
        for ((name, given), stored) in FIELDS.into_iter().zip(&row.fields).zip(stored) {
            match (given.as_deref(), stored) {
                (None, _) | (Some(""), None) => {}
                (Some(""), Some(_)) => removed.push(name),
                (Some(value), Some(stored)) if value.as_bytes() == stored => {}
                (Some(value), _) => set.push((name, value)),
            }
        }

        if removed.is_empty() && set.is_empty() {
            RowPlan::Leave
        } else {
            let command = write_command(&row.id, &removed, set);
            RowPlan::Write(WriteKind::Change, command)
        }
    }
}

/// The fields that a row gives, with their names.
fn given_fields(row: &ProductRow) -> impl Iterator<Item = (&'static str, &str)> {
    FIELDS
        .into_iter()
        .zip(&row.fields)
        .filter_map(|(name, field)| Some((name, field.as_deref()?)))
}

fn filled_fields(row: &ProductRow) -> impl Iterator<Item = (&'static str, &str)> {
    given_fields(row).filter(|(_, value)| !value.is_empty())
}

/// The command that sets and removes fields of one product in one step.
fn write_command<'a>(
    id: &ProductId,
    removed: &[&str],
    set: impl IntoIterator<Item = (&'static str, &'a str)>,
) -> Cmd {
    let key = keys::product(id);
    let mut command;
    if removed.is_empty() {
        command = redis::cmd("HSET");
        command.arg(key);
    } else {
        command = redis::cmd("EVAL");
        command
            .arg(&*scripts::PRODUCT)
            .arg(1)
            .arg(key)
            .arg(removed.len())
            .arg(removed);
    }

    for (name, value) in set {
        command.arg(name).arg(value);
    }
    command
}

/// Writes products, and corrects the report by those that are refused; returns their ids.
async fn write<'a>(
    conn: &Conn,
    writes: Vec<(&'a ProductRow, WriteKind, Cmd)>,
    report: &mut BatchReport,
) -> Result<Vec<&'a ProductId>, Trouble> {
    let mut commands = Vec::with_capacity(writes.len());
    let mut rows = Vec::with_capacity(writes.len());
    for (row, kind, command) in writes {
        commands.push(command);
        rows.push((row, kind));
    }

    let mut refused = Vec::new();
    for ((row, kind), answer) in rows
        .into_iter()
        .zip(pipeline::run_all(conn, commands).await?)
    {
        match answer {
            Ok(_) => report.written.push(row.id.clone()),
            // One key of the wrong type must not stop the others.
            Err(Trouble::WrongType) => {
                *report.count(kind) -= 1;
                report.add_bad(row, RowError::WrongType(row.id.to_string()));
                refused.push(&row.id);
            }
            Err(trouble) => return Err(trouble),
        }
    }
    Ok(refused)
}

/// Notes that these products are in the file; returns how many are noted for the first time.
async fn note_seen(
    conn: &mut impl ConnectionLike,
    seen: &str,
    rows: &[&ProductRow],
) -> Result<u64, Trouble> {
    let mut pipeline = Pipeline::with_capacity(2);
    let add = pipeline.cmd("ZADD").arg(seen);
    for row in rows {
        add.arg(0).arg(row.id.as_bytes());
    }
    pipeline.cmd("EXPIRE").arg(seen).arg(NOTED_SECONDS).ignore();

    let (noted,): (u64,) = pipeline.query_async(conn).await.map_err(Trouble::from)?;
    Ok(noted)
}
