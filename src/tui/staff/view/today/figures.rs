//! The figures of a day: sold, orders, average, open, and how soon they were ready.

use super::clock_of;
use crate::config::theme::{CHEAPER, DEARER, Theme};
use crate::model::{Currency, Daybook, Money, text};
use crate::tui::staff::state::StaffState;
use crate::tui::view::sketch::Sketch;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::cmp::Ordering;

const MINUTE: u64 = 60_000;

/// One figure of the day, as a row shows it.
pub(super) struct Figure {
    name: &'static str,
    value: String,
    /// The comparison with the week before, or another fact that belongs to it.
    beside: String,
    beside_style: Style,
    /// The words for it where it has no column: the value stands behind or before the name.
    sentence: String,
    sentence_style: Style,
}

/// The way of a figure from the week before until now.
struct Trend {
    way: Ordering,
    /// The difference, in words.
    difference: String,
}

impl Trend {
    /// The trend to `now`; `difference` tells, in words, by how much the higher is above the lower.
    fn of<T: Ord + Copy>(now: T, before: T, difference: impl Fn(T, T) -> String) -> Trend {
        Trend {
            way: now.cmp(&before),
            difference: difference(now.max(before), now.min(before)),
        }
    }

    /// The difference with its sign; empty where there is none.
    fn told(&self) -> String {
        match self.way {
            Ordering::Greater => format!("{DEARER} {}", self.difference),
            Ordering::Less => format!("{CHEAPER} {}", self.difference),
            Ordering::Equal => String::new(),
        }
    }

    /// The style of a figure of which more is good.
    fn style(&self, theme: &Theme) -> Style {
        match self.way {
            Ordering::Greater => theme.good,
            Ordering::Less | Ordering::Equal => theme.dim,
        }
    }
}

/// What part of a sum the difference between two sums is, in whole percent.
fn percent(difference: Money, of: Money) -> Option<u64> {
    let part = difference.decimal().checked_div(of.decimal())?;
    part.checked_mul(Decimal::from(100))?.round().to_u64()
}

fn minutes(ms: u64) -> u64 {
    ms.saturating_add(MINUTE / 2) / MINUTE
}

impl Figure {
    /// All figures of the page, the most important first.
    pub(super) fn all(state: &StaffState, book: &Daybook) -> [Figure; 5] {
        let theme = &state.theme;
        let now = state.server_now();
        let before = book.before(now);
        let sold = book.figures().sold;
        [
            sold_figure(state, book, before.sold.sum),
            orders_figure(theme, sold.count, before.sold.count),
            average_figure(theme, &book.currency, sold.average(), before.sold.average()),
            open_figure(
                theme,
                book.figures().open,
                book.late(now, state.env.late_after),
            ),
            ready_figure(theme, book.figures().time_to_ready(), before.time_to_ready),
        ]
    }
}

fn sold_figure(state: &StaffState, book: &Daybook, before: Money) -> Figure {
    let theme = &state.theme;
    let sold = book.figures().sold.sum;
    let more = if sold >= before {
        sold.less(before)
    } else {
        before.less(sold)
    };
    // What is less than half a percent is nothing.
    let percent = percent(more, before);
    let trend = Trend {
        way: match percent {
            Some(0) | None => Ordering::Equal,
            Some(_) => sold.cmp(&before),
        },
        difference: format!("{}%", percent.unwrap_or(0)),
    };

    let day = clock_of(state, book).shown(book.period_before.since.unwrap_or(0));
    let day = day.strftime("%a %-d").to_string();
    let change = trend.told();
    let beside = match percent {
        None => String::new(),
        Some(0) => format!("as on {day}"),
        Some(_) if book.is_one_day() => format!("{change} on {day}"),
        Some(_) => format!("{change} on a week before"),
    };
    let total = sold.in_currency(&book.currency);
    Figure {
        name: "Sold",
        beside,
        beside_style: trend.style(theme),
        sentence: match percent {
            None => format!("Sold {total}"),
            Some(0) => format!("Sold {total}, the same"),
            Some(_) => format!("Sold {total} {change}"),
        },
        sentence_style: theme.accent,
        value: total,
    }
}

fn orders_figure(theme: &Theme, now: u64, before: u64) -> Figure {
    let trend = Trend::of(now, before, |higher, lower| (higher - lower).to_string());
    Figure {
        name: "Orders",
        value: now.to_string(),
        beside: trend.told(),
        beside_style: trend.style(theme),
        sentence: text::count(now, "order"),
        sentence_style: theme.text,
    }
}

fn average_figure(theme: &Theme, currency: &Currency, now: Money, before: Money) -> Figure {
    let trend = Trend::of(now, before, |higher, lower| {
        higher.less(lower).in_currency(currency)
    });
    let told = now.in_currency(currency);
    Figure {
        name: "Average",
        beside: trend.told(),
        beside_style: trend.style(theme),
        sentence: format!("average {told}"),
        sentence_style: theme.text,
        value: told,
    }
}

fn open_figure(theme: &Theme, open: u64, late: usize) -> Figure {
    let (beside, sentence, sentence_style) = match late {
        0 => (String::new(), format!("{open} open"), theme.text),
        late => {
            let late = format!("{late} late");
            let sentence = format!("{open} open, {late}");
            (late, sentence, theme.bad)
        }
    };
    Figure {
        name: "Open",
        value: open.to_string(),
        beside,
        beside_style: theme.bad,
        sentence,
        sentence_style,
    }
}

/// The figure of the times (ms) from an order to its being ready, on average.
fn ready_figure(theme: &Theme, now: Option<u64>, before: Option<u64>) -> Figure {
    let (now, before) = (now.map(minutes), before.map(minutes));
    let trend = now.zip(before).map(|(now, before)| {
        Trend::of(now, before, |longer, shorter| {
            format!("{} min", longer - shorter)
        })
    });
    let told = now.map_or("–".to_owned(), |now| format!("{now} min"));
    Figure {
        name: "Ready in",
        beside: trend.map_or(String::new(), |trend| trend.told()),
        // Sooner is better, and no news.
        beside_style: theme.dim,
        sentence: format!("ready in {told}"),
        sentence_style: theme.text,
        value: told,
    }
}

/// Draws each figure in a column of its own.
pub(super) fn draw_columns(theme: &Theme, figures: &[Figure], area: Rect, sketch: &mut Sketch) {
    let width = (area.width.saturating_sub(1) / 5).min(24);
    for (x, figure) in (area.x + 1..).step_by(width.into()).zip(figures) {
        let room = width - 1;
        for (y, words, style) in [
            (area.y, figure.name, theme.dim),
            (area.y + 1, figure.value.as_str(), theme.accent),
            (area.y + 2, figure.beside.as_str(), figure.beside_style),
        ] {
            sketch.write(x, y, &text::truncated(words, room.into()), room, style);
        }
    }
}

/// Draws the figures one behind the other, as many as fit.
pub(super) fn draw_sentences(figures: &[Figure], area: Rect, sketch: &mut Sketch) {
    let mut figures = figures.iter().peekable();
    for area in area.rows() {
        let mut line = Line::default();
        while let Some(figure) = figures.peek() {
            let gap = if line.spans.is_empty() { " " } else { "  " };
            let width = line.width() + gap.len() + text::width(&figure.sentence);
            if width > usize::from(area.width) && !line.spans.is_empty() {
                break;
            }

            line.push_span(Span::raw(gap));
            line.push_span(Span::styled(figure.sentence.clone(), figure.sentence_style));
            figures.next();
        }

        sketch.write_line(&line, area);
    }
}
