//! Finds the product that somebody means.

use super::{Catalog, Item};
use crate::model::{ProductId, Refusal, text};

/// The most products that are suggested where several may be meant.
const MOST_CANDIDATES: usize = 8;
/// The most characters that are repeated of what was typed.
const MOST_REPEATED: usize = 80;

impl Catalog {
    /// The product that somebody means by an id or a name: the id, else the whole name,
    /// else a part of just one name; letter case doesn't matter in names.
    ///
    /// # Errors
    /// [`Refusal::UnknownProduct`], [`Refusal::Ambiguous`], [`Refusal::NameTooLong`].
    pub fn resolve(&self, typed: &str) -> Result<Item<'_>, Refusal> {
        let id = ProductId::asked(typed)?;
        if let Some(product) = self.get(&id) {
            return Ok(product);
        }

        let wanted = text::folded(typed.trim());
        let mut found = self.named(|name| name == wanted);
        if found.is_empty() && !wanted.is_empty() {
            found = self.named(|name| name.contains(&wanted));
        }

        match found[..] {
            [] => Err(Refusal::UnknownProduct(repeated(typed))),
            [one] => Ok(one),
            _ => Err(Refusal::Ambiguous {
                text: repeated(typed),
                candidates: found
                    .iter()
                    .take(MOST_CANDIDATES)
                    .map(|product| format!("{} ({})", product.name, product.product_id()))
                    .collect(),
            }),
        }
    }

    /// The products whose name in small letters passes a test.
    fn named(&self, test: impl Fn(&str) -> bool) -> Vec<Item<'_>> {
        self.iter()
            .filter(|product| test(&text::folded(product.name)))
            .collect()
    }
}

fn repeated(typed: &str) -> String {
    text::sanitize_to(typed.as_bytes(), MOST_REPEATED)
}

#[cfg(test)]
mod tests {
    use super::super::tests::catalog;
    use super::*;

    #[test]
    fn resolving_what_somebody_means() {
        let catalog = catalog();
        assert_eq!(
            catalog.resolve("rye").unwrap().product_id().to_string(),
            "rye"
        );
        assert_eq!(
            catalog
                .resolve("ESPRESSO")
                .unwrap()
                .product_id()
                .to_string(),
            "espresso"
        );
        assert_eq!(
            catalog
                .resolve("esp\u{200b}resso")
                .unwrap()
                .product_id()
                .to_string(),
            "espresso"
        );
        assert_eq!(
            catalog.resolve("bread").unwrap().product_id().to_string(),
            "rye"
        );
        assert!(
            matches!(catalog.resolve("espr"), Err(Refusal::Ambiguous { candidates, .. }) if candidates.len() == 2)
        );
        assert!(matches!(
            catalog.resolve("tea"),
            Err(Refusal::UnknownProduct(_))
        ));
        assert!(matches!(
            catalog.resolve(""),
            Err(Refusal::UnknownProduct(_))
        ));
        assert!(matches!(
            catalog.resolve(&"x".repeat(300)),
            Err(Refusal::NameTooLong { .. })
        ));
    }
}
