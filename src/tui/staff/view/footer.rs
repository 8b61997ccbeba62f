//! The message line.

use crate::tui::staff::layout::products::prompt_label;
use crate::tui::staff::layout::questions::{cancel_question, unsaved_question};
use crate::tui::staff::layout::settings::setting_label;
use crate::tui::staff::state::prompt::StaffAsked;
use crate::tui::staff::state::{Page, StaffMode, StaffState};
use crate::tui::state::{Connectivity, NoticeTopic};
use crate::tui::view::footer::{Prompt, USUAL_LINES, draw_lines};
use crate::tui::view::sketch::Sketch;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// The prompt, where something is typed.
pub(super) fn prompt(state: &StaffState) -> Option<Prompt<'_>> {
    match &state.mode {
        StaffMode::Palette { input, .. } => Some(Prompt {
            label: " : ".to_owned(),
            input,
        }),
        StaffMode::Find => Some(Prompt {
            label: " Find: ".to_owned(),
            input: state.words(),
        }),
        StaffMode::Prompt { asked, input } => Some(Prompt {
            label: match asked {
                StaffAsked::Field(asked) => prompt_label(state, asked, state.size.0),
                StaffAsked::Setting(field, _) => setting_label(*field, state.size.0),
            },
            input,
        }),
        StaffMode::Help(page) => Prompt::of_help(page),
        StaffMode::Browse | StaffMode::ConfirmSave(_) | StaffMode::ConfirmCancel(..) => None,
    }
}

/// Draws the prompt, else the message.
pub(super) fn draw_message(state: &StaffState, area: Rect, sketch: &mut Sketch) {
    if let Some(prompt) = prompt(state) {
        return prompt.draw(&state.theme, area, sketch);
    }
    let room = usize::from(area.width.saturating_sub(2));
    let (message, style) = message(state, room);
    draw_lines(&state.theme, (&message, style), USUAL_LINES, area, sketch);
}

/// The message: a question that is asked, whose words fit into so many columns, else the digits
/// typed so far, else the last notice, else what is wrong with the connection.
fn message(state: &StaffState, room: usize) -> (String, Style) {
    let theme = &state.theme;
    if let StaffMode::ConfirmCancel(id, _) = &state.mode {
        let order = state.board.ticket(id).map(|ticket| ticket.order());
        let question = order.map_or_else(String::new, |order| {
            let mut currency = order.currency.clone();
            state.env.display.fit_currency(&mut currency);
            cancel_question(order, &currency, room)
        });
        return (question, theme.warn);
    }

    // Who answers while the connection is down is told so, until the next key.
    let notice = state.notice.as_ref();
    let refused = notice.filter(|notice| notice.topic == NoticeTopic::Connection);
    if let StaffMode::ConfirmSave(unsaved) = &state.mode
        && refused.is_none()
    {
        let question = unsaved_question(&state.env.keymap, unsaved, room);
        return (question, theme.warn);
    }

    let number = state.products.digits.as_str();
    if state.page == Page::Products && !number.is_empty() {
        return (number.to_owned(), theme.accent);
    }
    let digits = &state.board.digits;
    if !digits.is_empty() {
        return (format!("Ticket {digits}"), theme.accent);
    }
    if let Some(notice) = &state.notice {
        return (notice.text.clone(), notice.tone.style(theme));
    }

    match &state.connectivity {
        Connectivity::Offline { trouble, .. } => (format!("Trying again: {trouble}"), theme.bad),
        Connectivity::Unreadable(trouble) => {
            (format!("The orders can't be read: {trouble}"), theme.bad)
        }
        Connectivity::Connecting | Connectivity::Live | Connectivity::Syncing => {
            let list = &state.products.list;
            match &list.unread {
                Some(unread) if state.page == Page::Products && list.loaded => {
                    (unread.clone(), theme.bad)
                }
                Some(_) | None => (String::new(), theme.text),
            }
        }
    }
}
