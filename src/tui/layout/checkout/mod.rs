//! The checkout: its lines, the people with their sums, and below them the rules, the total and
//! what to do. Drawing, scrolling, the mouse and whoever asks what was seen all read it.

pub(crate) mod fixing;
mod people;
mod rows;
mod total;

pub(crate) use people::{CheckoutPeople, PersonRow};
pub(crate) use rows::{CheckoutColumns, CheckoutRows, INDENT, LineRows, RowBelow};
pub use total::shown_total;
pub(crate) use total::total;

use super::people::{Standing, all_sums};
use super::rules::{Remainder, closing_words, deadline};
use crate::config::theme::PENDING;
use crate::model::{Preview, text};
use crate::tui::state::areas::{list_and_selected, list_rows};
use crate::tui::state::checkout::CheckoutPane;
use crate::tui::state::scroll::fitting;
use crate::tui::state::{Mode, State};
use ratatui::layout::{Margin, Rect};

/// From this width on, in columns, the people stand in a few lines above the total, too.
const WITH_BRIEF_PEOPLE: u16 = 76;
/// The most lines for them.
const BRIEF_PEOPLE: usize = 3;
/// Below this width what to do takes more lines.
const NARROW: u16 = 40;
/// The columns of the name of a fact about the cart.
pub(crate) const FACT_NAME: u16 = 7;
/// The most rows of the note for the whole order.
const NOTE_ROWS: usize = 5;
/// The columns for which other facts make room in its line, where it needs them.
const BRIEF_NOTE: usize = 24;
/// The rows of a list that stay where other things take room from it.
const LEAST_ROWS: u16 = 4;

/// A pane: its frame, the rows of its list, and its foot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CheckoutPaneAreas {
    pub(crate) frame: Rect,
    /// The rows, below the headings of their columns.
    pub(crate) list: Rect,
}

/// Something about the cart: its deadline, its budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    /// It stands in the way, or soon may.
    pub(crate) is_warning: bool,
}

/// The parts below a list, in rows from the top. Areas without room are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CheckoutFoot {
    /// The lines across the pane.
    pub(crate) rules: Vec<Rect>,
    /// The sums of the people in a few lines, and their rows.
    pub(crate) people: Vec<String>,
    pub(crate) people_rows: Rect,
    /// The facts in their rows.
    pub(crate) facts: Vec<Fact>,
    pub(crate) facts_rows: Rect,
    /// The total.
    pub(crate) total: Rect,
    /// The next steps.
    pub(crate) steps: Rect,
}

/// The checkout of a preview.
#[derive(Debug, Clone)]
pub(crate) struct CheckoutLayout {
    /// The lines, where they show.
    pub(crate) lines: Option<CheckoutPaneAreas>,
    /// The people, where they show.
    pub(crate) people: Option<CheckoutPaneAreas>,
    pub(crate) foot: CheckoutFoot,
}

impl CheckoutLayout {
    /// The layout of the checkout that shows; `None` where it does not, or has nothing to show.
    #[must_use]
    pub(crate) fn shown(state: &State) -> Option<CheckoutLayout> {
        state.areas()?;
        let Mode::Checkout(page) = &state.mode else {
            return None;
        };
        let preview = state.checkout.preview.as_ref()?;
        Some(CheckoutLayout::of(state, preview, page.pane))
    }

    /// The layout where this pane has the keyboard.
    #[must_use]
    pub(crate) fn of(state: &State, preview: &Preview, pane: CheckoutPane) -> CheckoutLayout {
        let (lines, people) = frames(state, pane);
        // The foot stands below the people where these have a pane of their own.
        let with_foot = people.or(lines).unwrap_or(Rect::ZERO);
        let inner = with_foot.inner(Margin::new(1, 1));
        let foot = CheckoutFoot::of(state, preview, inner, lines.is_some() && people.is_some());

        let list_above_foot = Rect {
            y: inner.y + 1,
            height: foot.top().saturating_sub(inner.y + 1),
            ..inner
        };
        let areas = |frame: Rect| {
            let list = if frame == with_foot {
                list_above_foot
            } else {
                list_rows(frame)
            };
            CheckoutPaneAreas { frame, list }
        };
        CheckoutLayout {
            lines: lines.map(areas),
            people: people.map(areas),
            foot,
        }
    }

    /// The rows of the lines that show whole, from the line `top` on.
    #[must_use]
    pub(crate) fn page(&self, rows: &CheckoutRows, top: usize) -> usize {
        let height = self.lines.map_or(0, |lines| lines.list.height);
        fitting(top, rows.lines.len(), height.into(), |line| {
            rows.height(line)
        })
    }
}

/// The frames of lines and people, where this pane has the keyboard.
#[must_use]
pub(crate) fn frames(state: &State, pane: CheckoutPane) -> (Option<Rect>, Option<Rect>) {
    list_and_selected(state.body(), pane == CheckoutPane::Lines)
}

impl CheckoutFoot {
    /// The foot in this area inside a frame. What matters least goes first where there is no room.
    fn of(state: &State, preview: &Preview, inner: Rect, is_beside_lines: bool) -> CheckoutFoot {
        // The first line has the headings.
        let mut room = Room(inner.height.saturating_sub(1));

        // The total counts more than any line; what to do leaves them one.
        let total = room.take(1, 0);
        for _ in 0..steps_height(state.size.0, is_beside_lines) {
            room.take(1, 1);
        }
        let rule = room.take(1, LEAST_ROWS);
        let all_facts = if is_beside_lines {
            facts(state, preview, inner.width.into())
        } else {
            brief_facts(state, preview, inner.width.into())
        };
        let facts_height = if all_facts.is_empty() {
            0
        } else {
            let facts = height(all_facts.len());
            // The line across the pane below them gives way first.
            match room.take(facts + 1, LEAST_ROWS) {
                0 => room.take(facts, LEAST_ROWS),
                taken => taken,
            }
        };
        let brief = if is_beside_lines || state.size.0 < WITH_BRIEF_PEOPLE {
            Vec::new()
        } else {
            people::brief(state, preview, inner.width.into(), BRIEF_PEOPLE)
        };
        let second_rule = u16::from(usize::from(facts_height) > all_facts.len());
        let own_rule = 1 - second_rule;
        let people_height = if brief.is_empty() || rule == 0 {
            0
        } else {
            room.take(height(brief.len()) + own_rule, LEAST_ROWS)
        };
        let gap = if is_beside_lines {
            room.take(1, LEAST_ROWS)
        } else {
            0
        };

        let mut below = Rect {
            y: inner.y + 1 + room.0,
            height: inner.height.saturating_sub(1 + room.0),
            ..inner
        };
        let mut rules = vec![cut_off(&mut below, rule)];
        let people_rows = cut_off(&mut below, people_height.saturating_sub(own_rule));
        let facts_rows = cut_off(&mut below, facts_height - second_rule);
        if second_rule > 0 || people_height > 0 {
            rules.push(cut_off(&mut below, 1));
        }
        let total = cut_off(&mut below, total);
        cut_off(&mut below, gap);
        rules.retain(|rule| !rule.is_empty());
        CheckoutFoot {
            rules,
            people: brief,
            people_rows,
            facts: all_facts,
            facts_rows,
            total,
            steps: below,
        }
    }

    /// Its first row.
    fn top(&self) -> u16 {
        let rule = self.rules.first().copied();
        rule.unwrap_or(self.total).y
    }
}

/// The lines that are left for a list while its foot takes some of them.
struct Room(u16);

impl Room {
    /// Takes so many lines where `least` are left for the list; returns how many were taken.
    fn take(&mut self, lines: u16, least: u16) -> u16 {
        let taken = if self.0 >= lines.saturating_add(least) {
            lines
        } else {
            0
        };
        self.0 -= taken;
        taken
    }
}

/// The first lines of an area, which loses them.
fn cut_off(area: &mut Rect, lines: u16) -> Rect {
    let lines = lines.min(area.height);
    let first = Rect {
        height: lines,
        ..*area
    };
    area.y += lines;
    area.height -= lines;
    first
}

/// The lines for what to do, on a screen of this width.
fn steps_height(width: u16, is_beside_lines: bool) -> u16 {
    match width {
        _ if is_beside_lines => 3,
        WITH_BRIEF_PEOPLE.. => 1,
        NARROW.. => 2,
        _ => 3,
    }
}

fn height(rows: usize) -> u16 {
    u16::try_from(rows).unwrap_or(u16::MAX)
}

/// The facts about the cart in rows of so many columns. Only a long note takes several.
fn facts(state: &State, preview: &Preview, columns: usize) -> Vec<Fact> {
    let rules = &state.cart.confirmed.rules;
    let mut facts = Vec::new();

    let indent = usize::from(FACT_NAME) + 1;
    let note = order_note(state, preview);
    let note = text::wrap(&note, columns.saturating_sub(indent), NOTE_ROWS);
    for (index, part) in note.into_iter().enumerate() {
        let (name, value) = match index {
            0 => ("Note", part),
            _ => ("", format!("{:indent$}{part}", "")),
        };
        facts.push(Fact {
            name,
            value,
            is_warning: false,
        });
    }

    if rules.locked {
        let value = match &rules.owner {
            Some(owner) => format!("by {owner}"),
            None => "nobody can change the cart".to_owned(),
        };
        facts.push(Fact {
            name: "Locked",
            value,
            is_warning: true,
        });
    }

    if let Some(at) = rules.closes {
        facts.push(Fact {
            name: "Closes",
            value: deadline(state, at),
            is_warning: state.is_closed(),
        });
    }

    if let Some(budget) = preview.budget {
        let left = Remainder::of(budget, preview.total());
        let budget = budget.in_currency(&preview.currency);
        facts.push(Fact {
            name: "Budget",
            value: format!("{budget}, {}", left.told(&preview.currency)),
            is_warning: matches!(left, Remainder::Over(_)),
        });
    }

    facts
}

/// The note for the whole order, with a sign where it is not confirmed yet; empty where there is
/// none.
fn order_note(state: &State, preview: &Preview) -> String {
    let shown = state.cart.shown.notes.of_order();
    if shown == state.cart.confirmed.notes.of_order() {
        return preview.note.clone();
    }
    format!("{shown} {PENDING}").trim_start().to_owned()
}

/// The same in one line of so many columns, as many as fit.
fn brief_facts(state: &State, preview: &Preview, columns: usize) -> Vec<Fact> {
    let rules = &state.cart.confirmed.rules;
    let mut words = Vec::new();
    if rules.locked {
        words.push("locked".to_owned());
    }
    if let Some(at) = rules.closes {
        words.push(closing_words(state, at));
    }
    let left = preview
        .budget
        .map(|budget| Remainder::of(budget, preview.total()));
    if let Some(left) = left {
        words.push(format!("budget {}", left.told(&preview.currency)));
    }
    let people = all_sums(state);
    for (standing, word) in [(Standing::Ready, "ready"), (Standing::Missing, "missing")] {
        let of_standing = people.iter().filter(|person| person.standing == standing);
        match of_standing.count() {
            0 => {}
            count => words.push(format!("{count} {word}")),
        }
    }

    let note = match order_note(state, preview) {
        note if note.is_empty() => note,
        note => format!("Note: {note}"),
    };
    let before_note = match note.len() {
        0 => 0,
        _ => text::width(&note).min(BRIEF_NOTE) + 3,
    };
    while words.len() > 1 && text::width(&words.join(" · ")) + before_note > columns {
        words.pop();
    }
    // The note has what these leave, behind the lock.
    if !note.is_empty() {
        let others: usize = words.iter().map(|word| text::width(word) + 3).sum();
        let note = text::truncate(&note, columns.saturating_sub(others));
        words.insert(usize::from(rules.locked), note);
    }

    let is_warning = rules.locked || state.is_closed() || matches!(left, Some(Remainder::Over(_)));
    let fact = Fact {
        name: "",
        value: text::truncate(&words.join(" · "), columns),
        is_warning,
    };
    (!words.is_empty()).then_some(fact).into_iter().collect()
}
