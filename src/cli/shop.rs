//! `trolley shop [FIELD=VALUE ...]`

use super::error::{CliError, invalid_argument, usage_error};
use super::output::Output;
use super::{args, complete, connect};
use crate::config::Settings;
use crate::model::{Currency, currency, text};
use crate::store::{self, OrderSettings, Shop, ShopChange};
use clap::Args;
use clap_complete::ArgValueCompleter;
use jiff::tz::TimeZone;
use serde_json::json;

#[derive(Debug, Args)]
pub(super) struct ShopArgs {
    /// What to set: name="Corner Shop" money="1.234,50 €"; an empty value clears it
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

    let Shop { name, currency } = store::get_shop(&mut connection).await?;
    let OrderSettings {
        time_zone,
        buyers_cancel,
    } = store::get_order_settings(&mut connection).await?;
    output.result(
        || {
            json!({
                "name": name,
                "currency": currency,
                "money": currency.sample(),
                "time_zone": time_zone,
                "buyers_cancel": buyers_cancel,
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
        match name {
            "name" => {
                let name = checked("name", value, store::LONGEST_SHOP_NAME)?;
                change.name = Some(name);
            }
            "currency" => {
                let currency = checked("currency", value, currency::LONGEST_SIGN)?;
                change.currency = Some(currency);
            }
            "money" if value.trim().is_empty() => change.money = Some(String::new()),
            "money" => {
                let written = Currency::from_example(value)
                    .map_err(|error| usage_error("money", error.to_string()))?;
                change.currency = Some(checked("money", written.sign(), currency::LONGEST_SIGN)?);
                change.money = Some(written.example());
            }
            "buyers_cancel" => change.buyers_cancel = Some(yes_or_no(value)?),
            "time_zone" => change.time_zone = Some(time_zone(value)?),
            other => {
                let other = text::sanitize_to(other.as_bytes(), 40);
                let why = format!(
                    "a shop has no “{other}”, but name, currency, money, time_zone and buyers_cancel"
                );
                return Err(usage_error("shop", why));
            }
        }
    }
    Ok(change)
}

/// `yes` or `no`.
fn yes_or_no(typed: &str) -> Result<String, CliError> {
    match typed.trim() {
        known @ ("yes" | "no" | "") => Ok(known.to_owned()),
        other => Err(invalid_argument("buyers_cancel", other, "write yes or no")),
    }
}

/// The name of a time zone.
fn time_zone(typed: &str) -> Result<String, CliError> {
    let typed = typed.trim();
    match TimeZone::get(typed) {
        Ok(_) => Ok(typed.to_owned()),
        Err(_) if typed.is_empty() => Ok(String::new()),
        Err(_) => Err(invalid_argument(
            "time_zone",
            typed,
            "name a time zone, like Europe/Berlin",
        )),
    }
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
