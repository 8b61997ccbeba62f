//! The rows of the page with the shop's settings, and their words.

use crate::store::ShopField;
use crate::tui::staff::layout::products::{first_shown, fitting_label};
use crate::tui::staff::state::StaffState;
use ratatui::layout::{Margin, Rect};
use strum::VariantArray;

/// The rows of a setting where its value has no room beside its name.
const STACKED: u16 = 2;
/// The columns from which on a value stands beside its name.
const LEAST_FOR_BESIDE: u16 = 60;

/// The places of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tui) struct SettingsLayout {
    /// The frame.
    pub(in crate::tui) frame: Rect,
    /// Each value stands below its name.
    pub(in crate::tui) is_stacked: bool,
}

impl SettingsLayout {
    /// The layout of the page as it is now.
    #[must_use]
    pub(in crate::tui) fn of(state: &StaffState) -> SettingsLayout {
        let frame = state.body();
        let fields = u16::try_from(ShopField::VARIANTS.len()).unwrap_or(u16::MAX);
        let has_room = frame.height >= fields * STACKED + 2;
        SettingsLayout {
            frame,
            is_stacked: frame.width < LEAST_FOR_BESIDE && has_room,
        }
    }

    /// The area inside the frame.
    #[must_use]
    pub(in crate::tui) fn inner(&self) -> Rect {
        self.frame.inner(Margin::new(1, 1))
    }

    /// The rows that a setting takes.
    #[must_use]
    pub(in crate::tui) fn height(&self) -> u16 {
        if self.is_stacked { STACKED } else { 1 }
    }

    /// The first setting that shows, so that the selected one does.
    #[must_use]
    pub(in crate::tui) fn first(&self, selected: ShopField) -> usize {
        first_shown(index_of(selected), self.height(), self.inner().height)
    }

    /// The setting in this row of the frame.
    #[must_use]
    pub(in crate::tui) fn field_at(&self, selected: ShopField, row: usize) -> Option<ShopField> {
        let index = self.first(selected) + row / usize::from(self.height());
        ShopField::VARIANTS.get(index).copied()
    }

    /// The rows of a setting; none where it does not show.
    #[must_use]
    pub(in crate::tui) fn rows_of(&self, selected: ShopField, field: ShopField) -> Rect {
        let Some(index) = index_of(field).checked_sub(self.first(selected)) else {
            return Rect::ZERO;
        };
        let index = u16::try_from(index).unwrap_or(0);
        let inner = self.inner();
        let rows = Rect {
            y: inner.y + index * self.height(),
            height: self.height(),
            ..inner
        };
        rows.intersection(inner)
    }
}

/// The index of a setting among all.
#[must_use]
pub(in crate::tui) fn index_of(field: ShopField) -> usize {
    let mut fields = ShopField::VARIANTS.iter();
    fields.position(|other| *other == field).unwrap_or(0)
}

/// The name of a setting.
#[must_use]
pub(in crate::tui) fn setting_name(field: ShopField) -> &'static str {
    match field {
        ShopField::Name => "Name",
        ShopField::Money => "Money",
        ShopField::TimeZone => "Time zone",
        ShopField::Hours => "Hours",
        ShopField::ReceiptHead => "Receipt head",
        ShopField::ReceiptFoot => "Receipt foot",
        ShopField::BuyersCancel => "Buyers cancel",
    }
}

/// The hint beside a setting.
#[must_use]
pub(in crate::tui) fn setting_hint(field: ShopField) -> &'static str {
    match field {
        ShopField::Name => "",
        ShopField::Money => "a sample amount",
        ShopField::TimeZone => "empty: that of each computer",
        ShopField::Hours => "24, or 12 as in 6:05 pm",
        ShopField::ReceiptHead | ShopField::ReceiptFoot => "“ · ” starts a new line",
        ShopField::BuyersCancel => "until an order is accepted: yes or no",
    }
}

/// The label of the prompt for a setting.
#[must_use]
pub(in crate::tui) fn setting_label(field: ShopField, width: u16) -> String {
    let name = setting_name(field);
    let hint = match field {
        ShopField::Name => return fitting_label(Vec::new(), name, width),
        ShopField::Money => "an amount like 1,234.50 with its sign",
        ShopField::TimeZone => "like Europe/Berlin",
        ShopField::Hours => "24, 12",
        ShopField::ReceiptHead | ShopField::ReceiptFoot => setting_hint(field),
        ShopField::BuyersCancel => "yes, no",
    };
    fitting_label(vec![format!("{name} ({hint})")], name, width)
}
