//! The rules of the cart as the people pane tells them, and what is left of its limits.

use super::countdown::countdown;
use super::money;
use super::ordering::ordering;
use crate::config::keymap::Action;
use crate::model::typed_rule::{NONE, TypedRule};
use crate::model::{Currency, Money, text};
use crate::tui::state::State;
use ratatui::layout::Rect;

/// From this height on, in lines inside the frame, each rule has a line.
const WITH_RULES: u16 = 16;
/// From this height on the names that are expected are among them.
const WITH_EXPECTED: u16 = 26;
/// The most lines for the names that are expected.
const EXPECTED_LINES: usize = 3;
/// The columns behind the longest name of a rule.
const RULE_GAP: usize = 2;

/// The amount left of a limit, or the amount over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remainder {
    /// So much may still be added.
    Left(Money),
    /// It is over by so much: prices rose.
    Over(Money),
}

impl Remainder {
    /// The amount left of `limit` after `sum`.
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
    pub(crate) fn aligned(self, currency: &Currency, decimals: usize) -> String {
        match self {
            Remainder::Left(left) => money::aligned(currency, left, decimals),
            Remainder::Over(over) => format!("-{}", money::aligned(currency, over, decimals)),
        }
    }

    /// In words: `€36.50 left`.
    #[must_use]
    pub(crate) fn told(self, currency: &Currency) -> String {
        match self {
            Remainder::Left(left) => format!("{} left", left.in_currency(currency)),
            Remainder::Over(over) => format!("{} over", over.in_currency(currency)),
        }
    }

    /// The amount by which it is under or over.
    #[must_use]
    pub(crate) fn amount(self) -> Money {
        match self {
            Remainder::Left(amount) | Remainder::Over(amount) => amount,
        }
    }
}

/// A word of the cart's title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TitleWord {
    pub(crate) text: String,
    pub(crate) importance: TitleImportance,
}

/// The importance of a word in the cart's title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TitleImportance {
    /// The amount in the cart.
    Count,
    /// A rule, or that it is being ordered.
    Rule,
    /// The reason why one can't change the cart.
    Closed,
}

/// A word in full, and as short as it can be.
pub(crate) struct Wordings {
    full: String,
    short: String,
    importance: TitleImportance,
}

impl Wordings {
    fn word(&self, text: &str) -> TitleWord {
        TitleWord {
            text: text.to_owned(),
            importance: self.importance,
        }
    }

    /// The word in full.
    #[must_use]
    pub(crate) fn full(&self) -> TitleWord {
        self.word(&self.full)
    }

    fn short(&self) -> TitleWord {
        self.word(&self.short)
    }
}

/// The words of the cart's title, as many and as long as there is room for: how many lines it has,
/// until when it may be changed, and what is left for oneself.
#[must_use]
pub(crate) fn title_words(state: &State, room: usize) -> Vec<TitleWord> {
    let lines = state.cart.shown.lines.len();
    let count = (lines > 0).then(|| TitleWord {
        text: text::count(lines, "line"),
        importance: TitleImportance::Count,
    });
    let until = open_until(state);
    let left = left_in_title(state);

    let until = until.as_ref();
    let left = left.as_ref();
    let mut choices = vec![
        vec![count, until.map(Wordings::full), left.map(Wordings::full)],
        vec![until.map(Wordings::full), left.map(Wordings::full)],
        vec![until.map(Wordings::full), left.map(Wordings::short)],
        vec![until.map(Wordings::short), left.map(Wordings::short)],
        vec![until.or(left).map(Wordings::short)],
    ]
    .into_iter()
    .map(|words| words.into_iter().flatten().collect::<Vec<TitleWord>>());

    choices
        .find(|words| {
            let widths = words.iter().map(|word| text::width(&word.text));
            let gaps = 3 * words.len().saturating_sub(1);
            widths.sum::<usize>() + gaps <= room
        })
        .unwrap_or_default()
}

/// Until when the cart may be changed, or why it may not; `None` where nothing ends that.
#[must_use]
pub(crate) fn open_until(state: &State) -> Option<Wordings> {
    let rules = &state.cart.confirmed.rules;
    if let Some(ordering) = ordering(state) {
        return Some(Wordings {
            full: ordering,
            short: "being ordered".to_owned(),
            importance: TitleImportance::Rule,
        });
    }
    if rules.locked {
        let owner = rules.owner.as_ref();
        return Some(Wordings {
            full: owner.map_or("locked".to_owned(), |owner| format!("locked by {owner}")),
            short: "locked".to_owned(),
            importance: TitleImportance::Rule,
        });
    }

    let closes = rules.closes?;
    let full = closing_words(state, closes);
    Some(if state.is_closed() {
        Wordings {
            full,
            short: "closed".to_owned(),
            importance: TitleImportance::Closed,
        }
    } else {
        Wordings {
            full,
            short: state.clock().minute_or_day(closes, state.server_now()),
            importance: TitleImportance::Rule,
        }
    })
}

/// When the cart closes at this time, or that it has: `closes 18:05`, `closed Thu 26 Nov 18:05`.
pub(crate) fn closing_words(state: &State, at: u64) -> String {
    let time = state.clock().minute_on_its_day(at, state.server_now());
    match state.is_closed() {
        true => format!("closed {time}"),
        false => format!("closes {time}"),
    }
}

/// The amount left of one's own limit, or else of the budget of all; `None` where there is
/// neither.
fn left_in_title(state: &State) -> Option<Wordings> {
    let rules = &state.cart.confirmed.rules;
    let currency = &state.shop.currency;
    let (remainder, left_for, over) = match (rules.budget_each, rules.budget) {
        (Some(each), _) => (
            Remainder::of(each, state.own_sum()),
            "left for you",
            "over your limit",
        ),
        (None, Some(budget)) => (
            Remainder::of(budget, state.totals().subtotal),
            "of the budget left",
            "over the budget",
        ),
        (None, None) => return None,
    };

    Some(match remainder {
        Remainder::Left(left) if left == Money::ZERO => Wordings {
            full: format!("nothing {left_for}"),
            short: "nothing left".to_owned(),
            importance: TitleImportance::Rule,
        },
        Remainder::Left(left) => Wordings {
            full: format!("{} {left_for}", left.in_currency(currency)),
            short: remainder.told(currency),
            importance: TitleImportance::Rule,
        },
        Remainder::Over(amount) => Wordings {
            full: format!("{} {over}", amount.in_currency(currency)),
            short: remainder.told(currency),
            importance: TitleImportance::Closed,
        },
    })
}

/// The amount left of one's own limit, or else of the budget of all, in words; `None` where there
/// is neither.
#[must_use]
pub(crate) fn left_words(state: &State) -> Option<String> {
    left_in_title(state).map(|words| words.full)
}

/// The rules of the cart and who may change them, a sentence each.
#[must_use]
pub(crate) fn rule_sentences(state: &State) -> Vec<String> {
    let rules = rules(state).into_iter();
    let told = rules.map(|rule| format!("{}: {}", text::capitalized(rule.name), rule.value));
    told.chain(owner_sentence(state, usize::MAX)).collect()
}

/// The sentences above the cart's total: what is left for oneself, and of the budget.
#[must_use]
pub(crate) fn limit_sentences(state: &State) -> Vec<String> {
    let rules = &state.cart.confirmed.rules;
    let currency = &state.shop.currency;

    let each = rules.budget_each.map(|limit| {
        let of_limit = limit.in_currency(currency);
        match Remainder::of(limit, state.own_sum()) {
            Remainder::Left(left) => {
                format!("{} of {of_limit} left for you", left.in_currency(currency))
            }
            Remainder::Over(over) => {
                format!(
                    "{} over your limit of {of_limit}",
                    over.in_currency(currency)
                )
            }
        }
    });
    let budget = rules.budget.map(
        |budget| match Remainder::of(budget, state.totals().subtotal) {
            Remainder::Left(left) => format!("{} of the budget left", left.in_currency(currency)),
            Remainder::Over(over) => format!("{} over the budget", over.in_currency(currency)),
        },
    );
    each.into_iter().chain(budget).collect()
}

/// A line about the rules of the cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleLine {
    /// The key that sets the rule, where we may.
    pub(crate) key: String,
    pub(crate) text: String,
    /// The action of that key, and of a click on the line.
    pub(crate) action: Option<Action>,
    pub(crate) importance: RuleImportance,
}

/// The importance of a line about the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RuleImportance {
    Usual,
    /// The cart can't be changed.
    Closed,
}

/// A rule of the cart, by its name.
struct Rule {
    name: &'static str,
    value: String,
    importance: RuleImportance,
    /// The action that sets it.
    action: Action,
}

impl Rule {
    fn new(name: &'static str, value: Option<String>, action: Action) -> Rule {
        Rule {
            name,
            value: value.unwrap_or_else(|| NONE.to_owned()),
            importance: RuleImportance::Usual,
            action,
        }
    }
}

impl RuleLine {
    /// A line that no key belongs to.
    fn of(text: String, importance: RuleImportance) -> RuleLine {
        RuleLine {
            key: String::new(),
            text,
            action: None,
            importance,
        }
    }
}

/// The lines below the total: the rules, and who may change them. They depend on the height, not on
/// how many people there are, so that nothing jumps when somebody comes.
#[must_use]
pub(crate) fn rule_lines(state: &State, inner: Rect) -> Vec<RuleLine> {
    let columns = usize::from(inner.width);
    let mut lines = if inner.height >= WITH_RULES {
        let mut rules = rules(state);
        if inner.height < WITH_EXPECTED {
            // The title has their number.
            rules.retain(|rule| rule.action != Action::AskRule(TypedRule::Expect));
        }
        let names = rules.iter().map(|rule| text::width(rule.name));
        let widest = names.max().unwrap_or(0) + RULE_GAP;
        let lines = rules
            .iter()
            .flat_map(|rule| wrap_rule(state, rule, widest, columns));
        lines.collect()
    } else {
        brief_rules(state, columns)
    };

    if let Some(sentence) = owner_sentence(state, columns) {
        let wrapped = text::wrap(&sentence, columns, 2);
        let of_sentence = wrapped
            .into_iter()
            .map(|text| RuleLine::of(text, RuleImportance::Usual));
        lines.extend(of_sentence);
    }
    lines
}

/// The lines of one rule: its key, its name in a column of this width, its value.
fn wrap_rule(state: &State, rule: &Rule, name_width: usize, columns: usize) -> Vec<RuleLine> {
    let mut key = if state.may_change_rules() {
        state.env.keymap.key_of(rule.action)
    } else {
        String::new()
    };
    let indent = text::width(&key).max(1) + 1;
    let room = columns.saturating_sub(indent + name_width);
    let value = text::wrap(&rule.value, room, EXPECTED_LINES);

    let mut name = rule.name;
    value
        .into_iter()
        .map(|value| {
            let name = std::mem::take(&mut name);
            let gap = " ".repeat(indent - text::width(&key));
            RuleLine {
                text: format!("{gap}{name:name_width$}{value}"),
                key: std::mem::take(&mut key),
                action: state.may_change_rules().then_some(rule.action),
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
        words.push(closing_words(state, at));
        if state.is_closed() {
            importance = RuleImportance::Closed;
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
    let line = RuleLine::of(words.join(" · "), importance);
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
            ..Rule::new("closes", closes, Action::AskRule(TypedRule::Deadline))
        });
    }
    if rules.budget.is_some() || shows_unset {
        let budget = rules.budget.map(|budget| {
            let left = Remainder::of(budget, state.totals().subtotal);
            format!("{}, {}", budget.in_currency(currency), left.told(currency))
        });
        all.push(Rule::new(
            "budget",
            budget,
            Action::AskRule(TypedRule::Budget),
        ));
    }
    if rules.budget_each.is_some() || shows_unset {
        let each = rules.budget_each.map(|each| each.in_currency(currency));
        all.push(Rule::new("each", each, Action::AskRule(TypedRule::Each)));
    }
    if rules.locked || shows_unset {
        let (lock, importance) = match rules.locked {
            true => ("locked", RuleImportance::Closed),
            false => ("open", RuleImportance::Usual),
        };
        all.push(Rule {
            importance,
            ..Rule::new("lock", Some(lock.to_owned()), Action::Lock)
        });
    }
    if !rules.expected.is_empty() || shows_unset {
        let names = (!rules.expected.is_empty()).then(|| rules.expected.join(", "));
        let action = Action::AskRule(TypedRule::Expect);
        all.push(Rule::new("expects", names, action));
    }
    all
}

/// The deadline, and how far away it is.
pub(crate) fn deadline(state: &State, at: u64) -> String {
    let clock = state.clock();
    let now = state.server_now();
    if state.is_closed() {
        return format!("{}, closed", clock.day_and_minute(at, now));
    }
    time_and_countdown(state, at).unwrap_or_else(|| clock.day_and_minute(at, now))
}

/// A time to come, and how far away it is: `11:30, in 12 min`; `None` where it is not today.
pub(crate) fn time_and_countdown(state: &State, at: u64) -> Option<String> {
    let clock = state.clock();
    let now = state.server_now();
    let time = clock.minute(at);
    let left = countdown(at.saturating_sub(now));
    clock
        .is_same_day(at, now)
        .then(|| format!("{time}, in {left}"))
}

/// The sentence about who set the rules; `None` where the lines above say that they are one's own.
fn owner_sentence(state: &State, columns: usize) -> Option<String> {
    let (full, short) = match &state.cart.confirmed.rules.owner {
        None => (
            "No rules yet. Whoever sets the first one owns them.".to_owned(),
            "No rules yet. Set one to own them.".to_owned(),
        ),
        Some(owner) if *owner == state.env.me => return None,
        Some(owner) => {
            let only = format!("Only {owner} can change these.");
            (format!("Set by {owner}. {only}"), only)
        }
    };

    let has_room = text::width(&full) <= columns;
    Some(if has_room { full } else { short })
}
