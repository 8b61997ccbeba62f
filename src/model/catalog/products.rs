//! All products by their numbers, packed in chunks: a million of them take some 60 bytes each
//! beside their text, and a copy for a thread that searches them takes no time.
//!
//! Chunks never move: a product keeps its number for as long as the catalog lives. A chunk
//! that a search still reads is copied before it changes.

use super::chunk::{CHUNK, Chunk, to_u32};
use super::item::Item;
use crate::model::product::Decoded;
use std::sync::Arc;

/// The longest id in bytes. Longer ones are no product's: nobody can ask for one.
const LONGEST_ID: usize = 64 * 1024;

/// All products by their numbers.
#[derive(Debug, Clone, Default)]
pub(crate) struct ProductTable {
    chunks: Vec<Arc<Chunk>>,
}

/// The index of a number's chunk, and its slot in that.
fn split(number: u32) -> (usize, usize) {
    let number = number as usize;
    (number / CHUNK, number % CHUNK)
}

impl ProductTable {
    /// Adds a product; returns its number, or `None` where its id or the catalog is too long.
    pub(crate) fn push(&mut self, id: &[u8], product: &Decoded<'_>) -> Option<u32> {
        if id.len() > LONGEST_ID {
            return None;
        }

        match self.chunks.last_mut().filter(|last| last.len() < CHUNK) {
            Some(last) => Arc::make_mut(last).push(id, product),
            None => {
                // The last chunk is full, and will not grow any more.
                self.shrink();
                let mut chunk = Chunk::default();
                chunk.push(id, product);
                self.chunks.push(Arc::new(chunk));
            }
        }
        u32::try_from(self.numbers() - 1).ok()
    }

    /// Gives the product with this number other values.
    pub(crate) fn replace(&mut self, number: u32, product: &Decoded<'_>) {
        let (chunk, slot) = split(number);
        if let Some(chunk) = self.chunks.get_mut(chunk) {
            Arc::make_mut(chunk).replace(slot, product);
        }
    }

    /// Removes the product with this number.
    pub(crate) fn remove(&mut self, number: u32) {
        let (chunk, slot) = split(number);
        if let Some(chunk) = self.chunks.get_mut(chunk) {
            Arc::make_mut(chunk).remove(slot);
        }
    }

    /// Gives back the memory that the last chunk took too much.
    pub(crate) fn shrink(&mut self) {
        if let Some(last) = self.chunks.last_mut() {
            Arc::make_mut(last).shrink();
        }
    }

    /// The product with this number; `None` where it is gone.
    pub(crate) fn at(&self, number: u32) -> Option<Item<'_>> {
        let (chunk, slot) = self.find(number)?;
        chunk.item(slot)
    }

    /// The id that has this number; empty where none has.
    pub(crate) fn id(&self, number: u32) -> &[u8] {
        self.find(number)
            .map_or(b"", |(chunk, slot)| chunk.id(slot))
    }

    /// The category of the product with this number; empty where the product is gone.
    pub(crate) fn category(&self, number: u32) -> &str {
        self.at(number).map_or("", |item| item.category)
    }

    /// The chunks, each with the number of its first product.
    pub(crate) fn chunks(&self) -> impl ExactSizeIterator<Item = (u32, &Chunk)> {
        self.chunks
            .iter()
            .enumerate()
            .map(|(index, chunk)| (to_u32(index * CHUNK), &**chunk))
    }

    /// The chunk with this index, with the number of its first product.
    pub(crate) fn chunk(&self, index: usize) -> Option<(u32, &Chunk)> {
        let chunk = self.chunks.get(index)?;
        Some((to_u32(index * CHUNK), chunk))
    }

    /// The chunk and the slot of a number.
    pub(crate) fn find(&self, number: u32) -> Option<(&Chunk, usize)> {
        let (chunk, slot) = split(number);
        Some((self.chunks.get(chunk)?, slot))
    }

    /// The count of all numbers that have been given out.
    pub(crate) fn numbers(&self) -> usize {
        self.chunks
            .last()
            .map_or(0, |last| (self.chunks.len() - 1) * CHUNK + last.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Money;
    use crate::model::product::Stock;

    fn decoded(name: &str) -> Decoded<'_> {
        let fields = [
            Some(name.as_bytes()),
            Some(b"2.40".as_slice()),
            None,
            Some(b"cup"),
            Some(b"7"),
            None,
            None,
        ];
        Decoded::read(b"x", fields).unwrap()
    }

    #[test]
    fn what_goes_in_comes_out() {
        let mut products = ProductTable::default();
        for n in 0..10_000 {
            let name = format!("Product {n}");
            assert_eq!(
                products.push(format!("p{n}").as_bytes(), &decoded(&name)),
                Some(n)
            );
        }
        products.replace(5_000, &decoded("抹茶"));
        products.remove(5_001);
        assert_eq!(products.at(9_999).unwrap().name, "Product 9999");
        let item = products.at(5_000).unwrap();
        assert_eq!(
            (item.id, item.name, item.unit),
            (&b"p5000"[..], "抹茶", "cup")
        );
        assert_eq!(
            (item.price, item.stock),
            (Money::parse("2.40"), Stock::Left(7))
        );
        assert_eq!(products.at(5_001), None);
        assert_eq!(products.at(10_000), None);
        assert_eq!(products.numbers(), 10_000);
    }

    #[test]
    fn replaced_text_does_not_pile_up() {
        let mut products = ProductTable::default();
        products.push(b"a", &decoded("first"));
        products.push(b"b", &decoded("second"));
        for n in 0..10_000 {
            products.replace(0, &decoded(&format!("a name that changes {n}")));
        }
        assert!(products.chunks[0].text_length() < 20_000);
        assert_eq!(products.at(0).unwrap().name, "a name that changes 9999");
        assert_eq!(products.at(1).unwrap().name, "second");
    }
}
