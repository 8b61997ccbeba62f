//! Changing products: what is asked, what is typed, and what became of it.

use super::Updater;
use crate::catalog_file::checked_value;
use crate::config::keymap::Action;
use crate::model::product::{Decoded, ProductField, SOLD_OUT, StockStep};
use crate::model::{Product, ProductId, Stock, text};
use crate::store::{Edited, Error, FieldEdit, RepeatError, Trouble};
use crate::tui::staff::layout::products::value_words;
use crate::tui::staff::layout::settings::setting_name;
use crate::tui::staff::message::{ProductsJob, StaffEffect};
use crate::tui::staff::state::StaffMode;
use crate::tui::staff::state::products::{ProductsPane, Saving};
use crate::tui::staff::state::prompt::{
    AskedField, StaffAsked, TypedEdit, UnsavedEdit, UnsavedReason,
};
use crate::tui::state::UnknownChange;
use crate::tui::state::digits::are_scanned;
use crate::tui::update::scanner::NOT_HERE;
use tui_input::Input;

/// The word for a stock that never ends.
const UNLIMITED: &str = "unlimited";

impl Updater<'_> {
    /// Asks for the selected field of the selected product.
    pub(super) fn ask_field(&mut self) {
        self.ask(self.state.products.field, String::new());
    }

    /// Asks for the stock of the selected product, with the number that was typed before.
    pub(super) fn ask_stock(&mut self) {
        let digits = self.state.products.digits.as_str().to_owned();
        self.ask(ProductField::Stock, digits);
    }

    fn ask(&mut self, field: ProductField, typed: String) {
        let Some(item) = self.state.products.list.selected() else {
            return;
        };
        let product = item.to_product();
        if self.refuse_change(&product) {
            return;
        }

        let seen = Decoded::from(&product).text(field).into_owned();
        let typed = match field {
            // They are typed from nothing: the present value stands in the label.
            ProductField::Price | ProductField::Stock => typed,
            ProductField::Name
            | ProductField::Category
            | ProductField::Unit
            | ProductField::Barcode
            | ProductField::Description => seen.clone(),
        };
        // The catalog has no more of it.
        if seen.chars().count() >= text::LONGEST {
            return self.refuse(format!(
                "This text is too long for this screen: trolley product set {} {}=…",
                product.id,
                field.name()
            ));
        }
        self.open(StaffMode::Prompt {
            asked: StaffAsked::Field(AskedField {
                product: product.id,
                name: product.name.into(),
                field,
                seen,
            }),
            input: Input::new(typed),
        });
    }

    /// Takes in what was typed for a field.
    pub(super) fn answer_field(&mut self, asked: AskedField, typed: &str) {
        let typed = typed.trim();
        if are_scanned(typed) && asked.field != ProductField::Barcode {
            return self.refuse(NOT_HERE);
        }
        let is_cleared = typed.is_empty() && asked.field == ProductField::Stock;
        if typed == asked.seen || is_cleared {
            return;
        }

        let value = match asked.field {
            ProductField::Price if typed.is_empty() => return,
            ProductField::Price if !self.state.products.list.knows_shop => {
                return self.refuse(
                    "The price was not changed: the shop, and so its currency, was not read yet",
                );
            }
            ProductField::Price => match self.state.shop.currency.read(typed) {
                Some(price) => price.to_string(),
                None => return self.refuse_price(typed),
            },
            ProductField::Stock => match StockStep::parse(typed) {
                Some(step) => return self.save_step(asked.product, step),
                None if typed == UNLIMITED => String::new(),
                None => typed.strip_prefix('=').unwrap_or(typed).trim().to_owned(),
            },
            ProductField::Name
            | ProductField::Category
            | ProductField::Unit
            | ProductField::Barcode
            | ProductField::Description => typed.to_owned(),
        };
        match checked_value(asked.field.name(), &value) {
            Ok(value) if value == asked.seen => {}
            Ok(value) => self.save(FieldEdit {
                product: asked.product,
                field: asked.field,
                value,
                seen: Some(asked.seen),
            }),
            Err(flaw) => self.refuse(text::capitalized(&flaw.to_string())),
        }
    }

    fn refuse_price(&mut self, typed: &str) {
        let shown = text::truncate(&text::shown(typed), 40);
        let example = self.state.shop.currency.small_sample();
        self.refuse(format!(
            "“{shown}” is not a valid price: type it like {example}"
        ));
    }

    /// Adds to the stock of the selected product as many as were typed before the key, or one.
    pub(super) fn add_to_stock(&mut self, step: impl Fn(u64) -> StockStep) {
        let digits = &self.state.products.digits;
        let count = match digits.count() {
            Some(count) => u64::from(count),
            None if digits.is_empty() => 1,
            None => {
                let digits = digits.as_str().to_owned();
                return self.refuse(format!("{digits} is not a number of pieces"));
            }
        };
        let selected = self.state.products.list.selected();
        if let Some(id) = selected.map(|item| item.product_id()) {
            self.step_stock(id, step(count));
        }
    }

    /// Makes a step of the stock that was typed.
    fn save_step(&mut self, id: ProductId, step: StockStep) {
        if self.is_offline() && self.known_product(&id).is_some() {
            return self.ask_again(TypedEdit::Step(id, step), OFFLINE);
        }
        self.step_stock(id, step);
    }

    fn step_stock(&mut self, id: ProductId, step: StockStep) {
        let Some(product) = self.known_product(&id) else {
            return;
        };
        if self.refuse_change(&product) {
            return;
        }
        self.note_saving(id, ProductField::Stock);
        let job = ProductsJob::Step(Box::new(product), step);
        self.effects.push(StaffEffect::Products(job));
    }

    /// Sells the selected product out, or puts back what there was of it.
    pub(super) fn sell_out(&mut self) {
        let Some(item) = self.state.products.list.selected() else {
            return;
        };
        let product = item.to_product();
        // The second press of a doubled key would put back what is not gone yet.
        if self
            .state
            .products
            .is_saving(&product.id, ProductField::Stock)
            || self.refuse_change(&product)
        {
            return;
        }

        let is_sold_out = product.stock.is_sold_out();
        let there_was = self.state.products.put_back.get(&product.id).copied();
        let (value, seen) = match (is_sold_out, there_was) {
            (false, _) => (stored(Stock::Left(0)), None),
            (true, Some(there_was)) => (stored(there_was), Some(stored(Stock::Left(0)))),
            (true, None) => {
                let set = self.state.env.keymap.typed_key_of(Action::SetQuantity);
                let name = short_name(&product.name);
                return self.refuse(format!(
                    "{name} is {SOLD_OUT} already: {set} sets its stock"
                ));
            }
        };
        self.save(FieldEdit {
            product: product.id,
            field: ProductField::Stock,
            value,
            seen,
        });
    }

    /// The product as it is known; says where there is none any more.
    fn known_product(&mut self, id: &ProductId) -> Option<Product> {
        let Some(item) = self.state.products.list.catalog.get(id) else {
            self.refuse(format!(
                "{id} was taken out of the shop: nothing was changed"
            ));
            return None;
        };
        Some(item.to_product())
    }

    fn save(&mut self, edit: FieldEdit) {
        if self.known_product(&edit.product).is_none() {
            return;
        }
        if self.is_offline() {
            return self.ask_again(TypedEdit::Field(edit), OFFLINE);
        }
        self.note_saving(edit.product.clone(), edit.field);
        self.effects
            .push(StaffEffect::Products(ProductsJob::Edit(edit)));
    }

    /// Asks whether to try a change again that was certainly not made.
    pub(super) fn ask_again(&mut self, edit: TypedEdit, why: &str) {
        let (what, ours) = match &edit {
            TypedEdit::Field(edit) => {
                // Nothing is tried again for a product that has gone.
                let Some(product) = self.known_product(&edit.product) else {
                    return;
                };
                let name = short_name(&product.name);
                let what = format!("the {} of {name}", edit.field.name());
                (what, self.value_of(edit, &product))
            }
            TypedEdit::Step(id, step) => {
                let name = self.name_of(id);
                let what = format!("the {} of {name}", ProductField::Stock.name());
                (what, step.to_string())
            }
            TypedEdit::Setting(edit) => {
                let what = setting_name(edit.field).to_owned();
                (what, self.setting_of(edit))
            }
        };
        self.open(StaffMode::ConfirmSave(UnsavedEdit {
            edit,
            what,
            ours,
            reason: UnsavedReason::NotMade(why.to_owned()),
        }));
    }

    /// The value that a change sets in a product, in words.
    fn value_of(&self, edit: &FieldEdit, product: &Product) -> String {
        let mut ours = product.clone();
        ours.set(edit.field, &edit.value);
        value_words(&self.state.shop.currency, &ours, edit.field)
    }

    /// Saves what was not saved, once the question was on the screen. While the connection is down
    /// that is refused, and the question waits for another answer.
    pub(super) fn save_unsaved(&mut self, unsaved: UnsavedEdit) {
        let is_seen = self.state.seen.unsaved.as_ref() == Some(&unsaved);
        if !is_seen || self.refuse_offline(&unsaved.what, "saved") {
            return;
        }
        self.state.mode = StaffMode::Browse;
        match unsaved.edit {
            TypedEdit::Field(edit) => self.save(edit),
            TypedEdit::Step(product, step) => self.step_stock(product, step),
            TypedEdit::Setting(edit) => self.save_setting(edit),
        }
    }

    fn note_saving(&mut self, product: ProductId, field: ProductField) {
        self.state.products.saving.push(Saving { product, field });
    }

    /// Takes in what became of a step of the stock.
    pub(super) fn on_stepped_stock(
        &mut self,
        before: &Product,
        step: StockStep,
        outcome: Result<u64, RepeatError>,
    ) {
        self.end_saving(&before.id, ProductField::Stock);
        match outcome {
            Ok(left) => {
                // Others may have changed it since it was seen.
                let was = match step {
                    StockStep::Up(pieces) => left.saturating_sub(pieces),
                    StockStep::Down(pieces) => left.saturating_add(pieces),
                };
                let was = with_stock(before, was);
                let now = with_stock(before, left);
                self.show_saved(&was, now, ProductField::Stock);
            }
            Err(error) => self.on_edit_failed(&before.id, ProductField::Stock, error),
        }
    }

    /// Takes in what became of a change.
    pub(super) fn on_edited(&mut self, edit: FieldEdit, outcome: Result<Edited, RepeatError>) {
        self.end_saving(&edit.product, edit.field);
        match outcome {
            Ok(Edited::Saved { was, now }) => self.on_saved(&edit, &was, *now),
            Ok(Edited::Otherwise(now)) => self.on_collision(edit, *now),
            Err(error) => match self.retry_reason(&error) {
                Some(why) => {
                    self.read_again(&edit.product);
                    self.ask_again(TypedEdit::Field(edit), &why);
                }
                None => self.on_edit_failed(&edit.product, edit.field, error),
            },
        }
    }

    /// The trouble for which a change was certainly not made, in words, where it may be made when it
    /// is tried again. Nobody is asked about it who types something else meanwhile.
    pub(super) fn retry_reason(&self, error: &RepeatError) -> Option<String> {
        match error {
            // It was made, though too few replicas have it.
            RepeatError::Failed(Error::Trouble(Trouble::TooFewReplicas { .. })) => None,
            RepeatError::Failed(Error::Trouble(trouble)) => {
                let may_ask = trouble.is_transient() && self.may_be_asked();
                may_ask.then(|| trouble.to_string())
            }
            RepeatError::Failed(Error::Refused(_) | Error::Unknown { .. })
            | RepeatError::Unknown(_) => None,
        }
    }

    /// Tells whether a question may come now. It may not while keys are meant for something else.
    pub(super) fn may_be_asked(&self) -> bool {
        matches!(self.state.mode, StaffMode::Browse)
            && self.state.board.digits.is_empty()
            && self.state.products.digits.is_empty()
    }

    fn on_saved(&mut self, edit: &FieldEdit, was: &Product, now: Product) {
        // Only what is sold out is changed whatever it was.
        if edit.seen.is_some() {
            return self.show_saved(was, now, edit.field);
        }

        let name = short_name(&now.name);
        let sell_out = self.state.env.keymap.key_of(Action::SellOut);
        let told = match was.stock {
            Stock::Left(0) => format!("{name} is {SOLD_OUT} already"),
            Stock::Left(left) => format!("{name} is {SOLD_OUT}; {sell_out} puts {left} back"),
            Stock::Unlimited => {
                format!("{name} is {SOLD_OUT}; {sell_out} makes it unlimited again")
            }
            Stock::Unreadable => format!("{name} is {SOLD_OUT}; its stock was unreadable"),
        };
        if !matches!(was.stock, Stock::Left(0) | Stock::Unreadable) {
            let put_back = &mut self.state.products.put_back;
            put_back.insert(now.id.clone(), was.stock);
        }
        self.on_products(vec![(now.id.clone(), Some(now))]);
        self.notify_info(told);
    }

    /// Shows a product whose field was changed, and says how.
    fn show_saved(&mut self, was: &Product, now: Product, field: ProductField) {
        let currency = &self.state.shop.currency;
        let before = value_words(currency, was, field);
        let after = value_words(currency, &now, field);
        let name = short_name(&now.name);

        let told = match field {
            // They are long, and stand in the form.
            ProductField::Description => format!("{name}: {} is saved", field.name()),
            ProductField::Name
            | ProductField::Category
            | ProductField::Unit
            | ProductField::Price
            | ProductField::Stock
            | ProductField::Barcode => format!("{name}: {} {after}, was {before}", field.name()),
        };

        self.on_products(vec![(now.id.clone(), Some(now))]);
        self.notify_info(told);
    }

    /// Asks whether to save what somebody else has changed since it was seen.
    fn on_collision(&mut self, edit: FieldEdit, now: Product) {
        let currency = &self.state.shop.currency;
        let field = edit.field.name();
        let theirs = value_words(currency, &now, edit.field);
        let ours = self.value_of(&edit, &now);
        let seen = Decoded::from(&now).text(edit.field).into_owned();
        let name = short_name(&now.name);
        self.on_products(vec![(now.id.clone(), Some(now))]);

        // Nobody answers a question that came while they typed something else.
        if !self.may_be_asked() {
            return self.refuse(format!(
                "Yours was not saved: somebody has just set the {field} of {name} to {theirs}"
            ));
        }
        let edit = TypedEdit::Field(FieldEdit {
            seen: Some(seen),
            ..edit
        });
        self.open(StaffMode::ConfirmSave(UnsavedEdit {
            edit,
            what: format!("this {field}"),
            ours,
            reason: UnsavedReason::Theirs(theirs),
        }));
    }

    fn on_edit_failed(&mut self, id: &ProductId, field: ProductField, error: RepeatError) {
        let name = self.name_of(id);
        self.read_again(id);
        let what = format!("the {} of {name}", field.name());
        let change = UnknownChange::Field(id.clone(), field);
        self.refuse_failed_change(change, &what, "products", error);
    }

    /// Reads what a product is now, whatever became of a change.
    fn read_again(&mut self, id: &ProductId) {
        let read = StaffEffect::Products(ProductsJob::Read(vec![id.clone()]));
        self.effects.push(read);
    }

    /// The name of a product as messages have it; its id where it is not there any more.
    fn name_of(&self, id: &ProductId) -> String {
        let item = self.state.products.list.catalog.get(id);
        item.map_or_else(|| id.to_string(), |item| short_name(item.name))
    }

    fn end_saving(&mut self, product: &ProductId, field: ProductField) {
        let saving = &mut self.state.products.saving;
        let index = saving
            .iter()
            .position(|it| it.product == *product && it.field == field);
        if let Some(index) = index {
            saving.remove(index);
        }
    }

    /// Says where the connection is down that a product was not changed; returns whether it is.
    fn refuse_change(&mut self, product: &Product) -> bool {
        self.refuse_offline(&product.name, "changed")
    }

    /// Goes from the list to the form, and there asks for the selected field.
    pub(super) fn open_selected(&mut self) {
        match self.state.products.pane {
            ProductsPane::List => self.go_to(ProductsPane::Form),
            ProductsPane::Form => self.ask_field(),
        }
    }
}

/// The reason why nothing is sent while the connection is down.
pub(super) const OFFLINE: &str = "the connection was down";

/// The longest name in a message, in columns: what became of the product stands behind it.
const LONGEST_NAME: usize = 24;

/// A product's name as messages have it.
pub(super) fn short_name(name: &str) -> String {
    text::truncate(&text::shown(name), LONGEST_NAME)
}

/// The product with so many pieces left.
fn with_stock(product: &Product, left: u64) -> Product {
    Product {
        stock: Stock::Left(left),
        ..product.clone()
    }
}

/// A stock as it is stored.
fn stored(stock: Stock) -> String {
    match stock {
        Stock::Left(left) => left.to_string(),
        Stock::Unlimited | Stock::Unreadable => String::new(),
    }
}
