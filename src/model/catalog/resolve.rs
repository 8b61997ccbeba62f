//! Finds the product that somebody means.

use super::{Catalog, Item};
use crate::model::{ProductId, Refusal, text};

/// The most products that are suggested where several may be meant.
const MOST_CANDIDATES: usize = 8;
/// The most characters that are repeated of what was typed.
const MOST_REPEATED: usize = 80;
/// Similarity from which a name is taken for a slip of another, from 0 to 1.
const NEAR: f64 = 0.85;
/// The similarity of short words that differ by one slip.
const ONE_SLIP: f64 = 0.86;

impl Catalog {
    /// The product that somebody means by an id, a bar code or a name: the id, else the code, else
    /// the whole name, else a part of just one name. Letter case doesn't matter in names, nor do accents that
    /// were not typed.
    ///
    /// # Errors
    /// [`Refusal::UnknownProduct`], [`Refusal::Misspelt`], [`Refusal::Ambiguous`],
    /// [`Refusal::NameTooLong`].
    pub fn resolve(&self, typed: &str) -> Result<Item<'_>, Refusal> {
        let id = ProductId::asked(typed)?;
        if let Some(product) = self.get(&id) {
            return Ok(product);
        }

        if let Some(product) = self.of_code(typed.trim())? {
            return Ok(product);
        }

        let wanted = text::folded(typed.trim());
        let mut found = self.named(|name| text::folded(name) == wanted);
        if found.is_empty() {
            found = self.named(|name| text::folded_for(&wanted, name) == wanted);
        }
        if found.is_empty() && !wanted.is_empty() {
            found = self.named(|name| text::folded_for(&wanted, name).contains(&wanted));
        }

        if found.is_empty() {
            return Err(self.unknown(typed));
        }
        one_of(typed, &found)
    }

    /// The product of this id, bar code or whole name. Where several are named at once, a part of a name is
    /// not enough: two words of one name must not become two products.
    ///
    /// # Errors
    /// The errors of [`Catalog::resolve`]; [`Refusal::Misspelt`] for a part of just one name.
    pub(crate) fn resolve_whole(&self, typed: &str) -> Result<Item<'_>, Refusal> {
        let found = self.resolve(typed)?;
        let wanted = text::folded(typed.trim());
        let is_id = found.product_id() == ProductId::asked(typed)?;
        let is_code = !self.with_code(typed.trim()).is_empty();
        if is_id || is_code || text::folded_for(&wanted, found.name) == wanted {
            return Ok(found);
        }
        Err(Refusal::Misspelt {
            text: repeated(typed),
            nearest: found.to_string(),
        })
    }

    /// The refusal of a product that is not there, with the one that may have been meant.
    fn unknown(&self, typed: &str) -> Refusal {
        let text = repeated(typed);
        match self.nearest(typed) {
            Some(product) => Refusal::Misspelt {
                text,
                nearest: product.to_string(),
            },
            None => Refusal::UnknownProduct(text),
        }
    }

    /// The product whose id, name, or a word of it is most similar to what was typed; `None`
    /// where none is near.
    pub(crate) fn nearest(&self, typed: &str) -> Option<Item<'_>> {
        let wanted = text::folded(typed.trim());
        let products = self.iter();
        nearest_of(products.map(|product| (similarity(&product, &wanted), product)))
    }

    /// The products whose name passes a test.
    fn named(&self, test: impl Fn(&str) -> bool) -> Vec<Item<'_>> {
        self.iter().filter(|product| test(product.name)).collect()
    }
}

/// The only product that was found.
///
/// # Errors
/// [`Refusal::Ambiguous`] with the first of several.
pub(super) fn one_of<'a>(typed: &str, found: &[Item<'a>]) -> Result<Item<'a>, Refusal> {
    match found {
        [one] => Ok(*one),
        _ => Err(Refusal::Ambiguous {
            text: repeated(typed),
            candidates: found
                .iter()
                .take(MOST_CANDIDATES)
                .map(ToString::to_string)
                .collect(),
        }),
    }
}

/// The similarity of a product with what was typed, in small letters, from 0 to 1.
fn similarity(product: &Item<'_>, wanted: &str) -> f64 {
    let id = product.product_id().to_string();
    strsim::jaro_winkler(&id, wanted).max(name_similarity(product.name, wanted))
}

/// The similarity of a name, or of a word of it, with what was typed, in small letters, from 0
/// to 1.
pub(crate) fn name_similarity(name: &str, wanted: &str) -> f64 {
    let name = text::folded_for(wanted, name);
    let word = name
        .split_whitespace()
        .map(|word| word_similarity(word, wanted))
        .fold(0.0, f64::max);

    // A whole name is nearer than one with other words beside it.
    strsim::jaro_winkler(&name, wanted).max(word * 0.99)
}

/// The similarity of two words, from 0 to 1. One slip is a third of a word of three letters, and
/// near all the same.
fn word_similarity(word: &str, wanted: &str) -> f64 {
    let similarity = strsim::jaro_winkler(word, wanted);
    let is_short = wanted.chars().count() == 3;
    if is_short && strsim::osa_distance(word, wanted) == 1 {
        similarity.max(ONE_SLIP)
    } else {
        similarity
    }
}

/// The most similar of several, each behind its similarity; `None` where none is near.
pub(crate) fn nearest_of<T>(rated: impl Iterator<Item = (f64, T)>) -> Option<T> {
    rated
        .filter(|(similarity, _)| *similarity >= NEAR)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, item)| item)
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
        assert_eq!(
            catalog.resolve("espreso").unwrap_err().to_string(),
            "There is no product “espreso”: did you mean Espresso (espresso)?"
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
