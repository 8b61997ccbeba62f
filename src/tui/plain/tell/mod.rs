//! The lines of plain mode. None is wrapped: what speaks them takes whole lines.
//!
//! A line is a sentence, which tells one fact and ends with a full stop: a screen reader pauses
//! there. Or it is an entry of a list, its facts parted by commas and its notes by semicolons, names
//! before numbers. That ends without a stop, and so does the one line that ends with what is to be
//! typed.

mod cart;
mod catalog;
mod checkout;
mod orders;
mod people;

pub(super) use cart::{cart_lines, cart_state, cart_sum, carts, line_details, together};
pub(super) use catalog::{categories, product};
pub(super) use checkout::{obstacles, problems, to_pay};
pub(super) use orders::{order, placed, receipt};
pub(super) use people::{people, person_lines};

use crate::model::{Activity, Note, Update, text};
use crate::store::Pace;
use crate::tui::layout::activity::{describe_event_with_author, describe_with_author};
use crate::tui::state::activity::ActivityEntry;
use crate::tui::state::{Connectivity, State};
use std::borrow::Cow;

/// The entries of the activity that are told at a time.
const NEWEST: usize = 10;
/// The most columns of a product's name among other facts: nobody should have to hear hundreds of
/// letters to come to the price.
const LONGEST_NAME: usize = 60;

/// `words` as a sentence: with the full stop that it ends with.
pub(super) fn sentence(words: &str) -> String {
    let words = words.trim();
    let is_ended = words.ends_with(['.', '?', '!', ':', '…']);
    match is_ended || words.is_empty() {
        true => words.to_owned(),
        false => format!("{words}."),
    }
}

/// A name within a list or a sentence; what tells of its product alone has all of it.
fn name(name: &str) -> Cow<'_, str> {
    text::truncated(name, LONGEST_NAME)
}

/// The notes, as the end of the entry that they belong to.
fn notes_behind<'a>(notes: impl IntoIterator<Item = &'a Note>) -> String {
    let notes = notes.into_iter();
    notes
        .map(|note| format!("; note by {}", note.told()))
        .collect()
}

/// Where one is and with whom, what is in the cart, and until when.
pub(super) fn greeting(state: &State) -> Vec<String> {
    let env = &state.env;
    let mut where_and_who = format!(
        "{}. Cart {}, you are {}.",
        state.shop.name, env.user, env.me
    );
    let mut others: Vec<String> = Vec::new();
    for watcher in &state.watchers {
        if !others.contains(&watcher.name) && watcher.name != env.me {
            others.push(watcher.name.clone());
        }
    }
    if !others.is_empty() {
        let are = if others.len() == 1 { "is" } else { "are" };
        where_and_who.push_str(&format!(" {} {are} here.", text::listed(&others)));
    }

    let mut told = vec![format!("{where_and_who} {}", cart_sum(state))];
    told.extend(cart_state(state));
    told
}

/// The state of the connection, and of the changes that wait for the server: a sentence each.
pub(super) fn connection(state: &State) -> Vec<String> {
    let link = match &state.connectivity {
        Connectivity::Connecting => "Not connected yet".to_owned(),
        Connectivity::Live | Connectivity::Syncing if state.pace == Pace::Silent => {
            "Waiting for the server to answer".to_owned()
        }
        Connectivity::Live => "Connected".to_owned(),
        Connectivity::Syncing => "Connected, and the cart is being read again".to_owned(),
        Connectivity::Offline { since, trouble } => {
            let since = u64::try_from(*since).unwrap_or_default();
            let since = state.clock().second(since);
            format!("No connection since {since}: {trouble}")
        }
        Connectivity::Unreadable(trouble) => {
            format!("Connected, but the cart can't be read: {trouble}")
        }
    };

    let changes = state.unsettled_changes();
    let unsaved = if changes > 0 {
        format!("{} not confirmed yet.", text::count(changes, "change"))
    } else if state.orders.placing.is_some() {
        "It is not known yet whether your order is placed.".to_owned()
    } else if state.orders.cancelling.is_some() {
        "It is not known yet whether the order is cancelled.".to_owned()
    } else {
        "All that you did is saved.".to_owned()
    };
    vec![sentence(&link), unsaved]
}

/// A change of the cart, with whoever made it.
pub(super) fn change(state: &State, update: &Update) -> String {
    describe_with_author(state, &Activity::from(update))
}

/// The last events, oldest first.
pub(super) fn activity(state: &State) -> Vec<String> {
    let entries = &state.activity.entries;
    let from = entries.len().saturating_sub(NEWEST);
    let told = entries[from..].iter().map(|entry| {
        let words = match entry {
            ActivityEntry::Change(run) => describe_with_author(state, &run.summary),
            ActivityEntry::Event(event) => describe_event_with_author(state, &event.kind),
        };
        let at = state.clock().minute(entry.at());
        sentence(&format!("{at}, {words}"))
    });
    told.collect()
}
