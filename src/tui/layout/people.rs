//! The rows of the people pane: each person with their sums, and the lines of the one that is
//! opened; below them the cart's total and its rules. Drawing, scrolling and the mouse all read
//! them.

use super::countdown::countdown;
use super::money;
use crate::config::theme::PENDING;
use crate::model::people::{Part, People};
use crate::model::time::{ClockStyle, clock, day_and_minute, is_same_day};
use crate::model::total::ProductLookup;
use crate::model::{CartLine, Money, ProductId, shares, text};
use crate::tui::state::State;
use crate::tui::state::people::{PeopleRowId, PeopleRowKind, Person};
use ratatui::layout::{Margin, Rect};

/// From this width on, in columns, words say what the signs mean.
const WITH_WORDS: u16 = 45;
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
/// The columns for pieces.
const PIECES: u16 = 3;
/// The least columns of a bar.
const LEAST_BAR: u16 = 3;
/// The columns of a bar that a word behind the owner's name leaves it, at least.
const ROOMY_BAR: u16 = 6;

/// From this height on, in lines inside the frame, each rule has a line.
const WITH_RULES: u16 = 16;
/// The most lines for the names that are expected.
const EXPECTED_LINES: usize = 3;
/// The columns behind the longest name of a rule.
const RULE_GAP: usize = 2;

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
    /// What the signs of a person mean, where their row has no words.
    Words(Person, String),
    /// A product that somebody asked for.
    Line(PersonLine),
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
    /// What this person asked for.
    pub(crate) part: Part,
    /// It has changes that are not confirmed yet.
    pub(crate) is_pending: bool,
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

/// What is left of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remainder {
    /// So much may still be added.
    Left(Money),
    /// It is over by so much: prices rose.
    Over(Money),
}

impl Remainder {
    /// What is left of `limit` after `sum`.
    #[must_use]
    pub(crate) fn of(limit: Money, sum: Money) -> Remainder {
        if sum > limit {
            Remainder::Over(sum.less(limit))
        } else {
            Remainder::Left(limit.less(sum))
        }
    }

    /// The amount, less than zero where it is over.
    #[must_use]
    pub(crate) fn aligned(self, decimals: usize) -> String {
        match self {
            Remainder::Left(left) => money::aligned(left, decimals),
            Remainder::Over(over) => format!("-{}", money::aligned(over, decimals)),
        }
    }

    /// In words: `€36.50 left`.
    #[must_use]
    pub(crate) fn told(self, currency: &str) -> String {
        match self {
            Remainder::Left(left) => format!("{} left", left.in_currency(currency)),
            Remainder::Over(over) => format!("{} over", over.in_currency(currency)),
        }
    }

    fn amount(self) -> Money {
        match self {
            Remainder::Left(amount) | Remainder::Over(amount) => amount,
        }
    }
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

/// A line about the rules of the cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleLine {
    pub(crate) text: String,
    pub(crate) importance: RuleImportance,
}

/// The importance of a line about the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RuleImportance {
    Usual,
    /// The cart can't be changed.
    Closed,
}

impl PeopleRow {
    /// The identity of the row, whatever it shows just now.
    pub(crate) fn id(&self) -> PeopleRowId {
        let (person, kind) = match self {
            PeopleRow::Sums(sums) => (&sums.person, PeopleRowKind::Sums),
            PeopleRow::Words(person, _) => (person, PeopleRowKind::Words),
            PeopleRow::Line(line) => (&line.person, PeopleRowKind::Line(line.product.clone())),
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

        let rules = rule_lines(state, inner);
        let foot_height = u16::try_from(rules.len() + 2).unwrap_or(u16::MAX);
        let foot_height = foot_height.min(inner.height.saturating_sub(1) / 2);
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

    /// The index of the row with this identity.
    #[must_use]
    pub(crate) fn index_of(&self, id: &PeopleRowId) -> Option<usize> {
        self.rows.iter().position(|row| row.id() == *id)
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
        let is_here = sums.is_here;
        rows.push(PeopleRow::Sums(sums));

        if state.people.opened.as_ref() != Some(&person) {
            continue;
        }
        if width < WITH_WORDS && person != Person::Nobody {
            let words = if is_here { "here" } else { "away" };
            rows.push(PeopleRow::Words(person.clone(), words.to_owned()));
        }
        rows.extend(lines_of(state, &person).map(PeopleRow::Line));
    }
    rows
}

/// The sums of all people; none where nobody has anything.
fn all_sums(state: &State) -> Vec<PersonSums> {
    let me = &state.env.me;
    let people = state.people_of(&state.cart.shown);
    let confirmed =
        (!state.cart.unconfirmed.is_empty()).then(|| state.people_of(&state.cart.confirmed));
    if people.pieces() == 0 {
        return Vec::new();
    }

    let watching = state.watchers.iter().map(|watcher| &watcher.name);
    let known = people.parts.keys().chain(watching).chain([me]);
    let mut names: Vec<&String> = known.filter(|name| !name.is_empty()).collect();
    names.sort_by_cached_key(|name| (*name != me, text::folded(name), *name));
    names.dedup();

    let mut all: Vec<PersonSums> = names
        .into_iter()
        .map(|name| {
            let part = part_of(&people, name);
            PersonSums {
                person: Person::Named(name.clone()),
                is_me: name == me,
                is_owner: state.cart.confirmed.rules.owner.as_ref() == Some(name),
                is_here: is_here(state, name),
                is_pending: confirmed
                    .as_ref()
                    .is_some_and(|it| part_of(it, name) != part),
                part,
            }
        })
        .collect();

    if people.nobodys.pieces > 0 {
        all.push(PersonSums {
            person: Person::Nobody,
            is_me: false,
            is_owner: false,
            is_here: false,
            is_pending: confirmed.is_some_and(|it| it.nobodys != people.nobodys),
            part: people.nobodys,
        });
    }
    all
}

fn part_of(people: &People, name: &str) -> Part {
    people.parts.get(name).cloned().unwrap_or_default()
}

/// True where some terminal of this person shows the cart.
fn is_here(state: &State, name: &str) -> bool {
    name == state.env.me || state.watchers.iter().any(|watcher| watcher.name == name)
}

/// The lines in which a person has pieces.
fn lines_of<'a>(state: &'a State, person: &'a Person) -> impl Iterator<Item = PersonLine> + 'a {
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

    /// The pieces, with a sign where they are not confirmed yet; nothing where there are none.
    #[must_use]
    pub(crate) fn pieces(&self) -> String {
        let pending = if self.is_pending { PENDING } else { "" };
        match self.part.pieces {
            0 => pending.to_owned(),
            pieces => format!("{pieces}{pending}"),
        }
    }

    /// What is left of the limit of each; `None` where there is none, or nothing to say.
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
                PeopleRow::Words(..) => {}
            }
        }

        let sum_decimals = money::decimals(sums.iter().copied());
        let left_decimals = money::decimals(lefts.iter().map(|left| left.amount()));
        let has_limit = state.cart.confirmed.rules.budget_each.is_some();
        let needed = NeededWidths {
            name: widest(names),
            name_as_owner: widest(as_owner),
            pieces: widest(pieces),
            sum: widest(sums.iter().map(|sum| money::aligned(*sum, sum_decimals))),
            left: has_limit.then(|| widest(lefts.iter().map(|left| left.aligned(left_decimals)))),
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
    u16::try_from(widths.max().unwrap_or(0)).unwrap_or(u16::MAX)
}

/// A rule of the cart, by its name.
struct Rule {
    name: &'static str,
    value: String,
    importance: RuleImportance,
}

impl Rule {
    fn new(name: &'static str, value: Option<String>) -> Rule {
        Rule {
            name,
            value: value.unwrap_or_else(|| "none".to_owned()),
            importance: RuleImportance::Usual,
        }
    }
}

/// The lines below the total: the rules, and who may change them. They depend on the height, not on
/// how many people there are, so that nothing jumps when somebody comes.
fn rule_lines(state: &State, inner: Rect) -> Vec<RuleLine> {
    let columns = usize::from(inner.width);
    let mut lines = if inner.height >= WITH_RULES {
        let rules = rules(state);
        let names = rules.iter().map(|rule| text::width(rule.name));
        let widest = names.max().unwrap_or(0) + RULE_GAP;
        let lines = rules
            .iter()
            .flat_map(|rule| wrap_rule(rule, widest, columns));
        lines.collect()
    } else {
        brief_rules(state, columns)
    };

    if let Some(sentence) = owner_sentence(state, columns) {
        let wrapped = text::wrap(&sentence, columns, 2);
        lines.extend(wrapped.into_iter().map(|text| RuleLine {
            text,
            importance: RuleImportance::Usual,
        }));
    }
    lines
}

/// The lines of one rule, with its value from the column `widest` on.
fn wrap_rule(rule: &Rule, widest: usize, columns: usize) -> Vec<RuleLine> {
    let room = columns.saturating_sub(widest + 2);
    let value = text::wrap(&rule.value, room, EXPECTED_LINES);
    let mut name = rule.name;
    value
        .into_iter()
        .map(|value| {
            let name = std::mem::take(&mut name);
            RuleLine {
                text: format!("  {name:widest$}{value}"),
                importance: rule.importance,
            }
        })
        .collect()
}

/// The rules in one line, as many of them as fit.
fn brief_rules(state: &State, columns: usize) -> Vec<RuleLine> {
    let rules = &state.cart.confirmed.rules;
    let currency = &state.shop.currency;
    let mut words = Vec::new();
    let mut importance = RuleImportance::Usual;
    if rules.locked {
        words.push("locked".to_owned());
        importance = RuleImportance::Closed;
    }
    if let Some(at) = rules.closes {
        let time = clock(at, &state.env.zone, ClockStyle::Minute);
        if state.is_closed() {
            words.push(format!("closed {time}"));
            importance = RuleImportance::Closed;
        } else {
            words.push(format!("closes {time}"));
        }
    }
    if let Some(budget) = rules.budget {
        let left = Remainder::of(budget, state.totals().subtotal);
        words.push(format!("budget {}", left.told(currency)));
    }
    if let Some(each) = rules.budget_each {
        words.push(format!("each {}", each.in_currency(currency)));
    }

    while words.len() > 1 && text::width(&words.join(" · ")) > columns {
        words.pop();
    }
    let text = words.join(" · ");
    let line = RuleLine { text, importance };
    (!words.is_empty()).then_some(line).into_iter().collect()
}

/// The rules of the cart by their names: those that are set, and all for somebody who may set
/// them.
fn rules(state: &State) -> Vec<Rule> {
    let rules = &state.cart.confirmed.rules;
    let currency = &state.shop.currency;
    let shows_unset = state.may_change_rules();
    let mut all = Vec::new();

    if rules.closes.is_some() || shows_unset {
        let closes = rules.closes.map(|at| deadline(state, at));
        all.push(Rule {
            importance: if state.is_closed() {
                RuleImportance::Closed
            } else {
                RuleImportance::Usual
            },
            ..Rule::new("closes", closes)
        });
    }
    if rules.budget.is_some() || shows_unset {
        let budget = rules.budget.map(|budget| {
            let left = Remainder::of(budget, state.totals().subtotal);
            format!("{}, {}", budget.in_currency(currency), left.told(currency))
        });
        all.push(Rule::new("budget", budget));
    }
    if rules.budget_each.is_some() || shows_unset {
        let each = rules.budget_each.map(|each| each.in_currency(currency));
        all.push(Rule::new("each", each));
    }
    if rules.locked || shows_unset {
        let (lock, importance) = match rules.locked {
            true => ("locked", RuleImportance::Closed),
            false => ("open", RuleImportance::Usual),
        };
        all.push(Rule {
            importance,
            ..Rule::new("lock", Some(lock.to_owned()))
        });
    }
    all
}

/// The deadline, and how far away it is.
fn deadline(state: &State, at: u64) -> String {
    let zone = &state.env.zone;
    let now = state.now + state.cart.server_ahead;
    if state.is_closed() {
        return format!("{}, closed", day_and_minute(at, now, zone));
    }
    if !is_same_day(at, now, zone) {
        return day_and_minute(at, now, zone);
    }
    let time = clock(at, zone, ClockStyle::Minute);
    format!("{time}, in {}", countdown(at.saturating_sub(now)))
}

/// The sentence about who set the rules; `None` where the lines above say that they are one's own.
fn owner_sentence(state: &State, columns: usize) -> Option<String> {
    match &state.cart.confirmed.rules.owner {
        None => Some("No rules yet. Whoever sets the first one owns them.".to_owned()),
        Some(owner) if *owner == state.env.me => None,
        Some(owner) => {
            let only = format!("Only {owner} can change these.");
            let full = format!("Set by {owner}. {only}");
            Some(if text::width(&full) <= columns {
                full
            } else {
                only
            })
        }
    }
}
