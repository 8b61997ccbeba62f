//! The settings of the shop, as their page shows them.

use crate::store::ShopField;

/// The settings of the shop, and how they show.
#[derive(Debug, Default)]
pub struct SettingsState {
    /// The selected setting.
    pub field: ShopField,
    /// The settings that are being changed.
    pub saving: Vec<ShopField>,
}
