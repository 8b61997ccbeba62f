//! Up to [`CHUNK`] products, packed.

use super::item::Item;
use super::letters::letter_mask;
use crate::model::Money;
use crate::model::product::{Decoded, Stock};
use indexmap::IndexSet;
use regex::bytes::Regex;

/// Products in one chunk; a power of two.
pub(crate) const CHUNK: usize = 4096;
/// Bytes of text that may lie unused before they are reclaimed.
const MOST_WASTE: usize = 4096;

/// The price of a product that has none.
const NO_PRICE: u64 = u64::MAX;
/// The stock of a product that never runs out.
const UNLIMITED: u64 = u64::MAX;
/// A stock that can't be read.
const UNREADABLE: u64 = u64::MAX - 1;

/// The values of one product, and where its text stands in the chunk.
#[derive(Debug, Clone, Copy)]
struct ProductRecord {
    id_start: u32,
    id_length: u32,
    /// Name, unit, description and bar codes follow each other.
    text_start: u32,
    name_length: u16,
    unit_length: u16,
    description_length: u16,
    barcode_length: u16,
    category: u16,
    stock: u64,
    price: u64,
    scale: u8,
    is_live: bool,
}

impl ProductRecord {
    fn text_length(&self) -> usize {
        usize::from(self.name_length)
            + usize::from(self.unit_length)
            + usize::from(self.description_length)
            + usize::from(self.barcode_length)
    }

    fn price(&self) -> Option<Money> {
        if self.price == NO_PRICE {
            None
        } else {
            Money::unpacked(self.price, self.scale)
        }
    }

    fn stock(&self) -> Stock {
        match self.stock {
            UNLIMITED => Stock::Unlimited,
            UNREADABLE => Stock::Unreadable,
            left => Stock::Left(left),
        }
    }
}

fn packed_stock(stock: Stock) -> u64 {
    match stock {
        Stock::Unlimited => UNLIMITED,
        Stock::Unreadable => UNREADABLE,
        Stock::Left(left) => left.min(UNREADABLE - 1),
    }
}

/// A length or offset in a chunk, which never has as much as 32 bits count.
pub(crate) fn to_u32(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Up to [`CHUNK`] products. Each has a slot, which it keeps.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chunk {
    records: Vec<ProductRecord>,
    /// The letters of each name, for a search to pass over what can't match.
    letters: Vec<u64>,
    ids: Vec<u8>,
    text: String,
    categories: IndexSet<Box<str>>,
    /// Bytes of text that no product uses any more.
    waste: usize,
    /// Any product has, or had, bar codes.
    has_barcodes: bool,
}

impl Chunk {
    /// Adds a product in the next slot.
    pub(crate) fn push(&mut self, id: &[u8], product: &Decoded<'_>) {
        let record = ProductRecord {
            id_start: to_u32(self.ids.len()),
            id_length: to_u32(id.len()),
            ..self.write(product)
        };

        self.ids.extend_from_slice(id);
        self.letters.push(letter_mask(&product.name));
        self.records.push(record);
    }

    /// Writes the text of a product; its record still lacks the id.
    fn write(&mut self, product: &Decoded<'_>) -> ProductRecord {
        let category = match self.categories.get_index_of(&*product.category) {
            Some(known) => known,
            None => self.categories.insert_full((*product.category).into()).0,
        };
        let (price, scale) = product
            .price
            .and_then(Money::packed)
            .unwrap_or((NO_PRICE, 0));
        self.has_barcodes |= !product.barcode.is_empty();

        ProductRecord {
            id_start: 0,
            id_length: 0,
            text_start: to_u32(self.text.len()),
            name_length: self.write_text(&product.name),
            unit_length: self.write_text(&product.unit),
            description_length: self.write_text(&product.description),
            barcode_length: self.write_text(&product.barcode),
            category: u16::try_from(category).unwrap_or(0),
            stock: packed_stock(product.stock),
            price,
            scale,
            is_live: true,
        }
    }

    /// Writes a text behind the others; returns its length.
    fn write_text(&mut self, text: &str) -> u16 {
        self.text.push_str(text);
        // Cleaned text is far shorter than what 16 bits count.
        u16::try_from(text.len()).unwrap_or(0)
    }

    /// Gives the product in `slot` other values.
    pub(crate) fn replace(&mut self, slot: usize, product: &Decoded<'_>) {
        let Some(old) = self.records.get(slot).copied() else {
            return;
        };

        self.waste += old.text_length();
        self.records[slot] = ProductRecord {
            id_start: old.id_start,
            id_length: old.id_length,
            ..self.write(product)
        };
        self.letters[slot] = letter_mask(&product.name);

        if self.waste > MOST_WASTE && self.waste > self.text.len() / 2 {
            self.compact();
        }
    }

    /// Marks the product in `slot` as gone.
    pub(crate) fn remove(&mut self, slot: usize) {
        if let Some(record) = self.records.get_mut(slot) {
            record.is_live = false;
        }
    }

    /// Writes the text of all products anew, without what was replaced.
    fn compact(&mut self) {
        let mut text = String::with_capacity(self.text.len().saturating_sub(self.waste));
        for record in &mut self.records {
            let start = record.text_start as usize;
            let end = start + record.text_length();
            record.text_start = to_u32(text.len());
            text.push_str(self.text.get(start..end).unwrap_or_default());
        }
        self.text = text;
        self.waste = 0;
    }

    /// Gives back the memory that growing took too much.
    pub(crate) fn shrink(&mut self) {
        self.records.shrink_to_fit();
        self.letters.shrink_to_fit();
        self.ids.shrink_to_fit();
        self.text.shrink_to_fit();
    }

    /// The number of slots, with those whose product is gone.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// The letters of the name in `slot`.
    pub(crate) fn letters(&self, slot: usize) -> u64 {
        self.letters.get(slot).copied().unwrap_or(0)
    }

    /// The categories of the chunk's products.
    pub(crate) fn categories(&self) -> impl ExactSizeIterator<Item = &str> {
        self.categories.iter().map(|category| &**category)
    }

    /// The index of a product's category in [`Chunk::categories`]; `None` where the product is
    /// gone.
    pub(crate) fn category(&self, slot: usize) -> Option<usize> {
        let record = self.live_record(slot)?;
        Some(usize::from(record.category))
    }

    /// The name in `slot` alone.
    pub(crate) fn name(&self, slot: usize) -> &str {
        let Some(record) = self.records.get(slot) else {
            return "";
        };
        let start = record.text_start as usize;
        let end = start + usize::from(record.name_length);
        self.text.get(start..end).unwrap_or_default()
    }

    /// The id in `slot` alone.
    pub(crate) fn id(&self, slot: usize) -> &[u8] {
        let Some(record) = self.records.get(slot) else {
            return b"";
        };
        let start = record.id_start as usize;
        let end = start + record.id_length as usize;
        self.ids.get(start..end).unwrap_or_default()
    }

    /// For each slot, whether its id or text may have a piece. Set for all that do, for those whose
    /// text is not ASCII, and for some whose text runs into their neighbour's.
    pub(crate) fn slots_that_may_have(&self, piece: &Regex) -> Vec<bool> {
        let mut slots = vec![false; self.records.len()];
        let id_of = |record: &ProductRecord| (record.id_start, record.id_length as usize);
        let text_of = |record: &ProductRecord| (record.text_start, record.text_length());
        self.mark_slots(&self.ids, id_of, piece, &mut slots);
        self.mark_slots(self.text.as_bytes(), text_of, piece, &mut slots);
        slots
    }

    /// Marks the slots whose part of these bytes, by its start and length, has the piece, or a
    /// letter that is not ASCII.
    fn mark_slots(
        &self,
        bytes: &[u8],
        part_of: impl Fn(&ProductRecord) -> (u32, usize),
        piece: &Regex,
        slots: &mut [bool],
    ) {
        // The bytes are gone through once: what was replaced stands behind all others.
        let mut sequence: Vec<(u32, u32)> = (0..)
            .zip(&self.records)
            .map(|(slot, record)| (part_of(record).0, slot))
            .collect();
        sequence.sort_unstable();

        let is_ascii = bytes.is_ascii();
        let find = |start| piece.find_at(bytes, start).map(|found| found.start());
        let mut next = find(0);
        for (_, slot) in sequence {
            let (start, length) = part_of(&self.records[slot as usize]);
            let (start, end) = (start as usize, start as usize + length);
            if next.is_some_and(|at| at < start) {
                next = find(start);
            }
            let is_marked = next.is_some_and(|at| at < end)
                || !is_ascii && !bytes.get(start..end).is_some_and(<[u8]>::is_ascii);
            slots[slot as usize] |= is_marked;
        }
    }

    /// The slots whose products have bar codes.
    pub(crate) fn coded(&self) -> impl Iterator<Item = usize> {
        // A catalog without codes costs nothing but a look at each chunk.
        let records = if self.has_barcodes {
            &self.records[..]
        } else {
            &[]
        };
        let slots = records.iter().enumerate();
        slots
            .filter(|(_, record)| record.is_live && record.barcode_length > 0)
            .map(|(slot, _)| slot)
    }

    /// The product in `slot`; `None` where it is gone.
    pub(crate) fn item(&self, slot: usize) -> Option<Item<'_>> {
        let record = self.live_record(slot)?;
        let text = self.text.get(record.text_start as usize..)?;
        let (name, text) = text.split_at_checked(record.name_length.into())?;
        let (unit, text) = text.split_at_checked(record.unit_length.into())?;
        let (description, text) = text.split_at_checked(record.description_length.into())?;
        let barcode = text.get(..record.barcode_length.into())?;

        Some(Item {
            id: self.id(slot),
            name,
            price: record.price(),
            category: self.categories.get_index(usize::from(record.category))?,
            unit,
            stock: record.stock(),
            description,
            barcode,
        })
    }

    fn live_record(&self, slot: usize) -> Option<&ProductRecord> {
        self.records.get(slot).filter(|record| record.is_live)
    }

    #[cfg(test)]
    pub(super) fn text_length(&self) -> usize {
        self.text.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Product, ProductId};
    use proptest::prelude::*;
    use regex::bytes::RegexBuilder;

    #[test]
    fn a_product_takes_no_more_than_it_must() {
        assert_eq!(size_of::<ProductRecord>(), 40);
    }

    fn product(name: &str, description: &str) -> Product {
        let raw = [name, "", "", "", "", description, ""].map(|text| Some(text.as_bytes()));
        Product::decode(ProductId::stored(b"x"), raw).unwrap()
    }

    proptest! {
        /// No slot that has a piece is passed over, whatever was replaced before.
        #[test]
        fn slots_that_may_have_a_piece_are_all_that_do(
            texts in proptest::collection::vec(("[abc]{1,3}", "[abABé ]{0,6}", "[abABé]{0,6}"), 1..12),
            replaced in proptest::collection::vec((0..12_usize, "[abAB]{0,4}"), 0..6),
            piece in "[ab]{2,3}",
        ) {
            let mut chunk = Chunk::default();
            for (id, name, description) in &texts {
                chunk.push(id.as_bytes(), &(&product(name, description)).into());
            }
            for (slot, name) in replaced {
                chunk.replace(slot, &(&product(&name, "")).into());
            }

            let regex = RegexBuilder::new(&piece).case_insensitive(true).unicode(false).build().unwrap();
            let slots = chunk.slots_that_may_have(&regex);
            for (slot, may_have) in (0..chunk.len()).zip(slots) {
                let item = chunk.item(slot).unwrap();
                let has = |text: &[u8]| regex.is_match(text) || !text.is_ascii();
                let has = [item.id, item.name.as_bytes(), item.description.as_bytes()].map(has).contains(&true);
                prop_assert!(may_have || !has, "{slot}: {item:?}");
            }
        }
    }
}
