//! The people of the checkout and their sums, which together are the total.

use crate::model::people::{Part, People};
use crate::model::shares::NOBODY;
use crate::model::{Money, Preview, text};
use crate::tui::layout::money;
use crate::tui::layout::people::{Standing, WITH_WORDS, all_sums};
use crate::tui::layout::rules::Remainder;
use crate::tui::state::State;
use crate::tui::state::people::Person;

/// The least columns for pieces, for what is left, and for a sum.
const PIECES: u16 = 3;
const LEFT: u16 = 7;
const SUM: u16 = 8;
/// The columns that a name keeps beside what is left to somebody.
const LEAST_NAME: u16 = 10;
/// The columns for the sign of how far somebody is, and with its word.
const SIGN: u16 = 1;
const SIGN_AND_WORD: u16 = 9;

/// A person and their part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PersonRow {
    /// The readiness of the person.
    pub(crate) standing: Standing,
    pub(crate) name: String,
    pub(crate) pieces: String,
    /// The amount left of the limit of each, and whether it is over.
    pub(crate) left: String,
    pub(crate) is_over: bool,
    pub(crate) sum: String,
}

/// The people in their columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CheckoutPeople {
    pub(crate) rows: Vec<PersonRow>,
    /// The names of those who are expected and have nothing.
    pub(crate) missing: Vec<String>,
    /// The number of people who have something.
    pub(crate) count: usize,
    /// The number of people who are ready.
    pub(crate) ready: usize,
    /// The columns for how far everybody is, 0 where there is nothing to tell of that.
    pub(crate) standing_width: u16,
    pub(crate) name_width: u16,
    pub(crate) pieces_width: u16,
    pub(crate) left_width: u16,
    pub(crate) sum_width: u16,
}

impl CheckoutPeople {
    /// The people of a preview, in a pane of this width.
    #[must_use]
    pub(crate) fn of(state: &State, preview: &Preview, width: u16) -> CheckoutPeople {
        let people = People::of_preview(preview);
        let parts = sorted(state, &people);
        let limit = state.cart.confirmed.rules.budget_each;

        let currency = &state.shop.currency;
        let sum_decimals = money::decimals(currency, parts.iter().map(|(_, part)| part.sum));
        let lefts = parts
            .iter()
            .filter_map(|(name, part)| left(limit, *name, part));
        let left_decimals = money::decimals(currency, lefts.map(Remainder::amount));
        let mut rows: Vec<PersonRow> = parts
            .iter()
            .map(|(name, part)| {
                let left = left(limit, *name, part);
                let is_ready = name.is_some_and(|name| state.is_ready(name));
                PersonRow {
                    standing: if is_ready {
                        Standing::Ready
                    } else {
                        Standing::Shopping
                    },
                    name: label(state, *name),
                    pieces: part.pieces.to_string(),
                    left: left
                        .map_or_else(String::new, |left| left.aligned(currency, left_decimals)),
                    is_over: matches!(left, Some(Remainder::Over(_))),
                    sum: money::aligned(currency, part.sum, sum_decimals),
                }
            })
            .collect();

        // Nobody's pieces come last.
        let missing = missing(state);
        let before_nobody = people.parts.len().min(rows.len());
        let missing_rows = missing.iter().map(|name| PersonRow {
            standing: Standing::Missing,
            name: label(state, Some(name)),
            pieces: String::new(),
            left: String::new(),
            is_over: false,
            sum: String::new(),
        });
        rows.splice(before_nobody..before_nobody, missing_rows);

        let is_told = rows.iter().any(|row| row.standing != Standing::Shopping);
        let standing_width = match is_told {
            true if width >= WITH_WORDS => SIGN_AND_WORD,
            true => SIGN,
            false => 0,
        };
        let pieces_width = widest(&rows, |row| &row.pieces).max(PIECES);
        let sum_width = widest(&rows, |row| &row.sum).max(SUM);
        let standing_gap = u16::from(standing_width > 0);
        let others = standing_width + standing_gap + pieces_width + sum_width + 2;
        let room = width.saturating_sub(others);
        let left_width = limit.map_or(0, |_| widest(&rows, |row| &row.left).max(LEFT));
        let left_width = if room > left_width + LEAST_NAME {
            left_width
        } else {
            0
        };
        let gap = u16::from(left_width > 0);

        CheckoutPeople {
            missing,
            count: people.parts.len(),
            ready: state.cart.shown.ready.len(),
            standing_width,
            name_width: room.saturating_sub(left_width + gap),
            pieces_width,
            left_width,
            sum_width,
            rows,
        }
    }
}

/// The people and their sums in at most `most` lines of so many columns: `bob 11.50 · ann 9.10`.
/// None where one person has all.
pub(super) fn brief(state: &State, preview: &Preview, columns: usize, most: usize) -> Vec<String> {
    let people = People::of_preview(preview);
    if !people.are_several(&state.env.me) {
        return Vec::new();
    }

    let words: Vec<String> = sorted(state, &people)
        .into_iter()
        .map(|(name, part)| format!("{} {}", name.unwrap_or(NOBODY), part.sum))
        .collect();
    // More than these never fit.
    let mut shown = words.len().min(columns * most / 4);
    loop {
        let mut listed = words[..shown].to_vec();
        if shown < words.len() {
            listed.push(format!("+{}", words.len() - shown));
        }
        let lines = in_lines(&listed, columns);
        if lines.len() <= most || shown == 0 {
            return lines;
        }
        shown -= 1;
    }
}

/// The words in lines of so many columns, broken between them.
fn in_lines(words: &[String], columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if text::width(line) + 3 + text::width(word) <= columns => {
                line.push_str(" · ");
                line.push_str(word);
            }
            _ => lines.push(text::truncate(word, columns)),
        }
    }
    lines
}

/// Everybody with their part: yourself first, then by name, nobody's part last.
fn sorted<'a>(state: &State, people: &'a People) -> Vec<(Option<&'a str>, &'a Part)> {
    let mut parts: Vec<_> = people.iter().collect();
    parts.sort_by_cached_key(|(name, _)| {
        let folded = name.map(text::folded);
        (name.is_none(), *name != Some(state.env.me.as_str()), folded)
    });
    parts
}

fn label(state: &State, name: Option<&str>) -> String {
    match name {
        Some(name) if name == state.env.me => format!("{name} (you)"),
        Some(name) => name.to_owned(),
        None => format!("{NOBODY}'s"),
    }
}

/// The names of those who are expected and have nothing.
fn missing(state: &State) -> Vec<String> {
    let all = all_sums(state).into_iter();
    let missing = all.filter(|person| person.standing == Standing::Missing);
    missing
        .filter_map(|person| match person.person {
            Person::Named(name) => Some(name),
            Person::Nobody => None,
        })
        .collect()
}

/// The amount left of the limit of each; nobody has none.
fn left(limit: Option<Money>, name: Option<&str>, part: &Part) -> Option<Remainder> {
    let limit = limit.filter(|_| name.is_some())?;
    Some(Remainder::of(limit, part.sum))
}

/// The columns of the widest of these texts.
fn widest(rows: &[PersonRow], text: impl Fn(&PersonRow) -> &str) -> u16 {
    let widths = rows.iter().map(|row| text::width(text(row)));
    u16::try_from(widths.max().unwrap_or(0)).unwrap_or(u16::MAX)
}
