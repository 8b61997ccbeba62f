//! The cart, its lines, and the other carts.

use super::catalog::facts;
use super::{name, notes_behind, sentence};
use crate::model::shares::are_shared;
use crate::model::total;
use crate::model::total::ProductLookup;
use crate::model::{CartLine, ProductId, UserName, text};
use crate::tui::layout::ordering::ordering;
use crate::tui::layout::rules::{deadline, left_words};
use crate::tui::state::State;
use crate::tui::view::carts::GlanceWords;
use crate::tui::view::details::line_words;
use std::borrow::Cow;

/// The lines of the cart that shows and its sum, and what of that the server has not confirmed.
pub(in crate::tui::plain) fn cart_sum(state: &State) -> String {
    if !state.cart.loaded {
        return "The cart has not been read yet.".to_owned();
    }
    let pending = pending_words(state);
    let lines = &state.cart.shown.lines;
    if lines.is_empty() {
        return format!("The cart is empty{pending}.");
    }

    let totals = state.totals();
    let count = text::count(lines.len(), "line");
    let sum = totals.subtotal.in_currency(&state.shop.currency);
    let uncounted = match totals.uncounted {
        0 => String::new(),
        uncounted => format!(", {uncounted} not counted"),
    };
    let left = left_words(state).map_or_else(String::new, |left| format!(", {left}"));

    format!("The cart has {count}, {sum}{uncounted}{left}{pending}.")
}

/// The sentence with the sum of everybody's items.
pub(in crate::tui::plain) fn together(state: &State) -> String {
    let sum = state.totals().subtotal.in_currency(&state.shop.currency);
    format!("Together {sum}{}.", pending_words(state))
}

/// The count of changes in a sum that the server has not confirmed, as the end of a sentence; empty
/// where there are none.
fn pending_words(state: &State) -> String {
    match state.cart.unconfirmed.len() {
        0 => String::new(),
        pending => format!(", {} not confirmed yet", text::count(pending, "change")),
    }
}

/// Until when the cart may be changed, or why it can't be; nothing where there is no end.
pub(in crate::tui::plain) fn cart_state(state: &State) -> Option<String> {
    let rules = &state.cart.confirmed.rules;
    if let Some(ordering) = ordering(state) {
        return Some(format!("The cart is {ordering}."));
    }
    if rules.locked {
        let owner = rules.owner.as_ref();
        return Some(owner.map_or("The cart is locked.".to_owned(), |owner| {
            format!("{owner} has locked the cart.")
        }));
    }

    let closes = rules.closes?;
    Some(if state.is_closed() {
        let at = state.clock().day_and_minute(closes, state.server_now());
        format!("The deadline was {at}.")
    } else {
        format!("The cart closes: {}.", deadline(state, closes))
    })
}

/// The lines of the cart, with whoever asked for each where that are several.
pub(in crate::tui::plain) fn cart_lines(state: &State) -> Vec<(ProductId, String)> {
    let lines = &state.cart.shown.lines;
    let shares = lines
        .iter()
        .map(|line| (&line.shares[..], line.quantity.whole()));
    let is_shared = are_shared(shares, &state.env.me);
    let told = lines.iter().map(|line| {
        let told = cart_line(state, line, is_shared);
        (line.product.clone(), told)
    });
    told.collect()
}

fn cart_line(state: &State, line: &CartLine, is_shared: bool) -> String {
    let product = state.lookup(&line.product);
    let known_name = state.name_of(&line.product);
    let name = name(&known_name);
    let mut told = match line.quantity.whole() {
        Some(quantity) => format!("{name}, {quantity}"),
        None => name.into_owned(),
    };

    let (status, sum) = total::line(line, product);
    match sum {
        Some(sum) => told.push_str(&format!(", {}", sum.in_currency(&state.shop.currency))),
        None => told.push_str(&format!(", {}", status.word())),
    }
    if is_shared {
        let from = line.portions().listed().join(", ");
        told.push_str(&format!(", from {from}"));
    }
    if let ProductLookup::Product(known) = product
        && let Some(quantity) = line.quantity.whole()
        && let Some(warning) = known.stock.warning(quantity)
    {
        told.push_str(&format!(", {warning}"));
    }
    if state.cart.is_unconfirmed(&line.product) {
        told.push_str(", not confirmed yet");
    }
    told + &notes_behind(state.cart.shown.notes.of(&line.product))
}

/// A line of the cart and its product, and what one may do about it.
pub(in crate::tui::plain) fn line_details(state: &State, id: &ProductId) -> Vec<String> {
    let whole_name = state.name_of(id);
    let mut told = Vec::new();
    if let ProductLookup::Product(product) = state.lookup(id) {
        told.push(sentence(&facts(state, &product, product.name)));
        told.push(sentence(product.description));
    }
    if let Some(line) = state.cart.shown.line(id) {
        told.push(sentence(&line_words(state, line)));
    }
    let notes = state.cart.shown.notes.of(id).iter();
    told.extend(notes.map(|note| sentence(&format!("Note by {}", note.told()))));

    told.retain(|words| !words.is_empty());
    // Nobody types a name of many words where the id does.
    let name = match name(&whole_name) {
        Cow::Borrowed(name) => name.to_lowercase(),
        Cow::Owned(_) => id.to_string(),
    };
    told.push(format!(
        "To change it, type: set {name} 3, or remove {name}, or note {name} and the note."
    ));
    told
}

/// The carts that this person has used.
pub(in crate::tui::plain) fn carts(state: &State) -> Vec<(UserName, String)> {
    let told = state.carts.used.iter().map(|cart| {
        let here = match *cart == state.env.user {
            true => ", you are in it",
            false => "",
        };

        let words = match state.carts.glances.get(cart) {
            Some(Ok(glance)) => {
                let words = GlanceWords::full(state, glance);
                let lines = text::count(glance.cart.lines.len(), "line");
                let there = match words.people.as_str() {
                    "nobody" => "nobody is there".to_owned(),
                    people => format!("there: {people}"),
                };
                let facts = [lines, words.sum, words.uncounted, there, words.closes];
                let facts: Vec<String> = facts.into_iter().filter(|it| !it.is_empty()).collect();
                facts.join(", ")
            }
            Some(Err(trouble)) => trouble.to_string(),
            None => "not read yet".to_owned(),
        };

        (cart.clone(), format!("{cart}{here}: {words}"))
    });
    told.collect()
}
