//! Decodes products and the messages of the catalog's channel. All of it is untrusted: what
//! can't be understood becomes `None` or a cautious answer, never a panic.

use crate::model::product::{Decoded, FIELDS};
use crate::model::{Product, ProductId};
use serde::Deserialize;

/// The longest message that is taken for one plain product id, in bytes.
const LONGEST_PLAIN_ID: usize = 256;
/// Changed products that are read one by one; for more of them the whole catalog is read.
const NEWS_LIMIT: usize = 100;

/// Reads the answer of an HMGET of [`FIELDS`]; `None` where the product is missing.
#[must_use]
pub(crate) fn product(id: ProductId, fields: &redis::Value) -> Option<Product> {
    Product::decode(id, raw_fields(fields)?)
}

/// The same as [`product`], but borrows the texts where it can.
#[must_use]
pub(crate) fn decoded<'a>(id: &[u8], fields: &'a redis::Value) -> Option<Decoded<'a>> {
    Decoded::read(id, raw_fields(fields)?)
}

pub(super) fn raw_fields(fields: &redis::Value) -> Option<[Option<&[u8]>; FIELDS.len()]> {
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

/// The products that a message on the catalog's channel says have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatalogNews {
    /// These few products changed, appeared or were removed.
    Products(Vec<ProductId>),
    /// Anything may have changed.
    Everything,
}

/// Reads a message of the catalog's channel: a JSON list of product ids, as such or as the
/// `products` of an object, or one plain id.
#[must_use]
pub fn catalog_news(message: &[u8]) -> CatalogNews {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum NewsMessage {
        Plain(Vec<String>),
        OfDatabase { products: Vec<String> },
    }

    let news = serde_json::from_slice(message);
    if let Ok(NewsMessage::Plain(ids) | NewsMessage::OfDatabase { products: ids }) = news {
        if ids.len() > NEWS_LIMIT {
            return CatalogNews::Everything;
        }
        let ids = ids.iter().map(|id| ProductId::stored(id.as_bytes()));
        return CatalogNews::Products(ids.collect());
    }

    if is_plain_id(message) {
        CatalogNews::Products(vec![ProductId::stored(message)])
    } else {
        CatalogNews::Everything
    }
}

/// Tells one plain product id from a sentence, a pattern or JSON.
fn is_plain_id(message: &[u8]) -> bool {
    (1..=LONGEST_PLAIN_ID).contains(&message.len())
        && !message
            .iter()
            .any(|byte| byte.is_ascii_whitespace() || b"{}[]\"*".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn news_of_the_catalog() {
        let id = |name: &str| ProductId::stored(name.as_bytes());
        assert_eq!(
            catalog_news(br#"["a","b"]"#),
            CatalogNews::Products(vec![id("a"), id("b")])
        );
        assert_eq!(
            catalog_news(br#"{"db":1,"products":["a"]}"#),
            CatalogNews::Products(vec![id("a")])
        );
        assert_eq!(catalog_news(b"tea"), CatalogNews::Products(vec![id("tea")]));
        for other in ["", "read it all", "{\"db\":1}", "*"] {
            assert_eq!(catalog_news(other.as_bytes()), CatalogNews::Everything);
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(raw in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = catalog_news(&raw);
        }
    }
}
