//! The terminal of a visitor, as their client describes it, and the shop's way of showing there.

use crate::config::display;
use crate::model::text;
use crate::model::time::Hours;
use crate::tui::plain::lines::Editing;
use crate::tui::plain::shell::Manner;
use crate::tui::terminal::background::ASK_BACKGROUND;
use crate::tui::terminal::port::USUAL_SIZE;
use crate::tui::terminal::sequences;

/// The largest screen that is drawn, in columns and rows. What is beyond stays empty.
const LARGEST_SIZE: (u16, u16) = (500, 200);

/// The variables of an environment that are kept: those that say how a terminal is,
/// and how its person reads.
const VARIABLES: [&str; 15] = [
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "COLORTERM",
    "NO_COLOR",
    "TROLLEY_THEME",
    "TROLLEY_ASCII",
    "TROLLEY_ALERTS",
    "TROLLEY_HOURS",
    "TERM_PROGRAM",
    "LC_TERMINAL",
    "TMUX",
    "STY",
    "WT_SESSION",
    "VTE_VERSION",
];

/// The longest value of one that is kept, in bytes.
const LONGEST_VALUE: usize = 256;

/// The longest name of a terminal, in bytes.
const LONGEST_TERM: usize = 64;

/// Cancels a sequence that was not sent to its end.
const CANCEL: &[u8] = b"\x18";

/// The terminal of a visitor, as their client describes it.
#[derive(Debug)]
pub(in crate::serve) struct Terminal {
    pub(in crate::serve) term: String,
    pub(in crate::serve) size: (u16, u16),
}

impl Terminal {
    pub(in crate::serve) fn new(term: &str, size: (u32, u32)) -> Terminal {
        Terminal {
            term: text::sanitize_to(term.as_bytes(), LONGEST_TERM),
            size: bounded(size, USUAL_SIZE),
        }
    }

    pub(in crate::serve) fn resize(&mut self, size: (u32, u32)) {
        self.size = bounded(size, self.size);
    }
}

/// A size that a client tells, within bounds. A terminal that tells none keeps the one it has.
pub(super) fn bounded((columns, rows): (u32, u32), last: (u16, u16)) -> (u16, u16) {
    if columns == 0 || rows == 0 {
        return last;
    }
    let most = LARGEST_SIZE;
    (
        u16::try_from(columns).unwrap_or(most.0).min(most.0),
        u16::try_from(rows).unwrap_or(most.1).min(most.1),
    )
}

/// The variables of a visitor's environment that say how their terminal is.
#[derive(Debug, Default)]
pub(in crate::serve) struct Environment(Vec<(String, String)>);

impl Environment {
    /// Takes in a variable, where it matters and its value is not too long; returns whether it has.
    /// Of several values of one variable the last one counts.
    pub(in crate::serve) fn take_in(&mut self, name: &str, value: &str) -> bool {
        let matters = VARIABLES.contains(&name) && value.len() <= LONGEST_VALUE;
        if matters {
            self.0.retain(|(known, _)| known != name);
            self.0.push((name.to_owned(), value.to_owned()));
        }
        matters
    }

    /// The hours in which the visitor reads times; `None` where they chose none.
    pub(in crate::serve) fn hours(&self) -> Option<Hours> {
        Hours::named(&self.get("TROLLEY_HOURS"))
    }

    /// A variable; empty where it is not set.
    pub(super) fn get(&self, name: &str) -> String {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }
}

/// The way in which the shop shows at a visitor's client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Showing {
    Screen,
    /// In plain mode, of this manner.
    Plain(Manner),
}

impl Showing {
    /// The way that suits a terminal. A client without one sends whole lines.
    pub(super) fn of(terminal: Option<&Terminal>) -> Showing {
        let editing = match terminal {
            Some(terminal) if !display::is_dumb(&terminal.term) => return Showing::Screen,
            Some(_) => Editing::Here,
            None => Editing::Elsewhere,
        };
        Showing::Plain(Manner {
            editing,
            prompts: true,
        })
    }

    pub(super) fn line_end(self) -> &'static str {
        match self {
            Showing::Screen => "\r\n",
            Showing::Plain(manner) => manner.editing.line_end(),
        }
    }

    /// The bytes that take the terminal, and ask for its background where that decides about the
    /// colours.
    pub(super) fn entering(self, asks_background: bool) -> Vec<u8> {
        match self {
            Showing::Screen if asks_background => [&sequences::entering(), ASK_BACKGROUND].concat(),
            Showing::Screen => sequences::entering(),
            Showing::Plain(_) => Vec::new(),
        }
    }

    /// The bytes that give it back: behind a cancel, where its last frame was cut short.
    pub(super) fn restoring(self, is_whole: bool) -> Vec<u8> {
        match self {
            Showing::Screen if is_whole => sequences::restoring(),
            Showing::Screen => [CANCEL, &sequences::restoring()].concat(),
            Showing::Plain(_) => Vec::new(),
        }
    }
}
