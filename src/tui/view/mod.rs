//! Draws the state. Pure: one file per pane, and only the rows that show are built.

mod activity;
mod cart;
mod catalog;
mod checkout;
mod details;
mod footer;
mod header;
mod help;
mod orders;
mod palette;
mod row;
mod sums;
mod typed;

use crate::config::keymap::Action;
use crate::config::theme::Theme;
use crate::model::text;
use crate::tui::state::areas::{Areas, Pane};
use crate::tui::state::{Mode, State};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, BorderType, Paragraph, Widget, Wrap};
use row::RowBackground;

/// Draws the whole screen; returns the place of the cursor, where it shows.
pub fn view(state: &State, buffer: &mut Buffer) -> Option<Position> {
    let screen = buffer.area;

    // Text without a colour of its own has that of the theme, never the terminal's, which may
    // not be readable on the theme's background.
    buffer.set_style(screen, state.theme.text.patch(state.theme.background));

    let areas = state.areas();
    match &areas {
        Some(areas) => draw_areas(state, areas, screen, buffer),
        None => draw_too_small(state, screen, buffer),
    }
    clean_cells(buffer);
    state.env.display.fit(buffer);

    let areas = areas?;
    footer::cursor(state, areas.message).or_else(|| catalog::cursor(state, &areas))
}

fn draw_areas(state: &State, areas: &Areas, screen: Rect, buffer: &mut Buffer) {
    header::draw(state, areas.header, buffer);
    draw_body(state, areas, screen, buffer);
    palette::draw(state, areas.palette, buffer);
    footer::draw_message(state, areas.message, buffer);
    footer::draw_keys(state, areas.footer, buffer);
}

/// Takes out of all cells what a terminal can't bear. Text comes from anybody, so this is done
/// in the one place through which all of it goes.
fn clean_cells(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        // What is hidden has no cell of its own, but follows another character, and takes two
        // bytes or more.
        if symbol.len() < 3 || symbol.chars().nth(1).is_none() {
            continue;
        }

        let shown = text::shown(symbol);
        if shown != symbol {
            // Without the joiners of an emoji its parts would stand side by side.
            let fitted = text::cut(&shown, text::width(symbol)).to_owned();
            cell.set_symbol(&fitted);
        }
    }
}

/// Formats the terminal's title: the shop, and how much is in the cart.
#[must_use]
pub(crate) fn title(state: &State) -> String {
    let items = text::count(state.totals().items, "item");
    let title = format!("{} · {} · {items}", state.shop.name, state.env.user);
    state.env.display.text(text::shown(&title).into_owned())
}

/// Draws what a screen says that is too small for anything else.
fn draw_too_small(state: &State, screen: Rect, buffer: &mut Buffer) {
    let message = if matches!(state.mode, Mode::ConfirmQuit) {
        let quit = state.env.keymap.key_of(Action::Quit);
        format!("{} {quit} quits", footer::quit_question(state))
    } else {
        let (width, height) = state.size;
        format!("{width}×{height} is too small: make the window larger")
    };

    Paragraph::new(message)
        .wrap(Wrap { trim: true })
        .render(screen, buffer);
}

/// Draws what stands between the header and the last two lines: the lists, or the page that
/// covers them.
fn draw_body(state: &State, areas: &Areas, screen: Rect, buffer: &mut Buffer) {
    let body = Rect {
        y: 1,
        height: state.size.1.saturating_sub(3),
        ..screen
    };

    let page = match (&state.mode, &state.covered) {
        (Mode::Palette { .. }, Some(covered)) => covered,
        (mode, _) => mode,
    };
    match page {
        Mode::Help(top) => help::draw(state, *top, body, buffer),
        Mode::Checkout(top) => checkout::draw(state, *top, body, buffer),
        Mode::Orders => orders::draw(state, body, buffer),
        Mode::Receipt { order, top, .. } => {
            orders::draw_receipt(state, order, *top, body, buffer);
        }
        Mode::Browse
        | Mode::Search
        | Mode::Palette { .. }
        | Mode::Quantity { .. }
        | Mode::ConfirmQuit
        | Mode::ConfirmClear => {
            catalog::draw(state, areas, buffer);
            cart::draw(state, areas, buffer);
            activity::draw(state, areas, buffer);
        }
    }
}

/// The frame of a pane; the one with the keyboard stands out.
fn pane<'a>(theme: &Theme, focused: bool, title: impl Into<Line<'a>>) -> Block<'a> {
    let style = if focused { theme.focus } else { theme.border };
    Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(style)
        .title_top(title)
}

/// The line “3 of 20” for the foot of a frame: which of the rows is selected.
fn position<'a>(theme: &Theme, row: usize, rows: usize) -> Line<'a> {
    let text = if rows == 0 {
        String::new()
    } else {
        format!(" {} of {rows} ", row + 1)
    };
    Line::styled(text, theme.dim).right_aligned()
}

/// Draws a scroll bar on the right side of a frame, where not all rows show.
fn draw_scroll_bar(
    theme: &Theme,
    frame: Rect,
    rows: Rect,
    length: usize,
    top: usize,
    buffer: &mut Buffer,
) {
    let page = usize::from(rows.height);
    draw_scroll_bar_of(theme, frame, rows, page, length, top, buffer);
}

/// The same for a list of which only `page` rows show, as some take more than one line.
fn draw_scroll_bar_of(
    theme: &Theme,
    frame: Rect,
    rows: Rect,
    page: usize,
    length: usize,
    top: usize,
    buffer: &mut Buffer,
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
        buffer.set_string(frame.right() - 1, y, "┃", theme.focus);
    }
}

/// Draws a line across the top of an area.
fn draw_rule(theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let width = usize::from(area.width);
    buffer.set_stringn(area.x, area.y, "─".repeat(width), width, theme.border);
}

/// Draws sentences in the middle of an empty pane. Of several paragraphs, the last ones go first
/// where there is no room for all.
fn draw_placeholder(theme: &Theme, text: &str, rows: Rect, buffer: &mut Buffer) {
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
    Paragraph::new(lines.join("\n"))
        .style(theme.dim)
        .centered()
        .render(area, buffer);
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
    };

    if row != selected {
        RowBackground::Plain(state.theme.text)
    } else if state.focus == pane {
        RowBackground::Highlight(state.theme.selected)
    } else {
        RowBackground::Plain(state.theme.selected_unfocused)
    }
}
