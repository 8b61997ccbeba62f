//! The lines that somebody asks to add: words of a command, or JSON lines of the standard input.

use crate::cli::error::{CliError, usage_error};
use crate::model::{Refusal, barcode, quantity};
use crate::store::MOST_LINES;
use serde::Deserialize;
use serde_json::Value;
use std::io::Read;

/// The most bytes that are read: a cart's most lines with long names, and what else they hold.
const MOST_BYTES: usize = 256 << 10;

/// The form of a line, for the sentence about one that can't be read.
const FORM: &str = r#"{"product":"espresso","quantity":3}"#;

/// A product that is asked for, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WantedLine {
    /// Its place among the words or in the input, from 1.
    pub(super) number: usize,
    /// The product's id, bar code or name.
    pub(super) product: String,
    /// The number of pieces, where one was given.
    pub(super) quantity: Option<String>,
}

impl WantedLine {
    /// The number of pieces; one where nothing was said.
    pub(super) fn pieces(&self, limit: u32) -> Result<u32, Refusal> {
        let typed = self.quantity.as_deref();
        typed.map_or(Ok(1), |typed| quantity::parse(typed, limit))
    }
}

/// Reads words: products, each with its number of pieces behind it, or without one.
///
/// A word that reads as a number is a quantity where it follows a product, and a product anywhere
/// else. So an id that is a number stands first, or behind a quantity.
pub(super) fn from_words(words: &[String]) -> Vec<WantedLine> {
    let mut lines: Vec<WantedLine> = Vec::new();
    let mut words = words.iter().peekable();
    while let Some(product) = words.next() {
        lines.push(WantedLine {
            number: lines.len() + 1,
            product: product.clone(),
            quantity: words.next_if(|word| is_number(word)).cloned(),
        });
    }
    lines
}

/// Tells whether a word reads as a number, be it one that no quantity can be. A bar code is none.
fn is_number(word: &str) -> bool {
    !barcode::is_code(word)
        && !matches!(quantity::parse(word, u32::MAX), Err(Refusal::NotANumber(_)))
}

/// Reads JSON lines: `{"product":"espresso","quantity":3}`. What else stands in a line is left
/// alone, so that the lines of a cart's document will do.
pub(super) fn from_input(input: impl Read) -> Result<Vec<WantedLine>, CliError> {
    #[derive(Deserialize)]
    struct InputLine {
        product: String,
        #[serde(default)]
        quantity: Value,
    }

    let mut bytes = Vec::new();
    input.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MOST_BYTES {
        return Err(usage_error(
            "input",
            format!("it has more than {} kB", MOST_BYTES >> 10),
        ));
    }

    let mut lines = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let number = index + 1;
        if line.trim_ascii().is_empty() {
            continue;
        }

        let read = serde_json::from_slice(line).ok();
        let wanted = read.and_then(|InputLine { product, quantity }| {
            let quantity = match quantity {
                Value::Null => None,
                Value::Number(number) => Some(number.to_string()),
                Value::String(typed) => Some(typed),
                Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
            };
            Some(WantedLine {
                number,
                product,
                quantity,
            })
        });
        lines.push(wanted.ok_or_else(|| {
            let why = format!("line {number} is not valid: write it like {FORM}");
            usage_error("input", why)
        })?);
    }

    match u32::try_from(lines.len()) {
        Ok(0) => Err(usage_error(
            "input",
            format!("it has no lines: write each like {FORM}"),
        )),
        Ok(1..=MOST_LINES) => Ok(lines),
        Ok(_) | Err(_) => Err(usage_error(
            "input",
            format!("a cart has at most {MOST_LINES} lines"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(lines: &[WantedLine]) -> Vec<(usize, &str, Option<&str>)> {
        lines
            .iter()
            .map(|line| (line.number, line.product.as_str(), line.quantity.as_deref()))
            .collect()
    }

    fn words(line: &str) -> Vec<WantedLine> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        from_words(&words)
    }

    #[test]
    fn a_number_behind_a_product_is_its_quantity() {
        assert_eq!(
            told(&words(
                "espresso 3 sourdough lemon -1 0 1.5 7up 99999999999"
            )),
            [
                (1, "espresso", Some("3")),
                (2, "sourdough", None),
                (3, "lemon", Some("-1")),
                // Behind a quantity stands a product, whatever it looks like.
                (4, "0", Some("1.5")),
                (5, "7up", None),
                // So many digits are a bar code.
                (6, "99999999999", None),
            ]
        );
        assert_eq!(
            told(&words("42 42 42")),
            [(1, "42", Some("42")), (2, "42", None)]
        );
    }

    #[test]
    fn lines_are_read_or_named() {
        let input =
            "\n{\"product\":\"tea\",\"quantity\":3,\"by\":\"ann\"}\r\n  \n{\"product\":\"bun\"}";
        let lines = from_input(input.as_bytes()).unwrap();
        assert_eq!(told(&lines), [(2, "tea", Some("3")), (4, "bun", None)]);

        for (input, why) in [
            ("", "it has no lines"),
            ("\n\n", "it has no lines"),
            ("{\"product\":\"tea\"}\ntea", "line 2 is not valid"),
            ("[]", "line 1 is not valid"),
            ("{\"product\":3}", "line 1 is not valid"),
            (
                "{\"product\":\"tea\",\"quantity\":[]}",
                "line 1 is not valid",
            ),
            (
                &"{\"product\":\"tea\"}\n".repeat(1001),
                "at most 1000 lines",
            ),
            (&" ".repeat(2 << 20), "more than 256 kB"),
        ] {
            let error = from_input(input.as_bytes()).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
            assert_eq!(error.exit_code(), 2);
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = from_input(&bytes[..]);
        }
    }
}
