//! State to frame. Pure: one file per pane, and only the rows that show are built.

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

use crate::config::keymap::Action;
use crate::config::theme::Theme;
use crate::model::text;
use crate::tui::state::areas::{Areas, Pane};
use crate::tui::state::{Mode, State};
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, BorderType, Paragraph, Widget, Wrap};

/// Draws the whole screen.
pub fn view(state: &State, frame: &mut Frame<'_>) {
    let theme = &state.theme;
    let all = frame.area();
    // Whatever names no colour of its own has that of text, never the terminal's on our ground.
    frame
        .buffer_mut()
        .set_style(all, theme.text.patch(theme.ground));
    let Some(areas) = state.areas() else {
        let text = too_small(state);
        return Paragraph::new(text)
            .wrap(Wrap { trim: true })
            .render(frame.area(), frame.buffer_mut());
    };
    header::draw(state, theme, areas.header, frame.buffer_mut());
    let body = Rect {
        y: 1,
        height: state.size.1.saturating_sub(3),
        ..frame.area()
    };
    match &state.mode {
        Mode::Help(top) => help::draw(state, *top, body, frame.buffer_mut()),
        Mode::Checkout(top) => checkout::draw(state, *top, body, frame.buffer_mut()),
        Mode::Orders => orders::draw(state, body, frame.buffer_mut()),
        Mode::Receipt { order, top, .. } => {
            orders::draw_receipt(state, order, *top, body, frame.buffer_mut());
        }
        _ => lists(state, theme, &areas, frame),
    }
    palette::draw(state, theme, areas.palette, frame.buffer_mut());
    footer::message(state, theme, areas.message, frame);
    footer::keys(state, theme, areas.footer, frame.buffer_mut());
}

/// All that a screen says that is too small for more.
fn too_small(state: &State) -> String {
    if matches!(state.mode, Mode::ConfirmQuit) {
        let quit = state.env.keymap.key_of(Action::Quit);
        return format!("{} {quit} quits", footer::leaving(state));
    }
    format!(
        "{}×{} is too small: make the window larger",
        state.size.0, state.size.1
    )
}

/// The catalog, the cart and the activity.
fn lists(state: &State, theme: &Theme, areas: &Areas, frame: &mut Frame<'_>) {
    if let Some(area) = areas.catalog {
        catalog::draw(state, theme, area, areas, frame);
    }
    if let Some(area) = areas.cart {
        cart::draw(state, theme, area, areas, frame.buffer_mut());
    }
    if let Some(area) = areas.activity {
        activity::draw(state, theme, area, frame.buffer_mut());
    }
}

/// The frame of a pane.
fn pane<'a>(theme: &Theme, focused: bool, title: Line<'a>) -> Block<'a> {
    let style = if focused { theme.focus } else { theme.border };
    Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(style)
        .title_top(title)
}

/// Which of the rows is selected, for the foot of a frame.
fn place<'a>(theme: &Theme, row: usize, rows: usize) -> Line<'a> {
    let said = if rows == 0 {
        String::new()
    } else {
        format!(" {} of {rows} ", row + 1)
    };
    Line::styled(said, theme.dim).right_aligned()
}

/// What the terminal's title says: the shop, and how much is in the cart.
#[must_use]
pub fn title(state: &State) -> String {
    let items = text::count(state.totals().items, "item");
    format!("{} · {} · {items}", state.shop.name, state.env.user)
}

/// A scroll bar on the right side of a frame, where not all rows show.
fn scroll_bar(
    theme: &Theme,
    frame: Rect,
    rows: Rect,
    length: usize,
    top: usize,
    buffer: &mut Buffer,
) {
    let page = usize::from(rows.height);
    if page == 0 || length <= page {
        return;
    }
    let thumb = (page * page / length).max(1);
    let start = top * (page - thumb) / (length - page);
    for line in start..start + thumb {
        let y = rows.y + u16::try_from(line).unwrap_or(0).min(rows.height - 1);
        buffer.set_string(frame.right() - 1, y, "┃", theme.focus);
    }
}

/// A line across the top of an area.
fn rule(theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let width = usize::from(area.width);
    buffer.set_stringn(area.x, area.y, "─".repeat(width), width, theme.border);
}

/// Whether a pane has the keyboard.
fn has_keyboard(state: &State, pane: Pane) -> bool {
    state.focus == pane && !matches!(state.mode, Mode::Help(_))
}

/// A hint in the middle of an empty pane.
fn hint(theme: &Theme, text: &str, rows: Rect, buffer: &mut Buffer) {
    let area = Rect {
        y: rows.y + rows.height / 4,
        height: rows.height - rows.height / 4,
        ..rows
    };
    Paragraph::new(text)
        .style(theme.dim)
        .centered()
        .wrap(Wrap { trim: true })
        .render(area, buffer);
}
