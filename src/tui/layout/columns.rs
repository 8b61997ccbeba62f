//! The columns of the lists: drawing and the mouse both read them. Amounts get the room
//! that those on the screen need.

use super::money;
use crate::config::theme::{PENDING, UNLIMITED};
use crate::model::{CartLine, Item, Money, ProductId, Quantity, Stock, text, total};
use crate::tui::state::State;
use ratatui::layout::Rect;

/// What a name keeps when other columns grow.
const LEAST_NAME: u16 = 12;
/// What a name keeps where the cart says who added it.
const ROOMY_NAME: u16 = 18;
/// The least columns for who added a line.
const LEAST_BY: u16 = 8;
/// The columns of a bar.
const SHARE: u16 = 5;

/// The catalog's columns: their widths, 0 for those that have no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogColumns {
    /// The product's name.
    pub name: u16,
    /// Its category.
    pub category: u16,
    /// What one piece is.
    pub unit: u16,
    /// The price of one.
    pub price: u16,
    /// How many the shop has.
    pub stock: u16,
    /// How many are in the cart.
    pub inside: u16,
    /// The digits after the point that the prices make room for.
    pub decimals: usize,
}

/// Columns that hold what the rows on the screen have to say.
#[derive(Debug, Clone, Copy, Default)]
struct Needs {
    price: usize,
    stock: usize,
    quantity: usize,
    total: usize,
}

impl CatalogColumns {
    /// The columns for the rows that show in `rows`.
    #[must_use]
    pub fn of(state: &State, rows: Rect) -> CatalogColumns {
        let shown = || visible(state, rows);
        let decimals = money::decimals(shown().filter_map(|product| product.price));
        let mut needs = Needs::default();
        for product in shown() {
            needs.price = needs
                .price
                .max(text::width(&price(state, &product, decimals)));
            needs.stock = needs.stock.max(text::width(&stock(product.stock)));
            needs.quantity = needs
                .quantity
                .max(text::width(&inside(state, &product.product_id())));
        }
        CatalogColumns {
            decimals,
            ..CatalogColumns::fitting(rows.width, needs)
        }
    }

    fn fitting(width: u16, needs: Needs) -> CatalogColumns {
        let (mut price, mut inside) = (8, 4);
        let mut stock = if width >= 40 { 5 } else { 0 };
        let unit = if width >= 54 { 10 } else { 0 };
        let category = if width >= 80 { 18 } else { 0 };
        let gaps = 2 + [stock, unit, category]
            .iter()
            .map(|column| u16::from(*column > 0))
            .sum::<u16>();
        let mut name = width.saturating_sub(price + inside + stock + unit + category + gaps);
        for (column, need) in [
            (&mut price, needs.price),
            (&mut inside, needs.quantity),
            (&mut stock, needs.stock),
        ] {
            grow(column, need, &mut name);
        }
        CatalogColumns {
            name,
            category,
            unit,
            price,
            stock,
            inside,
            decimals: 2,
        }
    }

    /// The place of the column at `x` from the left of the rows: 0 name, 1 category, 2 unit,
    /// 3 price, 4 stock, 5 cart.
    #[must_use]
    pub fn at(&self, x: u16) -> Option<usize> {
        let widths = [
            self.name,
            self.category,
            self.unit,
            self.price,
            self.stock,
            self.inside,
        ];
        let mut left = 0;
        for (place, width) in widths
            .into_iter()
            .enumerate()
            .filter(|(_, width)| *width > 0)
        {
            left += width + 1;
            if x < left {
                return Some(place);
            }
        }
        None
    }
}

/// The products whose rows show.
pub fn visible(state: &State, rows: Rect) -> impl Iterator<Item = Item<'_>> {
    let top = state.catalog.scroll.top;
    (top..top + usize::from(rows.height)).map_while(|place| state.catalog.row(place))
}

/// The price as the catalog shows it.
#[must_use]
pub fn price(state: &State, product: &Item<'_>, decimals: usize) -> String {
    match product.price {
        Some(price) => format!("{}{}", state.shop.currency, money::aligned(price, decimals)),
        None => "no price".to_owned(),
    }
}

/// The stock as the catalog shows it.
#[must_use]
pub fn stock(stock: Stock) -> String {
    match stock {
        Stock::Unlimited => UNLIMITED.to_owned(),
        Stock::Left(0) => "none".to_owned(),
        Stock::Left(n) => n.to_string(),
        Stock::Unreadable => "?".to_owned(),
    }
}

/// How many are in the cart, as the catalog shows it.
#[must_use]
pub fn inside(state: &State, product: &ProductId) -> String {
    let pending = if state.cart.is_unconfirmed(product) {
        PENDING
    } else {
        ""
    };
    match state.cart.shown.quantity(product) {
        0 => pending.to_owned(),
        n => format!("{n}{pending}"),
    }
}

/// The cart's columns: their widths, 0 for those that have no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CartColumns {
    /// How many.
    pub quantity: u16,
    /// The product's name.
    pub name: u16,
    /// Who added it.
    pub by: u16,
    /// The price of one.
    pub price: u16,
    /// Its share of the subtotal, as a bar.
    pub share: u16,
    /// The price of all.
    pub total: u16,
    /// The digits after the point that the prices make room for.
    pub price_decimals: usize,
    /// The same for the totals.
    pub total_decimals: usize,
}

impl CartColumns {
    /// The columns for the lines that show in `rows`.
    #[must_use]
    pub fn of(state: &State, rows: Rect, subtotal: Money) -> CartColumns {
        let shown = || {
            state
                .cart
                .shown
                .lines
                .iter()
                .skip(state.cart.scroll.top)
                .take(rows.height.into())
        };
        let known = |line: &CartLine| state.lookup(&line.product);
        let prices = || shown().filter_map(|line| state.catalog.catalog.get(&line.product)?.price);
        let sums = || shown().filter_map(|line| total::line(line, known(line)).1);
        let price_decimals = money::decimals(prices());
        let total_decimals = money::decimals(sums().chain([subtotal]));
        let widest = |amounts: &mut dyn Iterator<Item = Money>, decimals| {
            amounts
                .map(|amount| money::aligned(amount, decimals).len())
                .max()
                .unwrap_or(0)
        };
        let quantities = shown().map(|line| text::width(&quantity(state, line)));
        let needs = Needs {
            // With the mark of a price that changed.
            price: widest(&mut prices(), price_decimals) + 1,
            total: widest(&mut sums(), total_decimals),
            quantity: quantities.max().unwrap_or(0),
            stock: 0,
        };
        CartColumns {
            price_decimals,
            total_decimals,
            ..CartColumns::fitting(rows.width, needs)
        }
    }

    fn fitting(width: u16, needs: Needs) -> CartColumns {
        let (mut quantity, mut total) = (4, 7);
        let mut price = if width >= 40 { 7 } else { 0 };
        let gaps = 2 + u16::from(price > 0);
        let mut name = width.saturating_sub(quantity + total + price + gaps);
        for (column, need) in [
            (&mut total, needs.total),
            (&mut quantity, needs.quantity),
            (&mut price, needs.price),
        ] {
            grow(column, need, &mut name);
        }
        // Who added it says more than a bar of its share: that is the first to go.
        let share = if name >= ROOMY_NAME + LEAST_BY + SHARE + 2 {
            SHARE
        } else {
            0
        };
        name -= if share > 0 { share + 1 } else { 0 };
        let by = match name.saturating_sub(ROOMY_NAME + 1) {
            room @ LEAST_BY.. if price > 0 => room.min(16),
            _ => 0,
        };
        name -= if by > 0 { by + 1 } else { 0 };
        CartColumns {
            quantity,
            name,
            by,
            price,
            share,
            total,
            price_decimals: 2,
            total_decimals: 2,
        }
    }
}

/// The quantity as the cart shows it.
#[must_use]
pub fn quantity(state: &State, line: &CartLine) -> String {
    let pending = if state.cart.is_unconfirmed(&line.product) {
        PENDING
    } else {
        ""
    };
    match &line.quantity {
        Quantity::Whole(n) => format!("{n}{pending}"),
        Quantity::Damaged(score) => score.clone(),
    }
}

/// Widens a column that shows to what it needs, as far as the name can spare it.
fn grow(column: &mut u16, need: usize, name: &mut u16) {
    let more = u16::try_from(need)
        .unwrap_or(u16::MAX)
        .saturating_sub(*column);
    if *column > 0 {
        let more = more.min(name.saturating_sub(LEAST_NAME));
        *column += more;
        *name -= more;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_never_exceed_their_rows() {
        for need in [0, 5, 9, 12, 25, 200] {
            let needs = Needs {
                price: need,
                stock: need,
                quantity: need,
                total: need,
            };
            for width in 24..300 {
                let c = CatalogColumns::fitting(width, needs);
                let all = [c.name, c.category, c.unit, c.price, c.stock, c.inside];
                let used: u16 = all.iter().filter(|w| **w > 0).map(|w| w + 1).sum();
                assert!(used <= width + 1, "{width}: {c:?}");
                assert_eq!(c.at(0), Some(0));
                assert_eq!(c.at(width - 1), Some(5));
                let c = CartColumns::fitting(width, needs);
                let all = [c.quantity, c.name, c.by, c.price, c.total, c.share];
                let used: u16 = all.iter().filter(|w| **w > 0).map(|w| w + 1).sum();
                assert!(used <= width + 1, "{width}: {c:?}");
            }
        }
    }

    #[test]
    fn long_amounts_take_the_room_of_the_name() {
        let needs = Needs {
            price: 22,
            stock: 4,
            quantity: 4,
            total: 24,
        };
        let c = CartColumns::fitting(90, needs);
        assert_eq!((c.price, c.total), (22, 24));
        assert_eq!(CatalogColumns::fitting(64, needs).price, 22);
    }
}
