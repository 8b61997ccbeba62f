//! The lines of a past order, put into the cart again.

use crate::config::keymap::Action;
use crate::model::total::ProductLookup;
use crate::model::{Again, Change, ChangeKind, Edit, Order, OrderLine, Refusal, text};
use crate::tui::state::Tone;
use crate::tui::state::orders::{AgainQuestion, AskedAgain, Portion};
use crate::tui::update::{CART_UNREAD, Updater};

impl Updater<'_> {
    /// Puts the lines of the order that shows back into the cart, as one change; or our own part of
    /// it alone, where that was offered.
    pub(in crate::tui::update) fn order_again(&mut self) {
        let Some(order) = self.state.shown_order() else {
            return;
        };
        if !self.state.cart.loaded {
            self.notify_error(CART_UNREAD);
            return;
        }
        let has_all = self.state.catalog.loaded && self.state.catalog.load_trouble.is_none();
        let is_unread =
            |line: &OrderLine| matches!(self.state.lookup(&line.product), ProductLookup::Unread);
        if !has_all && order.lines.iter().any(is_unread) {
            self.notify_error("Nothing was added: the products are not read yet");
            return;
        }

        let order = order.clone();
        let asked = self.state.orders.asked_again.take();
        let answered = asked.filter(|asked| asked.order == order.id);
        let portion = answered
            .as_ref()
            .map_or(Portion::Whole, |asked| asked.portion);

        let again = self.again(&order, portion);
        let differences = again.differences();
        let edits = again.edits();
        if edits.is_empty() {
            let none = Refusal::NoneOrderable(order.name()).to_string();
            self.notify_until_key(sentences(none, &differences), Tone::Bad);
            return;
        }
        if let Some(refusal) = self.refusal_of(&again) {
            self.refuse_again(order, portion, &again, refusal);
            return;
        }

        // Pressed twice, it must not double a lunch without a word.
        let is_more = answered.is_some_and(|asked| asked.question == AgainQuestion::Twice);
        if again.is_there(&self.state.cart.shown) && !is_more {
            self.ask_for_more(&order, portion, &again);
        } else {
            self.put_back(&order, portion, &again, edits, &differences);
        }
    }

    /// Asks whether lines are to come into the cart once more that are there already.
    fn ask_for_more(&mut self, order: &Order, portion: Portion, again: &Again) {
        let what = what_comes_back(order, portion, again);
        let key = self.state.env.keymap.key_of(Action::Again);
        let told = format!("You have {what} in the cart already: {key} adds the same once more");
        self.notify_until_key(told, Tone::Warn);
        self.state.orders.asked_again = Some(AskedAgain {
            order: order.id.clone(),
            portion,
            question: AgainQuestion::Twice,
        });
    }

    /// Puts lines into the cart again, and says what is other than it was.
    fn put_back(
        &mut self,
        order: &Order,
        portion: Portion,
        again: &Again,
        edits: Vec<Edit>,
        differences: &[String],
    ) {
        let change = Change {
            op: self.state.next_op().putting_back(&order.id),
            kind: ChangeKind::Edit,
            edits,
        };
        if !self.submit_change(change) {
            return;
        }

        // Where words are said, that it is done is said once it is.
        if self.state.env.keymap.is_in_words() {
            if !differences.is_empty() {
                self.notify_warn(differences.join(" "));
            }
            return;
        }
        let undo = self.state.env.keymap.key_of(Action::Undo);
        let what = what_comes_back(order, portion, again);
        let whose = if again.takes_over { " as yours" } else { "" };
        let put_back = format!("Put {what} into the cart{whose}; {undo} undoes that");
        let tone = if differences.is_empty() {
            Tone::Info
        } else {
            Tone::Warn
        };
        self.notify_until_key(sentences(put_back, differences), tone);
    }

    /// Says why the cart's rules keep an order out, and offers our own part of it where they would
    /// let that in.
    fn refuse_again(&mut self, order: Order, portion: Portion, again: &Again, refusal: Refusal) {
        let name = order.name();
        let why = self.told(refusal);
        let total = again.total().in_currency(&again.currency);
        let told = match portion {
            Portion::Whole if again.takes_over => {
                format!("{why}. All of {name} would be yours: {total}")
            }
            Portion::Whole => format!("{why}. {name} costs {total} today"),
            Portion::Own => format!("{why}. Your part of {name} costs {total} today"),
        };

        let own = self.again(&order, Portion::Own);
        let has_others = again.takes_over && own.coming_back().next().is_some();
        if !has_others || self.refusal_of(&own).is_some() {
            self.notify_until_key(told, Tone::Bad);
            return;
        }

        let key = self.state.env.keymap.key_of(Action::Again);
        let own_total = own.total().in_currency(&own.currency);
        let offered = format!("{told}. {key} again adds only your part, {own_total}");
        self.notify_until_key(offered, Tone::Bad);
        self.state.orders.asked_again = Some(AskedAgain {
            order: order.id,
            portion: Portion::Own,
            question: AgainQuestion::OwnPart,
        });
    }

    /// Works out what of an order, or of our own part of it, can be put back.
    fn again(&self, order: &Order, portion: Portion) -> Again {
        let me = &self.state.env.me;
        let own = match portion {
            Portion::Whole => None,
            Portion::Own => Some(order.part_of(me)),
        };
        let cart = &self.state.cart.shown;
        let currency = &self.state.shop.currency;
        Again::of(own.as_ref().unwrap_or(order), currency, cart, me, |id| {
            self.state.catalog.catalog.get(id)
        })
    }

    /// The refusal of the cart's rules that putting this back would meet.
    fn refusal_of(&self, again: &Again) -> Option<Refusal> {
        let is_closed = self.state.is_closed();
        again.refused(&self.state.cart.shown, is_closed, |id| {
            self.state.catalog.catalog.get(id)?.price
        })
    }
}

/// The words for what comes back: `3 lines of #12`, or `your 2 lines of #12`.
fn what_comes_back(order: &Order, portion: Portion, again: &Again) -> String {
    let lines = text::count(again.coming_back().count(), "line");
    let name = order.name();
    match portion {
        Portion::Whole => format!("{lines} of {name}"),
        Portion::Own => format!("your {lines} of {name}"),
    }
}

/// A sentence, and those that follow it.
fn sentences(first: String, others: &[String]) -> String {
    if others.is_empty() {
        return first;
    }
    format!("{first}. {}", others.join(" "))
}
