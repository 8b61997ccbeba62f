//! The figures of a day, as their page shows them.

use crate::model::figures::{Figures, LowProduct, Ranking, Sales};
use crate::model::time::local;
use crate::model::{Catalog, Daybook, Order, Period, ProductId};
use crate::tui::state::scroll::Scroll;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::cell::OnceCell;
use std::collections::BTreeSet;

/// The time whose figures show, by the days of the shop.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ShownTime {
    /// Today, whichever day that is.
    #[default]
    Today,
    /// A day.
    Day(Date),
    /// The time between two ends, as they were typed.
    Typed {
        /// Its beginning; today where there is none.
        since: Option<String>,
        /// Its end.
        until: Option<String>,
    },
}

impl ShownTime {
    /// The period that is meant at `now` (Unix milliseconds), by the calendar and the clocks of
    /// `zone`. One that has no end, or can't be read, ends with today.
    #[must_use]
    pub(in crate::tui) fn period(&self, now: u64, zone: &TimeZone) -> Period {
        let present = local(now, zone).date();
        let today = Period::of_day(present, zone);
        match self {
            ShownTime::Today => today,
            ShownTime::Day(day) => Period::of_day(*day, zone),
            ShownTime::Typed { since, until } => {
                let since = since.as_deref().unwrap_or("today");
                let period = Period::parse(Some(since), until.as_deref(), now, zone);
                period.map_or(today, |period| Period {
                    since: period.since,
                    until: period.until.or(today.until),
                })
            }
        }
    }
}

/// The reading of figures that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FiguresReading {
    /// Its number.
    pub number: u64,
    /// The orders that were read so far.
    pub orders: usize,
}

/// The figures that were read.
#[derive(Debug, Clone)]
pub struct Figured {
    /// The figures.
    pub book: Daybook,
    /// All products.
    pub catalog: Catalog,
}

/// The figures of a day, and how they show.
#[derive(Debug, Default)]
pub struct TodayState {
    /// The time that is asked for.
    pub time: ShownTime,
    /// The figures as they were read, and every order that came or changed since; `None` before.
    pub figured: Option<Box<Figured>>,
    /// The sales of each category, once they were asked for.
    categories: OnceCell<Vec<(String, Sales)>>,
    /// The products that are low in stock, once they were asked for.
    low: OnceCell<Vec<LowProduct>>,
    /// The measure of a well sold product.
    pub ranking: Ranking,
    /// The position among the best sold products.
    pub best: Scroll,
    /// Where there is no room for both, the hours show in place of the products.
    pub shows_hours: bool,
    /// The reading that is under way.
    pub reading: Option<FiguresReading>,
    /// The number of readings so far.
    pub readings: u64,
    /// The orders that came or changed while that goes on.
    pub meanwhile: Vec<Order>,
    /// Something was missed since the figures were read.
    pub is_outdated: bool,
    /// Why the last reading failed, where it did.
    pub failure: Option<String>,
    /// The products whose stock may have changed since the last minute.
    pub touched: BTreeSet<ProductId>,
}

impl TodayState {
    /// The figures.
    #[must_use]
    pub fn book(&self) -> Option<&Daybook> {
        self.figured.as_deref().map(|figured| &figured.book)
    }

    /// The selected one of the best sold products.
    #[must_use]
    pub(in crate::tui) fn selected(&self) -> Option<ProductId> {
        let sold = self.book()?.figures().best_sold(self.ranking);
        let selected = sold.get(self.best.cursor)?;
        Some(selected.product.clone())
    }

    /// The figures of today's sales; `None` where they were not read.
    #[must_use]
    pub(in crate::tui) fn sold_today(&self) -> Option<&Figures> {
        let book = self.book().filter(|_| self.time == ShownTime::Today)?;
        Some(book.figures())
    }

    /// The sales of each category: the highest price first.
    pub(in crate::tui) fn categories(&self) -> &[(String, Sales)] {
        self.categories.get_or_init(|| {
            let figured = self.figured.as_deref();
            figured.map_or_else(Vec::new, |it| it.book.figures().categories(&it.catalog))
        })
    }

    /// The products that are low in stock. All products are looked through for them.
    pub(in crate::tui) fn low(&self) -> &[LowProduct] {
        self.low.get_or_init(|| {
            let figured = self.figured.as_deref();
            figured.map_or_else(Vec::new, |it| it.book.figures().low_in_stock(&it.catalog))
        })
    }

    /// Has counted anew what depends on the catalog, once it is asked for.
    pub(in crate::tui) fn recount(&mut self) {
        self.categories.take();
        self.low.take();
    }
}
