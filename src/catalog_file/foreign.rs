//! Makes products of the rows that other programs export: variants take the name of their product
//! and get an id, headings and drafts are passed over.

use super::COLUMNS;
use crate::catalog_file::check::{ProductRow, RowError, checked, excerpt};
use crate::catalog_file::formats::{
    BARCODE, CATEGORY, DESCRIPTION, ID, Mapping, Meaning, NAME, STOCK,
};
use crate::catalog_file::html;
use crate::model::barcode;
use crate::model::text;
use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The bytes of products that are remembered for their variants.
const MOST_REMEMBERED: usize = 16 * 1024 * 1024;

/// A row of a file.
#[derive(Debug)]
pub(crate) enum ForeignRow {
    /// A product.
    Product(ProductRow),
    /// No product of its own, or none that is for sale.
    PassedOver,
    /// A row without any value that is read.
    Empty,
}

/// The products of the rows before, and the ids that they had.
#[derive(Debug, Default)]
pub(crate) struct ForeignRows {
    /// Products that may have variants, by their handles or ids.
    products: HashMap<String, Heading>,
    /// The bytes of these products.
    remembered: usize,
    /// Hashes of all ids, with the lines on which they stood.
    ids: HashMap<u64, u64>,
}

/// The words of a product that hold for all of its variants.
#[derive(Debug, Clone, Default)]
struct Heading {
    name: Option<String>,
    category: Option<String>,
    description: Option<String>,
    is_hidden: bool,
}

impl ForeignRows {
    /// Reads one row. `value` gives the text of a column by its index; its name is for an error.
    ///
    /// # Errors
    /// The [`RowError`] that was found.
    pub(crate) fn read<'a>(
        &mut self,
        line: u64,
        mapping: &Mapping,
        mut value: impl FnMut(usize, &'static str) -> Result<Cow<'a, str>, RowError>,
    ) -> Result<ForeignRow, RowError> {
        let mut cells = Cells::default();
        for (index, meaning) in &mapping.columns {
            cells.put(*meaning, value(*index, meaning.name())?);
        }
        if cells.is_empty {
            return Ok(ForeignRow::Empty);
        }

        if !self.join(&mut cells)? || cells.is_hidden {
            return Ok(ForeignRow::PassedOver);
        }
        cells.count_stock();
        cells.make_id();
        cells.drop_code_of_id();
        if mapping.format.is_some() {
            self.note_id(line, &cells)?;
        }
        cells.name_choices();
        checked(line, cells.fields).map(ForeignRow::Product)
    }

    /// Joins a row with the product that it belongs to; returns whether it is a product itself.
    fn join(&mut self, cells: &mut Cells<'_>) -> Result<bool, RowError> {
        if cells.is_heading() {
            self.remember(format!("id:{}", cells.number.trim()), cells.heading());
            if let Some(id) = cells.filled(ID) {
                self.remember(id.to_owned(), cells.heading());
            }
            return Ok(false);
        }

        if cells.has_kind("variation") {
            let parent = clean_id(&cells.parent);
            match self.products.get(&parent) {
                Some(heading) => cells.inherit(heading),
                None => return Err(RowError::NoParent(excerpt(&parent))),
            }
        } else if !cells.kinds.is_empty() {
            // Its attributes are no choices.
            cells.choices.clear();
        } else if !cells.handle.is_empty() {
            if cells.filled(NAME).is_some() {
                let handle = cells.handle.to_string();
                self.remember(handle, cells.heading());
            } else if let Some(heading) = self.products.get(&*cells.handle) {
                cells.inherit(heading);
            }
        }
        Ok(true)
    }

    /// Remembers a product for its variants. They come soon: where there are too many products,
    /// those before are forgotten.
    fn remember(&mut self, key: String, heading: Heading) {
        let bytes = key.len() + heading.bytes();
        if self.remembered + bytes > MOST_REMEMBERED {
            self.products.clear();
            self.remembered = 0;
        }
        self.remembered += bytes;
        self.products.insert(key, heading);
    }

    /// Refuses an id that another row of the file has, too: one of the two products would be lost.
    fn note_id(&mut self, line: u64, cells: &Cells<'_>) -> Result<(), RowError> {
        let Some(id) = cells.filled(ID) else {
            return Ok(());
        };

        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        match self.ids.entry(hasher.finish()) {
            Entry::Occupied(first) => Err(RowError::SameId {
                id: excerpt(id),
                line: *first.get(),
            }),
            Entry::Vacant(place) => {
                place.insert(line);
                Ok(())
            }
        }
    }
}

impl Heading {
    fn bytes(&self) -> usize {
        let texts = [&self.name, &self.category, &self.description];
        texts.into_iter().flatten().map(String::len).sum()
    }
}

/// The values of a row by their meaning.
struct Cells<'a> {
    fields: [Option<Cow<'a, str>>; COLUMNS.len()],
    handle: Cow<'a, str>,
    number: Cow<'a, str>,
    parent: Cow<'a, str>,
    kinds: Cow<'a, str>,
    choices: Vec<String>,
    is_hidden: bool,
    /// The stock is not counted, or pieces are sold beyond it.
    is_unlimited: bool,
    /// Nothing is left, where no stock is given.
    is_sold_out: bool,
    /// No value but a handle was put in.
    is_empty: bool,
}

impl Default for Cells<'_> {
    fn default() -> Self {
        Cells {
            fields: [const { None }; COLUMNS.len()],
            handle: Cow::Borrowed(""),
            number: Cow::Borrowed(""),
            parent: Cow::Borrowed(""),
            kinds: Cow::Borrowed(""),
            choices: Vec::new(),
            is_hidden: false,
            is_unlimited: false,
            is_sold_out: false,
            is_empty: true,
        }
    }
}

impl<'a> Cells<'a> {
    /// Puts in the value of a column.
    fn put(&mut self, meaning: Meaning, value: Cow<'a, str>) {
        let trimmed = value.trim();
        self.is_empty &= trimmed.is_empty() || meaning == Meaning::Handle;

        match meaning {
            Meaning::Field(field) => self.put_field(field, value),
            Meaning::Code => self.put_field(ID, Cow::Owned(clean_id(trimmed))),
            Meaning::Number => {
                self.put_field(ID, Cow::Owned(clean_id(trimmed)));
                self.number = value;
            }
            Meaning::Barcodes => self.put_field(BARCODE, Cow::Owned(barcodes_in(trimmed))),
            Meaning::BarcodesOrId => {
                self.put_field(ID, Cow::Owned(clean_id(trimmed)));
                self.put_field(BARCODE, Cow::Owned(barcodes_in(trimmed)));
            }
            Meaning::Html(field) => {
                // WooCommerce writes the ends of lines as escapes.
                let text = html::text_of(&value.replace("\\n", "\n"));
                self.put_field(field, Cow::Owned(text));
            }
            Meaning::Path(separator) => {
                let category = last_part(trimmed, separator).to_owned();
                self.put_field(CATEGORY, Cow::Owned(category));
            }
            Meaning::Paths => {
                let category = last_part(&first_of_list(trimmed), ">").to_owned();
                self.put_field(CATEGORY, Cow::Owned(category));
            }
            Meaning::Handle => self.handle = Cow::Owned(trimmed.to_owned()),
            Meaning::Parent => self.parent = value,
            Meaning::Kind => self.kinds = value,
            Meaning::Choice(none) if trimmed == none => {}
            Meaning::Choice(_) => self.put_choice(trimmed),
            Meaning::Choices => {
                for choice in trimmed.split(',') {
                    self.put_choice(last_part(choice, ":"));
                }
            }
            Meaning::Hidden(states) => {
                self.is_hidden |= states
                    .iter()
                    .any(|state| state.eq_ignore_ascii_case(trimmed));
            }
            Meaning::Tracker => self.is_unlimited |= trimmed.is_empty(),
            Meaning::Policy => {
                let goes_on = ["continue", "true", "yes"];
                self.is_unlimited |= goes_on
                    .iter()
                    .any(|policy| policy.eq_ignore_ascii_case(trimmed));
            }
            Meaning::InStock => self.is_sold_out |= trimmed == "0",
        }
    }

    /// Puts in a field, unless a column that counts more has filled it.
    fn put_field(&mut self, field: usize, value: Cow<'a, str>) {
        if self.filled(field).is_none() {
            self.fields[field] = Some(value);
        }
    }

    fn put_choice(&mut self, choice: &str) {
        if !choice.is_empty() {
            self.choices.push(choice.to_owned());
        }
    }

    /// The value of a field that is not empty.
    fn filled(&self, field: usize) -> Option<&str> {
        self.fields[field]
            .as_deref()
            .filter(|value| !value.trim().is_empty())
    }

    fn has_kind(&self, kind: &str) -> bool {
        self.kinds
            .split(',')
            .any(|one| one.trim().eq_ignore_ascii_case(kind))
    }

    /// Returns whether the row only heads the products that follow.
    fn is_heading(&self) -> bool {
        self.has_kind("variable") || self.has_kind("grouped")
    }

    fn heading(&self) -> Heading {
        Heading {
            name: self.filled(NAME).map(str::to_owned),
            category: self.filled(CATEGORY).map(str::to_owned),
            description: self.filled(DESCRIPTION).map(str::to_owned),
            is_hidden: self.is_hidden,
        }
    }

    /// Takes from the product what a variant leaves open.
    fn inherit(&mut self, heading: &Heading) {
        for (field, value) in [
            (NAME, &heading.name),
            (CATEGORY, &heading.category),
            (DESCRIPTION, &heading.description),
        ] {
            if let (None, Some(value)) = (self.filled(field), value) {
                self.fields[field] = Some(Cow::Owned(value.clone()));
            }
        }
        self.is_hidden |= heading.is_hidden;
    }

    /// Makes the stock of what its columns say.
    fn count_stock(&mut self) {
        if self.is_unlimited {
            self.fields[STOCK] = Some(Cow::Borrowed(""));
        } else if self.is_sold_out && self.filled(STOCK).is_none() {
            self.fields[STOCK] = Some(Cow::Borrowed("0"));
        }
    }

    /// Makes an id of the handle and the choices, where the row has none of its own.
    fn make_id(&mut self) {
        if self.filled(ID).is_some() || self.handle.is_empty() {
            return;
        }
        let parts = std::iter::once(&*self.handle).chain(self.choices.iter().map(String::as_str));
        let id: Vec<String> = parts.map(slug).collect();
        self.fields[ID] = Some(Cow::Owned(id.join("-")));
    }

    /// Leaves out a bar code that is the id: a product is found by that already.
    fn drop_code_of_id(&mut self) {
        if self.fields[BARCODE] == self.fields[ID] {
            self.fields[BARCODE] = None;
        }
    }

    /// Adds the choices to the name, unless the program has done so.
    fn name_choices(&mut self) {
        if self.choices.is_empty() {
            return;
        }
        let choices = self.choices.join(", ");
        if let Some(name) = self.filled(NAME)
            && !name.ends_with(&format!("- {choices}"))
        {
            self.fields[NAME] = Some(Cow::Owned(format!("{}, {choices}", name.trim_end())));
        }
    }
}

/// The part behind the last separator.
fn last_part<'t>(path: &'t str, separator: &str) -> &'t str {
    path.rsplit(separator).next().unwrap_or_default().trim()
}

/// The first item of a list with commas; one with a backslash before it is a part of the item.
fn first_of_list(list: &str) -> String {
    let mut item = String::new();
    for part in list.split(',') {
        item.push_str(part);
        if !part.ends_with('\\') {
            break;
        }
        item.pop();
        item.push(',');
    }
    item
}

/// An id without what an id can't have. Programs put an apostrophe before what a spreadsheet would
/// take for a number or a formula.
fn clean_id(id: &str) -> String {
    let id = id.trim();
    let id = id.strip_prefix('\'').unwrap_or(id);
    let clean = text::sanitize_to(id.as_bytes(), id.len());
    let clean = text::shown(&clean).replace(['{', '}', text::MARK], "-");
    clean.trim().to_owned()
}

/// The bar codes in a cell, with blanks between. Programs part them by commas, and write hyphens
/// within them; a number that a spreadsheet has rounded is none.
fn barcodes_in(cell: &str) -> String {
    let codes = cell.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|'));
    let codes = codes.map(|code| clean_id(code).replace('-', ""));
    let codes: Vec<String> = codes.filter(|code| barcode::is_code(code)).collect();
    codes.join(" ")
}

/// A text as a part of an id: its letters and digits, small, with hyphens between the words.
fn slug(text: &str) -> String {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    words.join("-")
}
