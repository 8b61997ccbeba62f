//! The page with the figures: which time it shows, and what came or changed since they were read.

use super::Updater;
use crate::config::keymap::Motion;
use crate::model::daybook::Posted;
use crate::model::figures::Ranking;
use crate::model::time::local;
use crate::model::{Order, Product, ProductId};
use crate::store::board::BoardEvent;
use crate::tui::staff::layout::today::{TodayLayout, shows_both};
use crate::tui::staff::message::{ProductsJob, StaffEffect};
use crate::tui::staff::state::Page;
use crate::tui::staff::state::today::{Figured, FiguresReading, ShownTime};
use crate::tui::state::Connectivity;
use crate::tui::state::UnknownChange;
use crate::tui::state::scroll::Scroll;
use crate::tui::update::motion::moved;
use jiff::ToSpan;

impl Updater<'_> {
    /// Tells whether the page shows figures.
    fn shows_figures(&self) -> bool {
        match self.state.page {
            Page::Today => true,
            // What today sold stands beside the stock.
            Page::Products => self.state.today.time == ShownTime::Today,
            Page::Board | Page::Ready | Page::Shop => false,
        }
    }

    /// Reads the figures where they show, unless they are known.
    pub(super) fn look_at_figures(&mut self) {
        let today = &self.state.today;
        let is_known = today.figured.is_some() && !today.is_outdated;
        if self.shows_figures() && !is_known && today.reading.is_none() {
            self.read_figures();
        }
    }

    fn read_figures(&mut self) {
        // When the link comes up, they are read.
        if self.state.connectivity != Connectivity::Live {
            self.state.today.is_outdated = true;
            return;
        }

        let today = &mut self.state.today;
        today.readings += 1;
        today.reading = Some(FiguresReading {
            number: today.readings,
            orders: 0,
        });
        today.is_outdated = false;
        today.meanwhile.clear();

        self.effects.push(StaffEffect::ReadFigures {
            number: today.readings,
            time: today.time.clone(),
        });
    }

    /// Shows the figures of another time.
    fn show_time(&mut self, time: ShownTime) {
        let today = &mut self.state.today;
        if today.time != time {
            today.time = time;
            today.best = Scroll::default();
            self.read_figures();
        }
    }

    /// Shows those of today, and keeps them current.
    pub(super) fn show_today(&mut self) {
        self.show_time(ShownTime::Today);
    }

    /// Shows those of so many days later, or earlier; none of a day that is to come.
    pub(super) fn step_days(&mut self, days: i64) {
        let Some(book) = self.state.today.book() else {
            return;
        };

        let present = local(self.state.server_now(), book.zone()).date();
        let shown = match self.state.today.time {
            ShownTime::Today => present,
            ShownTime::Day(day) => day,
            ShownTime::Typed { .. } => book.last_day().min(present),
        };
        let day = shown.saturating_add(days.days());

        self.show_time(if day < present {
            ShownTime::Day(day)
        } else {
            ShownTime::Today
        });
    }

    /// Shows the products with the highest price first, or those with the most pieces.
    pub(super) fn toggle_ranking(&mut self) {
        let today = &mut self.state.today;
        today.best = Scroll::default();
        today.ranking = match today.ranking {
            Ranking::Pieces => Ranking::Money,
            Ranking::Money => Ranking::Pieces,
        };
    }

    /// Goes from the products to the hours, where only one of them shows, and from there to the
    /// next page.
    pub(super) fn leave_figures(&mut self) {
        let has_more = !shows_both(self.state) && !self.state.today.shows_hours;
        self.state.today.shows_hours = has_more;
        if !has_more {
            self.show(Page::Products);
        }
    }

    /// Shows the products, and edits the selected one of those that were sold best.
    pub(super) fn edit_best_sold(&mut self) {
        let selected = self.state.today.selected();
        let selected = selected.filter(|_| TodayLayout::of(self.state).page() > 0);
        self.show(Page::Products);
        if let Some(product) = selected {
            self.edit_product(product);
        }
    }

    pub(super) fn move_in_best_sold(&mut self, motion: Motion) {
        let page = TodayLayout::of(self.state).page();
        let today = &mut self.state.today;
        let figured = today.figured.as_ref();
        let sold = figured.map_or(0, |it| it.book.figures().products_sold());
        let best = &mut today.best;
        best.cursor = moved(best.cursor, sold, page, motion, 1);
        best.keep_within(sold, page);
    }

    /// Takes in how far a reading has come.
    pub(super) fn on_figures_progress(&mut self, number: u64, orders: usize) {
        if let Some(reading) = &mut self.state.today.reading
            && reading.number == number
        {
            reading.orders = orders;
        }
    }

    /// Takes in figures that were read, with all that happened meanwhile.
    pub(super) fn on_figures(&mut self, number: u64, read: Result<Box<Figured>, String>) {
        let today = &mut self.state.today;
        let is_awaited = today.reading.is_some_and(|it| it.number == number);
        if !is_awaited {
            return;
        }

        today.reading = None;
        match read {
            Ok(mut figured) => {
                let display = self.state.env.display;
                display.fit_currency(&mut figured.book.currency);
                today.figured = Some(figured);
                today.failure = None;
                for order in std::mem::take(&mut today.meanwhile) {
                    self.post(&order);
                }
                self.state.today.recount();
                self.filter_by_figures();
                // Something may have been missed while they were read.
                self.look_at_figures();
            }
            // With the next minute, it is tried again.
            Err(why) => {
                today.is_outdated = true;
                today.failure = Some(why);
            }
        }
    }

    /// Takes in products that were read anew.
    pub(super) fn on_products(&mut self, read: Vec<(ProductId, Option<Product>)>) {
        if let Some(figured) = &mut self.state.today.figured {
            figured.catalog.refresh(read.clone());
            self.state.today.recount();
        }
        let ids: Vec<ProductId> = read.iter().map(|(id, _)| id.clone()).collect();
        self.refresh_products(read);
        self.end_unknown(|change| match change {
            UnknownChange::Field(product, _) => ids.contains(product),
            UnknownChange::Setting(_) | UnknownChange::Order(_) => false,
        });
    }

    /// Takes in what the link to the orders tells of those that are counted.
    pub(super) fn count_news(&mut self, event: &BoardEvent) {
        match event {
            BoardEvent::Ticket(ticket) => self.count_change(&ticket.order),
            BoardEvent::Answered {
                outcome: Ok(ticket),
                ..
            } => self.count_change(&ticket.order),
            // Something may have been missed.
            BoardEvent::Gone(_)
            | BoardEvent::Stale
            | BoardEvent::Down(_)
            | BoardEvent::Tickets { .. } => self.state.today.is_outdated = true,
            BoardEvent::Pace(_)
            | BoardEvent::Catalog(_)
            | BoardEvent::Answered {
                outcome: Err(_), ..
            } => {}
        }
    }

    fn count_change(&mut self, order: &Order) {
        let today = &mut self.state.today;
        if today.reading.is_some() {
            today.meanwhile.push(order.clone());
        }
        // Nothing of what a tick changes is counted.
        if today.book().is_none_or(|book| book.has(order)) {
            return;
        }

        self.post(order);
        self.state.today.recount();
        let products: Vec<ProductId> = order.lines.iter().map(|it| it.product.clone()).collect();
        self.state.today.touched.extend(products.iter().cloned());
        if self.state.page == Page::Today {
            self.effects
                .push(StaffEffect::Products(ProductsJob::Read(products)));
        }
    }

    /// Counts an order as it is now.
    fn post(&mut self, order: &Order) {
        let today = &mut self.state.today;
        if let Some(figured) = &mut today.figured
            && figured.book.post(order) == Posted::Outdated
        {
            today.is_outdated = true;
        }
    }

    /// Reads what the time has made old: at midnight another day, each minute the stock that may
    /// have changed, as cancelled orders give theirs back a moment later.
    pub(super) fn turn_clock(&mut self) {
        if !self.shows_figures() {
            return;
        }
        let server_now = self.state.server_now();
        let today = &mut self.state.today;
        let is_over = today
            .book()
            .is_some_and(|book| book.period.until.is_some_and(|until| until <= server_now));
        if is_over && today.time == ShownTime::Today && today.reading.is_none() {
            self.read_figures();
        }

        let touched = std::mem::take(&mut self.state.today.touched);
        if !touched.is_empty() {
            let touched = touched.into_iter().collect();
            self.effects
                .push(StaffEffect::Products(ProductsJob::Read(touched)));
        }
        self.look_at_figures();
    }
}
