//! Draws the screens of the staff. Pure: only what shows is built.

mod board;
mod digits;
mod footer;
mod header;
mod products;
mod ready;
mod settings;
mod ticket;
mod today;
mod totals;

use crate::config::keymap::HelpScope;
use crate::model::text;
use crate::tui::staff::layout::board::BoardLayout;
use crate::tui::staff::layout::footer::key_hints;
use crate::tui::staff::layout::palette as commands;
use crate::tui::staff::state::{Page, StaffMode, StaffState};
use crate::tui::state::areas;
use crate::tui::view::sketch::Sketch;
use crate::tui::view::{Picture, draw_sentence, help, palette, too_small};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

/// Everything that a frame shows of the state.
#[must_use]
pub fn picture(state: &StaffState) -> Picture {
    let layout = board_layout(state);
    Picture {
        sketch: sketch(state, &layout),
        title: title(state),
        display: state.env.display,
    }
}

/// Draws the whole screen; returns the place of the cursor, where it shows.
pub fn view(state: &StaffState, buffer: &mut Buffer) -> Option<Position> {
    let layout = board_layout(state);
    let sketch = sketch(state, &layout);
    sketch.paint(state.env.display, buffer);
    sketch.cursor()
}

/// The layout of the board, once for all that a frame shows; nothing where another page shows.
fn board_layout(state: &StaffState) -> BoardLayout {
    if state.page == Page::Board && state.has_room() {
        BoardLayout::of(state)
    } else {
        BoardLayout::default()
    }
}

/// Sketches the whole screen.
fn sketch(state: &StaffState, layout: &BoardLayout) -> Sketch {
    let style = state.theme.text.patch(state.theme.background);
    let mut sketch = Sketch::new(state.size, style);
    if !state.has_room() {
        draw_sentence(
            &too_small(state.size),
            Style::new(),
            sketch.area(),
            &mut sketch,
        );
        return sketch;
    }

    header::draw(state, layout, &mut sketch);
    draw_page(state, layout, state.body(), &mut sketch);
    draw_palette(state, &mut sketch);
    footer::draw_message(state, state.message_line(), &mut sketch);
    let hints = key_hints(state, state.size.0);
    crate::tui::view::footer::draw_keys(&state.theme, hints, state.footer_line(), &mut sketch);
    sketch
}

/// Draws the page, or the help that covers it.
fn draw_page(state: &StaffState, layout: &BoardLayout, body: Rect, sketch: &mut Sketch) {
    if let StaffMode::Help(page) = &state.mode {
        let keymap = &state.env.keymap;
        let scope = HelpScope::Page(state.page.context());
        return help::draw(&state.theme, keymap, scope, page, body, sketch);
    }
    match state.page {
        Page::Board => board::draw(state, layout, sketch),
        Page::Ready => ready::draw(state, body, sketch),
        Page::Today => today::draw(state, sketch),
        Page::Products => products::draw(state, sketch),
        Page::Shop => settings::draw(state, sketch),
    }
}

fn draw_palette(state: &StaffState, sketch: &mut Sketch) {
    let StaffMode::Palette { input, cursor } = &state.mode else {
        return;
    };
    let area = areas::palette(state.body());
    let entries = commands::entries(state, input.value());
    if entries.is_empty() {
        let message = commands::no_match_message(input.value());
        return palette::draw_none(&state.theme, &message, area, sketch);
    }
    let rows: Vec<palette::CommandRow<'_>> = entries
        .iter()
        .map(|entry| (entry.label.as_str(), entry.hint.as_str()))
        .collect();
    palette::draw_commands(&state.theme, &rows, *cursor, area, sketch);
}

/// Formats the terminal's title: the shop and the open orders; or how much happened while somebody
/// looked elsewhere.
fn title(state: &StaffState) -> String {
    let missed = state.missed.filter(|_| state.env.alerts.title);
    let page = match state.page {
        Page::Board | Page::Ready => "board",
        Page::Today => "today",
        Page::Products => "products",
        Page::Shop => "shop",
    };

    let title = match missed {
        Some(missed @ 1..) => format!("({missed}) {page} · trolley"),
        Some(0) | None => {
            let open = state.board.to_make().count();
            format!("{} · {page} · {open} open", state.shop.name)
        }
    };
    state.env.display.text(text::shown(&title).into_owned())
}
