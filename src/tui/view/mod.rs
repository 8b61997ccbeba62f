//! Draws the state. Pure: one file per pane, and only the rows that show are built.

mod activity;
mod cart;
pub(in crate::tui) mod carts;
pub(in crate::tui) mod catalog;
mod checkout;
pub(in crate::tui) mod details;
pub(in crate::tui) mod footer;
pub(in crate::tui) mod header;
pub(in crate::tui) mod help;
mod orders;
pub(in crate::tui) mod palette;
mod people;
mod receipt;
pub(in crate::tui) mod row;
pub(crate) mod sketch;
mod sums;
pub(in crate::tui) mod typed;

use crate::config::keymap::{Action, HelpScope};
use crate::config::theme::Theme;
use crate::model::text;
use crate::tui::layout::footer::key_hints;
use crate::tui::state::areas::{Areas, Pane};
use crate::tui::state::{Mode, State};
use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use row::RowBackground;
pub use sketch::Picture;
use sketch::Sketch;
use std::borrow::Cow;

/// What stands in the place of what the server has not told yet, while it is away.
pub(in crate::tui) const WAITING_FOR_SERVER: &str = "Waiting for the server …";

/// Everything that a frame shows of the state.
#[must_use]
pub fn picture(state: &State) -> Picture {
    Picture {
        sketch: sketch(state),
        title: title(state),
        display: state.env.display,
    }
}

/// Draws the whole screen; returns the place of the cursor, where it shows.
pub fn view(state: &State, buffer: &mut Buffer) -> Option<Position> {
    let sketch = sketch(state);
    sketch.paint(state.env.display, buffer);
    sketch.cursor()
}

/// Sketches the whole screen.
fn sketch(state: &State) -> Sketch {
    // Text without a colour of its own has that of the theme, never the terminal's, which may
    // not be readable on the theme's background.
    let style = state.theme.text.patch(state.theme.background);
    let mut sketch = Sketch::new(state.size, style);

    match &state.areas() {
        Some(areas) => draw_areas(state, areas, &mut sketch),
        None => draw_too_small(state, &mut sketch),
    }
    sketch
}

fn draw_areas(state: &State, areas: &Areas, sketch: &mut Sketch) {
    header::draw(state, areas.header, sketch);
    draw_body(state, areas, sketch);
    palette::draw(state, areas.palette, sketch);
    footer::draw_message(state, areas.message, sketch);
    let hints = key_hints(state, areas.footer.width);
    footer::draw_keys(&state.theme, hints, areas.footer, sketch);
}

/// Formats the terminal's title: the shop, and how much is in the cart; or how much happened while
/// somebody looked elsewhere.
fn title(state: &State) -> String {
    let cart = &state.env.user;
    let items = text::count(state.totals().items, "item");
    let missed = state.missed.filter(|_| state.env.alerts.title);
    let title = match missed {
        // Tabs show only the beginning.
        Some(missed @ 1..) => format!("({missed}) {items} · {cart} · trolley"),
        Some(0) | None => format!("{} · {cart} · {items}", state.shop.name),
    };
    state.env.display.text(text::shown(&title).into_owned())
}

/// Draws what a screen says that is too small for anything else.
fn draw_too_small(state: &State, sketch: &mut Sketch) {
    let message = if matches!(state.mode, Mode::ConfirmQuit) {
        let quit = state.env.keymap.key_of(Action::Quit);
        format!("{} {quit} quits", footer::quit_question(state))
    } else {
        too_small(state.size)
    };

    draw_sentence(&message, Style::new(), sketch.area(), sketch);
}

/// The message on a screen that is too small for anything else.
pub(in crate::tui) fn too_small((width, height): (u16, u16)) -> String {
    format!("{width}×{height} is too small: make the window larger")
}

/// Draws what stands between the header and the last two lines: the lists, or the page that
/// covers them.
fn draw_body(state: &State, areas: &Areas, sketch: &mut Sketch) {
    let body = state.body();
    let page = match (&state.mode, &state.covered) {
        (Mode::Palette { .. } | Mode::Prompt { .. } | Mode::ConfirmCancel(_), Some(covered)) => {
            covered
        }
        (mode, _) => mode,
    };

    match page {
        Mode::Help(page) => {
            let keymap = &state.env.keymap;
            help::draw(&state.theme, keymap, HelpScope::Shop, page, body, sketch);
        }
        Mode::Checkout(page) => checkout::draw(state, *page, body, sketch),
        Mode::Orders | Mode::OrderSearch | Mode::Receipt { .. } => {
            orders::draw(state, page, body, sketch);
        }
        Mode::Carts => carts::draw(state, body, sketch),
        Mode::Browse
        | Mode::Search
        | Mode::Palette { .. }
        | Mode::Prompt { .. }
        | Mode::ConfirmQuit
        | Mode::ConfirmCancel(_)
        | Mode::ConfirmClear(_) => {
            catalog::draw(state, areas, sketch);
            cart::draw(state, areas, sketch);
            activity::draw(state, areas, sketch);
            people::draw(state, areas, sketch);
        }
    }
}

/// Draws the frame of a pane, and returns the area inside; the pane with the keyboard stands out.
pub(in crate::tui) fn draw_pane<'a>(
    theme: &Theme,
    focused: bool,
    title: impl Into<Line<'a>>,
    frame: Rect,
    sketch: &mut Sketch,
) -> Rect {
    let style = if focused { theme.focus } else { theme.border };
    draw_frame(style, title, frame, sketch)
}

/// Draws a frame in this style, and returns the area inside.
pub(in crate::tui) fn draw_frame<'a>(
    style: Style,
    title: impl Into<Line<'a>>,
    frame: Rect,
    sketch: &mut Sketch,
) -> Rect {
    let inner = frame.inner(Margin::new(1, 1));
    sketch.add_pane(inner);

    let edge = "─".repeat(inner.width.into());
    let foot = row::foot_line(frame);
    sketch.write(frame.x, frame.y, &format!("╭{edge}╮"), frame.width, style);
    for y in inner.top()..inner.bottom() {
        sketch.write(frame.x, y, "│", 1, style);
        sketch.write(inner.right(), y, "│", 1, style);
    }
    sketch.write(frame.x, foot.y, &format!("╰{edge}╯"), frame.width, style);

    sketch.write_line(&title.into(), Rect { y: frame.y, ..foot });
    inner
}

/// A title and the words behind it, as many as fit.
pub(in crate::tui) fn titled(
    theme: &Theme,
    name: impl Into<Cow<'static, str>>,
    words: Vec<(String, Style)>,
    frame: Rect,
) -> Line<'static> {
    let mut title = Line::from(Span::styled(name, theme.accent));
    let room = usize::from(frame.width).saturating_sub(2);
    for (index, (word, style)) in words.into_iter().enumerate() {
        let gap = if index > 0 { "· " } else { "" };
        if title.width() + gap.len() + text::width(&word) + 1 > room {
            break;
        }
        title.push_span(Span::styled(gap, theme.dim));
        title.push_span(Span::styled(format!("{word} "), style));
    }
    title
}

/// The line “3 of 20” for the foot of a frame: which of the rows is selected.
pub(in crate::tui) fn position<'a>(theme: &Theme, row: usize, rows: usize) -> Line<'a> {
    let text = if rows == 0 {
        String::new()
    } else {
        format!(" {} of {rows} ", row + 1)
    };
    Line::styled(text, theme.dim).right_aligned()
}

/// Draws a scroll bar on the right side of a frame, where not all rows show.
pub(in crate::tui) fn draw_scroll_bar(
    theme: &Theme,
    frame: Rect,
    rows: Rect,
    length: usize,
    top: usize,
    sketch: &mut Sketch,
) {
    let page = usize::from(rows.height);
    draw_scroll_bar_of(theme, frame, rows, page, length, top, sketch);
}

/// The same for a list of which only `page` rows show, as some take more than one line.
pub(in crate::tui) fn draw_scroll_bar_of(
    theme: &Theme,
    frame: Rect,
    rows: Rect,
    page: usize,
    length: usize,
    top: usize,
    sketch: &mut Sketch,
) {
    let height = usize::from(rows.height);
    if height == 0 || length <= page {
        return;
    }

    let thumb = (height * page / length).max(1);
    let start = top * (height - thumb) / (length - page);
    let start = start.min(height - thumb);
    for line in start..start + thumb {
        let y = rows.y + u16::try_from(line).unwrap_or(0).min(rows.height - 1);
        sketch.write(frame.right() - 1, y, "┃", 1, theme.focus);
    }
}

/// Draws a line across the top of an area.
pub(in crate::tui) fn draw_rule(theme: &Theme, area: Rect, sketch: &mut Sketch) {
    let rule = "─".repeat(area.width.into());
    sketch.write(area.x, area.y, &rule, area.width, theme.border);
}

/// Draws sentences in the middle of an empty pane. Of several paragraphs, the last ones go first
/// where there is no room for all.
pub(in crate::tui) fn draw_placeholder(theme: &Theme, text: &str, rows: Rect, sketch: &mut Sketch) {
    let mut paragraphs: Vec<&str> = text.split("\n\n").collect();
    let mut lines = placeholder_lines(&paragraphs, rows.width);
    while lines.len() > usize::from(rows.height) && paragraphs.len() > 1 {
        paragraphs.pop();
        lines = placeholder_lines(&paragraphs, rows.width);
    }

    let height = u16::try_from(lines.len()).unwrap_or(rows.height);
    let above = (rows.height / 4).min(rows.height.saturating_sub(height));
    let area = Rect {
        y: rows.y + above,
        height: rows.height - above,
        ..rows
    };
    for (area, line) in area.rows().zip(lines) {
        let width = u16::try_from(text::width(&line)).unwrap_or(area.width);
        let x = area.x + (area.width / 2).saturating_sub(width / 2);
        sketch.write(x, area.y, &line, area.width, theme.dim);
    }
}

/// Draws a sentence in as many lines as it takes.
pub(in crate::tui) fn draw_sentence(text: &str, style: Style, area: Rect, sketch: &mut Sketch) {
    let lines = text::wrap(text, area.width.into(), area.height.into());
    for (area, line) in area.rows().zip(lines) {
        sketch.write(area.x, area.y, &line, area.width, style);
    }
}

/// The lines of some paragraphs, with one between two of them.
fn placeholder_lines(paragraphs: &[&str], width: u16) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in paragraphs {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let wrapped = paragraph
            .lines()
            .flat_map(|line| text::wrap(line, width.into(), usize::MAX));
        lines.extend(wrapped);
    }
    lines
}

/// The background of a row in the list of a pane, which shows whether it is selected.
fn list_background(state: &State, pane: Pane, row: usize) -> RowBackground {
    let selected = match pane {
        Pane::Catalog => state.catalog.scroll.cursor,
        Pane::Cart => state.cart.scroll.cursor,
        Pane::People => state.people.scroll.cursor,
    };

    row_background(&state.theme, row == selected, state.focus == pane)
}

/// The background of a row in a list that has the keyboard, or has not.
pub(in crate::tui) fn row_background(
    theme: &Theme,
    is_selected: bool,
    focused: bool,
) -> RowBackground {
    match (is_selected, focused) {
        (true, true) => RowBackground::Selected(theme.selected),
        (true, false) => RowBackground::SelectedUnfocused(theme.selected_unfocused),
        (false, _) => RowBackground::Plain(theme.text),
    }
}
