//! Past orders and their receipts.

use super::{name, notes_behind, sentence};
use crate::model::people::People;
use crate::model::receipt::name_and_unit;
use crate::model::shares::{NOBODY, are_shared};
use crate::model::{Order, OrderLine, text};
use crate::tui::layout::receipt::{settled, step_words};
use crate::tui::state::State;

/// An order as an entry of a list.
pub(in crate::tui::plain) fn order(state: &State, order: &Order) -> String {
    let when = state.clock().past(order.at, state.server_now());
    let items = text::count(order.pieces(), "item");
    format!(
        "Order {}, {when}, {}, by {}, {items}, {}",
        order.word(),
        order.state.name(),
        order.who,
        order.total().in_currency(&order.currency)
    )
}

/// The sentence that an order was placed here.
pub(in crate::tui::plain) fn placed(order: &Order) -> String {
    let word = order.word();
    let total = order.total().in_currency(&order.currency);
    format!("Ordered. Number {word}, {total}. Type order {word} for the receipt.")
}

/// The receipt of an order.
pub(in crate::tui::plain) fn receipt(state: &State, order: &Order) -> Vec<String> {
    let clock = state.clock();
    let day = clock.long_day(order.at);
    let time = clock.minute(order.at);
    let mut told = vec![
        format!("Receipt of order {}.", order.word()),
        format!(
            "{}, {day}, {time}, cart {}, ordered by {}.",
            state.shop.name, order.user, order.who
        ),
    ];
    let steps = step_words(state, order).into_iter();
    let reached = steps.filter_map(|(words, reached)| reached.map(|_| words));
    let reached = reached.collect::<Vec<String>>().join(", ");
    told.push(sentence(&text::capitalized(&reached)));

    let shares = order.lines.iter();
    let shares = shares.map(|line| (&line.shares[..], Some(line.quantity)));
    let is_shared = are_shared(shares, &order.who);
    let lines = order.lines.iter();
    told.extend(lines.map(|line| order_line(order, line, is_shared)));

    let items = text::count(order.pieces(), "item");
    let total = order.total().in_currency(&order.currency);
    told.push(format!("{items}, total {total}."));
    if !order.note.is_empty() {
        told.push(sentence(&format!("Note for the order: {}", order.note)));
    }
    told.extend(parts(order));
    told.push(format!("Its id is {}.", order.id));
    told
}

fn order_line(order: &Order, line: &OrderLine, is_shared: bool) -> String {
    let named = name_and_unit(line);
    let name = name(&named);
    let each = line.price.in_currency(&order.currency);
    let total = line.total().in_currency(&order.currency);
    let mut told = match line.quantity {
        1 => format!("{name}, 1, {total}"),
        quantity => format!("{name}, {quantity} at {each}, {total}"),
    };
    if is_shared {
        let from = line.portions().listed().join(", ");
        told.push_str(&format!(", from {from}"));
    }
    told + &notes_behind(&line.notes)
}

/// The part of each person, where that are several, and whether they have settled it.
fn parts(order: &Order) -> Vec<String> {
    let people = People::of_order(order);
    if !people.are_several(&order.who) {
        return Vec::new();
    }

    let told = people.iter().map(|(name, part)| {
        let standing = match settled(order, name) {
            Some(true) => ", settled",
            Some(false) => ", not settled",
            None => "",
        };
        let items = text::count(part.pieces, "item");
        let sum = part.sum.in_currency(&order.currency);
        format!("{}: {items}, {sum}{standing}", name.unwrap_or(NOBODY))
    });
    told.collect()
}
