//! `trolley product set|show|delete`

use super::error::{CliError, usage_error};
use super::output::Output;
use super::product_output::product_json;
use super::{args, complete, connect, lookup};
use crate::catalog_file::{COLUMNS, ProductRow, RowError, checked, column};
use crate::config::Settings;
use crate::model::product::{FIELDS, StockStep};
use crate::model::{Product, ProductId, Refusal, Stock, text};
use crate::store::catalog::import::Counts;
use crate::store::{self, Connection};
use clap::{Args, Subcommand};
use clap_complete::ArgValueCompleter;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::io::{self, Write};

#[derive(Debug, Args)]
pub(super) struct ProductArgs {
    #[command(subcommand)]
    action: ProductAction,
}

#[derive(Debug, Subcommand)]
enum ProductAction {
    /// Add a product, or change it: name="Green Tea" price=2.40 category= unit= stock= description=
    /// barcode=; stock=+10 or stock=-3 changes the stock by a step
    Set {
        /// The product's id
        #[arg(add = ArgValueCompleter::new(complete::product_ids))]
        id: String,
        /// The fields to set; an empty value clears the field
        #[arg(required = true, value_name = "FIELD=VALUE", add = ArgValueCompleter::new(complete::product_fields))]
        fields: Vec<String>,
    },
    /// Show a product
    Show {
        /// The product's id, bar code or name
        #[arg(add = ArgValueCompleter::new(complete::product_ids))]
        product: String,
    },
    /// Take a product out of the shop
    Delete {
        /// The product's id
        #[arg(add = ArgValueCompleter::new(complete::product_ids))]
        id: String,
    },
}

/// Sets, shows or deletes one product.
pub(super) async fn run(
    args: &ProductArgs,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    match &args.action {
        ProductAction::Set { id, fields } => set(id, fields, settings, output).await,
        ProductAction::Show { product } => show(product, settings, output).await,
        ProductAction::Delete { id } => delete(id, settings, output).await,
    }
}

async fn set(
    id: &str,
    fields: &[String],
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    if let Some(step) = stock_step(fields)? {
        return step_stock(id, step, settings, output).await;
    }
    let row = row(id, fields)?;
    let shown_otherwise = fields_shown_otherwise(&row);
    let id = row.id.clone();

    let mut connection = connect::open_shop(settings).await?;
    let (counts, bad) = store::put_product(&mut connection, row)
        .await
        .map_err(|error| CliError::of_repeated(error, format!("product {id} is stored")))?;
    if let Some(bad) = bad {
        return Err(with_nearest(&mut connection, bad.flaw).await?.into());
    }
    let product = store::get_product(&mut connection, &id)
        .await?
        .ok_or_else(|| Refusal::UnknownProduct(id.to_string()))?;

    let change = ProductChange::from(counts);
    output.result(
        || set_json(&product, change),
        |out| writeln!(out, "{change}: {} ({id})", product.name),
    )?;
    for (name, value) in shown_otherwise {
        output.warn(&format!(
            "the {name} has characters that can't be shown: it shows as “{value}”"
        ));
    }
    Ok(())
}

/// The step by which these fields change the stock, as in `stock=+10`; `None` where they set it, or
/// leave it as it is.
fn stock_step(fields: &[String]) -> Result<Option<StockStep>, CliError> {
    let mut steps = fields.iter().filter_map(|field| {
        let (name, value) = field.split_once('=')?;
        let is_stock = COLUMNS[column(name).ok()?] == "stock";
        (is_stock && value.trim().starts_with(['+', '-'])).then_some(value.trim())
    });
    let Some(value) = steps.next() else {
        return Ok(None);
    };

    let shown = text::sanitize_to(value.as_bytes(), 40);
    if fields.len() > 1 {
        // What is set may be set again, where the answer is lost, and a step may not.
        let why = format!("a step like {shown} stands alone: set other fields by another command");
        return Err(usage_error("stock", why));
    }
    match StockStep::parse(value) {
        Some(step) => Ok(Some(step)),
        None => Err(RowError::BadStock(shown).into()),
    }
}

async fn step_stock(
    id: &str,
    step: StockStep,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let id = ProductId::asked(id)?;
    let mut connection = connect::open_shop(settings).await?;
    let mut product = store::get_product(&mut connection, &id)
        .await?
        .ok_or_else(|| Refusal::UnknownProduct(id.to_string()))?;

    let stepped = store::step_stock(&mut connection, &product, step).await;
    let now = stepped.map_err(|error| {
        let id = id.to_string();
        let what = format!("the stock of {id} is changed by {step}");
        let look = format!("trolley product show {}", text::shell_word(&id));
        CliError::of_step(error, what, look)
    })?;

    product.stock = Stock::Left(now);
    let change = match step {
        StockStep::Up(0) | StockStep::Down(0) => ProductChange::Unchanged,
        StockStep::Up(_) | StockStep::Down(_) => ProductChange::Changed,
    };
    output.result(
        || set_json(&product, change),
        |out| writeln!(out, "{change}: {} ({id}), {now} in stock", product.name),
    )?;
    Ok(())
}

/// A product that was set, for programs.
fn set_json(product: &Product, change: ProductChange) -> Value {
    let mut document = product_json(product.item());
    document["change"] = json!(change.to_string().to_lowercase());
    document
}

/// The error of a row, with the product that may have been meant where it is a new one that
/// lacks a name or a price.
async fn with_nearest(connection: &mut Connection, flaw: RowError) -> Result<RowError, CliError> {
    let RowError::Incomplete { id, .. } = flaw else {
        return Ok(flaw);
    };
    let catalog = store::get_catalog(connection).await?;
    let nearest = catalog.nearest(&id).map(|product| product.to_string());
    Ok(RowError::Incomplete { id, nearest })
}

/// The row of a product file that says the same as these arguments.
fn row(id: &str, fields: &[String]) -> Result<ProductRow, CliError> {
    let mut values = [const { None }; COLUMNS.len()];
    values[0] = Some(Cow::Borrowed(id));

    let mut flaws = Vec::new();
    for field in fields {
        let (name, value) = args::field(field)?;
        match column(name) {
            Ok(position) if values[position].is_some() => {
                flaws.push(RowError::Twice(COLUMNS[position]));
            }
            // Beside +10 and -3, =40 says that a stock is set.
            Ok(position) if COLUMNS[position] == "stock" => {
                let value = value.strip_prefix('=').unwrap_or(value);
                values[position] = Some(Cow::Borrowed(value));
            }
            Ok(position) => values[position] = Some(Cow::Borrowed(value)),
            Err(flaw) => flaws.push(flaw),
        }
    }

    match checked(0, values).map_err(|flaw| flaws.push(flaw)) {
        Ok(row) if flaws.is_empty() => Ok(row),
        Ok(_) | Err(()) => Err(RowError::of_all(flaws).into()),
    }
}

/// The fields that don't show as they are given, with what shows instead.
fn fields_shown_otherwise(row: &ProductRow) -> Vec<(&'static str, String)> {
    FIELDS
        .into_iter()
        .zip(&row.fields)
        .filter_map(|(name, value)| {
            let value = value.as_deref()?;
            let clean = text::sanitize(value.as_bytes());
            let shown = text::shown(&clean).into_owned();
            (value != shown).then_some((name, shown))
        })
        .collect()
}

/// The difference that `product set` has made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
enum ProductChange {
    Added,
    Changed,
    Unchanged,
}

impl From<Counts> for ProductChange {
    fn from(counts: Counts) -> ProductChange {
        match (counts.added, counts.changed) {
            (1.., _) => ProductChange::Added,
            (0, 1..) => ProductChange::Changed,
            (0, 0) => ProductChange::Unchanged,
        }
    }
}

async fn show(typed: &str, settings: &Settings, output: &Output) -> Result<(), CliError> {
    let mut connection = connect::open_shop(settings).await?;
    let product = lookup::product(&mut connection, typed).await?;

    output.result(
        || product_json(product.item()),
        |out| print_details(out, &product),
    )?;
    Ok(())
}

fn print_details(out: &mut dyn Write, product: &Product) -> io::Result<()> {
    let price = match product.price {
        Some(price) => price.to_string(),
        None => "none that can be read".to_owned(),
    };
    let stock = match product.stock {
        Stock::Unlimited => "unlimited".to_owned(),
        Stock::Left(left) => left.to_string(),
        Stock::Unreadable => "unreadable".to_owned(),
    };

    let rows = [
        ("id", product.id.to_string()),
        ("name", product.name.to_string()),
        ("price", price),
        ("category", product.category.to_string()),
        ("unit", product.unit.to_string()),
        ("stock", stock),
        ("description", product.description.to_string()),
        ("barcode", product.barcode.to_string()),
    ];
    for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        writeln!(out, "{name:<12} {value}")?;
    }
    Ok(())
}

async fn delete(typed: &str, settings: &Settings, output: &Output) -> Result<(), CliError> {
    // By id alone: a part of a name is too little for this.
    let id = ProductId::asked(typed)?;
    let mut connection = connect::open_shop(settings).await?;
    // Only for its name: what can't be read can still be deleted.
    let product = store::get_product(&mut connection, &id)
        .await
        .ok()
        .flatten();
    let removing = connection.repeat(async |connection, may_be_done| {
        Ok(store::delete_product(connection, &id).await? || may_be_done)
    });
    let is_deleted = removing
        .await
        .map_err(|error| CliError::of_repeated(error, format!("product {id} is deleted")))?;
    if !is_deleted {
        return Err(Refusal::UnknownProduct(id.to_string()).into());
    }

    let id = id.to_string();
    let name = product.map(|product| product.name.to_string());
    output.result(
        || json!({ "deleted": id, "name": name }),
        |out| match &name {
            Some(name) => writeln!(out, "Deleted {name} ({id})"),
            None => writeln!(out, "Deleted {id}"),
        },
    )?;
    Ok(())
}
