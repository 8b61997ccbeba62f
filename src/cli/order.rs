//! `trolley order ID [accept|ready|done|cancel]`

use super::error::CliError;
use super::order_output::{order_json, show_order};
use super::output::Output;
use super::{args, complete, connect};
use crate::config::Settings;
use crate::model::{OrderId, OrderState};
use crate::store::order;
use clap::{Args, ValueEnum};
use clap_complete::ArgValueCompleter;

#[derive(Debug, Args)]
pub(super) struct OrderArgs {
    /// The order's id
    #[arg(add = ArgValueCompleter::new(complete::order_ids))]
    id: String,
    /// The next state of the order; without this, its receipt is shown
    #[arg(value_enum)]
    step: Option<OrderStep>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OrderStep {
    /// The shop is working on it
    Accept,
    /// It can be picked up
    Ready,
    /// It has been handed over
    Done,
    /// It is cancelled, and its stock goes back
    Cancel,
}

impl OrderArgs {
    /// Tells whether the order is moved to another state, not only shown.
    #[cfg(feature = "serve")]
    pub(super) fn moves_order(&self) -> bool {
        self.step.is_some()
    }

    /// The order's id.
    pub(super) fn order_id(&self) -> Result<OrderId, CliError> {
        args::order_id(&self.id)
    }
}

impl OrderStep {
    /// The state that this step leads to.
    fn state(self) -> OrderState {
        match self {
            OrderStep::Accept => OrderState::Accepted,
            OrderStep::Ready => OrderState::Ready,
            OrderStep::Done => OrderState::Done,
            OrderStep::Cancel => OrderState::Cancelled,
        }
    }
}

/// Shows an order's receipt, or moves the order to its next state.
pub(super) async fn run(
    args: &OrderArgs,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let id = args.order_id()?;
    let mut connection = connect::open_shop(settings).await?;
    let Some(step) = args.step else {
        return show_order(&mut connection, &id, output).await;
    };

    let state = step.state();
    let moved =
        connection.repeat(async |connection, _| order::set_state(connection, &id, state).await);
    let order = moved
        .await
        .map_err(|error| CliError::of_repeated(error, format!("order {id} is {}", state.name())))?;
    output.result(
        || order_json(&order),
        |out| writeln!(out, "Order {id} is {}", order.state.name()),
    )?;
    Ok(())
}
