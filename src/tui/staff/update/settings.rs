//! The page with the shop's settings: what is asked, what is typed, and what became of it.

use super::Updater;
use crate::config::keymap::Motion;
use crate::model::text;
use crate::store::{RepeatError, Shop, ShopChange, ShopEdit, ShopEdited, ShopField, ShopFlaw};
use crate::tui::staff::layout::settings::{index_of, setting_name};
use crate::tui::staff::message::{ProductsJob, StaffEffect};
use crate::tui::staff::state::StaffMode;
use crate::tui::staff::state::prompt::{StaffAsked, TypedEdit, UnsavedEdit, UnsavedReason};
use crate::tui::staff::update::editing::OFFLINE;
use crate::tui::state::{Notice, NoticeTopic, Tone, UnknownChange};
use crate::tui::update::motion::moved;
use strum::VariantArray;
use tui_input::Input;

impl Updater<'_> {
    pub(super) fn move_in_settings(&mut self, motion: Motion) {
        let fields = ShopField::VARIANTS;
        let row = index_of(self.state.settings.field);
        let row = moved(row, fields.len(), fields.len(), motion, 1);
        self.state.settings.field = fields.get(row).copied().unwrap_or_default();
    }

    /// Asks for the selected setting.
    pub(super) fn ask_setting(&mut self) {
        let field = self.state.settings.field;
        if self.refuse_offline("the shop", "changed") {
            return;
        }
        let seen = self.state.shop.text(field);
        self.open(StaffMode::Prompt {
            asked: StaffAsked::Setting(field, seen.clone()),
            input: Input::new(seen),
        });
    }

    /// Takes in what was typed for a setting.
    pub(super) fn answer_setting(&mut self, field: ShopField, seen: &str, typed: &str) {
        let typed = typed.trim();
        if typed == seen {
            return;
        }

        let mut change = ShopChange::default();
        match change.set(field.name(), typed) {
            Ok(()) => {
                let seen = seen.to_owned();
                self.save_setting(ShopEdit {
                    field,
                    change,
                    seen,
                });
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

    /// Takes in the settings of the shop as they are; returns those before.
    pub(super) fn replace_shop(&mut self, mut shop: Shop) -> Shop {
        self.state.products.list.knows_shop = true;
        self.state.env.display.fit_currency(&mut shop.currency);
        std::mem::replace(&mut self.state.shop, shop)
    }

    /// Takes in the settings of the shop as they are now.
    pub(super) fn set_shop(&mut self, shop: Shop) {
        let before = self.replace_shop(shop);

        // What was said of a setting is over once somebody else has set it.
        let said = self.state.notice.as_ref().and_then(Notice::setting);
        if let Some(field) = said
            && self.state.shop.text(field) != before.text(field)
        {
            self.say_setting(field);
        }
    }

    /// Says how a setting is now, until it is otherwise.
    fn say_setting(&mut self, field: ShopField) {
        let now = self.state.now.steady;
        self.show_notice(Notice {
            topic: NoticeTopic::Setting(field),
            ..Notice::timed(self.told_setting(field), Tone::Info, now)
        });
    }

    pub(super) fn save_setting(&mut self, edit: ShopEdit) {
        if self.is_offline() {
            return self.ask_again(TypedEdit::Setting(edit), OFFLINE);
        }
        self.state.settings.saving.push(edit.field);
        self.effects
            .push(StaffEffect::Products(ProductsJob::Shop(edit)));
    }

    /// Takes in what became of a change of the settings.
    pub(super) fn on_shop_set(&mut self, edit: ShopEdit, outcome: Result<ShopEdited, RepeatError>) {
        let field = edit.field;
        let saving = &mut self.state.settings.saving;
        if let Some(index) = saving.iter().position(|other| *other == field) {
            saving.remove(index);
        }

        match outcome {
            Ok(ShopEdited::Saved(shop)) => {
                self.set_shop(shop);
                self.say_setting(field);
            }
            Ok(ShopEdited::Otherwise(shop)) => {
                self.set_shop(shop);
                self.on_other_setting(edit);
            }
            Err(error) => {
                // Whatever it is now, it is read with the orders.
                self.reread();
                if let Some(why) = self.retry_reason(&error) {
                    return self.ask_again(TypedEdit::Setting(edit), &why);
                }
                let change = UnknownChange::Setting(field);
                self.refuse_failed_change(change, setting_name(field), "the shop", error);
            }
        }
    }

    /// A setting as it is now.
    pub(super) fn told_setting(&self, field: ShopField) -> String {
        let name = setting_name(field);
        match shown_setting(&self.state.shop.shown(field), "").as_str() {
            "" => format!("{name} is empty now"),
            now => format!("{name} set to {now}"),
        }
    }

    /// Asks whether to save a setting that somebody else has changed since it was seen.
    fn on_other_setting(&mut self, edit: ShopEdit) {
        let name = setting_name(edit.field);
        let seen = self.state.shop.text(edit.field);
        if seen == edit.seen {
            // The answer was lost. The change may still be on its way.
            let told = format!("It is not known whether {name} was changed: the answer was lost");
            return self.say_unknown(UnknownChange::Setting(edit.field), told);
        }

        let theirs = shown_setting(&self.state.shop.shown(edit.field), "empty");
        // Nobody answers a question that came while they typed something else.
        if !self.may_be_asked() {
            return self.refuse(format!(
                "Yours was not saved: somebody has just set “{name}” to {theirs}"
            ));
        }

        let ours = self.setting_of(&edit);
        self.open(StaffMode::ConfirmSave(UnsavedEdit {
            edit: TypedEdit::Setting(ShopEdit { seen, ..edit }),
            what: format!("“{name}”"),
            ours,
            reason: UnsavedReason::Theirs(theirs),
        }));
    }

    /// The setting that a change sets, in words.
    pub(super) fn setting_of(&self, edit: &ShopEdit) -> String {
        let mut shop = edit.change.shop();
        self.state.env.display.fit_currency(&mut shop.currency);
        shown_setting(&shop.shown(edit.field), "nothing")
    }
}

/// The longest setting in a message, in columns.
const LONGEST_SETTING: usize = 40;

/// A setting as messages have it, with plain blanks; `if_empty` where there is none.
fn shown_setting(text: &str, if_empty: &str) -> String {
    let text = text.replace('\u{a0}', " ");
    let shown = text::truncate(&text::shown(&text), LONGEST_SETTING);
    if shown.is_empty() {
        if_empty.to_owned()
    } else {
        shown.to_string()
    }
}
