//! `trolley board`: the open orders on a screen, for those who make them.

use super::error::CliError;
use super::orders::OrdersArgs;
use crate::config::Settings;
use crate::tui::staff;
use crate::tui::staff::state::Page;
use crate::tui::staff::state::today::ShownTime;
use clap::Args;
use std::process::ExitCode;

/// The page that opens first.
#[derive(Debug, Args)]
pub(crate) struct BoardArgs {
    /// Show what can be collected, in numbers that are readable across a room
    #[arg(long)]
    ready: bool,
}

impl BoardArgs {
    /// The same orders as a list, where no screen shows.
    pub(super) fn into_list(self) -> OrdersArgs {
        OrdersArgs::open(self.ready)
    }
}

/// Opens the products, for those who sell them, and runs that to its end.
pub(super) fn open_products(settings: &Settings) -> Result<ExitCode, CliError> {
    Ok(staff::run(settings, Page::Products, ShownTime::Today)?)
}

/// Opens the board and runs it to its end.
pub(super) fn run(args: &BoardArgs, settings: &Settings) -> Result<ExitCode, CliError> {
    let page = if args.ready { Page::Ready } else { Page::Board };
    Ok(staff::run(settings, page, ShownTime::Today)?)
}
