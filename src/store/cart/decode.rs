//! Reading what Redis holds and says. All of it is untrusted: what can't be understood
//! becomes `None` or a marked value, never a panic.

use crate::model::cart::{Added, PendingOrder};
use crate::model::change::sanitize_actor;
use crate::model::order::Share;
use crate::model::product::{Decoded, FIELDS};
use crate::model::{
    Cart, CartLine, ChangeKind, Deadline, LineChange, Money, OpId, OrderId, OrderState, Product,
    ProductId, Quantity, Rules, Update,
};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::HashMap;

/// An update as it travels: `{"v":"17","op":"..","by":"..","kind":"edit","at":1,"until":2,"count":1,"lines":[["tea",3,1,"2.40"]]}`.
#[derive(Deserialize)]
struct Wire<'a> {
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
    lines: Vec<WireLine>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WireLine {
    New(String, u32, i64, String),
    ProductCheck(String, u32, i64),
    /// The last says whose the pieces were that somebody else took: `2 bob\n1 cy`.
    Taken(String, u32, i64, String, String),
}

/// Reads an update; `None` means that somebody else's client wrote it, and the cart must
/// be read again.
#[must_use]
pub fn update(message: &[u8]) -> Option<Update> {
    // A product id of other bytes than UTF-8 comes out as another id: then the number of
    // lines does not fit, and the cart is read again.
    let message = String::from_utf8_lossy(message);
    let wire: Wire = serde_json::from_str(&message).ok()?;
    let line = |line: WireLine| {
        let mut taken = Vec::new();
        let (product, quantity, delta, price) = match line {
            WireLine::New(product, quantity, delta, price) => {
                (product, quantity, delta, Money::parse(&price))
            }
            WireLine::ProductCheck(product, quantity, delta) => (product, quantity, delta, None),
            WireLine::Taken(product, quantity, delta, price, shares) => {
                let most = u32::try_from(delta.unsigned_abs()).unwrap_or(0);
                taken = shares_of(shares.as_bytes(), most);
                (product, quantity, delta, Money::parse(&price))
            }
        };
        LineChange {
            product: ProductId::stored(product.as_bytes()),
            quantity,
            delta,
            price,
            taken,
        }
    };
    Some(Update {
        version: wire.v.parse().ok()?,
        op: OpId::parse(&wire.op)?,
        by: sanitize_actor(wire.by.as_bytes()),
        kind: ChangeKind::named(&wire.kind)?,
        lines: wire.lines.into_iter().map(line).collect(),
        count: wire.count,
        deadline: Deadline {
            told_at: wire.at,
            at: (wire.until > 0).then_some(wire.until),
        },
    })
}

/// Reads the answer of `snapshot.lua`; `None` where it has another shape.
#[must_use]
pub fn snapshot(answer: &[Vec<u8>]) -> Option<Cart> {
    let [
        version,
        now,
        left,
        count,
        owner,
        locked,
        closes,
        budget,
        each,
        order,
        by,
        at,
        _,
        rest @ ..,
    ] = answer
    else {
        return None;
    };
    let number = |raw: &[u8]| std::str::from_utf8(raw).ok()?.parse::<i64>().ok();
    let now = u64::try_from(number(now)?).ok()?;
    let left = u64::try_from(number(left)?).ok();
    let lines: Vec<CartLine> = rest.chunks_exact(LINE).map(line).collect();
    let text = |raw: &[u8]| String::from_utf8_lossy(raw).into_owned();
    let rules = Rules {
        owner: Some(sanitize_actor(owner)).filter(|owner| !owner.is_empty()),
        locked: !locked.is_empty(),
        closes: number(closes).and_then(|at| u64::try_from(at).ok()),
        budget: Money::parse(&text(budget)),
        budget_each: Money::parse(&text(each)),
    };
    let ordering = OrderId::parse(&text(order)).map(|id| PendingOrder {
        id,
        by: sanitize_actor(by),
        at: number(at)
            .and_then(|at| u64::try_from(at).ok())
            .unwrap_or(0),
    });
    let mut cart = Cart {
        // A version that can't be read counts as none: every update is then a gap.
        version: number(version)
            .and_then(|v| u64::try_from(v).ok())
            .unwrap_or(0),
        hidden: usize::try_from(number(count)?)
            .ok()?
            .saturating_sub(lines.len()),
        deadline: Deadline {
            told_at: now,
            at: left.map(|ms| now.saturating_add(ms)),
        },
        lines,
        rules,
        ordering,
    };
    cart.sort();
    Some(cart)
}

/// Values of one line in the answer of `snapshot.lua`, and of those before the lines.
const LINE: usize = 5;
const HEAD: usize = 13;

/// Those of the op ids asked for that are applied, by the answer of `snapshot.lua`.
#[must_use]
pub fn applied(answer: &[Vec<u8>]) -> Vec<OpId> {
    let ids = answer.get(HEAD - 1).map_or(&[][..], Vec::as_slice);
    String::from_utf8_lossy(ids)
        .split(' ')
        .filter_map(OpId::parse)
        .collect()
}

/// Who asked for how many, by the answer of `snapshot.lua`.
#[must_use]
pub fn shares(answer: &[Vec<u8>]) -> HashMap<ProductId, Vec<Share>> {
    let lines = answer.get(HEAD..).unwrap_or_default().chunks_exact(LINE);
    let quantity = |five: &[Vec<u8>]| line(five).quantity.whole().unwrap_or(0);
    lines
        .map(|five| {
            (
                ProductId::stored(&five[0]),
                shares_of(&five[4], quantity(five)),
            )
        })
        .collect()
}

/// Reads `3 ann\n2 bob`, at most `quantity` pieces in all: another client may have taken some.
fn shares_of(raw: &[u8], quantity: u32) -> Vec<Share> {
    let mut left = quantity;
    let share = |line: &[u8]| {
        let place = line.iter().position(|byte| *byte == b' ')?;
        let pieces: u32 = std::str::from_utf8(&line[..place]).ok()?.parse().ok()?;
        let pieces = pieces.min(left);
        left -= pieces;
        (pieces > 0).then(|| Share {
            by: sanitize_actor(&line[place + 1..]),
            pieces,
        })
    };
    raw.split(|byte| *byte == b'\n').filter_map(share).collect()
}

/// Reads the news of an order: `{"order":"20261124-7KQ2-M8XD","state":"ready"}`.
#[must_use]
pub fn order_news(message: &[u8]) -> Option<(OrderId, OrderState)> {
    #[derive(Deserialize)]
    struct Wire {
        order: String,
        state: String,
    }
    let wire: Wire = serde_json::from_slice(message).ok()?;
    Some((
        OrderId::parse(&wire.order)?,
        OrderState::named(&wire.state)?,
    ))
}

fn line(five: &[Vec<u8>]) -> CartLine {
    let (score, added) = (&five[1], added(&five[2]));
    let touched = std::str::from_utf8(&five[3])
        .ok()
        .and_then(|at| at.parse().ok());
    CartLine {
        product: ProductId::stored(&five[0]),
        quantity: Quantity::from_score(&String::from_utf8_lossy(&score[..score.len().min(64)])),
        touched: touched.or_else(|| added.as_ref().map(|added| added.at)),
        added,
    }
}

/// Reads `version time price who`.
fn added(how: &[u8]) -> Option<Added> {
    let mut parts = how.splitn(4, |byte| *byte == b' ');
    let mut text = || std::str::from_utf8(parts.next()?).ok();
    let (version, at, price) = (text()?, text()?, text()?);
    Some(Added {
        version: version.parse().ok()?,
        at: at.parse().ok()?,
        price: Money::parse(price),
        by: sanitize_actor(parts.next()?),
    })
}

/// A terminal that watches the cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watcher {
    /// The id of its program.
    pub id: String,
    /// Who it is; clean text.
    pub name: String,
}

/// Reads a list of watchers: `{"watchers":["id name", ..]}`.
#[must_use]
pub fn watchers(message: &[u8]) -> Option<Vec<Watcher>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wire {
        watchers: Vec<String>,
    }
    let wire: Wire = serde_json::from_str(&String::from_utf8_lossy(message)).ok()?;
    let watcher = |text: String| {
        let (id, name) = text.split_once(' ').unwrap_or((&text, ""));
        Watcher {
            id: id.to_owned(),
            name: sanitize_actor(name.as_bytes()),
        }
    };
    Some(wire.watchers.into_iter().map(watcher).collect())
}

/// Reads the answer of an HMGET of [`FIELDS`]; `None` where the product is missing.
#[must_use]
pub fn product(id: ProductId, fields: &redis::Value) -> Option<Product> {
    Product::decode(id, raw(fields)?)
}

/// [`product`] that borrows what it can.
#[must_use]
pub fn decoded<'a>(id: &[u8], fields: &'a redis::Value) -> Option<Decoded<'a>> {
    Decoded::read(id, raw(fields)?)
}

fn raw(fields: &redis::Value) -> Option<[Option<&[u8]>; FIELDS.len()]> {
    let redis::Value::Array(values) = fields else {
        return None;
    };
    let mut raw = [None; FIELDS.len()];
    for (slot, value) in raw.iter_mut().zip(values) {
        *slot = match value {
            redis::Value::BulkString(bytes) => Some(bytes.as_slice()),
            _ => None,
        };
    }
    Some(raw)
}

/// What a message on the catalog's channel asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatalogNews {
    /// These products changed, appeared or went.
    Products(Vec<ProductId>),
    /// Anything may have changed.
    Everything,
}

/// Reads a message of the catalog's channel: a JSON list of product ids, or one plain id.
#[must_use]
pub fn catalog_news(message: &[u8]) -> CatalogNews {
    if let Ok(ids) = serde_json::from_slice::<Vec<String>>(message) {
        return CatalogNews::Products(
            ids.iter()
                .map(|id| ProductId::stored(id.as_bytes()))
                .collect(),
        );
    }
    let plain = !message.is_empty()
        && message.len() <= 256
        && !message
            .iter()
            .any(|b| b.is_ascii_whitespace() || b"{}[]\"*".contains(b));
    if plain {
        CatalogNews::Products(vec![ProductId::stored(message)])
    } else {
        CatalogNews::Everything
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
    }

    #[test]
    fn what_is_not_ours_is_none() {
        for text in ["", "anything", "{}", "[]", "null", r#"{"v":1}"#, "\u{7f}"] {
            assert_eq!(update(text.as_bytes()), None, "{text}");
        }
        assert_eq!(update(b"{\"v\":\"1\",\"op\":\"\xff\"}"), None);
    }

    #[test]
    fn news_of_the_catalog() {
        let id = |name: &str| ProductId::stored(name.as_bytes());
        assert_eq!(
            catalog_news(br#"["a","b"]"#),
            CatalogNews::Products(vec![id("a"), id("b")])
        );
        assert_eq!(catalog_news(b"tea"), CatalogNews::Products(vec![id("tea")]));
        for other in ["", "read it all", "{\"x\":1}", "*"] {
            assert_eq!(catalog_news(other.as_bytes()), CatalogNews::Everything);
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(raw in proptest::collection::vec(any::<u8>(), 0..400), answer in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..30), 0..20)) {
            let _ = update(&raw);
            let _ = watchers(&raw);
            let _ = catalog_news(&raw);
            let _ = snapshot(&answer);
            let _ = shares(&answer);
            let _ = order_news(&raw);
            let _ = shares_of(&raw, 7);
            let _ = added(&raw);
        }
    }
}
