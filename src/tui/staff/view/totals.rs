//! The totals over all open tickets.

use crate::model::text;
use crate::tui::staff::state::StaffState;
use crate::tui::view::row::{self, RowBackground, bar, bar_style, left, right};
use crate::tui::view::sketch::Sketch;
use crate::tui::view::{draw_pane, draw_placeholder, titled};
use ratatui::layout::Rect;
use rust_decimal::Decimal;

/// The most columns of a bar.
const WIDEST_BAR: u16 = 8;
/// The least columns of a name for which the bar gives way.
const LEAST_NAME: u16 = 18;

/// Draws what all open tickets together still need, most pieces first.
pub(super) fn draw(state: &StaffState, frame: Rect, sketch: &mut Sketch) {
    let theme = &state.theme;
    let open = state.board.to_make().count();
    let title = titled(
        theme,
        " All day ",
        vec![(format!("{open} open"), theme.dim)],
        frame,
    );
    let inner = draw_pane(theme, false, title, frame, sketch);

    let totals = state.board.totals();
    let Some(most) = totals.first().map(|total| total.pieces) else {
        return draw_placeholder(theme, "Nothing is left to be made.", inner, sketch);
    };

    let digits = u16::try_from(text::width(&most.to_string())).unwrap_or(u16::MAX);
    let digits = digits.max(2);
    let bar_width = inner.width.saturating_sub(LEAST_NAME + digits + 3);
    let bar_width = bar_width.min(WIDEST_BAR);
    let name_width = inner.width.saturating_sub(bar_width + digits + 3);
    let background = RowBackground::Plain(theme.text);

    let rows = usize::from(inner.height);
    let fitting = if totals.len() > rows {
        rows.saturating_sub(1)
    } else {
        rows
    };
    let mut areas = inner.rows();
    for (total, area) in totals.iter().take(fitting).zip(&mut areas) {
        let pieces = total.pieces.to_string();
        let share = Decimal::from(total.pieces) / Decimal::from(most);
        let bar = bar(share, bar_width);
        let cells = [
            left(&total.name, name_width, theme.text),
            right(&pieces, digits, theme.accent),
            left(&bar, bar_width, bar_style(theme)),
        ];
        row::draw(&cells, background, area, sketch);
    }
    if totals.len() > fitting
        && let Some(area) = areas.next()
    {
        let more = format!("… {} more", totals.len() - fitting);
        row::draw(
            &[left(&more, area.width, theme.dim)],
            background,
            area,
            sketch,
        );
    }
}
