//! The products of a catalog, packed: a million of them take some 60 bytes each beside their
//! text, and a copy for a thread that searches them takes no time.
//!
//! Chunks never move: a product keeps its number for as long as the catalog lives. A chunk
//! that a search still reads is copied before it changes.

use crate::model::product::{Decoded, Product, ProductId, Stock};
use crate::model::{Money, search};
use indexmap::IndexSet;
use std::sync::Arc;

/// Products in one chunk; a power of two.
const CHUNK: usize = 4096;
/// Longer ids are no product's: nobody can ask for one.
const LONGEST_ID: usize = 64 * 1024;
/// What stands for a missing price.
const NO_PRICE: u64 = u64::MAX;
/// What stands for a stock without an end, and for one that can't be read.
const UNLIMITED: u64 = u64::MAX;
const UNREADABLE: u64 = u64::MAX - 1;

/// A product as the catalog shows it. All text is clean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item<'a> {
    /// Its id as Redis holds it.
    pub id: &'a [u8],
    /// Its name; the id where it has none.
    pub name: &'a str,
    /// Price of one unit; `None` where it is missing or can't be read.
    pub price: Option<Money>,
    /// Its category; may be empty.
    pub category: &'a str,
    /// What one piece is; may be empty.
    pub unit: &'a str,
    /// What the shop has of it.
    pub stock: Stock,
    /// One sentence about it; may be empty.
    pub description: &'a str,
}

impl Item<'_> {
    /// Its id.
    #[must_use]
    pub fn product_id(&self) -> ProductId {
        ProductId::stored(self.id)
    }

    /// The same as a value of its own.
    #[must_use]
    pub fn to_product(&self) -> Product {
        Product {
            id: self.product_id(),
            name: self.name.into(),
            price: self.price,
            category: self.category.into(),
            unit: self.unit.into(),
            stock: self.stock,
            description: self.description.into(),
        }
    }
}

/// Where a product's values stand in its chunk.
#[derive(Debug, Clone, Copy)]
struct Record {
    id_at: u32,
    id: u32,
    /// Name, unit and description follow each other.
    text_at: u32,
    name: u16,
    unit: u16,
    description: u16,
    category: u16,
    stock: u64,
    price: u64,
    scale: u8,
    live: bool,
}

/// Up to [`CHUNK`] products.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chunk {
    records: Vec<Record>,
    /// The letters of each name, for a search to pass over what can't fit.
    letters: Vec<u64>,
    ids: Vec<u8>,
    text: String,
    categories: IndexSet<Box<str>>,
    /// Bytes of text that no product uses any more.
    waste: usize,
}

fn at(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

impl Chunk {
    fn push(&mut self, id: &[u8], product: &Decoded<'_>) {
        let record = Record {
            id_at: at(self.ids.len()),
            id: at(id.len()),
            ..self.written(product)
        };
        self.ids.extend_from_slice(id);
        self.letters.push(search::letters(&product.name));
        self.records.push(record);
    }

    /// Writes the text of a product; its record still lacks the id.
    fn written(&mut self, product: &Decoded<'_>) -> Record {
        let known = self.categories.get_index_of(&*product.category);
        let category =
            known.unwrap_or_else(|| self.categories.insert_full((*product.category).into()).0);
        let text_at = at(self.text.len());
        // Cleaned text is far shorter than what 16 bits count.
        let mut put = |text: &str| {
            self.text.push_str(text);
            u16::try_from(text.len()).unwrap_or(0)
        };
        let (name, unit, description) = (
            put(&product.name),
            put(&product.unit),
            put(&product.description),
        );
        let (price, scale) = product
            .price
            .and_then(Money::packed)
            .unwrap_or((NO_PRICE, 0));
        Record {
            id_at: 0,
            id: 0,
            text_at,
            name,
            unit,
            description,
            category: u16::try_from(category).unwrap_or(0),
            stock: match product.stock {
                Stock::Unlimited => UNLIMITED,
                Stock::Unreadable => UNREADABLE,
                Stock::Left(n) => n.min(UNREADABLE - 1),
            },
            price,
            scale,
            live: true,
        }
    }

    fn replace(&mut self, slot: usize, product: &Decoded<'_>) {
        let Some(old) = self.records.get(slot).copied() else {
            return;
        };
        self.waste += usize::from(old.name) + usize::from(old.unit) + usize::from(old.description);
        self.records[slot] = Record {
            id_at: old.id_at,
            id: old.id,
            ..self.written(product)
        };
        self.letters[slot] = search::letters(&product.name);
        if self.waste > 4096 && self.waste > self.text.len() / 2 {
            self.compact();
        }
    }

    /// Writes the text of all products anew, without what was replaced.
    fn compact(&mut self) {
        let mut text = String::with_capacity(self.text.len().saturating_sub(self.waste));
        for record in &mut self.records {
            let (from, length) = (record.text_at as usize, record.text_length());
            record.text_at = at(text.len());
            text.push_str(self.text.get(from..from + length).unwrap_or_default());
        }
        (self.text, self.waste) = (text, 0);
    }

    /// Gives back what growing took too much.
    fn shrink(&mut self) {
        self.records.shrink_to_fit();
        self.letters.shrink_to_fit();
        self.ids.shrink_to_fit();
        self.text.shrink_to_fit();
    }

    /// How many numbers it has given out.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// The letters of each product's name, in order.
    pub(crate) fn letters(&self) -> &[u64] {
        &self.letters
    }

    /// The categories of its products.
    pub(crate) fn categories(&self) -> impl ExactSizeIterator<Item = &str> {
        self.categories.iter().map(|category| &**category)
    }

    /// The place of a product's category in [`Chunk::categories`]; `None` where it is gone.
    pub(crate) fn category(&self, slot: usize) -> Option<usize> {
        self.records
            .get(slot)
            .filter(|record| record.live)
            .map(|record| usize::from(record.category))
    }

    /// The name alone.
    pub(crate) fn name(&self, slot: usize) -> &str {
        let Some(record) = self.records.get(slot) else {
            return "";
        };
        let from = record.text_at as usize;
        self.text
            .get(from..from + usize::from(record.name))
            .unwrap_or_default()
    }

    /// The id alone.
    pub(crate) fn id(&self, slot: usize) -> &[u8] {
        let Some(record) = self.records.get(slot) else {
            return b"";
        };
        let from = record.id_at as usize;
        self.ids
            .get(from..from + record.id as usize)
            .unwrap_or_default()
    }

    /// The product in `slot`; `None` where it is gone.
    pub(crate) fn item(&self, slot: usize) -> Option<Item<'_>> {
        let record = self.records.get(slot).filter(|record| record.live)?;
        let id = self.id(slot);
        let rest = self.text.get(record.text_at as usize..)?;
        let (name, rest) = rest.split_at_checked(record.name.into())?;
        let (unit, rest) = rest.split_at_checked(record.unit.into())?;
        let description = rest.get(..record.description.into())?;
        Some(Item {
            id,
            name,
            price: Some(record.price)
                .filter(|price| *price != NO_PRICE)
                .and_then(|digits| Money::unpacked(digits, record.scale)),
            category: self.categories.get_index(usize::from(record.category))?,
            unit,
            stock: match record.stock {
                UNLIMITED => Stock::Unlimited,
                UNREADABLE => Stock::Unreadable,
                left => Stock::Left(left),
            },
            description,
        })
    }
}

impl Record {
    fn text_length(&self) -> usize {
        usize::from(self.name) + usize::from(self.unit) + usize::from(self.description)
    }
}

/// All products by their numbers.
#[derive(Debug, Clone, Default)]
pub struct ProductTable {
    chunks: Vec<Arc<Chunk>>,
}

fn split(number: u32) -> (usize, usize) {
    let number = number as usize;
    (number / CHUNK, number % CHUNK)
}

impl ProductTable {
    /// Takes in one more; returns its number, or `None` where its id or the catalog is too long.
    pub(crate) fn push(&mut self, id: &[u8], product: &Decoded<'_>) -> Option<u32> {
        if id.len() > LONGEST_ID {
            return None;
        }
        match self.chunks.last_mut().filter(|last| last.len() < CHUNK) {
            Some(last) => Arc::make_mut(last).push(id, product),
            None => {
                if let Some(full) = self.chunks.last_mut() {
                    Arc::make_mut(full).shrink();
                }
                let mut chunk = Chunk::default();
                chunk.push(id, product);
                self.chunks.push(Arc::new(chunk));
            }
        }
        let place = (self.chunks.len() - 1) * CHUNK + self.chunks.last()?.len() - 1;
        u32::try_from(place).ok()
    }

    pub(crate) fn replace(&mut self, number: u32, product: &Decoded<'_>) {
        let (chunk, slot) = split(number);
        if let Some(chunk) = self.chunks.get_mut(chunk) {
            Arc::make_mut(chunk).replace(slot, product);
        }
    }

    pub(crate) fn remove(&mut self, number: u32) {
        let (chunk, slot) = split(number);
        if let Some(record) = self
            .chunks
            .get_mut(chunk)
            .and_then(|chunk| Arc::make_mut(chunk).records.get_mut(slot))
        {
            record.live = false;
        }
    }

    pub(crate) fn shrink(&mut self) {
        if let Some(last) = self.chunks.last_mut() {
            Arc::make_mut(last).shrink();
        }
    }

    /// The product with this number; `None` where it is gone.
    #[must_use]
    pub fn at(&self, number: u32) -> Option<Item<'_>> {
        let (chunk, slot) = split(number);
        self.chunks.get(chunk)?.item(slot)
    }

    /// The id that has this number; empty where none has.
    pub(crate) fn id(&self, number: u32) -> &[u8] {
        self.find(number)
            .map_or(b"", |(chunk, slot)| chunk.id(slot))
    }

    /// The chunks, each with the number of its first product.
    pub(crate) fn chunks(&self) -> impl ExactSizeIterator<Item = (u32, &Chunk)> {
        self.chunks
            .iter()
            .enumerate()
            .map(|(place, chunk)| (at(place * CHUNK), &**chunk))
    }

    /// The chunk at `place`, with the number of its first product.
    pub(crate) fn chunk(&self, place: usize) -> Option<(u32, &Chunk)> {
        self.chunks
            .get(place)
            .map(|chunk| (at(place * CHUNK), &**chunk))
    }

    /// The chunk and the slot of a number.
    pub(crate) fn find(&self, number: u32) -> Option<(&Chunk, usize)> {
        let (chunk, slot) = split(number);
        Some((self.chunks.get(chunk)?, slot))
    }

    /// How many numbers have been given out.
    #[must_use]
    pub fn numbers(&self) -> usize {
        self.chunks
            .last()
            .map_or(0, |last| (self.chunks.len() - 1) * CHUNK + last.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(name: &str) -> Decoded<'_> {
        let fields = [
            Some(name.as_bytes()),
            Some(b"2.40".as_slice()),
            None,
            Some(b"cup"),
            Some(b"7"),
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
        assert!(products.chunks[0].text.len() < 20_000);
        assert_eq!(products.at(0).unwrap().name, "a name that changes 9999");
        assert_eq!(products.at(1).unwrap().name, "second");
    }
}
