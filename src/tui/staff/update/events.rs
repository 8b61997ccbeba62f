//! Takes in the news from the link to the open orders.

use super::Updater;
use crate::config::keymap::Action;
use crate::model::{OrderId, OrderState, Ticket, text};
use crate::store::board::{BoardEvent, BoardRequest};
use crate::store::{Error, Pace, Trouble};
use crate::tui::staff::message::StaffEffect;
use crate::tui::staff::state::board::BoardTicket;
use crate::tui::state::{Connectivity, UnknownChange};
use std::collections::HashSet;

/// The most of one's own steps that are kept for undoing.
const MOST_STEPS: usize = 100;

impl Updater<'_> {
    /// Takes in what the link tells.
    pub(super) fn on_board(&mut self, event: BoardEvent) {
        self.count_news(&event);
        match event {
            BoardEvent::Down(trouble) => self.on_down(trouble),
            BoardEvent::Stale => {
                self.state.connectivity = Connectivity::Syncing;
                self.state.products.is_outdated = true;
            }
            BoardEvent::Pace(pace) => self.state.pace = pace,
            BoardEvent::Tickets {
                tickets,
                shop,
                server_now,
                more,
                unread,
            } => {
                if let Some(shop) = shop {
                    self.set_shop(shop);
                }
                if self.state.connectivity != Connectivity::Live {
                    self.end_connection_notices();
                }
                self.state.connectivity = Connectivity::Live;

                let board = &mut self.state.board;
                board.server_ahead = server_now.saturating_sub(self.state.now.steady);
                board.more = more;
                board.unread = unread;
                self.on_tickets(tickets);

                self.end_unknown(|change| match change {
                    UnknownChange::Order(_) | UnknownChange::Setting(_) => true,
                    UnknownChange::Field(..) => false,
                });

                self.look_at_figures();
                self.look_at_products();
            }
            BoardEvent::Catalog(news) => self.on_catalog_news(news),
            BoardEvent::Ticket(ticket) => {
                let id = ticket.order.id.clone();
                self.on_ticket(*ticket);
                self.end_unknown_step(&id);
            }
            BoardEvent::Gone(id) => {
                self.remove(&id);
                self.end_unknown_step(&id);
            }
            BoardEvent::Answered { request, outcome } => self.on_answer(request, outcome),
        }
    }

    fn on_down(&mut self, trouble: Trouble) {
        self.state.products.is_outdated = true;
        // A private server that is gone is ours to start again.
        if trouble.is_not_running() && self.state.env.private && !self.state.reviving {
            self.state.reviving = true;
            self.effects.push(StaffEffect::Revive);
        }

        // Who is not let in at the start is not let in later either.
        if self.state.connectivity == Connectivity::Connecting && trouble.is_access_error() {
            self.effects.push(StaffEffect::GiveUp(trouble));
            return;
        }
        self.state.pace = Pace::Usual;
        self.state
            .connectivity
            .go_down(trouble, self.state.now.wall);
    }

    /// Takes in all open orders. Cancelled ones stay until they are cleared off.
    fn on_tickets(&mut self, tickets: Vec<Ticket>) {
        let is_first = !self.state.board.is_read;
        self.state.board.is_read = true;

        let open: HashSet<OrderId> = tickets.iter().map(|it| it.order.id.clone()).collect();
        self.state.board.tickets.retain(|known| {
            let order = known.order();
            order.state == OrderState::Cancelled || open.contains(&order.id)
        });

        let mut new = Vec::new();
        for ticket in tickets {
            let name = self.put(ticket, is_first);
            new.extend(name);
        }
        self.state.board.refresh();
        match new.as_slice() {
            [] => {}
            [one] => self.alert(one.clone()),
            several => self.alert(text::count(several.len(), "new order")),
        }

        if is_first && self.state.board.selected.is_none() {
            let first = self.state.board.shown_ticket(0);
            let first = first.filter(|ticket| ticket.is_to_make());
            let first = first.map(|ticket| ticket.order().id.clone());
            self.select(first);
        }
    }

    /// Takes in a ticket that came or changed.
    fn on_ticket(&mut self, ticket: Ticket) {
        let order = &ticket.order;
        let before = self.state.board.ticket(&order.id);
        let before = before.map(|known| known.order().state);

        match (order.state, before) {
            (OrderState::Done, _) => self.remove(&order.id.clone()),
            // Nobody here has begun it.
            (OrderState::Cancelled, None) => {}
            (OrderState::Cancelled, Some(before)) => {
                let by = ticket.moved_by.clone().unwrap_or_default();
                let name = order.name();
                self.put(ticket, true);
                self.state.board.refresh();
                if before != OrderState::Cancelled && by != self.state.env.me {
                    let by = if by.is_empty() {
                        String::new()
                    } else {
                        format!(" by {by}")
                    };
                    self.alert(format!("{name} was cancelled{by}"));
                }
            }
            (OrderState::Placed | OrderState::Accepted | OrderState::Ready, _) => {
                let news = self.put(ticket, false);
                self.state.board.refresh();
                if let Some(news) = news {
                    self.alert(news);
                }
            }
        }
    }

    /// Puts a ticket in its place. Returns what happened in a few words, where it is new to this
    /// board and nobody's own order; at the start nothing is new.
    fn put(&mut self, ticket: Ticket, is_first: bool) -> Option<String> {
        let now = self.state.now.steady;
        let mut put = BoardTicket::new(ticket);
        let order = put.order();
        let id = order.id.clone();
        let state = order.state;
        let is_new = !is_first && state == OrderState::Placed;
        let is_own = order.who == self.state.env.me;
        let news = format!("New order {} of {}", order.name(), order.user);

        if let Some(index) = self.state.board.position(&id) {
            let known = &self.state.board.tickets[index];
            let before = known.order().state;
            put.is_new = known.is_new;
            put.changed_here = if before == state {
                known.changed_here
            } else {
                Some(now)
            };
            // What others have finished is nobody's to go on with here.
            let is_finished = state == OrderState::Ready && before != OrderState::Ready;
            if is_finished && self.state.board.selected.as_ref() == Some(&id) {
                self.select(None);
            }
            self.state.board.tickets[index] = put;
            return None;
        }

        put.is_new = is_new;
        self.state.board.tickets.push(put);
        (is_new && !is_own).then_some(news)
    }

    /// Takes a ticket off this board.
    pub(super) fn remove(&mut self, id: &OrderId) {
        self.state.board.tickets.retain(|it| it.order().id != *id);
        self.state.board.refresh();
    }

    /// Takes in the answer to a request of this board.
    fn on_answer(&mut self, request: BoardRequest, outcome: Result<Box<Ticket>, Error>) {
        let pending = &mut self.state.board.pending;
        if let Some(index) = pending.iter().position(|waiting| *waiting == request) {
            pending.remove(index);
        }

        match (request, outcome) {
            (BoardRequest::Step { to, .. }, Ok(ticket)) => self.on_stepped(to, *ticket),
            (BoardRequest::Undo { id, .. }, Ok(ticket)) => self.on_undone(&id, *ticket),
            (BoardRequest::Tick { .. } | BoardRequest::Reread, Ok(ticket)) => {
                self.on_ticket(*ticket);
            }
            (request, Err(error)) => self.on_failed(request, error),
        }
    }

    fn on_stepped(&mut self, to: OrderState, ticket: Ticket) {
        let order = &ticket.order;
        let id = order.id.clone();
        let name = order.name();
        let unticked = order.lines.len() - ticket.ticked_lines();
        let undo = self.state.env.keymap.key_of(Action::Undo);

        if to == OrderState::Cancelled {
            self.remove(&id);
            return self.notify_info(format!("{name} is cancelled"));
        }

        let steps = &mut self.state.board.own_steps;
        steps.push((id.clone(), to));
        if steps.len() > MOST_STEPS {
            steps.remove(0);
        }
        self.on_ticket(ticket);
        match to {
            OrderState::Ready if unticked > 0 => {
                let (lines, were) = match unticked {
                    1 => ("1 line".to_owned(), "was"),
                    more => (text::count(more, "line"), "were"),
                };
                self.notify_info(format!(
                    "{name} is ready; {lines} {were} not ticked. {undo} undoes that."
                ));
            }
            OrderState::Ready | OrderState::Done => {
                self.notify_info(format!("{name} is {}. {undo} undoes that.", to.name()));
            }
            OrderState::Placed | OrderState::Accepted | OrderState::Cancelled => {}
        }
    }

    fn on_undone(&mut self, id: &OrderId, ticket: Ticket) {
        let steps = &mut self.state.board.own_steps;
        if let Some(last) = steps.iter().rposition(|(own, _)| own == id) {
            steps.remove(last);
        }
        let name = ticket.order.name();
        let state = ticket.order.state.name();
        let id = ticket.order.id.clone();
        self.on_ticket(ticket);
        self.select(Some(id));
        self.notify_info(format!("{name} is back to {state}"));
    }

    /// Says why a request was not done.
    fn on_failed(&mut self, request: BoardRequest, error: Error) {
        let (id, changed) = match &request {
            BoardRequest::Step {
                id,
                to: OrderState::Cancelled,
                ..
            } => (id, "cancelled"),
            BoardRequest::Step { id, .. } | BoardRequest::Undo { id, .. } => (id, "moved"),
            BoardRequest::Tick { id, .. } => (id, "ticked"),
            BoardRequest::Reread => return,
        };
        let name = match self.state.board.ticket(id) {
            Some(ticket) => ticket.order().name(),
            None => id.without_day().to_owned(),
        };

        if let (BoardRequest::Undo { .. }, Error::Refused(_)) = (&request, &error) {
            // It can't be undone later either.
            self.state.board.own_steps.retain(|(own, _)| own != id);
        }
        match error {
            Error::Refused(refusal) => {
                let told = self.told(refusal);
                self.refuse(told);
            }
            Error::Trouble(trouble) => {
                if !self.refuse_offline(&name, changed) {
                    self.refuse(format!("{name} was not {changed}: {trouble}"));
                }
            }
            Error::Unknown { trouble, .. } => {
                let told = format!("It is not known whether {name} was {changed}: {trouble}");
                self.say_unknown(UnknownChange::Order(id.clone()), told);
                self.reread();
            }
        }
    }
}
