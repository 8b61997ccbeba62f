//! The people pane: who asked for how much, and below that the total and the rules of the cart.

use super::cart::unread_message;
use super::row;
use super::row::{RowBackground, left, right};
use super::sketch::Sketch;
use super::{
    draw_pane, draw_placeholder, draw_rule, draw_scroll_bar, list_background, position, titled,
};
use crate::config::theme::{AWAY, HERE, MISSING, PENDING, READY, Theme};
use crate::model::{Money, text};
use crate::tui::layout::money;
use crate::tui::layout::people::{
    LINE_INDENT, PeopleColumns, PeopleLayout, PeopleRow, PersonLine, PersonSums, Standing,
};
use crate::tui::layout::rules::{Remainder, RuleImportance, RuleLine};
use crate::tui::state::areas::{Areas, Pane};
use crate::tui::state::people::Person;
use crate::tui::state::{Connectivity, State};
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use rust_decimal::Decimal;

/// The words of a pane without people.
const NOBODY_YET: &str = "Nobody has anything in the cart yet.";
/// The columns before a product, and for its pieces, on a row without words.
const NARROW_INDENT: u16 = 2;
const NARROW_PIECES: u16 = 4;
/// The columns of the second sign and of the word for the signs, where there is one.
const SECOND_SIGN: u16 = 2;
const WORD: u16 = 4;

/// Draws the people, where they show.
pub(super) fn draw(state: &State, areas: &Areas, sketch: &mut Sketch) {
    let Some(frame) = areas.people else { return };
    let theme = &state.theme;
    let layout = PeopleLayout::of(state, frame);
    let PeopleLayout {
        rows,
        list,
        columns,
        ..
    } = &layout;
    let scroll = state.people.scroll;

    draw_pane(
        theme,
        state.focus == Pane::People,
        title(state, &layout, frame),
        frame,
        sketch,
    );
    draw_foot(state, &layout, sketch);
    if rows.is_empty() {
        let text = unread_message(state).unwrap_or(NOBODY_YET);
        return draw_placeholder(theme, text, *list, sketch);
    }

    let (person, people) = layout.position(scroll.cursor);
    let position = position(theme, person.saturating_sub(1), people);
    sketch.write_line(&position, row::foot_line(frame));
    draw_headings(theme, columns, row::heading_line(*list), sketch);

    let visible = rows.iter().enumerate().skip(scroll.top);
    for (area, (index, row)) in list.rows().zip(visible) {
        let background = list_background(state, Pane::People, index);
        row::draw_sign(theme, background, area, sketch);
        match row {
            PeopleRow::Sums(person) => {
                draw_person(state, person, columns, background, area, sketch);
            }
            PeopleRow::Words(_, words) => {
                let cells = [
                    left("", columns.state, theme.dim),
                    left(words, area.width, theme.dim),
                ];
                row::draw(&cells, background, area, sketch);
            }
            PeopleRow::Line(line) => draw_line(state, line, columns, background, area, sketch),
            PeopleRow::Note(note) => {
                row::draw_note(theme, &note.row, LINE_INDENT - 1, background, area, sketch);
            }
        }
    }
    draw_scroll_bar(theme, frame, *list, rows.len(), scroll.top, sketch);
}

/// The title: how many take part, whether the cart may be changed, and how many are ready, as far
/// as there is room.
fn title(state: &State, layout: &PeopleLayout, frame: Rect) -> Line<'static> {
    let theme = &state.theme;
    let count = layout.count(state);
    let mut words = Vec::new();
    match (count.taking_part, count.expected) {
        (0, 0) => {}
        (people, 0) => words.push((people.to_string(), theme.dim)),
        (people, expected) => words.push((format!("{people} of {expected}"), theme.dim)),
    }
    if matches!(state.connectivity, Connectivity::Offline { .. }) && state.cart.loaded {
        words.push(("may be old".to_owned(), theme.bad));
    }
    if state.cart.confirmed.rules.locked {
        words.push(("locked".to_owned(), theme.warn));
    } else if state.is_closed() {
        words.push(("closed".to_owned(), theme.warn));
    }
    if count.ready > 0 {
        words.push((format!("{} ready", count.ready), theme.dim));
    }
    if count.missing > 0 {
        words.push((format!("{} missing", count.missing), theme.dim));
    }

    titled(theme, " People ", words, frame)
}

/// Draws the headings of the columns.
fn draw_headings(theme: &Theme, columns: &PeopleColumns, area: Rect, sketch: &mut Sketch) {
    let state = if columns.has_words() { "    State" } else { "" };
    let used = if columns.left > 0 { "Used" } else { "Share" };
    let cells = [
        left(state, columns.state, theme.dim),
        left("Name", columns.name, theme.dim),
        right("Qty", columns.pieces, theme.dim),
        right("Sum", columns.sum, theme.dim),
        right("Left", columns.left, theme.dim),
        left(used, columns.bar, theme.dim),
    ];
    row::draw(&cells, RowBackground::Plain(theme.dim), area, sketch);
}

/// Draws a person: whether they are here, what they asked for, and what is left of their limit.
fn draw_person(
    state: &State,
    person: &PersonSums,
    columns: &PeopleColumns,
    background: RowBackground,
    area: Rect,
    sketch: &mut Sketch,
) {
    let theme = &state.theme;
    let style = if person.is_pending {
        theme.pending
    } else {
        theme.text
    };
    let name = person.label(columns.has_words(), columns.name.into());
    let pieces = person.pieces();
    let has_pieces = person.part.pieces > 0;
    let sum = match has_pieces {
        true => money::aligned(&state.shop.currency, person.part.sum, columns.sum_decimals),
        false => String::new(),
    };

    let remainder = person.left(state);
    let left_over = remainder
        .map(|it| it.aligned(&state.shop.currency, columns.left_decimals))
        .unwrap_or_default();
    let is_over = matches!(remainder, Some(Remainder::Over(_)));
    let (bar, bar_style) = if is_over {
        ("over".to_owned(), theme.bad)
    } else {
        (share_bar(state, person, columns), row::bar_style(theme))
    };

    if person.standing == Standing::Missing && !columns.has_words() {
        let words = if person.is_here {
            "missing, here"
        } else {
            "missing"
        };
        let cells = [
            left("", columns.state, theme.text),
            left(&name, columns.name, style),
            left(words, area.width, theme.warn),
        ];
        row::draw(&cells, background, area, sketch);
        return draw_state(theme, person, columns, background, area, sketch);
    }

    let cells = [
        left("", columns.state, theme.text),
        left(&name, columns.name, style),
        right(&pieces, columns.pieces, style),
        right(&sum, columns.sum, style),
        right(
            &left_over,
            columns.left,
            if is_over { theme.bad } else { theme.dim },
        ),
        left(&bar, columns.bar, bar_style),
    ];
    row::draw(&cells, background, area, sketch);
    draw_state(theme, person, columns, background, area, sketch);
}

/// Draws the signs of a person, and the word for them where there is room.
fn draw_state(
    theme: &Theme,
    person: &PersonSums,
    columns: &PeopleColumns,
    background: RowBackground,
    area: Rect,
    sketch: &mut Sketch,
) {
    if person.person == Person::Nobody {
        return;
    }

    let (sign, style) = if person.is_here {
        (HERE, theme.good)
    } else {
        (AWAY, theme.dim)
    };
    sketch.write(area.x, area.y, sign, 1, background.beneath(style));

    let (sign, word, style) = match person.standing {
        Standing::Shopping if !person.is_here => ("", "away", theme.dim),
        Standing::Ready if person.is_pending => (READY, "ready", theme.pending),
        standing => standing_told(theme, standing),
    };
    let style = background.beneath(style);
    if columns.has_words() {
        sketch.write(area.x + SECOND_SIGN, area.y, sign, 1, style);
        sketch.write(area.x + WORD, area.y, word, columns.state - WORD, style);
    } else {
        sketch.write(area.x + 1, area.y, sign, 1, style);
    }
}

/// The sign of how far somebody is, its word and their style; nothing where that is not told.
pub(super) fn standing_told(
    theme: &Theme,
    standing: Standing,
) -> (&'static str, &'static str, Style) {
    match standing {
        Standing::Ready => (READY, "ready", theme.good),
        Standing::Missing => (MISSING, "missing", theme.warn),
        Standing::Shopping => ("", "", theme.dim),
    }
}

/// A bar for the used part of one's limit; without a limit, for the part of the whole cart.
fn share_bar(state: &State, person: &PersonSums, columns: &PeopleColumns) -> String {
    let whole = match state.cart.confirmed.rules.budget_each {
        Some(_) if person.person == Person::Nobody => None,
        Some(limit) => Some(limit),
        None => Some(state.totals().subtotal),
    };
    let share = whole.and_then(|whole| share_of(person.part.sum, whole));
    match share {
        Some(share) if person.part.pieces > 0 && columns.bar > 0 => row::bar(share, columns.bar),
        Some(_) | None => String::new(),
    }
}

/// The part that a sum is of a whole, at most all of it.
fn share_of(sum: Money, whole: Money) -> Option<Decimal> {
    let share = sum.decimal().checked_div(whole.decimal())?;
    Some(share.min(Decimal::ONE))
}

/// Draws a product that somebody asked for.
fn draw_line(
    state: &State,
    line: &PersonLine,
    columns: &PeopleColumns,
    background: RowBackground,
    area: Rect,
    sketch: &mut Sketch,
) {
    let theme = &state.theme;
    let pieces = line.pieces.to_string();
    let sum = match line.sum {
        Some(sum) => money::aligned(&state.shop.currency, sum, columns.sum_decimals),
        None => "—".to_owned(),
    };

    if columns.has_words() {
        let indent = LINE_INDENT - 1;
        let name = (columns.state + 1 + columns.name).saturating_sub(LINE_INDENT);
        let cells = [
            left("", indent, theme.dim),
            left(&line.name, name, theme.dim),
            right(&pieces, columns.pieces, theme.dim),
            right(&sum, columns.sum, theme.dim),
        ];
        return row::draw(&cells, background, area, sketch);
    }

    // Names have more room where the amounts stand at the edge.
    let sum_width = u16::try_from(text::width(&sum)).unwrap_or(columns.sum);
    let name = area
        .width
        .saturating_sub(NARROW_INDENT + NARROW_PIECES + sum_width + 3);
    let cells = [
        left("", NARROW_INDENT, theme.dim),
        right(&pieces, NARROW_PIECES, theme.dim),
        left(&line.name, name, theme.dim),
        right(&sum, sum_width, theme.dim),
    ];
    row::draw(&cells, background, area, sketch);
}

/// Draws the total of the cart, and below it the rules.
fn draw_foot(state: &State, layout: &PeopleLayout, sketch: &mut Sketch) {
    let theme = &state.theme;
    let foot = layout.foot;
    let has_rule = layout.has_rule();
    if has_rule {
        draw_rule(theme, foot, sketch);
    }
    if let Some(area) = foot.rows().nth(usize::from(has_rule)) {
        draw_total(state, area, sketch);
    }
    for (area, line) in layout.rule_rows() {
        draw_rule_line(theme, line, area, sketch);
    }
}

/// Draws the line with the items and the total.
fn draw_total(state: &State, area: Rect, sketch: &mut Sketch) {
    let theme = &state.theme;
    let totals = state.totals();
    let items = text::count(totals.items, "item");
    let pending = if state.cart.unconfirmed.is_empty() {
        ""
    } else {
        PENDING
    };
    let total = format!(
        "{pending}{}",
        totals.subtotal.in_currency(&state.shop.currency)
    );
    row::draw_total(theme, (&items, &total), theme.accent, area, sketch);
}

fn draw_rule_line(theme: &Theme, line: &RuleLine, area: Rect, sketch: &mut Sketch) {
    let key = Span::styled(&line.key, theme.accent);
    let text = Span::styled(&line.text, rule_style(theme, line.importance));
    sketch.write_line(&Line::from_iter([key, text]), area);
}

fn rule_style(theme: &Theme, importance: RuleImportance) -> Style {
    match importance {
        RuleImportance::Usual => theme.dim,
        RuleImportance::Closed => theme.warn,
    }
}
