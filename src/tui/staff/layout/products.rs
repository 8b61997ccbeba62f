//! The places of what the products' page shows.

use crate::model::product::{Decoded, ProductField};
use crate::model::{Currency, Product, Stock, text};
use crate::tui::staff::state::StaffState;
use crate::tui::staff::state::products::ProductsPane;
use crate::tui::staff::state::prompt::AskedField;
use crate::tui::state::areas;
use crate::tui::state::areas::list_rows;
use ratatui::layout::{Margin, Rect};
use strum::VariantArray;

/// The most columns of a value within a message.
const WIDEST_VALUE: usize = 40;
/// The columns that a prompt leaves for what is typed.
const TYPING_ROOM: usize = 16;

/// The word before a field in the form, and in front of its prompt.
#[must_use]
pub(in crate::tui) fn label(field: ProductField) -> &'static str {
    match field {
        ProductField::Name => "Name",
        ProductField::Category => "Category",
        ProductField::Unit => "Unit",
        ProductField::Price => "Price",
        ProductField::Stock => "Stock",
        ProductField::Barcode => "Barcode",
        ProductField::Description => "About",
    }
}

/// A value in the words of a message.
#[must_use]
pub(in crate::tui) fn value_words(
    currency: &Currency,
    product: &Product,
    field: ProductField,
) -> String {
    let words = match (field, product.stock, product.price) {
        (ProductField::Price, _, Some(price)) => price.in_currency(currency),
        (ProductField::Stock, Stock::Left(0), _) => "none".to_owned(),
        (ProductField::Stock, Stock::Unlimited, _) => "unlimited".to_owned(),
        _ => Decoded::from(product).text(field).into_owned(),
    };
    match words.as_str() {
        "" => "empty".to_owned(),
        words => text::truncate(&text::shown(words), WIDEST_VALUE),
    }
}

/// The label of the prompt for a field, as long as the room before what is typed bears.
#[must_use]
pub(in crate::tui) fn prompt_label(state: &StaffState, asked: &AskedField, width: u16) -> String {
    let label = label(asked.field);
    let item = state.products.list.catalog.get(&asked.product);
    let now = item.map_or_else(String::new, |item| {
        let words = value_words(&state.shop.currency, &item.to_product(), asked.field);
        format!(", now {words}")
    });

    let name = &asked.name;
    let labels = match asked.field {
        ProductField::Stock => vec![
            format!("{label} of {name}{now} (+10 adds, -3 takes off, 40 or =40 sets)"),
            format!("{label} of {name}{now}"),
            format!("{label}{now}"),
        ],
        ProductField::Price => vec![format!("{label} of {name}{now}"), format!("{label}{now}")],
        ProductField::Name
        | ProductField::Category
        | ProductField::Unit
        | ProductField::Barcode
        | ProductField::Description => vec![format!("{label} of {name}")],
    };

    fitting_label(labels, label, width)
}

/// The first of some labels that leaves room for what is typed, else the shortest.
#[must_use]
pub(in crate::tui) fn fitting_label(labels: Vec<String>, shortest: &str, width: u16) -> String {
    let room = usize::from(width).saturating_sub(TYPING_ROOM);
    let mut labels = labels.into_iter();
    let fitting = labels.find(|label| text::width(label) <= room);
    format!(" {}: ", fitting.as_deref().unwrap_or(shortest))
}

/// The first of some entries of this height that shows, so that the selected one does.
#[must_use]
pub(in crate::tui) fn first_shown(selected: usize, height: u16, room: u16) -> usize {
    let shown = usize::from(room / height.max(1)).max(1);
    (selected + 1).saturating_sub(shown)
}

/// The row of a field in the form.
#[must_use]
pub(in crate::tui) fn row_of(field: ProductField) -> usize {
    let mut fields = ProductField::VARIANTS.iter();
    fields.position(|other| *other == field).unwrap_or(0)
}

/// The places of all that the page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tui) struct ProductsLayout {
    /// The frame of the list.
    pub(in crate::tui) list: Option<Rect>,
    /// The frame of the form.
    pub(in crate::tui) form: Option<Rect>,
}

impl ProductsLayout {
    /// The layout of the page as it is now: side by side, else what has the keyboard alone.
    #[must_use]
    pub(in crate::tui) fn of(state: &StaffState) -> ProductsLayout {
        let body = state.body();
        let (list, form) = match (areas::side_by_side(body), state.products.pane) {
            (Some((list, form)), _) => (Some(list), Some(form)),
            (None, ProductsPane::List) => (Some(body), None),
            (None, ProductsPane::Form) => (None, Some(body)),
        };
        ProductsLayout { list, form }
    }

    /// The rows of the products, below the headings.
    #[must_use]
    pub(in crate::tui) fn rows(&self) -> Rect {
        self.list.map_or(Rect::ZERO, list_rows)
    }

    /// The rows of the fields.
    #[must_use]
    pub(in crate::tui) fn fields(&self) -> Rect {
        let form = self.form.unwrap_or(Rect::ZERO);
        form.inner(Margin::new(1, 1))
    }

    /// The first field that shows, so that the selected one does.
    #[must_use]
    pub(in crate::tui) fn first_field(&self, selected: ProductField) -> usize {
        first_shown(row_of(selected), 1, self.fields().height)
    }
}
