//! The figures of a shop: what its orders of some time come to.

use super::time::local;
use super::{Catalog, Currency, Item, Money, Order, OrderLine, OrderState, ProductId, Stock};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

/// A product of which fewer are left is low in stock.
pub(crate) const LOW_STOCK: u64 = 10;

/// Something that was sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sales {
    /// The orders, or the pieces of a product.
    pub count: u64,
    /// Their price.
    pub sum: Money,
}

impl Sales {
    /// The average, rounded half up to whole cents; zero where there is none.
    #[must_use]
    pub fn average(self) -> Money {
        self.sum.shared_by(self.count)
    }

    /// Counts more of it, or fewer.
    fn count(&mut self, tally: Tally, count: u64, sum: Money) {
        tally.step(&mut self.count, count);
        self.sum = match tally {
            Tally::Add => self.sum + sum,
            Tally::Remove => self.sum.less(sum),
        };
    }
}

/// The direction of a count: something is added to it, or removed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tally {
    Add,
    Remove,
}

impl Tally {
    fn step(self, number: &mut u64, by: u64) {
        *number = match self {
            Tally::Add => number.saturating_add(by),
            Tally::Remove => number.saturating_sub(by),
        };
    }
}

/// The measure by which products are ranked as best sold: more of it comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ranking {
    /// The pieces that were sold.
    #[default]
    Pieces,
    /// The money that was paid for them.
    Money,
}

/// A product that was sold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoldProduct {
    /// The product.
    pub product: ProductId,
    /// Its name, as it was when it was last ordered; clean text.
    pub name: String,
    /// When that was, in Unix milliseconds.
    named_at: u64,
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

/// The sums over many orders. Cancelled ones are counted, and belong to nothing else. Those in
/// another currency may be open, and belong to nothing else.
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
    /// Adds an order: to the sums where it is in this currency, and to an hour by the clocks of
    /// `zone`.
    pub fn add(&mut self, order: &Order, currency: &Currency, zone: &TimeZone) {
        // The names of products are those of all orders, so that none is lost with an order.
        for line in &order.lines {
            self.name_product(line, order.at);
        }
        self.count(Tally::Add, order, currency, zone);
    }

    /// Takes an order away that was added in this very state.
    pub fn remove(&mut self, order: &Order, currency: &Currency, zone: &TimeZone) {
        self.count(Tally::Remove, order, currency, zone);
    }

    fn count(&mut self, tally: Tally, order: &Order, currency: &Currency, zone: &TimeZone) {
        if order.state == OrderState::Cancelled {
            tally.step(&mut self.cancelled, 1);
            return;
        }
        tally.step(&mut self.open, u64::from(!order.state.is_over()));
        if !order.currency.is_same_as(currency) {
            tally.step(&mut self.foreign, 1);
            return;
        }

        let total = order.total();
        self.sold.count(tally, 1, total);
        let hour = hour(order.at, zone);
        let sales = self.hours.entry(hour).or_default();
        sales.count(tally, 1, total);
        if sales.count == 0 {
            self.hours.remove(&hour);
        }

        if let Some(ms) = order.time_to_ready() {
            tally.step(&mut self.ready.0, 1);
            tally.step(&mut self.ready.1, ms);
        }
        for line in &order.lines {
            if let Some(sold) = self.products.get_mut(&line.product) {
                sold.sales.count(tally, line.quantity.into(), line.total());
            }
        }
    }

    /// Notes the name under which a product was ordered.
    fn name_product(&mut self, line: &OrderLine, at: u64) {
        let sold = self.products.entry(line.product.clone());
        let sold = sold.or_insert_with(|| SoldProduct {
            product: line.product.clone(),
            name: line.name.clone(),
            named_at: at,
            sales: Sales::default(),
        });
        if (sold.named_at, &sold.name) < (at, &line.name) {
            sold.name.clone_from(&line.name);
            sold.named_at = at;
        }
    }

    /// The products of which something was sold, in no sequence.
    fn sold_products(&self) -> impl Iterator<Item = &SoldProduct> {
        let products = self.products.values();
        products.filter(|sold| sold.sales.count > 0)
    }

    /// The average total of an order, rounded half up to whole cents; zero where there is none.
    #[must_use]
    pub fn average(&self) -> Money {
        self.sold.average()
    }

    /// The average time from an order until it is ready, in milliseconds; `None` where none is.
    #[must_use]
    pub(crate) fn time_to_ready(&self) -> Option<u64> {
        let (orders, took) = self.ready;
        took.checked_div(orders)
    }

    /// The products that were sold: by `ranking`, then by the other one, then by name.
    #[must_use]
    pub(crate) fn best_sold(&self, ranking: Ranking) -> Vec<&SoldProduct> {
        let mut sold: Vec<&SoldProduct> = self.sold_products().collect();
        sold.sort_by(|one, other| {
            let pieces = other.sales.count.cmp(&one.sales.count);
            let money = other.sales.sum.cmp(&one.sales.sum);
            let [first, second] = match ranking {
                Ranking::Pieces => [pieces, money],
                Ranking::Money => [money, pieces],
            };
            first
                .then(second)
                .then_with(|| (&one.name, &one.product).cmp(&(&other.name, &other.product)))
        });
        sold
    }

    /// The number of products that were sold.
    #[must_use]
    pub(crate) fn products_sold(&self) -> usize {
        self.sold_products().count()
    }

    /// The sales of each category of today's catalog, with its name: the pieces and their price,
    /// the highest price first. The category of what is no longer sold, or has none, is "".
    #[must_use]
    pub fn categories(&self, catalog: &Catalog) -> Vec<(String, Sales)> {
        let mut categories: BTreeMap<String, Sales> = BTreeMap::new();
        for sold in self.sold_products() {
            let category = catalog.get(&sold.product).map_or("", |item| item.category);
            let sales = categories.entry(category.to_owned()).or_default();
            sales.count(Tally::Add, sold.sales.count, sold.sales.sum);
        }

        let mut categories: Vec<(String, Sales)> = categories.into_iter().collect();
        categories.sort_by_key(|(_, sales)| Reverse(sales.sum));
        categories
    }

    /// The pieces that were sold of a product.
    #[must_use]
    pub(crate) fn pieces_of(&self, product: &ProductId) -> u64 {
        let sold = self.products.get(product);
        sold.map_or(0, |sold| sold.sales.count)
    }

    /// The products of which fewer than ten are left, or fewer than were sold: the fewest first.
    #[must_use]
    pub(crate) fn low_in_stock(&self, catalog: &Catalog) -> Vec<LowProduct> {
        let test = LowStock::beside(Some(self));
        let mut low: Vec<LowProduct> = catalog
            .iter()
            .filter_map(|item| {
                let left = test.low(&item)?;
                let product = item.product_id();
                Some(LowProduct {
                    name: item.name.to_owned(),
                    left,
                    sold: self.pieces_of(&product),
                    product,
                })
            })
            .collect();

        low.sort_by(|one, other| (one.left, &one.name).cmp(&(other.left, &other.name)));
        low
    }
}

/// Tells which products are low in stock: fewer than ten are left, or fewer than were sold.
#[derive(Debug, Clone, Copy)]
pub struct LowStock<'a> {
    sold: Option<&'a Figures>,
    /// The number of pieces that is enough for any product.
    enough: u64,
}

impl<'a> LowStock<'a> {
    /// By what these figures say was sold; without them, by the stock alone.
    #[must_use]
    pub fn beside(sold: Option<&'a Figures>) -> LowStock<'a> {
        let products = sold.into_iter().flat_map(Figures::sold_products);
        let most_sold = products.map(|sold| sold.sales.count).max();
        LowStock {
            sold,
            enough: LOW_STOCK.max(most_sold.unwrap_or(0)),
        }
    }

    /// The pieces that are left of a product that is low.
    #[must_use]
    pub fn low(&self, item: &Item<'_>) -> Option<u64> {
        let left = match item.stock {
            Stock::Left(left) if left < self.enough => left,
            Stock::Left(_) | Stock::Unlimited | Stock::Unreadable => return None,
        };
        let is_low = left < LOW_STOCK || {
            let sold = self.sold.map(|sold| sold.pieces_of(&item.product_id()));
            sold.is_some_and(|sold| left < sold)
        };
        is_low.then_some(left)
    }
}

/// The beginning of the hour of a moment, in Unix milliseconds, as the clocks of `zone` show it.
pub(super) fn hour(at: u64, zone: &TimeZone) -> DateTime {
    let shown = local(at, zone);
    shown.date().at(shown.hour(), 0, 0, 0)
}
