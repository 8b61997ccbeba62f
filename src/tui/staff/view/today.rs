//! The page with the figures of a day, beside those of the week before.

mod figures;

use figures::Figure;

use crate::config::theme::Theme;
use crate::model::daybook::Bar;
use crate::model::figures::{LowProduct, Ranking, Sales, SoldProduct};
use crate::model::time::{Clock, Hours};
use crate::model::{Currency, Daybook, Money, Period, text};
use crate::tui::layout::money;
use crate::tui::staff::layout::today::{ProductPlaces, TodayLayout};
use crate::tui::staff::state::StaffState;
use crate::tui::view::row::{
    self, RowBackground, bar, bar_style, foot_line, heading_line, left, right,
};
use crate::tui::view::sketch::Sketch;
use crate::tui::view::{draw_pane, draw_placeholder, draw_rule, draw_scroll_bar, position, titled};
use jiff::civil::Time;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Bar as ChartBar, BarChart, Widget};
use rust_decimal::Decimal;

/// The most columns of a name.
const WIDEST_NAME: usize = 36;
/// The least columns of a bar.
const LEAST_BAR: usize = 4;
/// The most columns from the beginning of a bar to that of the next one.
const WIDEST_STEP: u16 = 8;
/// The rows of the hours below which those of the week before don't show.
const LEAST_FOR_BEFORE: u16 = 10;
/// The least rows of a chart with its name and the names of its bars.
const LEAST_FOR_CHART: u16 = 4;
/// The height of a chart, in the numbers that it is drawn from.
const CHART_HEIGHT: u128 = 1_000_000;

/// Draws the page.
pub(super) fn draw(state: &StaffState, sketch: &mut Sketch) {
    let theme = &state.theme;
    let layout = TodayLayout::of(state);
    let Some(book) = state.today.book() else {
        let inner = draw_pane(
            theme,
            true,
            title(state, None, layout.figures),
            state.body(),
            sketch,
        );
        let words = match (&state.today.failure, state.today.reading) {
            (Some(why), None) => format!("The figures can't be read: {why}"),
            (_, Some(_)) | (None, None) => "The figures are being read.".to_owned(),
        };
        return draw_placeholder(theme, &words, inner, sketch);
    };

    draw_figures(state, book, &layout, sketch);
    if let Some(frame) = layout.hours {
        draw_hours(state, book, frame, sketch);
    }
    if let Some(places) = &layout.products {
        draw_products(state, book, places, sketch);
    }
}

/// The title: the time that shows, what is to be known of it, and the time beside it.
fn title(state: &StaffState, book: Option<&Daybook>, frame: Rect) -> Line<'static> {
    let theme = &state.theme;
    let today = &state.today;
    let now = state.server_now();

    let mut words = Vec::new();
    if !state.is_current() {
        words.push(("may be old".to_owned(), theme.bad));
    }
    match (today.reading, &today.failure) {
        (Some(reading), _) if reading.orders > 0 => {
            let orders = text::count(reading.orders, "order");
            words.push((format!("reading, {orders} so far"), theme.warn));
        }
        (Some(_), _) => words.push(("reading".to_owned(), theme.warn)),
        (None, Some(_)) => words.push(("can't be read".to_owned(), theme.bad)),
        (None, None) => {}
    }
    let Some(book) = book else {
        return titled(theme, " Today ", words, frame);
    };

    let foreign = book.figures().foreign;
    if foreign > 0 {
        let orders = text::count(foreign, "order");
        words.push((format!("without {orders} in another currency"), theme.warn));
    }
    let cancelled = book.figures().cancelled;
    if cancelled > 0 {
        words.push((format!("{cancelled} cancelled"), theme.dim));
    }
    let name = format!(" {} ", told(book.period, now, &clock_of(state, book)));
    titled(theme, name, words, frame)
}

/// The clock of the zone by which the figures were counted.
fn clock_of(state: &StaffState, book: &Daybook) -> Clock {
    Clock {
        zone: book.zone().clone(),
        ..state.clock()
    }
}

/// The sentence where nothing was sold.
fn nothing_sold(state: &StaffState, book: &Daybook) -> String {
    let time = told(book.period, state.server_now(), &clock_of(state, book));
    format!("Nothing was sold on {time}.")
}

/// A period in words: `Thu 26 Nov, until 15:20`, `1 to 26 Nov`.
fn told(period: Period, now: u64, clock: &Clock) -> String {
    let since = period.since.unwrap_or(0);
    let until = period.until.unwrap_or(now);
    let first = clock.shown(since);
    let last = clock.shown(until.saturating_sub(1));
    let is_of_year = first.year() == clock.shown(now).year();

    let format = if is_of_year {
        "%a %-d %b"
    } else {
        "%a %-d %b %Y"
    };
    let mut told = match () {
        () if first.date() == last.date() => first.strftime(format).to_string(),
        () if is_of_year && first.date().first_of_month() == last.date().first_of_month() => {
            format!("{} to {}", first.day(), last.strftime("%-d %b"))
        }
        () => format!(
            "{} to {}",
            first.strftime("%-d %b %Y"),
            last.strftime("%-d %b %Y")
        ),
    };

    let is_midnight = |at: u64| clock.shown(at).time() == Time::midnight();
    if !is_midnight(since) {
        told += &format!(", from {}", clock.minute(since));
    }
    if period.contains(now) {
        told += &format!(", until {}", clock.minute(now));
    } else if !is_midnight(until) {
        told += &format!(", until {}", clock.minute(until));
    }
    told
}

fn draw_figures(state: &StaffState, book: &Daybook, layout: &TodayLayout, sketch: &mut Sketch) {
    let theme = &state.theme;
    let frame = layout.figures;
    let name = title(state, Some(book), frame);
    let used = name.width();
    let inner = draw_pane(theme, true, name, frame, sketch);

    let clock = clock_of(state, book);
    let before = told(book.period_before, state.server_now(), &clock);
    let mut beside = format!(" compared with {before} ");
    if book.period.contains(state.server_now()) {
        let now = clock.minute(state.server_now());
        beside = format!(" compared with {before}, until {now} ");
    }
    if used + text::width(&beside) + 3 <= usize::from(frame.width) {
        let edge = Rect {
            x: frame.x + 1,
            width: frame.width - 2,
            ..row::first_line(frame)
        };
        sketch.write_line(&Line::styled(beside, theme.dim).right_aligned(), edge);
    }

    let figures = Figure::all(state, book);
    if layout.has_columns {
        figures::draw_columns(theme, &figures, inner, sketch);
    } else {
        figures::draw_sentences(&figures, inner, sketch);
    }
}

/// A whole amount in few columns: `104`, `12k`.
fn briefly(amount: Money) -> String {
    let whole = amount.decimal().round();
    if whole >= Decimal::from(10_000) {
        format!("{}k", (whole / Decimal::from(1_000)).round())
    } else {
        whole.to_string()
    }
}

/// The bars of the hours or days, as many of the last ones as fit.
struct Bars {
    bars: Vec<Bar>,
    /// The columns from the beginning of one to that of the next.
    step: u16,
    /// The highest amount.
    most: Money,
    is_by_hour: bool,
}

impl Bars {
    fn of(book: &Daybook, columns: u16) -> Bars {
        let mut bars = book.bars();
        let kept = bars.len().saturating_sub(columns.into());
        bars.drain(..kept);

        let count = u16::try_from(bars.len()).unwrap_or(u16::MAX).max(1);
        let amounts = bars.iter().flat_map(|bar| [bar.now, bar.before]);
        let most = amounts.max().unwrap_or(Money::ZERO);
        Bars {
            bars,
            step: (columns / count).clamp(1, WIDEST_STEP),
            most,
            is_by_hour: book.is_one_day(),
        }
    }

    /// The columns of a bar.
    fn width(&self) -> u16 {
        (self.step - 1).max(1)
    }

    /// Draws one of the charts, with blocks of ratatui's own, each column of one style.
    fn draw(&self, theme: &Theme, amount: fn(&Bar) -> Money, area: Rect, sketch: &mut Sketch) {
        let most = self.most.millionths().max(1);
        let least = CHART_HEIGHT / (u128::from(area.height.max(1)) * 8);
        let bars: Vec<ChartBar<'_>> = self
            .bars
            .iter()
            .map(|bar| {
                let share = amount(bar).millionths().saturating_mul(CHART_HEIGHT) / most;
                // What was sold shows.
                let share = if share > 0 { share.max(least) } else { 0 };
                ChartBar::new(u64::try_from(share).unwrap_or(0)).text_value("")
            })
            .collect();

        let gap = self.step - self.width();
        let mut drawn = Buffer::empty(Rect::new(0, 0, area.width, area.height));
        BarChart::vertical(bars)
            .bar_width(self.width())
            .bar_gap(gap)
            .max(u64::try_from(CHART_HEIGHT).unwrap_or(1))
            .render(drawn.area, &mut drawn);

        let rows = drawn.content.chunks(usize::from(area.width).max(1));
        for (area, cells) in area.rows().zip(rows) {
            let row: String = cells.iter().map(|cell| cell.symbol()).collect();
            sketch.write(area.x, area.y, row.trim_end(), area.width, bar_style(theme));
        }
    }

    /// The words below the bars, as many as have room.
    fn draw_words(&self, words: &[String], style: Style, area: Rect, sketch: &mut Sketch) {
        let mut free = area.x;
        for (x, word) in (area.x..area.right()).step_by(self.step.into()).zip(words) {
            let width = u16::try_from(text::width(word)).unwrap_or(u16::MAX);
            let centred = x + self.width().saturating_sub(width) / 2;
            if centred >= free && centred.saturating_add(width) <= area.right() {
                sketch.write(centred, area.y, word, width, style);
                free = centred + width + 1;
            }
        }
    }

    /// The amounts of one of the charts; none where those of either have no room below their bars.
    fn amounts(&self, amount: fn(&Bar) -> Money) -> Option<Vec<String>> {
        let all = self.bars.iter().flat_map(|bar| [bar.now, bar.before]);
        let widest = all.map(|sum| text::width(&briefly(sum))).max();
        if widest.unwrap_or(0) > self.width().into() {
            return None;
        }

        let amounts = self.bars.iter().map(|bar| match amount(bar) {
            sum if sum == Money::ZERO => String::new(),
            sum => briefly(sum),
        });
        Some(amounts.collect())
    }

    fn names(&self, hours: Hours) -> Vec<String> {
        let bars = self.bars.iter();
        bars.map(|bar| {
            if self.is_by_hour {
                hours.hour(bar.at.hour())
            } else {
                bar.at.day().to_string()
            }
        })
        .collect()
    }
}

/// Draws what was sold by the hour, or by the day, above the same of the week before.
fn draw_hours(state: &StaffState, book: &Daybook, frame: Rect, sketch: &mut Sketch) {
    let theme = &state.theme;
    let unit = if book.is_one_day() { "hour" } else { "day" };
    let name = match book.currency.shown_sign() {
        "" => format!(" By the {unit} "),
        currency => format!(" By the {unit}, {currency} "),
    };
    let title = titled(theme, name, Vec::new(), frame);
    let inner = draw_pane(theme, false, title, frame, sketch);

    let bars = Bars::of(book, inner.width);
    if bars.bars.is_empty() {
        let words = nothing_sold(state, book);
        return draw_placeholder(theme, &words, inner, sketch);
    }
    if inner.height < LEAST_FOR_CHART {
        return draw_placeholder(theme, "The chart needs more rows.", inner, sketch);
    }

    let names = Rect {
        y: inner.bottom() - 1,
        height: 1,
        ..inner
    };
    bars.draw_words(&bars.names(state.clock().hours), theme.dim, names, sketch);

    let above = Rect {
        height: inner.height - 1,
        ..inner
    };
    let is_today = book.is_one_day() && book.period.contains(state.server_now());
    let present = if is_today {
        "today".to_owned()
    } else {
        short(state, book.period, book)
    };
    if inner.height < LEAST_FOR_BEFORE {
        return draw_chart(theme, &bars, &present, |bar| bar.now, above, sketch);
    }

    let upper = Rect {
        height: above.height / 2,
        ..above
    };
    let lower = Rect {
        y: upper.bottom(),
        height: above.height - upper.height,
        ..above
    };
    draw_chart(theme, &bars, &present, |bar| bar.now, upper, sketch);
    let before = short(state, book.period_before, book);
    draw_chart(theme, &bars, &before, |bar| bar.before, lower, sketch);
}

/// A period in few words, for a chart.
fn short(state: &StaffState, period: Period, book: &Daybook) -> String {
    // Seen from when it is over.
    let until = period.until.unwrap_or(0);
    told(period, until, &clock_of(state, book))
}

/// Draws a chart: its name, the bars, their amounts where they have room, and a line.
fn draw_chart(
    theme: &Theme,
    bars: &Bars,
    name: &str,
    amount: fn(&Bar) -> Money,
    area: Rect,
    sketch: &mut Sketch,
) {
    sketch.write(area.x, area.y, name, area.width, theme.dim);
    let rule = Rect {
        y: area.bottom() - 1,
        height: 1,
        ..area
    };
    draw_rule(theme, rule, sketch);

    let mut chart = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(2),
        ..area
    };
    if let Some(amounts) = bars.amounts(amount).filter(|_| chart.height >= 4) {
        chart.height -= 1;
        let below = Rect {
            y: chart.bottom(),
            height: 1,
            ..chart
        };
        bars.draw_words(&amounts, theme.text, below, sketch);
    }
    bars.draw(theme, amount, chart, sketch);
}

/// Draws the best sold products, the categories, and what is low in stock.
fn draw_products(state: &StaffState, book: &Daybook, places: &ProductPlaces, sketch: &mut Sketch) {
    let theme = &state.theme;
    let today = &state.today;
    let name = match today.ranking {
        Ranking::Pieces => " Best sold by items ",
        Ranking::Money => " Best sold by money ",
    };
    let sold = book.figures().best_sold(today.ranking);
    let products = (text::count(sold.len(), "product"), theme.dim);
    let words = if sold.is_empty() {
        Vec::new()
    } else {
        vec![products]
    };
    let title = titled(theme, name, words, places.frame);
    draw_pane(theme, false, title, places.frame, sketch);

    if sold.is_empty() {
        let words = nothing_sold(state, book);
        draw_placeholder(theme, &words, places.best, sketch);
    }
    let columns = SalesColumns::of(
        &sold,
        today.categories(),
        &state.shop.currency,
        places.best.width,
    );
    let page = usize::from(places.best.height);
    let mut scroll = today.best;
    scroll.keep_within(sold.len(), page.max(1));
    let foot = position(theme, scroll.cursor, sold.len());
    sketch.write_line(&foot, foot_line(places.frame));
    let most = sold.first().map(|best| today.ranking.amount(best.sales));
    for (area, (row, sold)) in places
        .best
        .rows()
        .zip(sold.iter().enumerate().skip(scroll.top))
    {
        let share = most.map(|most| share(today.ranking.amount(sold.sales), most));
        columns.draw(theme, &sold.name, sold.sales, share, area, sketch);
        if row == scroll.cursor {
            let background = RowBackground::Selected(theme.selected_unfocused);
            row::draw_sign(theme, background, area, sketch);
            sketch.point_at(area);
            sketch.set_style(area, theme.selected_unfocused);
        }
    }
    draw_scroll_bar(
        theme,
        places.frame,
        places.best,
        sold.len(),
        scroll.top,
        sketch,
    );

    draw_line_above(theme, places.categories, sketch);
    let all = book.figures().sold.sum.decimal();
    for (area, (name, sales)) in places.categories.rows().zip(today.categories()) {
        let name = if name.is_empty() { "Other" } else { name };
        let share = share(sales.sum.decimal(), all);
        columns.draw_sum(theme, name, *sales, share, area, sketch);
    }

    draw_line_above(theme, places.low, sketch);
    match places.low.height {
        1 if today.low().len() > 1 => draw_low_line(theme, today.low(), places.low, sketch),
        _ => {
            for (area, low) in places.low.rows().zip(today.low()) {
                draw_low(theme, low, area, sketch);
            }
        }
    }
}

impl Ranking {
    /// The amount of what was sold that counts.
    fn amount(self, sales: Sales) -> Decimal {
        match self {
            Ranking::Pieces => Decimal::from(sales.count),
            Ranking::Money => sales.sum.decimal(),
        }
    }
}

fn share(part: Decimal, whole: Decimal) -> Decimal {
    let share = part.checked_div(whole).unwrap_or_default();
    share.min(Decimal::ONE)
}

fn draw_line_above(theme: &Theme, area: Rect, sketch: &mut Sketch) {
    if area.height > 0 {
        draw_rule(theme, heading_line(area), sketch);
    }
}

/// The columns of what was sold.
struct SalesColumns<'a> {
    currency: &'a Currency,
    name: u16,
    count: u16,
    bar: u16,
    sum: u16,
    decimals: usize,
}

impl SalesColumns<'_> {
    fn of<'a>(
        sold: &[&SoldProduct],
        categories: &[(String, Sales)],
        currency: &'a Currency,
        width: u16,
    ) -> SalesColumns<'a> {
        let sums = sold.iter().map(|sold| sold.sales.sum);
        let sums = sums.chain(categories.iter().map(|(_, sales)| sales.sum));
        let decimals = money::decimals(currency, sums.clone());
        let sum = sums.map(|sum| text::width(&money::aligned(currency, sum, decimals)));
        let sum = sum.max().unwrap_or(4);
        let count = sold.iter().map(|sold| sold.sales.count).max();
        let count = text::width(&count.unwrap_or(0).to_string()).max(2);

        let names = sold.iter().map(|sold| sold.name.as_str());
        let names = names.chain(categories.iter().map(|(name, _)| name.as_str()));
        let widest = names.map(text::width).max().unwrap_or(0).min(WIDEST_NAME);
        let room = usize::from(width).saturating_sub(count + sum + 3);
        let name = widest.min(room.saturating_sub(room * 3 / 10)).max(1);
        let bar = room.saturating_sub(name);
        let columns = |columns: usize| u16::try_from(columns).unwrap_or(0);
        if bar < LEAST_BAR {
            return SalesColumns {
                currency,
                name: columns(room + 1),
                count: columns(count),
                bar: 0,
                sum: columns(sum),
                decimals,
            };
        }
        SalesColumns {
            currency,
            name: columns(name),
            count: columns(count),
            bar: columns(bar),
            sum: columns(sum),
            decimals,
        }
    }

    /// Draws a product.
    fn draw(
        &self,
        theme: &Theme,
        name: &str,
        sales: Sales,
        share: Option<Decimal>,
        area: Rect,
        sketch: &mut Sketch,
    ) {
        let count = sales.count.to_string();
        self.draw_row(theme, (name, &count), share, sales, area, sketch);
    }

    /// Draws a category, of which the pieces don't matter.
    fn draw_sum(
        &self,
        theme: &Theme,
        name: &str,
        sales: Sales,
        share: Decimal,
        area: Rect,
        sketch: &mut Sketch,
    ) {
        self.draw_row(theme, (name, ""), Some(share), sales, area, sketch);
    }

    fn draw_row(
        &self,
        theme: &Theme,
        (name, count): (&str, &str),
        share: Option<Decimal>,
        sales: Sales,
        area: Rect,
        sketch: &mut Sketch,
    ) {
        let bar = share.map_or(String::new(), |share| bar(share, self.bar));
        let sum = money::aligned(self.currency, sales.sum, self.decimals);
        let cells = [
            left(name, self.name, theme.text),
            right(count, self.count, theme.text),
            left(&bar, self.bar, bar_style(theme)),
            right(&sum, self.sum, theme.text),
        ];
        row::draw(&cells, RowBackground::Plain(theme.text), area, sketch);
    }
}

/// Draws a product that is low in stock.
fn draw_low(theme: &Theme, low: &LowProduct, area: Rect, sketch: &mut Sketch) {
    let (left_over, style) = match low.left {
        0 => ("! none left".to_owned(), theme.bad),
        left => (format!("  {left} left"), theme.warn),
    };
    let mut name = low.name.clone();
    if low.sold > 0 {
        name += &format!(", {} sold", low.sold);
    }
    let cells = [
        left(&left_over, 12, style),
        left(&name, area.width, theme.text),
    ];
    row::draw(&cells, RowBackground::Plain(theme.text), area, sketch);
}

/// Draws all that is low in stock on one line, as far as there is room.
fn draw_low_line(theme: &Theme, low: &[LowProduct], area: Rect, sketch: &mut Sketch) {
    let told: Vec<String> = low
        .iter()
        .map(|low| match low.left {
            0 => format!("{} none", low.name),
            left => format!("{} {left}", low.name),
        })
        .collect();
    let line = format!("Low: {}", told.join(", "));
    let line = text::truncated(&line, area.width.into());
    sketch.write(area.x, area.y, &line, area.width, theme.warn);
}
