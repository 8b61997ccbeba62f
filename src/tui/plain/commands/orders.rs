//! The checkout, placing an order, and past orders.

use super::super::state::{Awaited, Choice, Then, Unlisted, Wanted, WithOrder};
use super::super::tell;
use super::{NO_MORE, Updater};
use crate::config::keymap::Action;
use crate::model::order::OrderRef;
use crate::model::{Money, Order, OrderId, People, Preview, Refusal, text};
use crate::store::live::{LiveRequest, OrderQuestion};
use crate::tui::layout::ordering::{MAY_NOT_ORDER, has_order_key};
use crate::tui::layout::palette::Run;
use crate::tui::message::{Effect, Message};
use crate::tui::state::orders::OrdersState;
use crate::tui::state::scroll::Scroll;
use crate::tui::state::{Connectivity, Mode};

/// The orders that are told at a time.
const LISTED: usize = 15;

impl Updater<'_> {
    /// Opens the checkout, and goes on once it is read.
    pub(super) fn check_out(&mut self, then: Then) {
        let what = match then {
            Then::Note(_) => "Nothing can be noted on the order",
            Then::Tell | Then::Place(_) | Then::Fix(_) => "Nothing can be ordered",
        };
        if self.is_away(what) {
            return;
        }
        self.send(Message::Run(Box::new(Run::Action(Action::Checkout))));
        if matches!(self.plain.state.mode, Mode::Checkout(_)) {
            self.wait_for(Awaited::Checkout(then));
        }
    }

    /// The preview, where it is what would be ordered now.
    pub(in crate::tui::plain) fn current_preview(&self) -> Option<&Preview> {
        let state = &self.plain.state;
        let is_changing =
            state.checkout.outdated || state.checkout.reading || !state.cart.unconfirmed.is_empty();
        let preview = state.checkout.preview.as_deref().filter(|_| !is_changing)?;
        (preview.version >= state.cart.confirmed.version).then_some(preview)
    }

    /// Does with the checkout what it was opened for.
    pub(super) fn on_preview(&mut self, then: Then) {
        let Some(preview) = self.current_preview().cloned() else {
            return;
        };
        match then {
            Then::Tell => self.tell_checkout(&preview),
            Then::Note(text) => self.note_on_order(text),
            Then::Place(total) => self.place_at(total, &preview),
            Then::Fix(which) => self.fix_in(which, &preview),
        }
    }

    fn tell_checkout(&mut self, preview: &Preview) {
        let problems = tell::obstacles(&self.plain.state, preview);
        let told = tell::problems(&self.plain.state, preview, &problems);
        self.plain.said.total = Some(preview.total());
        self.plain.said.problems = problems;
        self.tell_all(told);
    }

    /// Fixes all lines that can't be ordered, or the one with this number.
    pub(super) fn fix(&mut self, words: &str) {
        let which = match words {
            "" | "all" => None,
            number => match number.parse() {
                Ok(number) => Some(number),
                Err(_) => {
                    return self.tell("Type fix, or fix and the number of a problem.".to_owned());
                }
            },
        };
        self.check_out(Then::Fix(which));
    }

    fn fix_in(&mut self, which: Option<usize>, preview: &Preview) {
        if tell::obstacles(&self.plain.state, preview) != self.plain.said.problems {
            self.tell("Nothing was fixed: this is the checkout now.".to_owned());
            return self.tell_checkout(preview);
        }

        let blocked = preview.lines.iter().enumerate();
        let mut blocked = blocked.filter(|(_, line)| line.obstacle().is_some());

        let action = match which {
            None => Action::FixAll,
            Some(number) => {
                let line = number.checked_sub(1).and_then(|index| blocked.nth(index));
                let Some((row, _)) = line else {
                    return self.tell(format!("There is no problem {number}."));
                };
                if let Mode::Checkout(page) = &mut self.plain.state.mode {
                    page.scroll.cursor = row;
                }
                Action::Fix
            }
        };

        let before = self.plain.state.cart.unconfirmed.len();
        self.act_here(action);
        // What came of it is told, and then what is left to fix, or to pay.
        if self.plain.state.cart.unconfirmed.len() > before {
            self.wait_for(Awaited::Checkout(Then::Tell));
        }
    }

    /// Places the order, where its total is what was typed.
    pub(super) fn place_order(&mut self, words: &str) {
        if !has_order_key(&self.plain.state) {
            return self.tell(format!("{MAY_NOT_ORDER}."));
        }
        let total = match words {
            "" => None,
            words => self.plain.state.shop.currency.read(words),
        };
        match total {
            Some(total) => self.check_out(Then::Place(total)),
            None => self.tell(
                "Nothing was ordered: type place order and the total that checkout says."
                    .to_owned(),
            ),
        }
    }

    fn place_at(&mut self, total: Money, preview: &Preview) {
        if preview.check().is_err() {
            self.tell("Nothing was ordered.".to_owned());
            return self.tell_checkout(preview);
        }
        if preview.total() != total {
            let now = preview.total().in_currency(&preview.currency);
            let typed = total.in_currency(&preview.currency);
            self.plain.said.total = Some(preview.total());
            self.tell(format!(
                "Nothing was ordered: the total is {now}, not {typed}."
            ));
            let to_pay = tell::to_pay(&self.plain.state, preview);
            return self.tell(to_pay);
        }

        // Whoever types the total knows it.
        let number = self.plain.state.checkout.preview_number;
        self.send(Message::TotalShown(number));
        self.act_here(Action::PlaceOrder);
        if self.plain.state.orders.placing.is_some() {
            self.wait_for(Awaited::Settled);
        }
    }

    /// Tells that the order was placed, by what it is called.
    pub(super) fn tell_placed(&mut self, id: &OrderId) {
        let told = match self.plain.state.orders.order(id) {
            Some(order) => tell::placed(order),
            None => format!("Ordered. Its id is {id}."),
        };
        self.plain.order = Some(id.clone());
        self.plain.just_ordered = Some(id.clone());
        self.plain.said.total = None;
        self.tell(told);
    }

    /// Undoes the last change. An order is none, and the changes before it went into it.
    pub(super) fn undo(&mut self) {
        let waiting = &self.plain.state.cart.unconfirmed;
        let has_newer = waiting.iter().any(|change| change.kind.changes_lines());
        let Some(id) = self.plain.just_ordered.as_ref().filter(|_| !has_newer) else {
            return self.act(Action::Undo);
        };
        let state = &self.plain.state;
        let order = state.orders.order(id);
        let can_cancel = state.env.keymap.has_key(Action::AskCancel)
            && order.is_some_and(|order| order.refuse_cancel_by(true).is_none());

        let name = state.orders.name_of(id);
        let way = match can_cancel {
            true => format!(": cancel {} does that", name.trim_start_matches('#')),
            false => String::new(),
        };
        self.tell(format!("Undo does not take back order {name}{way}."));
    }

    /// Reads the past orders, for what is wanted of them.
    pub(super) fn read_orders(&mut self, wanted: Wanted) {
        if self.is_away("The orders can't be read") {
            return;
        }
        self.send(Message::Run(Box::new(Run::Action(Action::Orders))));
        self.wait_for(Awaited::Orders(wanted));
    }

    /// Does something with an order that is named, or with the one that was placed or told last.
    pub(super) fn with_order(&mut self, words: &str, with: WithOrder) {
        if words.is_empty() {
            return match self.told_order().map(|order| order.id.clone()) {
                Some(order) => self.do_with(order, with),
                None => self.tell("Say which order: type its number after the command.".to_owned()),
            };
        }
        match OrderRef::parse(words) {
            Some(meant) => self.read_orders(Wanted::One(meant, with)),
            None => self.tell(format!("“{words}” is not the number of an order.")),
        }
    }

    /// Does with the past orders what they were read for.
    pub(super) fn on_orders(&mut self, wanted: Wanted) {
        match wanted {
            Wanted::List(words) => self.list_orders(&words),
            Wanted::Behind(last) => self.list_orders_behind(last),
            Wanted::One(meant, with) => match self.find_order(&meant) {
                Found::One(order) => self.do_with(order, with),
                Found::Several(typed, count) => {
                    let refusal = Refusal::AmbiguousOrder { typed, count };
                    self.tell_sentence(&refusal.to_string());
                }
                Found::None(typed) => {
                    let orders = &self.plain.state.orders;
                    if orders.read < orders.total {
                        self.read_older_orders(Wanted::One(meant, with));
                    } else {
                        self.tell_sentence(&Refusal::UnknownOrder(typed).to_string());
                    }
                }
            },
        }
    }

    /// The order of this cart that is meant: the newest with its number, or the one whose id ends so.
    fn find_order(&self, meant: &OrderRef) -> Found {
        let orders = self.plain.state.orders.list.as_deref().unwrap_or_default();
        let (number, end, typed) = match meant {
            OrderRef::Id(id) => {
                let found = orders.iter().find(|order| order.id == *id);
                return found.map_or_else(
                    || Found::None(id.to_string()),
                    |order| Found::One(order.id.clone()),
                );
            }
            OrderRef::Short { number, end, typed } => (number, end, typed),
        };

        let numbered = orders
            .iter()
            .find(|order| number.is_some() && order.number == *number);
        let is_ended = |order: &&Order| {
            let mut ends = end.iter();
            ends.any(|end| order.id.as_str().ends_with(end.as_str()))
        };
        let ended = orders.iter().filter(is_ended);
        let mut found: Vec<&OrderId> = numbered.into_iter().chain(ended).map(|it| &it.id).collect();
        found.sort();
        found.dedup();
        match found.as_slice() {
            [] => Found::None(typed.clone()),
            [one] => Found::One((*one).clone()),
            several => Found::Several(typed.clone(), several.len()),
        }
    }

    fn list_orders(&mut self, words: &str) {
        self.plain.state.orders.words = words.into();
        self.plain.state.filter_orders(None);
        self.offer([]);
        self.list_orders_behind(None);
    }

    /// Goes on with the list of orders; those that are not known yet are read first.
    pub(super) fn list_more_orders(&mut self, last: Option<OrderId>) {
        let orders = &self.plain.state.orders;
        let place = place_behind(orders, last.as_ref());
        let is_known = orders.rows(place).next().is_some();
        if is_known || orders.read >= orders.total {
            return self.list_orders_behind(last);
        }

        // Where they can't be read now, they can be asked for again.
        self.plain.unlisted = Unlisted::Orders(last.clone());
        if !self.is_away("The orders can't be read") {
            self.read_older_orders(Wanted::Behind(last));
        }
    }

    /// Lists the known orders behind the last one that was told, and says whether there are others.
    fn list_orders_behind(&mut self, last: Option<OrderId>) {
        let state = &self.plain.state;
        let orders = &state.orders;
        let place = place_behind(orders, last.as_ref());
        let next: Vec<&Order> = orders.rows(place).take(LISTED).collect();
        let told = next.iter().map(|order| {
            let told = tell::order(state, order);
            (Choice::Order(order.id.clone()), told)
        });
        let told: Vec<(Choice, String)> = told.collect();

        let words = orders.words.value();
        let unlisted = orders.shown.len().saturating_sub(place + next.len());
        let unread = orders.total.saturating_sub(orders.read);
        let more = match (unlisted, unread) {
            (0, 0) => String::new(),
            (0, unread) if !words.is_empty() => {
                format!("{unread} older ones may match: type more. ")
            }
            (unlisted, _) if !words.is_empty() => format!("{unlisted} more: type more. "),
            (unlisted, unread) => format!("{} more: type more. ", unlisted + unread),
        };
        let after = match (next.is_empty(), &last) {
            (false, _) => format!("{more}Type a number to hear the receipt."),
            (true, None) if words.is_empty() => "There are no orders yet.".to_owned(),
            (true, None) => format!("No order matches “{words}”. {more}"),
            (true, Some(_)) if more.is_empty() => NO_MORE.to_owned(),
            (true, Some(_)) => more.clone(),
        };

        let last = next.last().map(|order| order.id.clone()).or(last);
        self.plain.unlisted = match more.is_empty() {
            true => Unlisted::Nothing,
            false => Unlisted::Orders(last),
        };
        self.offer_more(told);
        self.tell_sentence(&after);
    }

    /// Reads the orders behind those that are known.
    fn read_older_orders(&mut self, wanted: Wanted) {
        let older = OrderQuestion::Older(self.plain.state.orders.read);
        self.effects.push(Effect::Live(LiveRequest::Orders(older)));
        self.wait_for(Awaited::Orders(wanted));
    }

    fn do_with(&mut self, order: OrderId, with: WithOrder) {
        if with == WithOrder::Tell {
            return self.tell_receipt(order);
        }
        let keymap = &self.plain.state.env.keymap;
        if with == WithOrder::Cancel && !keymap.has_key(Action::AskCancel) {
            return self.tell(format!("{MAY_NOT_ORDER}."));
        }
        self.show_order(order);
        match with {
            WithOrder::Tell => {}
            WithOrder::Again => self.run(Run::Action(Action::Again)),
            WithOrder::Cancel => self.run(Run::Action(Action::AskCancel)),
        }
    }

    /// Tells the receipt of an order. The commands that name none are about it from then on.
    pub(super) fn tell_receipt(&mut self, order: OrderId) {
        self.show_order(order.clone());
        let state = &self.plain.state;
        let told = match state.orders.order(&order) {
            Some(order) => tell::receipt(state, order),
            None => vec![format!("Order {order} can't be read at the moment.")],
        };
        self.tell_all(told);
    }

    /// Makes an order the one that the core's actions are about.
    fn show_order(&mut self, order: OrderId) {
        self.plain.order = Some(order.clone());
        let is_shown = matches!(&self.plain.state.mode,
            Mode::Receipt { order: shown, .. } if *shown == order);
        if !is_shown {
            self.plain.state.mode = Mode::Receipt {
                order,
                scroll: Scroll::default(),
                from_list: true,
            };
        }
    }

    /// Marks that somebody has settled the order that was placed or told last, or takes that back.
    pub(super) fn settle(&mut self, name: &str) {
        let Some(order) = self.told_order() else {
            return self.tell("Type order and its number first.".to_owned());
        };
        let id = order.id.clone();
        let meant = text::folded(name);
        let people = People::of_order(order);
        let mut names = people.parts.keys();
        let found = names.find(|name| text::folded(name) == meant).cloned();
        let Some(found) = found else {
            return self.tell(format!("“{name}” has no part of that order."));
        };

        self.show_order(id);
        let before = self.effects.len();
        self.send(Message::Run(Box::new(Run::Settle(found))));
        if self.effects.len() > before {
            self.wait_for(Awaited::Mark);
        }
    }

    /// The order that was placed or told last, where it is one of this cart.
    fn told_order(&self) -> Option<&Order> {
        let id = self.plain.order.as_ref()?;
        self.plain.state.orders.order(id)
    }

    /// Says that something can't be done while the server is away; returns whether it is.
    fn is_away(&mut self, what: &str) -> bool {
        let is_away = match self.plain.state.connectivity {
            Connectivity::Offline { .. } | Connectivity::Connecting => true,
            Connectivity::Live | Connectivity::Syncing | Connectivity::Unreadable(_) => false,
        };
        if is_away {
            self.tell(format!("{what} until the server is back."));
        }
        is_away
    }
}

/// The place of the row behind this order in the list; that of the first one where it is none.
fn place_behind(orders: &OrdersState, last: Option<&OrderId>) -> usize {
    let place = last.and_then(|last| orders.rows(0).position(|order| order.id == *last));
    place.map_or(0, |place| place + 1)
}

/// The outcome of looking for an order.
enum Found {
    None(String),
    One(OrderId),
    Several(String, usize),
}
