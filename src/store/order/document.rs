//! The lines of an order as they are stored: JSON that other programs can read.

use crate::model::change::sanitize_actor;
use crate::model::order::{OrderLine, Share};
use crate::model::{Money, ProductId, quantity, text};
use serde::{Deserialize, Serialize};

/// `{"product":"tea","name":"Tea","unit":"cup","quantity":3,"price":"2.40","total":"7.20","by":[["ann",3]]}`
#[derive(Serialize, Deserialize)]
struct Wire {
    product: String,
    name: String,
    #[serde(default)]
    unit: String,
    quantity: u32,
    price: String,
    total: String,
    #[serde(default)]
    by: Vec<(String, u32)>,
}

/// The frozen lines, with the currency.
#[derive(Serialize, Deserialize)]
struct Document {
    currency: String,
    lines: Vec<Wire>,
}

fn wire(line: &OrderLine) -> Wire {
    Wire {
        product: String::from_utf8_lossy(line.product.as_bytes()).into_owned(),
        name: line.name.clone(),
        unit: line.unit.clone(),
        quantity: line.quantity,
        price: line.price.to_string(),
        total: line.total().to_string(),
        by: line
            .shares
            .iter()
            .map(|share| (share.by.clone(), share.pieces))
            .collect(),
    }
}

fn unwire(wire: Wire) -> Option<OrderLine> {
    let share = |(by, pieces): (String, u32)| Share {
        by: sanitize_actor(by.as_bytes()),
        pieces: pieces.min(wire.quantity),
    };
    Some(OrderLine {
        product: ProductId::stored(wire.product.as_bytes()),
        name: text::sanitize_to(wire.name.as_bytes(), 80),
        unit: text::sanitize_to(wire.unit.as_bytes(), 40),
        quantity: Some(wire.quantity).filter(|n| (1..=quantity::HIGHEST_LIMIT).contains(n))?,
        price: Money::parse(&wire.price)?,
        shares: wire.by.into_iter().map(share).collect(),
    })
}

/// The lines as a JSON list.
pub fn lines_to_json(lines: &[OrderLine]) -> String {
    // Text and numbers can always be written as JSON.
    serde_json::to_string(&lines.iter().map(wire).collect::<Vec<_>>()).unwrap_or_default()
}

/// Reads a JSON list of lines; `None` where it is no such.
pub fn lines_from_json(json: &[u8]) -> Option<Vec<OrderLine>> {
    let wires: Vec<Wire> = serde_json::from_slice(json).ok()?;
    wires.into_iter().map(unwire).collect()
}

/// What is frozen with a cart.
pub fn to_json(lines: &[OrderLine], currency: &str) -> String {
    let document = Document {
        currency: currency.to_owned(),
        lines: lines.iter().map(wire).collect(),
    };
    serde_json::to_string(&document).unwrap_or_default()
}

/// Reads what is frozen with a cart: the lines and the currency.
pub fn from_json(json: &[u8]) -> Option<(Vec<OrderLine>, String)> {
    let document: Document = serde_json::from_slice(json).ok()?;
    let lines: Option<Vec<OrderLine>> = document.lines.into_iter().map(unwire).collect();
    Some((lines?, text::sanitize_to(document.currency.as_bytes(), 4)))
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
        };
        let lines = vec![line];
        assert_eq!(
            lines_from_json(lines_to_json(&lines).as_bytes()),
            Some(lines.clone())
        );
        assert_eq!(
            from_json(to_json(&lines, "€").as_bytes()),
            Some((lines, "€".to_owned()))
        );
    }

    proptest! {
        #[test]
        fn nothing_panics(raw in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = lines_from_json(&raw);
            let _ = from_json(&raw);
        }
    }
}
