//! The usual: the products that a cart orders most.

use super::{Order, OrderState, ProductId};
use std::collections::HashMap;

/// The newest orders that are looked at.
pub(crate) const USUAL_ORDERS: usize = 50;
/// The most products that are shown.
pub(crate) const USUAL_PRODUCTS: usize = 8;
/// The name of their category.
pub(crate) const USUAL: &str = "Usual";

/// The number of pieces and of orders of one product.
#[derive(Debug, Default)]
struct Ordered {
    pieces: u64,
    orders: usize,
    /// The place of the newest of those orders.
    newest: usize,
}

/// The products of these orders, newest first, by the pieces that were ordered; then by the number
/// of orders, and by the newest. Orders that were cancelled don't count.
///
/// All of them are told: which are still sold, the catalog knows.
#[must_use]
pub fn usual(orders: &[Order]) -> Vec<ProductId> {
    let mut ordered: HashMap<&ProductId, Ordered> = HashMap::new();
    let counted = orders.iter().take(USUAL_ORDERS);
    let counted = counted.filter(|order| order.state != OrderState::Cancelled);

    for (place, order) in counted.enumerate() {
        for line in &order.lines {
            let ordered = ordered.entry(&line.product).or_insert_with(|| Ordered {
                newest: place,
                ..Ordered::default()
            });
            ordered.pieces += u64::from(line.quantity);
            ordered.orders += 1;
        }
    }

    let mut products: Vec<(&ProductId, Ordered)> = ordered.into_iter().collect();
    products.sort_by(|(a_id, a), (b_id, b)| {
        (b.pieces, b.orders)
            .cmp(&(a.pieces, a.orders))
            .then(a.newest.cmp(&b.newest))
            .then(a_id.cmp(b_id))
    });
    products.into_iter().map(|(id, _)| id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::again::tests::order as order_of;

    fn order(state: OrderState, lines: &[(&str, u32)]) -> Order {
        let lines: Vec<(&str, u32, &str)> = lines
            .iter()
            .map(|(id, quantity)| (*id, *quantity, "1.00"))
            .collect();
        Order {
            state,
            ..order_of(&lines)
        }
    }

    fn ids(orders: &[Order]) -> Vec<String> {
        usual(orders).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_ordered_most_comes_first() {
        assert_eq!(ids(&[]), [""; 0]);
        let orders = [
            order(OrderState::Placed, &[("tea", 2), ("bun", 1)]),
            order(OrderState::Cancelled, &[("bun", 90), ("cake", 1)]),
            order(OrderState::Done, &[("espresso", 3), ("tea", 1)]),
            order(OrderState::Done, &[("bread", 1), ("rye", 4)]),
        ];
        // Tea was in two orders, espresso in one; buns were ordered later than bread.
        assert_eq!(ids(&orders), ["rye", "tea", "espresso", "bun", "bread"]);
    }

    #[test]
    fn older_orders_than_the_last_fifty_do_not_count() {
        let mut orders = vec![order(OrderState::Done, &[("tea", 1)]); USUAL_ORDERS];
        orders.push(order(OrderState::Done, &[("cake", 1_000)]));
        assert_eq!(ids(&orders), ["tea"]);
    }
}
