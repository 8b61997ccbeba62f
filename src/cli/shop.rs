//! `trolley shop [FIELD=VALUE ...]`

use super::error::{CliError, usage_error};
use super::output::Output;
use super::{args, complete, connect};
use crate::config::Settings;
use crate::model::text;
use crate::store::{self, Shop, ShopChange};
use clap::Args;
use clap_complete::ArgValueCompleter;
use serde_json::json;

#[derive(Debug, Args)]
pub(super) struct ShopArgs {
    /// What to set: name="Corner Shop" currency=€; an empty value clears it
    #[arg(value_name = "FIELD=VALUE", add = ArgValueCompleter::new(complete::shop_fields))]
    fields: Vec<String>,
}

/// Sets what is given of the shop's name and currency, and shows both.
pub(super) async fn run(
    args: &ShopArgs,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let change = change(&args.fields)?;

    let mut connection = if args.fields.is_empty() {
        connect::open_shop(settings).await?
    } else {
        // Whoever names a shop has products of their own.
        connect::open_empty_shop(settings).await?
    };
    if !args.fields.is_empty() {
        let setting =
            connection.repeat(async |connection, _| store::set_shop(connection, &change).await);
        setting
            .await
            .map_err(|error| CliError::of_repeated(error, "the shop's settings are stored"))?;
    }

    let Shop { name, currency } = store::get_shop(&mut connection).await?;
    output.result(
        || json!({ "name": name, "currency": currency }),
        |out| {
            writeln!(out, "name      {name}")?;
            let sign = if currency.is_empty() {
                "none"
            } else {
                &currency
            };
            writeln!(out, "currency  {sign}")
        },
    )?;
    Ok(())
}

/// Reads what to set.
fn change(fields: &[String]) -> Result<ShopChange, CliError> {
    let mut change = ShopChange::default();
    for field in fields {
        let (name, value) = args::field(field)?;
        match name {
            "name" => {
                let name = checked("name", value, store::LONGEST_SHOP_NAME)?;
                change.name = Some(name);
            }
            "currency" => {
                let currency = checked("currency", value, store::LONGEST_CURRENCY)?;
                change.currency = Some(currency);
            }
            other => {
                let other = text::sanitize_to(other.as_bytes(), 40);
                let why = format!("a shop has no “{other}”, but a name and a currency");
                return Err(usage_error("shop", why));
            }
        }
    }
    Ok(change)
}

/// A value that shows just as it is given.
fn checked(field: &'static str, value: &str, longest: usize) -> Result<String, CliError> {
    let value = value.trim();
    let length = value.chars().count();
    if length > longest {
        let why = format!("it has {length} characters, the limit is {longest}");
        return Err(usage_error(field, why));
    }
    if !text::is_shown_exactly(value) {
        return Err(usage_error(field, "it has a character that can't be shown"));
    }
    Ok(value.to_owned())
}
