//! The message that shows: what it gives way to, and what ends it.

use super::Updater;
use crate::model::product::ProductField;
use crate::model::{OrderId, ProductId};
use crate::tui::staff::layout::products::value_words;
use crate::tui::staff::update::editing::short_name;
use crate::tui::state::{Notice, NoticeTopic, Tone, UnknownChange};

impl Updater<'_> {
    /// Shows a message. What is not known stays before any other one: those that wait for a key come
    /// behind it.
    pub(super) fn show_notice(&mut self, notice: Notice) {
        let state = &mut *self.state;
        let shown = state.notice.as_ref().and_then(Notice::unknown);
        let behind = state.notice_behind.as_ref().and_then(Notice::unknown);
        if shown.is_none() {
            state.notice = Some(notice);
        } else if notice.until.is_none() && behind.is_none() {
            state.notice_behind = Some(notice);
        }
    }

    /// The changes of which messages say that nobody knows whether they were made.
    pub(super) fn unknown_changes(&self) -> impl Iterator<Item = &UnknownChange> {
        let notices = [&self.state.notice, &self.state.notice_behind];
        notices.into_iter().flatten().filter_map(Notice::unknown)
    }

    /// Drops the message that shows.
    pub(super) fn drop_notice(&mut self) {
        self.state.notice = self.state.notice_behind.take();
    }

    /// Drops the message that shows, where it waits for no key: one that does has only now come up
    /// from behind the one that this key dropped.
    pub(super) fn drop_passing_notice(&mut self) {
        let notice = &mut self.state.notice;
        notice.take_if(|notice| notice.until.is_some());
    }

    /// Says that nobody knows whether something was changed.
    pub(super) fn say_unknown(&mut self, change: UnknownChange, text: String) {
        let topic = NoticeTopic::Unknown(change);
        self.show_about(topic, text);
    }

    /// Says that something was not done because the connection is down.
    pub(super) fn refuse_as_offline(&mut self, text: String) {
        self.show_about(NoticeTopic::Connection, text);
    }

    fn show_about(&mut self, topic: NoticeTopic, text: String) {
        self.show_notice(Notice {
            topic,
            ..Notice::until_key(text, Tone::Bad)
        });
    }

    /// Ends the messages about a connection that is back. What could not be read over it is read
    /// with all other products.
    pub(super) fn end_connection_notices(&mut self) {
        let state = &mut *self.state;
        state.products.list.unread = None;
        for notice in [&mut state.notice, &mut state.notice_behind] {
            notice.take_if(|notice| notice.topic == NoticeTopic::Connection);
        }
    }

    /// Ends the messages about changes that are known now, and says how things are.
    pub(super) fn end_unknown(&mut self, is_known: impl Fn(&UnknownChange) -> bool) {
        let is_over = |notice: &mut Notice| notice.unknown().is_some_and(&is_known);
        self.state.notice_behind.take_if(is_over);
        let Some(notice) = self.state.notice.take_if(is_over) else {
            return;
        };

        self.drop_notice();
        let told = notice.unknown().map(|change| self.told_now(change));
        if let Some(told) = told.filter(|_| self.state.notice.is_none()) {
            self.notify_info(told);
        }
    }

    /// Ends the message that nobody knows whether a step of this order was made.
    pub(super) fn end_unknown_step(&mut self, id: &OrderId) {
        self.end_unknown(|change| matches!(change, UnknownChange::Order(order) if order == id));
    }

    /// The present state of something of which nobody knew whether it was changed.
    fn told_now(&self, change: &UnknownChange) -> String {
        match change {
            UnknownChange::Field(product, field) => self.told_field(product, *field),
            UnknownChange::Setting(field) => self.told_setting(*field),
            UnknownChange::Order(order) => match self.state.board.ticket(order) {
                Some(ticket) => {
                    let order = ticket.order();
                    format!("{} is {}", order.name(), order.state.name())
                }
                None => format!("{} is no longer on the board", order.without_day()),
            },
        }
    }

    fn told_field(&self, id: &ProductId, field: ProductField) -> String {
        let Some(item) = self.state.products.list.catalog.get(id) else {
            return format!("{id} was taken out of the shop");
        };
        let product = item.to_product();
        let name = short_name(&product.name);
        let value = value_words(&self.state.shop.currency, &product, field);
        format!("{name}: {} {value}", field.name())
    }
}
