//! `trolley shop [FIELD=VALUE ...]`

use super::error::{CliError, usage_error};
use super::output::Output;
use super::{args, complete, connect};
use crate::config::Settings;
use crate::store::{self, SHOP_FIELDS, Shop, ShopChange};
use clap::Args;
use clap_complete::ArgValueCompleter;
use serde_json::json;

#[derive(Debug, Args)]
pub(super) struct ShopArgs {
    /// What to set: name="Corner Shop" money="1.234,50 €" receipt_foot="Thank you"; an empty value
    /// clears it
    #[arg(value_name = "FIELD=VALUE", add = ArgValueCompleter::new(complete::shop_fields))]
    fields: Vec<String>,
}

/// Sets what is given of the shop's settings, and shows them.
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

    let Shop {
        name,
        currency,
        receipt_head,
        receipt_foot,
        buyers_cancel,
    } = store::get_shop(&mut connection).await?;
    let time_zone = store::get_order_settings(&mut connection).await?.time_zone;
    output.result(
        || {
            json!({
                "name": name,
                "currency": currency,
                "money": currency.sample(),
                "time_zone": time_zone,
                "buyers_cancel": buyers_cancel,
                "receipt_head": receipt_head,
                "receipt_foot": receipt_foot,
            })
        },
        |out| {
            writeln!(out, "name      {name}")?;
            let sign = match currency.sign() {
                "" => "none",
                sign => sign,
            };
            writeln!(out, "currency  {sign}")?;
            writeln!(out, "money     {}", currency.sample())?;
            if let Some(zone) = &time_zone {
                writeln!(out, "time zone {zone}")?;
            }
            for (name, words) in [("head", &receipt_head), ("foot", &receipt_foot)] {
                if !words.is_empty() {
                    writeln!(out, "{name:<9} {words}")?;
                }
            }
            if !buyers_cancel {
                writeln!(out, "buyers can't cancel their orders")?;
            }
            Ok(())
        },
    )?;
    Ok(())
}

/// Reads what to set.
fn change(fields: &[String]) -> Result<ShopChange, CliError> {
    let mut change = ShopChange::default();
    for field in fields {
        let (name, value) = args::field(field)?;
        change.set(name, value).map_err(|flaw| {
            let known = SHOP_FIELDS.into_iter().find(|known| *known == name);
            usage_error(known.unwrap_or("shop"), flaw.to_string())
        })?;
    }
    Ok(change)
}
