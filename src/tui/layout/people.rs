//! The rows of the people pane: each person with their sums, and the lines of the one that is
//! opened; below them the cart's total and its rules. Drawing, scrolling and the mouse all read
//! them.

use super::money;
use super::notes::{NoteRow, rows_of};
use super::rules::{Remainder, RuleLine, rule_lines};
use crate::config::theme::PENDING;
use crate::model::people::{Part, People};
use crate::model::total::ProductLookup;
use crate::model::{CartLine, Money, ProductId, shares, text};
use crate::tui::state::State;
use crate::tui::state::people::{PeopleRowId, PeopleRowKind, Person};
use ratatui::layout::{Margin, Rect};

/// From this width on, in columns, words say what the signs mean.
pub(crate) const WITH_WORDS: u16 = 45;
/// From this width on amounts stand further apart.
const ROOMY: u16 = 52;
/// The columns for the signs and the word of a person's state.
const STATE: u16 = 11;
/// The columns for the signs alone.
const SIGNS: u16 = 2;
/// The columns of a name on a roomy screen, whatever it needs.
const ROOMY_NAME: u16 = 14;
/// The most columns of a name.
const WIDEST_NAME: u16 = 36;
/// The columns that a name keeps when others grow.
const LEAST_NAME: u16 = 5;
/// The column of a product that somebody asked for, and of what they noted on it.
pub(crate) const LINE_INDENT: u16 = 8;
/// The columns for pieces.
const PIECES: u16 = 3;
/// The least columns of a bar.
const LEAST_BAR: u16 = 3;
/// The columns of a bar that a word behind the owner's name leaves it, at least.
const ROOMY_BAR: u16 = 6;

/// The rows and areas of the pane.
#[derive(Debug, Clone)]
pub(crate) struct PeopleLayout {
    /// The rows of all people.
    pub(crate) rows: Vec<PeopleRow>,
    /// The area of those that show.
    pub(crate) list: Rect,
    pub(crate) columns: PeopleColumns,
    /// The lines of the foot below the total.
    pub(crate) rules: Vec<RuleLine>,
    /// The area of the foot: a rule, the total, and these lines.
    pub(crate) foot: Rect,
}

/// A row of the pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PeopleRow {
    /// A person and their sums.
    Sums(PersonSums),
    /// The meaning of a person's signs in words, where their row has no room for it.
    Words(Person, String),
    /// A product that somebody asked for.
    Line(PersonLine),
    /// A row of what they noted on it.
    Note(PersonNote),
}

/// A person and their sums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PersonSums {
    pub(crate) person: Person,
    /// It is ourselves.
    pub(crate) is_me: bool,
    /// The rules are this person's.
    pub(crate) is_owner: bool,
    /// Some terminal of this person shows the cart.
    pub(crate) is_here: bool,
    /// The readiness of this person.
    pub(crate) standing: Standing,
    /// The pieces that this person asked for, and their price.
    pub(crate) part: Part,
    /// It has changes that are not confirmed yet.
    pub(crate) is_pending: bool,
}

/// The readiness of a person for the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// They have said to be ready.
    Ready,
    /// They are expected, and have asked for nothing yet.
    Missing,
    /// Neither.
    Shopping,
}

/// The number of people of each standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct PeopleCount {
    /// The people who asked for something or are ready; where some are expected, of these alone.
    pub(crate) taking_part: usize,
    /// The people who are expected.
    pub(crate) expected: usize,
    pub(crate) ready: usize,
    pub(crate) missing: usize,
}

/// A product that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PersonLine {
    pub(crate) person: Person,
    pub(crate) product: ProductId,
    pub(crate) name: String,
    pub(crate) pieces: u32,
    /// The price of these; `None` where they don't count.
    pub(crate) sum: Option<Money>,
}

/// A row of what somebody noted on a product that they asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PersonNote {
    pub(crate) person: Person,
    pub(crate) product: ProductId,
    /// The place of the row among those of the note.
    pub(crate) place: usize,
    pub(crate) row: NoteRow,
}

/// The widths of the columns, 0 for those that have no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PeopleColumns {
    /// For the signs, and a word where there is room for it.
    pub(crate) state: u16,
    pub(crate) name: u16,
    pub(crate) pieces: u16,
    pub(crate) sum: u16,
    /// For what is left of each one's limit.
    pub(crate) left: u16,
    pub(crate) bar: u16,
    /// The digits after the point that sums make room for.
    pub(crate) sum_decimals: usize,
    /// The same for what is left.
    pub(crate) left_decimals: usize,
}

impl PeopleRow {
    /// The identity of the row, whatever it shows just now.
    pub(crate) fn id(&self) -> PeopleRowId {
        let (person, kind) = match self {
            PeopleRow::Sums(sums) => (&sums.person, PeopleRowKind::Sums),
            PeopleRow::Words(person, _) => (person, PeopleRowKind::Words),
            PeopleRow::Line(line) => (&line.person, PeopleRowKind::Line(line.product.clone())),
            PeopleRow::Note(note) => {
                let kind = PeopleRowKind::Note(note.product.clone(), note.place);
                (&note.person, kind)
            }
        };
        PeopleRowId {
            person: person.clone(),
            kind,
        }
    }
}

impl PeopleLayout {
    /// The layout of the pane that shows; `None` where it does not.
    #[must_use]
    pub(crate) fn shown(state: &State) -> Option<PeopleLayout> {
        let frame = state.areas()?.people?;
        Some(PeopleLayout::of(state, frame))
    }

    /// The layout in this frame.
    #[must_use]
    pub(crate) fn of(state: &State, frame: Rect) -> PeopleLayout {
        let inner = frame.inner(Margin::new(1, 1));
        let rows = rows(state, inner.width);

        // Of a cart that was not read, nothing is said.
        let (rules, foot_height) = if state.cart.loaded {
            let rules = rule_lines(state, inner);
            let height = u16::try_from(rules.len() + 2).unwrap_or(u16::MAX);
            (rules, height.min(inner.height.saturating_sub(1) / 2))
        } else {
            (Vec::new(), 0)
        };
        let list = Rect {
            y: inner.y + 1,
            height: inner.height.saturating_sub(1 + foot_height),
            ..inner
        };
        let foot = Rect {
            y: list.bottom(),
            height: foot_height,
            ..inner
        };

        PeopleLayout {
            columns: PeopleColumns::of(state, &rows, inner.width),
            rows,
            list,
            rules,
            foot,
        }
    }

    /// The rows that show at a time.
    #[must_use]
    pub(crate) fn page(&self) -> usize {
        self.list.height.into()
    }

    /// The lines of the foot in their rows: below the line above it and the total.
    pub(crate) fn rule_rows(&self) -> impl Iterator<Item = (Rect, &RuleLine)> {
        // Where there is hardly any room, the total is worth more than the line above it.
        let above = if self.has_rule() { 2 } else { 1 };
        self.foot.rows().skip(above).zip(&self.rules)
    }

    /// True where a line stands above the foot.
    #[must_use]
    pub(crate) fn has_rule(&self) -> bool {
        self.foot.height > 2
    }

    /// The line about a rule in this row of the screen.
    #[must_use]
    pub(crate) fn rule_at(&self, row: u16) -> Option<&RuleLine> {
        let mut rows = self.rule_rows();
        rows.find(|(area, _)| area.y == row).map(|(_, line)| line)
    }

    /// The index of the row with this identity.
    #[must_use]
    pub(crate) fn index_of(&self, id: &PeopleRowId) -> Option<usize> {
        self.rows.iter().position(|row| row.id() == *id)
    }

    /// The people of each standing.
    #[must_use]
    pub(crate) fn count(&self, state: &State) -> PeopleCount {
        let expected = &state.cart.confirmed.rules.expected;
        let mut count = PeopleCount {
            expected: expected.len(),
            ..PeopleCount::default()
        };

        for row in &self.rows {
            let PeopleRow::Sums(person) = row else {
                continue;
            };
            let Person::Named(name) = &person.person else {
                continue;
            };

            let is_counted = expected.is_empty() || expected.contains(name);
            let takes_part = person.part.pieces > 0 || person.standing == Standing::Ready;
            count.taking_part += usize::from(is_counted && takes_part);
            match person.standing {
                Standing::Ready => count.ready += 1,
                Standing::Missing => count.missing += 1,
                Standing::Shopping => {}
            }
        }

        count
    }

    /// The number of people before the row with this index, itself included, and of all.
    #[must_use]
    pub(crate) fn position(&self, index: usize) -> (usize, usize) {
        let is_person = |row: &&PeopleRow| matches!(row, PeopleRow::Sums(_));
        let before = self.rows.iter().take(index + 1).filter(is_person).count();
        (before, self.rows.iter().filter(is_person).count())
    }
}

/// The rows of all people, yourself first, then by name, nobody's last.
fn rows(state: &State, width: u16) -> Vec<PeopleRow> {
    let mut rows = Vec::new();
    for sums in all_sums(state) {
        let person = sums.person.clone();
        let words = sums.words();
        rows.push(PeopleRow::Sums(sums));

        if state.people.opened.as_ref() != Some(&person) {
            continue;
        }
        if width < WITH_WORDS && person != Person::Nobody {
            rows.push(PeopleRow::Words(person.clone(), words));
        }
        let columns = usize::from(width.saturating_sub(LINE_INDENT));
        for line in lines_of(state, &person) {
            let notes = notes_of(state, &line, columns);
            rows.push(PeopleRow::Line(line));
            rows.extend(notes.into_iter().map(PeopleRow::Note));
        }
    }
    rows
}

/// The note of a person on a product that they asked for, in rows of so many columns.
fn notes_of(state: &State, line: &PersonLine, columns: usize) -> Vec<PersonNote> {
    let notes = state.cart.shown.notes.of(&line.product).iter();
    let mut own = notes.filter(|note| line.person == Person::Named(note.by.clone()));
    let rows = own.next().map(|note| {
        let rows = rows_of(state, &line.product, note, columns, usize::MAX);
        rows.into_iter().enumerate()
    });
    let rows = rows.into_iter().flatten().map(|(place, row)| PersonNote {
        person: line.person.clone(),
        product: line.product.clone(),
        place,
        row,
    });
    rows.collect()
}

/// The sums of all people; none where nobody has anything, and nobody is expected.
pub(crate) fn all_sums(state: &State) -> Vec<PersonSums> {
    let me = &state.env.me;
    let shown = &state.cart.shown;
    let people = state.people_of(shown);
    let confirmed = state.people_of(&state.cart.confirmed);

    let expected = &state.cart.confirmed.rules.expected;
    let named = people.parts.keys().chain(&shown.ready).chain(expected);
    let mut names: Vec<&String> = named.collect();
    if names.is_empty() && people.nobodys.pieces == 0 {
        return Vec::new();
    }
    names.extend(state.watchers.iter().map(|watcher| &watcher.name));
    names.push(me);
    names.retain(|name| !name.is_empty());
    names.sort_by_cached_key(|name| (*name != me, text::folded(name), *name));
    names.dedup();

    let sums = names
        .into_iter()
        .map(|name| person_sums(state, name, &people, &confirmed));
    let mut all: Vec<PersonSums> = sums.collect();
    if people.nobodys.pieces > 0 {
        all.push(PersonSums {
            person: Person::Nobody,
            is_me: false,
            is_owner: false,
            is_here: false,
            standing: Standing::Shopping,
            is_pending: confirmed.nobodys != people.nobodys,
            part: people.nobodys,
        });
    }
    all
}

/// The sums of one person among all people, as they show and as they are confirmed.
fn person_sums(state: &State, name: &String, people: &People, confirmed: &People) -> PersonSums {
    let cart = &state.cart.confirmed;
    let person = Person::Named(name.clone());
    let part = part_of(people, name);
    let is_ready = state.is_ready(name);
    let standing = if is_ready {
        Standing::Ready
    } else if cart.rules.expected.contains(name) && lines_of(state, &person).next().is_none() {
        Standing::Missing
    } else {
        Standing::Shopping
    };

    let has_other_part = part_of(confirmed, name) != part;
    let watches = state.watchers.iter().any(|watcher| watcher.name == *name);
    PersonSums {
        person,
        is_me: *name == state.env.me,
        is_owner: cart.rules.owner.as_ref() == Some(name),
        is_here: watches || *name == state.env.me,
        standing,
        part,
        is_pending: has_other_part || cart.ready.contains(name) != is_ready,
    }
}

fn part_of(people: &People, name: &str) -> Part {
    people.parts.get(name).cloned().unwrap_or_default()
}

/// The lines in which a person has pieces.
pub(crate) fn lines_of<'a>(
    state: &'a State,
    person: &'a Person,
) -> impl Iterator<Item = PersonLine> + 'a {
    state.cart.shown.lines.iter().filter_map(move |line| {
        let pieces = pieces_of(line, person);
        let lookup = state.lookup(&line.product);
        let price = match lookup {
            ProductLookup::Product(product) => product.price,
            ProductLookup::Gone | ProductLookup::Unread => None,
        };

        (pieces > 0).then(|| PersonLine {
            person: person.clone(),
            product: line.product.clone(),
            name: state.name_of(&line.product),
            pieces,
            sum: price.map(|price| price.times(pieces)),
        })
    })
}

/// The pieces of a line that a person asked for.
fn pieces_of(line: &CartLine, person: &Person) -> u32 {
    let quantity = line.quantity.whole().unwrap_or(0);
    match person {
        Person::Named(name) => shares::within(&line.shares, quantity)
            .filter(|(by, _)| by == name)
            .map(|(_, pieces)| pieces)
            .sum(),
        Person::Nobody => shares::nobodys(&line.shares, quantity),
    }
}

impl PersonSums {
    /// The name as its column shows it, in at most `room` columns.
    #[must_use]
    pub(crate) fn label(&self, with_owner: bool, room: usize) -> String {
        let Person::Named(name) = &self.person else {
            return "nobody's".to_owned();
        };

        let you = if self.is_me { " (you)" } else { "" };
        let named = format!("{name}{you}");
        let as_owner = format!("{named} · owner");
        if with_owner && self.is_owner && text::width(&as_owner) <= room {
            return as_owner;
        }
        let room_for_name = room.saturating_sub(text::width(you));
        format!("{}{you}", text::truncate(name, room_for_name))
    }

    /// The words for the signs: `here, ready`.
    #[must_use]
    pub(crate) fn words(&self) -> String {
        let presence = if self.is_here { "here" } else { "away" };
        match self.standing {
            Standing::Ready => format!("{presence}, ready"),
            Standing::Missing => format!("{presence}, nothing yet"),
            Standing::Shopping => format!("{presence}, not ready yet"),
        }
    }

    /// The pieces, with a sign where they are not confirmed yet; nothing where there are none.
    #[must_use]
    pub(crate) fn pieces(&self) -> String {
        let pending = if self.is_pending { PENDING } else { "" };
        match self.part.pieces {
            0 => pending.to_owned(),
            pieces => format!("{pieces}{pending}"),
        }
    }

    /// The amount left of the limit of each; `None` where there is no limit, or nothing to say.
    #[must_use]
    pub(crate) fn left(&self, state: &State) -> Option<Remainder> {
        let limit = state.cart.confirmed.rules.budget_each?;
        let is_limited = self.person != Person::Nobody && (self.is_me || self.part.pieces > 0);
        is_limited.then(|| Remainder::of(limit, self.part.sum))
    }
}

impl PeopleColumns {
    /// The columns for these rows, whichever show.
    fn of(state: &State, rows: &[PeopleRow], width: u16) -> PeopleColumns {
        let has_words = width >= WITH_WORDS;
        let mut names = Vec::new();
        let mut as_owner = Vec::new();
        let mut pieces = Vec::new();
        let mut sums = Vec::new();
        let mut lefts = Vec::new();
        for row in rows {
            match row {
                PeopleRow::Sums(person) => {
                    names.push(person.label(false, usize::MAX));
                    as_owner.push(person.label(has_words, usize::MAX));
                    pieces.push(person.pieces());
                    sums.push(person.part.sum);
                    lefts.extend(person.left(state));
                }
                PeopleRow::Line(line) => sums.extend(line.sum),
                PeopleRow::Words(..) | PeopleRow::Note(_) => {}
            }
        }

        let currency = &state.shop.currency;
        let sum_decimals = money::decimals(currency, sums.iter().copied());
        let left_decimals = money::decimals(currency, lefts.iter().map(|left| left.amount()));
        let has_limit = state.cart.confirmed.rules.budget_each.is_some();
        let needed = NeededWidths {
            name: widest(names),
            name_as_owner: widest(as_owner),
            pieces: widest(pieces),
            sum: columns(money::widest(currency, sums.into_iter(), sum_decimals)),
            left: has_limit.then(|| {
                widest(
                    lefts
                        .iter()
                        .map(|left| left.aligned(currency, left_decimals)),
                )
            }),
        };
        PeopleColumns {
            sum_decimals,
            left_decimals,
            ..PeopleColumns::fitting(width, needed)
        }
    }

    fn fitting(width: u16, needed: NeededWidths) -> PeopleColumns {
        let is_roomy = width >= ROOMY;
        let state = if width >= WITH_WORDS { STATE } else { SIGNS };
        let pieces = needed.pieces.max(PIECES);
        let sum = needed.sum.max(if is_roomy { 8 } else { 6 });
        let left = needed
            .left
            .map(|left| left.max(if is_roomy { 6 } else { 5 }));
        let least_name = if is_roomy { ROOMY_NAME } else { LEAST_NAME };
        // The name has what the others leave, and of that what it needs; the bar has the rest. What
        // is left goes where a name would be too short.
        let others = state + pieces + sum + 3;
        let room = width.saturating_sub(others);
        let left = left.filter(|left| room > left + LEAST_NAME).unwrap_or(0);
        let room = room.saturating_sub(left + u16::from(left > 0));
        let bar = [(needed.name_as_owner, ROOMY_BAR), (needed.name, LEAST_BAR)]
            .into_iter()
            .find_map(|(name, least_bar)| {
                let bar = room.saturating_sub(name.clamp(least_name, WIDEST_NAME) + 1);
                (bar >= least_bar).then_some(bar)
            })
            .unwrap_or(0);
        let name = room.saturating_sub(bar + u16::from(bar > 0));

        PeopleColumns {
            state,
            name,
            pieces,
            sum,
            left,
            bar,
            sum_decimals: 2,
            left_decimals: 2,
        }
    }

    /// True where words say what the signs mean.
    #[must_use]
    pub(crate) fn has_words(&self) -> bool {
        self.state == STATE
    }
}

/// The columns that the widest texts of the pane need.
#[derive(Debug, Clone, Copy)]
struct NeededWidths {
    name: u16,
    /// The same with a word behind the owner's name.
    name_as_owner: u16,
    pieces: u16,
    sum: u16,
    /// `None` where there is no limit of which something could be left.
    left: Option<u16>,
}

/// The columns of the widest of these texts.
fn widest(texts: impl IntoIterator<Item = String>) -> u16 {
    let widths = texts.into_iter().map(|text| text::width(&text));
    columns(widths.max().unwrap_or(0))
}

fn columns(width: usize) -> u16 {
    u16::try_from(width).unwrap_or(u16::MAX)
}
