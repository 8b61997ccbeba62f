//! The settings of the shop.

use crate::config::theme::PENDING;
use crate::model::{Money, text};
use crate::store::ShopField;
use crate::tui::staff::layout::settings::{SettingsLayout, setting_hint, setting_name};
use crate::tui::staff::state::StaffState;
use crate::tui::view::row::{self, left};
use crate::tui::view::sketch::Sketch;
use crate::tui::view::{draw_pane, draw_rule, draw_sentence, row_background, titled};
use ratatui::layout::Rect;
use strum::VariantArray;

/// The columns of the names of settings.
const NAMES: u16 = 14;
/// The least columns of a value beside what more there is to say of it.
const LEAST_VALUE: u16 = 12;
/// The least columns in which what more there is to say can be understood.
const LEAST_HINT: u16 = 20;

/// Draws the page.
pub(super) fn draw(state: &StaffState, sketch: &mut Sketch) {
    let theme = &state.theme;
    let layout = SettingsLayout::of(state);
    let mut words = Vec::new();
    if !state.is_current() {
        words.push(("may be old".to_owned(), theme.bad));
    }
    let title = titled(theme, " Shop settings ", words, layout.frame);
    draw_pane(theme, true, title, layout.frame, sketch);
    for field in ShopField::VARIANTS {
        draw_setting(state, *field, &layout, sketch);
    }

    // Two amounts show all that an example says.
    let inner = layout.inner();
    let fields = u16::try_from(ShopField::VARIANTS.len()).unwrap_or(0);
    let used = fields * layout.height();
    let below = Rect {
        y: inner.y + used.min(inner.height),
        height: inner.height.saturating_sub(used),
        ..inner
    };
    if below.height < 2 {
        return;
    }

    draw_rule(theme, below, sketch);
    let small = Money::parse("0.45").map(|small| small.in_currency(&state.shop.currency));
    let small = small.unwrap_or_default();
    let short = format!(
        "Prices look like {small} and {}",
        state.shop.currency.shown_sample()
    );

    let sentence_rows = Rect {
        y: below.y + 1,
        height: below.height - 1,
        ..below
    };

    let whole = format!("{short} on every screen and receipt.");
    let has_room = text::wrap(&whole, usize::from(below.width), usize::MAX).len()
        <= usize::from(sentence_rows.height);
    let sentence = if has_room { whole } else { short + "." };
    draw_sentence(&sentence, theme.dim, sentence_rows, sketch);
}

fn draw_setting(
    state: &StaffState,
    field: ShopField,
    layout: &SettingsLayout,
    sketch: &mut Sketch,
) {
    let theme = &state.theme;
    let rows = layout.rows_of(state.settings.field, field);
    let is_selected = field == state.settings.field;
    let background = row_background(theme, is_selected, true);
    row::draw_sign(theme, background, rows, sketch);

    let is_saving = state.settings.saving.contains(&field);
    let mut value = text::shown(&state.shop.shown(field)).into_owned();
    let style = if is_saving {
        value.push_str(PENDING);
        theme.pending
    } else {
        theme.text
    };

    let zone = &state.env.clock.zone;
    let used_instead = state.shop.used_instead(field, zone);

    if layout.is_stacked {
        let mut areas = rows.rows();
        let room = rows.width.saturating_sub(NAMES + 2);
        let problem = used_instead.map(|used| problem(&used, room));
        let cells = [
            left(setting_name(field), NAMES, theme.dim),
            left(problem.as_deref().unwrap_or_default(), room, theme.bad),
        ];
        if let Some(area) = areas.next() {
            row::draw(&cells, background, area, sketch);
        }
        let cells = [
            left("", 1, theme.text),
            left(&value, rows.width.saturating_sub(2), style),
        ];
        if let Some(area) = areas.next() {
            row::draw(&cells, background, area, sketch);
        }
        return;
    }

    let room = rows.width.saturating_sub(NAMES + 1);
    let used = u16::try_from(text::width(&value)).unwrap_or(u16::MAX - 1);
    // Its hint stands apart.
    let width = (used + 1).clamp(LEAST_VALUE, room.max(LEAST_VALUE));
    let hint_width = room.saturating_sub(width + 1);
    let (hint, hint_style) = match used_instead {
        Some(used) => (problem(&used, hint_width), theme.bad),
        None if hint_width < LEAST_HINT => (String::new(), theme.dim),
        None => (setting_hint(field).to_owned(), theme.dim),
    };
    let cells = [
        left(setting_name(field), NAMES, theme.dim),
        left(&value, width, style),
        left(&hint, hint_width, hint_style),
    ];
    if let Some(area) = rows.rows().next() {
        row::draw(&cells, background, area, sketch);
    }
}

/// Says of a setting that it is not understood, and what is used in its place where that has room.
fn problem(used_instead: &str, room: u16) -> String {
    let short = "! not understood".to_owned();
    let whole = format!("{short}: {used_instead} is used");
    if text::width(&whole) <= usize::from(room) {
        whole
    } else {
        short
    }
}
