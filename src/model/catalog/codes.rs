//! Finds products by their bar codes.

use super::resolve::one_of;
use super::{Catalog, Item, ProductTable};
use crate::model::Refusal;
use crate::model::barcode::{self, Barcode, Reading, has_usual_length};
use std::sync::Arc;

/// The codes of all products, sorted, each with its product's number. Copies of a catalog share
/// them until one of them changes.
#[derive(Debug, Clone, Default)]
pub(super) struct CodeIndex(Arc<Vec<(Barcode, u32)>>);

impl CodeIndex {
    /// The codes of these products.
    pub(super) fn of(products: &ProductTable) -> CodeIndex {
        let mut codes = Vec::new();
        for (first_number, chunk) in products.chunks() {
            for slot in chunk.coded() {
                let number = first_number + super::chunk::to_u32(slot);
                push_codes(&mut codes, products, number);
            }
        }

        codes.sort_unstable();
        codes.dedup();
        codes.shrink_to_fit();
        CodeIndex(Arc::new(codes))
    }

    /// Takes in that the products with these numbers have other codes, or are gone.
    pub(super) fn refresh(&mut self, products: &ProductTable, mut changed: Vec<u32>) {
        if changed.is_empty() {
            return;
        }

        changed.sort_unstable();
        let codes = Arc::make_mut(&mut self.0);
        codes.retain(|(_, number)| changed.binary_search(number).is_err());
        for number in changed {
            push_codes(codes, products, number);
        }

        // Most of it is in order already, which the stable sort makes use of.
        codes.sort();
        codes.dedup();
    }

    /// The numbers of the products that have a code.
    fn find(&self, code: Barcode) -> impl Iterator<Item = u32> {
        let start = self.0.partition_point(|(known, _)| *known < code);
        let found = self.0[start..].iter();
        found
            .take_while(move |(known, _)| *known == code)
            .map(|(_, number)| *number)
    }
}

fn push_codes(codes: &mut Vec<(Barcode, u32)>, products: &ProductTable, number: u32) {
    if let Some(item) = products.at(number) {
        codes.extend(Barcode::all_in(item.barcode).map(|code| (code, number)));
    }
}

/// Returns whether a code stands among those of a product, or is its id.
fn has_exactly(item: &Item<'_>, digits: &str) -> bool {
    item.id == digits.as_bytes() || item.barcode.split_whitespace().any(|code| code == digits)
}

impl Catalog {
    /// The numbers of the products that have this bar code, or whose id it is; none where it is
    /// no code. Zeros before a code mean nothing; but nobody scans a code of an unusual length, as
    /// those that a shop makes up, unless a product has just that.
    #[must_use]
    pub(crate) fn with_code(&self, digits: &str) -> Vec<u32> {
        let Some(code) = Barcode::parse(digits) else {
            return Vec::new();
        };

        let ids = std::iter::once(digits.to_owned()).chain(code.spellings());
        let by_id = ids.filter_map(|id| self.number_of(id.as_bytes()));
        let mut numbers: Vec<u32> = self.codes.find(code).chain(by_id).collect();
        numbers.sort_unstable();
        numbers.dedup();
        if !has_usual_length(digits) {
            numbers.retain(|number| {
                self.at(*number)
                    .is_some_and(|item| has_exactly(&item, digits))
            });
        }
        numbers
    }

    /// The product that has this bar code; `None` where none has it.
    ///
    /// # Errors
    /// [`Refusal::Ambiguous`] where several have it.
    pub(crate) fn of_code(&self, code: &str) -> Result<Option<Item<'_>>, Refusal> {
        let found = self.with_code(code).into_iter();
        let found: Vec<Item<'_>> = found.filter_map(|number| self.at(number)).collect();
        match found[..] {
            [] => Ok(None),
            _ => one_of(code, &found).map(Some),
        }
    }

    /// Reads digits that somebody typed or scanned, by the codes of these products.
    #[must_use]
    pub(crate) fn read_code<'a>(&self, digits: &'a str) -> Reading<'a> {
        barcode::read(digits, |code| !self.with_code(code).is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::product;
    use super::*;
    use crate::model::Product;

    fn coded(id: &str, barcode: &str) -> Product {
        Product {
            barcode: barcode.into(),
            ..product(id, &id.to_uppercase(), "")
        }
    }

    fn found(catalog: &Catalog, code: &str) -> Vec<String> {
        let products = catalog
            .with_code(code)
            .into_iter()
            .filter_map(|number| catalog.at(number));
        products
            .map(|product| product.product_id().to_string())
            .collect()
    }

    #[test]
    fn products_are_found_by_any_of_their_codes() {
        let catalog = Catalog::new(vec![
            coded("brew", "4006381333931 x 96385074"),
            coded("cola", "012345678905"),
            coded("own", "1000000007"),
            coded("4006381333948", ""),
            coded("0012345678912", ""),
            coded("one", "40063812"),
            coded("two", "40063812 40063812"),
            product("plain", "Plain", ""),
        ]);
        for (code, ids) in [
            ("4006381333931", &["brew"][..]),
            ("04006381333931", &["brew"]),
            ("96385074", &["brew"]),
            ("012345678905", &["cola"]),
            ("0012345678905", &["cola"]),
            ("12345678905", &[]),
            ("1000000007", &["own"]),
            ("4006381333948", &["4006381333948"]),
            ("04006381333948", &["4006381333948"]),
            ("012345678912", &["0012345678912"]),
            ("40063812", &["one", "two"]),
            ("4006381333955", &[]),
            ("plain", &[]),
            ("", &[]),
        ] {
            assert_eq!(found(&catalog, code), ids, "{code}");
        }

        let told = |typed: &str| {
            catalog
                .resolve_whole(typed)
                .map(|found| found.name.to_owned())
        };
        assert_eq!(told(" 96385074 "), Ok("BREW".to_owned()));
        assert!(
            matches!(told("40063812"), Err(Refusal::Ambiguous { candidates, .. }) if candidates.len() == 2)
        );
        assert!(matches!(told("99999994"), Err(Refusal::UnknownProduct(_))));
    }

    #[test]
    fn a_catalog_without_codes_keeps_none() {
        let products = (0..10_000).map(|n| product(&format!("p{n}"), "Plain", ""));
        let catalog = Catalog::new(products.collect());
        assert_eq!(catalog.codes.0.capacity(), 0);
    }
}
