//! The JSON of orders, which other programs can read: the lines as they are stored, and the
//! message that tells of a new state.

use crate::model::name::sanitize_actor;
use crate::model::notes::stored_note;
use crate::model::order::{OrderLine, stored_name, stored_unit};
use crate::model::shares::Share;
use crate::model::{Money, Note, OrderId, OrderState, ProductId, quantity};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A line of an order: `{"product":"tea","name":"Tea","unit":"cup","quantity":3,"price":"2.40","total":"7.20","by":[["ann",3]],"notes":[["ann","no sugar"]]}`
#[derive(Serialize, Deserialize)]
struct StoredLine<'a> {
    #[serde(borrow)]
    product: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    unit: Cow<'a, str>,
    quantity: u32,
    #[serde(borrow)]
    price: Cow<'a, str>,
    #[serde(borrow)]
    total: Cow<'a, str>,
    #[serde(default)]
    by: Vec<(String, u32)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    notes: Vec<(String, String)>,
}

impl<'a> From<&'a OrderLine> for StoredLine<'a> {
    fn from(line: &OrderLine) -> StoredLine<'_> {
        StoredLine {
            product: String::from_utf8_lossy(line.product.as_bytes()),
            name: Cow::from(&line.name),
            unit: Cow::from(&line.unit),
            quantity: line.quantity,
            price: line.price.to_string().into(),
            total: line.total().to_string().into(),
            by: line
                .shares
                .iter()
                .map(|share| (share.by.clone(), share.pieces))
                .collect(),
            notes: line
                .notes
                .iter()
                .map(|note| (note.by.clone(), note.text.clone()))
                .collect(),
        }
    }
}

impl StoredLine<'_> {
    /// Checks and cleans what was stored; `None` where it is no line.
    fn into_line(self) -> Option<OrderLine> {
        let quantity = self.quantity;
        if !(1..=quantity::HIGHEST_LIMIT).contains(&quantity) {
            return None;
        }

        Some(OrderLine {
            product: ProductId::stored(self.product.as_bytes()),
            name: stored_name(self.name.as_bytes()),
            unit: stored_unit(self.unit.as_bytes()),
            quantity,
            price: Money::parse(&self.price)?,
            shares: self
                .by
                .into_iter()
                .map(|(by, pieces)| Share {
                    by: sanitize_actor(by.as_bytes()),
                    pieces: pieces.min(quantity),
                })
                .collect(),
            notes: self
                .notes
                .into_iter()
                .map(|(by, text)| Note {
                    by: sanitize_actor(by.as_bytes()),
                    text: stored_note(text.as_bytes()),
                })
                .collect(),
        })
    }
}

fn into_lines(stored: Vec<StoredLine>) -> Option<Vec<OrderLine>> {
    stored.into_iter().map(StoredLine::into_line).collect()
}

/// Writes lines as a JSON list.
pub(crate) fn lines_to_json(lines: &[OrderLine]) -> String {
    let stored: Vec<StoredLine> = lines.iter().map(StoredLine::from).collect();
    // Text and numbers can always be written as JSON.
    serde_json::to_string(&stored).unwrap_or_default()
}

/// Reads a JSON list of lines; `None` where it is no such list.
pub(crate) fn lines_from_json(json: &[u8]) -> Option<Vec<OrderLine>> {
    into_lines(serde_json::from_slice(json).ok()?)
}

/// News of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OrderNews {
    /// It has a new state.
    State(OrderId, OrderState),
    /// Other people than before are marked as settled.
    Settled(OrderId),
}

/// Reads a message with news of an order: `{"order":"20261124-7KQ2-M8XD","state":"ready"}`, or
/// `"settled":true` in place of the state.
#[must_use]
pub(crate) fn order_news(message: &[u8]) -> Option<OrderNews> {
    #[derive(Deserialize)]
    struct NewsMessage {
        order: String,
        state: Option<String>,
        #[serde(default)]
        settled: bool,
    }

    let message: NewsMessage = serde_json::from_slice(message).ok()?;
    let id = OrderId::parse(&message.order)?;
    match message.state {
        Some(state) => Some(OrderNews::State(id, OrderState::named(&state)?)),
        None => message.settled.then_some(OrderNews::Settled(id)),
    }
}

/// News of a change of any order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VersionedNews {
    pub(crate) order: OrderId,
    /// The number of changes that all orders have had; `None` where they could not be counted.
    pub(crate) version: Option<u64>,
}

/// Reads a message for boards: `{"order":"20261124-7KQ2-M8XD","state":"ready","version":42}`. `None`
/// means that another kind of client wrote it.
#[must_use]
pub(crate) fn versioned_news(message: &[u8]) -> Option<VersionedNews> {
    #[derive(Deserialize)]
    struct NewsMessage {
        order: String,
        version: Option<u64>,
    }

    let message: NewsMessage = serde_json::from_slice(message).ok()?;
    Some(VersionedNews {
        order: OrderId::parse(&message.order)?,
        version: message.version,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_come_back_as_they_were() {
        let line = OrderLine {
            product: ProductId::stored("café".as_bytes()),
            name: "Café “noir”".to_owned(),
            unit: "cup".to_owned(),
            quantity: 3,
            price: Money::parse("999999999999.999999").unwrap(),
            shares: vec![Share {
                by: "ann".to_owned(),
                pieces: 2,
            }],
            notes: vec![Note {
                by: "bob".to_owned(),
                text: "no “sugar”".to_owned(),
            }],
        };
        let lines = vec![line];
        assert_eq!(
            lines_from_json(lines_to_json(&lines).as_bytes()),
            Some(lines)
        );
    }

    #[test]
    fn news_tell_a_state_or_that_somebody_has_settled() {
        let id = OrderId::parse("20261124-7KQ2-M8XD").unwrap();
        let news = |rest: &str| {
            let message = format!(r#"{{"order":"20261124-7KQ2-M8XD"{rest}}}"#);
            order_news(message.as_bytes())
        };
        let ready = OrderNews::State(id.clone(), OrderState::Ready);
        assert_eq!(news(r#","state":"ready""#), Some(ready));
        assert_eq!(news(r#","settled":true"#), Some(OrderNews::Settled(id)));
        for other in [
            "",
            r#","state":"eaten""#,
            r#","settled":false"#,
            r#","settled":"bob""#,
        ] {
            assert_eq!(news(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(raw in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = lines_from_json(&raw);
            let _ = order_news(&raw);
            let _ = versioned_news(&raw);
        }
    }
}
