//! The people who fill the cart.

use super::{name, notes_behind};
use crate::model::text;
use crate::tui::layout::people::{PersonSums, all_sums, lines_of};
use crate::tui::state::State;
use crate::tui::state::people::Person;

/// Everybody with what they asked for in sum, how far they are, and whether they are here.
pub(in crate::tui::plain) fn people(state: &State) -> Vec<(Person, String)> {
    let sums = all_sums(state).into_iter();
    sums.map(|sums| (sums.person.clone(), person(state, &sums)))
        .collect()
}

fn person(state: &State, sums: &PersonSums) -> String {
    let currency = &state.shop.currency;
    let mut facts = vec![text::count(sums.part.pieces, "item")];
    if sums.part.pieces > 0 {
        facts.push(sums.part.sum.in_currency(currency));
    }
    facts.extend(sums.left(state).map(|left| left.told(currency)));
    if sums.person != Person::Nobody {
        facts.push(sums.words());
    }
    if sums.is_owner {
        facts.push("owns the rules".to_owned());
    }
    if sums.is_pending {
        facts.push("not confirmed yet".to_owned());
    }

    format!("{}: {}", sums.label(false, usize::MAX), facts.join(", "))
}

/// The products that a person asked for, and their notes on them.
pub(in crate::tui::plain) fn person_lines(state: &State, person: &Person) -> Vec<String> {
    let currency = &state.shop.currency;
    let told = lines_of(state, person).map(|line| {
        let sum = line
            .sum
            .map(|sum| format!(", {}", sum.in_currency(currency)));
        let sum = sum.unwrap_or_default();
        let told = format!("{}, {}{sum}", name(&line.name), line.pieces);
        let notes = state.cart.shown.notes.of(&line.product).iter();
        let own = notes.filter(|note| *person == Person::Named(note.by.clone()));
        told + &notes_behind(own)
    });
    told.collect()
}
