//! The page with the shop's settings: what is asked, what is typed, and what became of it.

use super::Updater;
use crate::config::keymap::Motion;
use crate::model::text;
use crate::store::{RepeatError, Shop, ShopChange, ShopField, ShopFlaw};
use crate::tui::staff::layout::settings::{place_of, setting_name, setting_text};
use crate::tui::staff::message::{DeskJob, StaffEffect};
use crate::tui::staff::state::StaffMode;
use crate::tui::staff::state::prompt::StaffAsked;
use crate::tui::update::motion::moved;
use strum::VariantArray;
use tui_input::Input;

impl Updater<'_> {
    pub(super) fn move_in_settings(&mut self, motion: Motion) {
        let fields = ShopField::VARIANTS;
        let row = place_of(self.state.settings.field);
        let row = moved(row, fields.len(), fields.len(), motion, 1);
        self.state.settings.field = fields.get(row).copied().unwrap_or_default();
    }

    /// Asks for the selected setting.
    pub(super) fn ask_setting(&mut self) {
        let field = self.state.settings.field;
        if self.refuse_offline("the shop", "changed") {
            return;
        }
        let seen = setting_text(&self.state.shop, field);
        self.open(StaffMode::Prompt {
            asked: StaffAsked::Setting(field, seen.clone()),
            input: Input::new(seen),
        });
    }

    /// Takes in what was typed for a setting.
    pub(super) fn answer_setting(&mut self, field: ShopField, seen: &str, typed: &str) {
        let typed = typed.trim();
        if typed == seen || self.refuse_offline("the shop", "changed") {
            return;
        }

        let mut change = ShopChange::default();
        match change.set(field.name(), typed) {
            Ok(()) => {
                self.state.settings.saving.push(field);
                let job = DeskJob::Shop(field, change);
                self.effects.push(StaffEffect::Desk(job));
            }
            // These sentences say all themselves.
            Err(
                flaw @ (ShopFlaw::Example(_)
                | ShopFlaw::NotYesOrNo(_)
                | ShopFlaw::NoZone(_)
                | ShopFlaw::NoHours(_)),
            ) => self.refuse(flaw.to_string()),
            Err(flaw) => self.refuse(format!("{}: {flaw}", setting_name(field))),
        }
    }

    /// Takes in the settings of the shop as they are.
    pub(super) fn set_shop(&mut self, mut shop: Shop) {
        self.state.env.display.fit_currency(&mut shop.currency);
        self.state.shop = shop;
    }

    /// Takes in what became of a change of the settings.
    pub(super) fn on_shop_set(&mut self, field: ShopField, outcome: Result<Shop, RepeatError>) {
        let saving = &mut self.state.settings.saving;
        if let Some(place) = saving.iter().position(|other| *other == field) {
            saving.remove(place);
        }

        let name = setting_name(field);
        match outcome {
            Ok(shop) => {
                self.set_shop(shop);
                let now = setting_text(&self.state.shop, field);
                let now = text::truncate(&text::shown(&now), 40);
                self.notify_info(match now.as_str() {
                    "" => format!("{name} is empty now"),
                    now => format!("{name}: {now}"),
                });
            }
            Err(error) => self.refuse_failed_change(name, "the shop", error),
        }
    }
}
