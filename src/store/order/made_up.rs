//! Stores a week of made-up orders in a shop that sells the demo catalogue and has no orders yet.
//!
//! Their records and lists are those of real orders. But no stock is taken for them, nor does any go
//! back where one is cancelled: products know none of them.

use super::checkout::server_time;
use super::{day, document};
use crate::model::made_up::{self, MadeUpOrder};
use crate::model::time::{self, local};
use crate::model::{Order, OrderState, Product, Refusal};
use crate::store::catalog::{get_products, get_shop};
use crate::store::connection::Connection;
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use crate::store::scripts::MAKE_UP;
use jiff::tz::TimeZone;

/// The milliseconds of a day.
const DAY: u64 = 86_400_000;

/// The orders that were stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MadeUp {
    /// All of them.
    pub orders: usize,
    /// Those that are open.
    pub open: usize,
}

/// Makes up the orders of the last week, and stores them in one step.
///
/// # Errors
/// [`Refusal::NoDemoCatalog`], [`Refusal::HasOrders`]; the [`Trouble`] of the link.
pub async fn make_up(connection: &mut Connection) -> Result<MadeUp, Error> {
    let read = get_products(connection, &made_up::menu()).await?;
    let mut products: Vec<Product> = Vec::with_capacity(read.len());
    for (id, product) in read {
        let priced = product.filter(|product| product.price.is_some());
        products.push(priced.ok_or_else(|| Refusal::NoDemoCatalog(id.to_string()))?);
    }

    let shop = get_shop(connection).await?;
    let conn = &mut connection.conn;
    let zone = day::zone(conn).await;
    let now = server_time(conn).await.map_err(Trouble::for_orders)?;
    let orders = made_up::orders(now, &zone, &shop.currency, &products);
    if !store(connection, now, &zone, &orders).await? {
        return Err(Refusal::HasOrders.into());
    }

    let open = orders.iter().filter(|made| !made.order.state.is_over());
    Ok(MadeUp {
        orders: orders.len(),
        open: open.count(),
    })
}

/// Stores orders; returns false where the shop has some.
async fn store(
    connection: &mut Connection,
    now: u64,
    zone: &TimeZone,
    made: &[MadeUpOrder],
) -> Result<bool, Error> {
    let mut call = MAKE_UP.prepare_invoke();
    let common = [
        keys::ORDERS_ALL,
        keys::ORDERS,
        keys::ORDERS_NUMBERS,
        keys::ORDERS_OPEN,
    ];
    for key in common {
        call.key(key);
    }
    for MadeUpOrder { order, .. } in made {
        call.key(keys::order(&order.id));
        call.key(keys::orders_of(&order.user));
    }

    let ahead = i64::from(day::minutes_ahead(time::moment(now), zone)) * 60_000;
    call.arg(now.saturating_add_signed(ahead) / DAY);
    let is_of_today = |order: &&Order| local(order.at, zone).date() == local(now, zone).date();
    let orders = made.iter().map(|made| &made.order);
    let last = orders.filter(is_of_today).filter_map(|order| order.number);
    call.arg(last.max().unwrap_or(0));
    for made in made {
        let order = &made.order;
        call.arg(order.id.as_str()).arg(order.at);
        call.arg(order.number.unwrap_or(0));
        call.arg(u8::from(!order.state.is_over()));
        // Text can always be written as JSON.
        let fields = serde_json::to_string(&fields(made, zone));
        call.arg(fields.unwrap_or_default());
    }
    let stored = call.invoke_async::<u8>(&mut connection.conn).await;
    let stored = stored.map_err(|error| Trouble::from(error).for_orders())?;
    Ok(stored == 1)
}

/// The fields of an order's record, each followed by its value.
fn fields(made: &MadeUpOrder, zone: &TimeZone) -> Vec<String> {
    let order = &made.order;
    let at = order.at.to_string();
    let minutes_ahead = day::minutes_ahead(time::moment(order.at), zone);
    let mut fields = vec![
        ("id", order.id.to_string()),
        ("user", order.user.clone()),
        ("who", order.who.clone()),
        ("version", "1".to_owned()),
        ("currency", order.currency.sign().to_owned()),
        ("lines", document::lines_to_json(&order.lines)),
        ("total", order.total().to_string()),
        ("utc_offset", minutes_ahead.to_string()),
        ("begun", at.clone()),
        ("at", at),
        ("state", order.state.name().to_owned()),
        ("changed", order.changed.to_string()),
        ("number", order.number.unwrap_or(0).to_string()),
        ("closed", "1".to_owned()),
    ];
    let money = order.currency.example();
    if !money.is_empty() {
        fields.push(("money", money));
    }
    if !order.note.is_empty() {
        fields.push(("note", order.note.clone()));
    }
    if order.state != OrderState::Placed {
        fields.push(("changed_by", mover(made, order.state)));
    }
    if order.state.is_over() {
        // The products know nothing of it.
        fields.push(("returned", "1".to_owned()));
    }
    if !made.ticked.is_empty() {
        let ticked: Vec<String> = made.ticked.iter().map(ToString::to_string).collect();
        fields.push(("ticked", ticked.join("\n")));
    }

    let mut fields: Vec<(String, String)> = fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    for (state, at) in &order.reached {
        let name = state.name();
        fields.push((format!("{name}_at"), at.to_string()));
        fields.push((format!("{name}_by"), mover(made, *state)));
    }
    fields
        .into_iter()
        .flat_map(|(name, value)| [name, value])
        .collect()
}

/// Who brought it into a state.
fn mover(made: &MadeUpOrder, state: OrderState) -> String {
    match state {
        OrderState::Cancelled => made.order.who.clone(),
        OrderState::Placed | OrderState::Accepted | OrderState::Ready | OrderState::Done => {
            made.by.to_owned()
        }
    }
}
