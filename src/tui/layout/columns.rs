//! The columns of the lists, which drawing and the mouse both read. They have the room that the
//! rows on the screen need in the catalog, and all lines in the cart.

use super::from::needed_for_from;
use super::money;
use crate::config::display::Charset;
use crate::config::theme::{ASCENDING, DESCENDING, PENDING, SHORT, UNLIMITED, UNLIMITED_IN_ASCII};
use crate::model::product::WITHOUT_PRICE;
use crate::model::total::ProductLookup;
use crate::model::{CartLine, Item, Money, ProductId, Quantity, Sort, Stock, text, total};
use crate::tui::state::State;
use ratatui::layout::Rect;
use std::borrow::Cow;

/// The columns that a name keeps when other columns grow.
const LEAST_NAME: u16 = 12;
/// The columns that a name keeps where the cart says who asked for a line.
const ROOMY_NAME: u16 = 18;
/// The least columns for who asked for a line.
const LEAST_BY: u16 = 8;
/// The columns that who asked for a line gets before its name gets more than it needs.
const ROOMY_BY: u16 = 16;
/// The most columns for a name beside who asked for the line.
const WIDEST_NAME: u16 = 36;
/// The heading of the column for how many are in the cart.
pub(crate) const IN_CART: &str = "Cart";
/// The columns of a bar.
const SHARE: u16 = 5;

/// A column of the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CatalogColumn {
    Name,
    Category,
    Unit,
    Price,
    Stock,
    InCart,
}

/// The widths of the catalog's columns, 0 for those that have no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CatalogColumns {
    pub(crate) name: u16,
    pub(crate) category: u16,
    /// For what one piece is.
    pub(crate) unit: u16,
    /// For the price of one.
    pub(crate) price: u16,
    /// For how many the shop has.
    pub(crate) stock: u16,
    /// For how many are in the cart.
    pub(crate) in_cart: u16,
    /// The digits after the point that the prices make room for.
    pub(crate) decimals: usize,
}

/// The columns that the widest texts of a list need.
#[derive(Debug, Clone, Copy, Default)]
struct NeededWidths {
    price: usize,
    stock: usize,
    quantity: usize,
    by: usize,
    total: usize,
}

impl CatalogColumns {
    /// The columns for the products that show in `rows`.
    #[must_use]
    pub(crate) fn of(state: &State, rows: Rect) -> CatalogColumns {
        let products: Vec<Item<'_>> = visible(state, rows).collect();
        let prices = products.iter().map(|product| product.price);
        let decimals = money::decimals(&state.shop.currency, prices.clone().flatten());

        // The sign of the sorting has its room before it comes, so that nothing jumps then.
        let mut needed = NeededWidths {
            quantity: text::width(IN_CART) + text::width(ASCENDING),
            ..NeededWidths::default()
        };
        // Of prices that line up the highest is the widest. The least is none at all, if there is one.
        for price in prices.clone().min().into_iter().chain(prices.max()) {
            let shown = self::price(state, price, decimals);
            needed.price = needed.price.max(text::width(&shown));
        }
        for product in products {
            let stock = stock(state.env.display.charset, product.stock);
            let in_cart = in_cart(state, &product.product_id());
            needed.stock = needed.stock.max(text::width(&stock));
            needed.quantity = needed.quantity.max(text::width(&in_cart));
        }

        CatalogColumns {
            decimals,
            ..CatalogColumns::fitting(rows.width, needed)
        }
    }

    fn fitting(width: u16, needed: NeededWidths) -> CatalogColumns {
        let mut in_cart = 4;
        let mut stock = if width >= 40 { 5 } else { 0 };
        // Without a column for the stock, that of the price says what is sold out.
        let mut price = if stock > 0 { 7 } else { 8 };
        let unit = if width >= 54 { 10 } else { 0 };
        let category = if width >= 80 { 18 } else { 0 };

        // The name has the rest.
        let optional = [stock, unit, category].into_iter();
        let gaps = 2 + optional.map(|column| u16::from(column > 0)).sum::<u16>();
        let mut name = width.saturating_sub(price + in_cart + stock + unit + category + gaps);

        grow(&mut price, needed.price, &mut name);
        grow(&mut in_cart, needed.quantity, &mut name);
        grow(&mut stock, needed.stock, &mut name);
        CatalogColumns {
            name,
            category,
            unit,
            price,
            stock,
            in_cart,
            decimals: 2,
        }
    }

    /// The column at `x` from the left of the rows, with the gap behind it.
    #[must_use]
    pub(crate) fn column_at(&self, x: u16) -> Option<CatalogColumn> {
        let columns = [
            (CatalogColumn::Name, self.name),
            (CatalogColumn::Category, self.category),
            (CatalogColumn::Unit, self.unit),
            (CatalogColumn::Price, self.price),
            (CatalogColumn::Stock, self.stock),
            (CatalogColumn::InCart, self.in_cart),
        ];

        let mut end = 0;
        for (column, width) in columns {
            if width == 0 {
                continue;
            }
            end += width + 1;
            if x < end {
                return Some(column);
            }
        }
        None
    }
}

/// The heading of a column, with a sign where the products are sorted by it: whether the least or
/// the most comes first. It stands where the heading has room, so that the heading stays in place.
#[must_use]
pub(crate) fn heading(state: &State, name: &str, by: Sort) -> String {
    let sorting = state.catalog.sorting_in_force();
    let Some(sorting) = sorting.filter(|sorting| sorting.by == by) else {
        return name.to_owned();
    };

    let sign = if sorting.is_ascending() {
        ASCENDING
    } else {
        DESCENDING
    };
    match by {
        Sort::Category | Sort::Name => format!("{name}{sign}"),
        Sort::Price | Sort::InCart | Sort::Stock => format!("{sign}{name}"),
    }
}

/// The products whose rows show.
pub(crate) fn visible(state: &State, rows: Rect) -> impl Iterator<Item = Item<'_>> {
    let top = state.catalog.scroll.top;
    (top..top + usize::from(rows.height)).map_while(|row| state.catalog.row(row))
}

/// The price as the catalog shows it.
#[must_use]
pub(crate) fn price(state: &State, price: Option<Money>, decimals: usize) -> String {
    match price {
        Some(price) => money::aligned_in(&state.shop.currency, price, decimals),
        None => WITHOUT_PRICE.to_owned(),
    }
}

/// The stock as the catalog shows it.
#[must_use]
pub(crate) fn stock(charset: Charset, stock: Stock) -> Cow<'static, str> {
    let word = match stock {
        Stock::Unlimited => match charset {
            Charset::Unicode => UNLIMITED,
            Charset::Ascii => UNLIMITED_IN_ASCII,
        },
        Stock::Left(0) => "none",
        Stock::Left(n) => return Cow::Owned(n.to_string()),
        Stock::Unreadable => "?",
    };
    Cow::Borrowed(word)
}

/// The quantity in the cart, as the catalog shows it.
#[must_use]
pub(crate) fn in_cart(state: &State, product: &ProductId) -> String {
    let pending = pending_sign(state, product);
    match state.cart.shown.quantity(product) {
        0 => pending.to_owned(),
        n => format!("{n}{pending}"),
    }
}

/// The quantity of a line, as the cart shows it.
#[must_use]
pub(crate) fn quantity(state: &State, line: &CartLine) -> String {
    match &line.quantity {
        Quantity::Whole(n) => {
            let is_short = total::short(line, state.lookup(&line.product)).is_some();
            let short = if is_short { SHORT } else { "" };
            format!("{short}{n}{}", pending_sign(state, &line.product))
        }
        Quantity::Damaged(score) => score.clone(),
    }
}

/// The sign behind a quantity whose change is not confirmed yet; else nothing.
fn pending_sign(state: &State, product: &ProductId) -> &'static str {
    if state.cart.is_unconfirmed(product) {
        PENDING
    } else {
        ""
    }
}

/// The widths of the cart's columns, 0 for those that have no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CartColumns {
    pub(crate) quantity: u16,
    pub(crate) name: u16,
    /// For who asked for it.
    pub(crate) by: u16,
    /// For the price of one.
    pub(crate) price: u16,
    /// For its share of the subtotal, as a bar.
    pub(crate) share: u16,
    /// For the price of all.
    pub(crate) total: u16,
    /// The digits after the point that the prices make room for.
    pub(crate) price_decimals: usize,
    /// The digits after the point that the totals make room for.
    pub(crate) total_decimals: usize,
}

impl CartColumns {
    /// The columns for all lines in `rows`, whichever show: how many do depends on the columns.
    #[must_use]
    pub(crate) fn of(state: &State, rows: Rect) -> CartColumns {
        let mut prices = Vec::new();
        let mut totals = Vec::new();
        let mut needed = NeededWidths::default();
        for line in &state.cart.shown.lines {
            let product = state.lookup(&line.product);
            if let ProductLookup::Product(product) = product {
                prices.extend(product.price);
            }
            totals.extend(total::line(line, product).1);
            let quantity = quantity(state, line);
            needed.quantity = needed.quantity.max(text::width(&quantity));
            needed.by = needed.by.max(needed_for_from(&line.portions()));
        }

        let currency = &state.shop.currency;
        let price_decimals = money::decimals(currency, prices.iter().copied());
        let total_decimals = money::decimals(currency, totals.iter().copied());
        // A price that changed has a sign before it, and so has the total where no price shows.
        needed.price = money::widest(currency, prices.into_iter(), price_decimals) + 1;
        needed.total = money::widest(currency, totals.into_iter(), total_decimals) + 1;

        CartColumns {
            price_decimals,
            total_decimals,
            ..CartColumns::fitting(rows.width, needed)
        }
    }

    fn fitting(width: u16, needed: NeededWidths) -> CartColumns {
        // As wide as their headings, at least.
        let mut quantity = 4;
        let mut total = 6;
        let mut price = if width >= 40 { 5 } else { 0 };

        // The name has the rest, and gives of it to those that need more.
        let gaps = 2 + u16::from(price > 0);
        let mut name = width.saturating_sub(quantity + total + price + gaps);
        grow(&mut total, needed.total, &mut name);
        grow(&mut quantity, needed.quantity, &mut name);
        grow(&mut price, needed.price, &mut name);

        // Who asked for a line says more than a bar of its share: the bar goes first.
        let share = if name >= ROOMY_NAME + LEAST_BY + SHARE + 2 {
            SHARE
        } else {
            0
        };
        if share > 0 {
            name -= share + 1;
        }

        let room = name.saturating_sub(ROOMY_NAME + 1);
        // A name is never cut: where one has no room, all stand below their lines.
        let needed_by = u16::try_from(needed.by).unwrap_or(u16::MAX);
        let mut by = if price > 0 && room >= LEAST_BY.max(needed_by) {
            room.min(ROOMY_BY.max(needed_by))
        } else {
            0
        };
        if by > 0 {
            name -= by + 1;
            by += name.saturating_sub(WIDEST_NAME);
            name = name.min(WIDEST_NAME);
        }

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

    /// The columns of a line that does not count: it has no price to show, so that its name,
    /// with the reason before it, takes that room, too.
    #[must_use]
    pub(crate) fn without_price(self) -> CartColumns {
        let spare: u16 = [self.by, self.price, self.share]
            .into_iter()
            .filter(|width| *width > 0)
            .map(|width| width + 1)
            .sum();
        CartColumns {
            name: self.name + spare,
            by: 0,
            price: 0,
            share: 0,
            ..self
        }
    }
}

/// Widens a column that shows to what it needs, as far as the name can spare it.
fn grow(column: &mut u16, needed: usize, name: &mut u16) {
    if *column == 0 {
        return;
    }
    let needed = u16::try_from(needed).unwrap_or(u16::MAX);
    let more = needed
        .saturating_sub(*column)
        .min(name.saturating_sub(LEAST_NAME));
    *column += more;
    *name -= more;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_never_exceed_their_rows() {
        for need in [0, 5, 9, 12, 25, 200] {
            let needed = NeededWidths {
                price: need,
                stock: need,
                quantity: need,
                by: need,
                total: need,
            };
            for width in 24..300 {
                let c = CatalogColumns::fitting(width, needed);
                let all = [c.name, c.category, c.unit, c.price, c.stock, c.in_cart];
                let used: u16 = all.iter().filter(|w| **w > 0).map(|w| w + 1).sum();
                assert!(used <= width + 1, "{width}: {c:?}");
                assert_eq!(c.column_at(0), Some(CatalogColumn::Name));
                assert_eq!(c.column_at(width - 1), Some(CatalogColumn::InCart));

                let c = CartColumns::fitting(width, needed);
                let all = [c.quantity, c.name, c.by, c.price, c.total, c.share];
                let used: u16 = all.iter().filter(|w| **w > 0).map(|w| w + 1).sum();
                assert!(used <= width + 1, "{width}: {c:?}");
            }
        }
    }

    #[test]
    fn long_amounts_take_the_room_of_the_name() {
        let needed = NeededWidths {
            price: 22,
            stock: 4,
            quantity: 4,
            by: 3,
            total: 24,
        };
        let c = CartColumns::fitting(90, needed);
        assert_eq!((c.price, c.total), (22, 24));
        assert_eq!(CatalogColumns::fitting(64, needed).price, 22);
    }
}
