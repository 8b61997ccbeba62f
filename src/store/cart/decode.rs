//! Decodes the cart's messages and the answers of its scripts. All of it is untrusted: what
//! can't be understood becomes `None` or a marked value, never a panic.

use super::beat::{Beat, Watcher};
use crate::model::cart::{Added, PendingOrder};
use crate::model::name::{sanitize_actor, sanitize_actors};
use crate::model::notes::stored_note;
use crate::model::rules::MOST_EXPECTED;
use crate::model::shares::Share;
use crate::model::{
    Cart, CartLine, ChangeKind, Deadline, LineChange, Money, NoteChange, Notes, OpId, OrderId,
    ProductId, Quantity, RuleChange, Rules, Update,
};
use crate::store::scripts::{HIGHEST_VERSION, MOST_NOTES, MOST_READY};
use redis::{PushInfo, PushKind, Value};
use serde::Deserialize;
use std::borrow::Cow;

/// The number of values before the lines in the answer of `snapshot.lua`.
const SNAPSHOT_HEAD: usize = 16;
/// The place of the op ids among them.
const SNAPSHOT_APPLIED: usize = 14;
/// The number of values of one line in the answer of `snapshot.lua`.
const SNAPSHOT_LINE: usize = 6;
/// The bytes of a quantity that are looked at; Redis writes no number as long as this.
const LONGEST_SCORE: usize = 64;

/// The digits of the highest version.
const LONGEST_VERSION: usize = 16;

/// The latest moment that an update may name, in Unix milliseconds; far beyond any that is.
const LATEST_MOMENT: u64 = 9_000_000_000_000_000;

/// An update as it travels: `{"v":"17","op":"..","by":"..","kind":"edit","at":1,"until":2,"count":1,"lines":[["tea",3,1,"2.40"]]}`.
#[derive(Deserialize)]
struct UpdateMessage<'a> {
    // A string, since it outgrows what JSON numbers keep exactly.
    #[serde(borrow)]
    v: Cow<'a, str>,
    #[serde(borrow)]
    op: Cow<'a, str>,
    #[serde(borrow)]
    by: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    at: u64,
    until: u64,
    count: usize,
    lines: Vec<UpdateLine>,
    /// The notes that changed: product, or `""` for the whole order, whose, text now, text before.
    #[serde(default)]
    notes: Vec<(String, String, String, String)>,
    /// The fields of the rules that were set, with their values; empty ones are removed.
    #[serde(default)]
    rules: Vec<(String, String)>,
}

impl UpdateMessage<'_> {
    /// Returns whether all numbers can be: anybody who may publish can write any.
    fn has_possible_numbers(&self) -> bool {
        let deltas_are_possible = self.lines.iter().all(|line| {
            let (UpdateLine::New(_, _, delta, _)
            | UpdateLine::Known(_, _, delta)
            | UpdateLine::Taken(_, _, delta, ..)) = line;
            delta.unsigned_abs() <= u64::from(u32::MAX)
        });
        deltas_are_possible && self.at <= LATEST_MOMENT && self.until <= LATEST_MOMENT
    }
}

/// One line of an update: product, quantity now, pieces more (or less) than before.
#[derive(Deserialize)]
#[serde(untagged)]
enum UpdateLine {
    /// A new line, with its price.
    New(String, u32, i64, String),
    /// A line that was there before.
    Known(String, u32, i64),
    /// A line of which other people's pieces were taken: after the price come the shares that
    /// they lost, as `2 bob\n1 cy`.
    Taken(String, u32, i64, String, String),
}

impl From<UpdateLine> for LineChange {
    fn from(line: UpdateLine) -> LineChange {
        let (product, quantity, delta, price, taken) = match line {
            UpdateLine::New(product, quantity, delta, price) => {
                (product, quantity, delta, Money::parse(&price), Vec::new())
            }
            UpdateLine::Known(product, quantity, delta) => {
                (product, quantity, delta, None, Vec::new())
            }
            UpdateLine::Taken(product, quantity, delta, price, shares) => {
                let most = u32::try_from(delta.unsigned_abs()).unwrap_or(0);
                let taken = shares_of(shares.as_bytes(), most);
                (product, quantity, delta, Money::parse(&price), taken)
            }
        };

        LineChange {
            product: ProductId::stored(product.as_bytes()),
            quantity,
            delta,
            price,
            taken,
        }
    }
}

/// Reads the number of the database that a message is about. Whoever gives none means database 0.
#[must_use]
pub fn database(message: &[u8]) -> i64 {
    #[derive(Deserialize)]
    struct Origin {
        db: i64,
    }

    let origin: Option<Origin> = serde_json::from_slice(message).ok();
    origin.map_or(0, |origin| origin.db)
}

/// The channel of a server's message, and what it says. `None` where that is about another database
/// than this one: channels are the same for all databases of a server.
#[must_use]
pub(crate) fn message(push: &PushInfo, own_database: i64) -> Option<(&[u8], &[u8])> {
    let [Value::BulkString(channel), Value::BulkString(message)] = &push.data[..] else {
        return None;
    };
    let is_ours = push.kind == PushKind::Message && database(message) == own_database;
    is_ours.then_some((channel, message))
}

/// More fields than the rules of a cart have. Whoever writes more wants something else.
const MOST_RULES: usize = 8;

/// The most notes that an update tells of, as in `notes.lua`.
const MOST_NOTES_CHANGED: usize = 2 * MOST_NOTES;

/// Reads an update; `None` means that another kind of client wrote it, and that the cart must
/// be read again.
#[must_use]
pub fn update(message: &[u8]) -> Option<Update> {
    // A product id that is not UTF-8 comes out as another id: then the number of lines does
    // not fit, and the cart is read again.
    let message = String::from_utf8_lossy(message);
    let message: UpdateMessage = serde_json::from_str(&message).ok()?;
    if !message.has_possible_numbers() || message.notes.len() > MOST_NOTES_CHANGED {
        return None;
    }

    Some(Update {
        version: version(message.v.as_bytes())?,
        op: OpId::parse(&message.op)?,
        by: sanitize_actor(message.by.as_bytes()),
        kind: ChangeKind::named(&message.kind)?,
        lines: message.lines.into_iter().map(LineChange::from).collect(),
        notes: message.notes.into_iter().map(note_change).collect(),
        rules: message
            .rules
            .iter()
            .take(MOST_RULES)
            .filter_map(rule_change)
            .collect(),
        count: message.count,
        deadline: Deadline {
            told_at: message.at,
            at: (message.until > 0).then_some(message.until),
        },
    })
}

fn note_change((product, by, text, before): (String, String, String, String)) -> NoteChange {
    NoteChange {
        product: (!product.is_empty()).then(|| ProductId::stored(product.as_bytes())),
        by: sanitize_actor(by.as_bytes()),
        text: stored_note(text.as_bytes()),
        before: stored_note(before.as_bytes()),
    }
}

/// Reads a rule that was set; `None` for one that is not known, or a value that can't be.
fn rule_change((field, value): &(String, String)) -> Option<RuleChange> {
    match (field.as_str(), value.as_str()) {
        ("locked", value) => Some(RuleChange::Locked(!value.is_empty())),
        ("closes", "") => Some(RuleChange::Closes(None)),
        ("closes", at) => Some(RuleChange::Closes(Some(unsigned(at.as_bytes())?))),
        ("budget", "") => Some(RuleChange::Budget(None)),
        ("budget", amount) => Some(RuleChange::Budget(Some(Money::parse(amount)?))),
        ("budget_each", "") => Some(RuleChange::BudgetEach(None)),
        ("budget_each", amount) => Some(RuleChange::BudgetEach(Some(Money::parse(amount)?))),
        ("expected", names) => Some(RuleChange::Expected(expected(names.as_bytes()))),
        ("owner", name) => Some(RuleChange::Owner(sanitize_actor(name.as_bytes()))),
        _ => None,
    }
}

/// Reads the cart from the answer of `snapshot.lua`; `None` where the answer has another shape.
#[must_use]
pub fn snapshot(answer: &[Vec<u8>]) -> Option<Cart> {
    let (head, lines) = answer.split_first_chunk::<SNAPSHOT_HEAD>()?;
    let [
        version,
        now,
        left,
        count,
        rules @ ..,
        ready,
        order,
        by,
        at,
        _applied,
        of_order,
    ] = head;

    let deadline = deadline(now, left)?;
    let notes = cart_notes(of_order, lines);
    let lines: Vec<CartLine> = lines.chunks_exact(SNAPSHOT_LINE).map(line).collect();

    let mut cart = Cart {
        version: cart_version(version),
        hidden: usize::try_from(unsigned(count)?)
            .ok()?
            .saturating_sub(lines.len()),
        deadline,
        lines,
        rules: cart_rules(rules),
        ordering: pending_order(order, by, at, deadline.told_at),
        ready: names(ready, MOST_READY),
        notes,
    };
    cart.sort();
    Some(cart)
}

/// Reads the notes in it, as many of those on lines as there may be: anybody may have written more.
fn cart_notes(of_order: &[u8], lines: &[Vec<u8>]) -> Notes {
    let mut notes = Notes::default();
    if let Some((_, text)) = note(of_order) {
        notes.set(None, "", &text);
    }

    let of_lines = lines.chunks_exact(SNAPSHOT_LINE).flat_map(|line| {
        let told = line[5].split(|byte| *byte == b'\n').filter_map(note);
        told.map(|note| (&line[0], note))
    });
    for (product, (by, text)) in of_lines.take(MOST_NOTES) {
        notes.set(Some(&ProductId::stored(product)), &by, &text);
    }
    notes
}

/// Reads the answer of `heartbeat.lua`; `None` where it has another shape.
#[must_use]
pub(crate) fn beat(answer: &[Vec<u8>]) -> Option<Beat> {
    let [
        version,
        now,
        left,
        count,
        digest,
        watching,
        rules @ ..,
        ready,
        order,
    ] = answer
    else {
        return None;
    };
    let digest = String::from_utf8_lossy(digest).into_owned();

    Some(Beat {
        version: cart_version(version),
        deadline: deadline(now, left)?,
        lines: unsigned(count).and_then(|count| usize::try_from(count).ok()),
        digest: Some(digest).filter(|digest| !digest.is_empty()),
        rules: cart_rules(rules.try_into().ok()?),
        ready: names(ready, MOST_READY),
        order: OrderId::parse(&String::from_utf8_lossy(order)),
        watchers: watchers(watching).unwrap_or_default(),
    })
}

/// Reads a cart's version. One that can't be read, or raised, counts as none: every update is then
/// a gap.
pub(crate) fn cart_version(raw: &[u8]) -> u64 {
    version(raw)
        .filter(|version| *version < HIGHEST_VERSION)
        .unwrap_or(0)
}

/// Reads when a cart expires from the server's clock and the milliseconds left.
fn deadline(now: &[u8], left: &[u8]) -> Option<Deadline> {
    let now = unsigned(now)?;
    // A negative number says that the cart never expires, or that there is none.
    let left = u64::try_from(integer(left)?).ok();
    Some(Deadline {
        told_at: now,
        at: left.map(|ms| now.saturating_add(ms)),
    })
}

fn cart_rules(
    [owner, locked, closes, budget, budget_each, expected_names]: &[Vec<u8>; 6],
) -> Rules {
    Rules {
        owner: Some(sanitize_actor(owner)).filter(|owner| !owner.is_empty()),
        locked: !locked.is_empty(),
        closes: unsigned(closes),
        budget: Money::parse(&String::from_utf8_lossy(budget)),
        budget_each: Money::parse(&String::from_utf8_lossy(budget_each)),
        expected: expected(expected_names),
    }
}

/// Reads who is expected.
fn expected(raw: &[u8]) -> Vec<String> {
    names(raw, MOST_EXPECTED)
}

/// Reads names, each on a line of its own.
pub(crate) fn names(raw: &[u8], most: usize) -> Vec<String> {
    sanitize_actors(raw.split(|byte| *byte == b'\n'), most)
}

/// Reads the order that the cart is becoming. One that was begun in the future, by a clock that
/// was wrong, counts as begun now: it is finished by others like any.
fn pending_order(id: &[u8], by: &[u8], at: &[u8], now: u64) -> Option<PendingOrder> {
    Some(PendingOrder {
        id: OrderId::parse(&String::from_utf8_lossy(id))?,
        by: sanitize_actor(by),
        at: unsigned(at).unwrap_or(0).min(now),
    })
}

fn line(values: &[Vec<u8>]) -> CartLine {
    let score = &values[1][..values[1].len().min(LONGEST_SCORE)];
    let quantity = Quantity::from_score(&String::from_utf8_lossy(score));
    let shares = shares_of(&values[4], quantity.whole().unwrap_or(0));
    let added = added(&values[2]);
    let touched = std::str::from_utf8(&values[3])
        .ok()
        .and_then(|at| at.parse().ok());
    CartLine {
        product: ProductId::stored(&values[0]),
        quantity,
        shares,
        touched: touched.or_else(|| added.as_ref().map(|added| added.at)),
        added,
    }
}

/// Reads a note: `bob\tno sugar`.
fn note(raw: &[u8]) -> Option<(String, String)> {
    let tab = raw.iter().position(|byte| *byte == b'\t')?;
    Some((sanitize_actor(&raw[..tab]), stored_note(&raw[tab + 1..])))
}

/// Reads how a line came: `version time price who`.
fn added(raw: &[u8]) -> Option<Added> {
    let mut parts = raw.splitn(4, |byte| *byte == b' ');
    let version = parts.next()?;
    let at = parts.next()?;
    let price = std::str::from_utf8(parts.next()?).ok()?;
    Some(Added {
        version: std::str::from_utf8(version).ok()?.parse().ok()?,
        at: std::str::from_utf8(at).ok()?.parse().ok()?,
        price: Money::parse(price),
        by: sanitize_actor(parts.next()?),
    })
}

/// Reads from the answer of `snapshot.lua` which of the op ids asked for are applied.
#[must_use]
pub(crate) fn applied(answer: &[Vec<u8>]) -> Vec<OpId> {
    let ids = answer.get(SNAPSHOT_APPLIED).map_or(&[][..], Vec::as_slice);
    String::from_utf8_lossy(ids)
        .split(' ')
        .filter_map(OpId::parse)
        .collect()
}

/// Reads `3 ann\n2 bob`, at most `quantity` pieces in all: another client may have taken some.
fn shares_of(raw: &[u8], quantity: u32) -> Vec<Share> {
    let mut left = quantity;
    let mut shares = Vec::new();
    for line in raw.split(|byte| *byte == b'\n') {
        let Some((pieces, by)) = share(line) else {
            continue;
        };
        let pieces = pieces.min(left);
        left -= pieces;
        if pieces > 0 {
            shares.push(Share { by, pieces });
        }
    }
    shares
}

/// Reads `3 ann`.
fn share(line: &[u8]) -> Option<(u32, String)> {
    let space = line.iter().position(|byte| *byte == b' ')?;
    let pieces = std::str::from_utf8(&line[..space]).ok()?.parse().ok()?;
    Some((pieces, sanitize_actor(&line[space + 1..])))
}

fn integer(raw: &[u8]) -> Option<i64> {
    std::str::from_utf8(raw).ok()?.parse().ok()
}

/// Reads the version of a cart as the scripts do; `None` for what can be none.
#[must_use]
fn version(raw: &[u8]) -> Option<u64> {
    let is_digits = raw.len() <= LONGEST_VERSION && raw.iter().all(u8::is_ascii_digit);
    unsigned(raw).filter(|version| is_digits && *version <= HIGHEST_VERSION)
}

/// Reads a number that Redis and Lua count in 64 bits with a sign.
fn unsigned(raw: &[u8]) -> Option<u64> {
    u64::try_from(integer(raw)?).ok()
}

/// Reads a list of watchers: `{"watchers":["id name", ..]}`.
#[must_use]
pub fn watchers(message: &[u8]) -> Option<Vec<Watcher>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct WatchersMessage {
        watchers: Vec<String>,
        // Whoever reads this has looked at it already.
        #[serde(default, rename = "db")]
        _db: i64,
    }

    let message = String::from_utf8_lossy(message);
    let message: WatchersMessage = serde_json::from_str(&message).ok()?;
    Some(message.watchers.iter().map(|raw| watcher(raw)).collect())
}

fn watcher(raw: &str) -> Watcher {
    let (id, name) = raw.split_once(' ').unwrap_or((raw, ""));
    Watcher {
        id: id.to_owned(),
        name: sanitize_actor(name.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_update() {
        let text = br#"{"v":"1790000000000001","op":"a-1","by":"al\u001b[31mice","kind":"edit","at":5,"until":9,"count":2,"lines":[["tea",3,-1],["caf\u00e9",1,1,"2.40"]]}"#;
        let update = update(text).unwrap();
        assert_eq!((update.version, update.count), (1_790_000_000_000_001, 2));
        assert_eq!(update.by, "al\u{FFFD}[31mice");
        assert_eq!(
            update.deadline,
            Deadline {
                told_at: 5,
                at: Some(9)
            }
        );
        assert_eq!(update.lines[0].delta, -1);
        assert_eq!(update.lines[1].price, Money::parse("2.40"));
        assert_eq!(update.rules, []);
    }

    #[test]
    fn rules_that_were_set() {
        let text = br#"{"v":"2","op":"a","by":"ann","kind":"rules","at":5,"until":0,"count":0,"lines":[],"rules":[["locked",""],["closes","7"],["budget","x"],["owner","b\u001bn"],["expected","ann\nbob\n\nann"],["new","1"]]}"#;
        let rules = update(text).unwrap().rules;
        let owner = RuleChange::Owner("b\u{FFFD}n".to_owned());
        assert_eq!(
            rules,
            [
                RuleChange::Locked(false),
                RuleChange::Closes(Some(7)),
                owner,
                RuleChange::Expected(vec!["ann".to_owned(), "bob".to_owned()]),
            ]
        );
    }

    #[test]
    fn notes_that_changed() {
        let text = br#"{"v":"2","op":"a","by":"ann","kind":"edit","at":5,"until":0,"count":1,"lines":[],"notes":[["tea","b\u001bn","no\tsugar",""],["","","","back door"]]}"#;
        let notes = update(text).unwrap().notes;
        let change = |product: Option<&str>, by: &str, text: &str, before: &str| NoteChange {
            product: product.map(|product| ProductId::stored(product.as_bytes())),
            by: by.to_owned(),
            text: text.to_owned(),
            before: before.to_owned(),
        };
        assert_eq!(
            notes,
            [
                change(Some("tea"), "b\u{FFFD}n", "no sugar", ""),
                change(None, "", "", "back door")
            ]
        );
    }

    #[test]
    fn what_is_not_ours_is_none() {
        for text in ["", "anything", "{}", "[]", "null", r#"{"v":1}"#, "\u{7f}"] {
            assert_eq!(update(text.as_bytes()), None, "{text}");
        }
        assert_eq!(update(b"{\"v\":\"1\",\"op\":\"\xff\"}"), None);
    }

    #[test]
    fn a_message_names_its_database() {
        let messages = [r#"{"db":3,"v":"1"}"#, r#"{"v":"1"}"#, "anything", "3", "[]"];
        let databases = messages.map(|message| database(message.as_bytes()));
        assert_eq!(databases, [3, 0, 0, 0, 0]);
        assert_eq!(
            watchers(br#"{"db":1,"watchers":["a ann"]}"#).unwrap().len(),
            1
        );
        assert_eq!(watchers(br#"{"watchers":[],"x":1}"#), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(raw in proptest::collection::vec(any::<u8>(), 0..400), answer in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..30), 0..20)) {
            let _ = update(&raw);
            let _ = watchers(&raw);
            let _ = database(&raw);
            let _ = snapshot(&answer);
            let _ = beat(&answer);
            let _ = shares_of(&raw, 7);
            let _ = added(&raw);
        }
    }
}
