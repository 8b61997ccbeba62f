//! The places of what the figures' page shows.

use crate::tui::staff::state::StaffState;
use ratatui::layout::{Margin, Rect};

/// The columns below which either the products or the hours show.
const LEAST_FOR_BOTH: u16 = 76;
/// The least columns of the products beside the hours.
const LEAST_PRODUCTS: u16 = 42;
/// The rows from which on each figure has a column of its own.
const LEAST_FOR_COLUMNS: u16 = 23;
/// The rows below which nothing but the figures shows.
const LEAST_FOR_PRODUCTS: u16 = 9;
/// The rows of products from which on what is low in stock has several of them.
const LEAST_FOR_LOW: u16 = 12;
/// The rows of products from which on the categories show below them.
const LEAST_FOR_CATEGORIES: u16 = 17;
/// The rows that the best sold products keep.
const BEST_ROWS: u16 = 10;
/// The most rows of what is low in stock, and of the categories.
const MOST_LOW: u16 = 3;
const MOST_CATEGORIES: u16 = 8;

/// The places of all that the page shows.
#[derive(Debug)]
pub(in crate::tui) struct TodayLayout {
    /// The frame of the figures.
    pub(in crate::tui) figures: Rect,
    /// Each figure has a column, with its name above it.
    pub(in crate::tui) has_columns: bool,
    /// The frame of the hours.
    pub(in crate::tui) hours: Option<Rect>,
    /// The frame of the products.
    pub(in crate::tui) products: Option<ProductPlaces>,
}

/// The places of what is told of products.
#[derive(Debug)]
pub(in crate::tui) struct ProductPlaces {
    /// The frame.
    pub(in crate::tui) frame: Rect,
    /// The rows of those that were sold.
    pub(in crate::tui) best: Rect,
    /// The rows of the categories.
    pub(in crate::tui) categories: Rect,
    /// The rows of what is low in stock.
    pub(in crate::tui) low: Rect,
}

impl TodayLayout {
    /// The layout of the page as it is now.
    #[must_use]
    pub(in crate::tui) fn of(state: &StaffState) -> TodayLayout {
        let body = state.body();
        let has_both = shows_both(state);
        let has_columns = has_both && body.height >= LEAST_FOR_COLUMNS;
        let height = match () {
            () if body.height < LEAST_FOR_PRODUCTS => body.height,
            () if has_columns => 5,
            () if has_both => 3,
            () => 4,
        };
        let [figures, rest] = split_rows(body, height);
        let mut layout = TodayLayout {
            figures,
            has_columns,
            hours: None,
            products: None,
        };
        if rest.height == 0 {
            return layout;
        }

        if has_both {
            let width = LEAST_PRODUCTS.max(rest.width * 48 / 100);
            let hours = Rect {
                width: rest.width - width,
                ..rest
            };
            let products = Rect {
                x: hours.right(),
                width,
                ..rest
            };
            layout.hours = Some(hours);
            layout.products = Some(ProductPlaces::of(state, products));
        } else if state.today.shows_hours {
            layout.hours = Some(rest);
        } else {
            layout.products = Some(ProductPlaces::of(state, rest));
        }
        layout
    }

    /// The number of the best sold products that show.
    #[must_use]
    pub(in crate::tui) fn page(&self) -> usize {
        let products = self.products.as_ref();
        products.map_or(0, |products| products.best.height.into())
    }
}

/// Returns whether the hours show beside the products.
#[must_use]
pub(in crate::tui) fn shows_both(state: &StaffState) -> bool {
    state.body().width >= LEAST_FOR_BOTH
}

impl ProductPlaces {
    fn of(state: &StaffState, frame: Rect) -> ProductPlaces {
        let inner = frame.inner(Margin::new(1, 1));
        let low = rows(state.today.low().len());
        let low = match inner.height {
            LEAST_FOR_LOW.. => low.min(MOST_LOW),
            4.. => low.min(1),
            _ => 0,
        };
        let below = below_rule(low);
        let categories = if inner.height >= LEAST_FOR_CATEGORIES {
            let room = inner.height.saturating_sub(BEST_ROWS + below + 1);
            let categories = rows(state.today.categories().len());
            categories.min(MOST_CATEGORIES).min(room)
        } else {
            0
        };

        let used = below_rule(categories) + below;
        let [best, rest] = split_rows(inner, inner.height - used);
        let [middle, end] = split_rows(rest, below_rule(categories));
        ProductPlaces {
            frame,
            best,
            categories: last_rows(middle, categories),
            low: last_rows(end, low),
        }
    }
}

/// The rows that some of them take below a line, which none need.
fn below_rule(rows: u16) -> u16 {
    if rows == 0 { 0 } else { rows + 1 }
}

fn last_rows(area: Rect, rows: u16) -> Rect {
    Rect {
        y: area.bottom() - rows,
        height: rows,
        ..area
    }
}

fn rows(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

/// The first rows of an area, and the others.
fn split_rows(area: Rect, first: u16) -> [Rect; 2] {
    let first = first.min(area.height);
    [
        Rect {
            height: first,
            ..area
        },
        Rect {
            y: area.y + first,
            height: area.height - first,
            ..area
        },
    ]
}
