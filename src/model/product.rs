//! Products.

use super::{Item, Money, Refusal, text};
use std::borrow::Cow;
use std::fmt;
use strum::VariantArray;

/// The longest product id or name that a shopper may ask for, in bytes.
pub(crate) const LONGEST_NAME: usize = 256;

/// The longest text of a product besides its name, in bytes.
pub(crate) const LONGEST_TEXT: usize = 10_000;

/// The most digits of a stock: scripts count in floating point numbers, which are exact up to
/// there. What has more can't be ordered.
pub(crate) const STOCK_DIGITS: usize = 15;

/// A product's id: what follows `product:` in its key and stands in a cart. Any bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProductId(Box<[u8]>);

impl ProductId {
    /// An id as Redis holds it; it may be anything.
    #[must_use]
    pub fn stored(bytes: &[u8]) -> ProductId {
        ProductId(bytes.into())
    }

    /// An id that somebody asks for.
    ///
    /// # Errors
    /// [`Refusal::NameTooLong`], and [`Refusal::UnknownProduct`] where it is empty.
    pub fn asked(typed: &str) -> Result<ProductId, Refusal> {
        match typed.len() {
            0 => Err(Refusal::UnknownProduct(String::new())),
            length if length > LONGEST_NAME => Err(Refusal::NameTooLong {
                length,
                limit: LONGEST_NAME,
            }),
            _ => Ok(ProductId(typed.as_bytes().into())),
        }
    }

    /// The id as Redis holds it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for ProductId {
    /// Cleaned, so it can be shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&text::sanitize_to(&self.0, LONGEST_NAME))
    }
}

/// The shop's stock of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stock {
    /// It is made or ordered as needed.
    Unlimited,
    /// This many pieces are left.
    Left(u64),
    /// The stored stock can't be read.
    Unreadable,
}

/// A step by which a stock is changed, in pieces; shown as `+10` or `-3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StockStep {
    /// The stock grows by this number.
    Up(u64),
    /// The stock shrinks by this number.
    Down(u64),
}

impl fmt::Display for StockStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StockStep::Up(pieces) => write!(f, "+{pieces}"),
            StockStep::Down(pieces) => write!(f, "-{pieces}"),
        }
    }
}

impl StockStep {
    /// Reads a step; `None` where it has no sign, or is no number of pieces that a stock may have.
    #[must_use]
    pub fn parse(typed: &str) -> Option<StockStep> {
        let digits = typed.strip_prefix(['+', '-'])?;
        let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
        if !is_number || digits.len() > STOCK_DIGITS {
            return None;
        }

        let pieces = digits.parse().ok()?;
        match typed.starts_with('+') {
            true => Some(StockStep::Up(pieces)),
            false => Some(StockStep::Down(pieces)),
        }
    }
}

/// A product of the catalog. All text is clean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its id.
    pub id: ProductId,
    /// Its name; the id where it has none.
    pub name: Box<str>,
    /// Price of one unit; `None` where it is missing or can't be read.
    pub price: Option<Money>,
    /// Its category; may be empty.
    pub category: Box<str>,
    /// The unit of one piece: `250 g`, `each`; may be empty.
    pub unit: Box<str>,
    /// The pieces that the shop has.
    pub stock: Stock,
    /// One sentence about it; may be empty.
    pub description: Box<str>,
    /// Its bar codes, with blanks between; may be empty.
    pub barcode: Box<str>,
}

/// The fields of a product's hash, in the order in which they are read.
pub const FIELDS: [&str; 7] = [
    "name",
    "price",
    "category",
    "unit",
    "stock",
    "description",
    "barcode",
];

/// A field of a product, in the sequence of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, VariantArray)]
pub enum ProductField {
    /// Its name.
    #[default]
    Name,
    /// Its category.
    Category,
    /// The unit of one piece.
    Unit,
    /// The price of one unit.
    Price,
    /// The pieces that are left.
    Stock,
    /// Its bar codes.
    Barcode,
    /// One sentence about it.
    Description,
}

impl ProductField {
    /// Its place among [`FIELDS`].
    #[must_use]
    pub(crate) fn index(self) -> usize {
        match self {
            ProductField::Name => 0,
            ProductField::Price => 1,
            ProductField::Category => 2,
            ProductField::Unit => 3,
            ProductField::Stock => 4,
            ProductField::Description => 5,
            ProductField::Barcode => 6,
        }
    }

    /// Its name in the product's hash.
    #[must_use]
    pub fn name(self) -> &'static str {
        FIELDS.get(self.index()).copied().unwrap_or_default()
    }
}

/// A product as it is read, its text clean; what was clean already is borrowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// See [`Product`].
    pub name: Cow<'a, str>,
    /// See [`Product`].
    pub price: Option<Money>,
    /// See [`Product`].
    pub category: Cow<'a, str>,
    /// See [`Product`].
    pub unit: Cow<'a, str>,
    /// See [`Product`].
    pub stock: Stock,
    /// See [`Product`].
    pub description: Cow<'a, str>,
    /// See [`Product`].
    pub barcode: Cow<'a, str>,
}

impl<'a> Decoded<'a> {
    /// Reads the raw values of [`FIELDS`]; `None` where all are missing.
    #[must_use]
    pub fn read(id: &[u8], fields: [Option<&'a [u8]>; FIELDS.len()]) -> Option<Decoded<'a>> {
        Decoded::read_to(id, fields, text::LONGEST)
    }

    /// [`read`](Decoded::read) with texts of at most `longest` characters.
    fn read_to(
        id: &[u8],
        fields: [Option<&'a [u8]>; FIELDS.len()],
        longest: usize,
    ) -> Option<Decoded<'a>> {
        if fields.iter().all(Option::is_none) {
            return None;
        }

        let [name, price, category, unit, stock, description, barcode] = fields;
        let [name, category, unit, description, barcode] =
            [name, category, unit, description, barcode]
                .map(|raw| text::sanitized(raw.unwrap_or_default(), longest));
        let is_nameless = text::shown(&name).trim().is_empty();

        Some(Decoded {
            name: if is_nameless {
                text::sanitize_to(id, LONGEST_NAME).into()
            } else {
                name
            },
            price: price
                .and_then(|raw| std::str::from_utf8(raw).ok())
                .and_then(Money::parse),
            category,
            unit,
            stock: Stock::decode(stock),
            description,
            barcode,
        })
    }
}

impl Decoded<'_> {
    /// A field as it is written for people who change it: a price as a plain decimal, nothing for
    /// unlimited stock. Long texts are as short as in the catalog.
    #[must_use]
    pub(crate) fn text(&self, field: ProductField) -> Cow<'_, str> {
        match field {
            ProductField::Price => {
                let price = self.price.map(|price| price.to_string());
                price.unwrap_or_default().into()
            }
            ProductField::Stock => match self.stock {
                Stock::Left(left) => left.to_string().into(),
                Stock::Unlimited => "".into(),
                Stock::Unreadable => "?".into(),
            },
            ProductField::Name => shortened(&self.name),
            ProductField::Category => shortened(&self.category),
            ProductField::Unit => shortened(&self.unit),
            ProductField::Description => shortened(&self.description),
            ProductField::Barcode => shortened(&self.barcode),
        }
    }
}

/// A text as the catalog has it.
fn shortened(text: &str) -> Cow<'_, str> {
    text::sanitized(text.as_bytes(), text::LONGEST)
}

impl<'a> From<&'a Product> for Decoded<'a> {
    fn from(product: &'a Product) -> Decoded<'a> {
        Decoded {
            name: Cow::Borrowed(&product.name),
            price: product.price,
            category: Cow::Borrowed(&product.category),
            unit: Cow::Borrowed(&product.unit),
            stock: product.stock,
            description: Cow::Borrowed(&product.description),
            barcode: Cow::Borrowed(&product.barcode),
        }
    }
}

impl Product {
    /// A product from the raw values of [`FIELDS`]; `None` where all are missing.
    #[must_use]
    pub fn decode(id: ProductId, fields: [Option<&[u8]>; FIELDS.len()]) -> Option<Product> {
        let Decoded {
            name,
            price,
            category,
            unit,
            stock,
            description,
            barcode,
        } = Decoded::read_to(id.as_bytes(), fields, LONGEST_TEXT)?;

        let [name, category, unit, description, barcode] =
            [name, category, unit, description, barcode].map(|text| text.into_owned().into());

        Some(Product {
            id,
            name,
            price,
            category,
            unit,
            stock,
            description,
            barcode,
        })
    }

    /// Sets a field, as it would be read where it was stored so.
    pub(crate) fn set(&mut self, field: ProductField, value: &str) {
        let text = || value.into();
        match field {
            ProductField::Name => self.name = text(),
            ProductField::Category => self.category = text(),
            ProductField::Unit => self.unit = text(),
            ProductField::Price => self.price = Money::parse(value),
            ProductField::Stock => self.stock = Stock::decode(Some(value.as_bytes())),
            ProductField::Barcode => self.barcode = text(),
            ProductField::Description => self.description = text(),
        }
    }

    /// The same as the catalog shows it.
    #[must_use]
    pub fn item(&self) -> Item<'_> {
        Item {
            id: self.id.as_bytes(),
            name: &self.name,
            price: self.price,
            category: &self.category,
            unit: &self.unit,
            stock: self.stock,
            description: &self.description,
            barcode: &self.barcode,
        }
    }

    /// A product of which only the id is left.
    #[must_use]
    pub(crate) fn nameless(id: ProductId) -> Option<Product> {
        let name = id.to_string();
        let mut fields = [None; FIELDS.len()];
        fields[0] = Some(name.as_bytes());
        Product::decode(id, fields)
    }
}

/// The words for a product of which the shop has none.
pub(crate) const SOLD_OUT: &str = "sold out";
/// The words for a product without a price.
pub(crate) const WITHOUT_PRICE: &str = "no price";

/// The words for a stock that is too small: `only 3 left`, `none left`.
#[must_use]
pub fn only_left(left: u64) -> String {
    if left == 0 {
        "none left".to_owned()
    } else {
        format!("only {left} left")
    }
}

/// The beginning of a sentence about such a product: `Only 3 left of “Espresso”`.
#[must_use]
pub(crate) fn only_left_of(left: u64, name: &str) -> String {
    let words = text::capitalized(&only_left(left));
    format!("{words} of “{name}”")
}

impl Stock {
    /// True where the shop has none left.
    #[must_use]
    pub(crate) fn is_sold_out(self) -> bool {
        self == Stock::Left(0)
    }

    /// A word of warning where a cart holds more than the shop has.
    #[must_use]
    pub fn warning(self, in_cart: u32) -> Option<String> {
        match self {
            Stock::Left(left) if left == 0 || left < u64::from(in_cart) => Some(only_left(left)),
            Stock::Left(_) | Stock::Unlimited | Stock::Unreadable => None,
        }
    }

    fn decode(raw: Option<&[u8]>) -> Stock {
        match raw.map(std::str::from_utf8) {
            None | Some(Ok("")) => Stock::Unlimited,
            Some(Ok(text))
                if text.len() <= STOCK_DIGITS && text.bytes().all(|b| b.is_ascii_digit()) =>
            {
                text.parse().map_or(Stock::Unreadable, Stock::Left)
            }
            Some(_) => Stock::Unreadable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(name: Option<&str>, price: Option<&str>, stock: Option<&str>) -> Option<Product> {
        let raw = |text: Option<&'static str>| text.map(str::as_bytes);
        let leak = |text: Option<&str>| text.map(|t| &*Box::leak(t.to_owned().into_boxed_str()));
        Product::decode(
            ProductId::stored(b"x"),
            [
                raw(leak(name)),
                raw(leak(price)),
                None,
                None,
                raw(leak(stock)),
                None,
                None,
            ],
        )
    }

    #[test]
    fn malformed_products_are_marked_not_fatal() {
        assert_eq!(decode(None, None, None), None);
        let product = decode(None, Some("1.5.2"), Some("many")).unwrap();
        assert_eq!(
            (&*product.name, product.price, product.stock),
            ("x", None, Stock::Unreadable)
        );
        let product = decode(Some("\x1b[31mRed\n"), Some("2.40"), Some("")).unwrap();
        assert_eq!(&*product.name, "\u{FFFD}[31mRed");
        assert_eq!(product.price, Money::parse("2.40"));
        assert_eq!(product.stock, Stock::Unlimited);
        assert_eq!(
            decode(Some("a"), None, Some("-1")).unwrap().stock,
            Stock::Unreadable
        );
        assert_eq!(
            decode(Some("a"), None, Some("7")).unwrap().stock,
            Stock::Left(7)
        );
        assert_eq!(
            decode(Some("a"), None, Some("1000000000000000"))
                .unwrap()
                .stock,
            Stock::Unreadable
        );
    }
}
