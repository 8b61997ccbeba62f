//! State to frame. Pure: one file per pane, and only the rows that show are built.

mod activity;
mod cart;
mod catalog;
mod footer;
mod header;
mod help;
mod row;

use super::layout::Pane;
use super::state::{Mode, State};
use super::theme::Theme;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, BorderType, Paragraph, Widget, Wrap};

pub use header::SECONDS_BELOW;

/// Draws the whole screen.
pub fn view(state: &State, theme: &Theme, frame: &mut Frame<'_>) {
    let Some(areas) = state.areas() else {
        let text = format!("{}×{} is too small: make the window larger", state.size.0, state.size.1);
        return Paragraph::new(text).wrap(Wrap { trim: true }).render(frame.area(), frame.buffer_mut());
    };
    header::draw(state, theme, areas.header, frame.buffer_mut());
    if let Mode::Help(top) = state.mode {
        let body = Rect { y: 1, height: state.size.1.saturating_sub(3), ..frame.area() };
        help::draw(top, theme, body, frame.buffer_mut());
    } else {
        if let Some(area) = areas.catalog {
            catalog::draw(state, theme, area, &areas, frame);
        }
        if let Some(area) = areas.cart {
            cart::draw(state, theme, area, &areas, frame.buffer_mut());
        }
        if let Some(area) = areas.activity {
            activity::draw(state, theme, area, frame.buffer_mut());
        }
    }
    footer::message(state, theme, areas.message, frame);
    footer::keys(state, theme, areas.footer, frame.buffer_mut());
}

/// The frame of a pane.
fn pane<'a>(theme: &Theme, focused: bool, title: Line<'a>) -> Block<'a> {
    let style = if focused { theme.focus } else { theme.border };
    Block::bordered().border_type(BorderType::Rounded).border_style(style).title_top(title)
}

/// Whether a pane has the keyboard.
fn has_keyboard(state: &State, pane: Pane) -> bool {
    state.focus == pane && !matches!(state.mode, Mode::Help(_))
}

/// A hint in the middle of an empty pane.
fn hint(theme: &Theme, text: &str, rows: Rect, buffer: &mut ratatui::buffer::Buffer) {
    let area = Rect { y: rows.y + rows.height / 4, height: rows.height - rows.height / 4, ..rows };
    Paragraph::new(text).style(theme.dim).centered().wrap(Wrap { trim: true }).render(area, buffer);
}
