//! `trolley cart`

use super::{CliError, connect};
use crate::cli::output::{Output, pad};
use crate::config::Settings;
use crate::model::product::only_left;
use crate::model::total;
use crate::model::total::{LineStatus, ProductLookup};
use crate::model::{Catalog, ProductId, text};
use crate::store;
use crate::store::order;
use serde_json::json;

/// Shows the cart.
pub async fn run(settings: &Settings, output: &Output) -> Result<(), CliError> {
    let mut connection = connect::open_shop(settings).await?;
    // An order that a dead terminal left here is finished by whoever comes by.
    order::resume(&mut connection, &settings.user).await?;
    let cart = store::get_cart_items(&mut connection, &settings.user).await?;
    let ids: Vec<ProductId> = cart.lines.iter().map(|line| line.product.clone()).collect();
    let read = store::get_products(&mut connection, &ids).await?;
    let products = Catalog::new(
        read.into_iter()
            .filter_map(|(_, product)| product)
            .collect(),
    );
    let shop = store::get_shop(&mut connection).await?;
    let known = |id: &ProductId| {
        products
            .get(id)
            .map_or(ProductLookup::Gone, ProductLookup::Product)
    };
    let totals = total::totals(cart.lines.iter().map(|line| (line, known(&line.product))));
    let left = cart.deadline.left_when_told();
    let program =
        || {
            let lines = cart.lines.iter().map(|line| {
            let (standing, sum) = total::line(line, known(&line.product));
            let product = products.get(&line.product);
            let short = total::short(line, known(&line.product));
            let short_code = short.filter(|_| standing == LineStatus::Good).map(|_| "short");
            json!({
                "product": line.product.to_string(),
                "name": product.map(|product| product.name),
                "quantity": line.quantity.whole(),
                "price": product.and_then(|product| product.price).map(|price| price.to_string()),
                "total": sum.map(|sum| sum.to_string()),
                "status": short_code.unwrap_or(standing.code()),
                "left": short,
                "by": line.added.as_ref().map(|added| &added.by),
            })
        });
            json!({
                "user": settings.user.as_str(),
                "version": cart.version,
                "lines": lines.collect::<Vec<_>>(),
                "items": totals.items,
                "subtotal": totals.subtotal.to_string(),
                "currency": shop.currency,
                "expires_in_ms": left,
                "locked": cart.rules.locked,
                "closes_at": cart.rules.closes,
                "budget": cart.rules.budget.map(|amount| amount.to_string()),
                "ordering": cart.ordering.as_ref().map(|order| order.id.as_str()),
            })
        };
    output.result(program, |out| {
        if cart.lines.is_empty() {
            return writeln!(out, "The cart of {} is empty", settings.user);
        }
        for line in &cart.lines {
            let (standing, sum) = total::line(line, known(&line.product));
            let name = products
                .get(&line.product)
                .map_or_else(|| line.product.to_string(), |p| p.name.to_string());
            let sum = sum.map_or_else(|| standing.word().to_owned(), |sum| sum.to_string());
            let left = total::short(line, known(&line.product))
                .map(only_left)
                .unwrap_or_default();
            let row = format!("{:>6}  {} {sum:>14}  {left}", line.quantity, pad(&name, 32));
            writeln!(out, "{}", row.trim_end())?;
        }
        let what = text::count(totals.items, "item");
        writeln!(
            out,
            "{:>6}  {} {:>14}",
            "",
            pad(&what, 32),
            format!("{}{}", shop.currency, totals.subtotal)
        )
    })?;
    Ok(())
}
