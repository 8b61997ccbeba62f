//! The answer to a heartbeat, to be compared with the cart that a terminal shows.

use crate::model::{Cart, Deadline, OrderId, Rules};

/// The answer to a heartbeat: what a terminal compares with what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Beat {
    /// The cart's version.
    pub version: u64,
    /// When the cart expires.
    pub deadline: Deadline,
    /// The number of its lines; `None` where the key is no cart.
    pub lines: Option<usize>,
    /// The digest of its lines, as [`digest`] makes it, where that was asked for.
    pub digest: Option<String>,
    /// Its rules.
    pub rules: Rules,
    /// Who is ready.
    pub ready: Vec<String>,
    /// The order that is being placed.
    pub order: Option<OrderId>,
    /// Who watches the cart.
    pub watchers: Vec<Watcher>,
}

/// A terminal that watches the cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watcher {
    /// The id of its program.
    pub id: String,
    /// Who it is; clean text.
    pub name: String,
}

/// The digest of a cart's lines as `heartbeat.lua` makes it: it is the same only where the
/// server holds the same lines.
pub(crate) fn digest(cart: &Cart) -> String {
    let mut lines: Vec<(f64, &[u8], String)> = cart
        .lines
        .iter()
        .map(|line| {
            let quantity = line.quantity.to_string();
            // A damaged quantity is a number, too, as Redis writes it.
            let score = quantity.parse().unwrap_or(f64::NAN);
            (score, line.product.as_bytes(), quantity)
        })
        .collect();
    lines.sort_by(|one, other| one.0.total_cmp(&other.0).then_with(|| one.1.cmp(other.1)));

    let mut text = Vec::new();
    for (_, product, quantity) in &lines {
        if !text.is_empty() {
            text.push(b'\n');
        }
        text.extend_from_slice(product);
        text.push(b'\n');
        text.extend_from_slice(quantity.as_bytes());
    }
    sha1_smol::Sha1::from(text).digest().to_string()
}
