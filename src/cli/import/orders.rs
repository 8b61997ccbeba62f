//! `trolley import --orders FILE|-`: restores a backup of orders.
//!
//! The file is read twice: first all of it is checked, and whether it is the backup of this shop, or
//! the shop is empty; then its orders are stored. An import that broke off goes on where it is run
//! again.

use super::report::print_bad;
use super::source::ImportSource;
use super::{ImportArgs, tell_if_broken_off, with_file};
use crate::cli::connect;
use crate::cli::error::CliError;
use crate::cli::output::{Output, shown_path};
use crate::config::Settings;
use crate::model::{Refusal, StoredOrder, text};
use crate::order_file::{OrderBatch, OrderReader};
use crate::store::Connection;
use crate::store::clock::server_time;
use crate::store::order;
use crate::store::order::restore::{self, Restored};
use indicatif::ProgressBar;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::process::ExitCode;

/// The result of an import, in numbers of orders.
#[derive(Debug, Default)]
struct Counts {
    /// Orders that were not there.
    added: usize,
    /// Orders that were there already, and stay as they are.
    kept: usize,
    /// Lines that are refused.
    bad: usize,
}

/// Restores orders. The status is 1 where any line was bad.
pub(super) async fn run(
    args: &ImportArgs,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, CliError> {
    let source = ImportSource::open(&args.file, true);
    let mut source = source.map_err(|error| with_file(error.into(), args))?;
    let mut connection = connect::open_empty_shop(settings).await?;
    let now = server_time(&mut connection.conn).await?;
    let progress = source.progress_bar();

    let import = Import {
        args,
        output,
        progress: &progress,
        now,
    };
    let counts = import.run(&mut source, &mut connection).await;
    progress.finish_and_clear();
    if let Err(failure) = &counts {
        tell_if_broken_off(failure, output)?;
    }

    let counts = counts.map_err(|failure| with_file(failure, args))?;
    output.result(
        || json(args, &counts),
        |out| print_counts(out, args, &counts),
    )?;
    Ok(ExitCode::from(u8::from(counts.bad > 0)))
}

/// An import under way.
struct Import<'a> {
    args: &'a ImportArgs,
    output: &'a Output,
    progress: &'a ProgressBar,
    /// The time by the shop's clock, in Unix milliseconds.
    now: u64,
}

impl Import<'_> {
    /// Checks the file, then stores its orders.
    async fn run(
        &self,
        source: &mut ImportSource,
        connection: &mut Connection,
    ) -> Result<Counts, CliError> {
        let counts = self.check(source.rewound()?, connection).await?;
        // Where some orders are there already, an import broke off.
        let in_shop = order::count_orders(connection, None).await?;
        if in_shop > 0 && counts.kept == 0 {
            return Err(Refusal::OtherOrders(in_shop).into());
        }

        if self.args.strict && counts.bad > 0 {
            return Ok(Counts { added: 0, ..counts });
        }
        if self.args.dry_run {
            return Ok(counts);
        }
        self.progress.reset();
        self.store(source.rewound()?, connection, counts.bad).await
    }

    /// Prints which lines are bad, and counts the orders that the shop has already.
    async fn check(
        &self,
        source: ImportSource,
        connection: &mut Connection,
    ) -> Result<Counts, CliError> {
        let mut reader = OrderReader::new(self.progress.wrap_read(source), self.now)?;
        let mut counts = Counts::default();
        while let Some(OrderBatch { orders, bad }) = reader.next()? {
            for (line, flaw) in bad {
                self.print_bad(&mut counts, line, &flaw.to_string())?;
            }

            let ids = orders.iter().map(|(_, stored)| &stored.ticket.order.id);
            for is_listed in restore::are_listed(connection, ids).await? {
                match is_listed {
                    true => counts.kept += 1,
                    false => counts.added += 1,
                }
            }
        }

        Ok(counts)
    }

    /// Stores the orders of the file; its bad lines are counted already.
    async fn store(
        &self,
        source: ImportSource,
        connection: &mut Connection,
        bad: usize,
    ) -> Result<Counts, CliError> {
        let mut reader = OrderReader::new(self.progress.wrap_read(source), self.now)?;
        let mut counts = Counts {
            bad,
            ..Counts::default()
        };

        while let Some(OrderBatch { orders, .. }) = reader.next()? {
            let (lines, orders): (Vec<u64>, Vec<StoredOrder>) = orders.into_iter().unzip();
            let mut were_listed = None;
            let storing = connection.repeat(async |connection, _| {
                if were_listed.is_none() {
                    let ids = orders.iter().map(|stored| &stored.ticket.order.id);
                    were_listed = Some(restore::are_listed(connection, ids).await?);
                }
                restore::restore(connection, &orders).await
            });
            let outcomes = storing
                .await
                .map_err(|error| CliError::of_repeated(error, "the orders are restored"))?;
            let were_listed = were_listed.unwrap_or_default();
            for ((line, outcome), was_listed) in lines.into_iter().zip(outcomes).zip(were_listed) {
                match outcome {
                    Restored::Stored => counts.added += 1,
                    // An attempt whose answer was lost has stored it.
                    Restored::Kept if !was_listed => counts.added += 1,
                    Restored::Kept => counts.kept += 1,
                    Restored::Other => {
                        let reason = "the shop has another order of this id";
                        self.print_bad(&mut counts, line, reason)?;
                    }
                }
            }

            self.progress
                .set_message(text::count(counts.added + counts.kept, "order"));
        }

        Ok(counts)
    }

    fn print_bad(&self, counts: &mut Counts, line: u64, reason: &str) -> io::Result<()> {
        counts.bad += 1;
        print_bad(self.progress, self.output, line, reason)
    }
}

fn json(args: &ImportArgs, counts: &Counts) -> Value {
    json!({
        "file": shown_path(&args.file),
        "dry_run": args.dry_run,
        "added": counts.added,
        "kept": counts.kept,
        "bad": counts.bad,
    })
}

fn print_counts(out: &mut dyn Write, args: &ImportArgs, counts: &Counts) -> io::Result<()> {
    let Counts { added, kept, bad } = counts;
    // An order whose id another one has is found only while others are stored.
    if args.strict && *bad > 0 && *added == 0 {
        return writeln!(out, "{bad} bad: nothing was changed");
    }

    if args.dry_run {
        write!(out, "Nothing was changed. Without --dry-run: ")?;
    }
    write!(out, "{} restored", text::count(*added, "order"))?;
    if *kept > 0 {
        write!(out, ", {kept} there already")?;
    }
    if *bad > 0 {
        write!(out, ", {bad} bad")?;
    }
    writeln!(out)
}
