//! Recognises the exports of other programs by their columns, and maps the columns of any file to
//! the fields of products. Nothing here reads a row.

use super::COLUMNS;
use crate::catalog_file::check::{RowError, column, excerpt};
use std::collections::HashMap;

/// Indexes into [`COLUMNS`].
pub(crate) const ID: usize = 0;
pub(crate) const NAME: usize = 1;
const PRICE: usize = 2;
pub(crate) const CATEGORY: usize = 3;
const UNIT: usize = 4;
pub(crate) const STOCK: usize = 5;
pub(crate) const DESCRIPTION: usize = 6;
pub(crate) const BARCODE: usize = 7;

/// The meaning of a column for a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A field as it stands, by its index in [`COLUMNS`].
    Field(usize),
    /// An id with characters that have no place in one of this program's.
    Code,
    /// A number that is the id where there is no other, and by which a variant may name its
    /// product: `id:45`.
    Number,
    /// Bar codes, among which may be what is none.
    Barcodes,
    /// The same; the first is the id where there is no other.
    BarcodesOrId,
    /// A field in HTML.
    Html(usize),
    /// A category below others: its last part counts, behind this separator.
    Path(&'static str),
    /// Several such categories behind commas, of which the first counts.
    Paths,
    /// The product of which this row is a variant: rows without a name take that of the last
    /// row with the same handle.
    Handle,
    /// The row of which this one is a variant, by its id.
    Parent,
    /// The kind of a row: `variable` and `grouped` are headings, `variation` has a parent.
    Kind,
    /// A choice that makes a variant, such as its size; this value says that there is none.
    Choice(&'static str),
    /// Several choices behind commas, each with its name: `Size: L,Color: Red`.
    Choices,
    /// A state; in one of these a product is not for sale.
    Hidden(&'static [&'static str]),
    /// The stock is not counted where this is empty.
    Tracker,
    /// Where it is `continue`, pieces are sold beyond the stock.
    Policy,
    /// Where it is `0` and no stock is given, nothing is left.
    InStock,
}

impl Meaning {
    /// The name of the column for an error.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Meaning::Field(field) | Meaning::Html(field) => COLUMNS[field],
            Meaning::Code | Meaning::Number => COLUMNS[ID],
            Meaning::Barcodes | Meaning::BarcodesOrId => COLUMNS[BARCODE],
            Meaning::Path(_) | Meaning::Paths => COLUMNS[CATEGORY],
            Meaning::Handle => "handle",
            Meaning::Parent => "parent",
            Meaning::Kind => "type",
            Meaning::Choice(_) | Meaning::Choices => "option",
            Meaning::Hidden(_) => "status",
            Meaning::Tracker | Meaning::Policy | Meaning::InStock => COLUMNS[STOCK],
        }
    }
}

/// A kind of export that is recognised.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct KnownFormat {
    /// Its name in JSON documents.
    pub(crate) code: &'static str,
    /// Its name for people.
    pub(crate) name: &'static str,
    /// Columns that prove it: all of one set.
    proofs: &'static [&'static [&'static str]],
    /// The columns that are read. Where several have one meaning, the first that isn't empty
    /// counts. A name that ends with `*` stands for the one column that begins so.
    columns: &'static [(&'static str, Meaning)],
}

/// All formats that are recognised. Letter case doesn't matter.
const FORMATS: [KnownFormat; 5] = [
    KnownFormat {
        code: "shopify",
        name: "Shopify",
        proofs: &[
            &["handle", "title", "variant price"],
            &["url handle", "title", "price"],
        ],
        columns: &[
            ("handle", Meaning::Handle),
            ("url handle", Meaning::Handle),
            ("variant sku", Meaning::Code),
            ("sku", Meaning::Code),
            ("variant barcode", Meaning::Barcodes),
            ("barcode", Meaning::Barcodes),
            ("title", Meaning::Field(NAME)),
            ("option1 value", Meaning::Choice("Default Title")),
            ("option2 value", Meaning::Choice("Default Title")),
            ("option3 value", Meaning::Choice("Default Title")),
            ("variant price", Meaning::Field(PRICE)),
            ("price", Meaning::Field(PRICE)),
            ("type", Meaning::Field(CATEGORY)),
            ("custom product type", Meaning::Field(CATEGORY)),
            ("product category", Meaning::Path(">")),
            ("standard product type", Meaning::Path(">")),
            ("variant inventory qty", Meaning::Field(STOCK)),
            ("inventory quantity", Meaning::Field(STOCK)),
            ("variant inventory tracker", Meaning::Tracker),
            ("inventory tracker", Meaning::Tracker),
            ("variant inventory policy", Meaning::Policy),
            ("continue selling when out of stock", Meaning::Policy),
            ("body (html)", Meaning::Html(DESCRIPTION)),
            ("description", Meaning::Html(DESCRIPTION)),
            ("status", Meaning::Hidden(&["draft", "archived"])),
        ],
    },
    KnownFormat {
        code: "woocommerce",
        name: "WooCommerce",
        proofs: &[&["type", "sku", "name", "regular price"]],
        columns: &[
            ("type", Meaning::Kind),
            ("parent", Meaning::Parent),
            ("published", Meaning::Hidden(&["0", "-1"])),
            ("sku", Meaning::Code),
            ("id", Meaning::Number),
            ("gtin, upc, ean, or isbn", Meaning::Barcodes),
            ("name", Meaning::Html(NAME)),
            ("attribute 1 value(s)", Meaning::Choice("")),
            ("attribute 2 value(s)", Meaning::Choice("")),
            ("attribute 3 value(s)", Meaning::Choice("")),
            ("attribute 4 value(s)", Meaning::Choice("")),
            ("attribute 5 value(s)", Meaning::Choice("")),
            ("regular price", Meaning::Field(PRICE)),
            ("categories", Meaning::Paths),
            ("stock", Meaning::Field(STOCK)),
            ("in stock?", Meaning::InStock),
            ("description", Meaning::Html(DESCRIPTION)),
            ("short description", Meaning::Html(DESCRIPTION)),
        ],
    },
    KnownFormat {
        code: "square",
        name: "Square",
        proofs: &[&["item name", "variation name"]],
        columns: &[
            ("sku", Meaning::Code),
            ("token", Meaning::Code),
            ("gtin", Meaning::Barcodes),
            ("item name", Meaning::Field(NAME)),
            ("variation name", Meaning::Choice("Regular")),
            ("price", Meaning::Field(PRICE)),
            ("category", Meaning::Field(CATEGORY)),
            ("reporting category", Meaning::Path(">")),
            ("categories", Meaning::Paths),
            ("current quantity*", Meaning::Field(STOCK)),
            ("description", Meaning::Html(DESCRIPTION)),
            ("archived", Meaning::Hidden(&["y", "yes", "true", "1"])),
        ],
    },
    KnownFormat {
        code: "odoo",
        name: "Odoo",
        proofs: &[
            &["name", "list_price"],
            &["name", "lst_price"],
            &["name", "sales price"],
        ],
        columns: &[
            ("default_code", Meaning::Code),
            ("internal reference", Meaning::Code),
            ("barcode", Meaning::BarcodesOrId),
            ("id", Meaning::Code),
            ("external id", Meaning::Code),
            ("name", Meaning::Field(NAME)),
            ("product_template_variant_value_ids", Meaning::Choices),
            ("product_template_attribute_value_ids", Meaning::Choices),
            ("variant values", Meaning::Choices),
            ("attribute values", Meaning::Choices),
            ("lst_price", Meaning::Field(PRICE)),
            ("list_price", Meaning::Field(PRICE)),
            ("sales price", Meaning::Field(PRICE)),
            ("categ_id", Meaning::Path("/")),
            ("product category", Meaning::Path("/")),
            ("uom_id", Meaning::Field(UNIT)),
            ("unit of measure", Meaning::Field(UNIT)),
            ("qty_available", Meaning::Field(STOCK)),
            ("quantity on hand", Meaning::Field(STOCK)),
            ("description_sale", Meaning::Html(DESCRIPTION)),
            ("sales description", Meaning::Html(DESCRIPTION)),
        ],
    },
    KnownFormat {
        code: "openfoodfacts",
        name: "OpenFoodFacts",
        proofs: &[&["code", "product_name"]],
        columns: &[
            ("code", Meaning::BarcodesOrId),
            ("product_name", Meaning::Html(NAME)),
            ("main_category_en", Meaning::Field(CATEGORY)),
            ("categories_en", Meaning::Path(",")),
            ("categories", Meaning::Path(",")),
            ("quantity", Meaning::Field(UNIT)),
            ("generic_name", Meaning::Html(DESCRIPTION)),
        ],
    },
];

/// The way in which the columns of a file are taken.
#[derive(Debug, Clone, Default)]
pub struct ColumnRules {
    /// Columns with their fields, each by its index in [`COLUMNS`].
    map: Vec<(String, usize)>,
    /// Columns that are not known are passed over.
    ignore_unknown: bool,
}

impl ColumnRules {
    /// Rules by which each text like `title=name` maps a column to a field.
    ///
    /// # Errors
    /// The [`RowError`] of the first text that names no field.
    pub fn new(map: &[String], ignore_unknown: bool) -> Result<ColumnRules, RowError> {
        let map = map.iter().map(|pair| {
            // The name of a column may have an equals sign, and that of a field has none.
            let (name, field) = pair
                .rsplit_once('=')
                .ok_or_else(|| RowError::NoPair(excerpt(pair.trim())))?;
            Ok((folded(name), column(field)?))
        });
        Ok(ColumnRules {
            map: map.collect::<Result<_, RowError>>()?,
            ignore_unknown,
        })
    }

    /// Returns whether no column is mapped by hand.
    pub(crate) fn has_no_map(&self) -> bool {
        self.map.is_empty()
    }
}

/// The meanings of a file's columns.
#[derive(Debug)]
pub(crate) enum Layout {
    /// This program's own columns, by their indexes in [`COLUMNS`]; `None` is passed over.
    Own(Vec<Option<usize>>),
    /// Columns of other programs.
    Mapped(Mapping),
}

impl Layout {
    /// The number of columns of the file.
    pub(crate) fn width(&self) -> usize {
        match self {
            Layout::Own(columns) => columns.len(),
            Layout::Mapped(mapping) => mapping.width,
        }
    }
}

/// The columns of another program that are read.
#[derive(Debug)]
pub(crate) struct Mapping {
    /// The export that was recognised; `None` where all columns were named by hand.
    pub(crate) format: Option<&'static KnownFormat>,
    /// Indexes of columns with their meanings, those that count first in front.
    pub(crate) columns: Vec<(usize, Meaning)>,
    /// The number of columns of the file.
    pub(crate) width: usize,
}

/// The facts about a file's columns that somebody is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnFacts {
    /// The code of the export that was recognised, and its name.
    pub format: Option<(&'static str, &'static str)>,
    /// The columns that are passed over, clean.
    pub passed_over: Vec<String>,
}

impl ColumnFacts {
    /// Returns whether all columns are this program's own.
    pub(crate) fn are_plain(&self) -> bool {
        self.format.is_none() && self.passed_over.is_empty()
    }
}

/// The holder of the names that are mapped.
#[derive(Debug, Clone, Copy)]
pub(crate) enum NamesOf {
    /// A whole file.
    File,
    /// One object of a file, in which columns may be missing.
    Object,
}

/// Maps the columns of a file with these names.
///
/// # Errors
/// A [`RowError`] for names that are unknown, missing, or there twice.
pub(crate) fn layout(
    names: &[String],
    rules: &ColumnRules,
    holder: NamesOf,
) -> Result<(Layout, ColumnFacts), RowError> {
    let own: Vec<Result<usize, RowError>> = names.iter().map(|name| column(name)).collect();
    let are_all_own = own.iter().all(Result::is_ok);
    let header = Header::new(names);

    let format = if are_all_own {
        None
    } else {
        FORMATS.iter().find(|format| header.proves(format))
    };
    if format.is_none() && rules.map.is_empty() {
        return own_layout(names, own, rules);
    }

    let mut columns = header.mapped(rules, holder)?;
    if let Some(format) = format {
        header.add_known(format, &mut columns)?;
    }
    // A field under this program's own name counts less than what was said about it.
    let said = columns.len();
    let mut is_taken = [false; COLUMNS.len()];
    for (index, name) in own.iter().enumerate() {
        if let Ok(field) = name
            && columns[..said].iter().all(|(known, _)| *known != index)
        {
            if std::mem::replace(&mut is_taken[*field], true) {
                return Err(RowError::Twice(COLUMNS[*field]));
            }
            columns.push((index, Meaning::Field(*field)));
        }
    }

    let has_id = columns.iter().any(|(_, meaning)| {
        matches!(
            meaning,
            Meaning::Field(ID) | Meaning::Code | Meaning::BarcodesOrId | Meaning::Handle
        )
    });
    if !has_id {
        return Err(RowError::NoId);
    }

    let rest = (0..names.len()).filter(|index| columns.iter().all(|(known, _)| known != index));
    let rest: Vec<usize> = rest.collect();
    if format.is_none() && !rules.ignore_unknown {
        unknown(rest.iter().filter_map(|index| own[*index].as_ref().err()))?;
    }

    let facts = ColumnFacts {
        format: format.map(|format| (format.code, format.name)),
        passed_over: rest
            .iter()
            .map(|index| excerpt(names[*index].trim()))
            .filter(|name| !name.is_empty())
            .collect(),
    };
    let mapping = Mapping {
        format,
        columns,
        width: names.len(),
    };
    Ok((Layout::Mapped(mapping), facts))
}

/// The layout of a file with this program's own columns.
fn own_layout(
    names: &[String],
    own: Vec<Result<usize, RowError>>,
    rules: &ColumnRules,
) -> Result<(Layout, ColumnFacts), RowError> {
    if !rules.ignore_unknown {
        unknown(own.iter().filter_map(|name| name.as_ref().err()))?;
    }

    let mut is_taken = [false; COLUMNS.len()];
    let mut columns = Vec::with_capacity(names.len());
    let mut facts = ColumnFacts::default();
    for (name, field) in names.iter().zip(own) {
        match field {
            Ok(field) if is_taken[field] => return Err(RowError::Twice(COLUMNS[field])),
            Ok(field) => is_taken[field] = true,
            Err(RowError::NamelessColumn) => {}
            Err(_) => facts.passed_over.push(excerpt(name.trim())),
        }
        columns.push(field.ok());
    }

    if is_taken[ID] {
        Ok((Layout::Own(columns), facts))
    } else {
        Err(RowError::NoId)
    }
}

/// Fails where there are errors of unknown columns: one says which may have been meant, several
/// are listed.
fn unknown<'a>(errors: impl Iterator<Item = &'a RowError>) -> Result<(), RowError> {
    let errors: Vec<&RowError> = errors.collect();
    if let [] | [_] = errors[..] {
        return errors.first().map_or(Ok(()), |error| Err((*error).clone()));
    }

    let names = errors.iter().map(|error| match error {
        RowError::UnknownColumn { name, .. } => name.clone(),
        // It has no name.
        _ => String::new(),
    });
    Err(RowError::UnknownColumns(names.collect()))
}

/// The names of a file's columns, each with the places where it stands.
struct Header {
    places: HashMap<String, Vec<usize>>,
}

impl Header {
    fn new(names: &[String]) -> Header {
        let mut places: HashMap<String, Vec<usize>> = HashMap::with_capacity(names.len());
        for (index, name) in names.iter().enumerate() {
            places.entry(folded(name)).or_default().push(index);
        }
        Header { places }
    }

    fn proves(&self, format: &KnownFormat) -> bool {
        let mut proofs = format.proofs.iter();
        proofs.any(|names| names.iter().all(|name| self.places.contains_key(*name)))
    }

    /// The place of the column with this name; `None` where there is none. A name that ends with
    /// `*` must fit exactly one, as it can't be known which of several is meant.
    fn place(&self, name: &str) -> Result<Option<usize>, RowError> {
        if let Some(start) = name.strip_suffix('*') {
            let mut fitting = self
                .places
                .iter()
                .filter(|(name, _)| name.starts_with(start))
                .flat_map(|(_, places)| places);
            let first = fitting.next();
            return Ok(first.copied().filter(|_| fitting.next().is_none()));
        }

        match self.places.get(name).map(Vec::as_slice) {
            None | Some([]) => Ok(None),
            Some([place]) => Ok(Some(*place)),
            Some(_) => Err(RowError::NameTwice(excerpt(name.trim()))),
        }
    }

    /// The columns that are mapped by hand.
    fn mapped(
        &self,
        rules: &ColumnRules,
        holder: NamesOf,
    ) -> Result<Vec<(usize, Meaning)>, RowError> {
        let mut columns = Vec::with_capacity(rules.map.len());
        for (name, field) in &rules.map {
            match (self.place(name)?, holder) {
                (Some(place), _) => columns.push((place, Meaning::Field(*field))),
                (None, NamesOf::File) => return Err(RowError::NoSuchColumn(excerpt(name.trim()))),
                (None, NamesOf::Object) => {}
            }
        }
        Ok(columns)
    }

    /// Adds the columns of a known format that are not mapped by hand.
    fn add_known(
        &self,
        format: &KnownFormat,
        columns: &mut Vec<(usize, Meaning)>,
    ) -> Result<(), RowError> {
        for (name, meaning) in format.columns {
            if let Some(place) = self.place(name)?
                && columns.iter().all(|(known, _)| *known != place)
            {
                columns.push((place, *meaning));
            }
        }
        Ok(())
    }
}

/// A name of a column as it is compared.
fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(header: &str) -> Vec<String> {
        header.split(',').map(str::to_owned).collect()
    }

    fn mapping(header: &str) -> Mapping {
        match layout(&names(header), &ColumnRules::default(), NamesOf::File) {
            Ok((Layout::Mapped(mapping), _)) => mapping,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn indexes_are_those_of_the_columns() {
        let indexes = [ID, NAME, PRICE, CATEGORY, UNIT, STOCK, DESCRIPTION, BARCODE];
        let named = indexes.map(|index| COLUMNS[index]);
        assert_eq!(
            named,
            [
                "id",
                "name",
                "price",
                "category",
                "unit",
                "stock",
                "description",
                "barcode"
            ]
        );
    }

    #[test]
    fn each_format_is_proved_by_its_own_columns_alone() {
        for format in &FORMATS {
            for proof in format.proofs {
                let header = proof.join(",").to_uppercase();
                let known = Header::new(&names(&header));
                let proved = FORMATS.iter().filter(|format| known.proves(format));
                let proved: Vec<&str> = proved.map(|format| format.code).collect();
                assert_eq!(proved, [format.code], "{header}");

                // All that proves it is there to be read.
                for name in *proof {
                    assert!(
                        format.columns.iter().any(|(column, _)| column == name),
                        "{name}"
                    );
                }
            }
        }
        let own = layout(
            &names("id,name,price,category,unit,stock,description,barcode"),
            &ColumnRules::default(),
            NamesOf::File,
        );
        assert!(matches!(own, Ok((Layout::Own(_), _))), "{own:?}");
    }

    fn columns_of_stock(header: &str) -> usize {
        let columns = mapping(header).columns;
        let stocks = columns
            .iter()
            .filter(|(_, meaning)| *meaning == Meaning::Field(STOCK));
        stocks.count()
    }

    #[test]
    fn the_stock_of_several_places_is_not_guessed() {
        let start = "Token,Item Name,Variation Name,Price,Current Quantity Main St";
        assert_eq!(columns_of_stock(start), 1);
        assert_eq!(
            columns_of_stock(&format!("{start},Current Quantity Old Town")),
            0
        );
    }

    #[test]
    fn a_column_that_counts_must_stand_there_once() {
        let rules = ColumnRules::default();
        for (header, flaw) in [
            (
                "Handle,Title,Variant Price,title",
                RowError::NameTwice("title".into()),
            ),
            ("code,product_name,price,Price", RowError::Twice("price")),
            (
                "Title,Variant Price,foo",
                RowError::UnknownColumns(names("Title,Variant Price,foo")),
            ),
        ] {
            let said = layout(&names(header), &rules, NamesOf::File);
            assert_eq!(said.map(drop), Err(flaw));
        }
    }
}
