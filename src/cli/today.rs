//! `trolley today`: what the shop has sold today, or in another time.

use super::error::CliError;
use super::output::{Output, csv_text, name_cell};
use super::{args, connect, now};
use crate::catalog_file::csv_error;
use crate::config::Settings;
use crate::model::figures::{Figures, Ranking, Sales};
use crate::model::time::Clock;
use crate::model::{Catalog, Currency, Money, Period, text};
use crate::store::order::{OrderFilter, OrderListing};
use crate::store::{self, Connection, Shop};
use crate::tui::staff;
use crate::tui::staff::state::Page;
use crate::tui::staff::state::today::ShownTime;
use clap::Args;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::process::ExitCode;

/// The milliseconds of a minute.
const MINUTE: u64 = 60_000;
/// The products of each kind that are printed for people.
const MOST_PRODUCTS: usize = 10;

#[derive(Debug, Args)]
pub(super) struct TodayArgs {
    /// The figures from then on: yesterday, 2026-11-26, '2026-11-26 11:30' [default: today]
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// The figures until then; a day counts whole
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Print all figures as rows, for a spreadsheet
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

impl TodayArgs {
    /// Tells whether the figures are for people, who may have a screen for them; else they are
    /// printed.
    pub(super) fn is_for_people(&self, output: &Output) -> bool {
        !self.csv && !output.is_json()
    }
}

/// Opens the screen with the figures, and runs it to its end.
pub(super) fn open(args: &TodayArgs, settings: &Settings) -> Result<ExitCode, CliError> {
    let (since, until) = (args.since.clone(), args.until.clone());
    let time = if since.is_none() && until.is_none() {
        ShownTime::Today
    } else {
        // What can't be read is said before the screen opens.
        let typed = since.as_deref().unwrap_or("today");
        args::period(Some(typed), until.as_deref(), now(), &TimeZone::system())?;
        ShownTime::Typed { since, until }
    };
    Ok(staff::run(settings, Page::Today, time)?)
}

/// The figures of a time, those of a week before, and today's catalog.
struct Report {
    shop: Shop,
    clock: Clock,
    period: Period,
    figures: Figures,
    before: Figures,
    catalog: Catalog,
}

/// Prints what the shop has sold.
pub(super) async fn run(
    args: &TodayArgs,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let mut connection = connect::open_shop(settings).await?;
    let report = Report::read(args, &mut connection, settings).await?;

    if args.csv {
        output.print_bytes(&report.csv()?)?;
        return Ok(());
    }
    output.result(|| report.json(), |out| report.print(out))?;
    if output.is_json() {
        return Ok(());
    }

    for told in report.shop.misunderstandings(&TimeZone::system()) {
        output.warn(&format!("the shop's {told}"));
    }
    if report.figures.foreign > 0 {
        let orders = text::count(report.figures.foreign, "order");
        output.warn(&format!("left out: {orders} in another currency"));
    }
    Ok(())
}

impl Report {
    async fn read(
        args: &TodayArgs,
        connection: &mut Connection,
        settings: &Settings,
    ) -> Result<Report, CliError> {
        let shop = store::get_shop(connection).await?;
        let clock = shop.clock(&settings.personal_clock());
        let zone = &clock.zone;
        let now = now();
        let since = args.since.as_deref().unwrap_or("today");
        let period = args::period(Some(since), args.until.as_deref(), now, zone)?;

        let before = period.week_before(now, zone);
        let now_sold = figures(connection, period, &shop.currency, zone).await?;
        let before = figures(connection, before, &shop.currency, zone).await?;
        let catalog = store::get_catalog(connection).await?;
        Ok(Report {
            shop,
            clock,
            period,
            figures: now_sold,
            before,
            catalog,
        })
    }
}

/// The figures of all orders of a time.
async fn figures(
    connection: &mut Connection,
    period: Period,
    currency: &Currency,
    zone: &TimeZone,
) -> Result<Figures, CliError> {
    let mut figures = Figures::default();
    let mut listing = OrderListing::new(OrderFilter {
        period,
        ..OrderFilter::default()
    });
    while let Some(orders) = listing.next_sales(connection).await? {
        for order in &orders {
            figures.add(order, currency, zone);
        }
    }
    Ok(figures)
}

/// For people.
impl Report {
    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let Figures { sold, .. } = self.figures;
        writeln!(out, "{}, {}", self.shop.name, self.told_period())?;
        writeln!(out, "sold       {}", self.told_sales(&self.figures))?;
        writeln!(out, "week ago   {}", self.told_sales(&self.before))?;
        writeln!(out, "open       {}", self.figures.open)?;
        if self.figures.cancelled > 0 {
            writeln!(out, "cancelled  {}", self.figures.cancelled)?;
        }
        if let Some(ms) = self.figures.time_to_ready() {
            let minutes = text::count(ms.saturating_add(MINUTE / 2) / MINUTE, "minute");
            writeln!(out, "ready in   {minutes} on average")?;
        }

        if sold.count > 0 {
            self.print_sold(out)?;
        }
        self.print_low(out)
    }

    fn print_sold(&self, out: &mut dyn Write) -> io::Result<()> {
        let currency = &self.shop.currency;
        writeln!(out, "\nby the hour")?;
        for (hour, sales) in &self.figures.hours {
            let minute = self.clock.hours.minute(hour.time());
            let hour = format!("{} {minute}", hour.strftime("%a %-d %b"));
            writeln!(out, "{}", sales_row(&hour, *sales, currency))?;
        }

        writeln!(out, "\nbest sold")?;
        for sold in self
            .figures
            .best_sold(Ranking::Pieces)
            .into_iter()
            .take(MOST_PRODUCTS)
        {
            writeln!(out, "{}", sales_row(&sold.name, sold.sales, currency))?;
        }

        writeln!(out, "\nby category")?;
        for (category, sales) in self.figures.categories(&self.catalog) {
            let name = if category.is_empty() {
                "none"
            } else {
                &category
            };
            writeln!(out, "{}", sales_row(name, sales, currency))?;
        }

        Ok(())
    }

    fn print_low(&self, out: &mut dyn Write) -> io::Result<()> {
        let low = self.figures.low_in_stock(&self.catalog);
        if low.is_empty() {
            return Ok(());
        }

        writeln!(out, "\nlow in stock")?;
        for product in low.iter().take(MOST_PRODUCTS) {
            let name = name_cell(&product.name);
            writeln!(
                out,
                "{name} {:>6} left, {} sold",
                product.left, product.sold
            )?;
        }

        if low.len() > MOST_PRODUCTS {
            let others = text::count(low.len() - MOST_PRODUCTS, "other product");
            writeln!(out, "and {others}")?;
        }

        Ok(())
    }

    /// The days that the figures are of: `Thu 26 Nov 2026`.
    fn told_period(&self) -> String {
        let day = |at: u64| self.clock.long_day(at);
        let first = self.period.since.map(day).unwrap_or_default();
        // The end is the first moment that does not belong to it.
        let last = self.period.until.map(|until| day(until.saturating_sub(1)));
        match last {
            Some(last) if last != first => format!("{first} to {last}"),
            Some(_) | None => first,
        }
    }

    /// `€412.35 in 31 orders, €13.30 on average`
    fn told_sales(&self, figures: &Figures) -> String {
        let told = |amount: Money| amount.in_currency(&self.shop.currency);
        let orders = text::count(figures.sold.count, "order");
        match figures.sold.count {
            0 => "nothing".to_owned(),
            _ => {
                let (sum, average) = (told(figures.sold.sum), told(figures.average()));
                format!("{sum} in {orders}, {average} on average")
            }
        }
    }
}

fn sales_row(name: &str, sales: Sales, currency: &Currency) -> String {
    let name = name_cell(name);
    let sum = currency.number(sales.sum);
    format!("{name} {:>6} {sum:>12}", sales.count)
}

/// For programs.
impl Report {
    fn json(&self) -> Value {
        let mut document = top_json(&self.figures);
        document["since"] = json!(self.period.since);
        document["until"] = json!(self.period.until);
        document["currency"] = json!(self.shop.currency);
        document["open"] = json!(self.figures.open);
        document["cancelled"] = json!(self.figures.cancelled);
        document["other_currency"] = json!(self.figures.foreign);
        document["ms_to_ready"] = json!(self.figures.time_to_ready());
        document["week_before"] = top_json(&self.before);
        document["hours"] = self.hours_json();
        document["products"] = self.products_json();
        document["categories"] = self.categories_json();
        document["low"] = self.low_json();
        document
    }

    fn hours_json(&self) -> Value {
        let hours = self.figures.hours.iter();
        hours
            .map(|(hour, sales)| {
                json!({ "hour": written(*hour), "orders": sales.count, "sold": sales.sum.to_string() })
            })
            .collect()
    }

    fn products_json(&self) -> Value {
        let products = self.figures.best_sold(Ranking::Pieces).into_iter();
        products
            .map(|sold| {
                json!({
                    "product": sold.product.to_string(),
                    "name": sold.name,
                    "pieces": sold.sales.count,
                    "sold": sold.sales.sum.to_string(),
                })
            })
            .collect()
    }

    fn categories_json(&self) -> Value {
        let categories = self.figures.categories(&self.catalog).into_iter();
        categories
            .map(|(name, sales)| {
                json!({ "name": name, "pieces": sales.count, "sold": sales.sum.to_string() })
            })
            .collect()
    }

    fn low_json(&self) -> Value {
        let low = self.figures.low_in_stock(&self.catalog).into_iter();
        low.map(|low| {
            json!({
                "product": low.product.to_string(),
                "name": low.name,
                "left": low.left,
                "pieces": low.sold,
            })
        })
        .collect()
    }

    /// All figures as rows of CSV: hours with their orders, products and categories with the pieces,
    /// what is low in stock with what is left.
    fn csv(&self) -> io::Result<Vec<u8>> {
        let mut rows = csv::Writer::from_writer(Vec::new());
        rows.write_record(["figure", "id", "name", "count", "sold"])
            .map_err(csv_error)?;

        write_row(&mut rows, "all", ["", ""], self.figures.sold)?;
        write_row(&mut rows, "week_before", ["", ""], self.before.sold)?;
        for (figure, count) in [
            ("open", Some(self.figures.open)),
            ("cancelled", Some(self.figures.cancelled)),
            ("other_currency", Some(self.figures.foreign)),
            ("ms_to_ready", self.figures.time_to_ready()),
        ] {
            let count = count.map(|count| count.to_string()).unwrap_or_default();
            rows.write_record([figure, "", "", &count, ""])
                .map_err(csv_error)?;
        }
        for (hour, sales) in &self.figures.hours {
            write_row(&mut rows, "hour", [&written(*hour), ""], *sales)?;
        }
        for sold in self.figures.best_sold(Ranking::Pieces) {
            let product = sold.product.to_string();
            write_row(&mut rows, "product", [&product, &sold.name], sold.sales)?;
        }
        for (category, sales) in self.figures.categories(&self.catalog) {
            write_row(&mut rows, "category", ["", &category], sales)?;
        }
        for low in self.figures.low_in_stock(&self.catalog) {
            let (id, name) = (csv_text(&low.product.to_string()), csv_text(&low.name));
            rows.write_record(["low", &id, &name, &low.left.to_string(), ""])
                .map_err(csv_error)?;
        }
        rows.into_inner().map_err(|error| error.into_error())
    }
}

fn write_row(
    rows: &mut csv::Writer<Vec<u8>>,
    figure: &str,
    [id, name]: [&str; 2],
    sales: Sales,
) -> io::Result<()> {
    let (count, sold) = (sales.count.to_string(), sales.sum.to_string());
    let row = [figure, &csv_text(id), &csv_text(name), &count, &sold];
    rows.write_record(row).map_err(csv_error)
}

fn top_json(figures: &Figures) -> Value {
    json!({
        "orders": figures.sold.count,
        "sold": figures.sold.sum.to_string(),
        "average": figures.average().to_string(),
    })
}

/// An hour, for programs: `2026-11-26T11:00`.
fn written(hour: DateTime) -> String {
    hour.strftime("%Y-%m-%dT%H:%M").to_string()
}
