//! The list of carts.

use super::header::cart_mark;
use super::row::{self, RowBackground, left, right};
use super::sketch::Sketch;
use super::{draw_pane, draw_scroll_bar, position, row_background};
use crate::config::theme::{HERE, PENDING, SHORT};
use crate::model::{UserName, total};
use crate::tui::layout::rules::time_and_countdown;
use crate::tui::state::State;
use crate::tui::state::areas::list_rows;
use crate::tui::state::carts::CartGlance;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// The row that joins a cart that is not on the list.
const JOIN: &str = "Join another cart …";

/// The most columns for a name, with what stands before it, where there are others for people.
const WIDEST_CART: u16 = 39;
/// The columns for the number of lines.
const LINES: u16 = 5;
/// The columns for a sum.
const SUM: u16 = 12;
/// The columns for the deadline, and for how far away it is where there are others for people.
const CLOSES: u16 = 12;
const CLOSES_IN: u16 = 17;

/// From this width on it is told who is there.
const WITH_PEOPLE: u16 = 60;

/// The columns before the mark of a cart: the sign of the one that one is in.
const SIGNS: u16 = 2;

/// The columns of the list; those without room are 0.
struct CartsColumns {
    name: u16,
    sum: u16,
    people: u16,
    closes: u16,
}

impl CartsColumns {
    fn of(state: &State, width: u16) -> CartsColumns {
        let mut glances = state.carts.glances.values().flatten();
        let has_deadline = glances.any(|glance| glance.cart.rules.closes.is_some());
        let (sum, closes) = match width {
            WITH_PEOPLE.. if has_deadline => (SUM, CLOSES_IN + state.clock().hours.columns_more()),
            40.. => (SUM, CLOSES),
            24.. => (SUM, 0),
            _ => (0, 0),
        };
        let rest = width.saturating_sub(row::taken(&[LINES, sum, closes]));

        // The names of people need the room more than those of carts.
        let (name, people) = if width >= WITH_PEOPLE {
            let name = (rest / 2).min(WIDEST_CART);
            (name, rest - name - 1)
        } else {
            (rest, 0)
        };
        CartsColumns {
            name,
            sum,
            people,
            closes,
        }
    }
}

/// Draws the carts that this person has used.
pub(super) fn draw(state: &State, area: Rect, sketch: &mut Sketch) {
    let theme = &state.theme;
    let carts = &state.carts;
    let title = Line::from(vec![
        Span::styled(" Carts ", theme.accent),
        Span::styled(format!("{} ", carts.used.len()), theme.dim),
    ]);
    let inner = draw_pane(theme, true, title, area, sketch);
    let position = position(theme, carts.scroll.cursor, carts.rows());
    sketch.write_line(&position, row::foot_line(area));

    let columns = CartsColumns::of(state, inner.width);
    let headings = [
        left("", SIGNS - 1, theme.dim),
        left(" Cart", columns.name.saturating_sub(SIGNS), theme.dim),
        right("Lines", LINES, theme.dim),
        right("Sum", columns.sum, theme.dim),
        left("Who is there", columns.people, theme.dim),
        left("Closes", columns.closes, theme.dim),
    ];
    row::draw(
        &headings,
        RowBackground::Plain(theme.dim),
        row::first_line(inner),
        sketch,
    );

    let rows = list_rows(area);
    let top = carts.scroll.top;
    for (area, row) in rows.rows().zip(top..carts.rows()) {
        let background = row_background(theme, row == carts.scroll.cursor, true);
        row::draw_sign(theme, background, area, sketch);
        match carts.used.get(row) {
            Some(cart) => draw_cart(state, cart, &columns, background, area, sketch),
            None => row::draw(
                &[
                    left("", SIGNS - 1, theme.text),
                    left(JOIN, inner.width.saturating_sub(SIGNS), theme.text),
                ],
                background,
                area,
                sketch,
            ),
        }
    }
    draw_scroll_bar(theme, area, rows, carts.rows(), top, sketch);
}

/// Draws a cart of the list.
fn draw_cart(
    state: &State,
    cart: &UserName,
    columns: &CartsColumns,
    background: RowBackground,
    area: Rect,
    sketch: &mut Sketch,
) {
    let theme = &state.theme;
    let sign = if *cart == state.env.user { HERE } else { " " };
    let name = format!(" {cart}");
    let mut cells = vec![
        left(sign, SIGNS - 1, theme.accent),
        left(&name, columns.name.saturating_sub(SIGNS), theme.text),
    ];

    let glance = state.carts.glances.get(cart);
    let words = match glance {
        Some(Ok(glance)) => GlanceWords::of(state, glance, columns.closes),
        Some(Err(_)) => GlanceWords::default(),
        None => GlanceWords {
            lines: PENDING.to_owned(),
            ..GlanceWords::default()
        },
    };
    let (sum, people) = match words.uncounted.as_str() {
        "" => (words.sum, words.people),
        uncounted => (
            format!("{SHORT} {}", words.sum),
            format!("{uncounted} · {}", words.people),
        ),
    };
    let trouble;
    if let Some(Err(why)) = glance {
        // It has nothing for the other columns.
        trouble = format!("{SHORT} {why}");
        let rest = area.width.saturating_sub(columns.name + 1);
        cells.push(left(&trouble, rest, theme.bad));
    } else {
        let sum_style = if words.is_whole {
            theme.text
        } else {
            theme.bad
        };
        cells.extend([
            right(&words.lines, LINES, theme.dim),
            right(&sum, columns.sum, sum_style),
            left(&people, columns.people, theme.dim),
            left(&words.closes, columns.closes, theme.dim),
        ]);
    }
    row::draw(&cells, background, area, sketch);

    let mark = cart_mark(state, cart.as_str());
    let style = background.beneath(mark.style);
    sketch.write(area.x + SIGNS, area.y, &mark.content, 1, style);
}

/// The words of a row about a cart.
#[derive(Default)]
pub(in crate::tui) struct GlanceWords {
    lines: String,
    pub(in crate::tui) sum: String,
    is_whole: bool,
    /// The lines that are not in the sum; empty where there are none, or no sum.
    pub(in crate::tui) uncounted: String,
    pub(in crate::tui) people: String,
    pub(in crate::tui) closes: String,
}

impl GlanceWords {
    /// The words in full.
    pub(in crate::tui) fn full(state: &State, glance: &CartGlance) -> GlanceWords {
        GlanceWords::of(state, glance, CLOSES_IN)
    }

    fn of(state: &State, glance: &CartGlance, closes_width: u16) -> GlanceWords {
        let lines = glance.cart.lines.iter();
        let totals = total::totals(lines.map(|line| (line, state.lookup(&line.product))));
        let is_whole = totals.uncounted == 0;
        let sum = totals.subtotal.in_currency(&state.shop.currency);

        let mut uncounted = String::new();
        let sum = if glance.cart.lines.is_empty() {
            String::new()
        } else if is_whole {
            sum
        } else if totals.items == 0 {
            "not counted".to_owned()
        } else {
            uncounted = format!("{} not counted", totals.uncounted);
            sum
        };

        GlanceWords {
            lines: glance.cart.lines.len().to_string(),
            sum,
            is_whole,
            uncounted,
            people: people(state, glance),
            closes: closes(state, glance, closes_width),
        }
    }
}

/// Who watches a cart: oneself first, each name once.
fn people(state: &State, glance: &CartGlance) -> String {
    let mut names: Vec<&str> = Vec::new();
    for watcher in &glance.watchers {
        let name = if watcher.id == state.env.ops {
            "you"
        } else {
            watcher.name.as_str()
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.sort_by_key(|name| *name != "you");

    if names.is_empty() {
        return "nobody".to_owned();
    }
    names.join(", ")
}

/// When a cart closes, by its owner's rules, in so many columns.
fn closes(state: &State, glance: &CartGlance, columns: u16) -> String {
    let rules = &glance.cart.rules;
    let clock = state.clock();
    let now = state.server_now();
    match (rules.locked, rules.closes) {
        (true, _) => "locked".to_owned(),
        (false, Some(at)) if at <= now => "closed".to_owned(),
        (false, Some(at)) if columns >= CLOSES_IN => {
            time_and_countdown(state, at).unwrap_or_else(|| clock.minute_on_its_day(at, now))
        }
        (false, Some(at)) => clock.minute_or_day(at, now),
        (false, None) => String::new(),
    }
}
