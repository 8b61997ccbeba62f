//! The words for a change of the cart: the activity and the messages both use them.

use crate::config::keymap::Action;
use crate::model::{
    Activity, ChangeKind, LineChange, NoteChange, OrderId, OrderState, rules, text,
};
use crate::tui::state::State;
use crate::tui::state::activity::{ActivityEntry, CartEventKind};
use crate::tui::state::orders::PlacedByOther;

/// The columns that a product's name keeps where it is cut, so that the words behind it show.
const LEAST_NAME: usize = 4;

/// The wordings of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wording {
    Full,
    Brief,
    /// In full for the ear: without a sign, and with what a look at the cart would show.
    Spoken,
}

impl Wording {
    /// The sign between pieces and a name.
    fn times(self) -> &'static str {
        match self {
            Wording::Full | Wording::Brief => "× ",
            Wording::Spoken => "",
        }
    }
}

/// A sentence about something with a name.
#[derive(Debug, Default)]
struct Phrase {
    before: String,
    /// The product's name, which is shortened where there is little room.
    name: String,
    behind: String,
}

impl Phrase {
    fn of(words: impl Into<String>) -> Phrase {
        Phrase {
            before: words.into(),
            ..Phrase::default()
        }
    }

    /// The sentence in at most `room` columns: its name is cut first.
    fn fitting(&self, room: usize) -> String {
        let others = text::width(&self.before) + text::width(&self.behind);
        let room_for_name = room.saturating_sub(others).max(LEAST_NAME);
        let name = text::truncate(&self.name, room_for_name);
        text::truncate(&format!("{}{name}{}", self.before, self.behind), room)
    }
}

/// A change in a few words, without its author, in at most `room` columns: `added 2 × Espresso`.
#[must_use]
pub(crate) fn describe(state: &State, activity: &Activity, room: usize) -> String {
    let wording = match state.env.keymap.is_in_words() {
        true => Wording::Spoken,
        false => Wording::Full,
    };
    let full = phrase(state, activity, wording).fitting(usize::MAX);
    if text::width(&full) <= room {
        return full;
    }
    phrase(state, activity, Wording::Brief).fitting(room)
}

/// A change as a sentence, with its author; lines expire without one.
#[must_use]
pub(crate) fn describe_with_author(state: &State, activity: &Activity) -> String {
    let description = describe(state, activity, usize::MAX);
    match author(state, activity) {
        None => description,
        Some(YOU) => format!("You {description}"),
        Some(by) => format!("{by} {description}"),
    }
}

/// Our own change as a sentence without its author: `Added 2 Espresso`.
#[must_use]
pub(crate) fn describe_own(state: &State, activity: &Activity) -> String {
    text::capitalized(&describe(state, activity, usize::MAX))
}

/// Our own name, to ourselves.
const YOU: &str = "you";

/// Who made a change: `you` where that is ourselves; `None` where lines expire.
#[must_use]
pub(crate) fn author<'a>(state: &State, activity: &'a Activity) -> Option<&'a str> {
    if activity.kind == ChangeKind::Expire {
        None
    } else {
        Some(to_us(state, &activity.by))
    }
}

/// A name as we read it: our own is `you`.
fn to_us<'a>(state: &State, name: &'a str) -> &'a str {
    if name == state.env.me { YOU } else { name }
}

/// Who brought something about; `None` where nobody did, or that is not known.
#[must_use]
pub(crate) fn author_of<'a>(state: &State, entry: &'a ActivityEntry) -> Option<&'a str> {
    match entry {
        ActivityEntry::Change(run) => author(state, &run.summary),
        ActivityEntry::Event(event) => author_of_event(state, &event.kind),
    }
}

fn author_of_event<'a>(state: &State, kind: &'a CartEventKind) -> Option<&'a str> {
    match kind {
        CartEventKind::Expired | CartEventKind::Closed => None,
        CartEventKind::Order(_, _, by) => Some(to_us(state, by.as_deref()?)),
    }
}

/// An event as a sentence, with whoever brought it about where its words need that.
#[must_use]
pub(crate) fn describe_event_with_author(state: &State, kind: &CartEventKind) -> String {
    let description = describe_event(state, kind, usize::MAX);
    match (kind, author_of_event(state, kind)) {
        (CartEventKind::Order(_, OrderState::Accepted | OrderState::Cancelled, _), Some(by)) => {
            format!("{by} {description}")
        }
        (CartEventKind::Order(..) | CartEventKind::Expired | CartEventKind::Closed, _) => {
            description
        }
    }
}

/// An event in a few words, in at most `room` columns: `the deadline passed: closed`.
#[must_use]
pub(crate) fn describe_event(state: &State, kind: &CartEventKind, room: usize) -> String {
    let (full, brief) = match kind {
        CartEventKind::Expired => (
            "the cart expired: emptied".to_owned(),
            "expired: emptied".to_owned(),
        ),
        CartEventKind::Closed => (
            "the deadline passed: closed".to_owned(),
            "deadline passed: closed".to_owned(),
        ),
        CartEventKind::Order(id, reached, by) => {
            let name = state.orders.name_of(id);
            let told = match (reached, by) {
                (OrderState::Accepted, Some(_)) => format!("accepted {name}"),
                (OrderState::Cancelled, Some(_)) => format!("cancelled {name}"),
                (reached, _) => format!("{name} is {}", reached.name()),
            };
            (told.clone(), told)
        }
    };

    if text::width(&full) <= room {
        full
    } else {
        text::truncate(&brief, room)
    }
}

fn phrase(state: &State, activity: &Activity, wording: Wording) -> Phrase {
    let lines = activity.lines;
    if let Some(note) = &activity.note {
        return describe_note(state, note);
    }

    match (activity.kind, only_line(activity)) {
        (ChangeKind::Undo, Some(line)) => describe_undo(state, line, wording),
        (ChangeKind::Undo, None) => Phrase::of(format!("undid a change of {lines} lines")),
        (ChangeKind::Redo, _) => {
            let mut edit = describe_edit(state, activity, wording);
            edit.behind.push_str(" again");
            edit
        }
        (ChangeKind::Edit, _) => describe_edit(state, activity, wording),
        (ChangeKind::Touch, _) => Phrase::of("kept the cart alive"),
        (ChangeKind::Clear, _) => Phrase::of(format!("cleared {}", text::count(lines, "line"))),
        (ChangeKind::Freeze, _) => Phrase::of("began to order the cart"),
        (ChangeKind::Unfreeze, _) => Phrase::of("could not order"),
        (ChangeKind::Order, _) => describe_order(state, activity, wording),
        (ChangeKind::Rules, _) => {
            let currency = &state.shop.currency;
            let clock = state.clock();
            Phrase::of(rules::told(&activity.rules, currency, activity.at, &clock))
        }
        (ChangeKind::Ready, _) => Phrase::of(format!("{} ready", is(state, activity))),
        (ChangeKind::Unready, _) => {
            Phrase::of(format!("{} not ready any more", is(state, activity)))
        }
        (ChangeKind::Expire, Some(line)) => Phrase {
            name: state.name_of(&line.product),
            behind: expired(wording).to_owned(),
            ..Phrase::default()
        },
        (ChangeKind::Expire, None) => Phrase::of(format!("{lines} lines{}", expired(wording))),
    }
}

fn describe_note(state: &State, note: &NoteChange) -> Phrase {
    let name = match &note.product {
        Some(product) => state.name_of(product),
        None => "the order".to_owned(),
    };

    match note.text.as_str() {
        "" => Phrase {
            before: "removed the note on ".to_owned(),
            name,
            behind: String::new(),
        },
        text => Phrase {
            before: "noted on ".to_owned(),
            name,
            behind: format!(": {text}"),
        },
    }
}

/// The verb that goes with the author.
fn is(state: &State, activity: &Activity) -> &'static str {
    match author(state, activity) {
        Some(YOU) => "are",
        Some(_) | None => "is",
    }
}

fn expired(wording: Wording) -> &'static str {
    match wording {
        Wording::Full | Wording::Spoken => " expired, unchanged for too long",
        Wording::Brief => " expired",
    }
}

fn describe_order(state: &State, activity: &Activity, wording: Wording) -> Phrase {
    let lines = text::count(activity.lines, "line");
    Phrase::of(match (&activity.order, wording) {
        (Some(id), Wording::Full | Wording::Spoken) => {
            format!("ordered {lines}: {}", name_and_total(state, id))
        }
        (Some(id), Wording::Brief) => format!("ordered {}", state.orders.name_of(id)),
        (None, _) => format!("ordered {lines}"),
    })
}

/// The name of an order, and its total: `#42, €77.10`; as far as both are known.
fn name_and_total(state: &State, id: &OrderId) -> String {
    let name = state.orders.name_of(id);
    match state.orders.total_of(id) {
        Some(total) => format!("{name}, {total}"),
        None => name,
    }
}

/// An order that somebody else has placed, in a few words: `ann ordered 7 lines: #42, €77.10`.
#[must_use]
pub(crate) fn describe_placed(state: &State, order: &PlacedByOther) -> String {
    let lines = text::count(order.lines, "line");
    let order_and_total = name_and_total(state, &order.id);
    format!("{} ordered {lines}: {order_and_total}", order.by)
}

/// The same as a message, with the key to its receipt where that key is not used up.
#[must_use]
pub(crate) fn tell_placed(state: &State, order: &PlacedByOther) -> String {
    let description = describe_placed(state, order);
    if state.shows_orders() {
        return description;
    }

    let keymap = &state.env.keymap;
    let key = match keymap.is_in_words() {
        true => {
            let name = state.orders.name_of(&order.id);
            format!("order {}", name.trim_start_matches('#'))
        }
        false => keymap.key_of(Action::Orders),
    };
    let told = format!("{description}. {key} shows the receipt");
    // The line has a column at each end.
    if text::width(&told) + 2 <= usize::from(state.size.0) {
        return told;
    }
    let order_and_total = name_and_total(state, &order.id);
    format!(
        "{} ordered {order_and_total}. {key} shows the receipt",
        order.by
    )
}

fn only_line(activity: &Activity) -> Option<&LineChange> {
    activity.first.as_ref().filter(|_| activity.lines == 1)
}

fn describe_edit(state: &State, activity: &Activity, wording: Wording) -> Phrase {
    let Some(line) = only_line(activity) else {
        if let Some(order) = &activity.put_back {
            let order = state.orders.name_of(order);
            return Phrase::of(format!("put {} lines of {order} back", activity.lines));
        }
        let verb = if activity.only_new {
            "added"
        } else {
            "changed"
        };
        return Phrase::of(format!("{verb} {} lines", activity.lines));
    };

    let took = match wording {
        Wording::Full | Wording::Spoken => "took out",
        Wording::Brief => "took",
    };
    let times = wording.times();
    let me = Some(state.env.me.as_str());
    let (before, behind) = match (line.delta, &line.taken[..]) {
        _ if line.quantity == 0 => ("removed ".to_owned(), line.of_others(me)),
        (0, _) => (format!("kept {} {times}", line.quantity), String::new()),
        (1.., _) => (format!("added {} {times}", line.delta), line.of_others(me)),
        (_, [all]) if i64::from(all.pieces) == -line.delta => {
            let before = format!("{took} {} {times}", all.pieces);
            (before, format!(" of {}", all.whose(me)))
        }
        _ => {
            let before = format!("{took} {} {times}", -line.delta);
            (before, line.of_others(me))
        }
    };
    // Elsewhere a message has said of which order it is.
    let of_order = match (&activity.put_back, wording) {
        (Some(order), Wording::Spoken) => format!(" of {}", state.orders.name_of(order)),
        (Some(_), Wording::Full | Wording::Brief) | (None, _) => String::new(),
    };
    Phrase {
        before,
        name: state.name_of(&line.product),
        behind: behind + &of_order + &now_in_cart(line, wording),
    }
}

fn describe_undo(state: &State, line: &LineChange, wording: Wording) -> Phrase {
    let times = wording.times();
    let before = match line.delta {
        ..0 => format!("undid adding {} {times}", -line.delta),
        // Of a damaged line nobody knows how many pieces it had.
        0 => "brought back ".to_owned(),
        1.. => format!("brought back {} {times}", line.delta),
    };
    Phrase {
        before,
        name: state.name_of(&line.product),
        behind: now_in_cart(line, wording),
    }
}

/// The pieces that the cart holds after a change, where that can't be seen and is not said already.
fn now_in_cart(line: &LineChange, wording: Wording) -> String {
    let is_said = line.quantity == 0 || i64::from(line.quantity) == line.delta;
    match wording {
        Wording::Spoken if !is_said => format!(", now {}", line.quantity),
        Wording::Full | Wording::Brief | Wording::Spoken => String::new(),
    }
}
