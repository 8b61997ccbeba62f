//! Orders: what the link tells of them, and what is asked of it.

mod again;
mod cancel;
mod list;
mod news;
mod placing;

use super::Updater;
use crate::model::{Currency, OrderBrief};
use crate::store::live::{LiveRequest, OrderEvent, OrderQuestion, OrderRequest};
use crate::store::{Error, Trouble};
use crate::tui::message::Effect;
use crate::tui::state::Mode;

/// The sentence for who asks for something that the order on its way does not leave.
pub(super) const ON_ITS_WAY: &str = "The order is on its way already";

impl Updater<'_> {
    /// Takes in an event about orders.
    pub(super) fn on_order_event(&mut self, mut event: OrderEvent) {
        let display = self.state.env.display;
        for currency in currencies(&mut event) {
            display.fit_currency(currency);
        }

        match event {
            OrderEvent::Preview(mut preview) => {
                self.name_gone_products(&mut preview);
                self.select_in_preview(&preview);
                self.state.checkout.reading = false;
                self.state.checkout.preview = Some(preview);
                self.state.checkout.preview_number += 1;
                if !self.state.checkout.outdated {
                    self.tell_changed_total();
                    self.state.checkout.refused_total = None;
                }
            }
            OrderEvent::List(page) => {
                self.take_in_states(page.orders.iter().map(OrderBrief::from));
                let selected = self.state.orders.selected().map(|order| order.id.clone());
                self.state.orders.take_in(page);
                self.filter_in_place(selected.as_ref());
            }

            OrderEvent::State(order) => self.on_order_state(order),
            OrderEvent::Newest(orders) => self.on_newest_orders(orders),
            OrderEvent::Usual(products) => self.on_usual(products),
            OrderEvent::Read(ticket) => {
                self.take_in_states([OrderBrief::from(&*ticket)]);
                self.state.orders.replace(ticket.order);
            }
            OrderEvent::Marked(id) if self.state.shows_orders() => self.reread_order(&id),
            OrderEvent::Marked(_) => {}
            OrderEvent::Settled(outcome) => self.on_part_settled(*outcome),
            OrderEvent::Waits(trouble) => self.notify_error(format!("The order waits: {trouble}")),
            OrderEvent::Failed(trouble) => self.on_order_request_failed(trouble),
            OrderEvent::Ended(_, outcome) => self.on_order_ended(outcome),
            OrderEvent::Cancelled(id, outcome) => self.on_cancelled(&id, outcome),
            OrderEvent::Resumed(outcome) => self.on_order_resumed(outcome),
        }
    }

    /// Takes in that a preview or a list can't be had. A view that has nothing else to show is
    /// closed; the user may open it again, but it is not retried for ever.
    fn on_order_request_failed(&mut self, trouble: Trouble) {
        let was_previewing = std::mem::take(&mut self.state.checkout.reading);
        let shows_no_list = !was_previewing && self.state.orders.list.is_none();
        let page = self.state.page();
        let shows_nothing = match page {
            Mode::Checkout(_) => was_previewing,
            Mode::Orders | Mode::OrderSearch | Mode::Receipt { .. } => shows_no_list,
            Mode::Browse
            | Mode::Search
            | Mode::Palette { .. }
            | Mode::Prompt { .. }
            | Mode::Help(_)
            | Mode::Carts
            | Mode::ConfirmQuit
            | Mode::ConfirmCancel(_)
            | Mode::ConfirmClear(_) => false,
        };

        if shows_nothing {
            *page = Mode::Browse;
        }
        self.notify_error(Error::Trouble(trouble).to_string());
    }

    pub(super) fn ask_orders(&mut self, question: OrderQuestion) {
        self.effects
            .push(Effect::Live(LiveRequest::Orders(question)));
    }

    pub(super) fn request_order(&mut self, request: OrderRequest) {
        self.effects.push(Effect::Live(LiveRequest::Order(request)));
    }
}

/// The currencies of the amounts that an event brings.
fn currencies(event: &mut OrderEvent) -> Vec<&mut Currency> {
    match event {
        OrderEvent::Preview(preview) => vec![&mut preview.currency],
        OrderEvent::List(page) => page.orders.iter_mut().map(|it| &mut it.currency).collect(),
        OrderEvent::Newest(briefs) => briefs.iter_mut().filter_map(in_brief).collect(),
        OrderEvent::State(brief) => in_brief(brief).into_iter().collect(),
        OrderEvent::Read(ticket) => vec![&mut ticket.order.currency],
        OrderEvent::Settled(outcome) => match outcome.as_mut() {
            Ok(order) => vec![&mut order.currency],
            Err(_) => Vec::new(),
        },
        OrderEvent::Ended(..)
        | OrderEvent::Resumed(_)
        | OrderEvent::Waits(_)
        | OrderEvent::Failed(_)
        | OrderEvent::Cancelled(..)
        | OrderEvent::Usual(_)
        | OrderEvent::Marked(_) => Vec::new(),
    }
}

/// The currency of an order's total, where that is known.
fn in_brief(brief: &mut OrderBrief) -> Option<&mut Currency> {
    let (_, currency) = brief.total.as_mut()?;
    Some(currency)
}
