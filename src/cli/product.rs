//! `trolley product set|show|delete`

use super::complete;
use super::{CliError, connect};
use crate::catalog_file::{COLUMNS, FileError, RowError, checked, column};
use crate::cli::output::Output;
use crate::config::Settings;
use crate::model::product::FIELDS;
use crate::model::{Item, ProductId, Refusal, Stock, text};
use crate::store;
use clap::{Args, Subcommand};
use clap_complete::ArgValueCompleter;
use serde_json::{Value, json};
use std::borrow::Cow;

/// What to do with one product.
#[derive(Debug, Args)]
pub struct ProductArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add a product, or change it: name="Green Tea" price=2.40 category= unit= stock= description=
    Set {
        /// The product's id
        #[arg(add = ArgValueCompleter::new(complete::ids))]
        id: String,
        /// What to set; an empty value removes it
        #[arg(required = true, value_name = "FIELD=VALUE", add = ArgValueCompleter::new(complete::fields))]
        fields: Vec<String>,
    },
    /// Show a product
    Show {
        /// The product's id or name
        #[arg(add = ArgValueCompleter::new(complete::ids))]
        product: String,
    },
    /// Take a product out of the shop
    Delete {
        /// The product's id
        #[arg(add = ArgValueCompleter::new(complete::ids))]
        id: String,
    },
}

/// Sets, shows or deletes one product.
pub async fn run(args: ProductArgs, settings: &Settings, output: &Output) -> Result<(), CliError> {
    match args.action {
        Action::Set { id, fields } => set(&id, &fields, settings, output).await,
        Action::Show { product } => show(&product, settings, output).await,
        Action::Delete { id } => delete(&id, settings, output).await,
    }
}

async fn set(
    id: &str,
    fields: &[String],
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let mut values = [const { None }; COLUMNS.len()];
    values[0] = Some(Cow::Borrowed(id));
    for field in fields {
        let (name, value) = field.split_once('=').ok_or(CliError::Field)?;
        let place = column(name)?;
        if values[place].is_some() {
            return Err(RowError::Twice(COLUMNS[place]).into());
        }
        values[place] = Some(Cow::Borrowed(value));
    }
    let row = checked(0, values)?;
    let shown_otherwise: Vec<(&str, String)> = FIELDS
        .into_iter()
        .zip(&row.fields)
        .filter_map(|(name, value)| {
            let value = value.as_deref()?;
            let shown = text::sanitize(value.as_bytes());
            (value != shown).then_some((name, shown))
        })
        .collect();
    let id = row.id.clone();
    let mut connection = connect::open_shop(settings).await?;
    let (counts, bad) = store::put_products(&mut connection, vec![row]).await?;
    if let Some(bad) = bad.into_iter().next() {
        return Err(bad.flaw.into());
    }
    let product = store::get_product(&mut connection, &id).await?;
    let product = product.ok_or_else(|| Refusal::UnknownProduct(id.to_string()))?;
    let (change, word) = match (counts.added, counts.changed) {
        (1.., _) => ("added", "Added"),
        (_, 1..) => ("changed", "Changed"),
        _ => ("unchanged", "Unchanged"),
    };
    let program = || {
        let mut value = json(product.item());
        value["change"] = json!(change);
        value
    };
    output.result(program, |out| {
        writeln!(out, "{word}: {} ({id})", product.name)
    })?;
    for (name, value) in shown_otherwise {
        output.warn(&format!(
            "the {name} has signs that can't be shown: it shows as “{value}”"
        ));
    }
    Ok(())
}

async fn show(typed: &str, settings: &Settings, output: &Output) -> Result<(), CliError> {
    let mut connection = connect::open_shop(settings).await?;
    let product = connect::product(&mut connection, typed).await?;
    output.result(
        || json(product.item()),
        |out| {
            let price = product.price.map_or_else(
                || "none that can be read".to_owned(),
                |price| price.to_string(),
            );
            let lines = [
                ("id", product.id.to_string()),
                ("name", product.name.to_string()),
                ("price", price),
                ("category", product.category.to_string()),
                ("unit", product.unit.to_string()),
                ("stock", stock(product.stock)),
                ("description", product.description.to_string()),
            ];
            for (head, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
                writeln!(out, "{head:<12} {value}")?;
            }
            Ok(())
        },
    )?;
    Ok(())
}

async fn delete(typed: &str, settings: &Settings, output: &Output) -> Result<(), CliError> {
    // By id alone: a part of a name is too little for this.
    let id = ProductId::asked(typed)?;
    let mut connection = connect::open_shop(settings).await?;
    if !store::delete_product(&mut connection, &id).await? {
        return Err(Refusal::UnknownProduct(id.to_string()).into());
    }
    let shown = id.to_string();
    output.result(
        || json!({ "deleted": shown }),
        |out| writeln!(out, "Deleted {shown}"),
    )?;
    Ok(())
}

/// A product for programs.
pub fn json(product: Item<'_>) -> Value {
    let mut value = json!({
        "id": product.product_id().to_string(),
        "name": product.name,
        "category": product.category,
        "price": product.price.map(|price| price.to_string()),
        "unit": product.unit,
        "stock": match product.stock { Stock::Left(n) => Some(n), Stock::Unlimited | Stock::Unreadable => None },
        "description": product.description,
    });
    let unreadable = [
        ("price", product.price.is_none()),
        ("stock", product.stock == Stock::Unreadable),
    ];
    let unreadable: Vec<&str> = unreadable
        .iter()
        .filter(|(_, is)| *is)
        .map(|(name, _)| *name)
        .collect();
    if !unreadable.is_empty() {
        value["unreadable"] = json!(unreadable);
    }
    value
}

fn stock(stock: Stock) -> String {
    match stock {
        Stock::Unlimited => "unlimited".to_owned(),
        Stock::Left(left) => left.to_string(),
        Stock::Unreadable => "unreadable".to_owned(),
    }
}

impl From<RowError> for CliError {
    fn from(flaw: RowError) -> CliError {
        CliError::RowError(flaw)
    }
}

impl From<FileError> for CliError {
    fn from(error: FileError) -> CliError {
        CliError::File(error)
    }
}
