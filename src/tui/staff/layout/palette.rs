//! The entries of the command palette of the staff.

use crate::config::keymap::{Action, ScreenKind};
use crate::tui::layout::palette::{CommandMatch, MOST, match_command, without_colon};
use crate::tui::staff::state::{Page, StaffMode, StaffState};

/// The word before the name of a category.
const STATION: &str = "station";

/// The effect of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tui) enum StaffRun {
    /// Does the same as a key.
    Action(Action),
    /// Shows a page.
    Show(Page),
    /// Selects the ticket that these digits mean.
    Pick(String),
    /// Keeps to the lines of this category, or to none.
    Station(Option<String>),
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tui) struct StaffEntry {
    /// The text of its row.
    pub(in crate::tui) label: String,
    /// Its keys; at the right of its row.
    pub(in crate::tui) hint: String,
    /// The text that it completes the typed one to.
    pub(in crate::tui) completed: String,
    /// Its effect.
    pub(in crate::tui) run: StaffRun,
}

/// The text with which the palette opens where a station is asked for.
#[must_use]
pub(in crate::tui) fn station_typed() -> String {
    format!("{STATION} ")
}

/// The entries for what is typed, best first.
#[must_use]
pub(in crate::tui) fn entries(state: &StaffState, typed: &str) -> Vec<StaffEntry> {
    let typed = without_colon(typed).to_lowercase();
    if let Some(words) = typed.strip_prefix(&station_typed()) {
        return station_entries(state, words.trim());
    }

    let typed = typed.trim();
    let digits = typed.strip_prefix('#').unwrap_or(typed);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return number_entry(state, digits).into_iter().collect();
    }

    let all = page_entries().chain(action_entries(state));
    let mut ranked: Vec<(CommandMatch, StaffEntry)> = all
        .filter_map(|entry| {
            let quality = match_command(&entry.completed, &entry.label, typed)?;
            Some((quality, entry))
        })
        .collect();
    ranked.sort_by_key(|(quality, _)| *quality);
    ranked.truncate(MOST);
    ranked.into_iter().map(|(_, entry)| entry).collect()
}

/// The selected entry; `None` where the palette is closed, or offers nothing.
#[must_use]
pub(in crate::tui) fn selected(state: &StaffState) -> Option<StaffEntry> {
    let StaffMode::Palette { input, cursor } = &state.mode else {
        return None;
    };
    entries(state, input.value()).into_iter().nth(*cursor)
}

/// The sentence in place of the entries, where there are none.
#[must_use]
pub(in crate::tui) fn no_match_message(typed: &str) -> String {
    let typed = without_colon(typed).trim();
    match typed.strip_prefix(STATION) {
        Some(words) if words.trim().is_empty() => "No line has a category".to_owned(),
        Some(words) => format!("No category matches “{}”", words.trim()),
        None if typed.bytes().any(|byte| byte.is_ascii_digit()) => {
            format!("No ticket matches “{typed}”")
        }
        None => format!("No command matches “{typed}”"),
    }
}

fn page_entries() -> impl Iterator<Item = StaffEntry> {
    Page::NAMED.into_iter().map(|(name, page)| {
        let label = match page {
            Page::Board => "The board: all open orders",
            Page::Ready => "What can be collected, in large numbers",
            Page::Today => "Today: what was sold",
            Page::Products => "Products: their stock, prices and texts",
            Page::Shop => "Shop: its name, money, receipts",
        };
        StaffEntry {
            label: label.to_owned(),
            hint: name.to_owned(),
            completed: name.to_owned(),
            run: StaffRun::Show(page),
        }
    })
}

/// The entries for what keys do on this page.
fn action_entries(state: &StaffState) -> impl Iterator<Item = StaffEntry> {
    let context = state.page_context();
    let explained = state.env.keymap.explained(ScreenKind::Staff);
    let here = explained.filter(move |entry| {
        let is_move = matches!(
            entry.action,
            Action::Move(_) | Action::Left | Action::Right | Action::Palette
        );
        entry.works_in(context) && !is_move
    });

    here.map(|entry| StaffEntry {
        label: entry.help.clone(),
        hint: state.env.keymap.labels(entry),
        completed: entry.action.name().to_owned(),
        run: StaffRun::Action(entry.action),
    })
}

/// The entry for the ticket that these digits mean.
fn number_entry(state: &StaffState, digits: &str) -> Option<StaffEntry> {
    let ticket = state.board.numbered(digits)?.order();
    Some(StaffEntry {
        label: format!("Select {} of {}", ticket.name(), ticket.user),
        hint: ticket.state.name().to_owned(),
        completed: digits.to_owned(),
        run: StaffRun::Pick(digits.to_owned()),
    })
}

/// The entries for the categories that have a line on the board, and for all of them.
fn station_entries(state: &StaffState, words: &str) -> Vec<StaffEntry> {
    let mut entries = Vec::new();
    if words.is_empty() && state.board.station.is_some() {
        entries.push(StaffEntry {
            label: "All categories".to_owned(),
            hint: String::new(),
            completed: station_typed(),
            run: StaffRun::Station(None),
        });
    }

    let categories = state.board.categories().into_iter();
    let matching = categories.filter(|category| category.to_lowercase().contains(words));
    entries.extend(matching.map(|category| StaffEntry {
        label: category.to_owned(),
        hint: String::new(),
        completed: format!("{STATION} {category}"),
        run: StaffRun::Station(Some(category.to_owned())),
    }));
    entries
}
