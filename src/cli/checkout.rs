//! `trolley checkout`

use super::cart_output::{cart_row, note_row, print_from, print_notes, print_order_note};
use super::error::CliError;
use super::order_output::{order_line_json, people_json, show_order};
use super::output::{Output, cut_name};
use super::{args, connect};
use crate::config::Settings;
use crate::model::checkout::PreviewLine;
use crate::model::product::only_left;
use crate::model::shares::are_shared;
use crate::model::total::LineStatus;
use crate::model::{Currency, Money, OrderId, People, Preview, Refusal, UserName};
use crate::store::Connection;
use crate::store::order::{self, Outcome};
use clap::Args;
use serde_json::{Value, json};
use std::io::{self, Write};

/// The exit status where all is well.
const STATUS_DONE: u8 = 0;
/// The exit status of a preview of what can't be ordered.
const STATUS_REFUSED: u8 = 1;

#[derive(Debug, Args)]
pub(super) struct CheckoutArgs {
    /// Place the order; without this, only a preview is shown
    #[arg(long)]
    pub(super) yes: bool,
    /// Place the order only if the total is exactly this
    #[arg(long, value_name = "AMOUNT")]
    expect_total: Option<String>,
    /// The id of the order: repeated with the same id, it is placed once
    #[arg(long, value_name = "ID")]
    op_id: Option<String>,
}

impl CheckoutArgs {
    /// The id of the order, where one is given.
    pub(super) fn order_id(&self) -> Result<Option<OrderId>, CliError> {
        self.op_id.as_deref().map(args::order_id).transpose()
    }
}

/// Shows what would be ordered, or orders it. The exit status is 1 where it can't be ordered.
pub(super) async fn run(
    args: &CheckoutArgs,
    settings: &Settings,
    output: &Output,
) -> Result<u8, CliError> {
    let expected = match &args.expect_total {
        Some(typed) => Some(args::amount("expect-total", typed)?),
        None => None,
    };
    let id = args.order_id()?;

    // Orders that dead terminals left unfinished hold stock that this one may need.
    let mut connection = connect::open_shop(settings).await?;
    let mut finished = finish_own(&mut connection, settings).await?;
    thaw_unknown(&mut connection, &settings.user, output).await?;
    if !args.yes
        && let Outcome::Placed(resumed) = order::resume(&mut connection, &settings.user).await?
    {
        finished = Some(resumed);
    }
    if let Some(finished) = finished {
        if !args.yes {
            show_order(&mut connection, &finished, settings, output).await?;
            return Ok(STATUS_DONE);
        }
        tell_finished(&mut connection, settings, &finished, output).await?;
    }

    let preview = order::preview(&mut connection, &settings.user).await?;
    // The total of the order of this id, where it is begun or placed already.
    let begun = match &id {
        Some(id) if args.yes || expected.is_some() => {
            order::total_of(&mut connection, &settings.user, id).await?
        }
        Some(_) | None => None,
    };
    if let Some(expected) = expected {
        check_total(expected, begun, &preview)?;
    }
    if args.yes {
        let id = id.unwrap_or_else(|| order::new_order_id(preview.at));
        if begun.is_some() {
            output.warn(&format!(
                "the order {id} was begun before: nothing more is ordered now"
            ));
        }
        let placed = if begun.is_some() && expected.is_some() {
            order::go_on_with(&mut connection, &settings.user, id.clone()).await?
        } else {
            order::place(&mut connection, &settings.user, id.clone(), preview).await?
        };
        if placed != id {
            output.warn(&format!(
                "somebody was just ordering the same: this is their order {placed}"
            ));
        }
        show_order(&mut connection, &placed, settings, output)
            .await
            .map_err(|failure| failure.unread(placed))?;
        return Ok(STATUS_DONE);
    }
    show_preview(&preview, settings, output)
}

/// Finishes orders that were left on their way; returns the one of this cart that is placed now,
/// if there is one.
async fn finish_own(
    connection: &mut Connection,
    settings: &Settings,
) -> Result<Option<OrderId>, CliError> {
    let finished = order::finish_open(connection).await?;
    let own = finished
        .into_iter()
        .filter(|finished| finished.user == settings.user);
    let mut placed = own.filter_map(|finished| match finished.outcome {
        Outcome::Placed(id) => Some(id),
        Outcome::Undone(_) | Outcome::Nothing => None,
    });
    Ok(placed.next_back())
}

/// Says that an order is placed that was begun before: whoever asks again after a lost answer must
/// not buy the same twice.
async fn tell_finished(
    connection: &mut Connection,
    settings: &Settings,
    id: &OrderId,
    output: &Output,
) -> Result<(), CliError> {
    let total = order::total_of(connection, &settings.user, id).await?;
    let currency = connect::shop_or_usual(connection).await.currency;
    let over = total.map_or_else(String::new, |total| {
        format!(" over {}", total.in_currency(&currency))
    });
    output.warn(&format!(
        "the order {id}{over}, which was begun before, is placed now"
    ));
    Ok(())
}

/// Refuses an order whose total is not the expected one. A repeated command may find that its
/// order is begun or placed already: then the total of that order counts.
fn check_total(expected: Money, begun: Option<Money>, preview: &Preview) -> Result<(), Refusal> {
    let total = begun.unwrap_or_else(|| preview.total());
    if total == expected {
        return Ok(());
    }
    Err(match begun {
        Some(_) => Refusal::PlacedTotal { expected, total },
        None => Refusal::OtherTotal { expected, total },
    })
}

/// Prints what would be ordered, and why it can't be where that is so.
fn show_preview(preview: &Preview, settings: &Settings, output: &Output) -> Result<u8, CliError> {
    let obstacle = preview.check().err();
    output.result(
        || preview_json(preview, settings, obstacle.as_ref()),
        |out| print_preview(out, preview, &settings.policy.by, obstacle.as_ref()),
    )?;

    let Some(obstacle) = obstacle else {
        return Ok(STATUS_DONE);
    };
    if !output.is_json() {
        output.warn(&obstacle.beforehand(&preview.currency));
    }
    Ok(STATUS_REFUSED)
}

fn preview_json(preview: &Preview, settings: &Settings, obstacle: Option<&Refusal>) -> Value {
    let why_not = obstacle
        .map(|why| json!({ "code": why.code(), "message": why.beforehand(&preview.currency) }));
    json!({
        "user": settings.user.as_str(),
        "version": preview.version,
        "lines": preview.lines.iter().map(line_json).collect::<Vec<_>>(),
        "people": people_json(&People::of_preview(preview)),
        "total": preview.total().to_string(),
        "currency": preview.currency,
        "budget": preview.budget.map(|budget| budget.to_string()),
        "note": preview.note,
        "possible": obstacle.is_none(),
        "why_not": why_not,
    })
}

fn line_json(line: &PreviewLine) -> Value {
    let mut document = order_line_json(&line.order_line);
    document["status"] = json!(line.status.code());
    document["price_when_added"] = json!(line.price_when_added.map(|was| was.to_string()));
    document["short"] = json!(line.short.is_some());
    document["left"] = json!(line.short);
    // The name that `left` had before.
    document["only_left"] = json!(line.short);
    document
}

fn print_preview(
    out: &mut dyn Write,
    preview: &Preview,
    me: &str,
    obstacle: Option<&Refusal>,
) -> io::Result<()> {
    // As on the receipt: who asked for what matters where others did.
    let is_shared = are_shared(preview.lines.iter().map(PreviewLine::shares), me);
    for line in &preview.lines {
        print_line(out, line, &preview.currency)?;
        if is_shared {
            print_from(out, &line.portions())?;
        }
        print_notes(out, &line.order_line.notes)?;
    }

    let total = preview.total();
    // What can't be ordered is not to be paid.
    let label = if obstacle.is_none() {
        "to pay"
    } else {
        "total"
    };
    let amount = total.in_currency(&preview.currency);
    writeln!(out, "{}", cart_row("", label, &amount))?;
    print_order_note(out, &preview.note)?;
    if obstacle.is_none() {
        writeln!(
            out,
            "To place the order, repeat the command with --yes --expect-total {total}"
        )?;
    }
    Ok(())
}

fn print_line(out: &mut dyn Write, line: &PreviewLine, currency: &Currency) -> io::Result<()> {
    let ordered = &line.order_line;
    let amount = match line.status {
        LineStatus::Good => currency.number(ordered.total()),
        LineStatus::Gone | LineStatus::NoPrice | LineStatus::Damaged | LineStatus::Reading => {
            line.status.word().to_owned()
        }
    };
    let name = match line.status {
        // It is an id, which somebody needs to remove the line.
        LineStatus::Gone => ordered.name.clone(),
        LineStatus::Good | LineStatus::NoPrice | LineStatus::Damaged | LineStatus::Reading => {
            cut_name(&ordered.name)
        }
    };
    writeln!(out, "{}", cart_row(&line.quantity_in_cart, &name, &amount))?;

    if let Some(was) = line.price_when_added {
        let now = currency.number(ordered.price);
        let was = currency.number(was);
        writeln!(
            out,
            "{}",
            note_row(&format!("now {now}, was {was} when added"))
        )?;
    }
    if let Some(left) = line.short {
        writeln!(out, "{}", note_row(&only_left(left)))?;
    }
    Ok(())
}

/// Takes away the mark that the cart is being ordered, where no such order is on its way, and
/// says so: whoever may fill the cart can write that mark.
pub(super) async fn thaw_unknown(
    connection: &mut Connection,
    user: &UserName,
    output: &Output,
) -> Result<(), CliError> {
    if let Some(mark) = order::thaw_unknown(connection, user).await? {
        output.warn(&format!(
            "the cart was marked as being ordered ({mark}), but no such order is on its way: the mark is removed, and nothing was taken"
        ));
    }
    Ok(())
}
