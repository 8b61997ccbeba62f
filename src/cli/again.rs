//! `trolley again ORDER [--yes]`: orders an order again, as far as that can be had today

use super::args::OpIdArg;
use super::cart_output::{cart_row, changes_json, note_repeat_in, note_row, print_notes};
use super::error::CliError;
use super::output::{Output, cut_name};
use super::{args, complete, connect, lookup};
use crate::config::Settings;
use crate::model::again::{AgainLine, AgainStatus};
use crate::model::{Again, Change, ChangeKind, Currency, OpId, Order, Product, ProductId, Refusal};
use crate::model::{Cart, text};
use crate::store::{self, Applied, Connection, order};
use clap::Args;
use clap_complete::ArgValueCompleter;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use std::io::{self, Write};

/// The exit status where all is well.
const STATUS_DONE: u8 = 0;
/// The exit status of a preview of which nothing can be ordered.
const STATUS_REFUSED: u8 = 1;

#[derive(Debug, Args)]
pub(super) struct AgainArgs {
    /// The order's number, the last four of its id, or the id
    #[arg(value_name = "ORDER", add = ArgValueCompleter::new(complete::order_ids))]
    id: String,
    /// Put its lines into the cart; without this, only a preview is shown
    #[arg(long)]
    yes: bool,
    /// Leave out what others had asked for: only your own part comes back
    #[arg(long)]
    mine: bool,
    #[command(flatten)]
    op: OpIdArg,
}

impl AgainArgs {
    /// The text that names the order, as it was typed.
    #[cfg(feature = "serve")]
    pub(super) fn order_mut(&mut self) -> &mut String {
        &mut self.id
    }
}

/// Shows what of an order can be ordered today, or puts it into the cart as one change.
pub(super) async fn run(
    args: &AgainArgs,
    settings: &Settings,
    output: &Output,
) -> Result<u8, CliError> {
    let op = args.op.op_id()?;
    args::order_ref(&args.id)?;
    let mut connection = connect::open_shop(settings).await?;
    let id = lookup::order_id(&mut connection, &args.id).await?;
    let order = order::get_order(&mut connection, &id).await?;
    let order = if args.mine {
        own_part(&order, settings)?
    } else {
        order
    };

    let op = if args.op.is_given() {
        op
    } else {
        op.putting_back(&id)
    };

    // A repeated command must not count what it has put into the cart itself.
    let (cart, is_repeat) = store::get_cart_with(&mut connection, &settings.user, &op).await?;
    let products = find_products(&mut connection, &order, &cart).await?;
    let currency = connect::shop_or_usual(&mut connection).await.currency;
    let again = work_out(&order, &cart, &products, &currency, settings);

    if args.yes && is_repeat {
        show_repeat(&order, &again, &op, settings, output)?;
        return Ok(STATUS_DONE);
    }
    if !args.yes {
        let refusal = refusal(&order, &again, &cart, &products);
        show_preview(args, &order, &again, refusal.as_ref(), settings, output)?;
        return Ok(match refusal {
            None => STATUS_DONE,
            Some(_) => STATUS_REFUSED,
        });
    }

    let applied = put_back(&mut connection, &order, &again, op, settings).await?;
    output.result(
        || {
            let mut document = again_json(&order, &again, None, settings);
            let changes = changes_json(settings, &applied, &products);
            if let (Value::Object(document), Value::Object(changes)) = (&mut document, changes) {
                document.extend(changes);
            }
            document
        },
        |out| print_put_back(out, &order, &again, settings),
    )?;
    Ok(STATUS_DONE)
}

/// The part of an order that is one's own.
fn own_part(order: &Order, settings: &Settings) -> Result<Order, Refusal> {
    let me = &settings.policy.by;
    let part = order.part_of(me);
    if part.lines.is_empty() {
        return Err(Refusal::NotInOrder {
            name: me.clone(),
            order: order.name(),
        });
    }
    Ok(part)
}

/// Reads those products of an order and of the cart that there are.
async fn find_products(
    connection: &mut Connection,
    order: &Order,
    cart: &Cart,
) -> Result<Vec<Product>, CliError> {
    let ordered = order.lines.iter().map(|line| &line.product);
    let in_cart = cart.lines.iter().map(|line| &line.product);
    let ids: BTreeSet<&ProductId> = ordered.chain(in_cart).collect();
    let ids: Vec<ProductId> = ids.into_iter().cloned().collect();
    let read = store::get_products(connection, &ids).await?;
    Ok(read
        .into_iter()
        .filter_map(|(_, product)| product)
        .collect())
}

fn work_out(
    order: &Order,
    cart: &Cart,
    products: &[Product],
    currency: &Currency,
    settings: &Settings,
) -> Again {
    let products: HashMap<&ProductId, &Product> = products
        .iter()
        .map(|product| (&product.id, product))
        .collect();
    Again::of(order, currency, cart, &settings.policy.by, |id| {
        products.get(id).map(|product| product.item())
    })
}

/// The refusal that putting the lines back would meet.
fn refusal(order: &Order, again: &Again, cart: &Cart, products: &[Product]) -> Option<Refusal> {
    if again.coming_back().next().is_none() {
        return Some(Refusal::NoneOrderable(order.name()));
    }

    let closes = cart.rules.closes;
    let is_closed = closes.is_some_and(|closes| closes <= cart.deadline.told_at);
    again.refused(cart, is_closed, |id| {
        let mut products = products.iter();
        products.find(|product| product.id == *id)?.price
    })
}

/// Applies the one change that puts the lines back.
async fn put_back(
    connection: &mut Connection,
    order: &Order,
    again: &Again,
    op: OpId,
    settings: &Settings,
) -> Result<Applied, CliError> {
    let edits = again.edits();
    if edits.is_empty() {
        return Err(Refusal::NoneOrderable(order.name()).into());
    }

    let change = Change {
        op,
        kind: ChangeKind::Edit,
        edits,
    };
    let applied = connection.apply_or_repeat(&settings.user, &change).await;
    applied.map_err(|error| match error {
        store::Error::Refused(refusal) => refusal.with_name(|id| name_of(again, id)).into(),
        error => error.into(),
    })
}

/// The name of the product with this id, as text.
fn name_of(again: &Again, id: &str) -> String {
    let mut lines = again.lines.iter();
    let line = lines.find(|line| line.product.to_string() == id);
    line.map_or(id, |line| &line.name).to_owned()
}

fn again_json(
    order: &Order,
    again: &Again,
    refusal: Option<&Refusal>,
    settings: &Settings,
) -> Value {
    json!({
        "order": order.id.as_str(),
        "user": settings.user.as_str(),
        "items": again.lines.iter().map(|line| item_json(again, line)).collect::<Vec<_>>(),
        "total": again.total().to_string(),
        "currency": again.currency,
        "takes_over": again.takes_over,
        "possible": refusal.is_none() && again.coming_back().next().is_some(),
        "why_not": refusal.map(|why| {
            json!({ "code": why.code(), "message": why.told_in(&again.currency) })
        }),
    })
}

fn item_json(again: &Again, line: &AgainLine) -> Value {
    let price_then = again
        .has_another_price(line)
        .then(|| line.price_then.to_string());
    json!({
        "product": line.product.to_string(),
        "name": line.name,
        "ordered": line.ordered,
        "quantity": line.quantity,
        "price": line.price.map(|price| price.to_string()),
        "price_when_ordered": price_then,
        "note": line.note.as_ref().map(|note| &note.text),
        "status": line.status.code(),
    })
}

/// Prints what would be put into the cart.
fn show_preview(
    args: &AgainArgs,
    order: &Order,
    again: &Again,
    refusal: Option<&Refusal>,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    output.result(
        || again_json(order, again, refusal, settings),
        |out| {
            print_preview(out, again, settings)?;
            if refusal.is_none() {
                print_next_step(out, args, order, settings)?;
            }
            Ok(())
        },
    )?;
    if let Some(refusal) = refusal.filter(|_| !output.is_json()) {
        output.warn(&refusal.told_in(&again.currency));
    }
    Ok(())
}

fn print_preview(out: &mut dyn Write, again: &Again, settings: &Settings) -> io::Result<()> {
    for line in &again.lines {
        print_line(out, again, line)?;
    }

    let total = again.total().in_currency(&again.currency);
    writeln!(out, "{}", cart_row("", "total", &total))?;
    if again.takes_over {
        let me = &settings.policy.by;
        writeln!(
            out,
            "All pieces would be {me}'s; with --mine only {me}'s own come back"
        )?;
    }
    if let Some(left_out) = again.left_out() {
        writeln!(out, "{left_out}")?;
    }
    Ok(())
}

/// Prints the command that puts into the cart what the preview shows.
fn print_next_step(
    out: &mut dyn Write,
    args: &AgainArgs,
    order: &Order,
    settings: &Settings,
) -> io::Result<()> {
    let mine = if args.mine { " --mine" } else { "" };
    writeln!(
        out,
        "To put this into the cart of {}: trolley again {}{mine} --yes",
        settings.user,
        order.word()
    )
}

fn print_line(out: &mut dyn Write, again: &Again, line: &AgainLine) -> io::Result<()> {
    let price = line.price.filter(|_| line.quantity > 0);
    let amount = match price {
        Some(price) => again.currency.number(price.times(line.quantity)),
        None => line.status.word().to_owned(),
    };
    writeln!(
        out,
        "{}",
        cart_row(line.quantity, &cut_name(&line.name), &amount)
    )?;

    if line.status == AgainStatus::Short {
        let short = format!("only {} of {}", line.quantity, line.ordered);
        writeln!(out, "{}", note_row(&short))?;
    }
    print_notes(out, line.note.as_slice())?;
    if let Some(now) = price.filter(|_| again.has_another_price(line)) {
        let now = again.currency.number(now);
        let then = again.currency.number(line.price_then);
        let was = format!("now {now}, was {then} when ordered");
        writeln!(out, "{}", note_row(&was))?;
    }
    Ok(())
}

fn print_put_back(
    out: &mut dyn Write,
    order: &Order,
    again: &Again,
    settings: &Settings,
) -> io::Result<()> {
    let lines = text::count(again.coming_back().count(), "line");
    let name = order.name();
    let whose = if again.takes_over {
        format!(", all as {}'s", settings.policy.by)
    } else {
        String::new()
    };

    writeln!(
        out,
        "Put {lines} of {name} back into the cart of {}{whose}",
        settings.user
    )?;
    for difference in again.differences() {
        writeln!(out, "{difference}")?;
    }
    Ok(())
}

/// Says that the lines were put back before, under the same op id.
fn show_repeat(
    order: &Order,
    again: &Again,
    op: &OpId,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    output.result(
        || {
            let mut document = again_json(order, again, None, settings);
            document["op_id"] = json!(op.as_str());
            document["repeated"] = json!(true);
            document
        },
        |out| note_repeat_in(out, &settings.user),
    )?;
    Ok(())
}
