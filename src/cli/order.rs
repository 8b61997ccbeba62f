//! `trolley order ID [accept|ready|done|cancel|undo]`

use super::error::CliError;
use super::order_output::{order_json, show_order};
use super::output::Output;
use super::{args, complete, connect, lookup};
use crate::config::Settings;
use crate::model::{OrderId, OrderState};
use crate::store::{Connection, order};
use clap::{Args, ValueEnum};
use clap_complete::ArgValueCompleter;

#[derive(Debug, Args)]
pub(super) struct OrderArgs {
    /// The order's number, the last four of its id, or the id
    #[arg(add = ArgValueCompleter::new(complete::order_ids))]
    id: String,
    /// What to do with the order; without this, its receipt is shown
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
    /// Your own last step is taken back, within 10 minutes
    Undo,
}

impl OrderArgs {
    /// Tells whether the order is moved to another state, not only shown.
    #[cfg(feature = "serve")]
    pub(super) fn moves_order(&self) -> bool {
        self.step.is_some()
    }

    /// Tells whether the order is to be cancelled.
    #[cfg(feature = "serve")]
    pub(super) fn cancels(&self) -> bool {
        matches!(self.step, Some(OrderStep::Cancel))
    }

    /// The text that names the order, as it was typed.
    #[cfg(feature = "serve")]
    pub(super) fn order_mut(&mut self) -> &mut String {
        &mut self.id
    }
}

impl OrderStep {
    /// The state that this step leads to; `None` where it leads back.
    fn state(self) -> Option<OrderState> {
        match self {
            OrderStep::Accept => Some(OrderState::Accepted),
            OrderStep::Ready => Some(OrderState::Ready),
            OrderStep::Done => Some(OrderState::Done),
            OrderStep::Cancel => Some(OrderState::Cancelled),
            OrderStep::Undo => None,
        }
    }
}

/// The side from which an order is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OrderSide {
    /// The shop, which may take every step.
    Shop,
    /// Whoever ordered, who may cancel while it is only placed.
    #[cfg_attr(not(feature = "serve"), expect(dead_code))]
    Buyer,
}

/// Shows an order's receipt, or moves the order to its next state.
pub(super) async fn run(
    args: &OrderArgs,
    side: OrderSide,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    // A word that can be no order is wrong usage, whatever the shop says.
    args::order_ref(&args.id)?;
    let mut connection = connect::open_shop(settings).await?;
    let id = lookup::order_id(&mut connection, &args.id).await?;
    let Some(step) = args.step else {
        return show_order(&mut connection, &id, settings, output).await;
    };

    let Some(state) = step.state() else {
        return undo(&mut connection, &id, output).await;
    };
    let moved = connection.repeat(async |connection, _| match side {
        OrderSide::Shop => order::set_state(connection, &id, state).await,
        OrderSide::Buyer => order::cancel_own(connection, &id).await,
    });
    let ticket = moved
        .await
        .map_err(|error| CliError::of_repeated(error, format!("order {id} is {}", state.name())))?;
    let order = &ticket.order;
    output.result(
        || order_json(&ticket),
        |out| writeln!(out, "Order {} is {}", order.name(), order.state.name()),
    )?;
    Ok(())
}

/// Takes the last step of an order back.
async fn undo(connection: &mut Connection, id: &OrderId, output: &Output) -> Result<(), CliError> {
    let from = order::get_order(connection, id).await?.state;
    let undone =
        connection.repeat(async |connection, _| order::undo_step(connection, id, from).await);
    // Done twice, it would take back the step before, too.
    let ticket = undone.await.map_err(|error| {
        let what = format!("the last step of order {id} is undone");
        CliError::of_step(error, what, format!("trolley order {id}"))
    })?;

    let order = &ticket.order;
    output.result(
        || order_json(&ticket),
        |out| {
            writeln!(
                out,
                "Order {} is back to {}",
                order.name(),
                order.state.name()
            )
        },
    )?;
    Ok(())
}
