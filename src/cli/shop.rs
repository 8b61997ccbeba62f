//! `trolley shop [FIELD=VALUE ... | --from FILE]`

use super::error::{CliError, FileAccess, usage_error};
use super::output::{Output, shown_path};
use super::{args, complete, connect};
use crate::config::Settings;
use crate::model::time::Hours;
use crate::store::{
    self, Connection, RepeatError, SHOP_FIELDS, Shop, ShopChange, ShopEdited, ShopField, Trouble,
};
use clap::Args;
use clap_complete::ArgValueCompleter;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The longest file that is read, in bytes.
const LONGEST_FILE: u64 = 64 * 1024;

#[derive(Debug, Args)]
pub(super) struct ShopArgs {
    /// What to set: name="Corner Shop" money="1.234,50 €" receipt_foot="Thank you"; an empty value
    /// clears it
    #[arg(value_name = "FIELD=VALUE", add = ArgValueCompleter::new(complete::shop_fields))]
    fields: Vec<String>,
    /// Set all that a file says: trolley shop --json prints such a one
    #[arg(long, value_name = "FILE", conflicts_with = "fields")]
    from: Option<PathBuf>,
}

/// The settings of a shop, as `--json` prints them.
#[derive(Deserialize)]
struct ShopDocument {
    name: String,
    currency: String,
    money: String,
    time_zone: Option<String>,
    #[serde(default)]
    hours: Option<String>,
    buyers_cancel: bool,
    #[serde(default)]
    receipt_head: String,
    #[serde(default)]
    receipt_foot: String,
}

/// Sets what is given of the shop's settings, and shows them.
pub(super) async fn run(
    args: &ShopArgs,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let change = match &args.from {
        Some(file) => Some(change_of_file(file)?),
        None => typed_change(&args.fields)?,
    };

    let mut connection = match &change {
        // Whoever names a shop has products of their own.
        Some(_) => connect::open_empty_shop(settings).await?,
        None => connect::open_shop(settings).await?,
    };
    let shop = match change {
        Some(change) => save(&mut connection, &change).await?,
        None => store::get_shop(&mut connection).await?,
    };
    output.result(|| shop_json(&shop), |out| print_shop(out, &shop))?;
    Ok(())
}

/// Sets what is given; returns the shop as it is then.
async fn save(connection: &mut Connection, change: &ShopChange) -> Result<Shop, CliError> {
    let changed = match store::change_shop(connection, change, None).await {
        Ok(ShopEdited::Saved(shop)) => Ok(shop),
        // The answer was lost, and the shop is otherwise now.
        Ok(ShopEdited::Otherwise(_)) => Err(RepeatError::Unknown(Trouble::Lost)),
        Err(error) => Err(error),
    };
    changed.map_err(|error| CliError::of_repeated(error, "the shop's settings are stored"))
}

/// The shop, for programs.
fn shop_json(shop: &Shop) -> Value {
    let hours = shop.hours.as_ref().and_then(|hours| hours.value);
    json!({
        "name": shop.name,
        "currency": shop.currency,
        "money": shop.currency.sample(),
        "time_zone": shop.time_zone.as_ref().map(|zone| &zone.name),
        "hours": hours.map(Hours::name),
        "buyers_cancel": shop.buyers_cancel,
        "receipt_head": shop.receipt_head,
        "receipt_foot": shop.receipt_foot,
    })
}

/// The shop, for people.
fn print_shop(out: &mut dyn Write, shop: &Shop) -> io::Result<()> {
    let local = TimeZone::system();
    let instead_of = |field| told_instead(shop.used_instead(field, &local).as_deref());

    writeln!(out, "name      {}", shop.name)?;
    let sign = match shop.currency.sign() {
        "" => "none",
        sign => sign,
    };
    writeln!(out, "currency  {sign}")?;
    writeln!(out, "money     {}", shop.currency.sample())?;
    if let Some(zone) = &shop.time_zone {
        let instead = instead_of(ShopField::TimeZone);
        writeln!(out, "time zone {}{instead}", zone.name)?;
    }
    if let Some(hours) = &shop.hours {
        let instead = instead_of(ShopField::Hours);
        writeln!(out, "hours     {}{instead}", hours.name)?;
    }
    for (name, words) in [("head", &shop.receipt_head), ("foot", &shop.receipt_foot)] {
        if !words.is_empty() {
            writeln!(out, "{name:<9} {words}")?;
        }
    }
    if !shop.buyers_cancel {
        writeln!(out, "buyers can't cancel their orders")?;
    }
    Ok(())
}

/// Says behind a setting what is used in its place, where it is not understood.
fn told_instead(used: Option<&str>) -> String {
    let told = used.map(|used| format!(" (not understood: {used} is used)"));
    told.unwrap_or_default()
}

/// Reads from a file what to set: all of it.
fn change_of_file(file: &Path) -> Result<ShopChange, CliError> {
    let mut text = String::new();
    File::open(file)
        .and_then(|source| source.take(LONGEST_FILE).read_to_string(&mut text))
        .map_err(|error| CliError::path(FileAccess::Read, file, &error))?;
    let document: ShopDocument = serde_json::from_str(&text).map_err(|_| {
        let file = shown_path(file);
        usage_error(
            "from",
            format!("{file} is not what trolley shop --json prints"),
        )
    })?;

    let ShopDocument {
        name,
        currency,
        money,
        time_zone,
        hours,
        buyers_cancel,
        receipt_head,
        receipt_foot,
    } = document;
    let mut change = ShopChange::default();
    set(&mut change, "name", &name)?;
    // The example of an amount sets a sign, too. The sign by itself is set after it, so that it counts.
    set(&mut change, "money", &money)?;
    set(&mut change, "currency", &currency)?;
    set(&mut change, "time_zone", &time_zone.unwrap_or_default())?;
    set(&mut change, "hours", &hours.unwrap_or_default())?;
    let buyers_cancel = if buyers_cancel { "" } else { "no" };
    set(&mut change, "buyers_cancel", buyers_cancel)?;
    set(&mut change, "receipt_head", &receipt_head)?;
    set(&mut change, "receipt_foot", &receipt_foot)?;
    Ok(change)
}

/// Reads what was typed to set; `None` where that is nothing.
fn typed_change(fields: &[String]) -> Result<Option<ShopChange>, CliError> {
    let mut change = ShopChange::default();
    for field in fields {
        let (name, value) = args::field(field)?;
        set(&mut change, name, value)?;
    }
    Ok((!fields.is_empty()).then_some(change))
}

/// Sets a setting to what is written.
fn set(change: &mut ShopChange, name: &str, value: &str) -> Result<(), CliError> {
    change.set(name, value).map_err(|flaw| {
        let known = SHOP_FIELDS.into_iter().find(|known| *known == name);
        usage_error(known.unwrap_or("shop"), flaw.to_string())
    })
}
