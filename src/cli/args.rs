//! Arguments that several commands share, and the reading of what was typed for them.

use super::error::{CliError, invalid_argument, usage_error};
use crate::model::order::OrderRef;
use crate::model::{Money, OpId, OrderId, Period, Timeout, text};
use crate::store;
use clap::Args;
use jiff::tz::TimeZone;
use std::str::FromStr;
use std::time::Duration;

/// The option `--op-id` of commands that change a cart.
#[derive(Debug, Args)]
pub(super) struct OpIdArg {
    /// The id of this change: repeated with the same id, it is applied once
    #[arg(long, value_name = "ID")]
    op_id: Option<String>,
}

impl OpIdArg {
    /// Returns whether one was given.
    pub(super) fn is_given(&self) -> bool {
        self.op_id.is_some()
    }

    /// The id that was given, or a fresh one.
    pub(super) fn op_id(&self) -> Result<OpId, CliError> {
        match &self.op_id {
            Some(typed) => OpId::parse(typed).ok_or_else(|| {
                invalid_argument("op-id", typed, "use 1 to 64 of A-Z a-z 0-9 . _ : -")
            }),
            None => Ok(store::new_op()),
        }
    }
}

/// Reads an amount of money.
pub(super) fn amount(argument: &'static str, typed: &str) -> Result<Money, CliError> {
    let typed = typed.trim();
    Money::parse(typed).ok_or_else(|| invalid_amount(argument, typed))
}

/// The error for an amount that can't be read.
pub(super) fn invalid_amount(argument: &'static str, typed: &str) -> CliError {
    let typed = typed.trim();
    match Money::with_point(typed) {
        Some(meant) => invalid_argument(argument, typed, &format!("write {meant}, with a point")),
        None => invalid_argument(argument, typed, "write it like 12.40"),
    }
}

/// Reads an argument of the form `FIELD=VALUE`.
pub(super) fn field(typed: &str) -> Result<(&str, &str), CliError> {
    typed
        .split_once('=')
        .ok_or_else(|| CliError::Field(text::sanitize_to(typed.as_bytes(), 40)))
}

/// Reads a number from 1 on.
pub(super) fn whole_number<N: FromStr + From<u8> + PartialOrd>(typed: &str) -> Result<N, String> {
    match typed.parse() {
        Ok(number) if number >= N::from(1) => Ok(number),
        Ok(_) | Err(_) => Err("write a whole number from 1".to_owned()),
    }
}

/// Reads a time; `None` is never.
pub(super) fn time(argument: &'static str, typed: &str) -> Result<Option<Duration>, CliError> {
    match Timeout::parse(typed) {
        Ok(Timeout::After(ms)) => Ok(Some(Duration::from_millis(ms))),
        Ok(Timeout::Never) => Ok(None),
        Err(why) => Err(usage_error(argument, why)),
    }
}

/// Reads the ends of a period as they were typed, by the clocks of the shop's `zone`.
pub(super) fn period(
    since: Option<&str>,
    until: Option<&str>,
    now: u64,
    zone: &TimeZone,
) -> Result<Period, CliError> {
    Period::parse(since, until, now, zone).map_err(|why| usage_error("since, until", why))
}

/// Reads what names an order: its number, the end of its id, or the whole id.
pub(super) fn order_ref(typed: &str) -> Result<OrderRef, CliError> {
    OrderRef::parse(typed).ok_or_else(|| {
        invalid_argument(
            "order",
            typed,
            "give its number, like 42, the last four of its id, like M8XD, or the id",
        )
    })
}

/// Reads an order's id.
pub(super) fn order_id(typed: &str) -> Result<OrderId, CliError> {
    OrderId::parse(typed).ok_or_else(|| {
        invalid_argument(
            "order id",
            typed,
            "it looks like 20261124-7KQ2-M8XD (a checkout's --op-id is one)",
        )
    })
}
