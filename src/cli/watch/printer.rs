//! The lines of `trolley watch`, each printed at once: JSON for programs, a sentence for people.

use super::names::ShopNames;
use crate::cli::output::{Output, OutputForm};
use crate::config::Settings;
use crate::model::time::{Clock, PersonalClock};
use crate::model::timeline::TimelineEvent;
use crate::model::{
    Cart, ChangeKind, Currency, LineChange, NoteChange, RuleChange, Update, UserName, rules, text,
};
use crate::store::Trouble;
use serde_json::{Value, json};
use std::io;

/// The columns for a time by 24 hours.
const TIME: usize = 8;

/// Prints the events of one cart.
pub(super) struct EventPrinter {
    user: UserName,
    output: Output,
    personal_clock: PersonalClock,
}

impl EventPrinter {
    pub(super) fn new(settings: &Settings, output: &Output) -> EventPrinter {
        EventPrinter {
            user: settings.user.clone(),
            output: output.clone(),
            personal_clock: settings.personal_clock(),
        }
    }

    /// Tells whether it prints for programs, which need no names.
    pub(super) fn is_json(&self) -> bool {
        self.output.is_json()
    }

    /// Prints an event of the cart, which is this one after it, where that is known.
    pub(super) fn event(
        &self,
        event: &TimelineEvent,
        names: &ShopNames,
        cart: Option<&Cart>,
    ) -> io::Result<()> {
        match self.output.form() {
            OutputForm::Human => self.output.print_line(&self.text(event, names, cart)),
            OutputForm::Json => self.output.print_json(&event_json(event)),
        }
    }

    /// Prints that the connection works.
    pub(super) fn up(&self, version: u64) -> io::Result<()> {
        match self.output.form() {
            OutputForm::Human => self
                .output
                .print_error(&format!("watching the cart of {}", self.user)),
            OutputForm::Json => self
                .output
                .print_json(&json!({ "event": "up", "version": version })),
        }
    }

    /// Prints that the connection has broken.
    pub(super) fn down(&self, trouble: &Trouble) -> io::Result<()> {
        let message = trouble.to_string();
        match self.output.form() {
            OutputForm::Human => self.output.print_error(&format!("{message}; trying again")),
            OutputForm::Json => {
                let code = trouble.code();
                let document = json!({ "event": "down", "code": code, "message": message });
                self.output.print_json(&document)
            }
        }
    }

    /// An event as a sentence, after the time where that is known.
    fn text(&self, event: &TimelineEvent, names: &ShopNames, cart: Option<&Cart>) -> String {
        let shop = names.shop();
        let clock = shop.clock(&self.personal_clock);
        match event {
            TimelineEvent::Update(update) => {
                let at = time_column(&clock, update.deadline.told_at);
                let told = update_text(update, names, cart, &shop.currency, &clock);
                format!("{at}  {told}")
            }
            TimelineEvent::Foreign { at, lines, .. } => {
                let at = time_column(&clock, *at);
                format!("{at}  another program {}", changes_text(lines, names, cart))
            }
            TimelineEvent::Rewound { at, lines, .. } => {
                let at = time_column(&clock, *at);
                let now = quantities_text(lines, names);
                format!("{at}  the server fell back to an earlier cart: {now}")
            }
            TimelineEvent::Expired { at, .. } => {
                let at = time_column(&clock, *at);
                format!("{at}  the cart has expired: it is empty now")
            }

            TimelineEvent::Gap { harmless: true, .. } => {
                "the cart was kept alive; nothing in it changed".to_owned()
            }
            TimelineEvent::Gap {
                from,
                to,
                harmless: false,
            } => {
                let missed = text::count(to - from + 1, "change");
                format!("{missed} can't be told: the cart's log no longer goes back that far")
            }
        }
    }
}

/// A time in as many columns as all times take.
fn time_column(clock: &Clock, at: u64) -> String {
    let columns = TIME + usize::from(clock.hours.columns_more());
    format!("{:>columns$}", clock.second(at))
}

/// An event for programs.
fn event_json(event: &TimelineEvent) -> Value {
    match event {
        TimelineEvent::Update(update) => update_json(update),

        TimelineEvent::Gap { from, to, harmless } => {
            json!({ "event": "gap", "from": from, "to": to, "harmless": harmless })
        }
        TimelineEvent::Foreign { version, at, lines } => json!({
            "event": "foreign",
            "version": version,
            "at": at,
            "changes": changes_json(lines),
        }),
        TimelineEvent::Rewound {
            from,
            version,
            at,
            lines,
        } => json!({
            "event": "rewound",
            "from": from,
            "version": version,
            "at": at,
            "changes": changes_json(lines),
        }),
        TimelineEvent::Expired { version, at } => {
            json!({ "event": "expired", "version": version, "at": at })
        }
    }
}

fn update_json(update: &Update) -> Value {
    let mut document = json!({
        "event": "update",
        "version": update.version,
        "at": update.deadline.told_at,
        "by": update.by,
        "kind": update.kind.name(),
        "op_id": update.op.as_str(),
        "changes": changes_json(&update.lines),
        "lines": update.count,
        "expires_at": update.deadline.at,
    });

    if let Some(order) = update.concerned_order() {
        document["order"] = json!(order.as_str());
    }
    if !update.notes.is_empty() {
        document["notes"] = update.notes.iter().map(note_json).collect();
    }
    for rule in &update.rules {
        let (name, value) = match rule {
            RuleChange::Locked(locked) => ("locked", json!(locked)),
            RuleChange::Closes(at) => ("closes_at", json!(at)),
            RuleChange::Budget(amount) => ("budget", json!(amount.map(|a| a.to_string()))),
            RuleChange::BudgetEach(amount) => ("budget_each", json!(amount.map(|a| a.to_string()))),
            RuleChange::Expected(names) => ("expected", json!(names)),
            RuleChange::Owner(owner) => ("owner", json!(owner)),
        };
        document["rules"][name] = value;
    }
    document
}

fn note_json(note: &NoteChange) -> Value {
    json!({
        "product": note.product.as_ref().map(ToString::to_string),
        "name": note.product.as_ref().map(|_| &note.by),
        "text": note.text,
    })
}

fn changes_json(lines: &[LineChange]) -> Value {
    lines
        .iter()
        .map(|line| {
            json!({
                "product": line.product.to_string(),
                "quantity": line.quantity,
                "delta": line.delta,
            })
        })
        .collect()
}

/// An update as a sentence with its author.
fn update_text(
    update: &Update,
    names: &ShopNames,
    cart: Option<&Cart>,
    currency: &Currency,
    clock: &Clock,
) -> String {
    let by = &update.by;
    let lines = &update.lines;
    let order = order_text(update);

    match update.kind {
        ChangeKind::Edit => format!("{by} {}", edits_text(update, names, cart)),
        ChangeKind::Undo => format!("{by} undid a change: {}", edits_text(update, names, cart)),
        ChangeKind::Redo => format!("{by} redid a change: {}", edits_text(update, names, cart)),
        ChangeKind::Clear => format!("{by} cleared the cart: {}", pieces_text(lines, names)),
        ChangeKind::Touch => format!("{by} kept the cart alive"),
        // Whoever noticed it has not done it.
        ChangeKind::Expire => {
            let pieces = pieces_text(lines, names);
            format!("unchanged for too long, and gone: {pieces}")
        }
        ChangeKind::Freeze => format!("{by} is ordering the cart{order}"),
        ChangeKind::Unfreeze => format!("{by} could not order the cart{order}"),
        ChangeKind::Order => format!("{by} ordered {}{order}", pieces_text(lines, names)),
        ChangeKind::Rules => {
            let told = rules::told(&update.rules, currency, update.deadline.told_at, clock);
            format!("{by} {told}")
        }
        ChangeKind::Ready => format!("{by} is ready"),
        ChangeKind::Unready => format!("{by} is not ready any more"),
    }
}

/// The end of a sentence about an order: ` (order 20261124-7KQ2-M8XD)`.
fn order_text(update: &Update) -> String {
    match update.concerned_order() {
        Some(id) => format!(" (order {id})"),
        None => String::new(),
    }
}

/// The changes of lines, or of a note alone.
fn edits_text(update: &Update, names: &ShopNames, cart: Option<&Cart>) -> String {
    let Some(note) = update.noted() else {
        return changes_text(&update.lines, names, cart);
    };
    let subject = match &note.product {
        Some(product) => names.of(product),
        None => "the whole order".to_owned(),
    };
    match note.text.as_str() {
        "" => format!("removed the note on {subject}"),
        text => format!("noted on {subject}: {text}"),
    }
}

/// The changes of lines: `added 2 × Espresso (now 5: bob 3, ann 2), removed Baguette`.
fn changes_text(lines: &[LineChange], names: &ShopNames, cart: Option<&Cart>) -> String {
    let changes: Vec<String> = lines
        .iter()
        .map(|line| {
            let name = names.of(&line.product);
            let of_others = line.of_others(None);
            match (line.quantity, line.delta) {
                (0, _) => format!("removed {name}{of_others}"),
                (_, ..0) => {
                    let now = quantity_now(line, cart);
                    format!("took out {} × {name}{of_others} (now {now})", -line.delta)
                }
                (now, 0) => format!("kept {now} × {name}"),
                (_, added) => {
                    let now = quantity_now(line, cart);
                    format!("added {added} × {name} (now {now})")
                }
            }
        })
        .collect();

    if changes.is_empty() {
        return "changed no line".to_owned();
    }
    changes.join(", ")
}

/// The pieces of a line after a change, and who has them where several do: `5: bob 3, ann 2`.
fn quantity_now(change: &LineChange, cart: Option<&Cart>) -> String {
    let line = cart.and_then(|cart| cart.line(&change.product));
    let quantity = Some(change.quantity);
    match line.filter(|line| line.quantity.whole() == quantity) {
        Some(line) if line.portions().are_several() => {
            let people = line.portions().listed().join(", ");
            format!("{}: {people}", change.quantity)
        }
        Some(_) | None => change.quantity.to_string(),
    }
}

/// The pieces that have left the cart: `2 × Espresso, 1 × Baguette`.
fn pieces_text(lines: &[LineChange], names: &ShopNames) -> String {
    let pieces: Vec<String> = lines
        .iter()
        .map(|line| match line.delta {
            // Of a damaged line nobody knows how many pieces it had.
            0 => names.of(&line.product),
            delta => format!("{} × {}", -delta, names.of(&line.product)),
        })
        .collect();
    pieces.join(", ")
}

/// The quantities of lines as they are now: `2 × Espresso, no Baguette`.
fn quantities_text(lines: &[LineChange], names: &ShopNames) -> String {
    let quantities: Vec<String> = lines
        .iter()
        .map(|line| match line.quantity {
            0 => format!("no {}", names.of(&line.product)),
            now => format!("{now} × {}", names.of(&line.product)),
        })
        .collect();

    if quantities.is_empty() {
        return "its lines are the same".to_owned();
    }
    format!("it has {}", quantities.join(", "))
}
