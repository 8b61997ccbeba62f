//! The lines of `trolley watch`, each printed at once: JSON for programs, text for people.

use crate::cli::output::Output;
use crate::cli::streams;
use crate::model::time::{ClockStyle, clock};
use crate::model::timeline::TimelineEvent;
use crate::model::{ChangeKind, LineChange, Update, UserName};
use crate::store::Trouble;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Prints the events of one cart.
pub(super) struct EventPrinter {
    user: UserName,
    output: Output,
    zone: TimeZone,
}

impl EventPrinter {
    pub(super) fn new(user: &UserName, output: Output) -> EventPrinter {
        EventPrinter {
            user: user.clone(),
            output,
            zone: TimeZone::system(),
        }
    }

    /// Prints an event of the cart.
    pub(super) fn event(&self, event: &TimelineEvent) -> io::Result<()> {
        match self.output {
            Output::Human => print_line(&self.text(event)),
            Output::Json => print_line(&event_json(event).to_string()),
        }
    }

    /// Prints that the connection works.
    pub(super) fn up(&self, version: u64) -> io::Result<()> {
        match self.output {
            Output::Human => complain(&format!("watching the cart of {}", self.user)),
            Output::Json => print_line(&json!({ "event": "up", "version": version }).to_string()),
        }
    }

    /// Prints that the connection has broken.
    pub(super) fn down(&self, trouble: &Trouble) -> io::Result<()> {
        let message = trouble.to_string();
        match self.output {
            Output::Human => complain(&format!("{message}; trying again")),
            Output::Json => {
                let code = trouble.code();
                let document = json!({ "event": "down", "code": code, "message": message });
                print_line(&document.to_string())
            }
        }
    }

    /// An event as text.
    fn text(&self, event: &TimelineEvent) -> String {
        match event {
            TimelineEvent::Update(update) => self.update_text(update),
            TimelineEvent::Foreign { version, at, lines } => {
                let at = self.clock(*at);
                format!("{at} #{version} another client: {}", changes_text(lines))
            }
            TimelineEvent::Expired { version, at } => {
                let at = self.clock(*at);
                format!("{at} #{version} the session timed out: the cart is empty")
            }

            TimelineEvent::Gap {
                from,
                to,
                harmless: true,
            } => format!("#{from} to #{to} changed no line"),
            TimelineEvent::Gap {
                from,
                to,
                harmless: false,
            } => format!("#{from} to #{to} were missed, and the log no longer has them"),
        }
    }

    fn update_text(&self, update: &Update) -> String {
        let at = self.clock(update.deadline.told_at);
        let changes = changes_text(&update.lines);
        let kind = match update.kind {
            ChangeKind::Edit => String::new(),
            kind => format!("{}: ", kind.name()),
        };

        let text = format!("{at} #{} {}  {kind}{changes}", update.version, update.by);
        text.trim_end().to_owned()
    }

    fn clock(&self, millis: u64) -> String {
        let millis = i64::try_from(millis).unwrap_or_default();
        clock(millis, &self.zone, ClockStyle::Second)
    }
}

/// An event for programs.
fn event_json(event: &TimelineEvent) -> Value {
    match event {
        TimelineEvent::Update(update) => json!({
            "event": "update",
            "version": update.version,
            "at": update.deadline.told_at,
            "by": update.by,
            "kind": update.kind.name(),
            "op_id": update.op.as_str(),
            "changes": changes_json(&update.lines),
            "lines": update.count,
            "expires_at": update.deadline.at,
        }),

        TimelineEvent::Gap { from, to, harmless } => {
            json!({ "event": "gap", "from": from, "to": to, "harmless": harmless })
        }
        TimelineEvent::Foreign { version, at, lines } => json!({
            "event": "foreign",
            "version": version,
            "at": at,
            "changes": changes_json(lines),
        }),
        TimelineEvent::Expired { version, at } => {
            json!({ "event": "expired", "version": version, "at": at })
        }
    }
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

fn changes_text(lines: &[LineChange]) -> String {
    let changes: Vec<String> = lines
        .iter()
        .map(|line| match line.quantity {
            0 => format!("{} gone", line.product),
            now => format!("{} {:+}, now {now}", line.product, line.delta),
        })
        .collect();
    changes.join("; ")
}

fn print_line(line: &str) -> io::Result<()> {
    let mut out = streams::stdout();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Prints news of the connection, for people.
fn complain(line: &str) -> io::Result<()> {
    writeln!(streams::stderr(), "trolley: {line}")
}
