//! The questions on the message line.

use crate::model::ProductId;
use crate::model::product::ProductField;
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

/// A change that met that of somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CollidingEdit {
    /// A change of a field of a product.
    Field(FieldEdit),
    /// A change of a setting of the shop.
    Setting(ShopEdit),
}

/// A change of what somebody else has changed since it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collision {
    /// The change, by what is seen now.
    pub edit: CollidingEdit,
    /// The question whether to make it all the same.
    pub words: String,
}
