//! The questions on the message line.

use crate::model::ProductId;
use crate::model::product::{ProductField, StockStep};
use crate::store::{FieldEdit, ShopEdit, ShopField};

/// The value that a prompt asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StaffAsked {
    /// A field of a product.
    Field(AskedField),
    /// A setting of the shop, which was so when it was asked for.
    Setting(ShopField, String),
}

/// A field that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedField {
    /// The product.
    pub product: ProductId,
    /// Its name.
    pub name: String,
    /// The field.
    pub field: ProductField,
    /// Its value when it was asked for.
    pub seen: String,
}

/// A change that somebody has typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypedEdit {
    /// A change of a field of a product.
    Field(FieldEdit),
    /// A step of the stock of a product.
    Step(ProductId, StockStep),
    /// A change of a setting of the shop.
    Setting(ShopEdit),
}

/// A change that was typed and is not saved. It is asked whether to save it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsavedEdit {
    /// The change, by what is seen now.
    pub edit: TypedEdit,
    /// The thing that it changes, in the question.
    pub what: String,
    /// The value that it sets, in the question.
    pub ours: String,
    /// The reason why it is not saved.
    pub reason: UnsavedReason,
}

/// The reason why a change is not saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnsavedReason {
    /// Somebody else has set this value since it was seen.
    Theirs(String),
    /// It was certainly not made; the words say why.
    NotMade(String),
}
