//! The figures of a shop: what its orders of some time come to.

use super::time::local;
use super::{Catalog, Money, Order, OrderState, ProductId, Stock};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, HashMap};

/// A product of which fewer are left is low in stock.
const LOW_STOCK: u64 = 10;

/// Something that was sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sales {
    /// The orders, or the pieces of a product.
    pub count: u64,
    /// Their price.
    pub sum: Money,
}

impl Sales {
    fn add(&mut self, count: u64, sum: Money) {
        self.count += count;
        self.sum = self.sum + sum;
    }
}

/// A product that was sold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoldProduct {
    /// The product.
    pub product: ProductId,
    /// Its name, as it was when it was last ordered; clean text.
    pub name: String,
    /// The pieces, and what was paid for them.
    pub sales: Sales,
}

/// A product that is low in stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LowProduct {
    /// The product.
    pub product: ProductId,
    /// Its name; clean text.
    pub name: String,
    /// The pieces that are left.
    pub left: u64,
    /// The pieces that were sold.
    pub sold: u64,
}

/// What orders come to. Cancelled ones are counted, and belong to nothing else. Those in another
/// currency may be open, and belong to nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// The orders and their total.
    pub sold: Sales,
    /// The orders that are not over.
    pub open: u64,
    /// The orders that were cancelled.
    pub cancelled: u64,
    /// The orders in another currency.
    pub foreign: u64,
    /// The orders by the hour in which they were placed, by the clocks of the shop.
    pub hours: BTreeMap<DateTime, Sales>,
    /// The orders that became ready, and the milliseconds that all of them took.
    ready: (u64, u64),
    products: HashMap<ProductId, SoldProduct>,
}

impl Figures {
    /// Adds an order, which is not newer than those before: to the sums where it is in this currency,
    /// and to an hour by the clocks of `zone`.
    pub fn add(&mut self, order: &Order, currency: &str, zone: &TimeZone) {
        if order.state == OrderState::Cancelled {
            self.cancelled += 1;
            return;
        }
        self.open += u64::from(!order.state.is_over());
        if order.currency != currency {
            self.foreign += 1;
            return;
        }

        let total = order.total();
        self.sold.add(1, total);
        self.hours
            .entry(hour(order.at, zone))
            .or_default()
            .add(1, total);

        let ready = order
            .reached
            .iter()
            .find(|(state, _)| *state == OrderState::Ready);
        if let Some((_, at)) = ready {
            self.ready.0 += 1;
            self.ready.1 = self.ready.1.saturating_add(at.saturating_sub(order.at));
        }

        for line in &order.lines {
            let sold = self.products.entry(line.product.clone());
            let sold = sold.or_insert_with(|| SoldProduct {
                product: line.product.clone(),
                name: line.name.clone(),
                sales: Sales::default(),
            });
            sold.sales.add(line.quantity.into(), line.total());
        }
    }

    /// The average total of an order, rounded half up to whole cents; zero where there is none.
    #[must_use]
    pub fn average(&self) -> Money {
        self.sold.sum.shared_by(self.sold.count)
    }

    /// The average time from an order until it is ready, in milliseconds; `None` where none is.
    #[must_use]
    pub fn time_to_ready(&self) -> Option<u64> {
        let (orders, took) = self.ready;
        took.checked_div(orders)
    }

    /// The products that were sold: those with the most pieces first, then those with the highest
    /// price, then by name.
    #[must_use]
    pub fn best_sold(&self) -> Vec<&SoldProduct> {
        let mut sold: Vec<&SoldProduct> = self.products.values().collect();
        sold.sort_by(|one, other| {
            let [one_key, other_key] = [one, other].map(|sold| (sold.sales.count, sold.sales.sum));
            other_key
                .cmp(&one_key)
                .then_with(|| (&one.name, &one.product).cmp(&(&other.name, &other.product)))
        });
        sold
    }

    /// What was sold of each category of today's catalog, by its name: the pieces and their price.
    /// The category of what is no longer sold, or has none, is "".
    #[must_use]
    pub fn categories(&self, catalog: &Catalog) -> BTreeMap<String, Sales> {
        let mut categories: BTreeMap<String, Sales> = BTreeMap::new();
        for sold in self.products.values() {
            let category = catalog.get(&sold.product).map_or("", |item| item.category);
            let sales = categories.entry(category.to_owned()).or_default();
            sales.add(sold.sales.count, sold.sales.sum);
        }
        categories
    }

    /// The products of which fewer than ten are left, or fewer than were sold: the fewest first.
    #[must_use]
    pub fn low_in_stock(&self, catalog: &Catalog) -> Vec<LowProduct> {
        let most_sold = self.products.values().map(|sold| sold.sales.count).max();
        let enough = LOW_STOCK.max(most_sold.unwrap_or(0));
        let mut low: Vec<LowProduct> = catalog
            .iter()
            .filter_map(|item| {
                let left = match item.stock {
                    Stock::Left(left) if left < enough => left,
                    Stock::Left(_) | Stock::Unlimited | Stock::Unreadable => return None,
                };
                let product = item.product_id();
                let sold = self.products.get(&product);
                let sold = sold.map_or(0, |sold| sold.sales.count);
                (left < LOW_STOCK || left < sold).then(|| LowProduct {
                    product,
                    name: item.name.to_owned(),
                    left,
                    sold,
                })
            })
            .collect();
        low.sort_by(|one, other| (one.left, &one.name).cmp(&(other.left, &other.name)));
        low
    }
}

/// The beginning of the hour of a moment, in Unix milliseconds, as the clocks of `zone` show it.
fn hour(at: u64, zone: &TimeZone) -> DateTime {
    let shown = local(at, zone);
    shown.date().at(shown.hour(), 0, 0, 0)
}
