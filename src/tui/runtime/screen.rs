//! The shop's screen as a value: what brings messages to its core, and carries out its effects. It
//! knows its terminal only as a [`Port`], so that one process can run any number of them.

use super::event_loop::{App, EventLoop, Shell};
use super::hub::Hub;
use super::services::{Host, Services};
use crate::store::live::{LiveEvent, OrderEvent, Subscription};
use crate::store::{Address, Trouble};
use crate::tui::error::ScreenError;
use crate::tui::layout::checkout::shown_total;
use crate::tui::layout::footer::unseen_news;
use crate::tui::message::{Message, Now};
use crate::tui::state::State;
use crate::tui::terminal::driver::TerminalDriver;
use crate::tui::terminal::port::Port;
use crate::tui::update::update;
use crate::tui::view::{Picture, picture};
use crate::tui::visit::Visit;
use std::sync::Arc;

/// The end of a screen.
#[derive(Debug)]
pub struct Ended {
    /// The exit status.
    pub status: u8,
    /// The cart's live link, which is still to be left.
    pub live: Subscription,
}

/// A screen, while it is up.
pub struct Screen<P>(Box<EventLoop<P, ShopApp>>);

impl<P: Port> Screen<P> {
    /// Starts everything for a terminal that was taken for this already. To be called within a
    /// runtime.
    pub fn start(port: P, visit: Visit, hub: Arc<Hub>) -> Screen<P> {
        let state = visit.state(&hub);
        let terminal = TerminalDriver::new(port, state.mouse, state.env.alerts.need_focus());
        let app = ShopApp {
            services: Services::open(visit, hub, &state),
            state,
        };
        Screen(EventLoop::new(terminal, app))
    }

    /// Runs until the end.
    ///
    /// # Errors
    /// The [`ScreenError`] that ended it.
    pub async fn run(mut self) -> Result<Ended, ScreenError> {
        let app = &mut self.0.app;
        app.services.note_first_cart(&mut app.state)?;
        let (status, app) = self.0.run().await?;
        Ok(Ended {
            status,
            live: app.services.into_live(),
        })
    }
}

/// The shop's screen without its terminal.
struct ShopApp {
    state: State,
    services: Services,
}

impl App for ShopApp {
    type Message = Message;

    fn address(&self) -> &Address {
        self.services.address()
    }

    async fn next(&mut self) -> Message {
        self.services.next().await
    }

    fn try_next(&mut self) -> Option<Message> {
        self.services.try_next()
    }

    fn next_moment(&self) -> Option<u64> {
        self.state.next_moment()
    }

    fn picture(&self) -> Picture {
        picture(&self.state)
    }

    fn is_worth_showing(&self) -> bool {
        self.state.is_worth_showing()
    }

    fn once_shown(&self) -> Vec<Message> {
        let total = shown_total(&self.state);
        let total = total.filter(|total| self.state.checkout.total_seen != Some(*total));
        let news = unseen_news(&self.state).map(str::to_owned);

        let loss = self.state.unseen_loss().cloned();

        let total = total.map(Message::TotalShown);
        total
            .into_iter()
            .chain(news.map(Message::NewsShown))
            .chain(loss.map(Message::LossShown))
            .collect()
    }

    /// Much of what a newcomer is told at first is nothing, where nobody has shopped yet: it is not
    /// worth a frame.
    fn changes_picture(&self, message: &Message) -> bool {
        let Message::Live(event) = message else {
            return true;
        };
        let state = &self.state;
        match event {
            LiveEvent::Activity(updates) => !updates.is_empty(),
            LiveEvent::Watchers(watchers) => {
                let others = watchers.iter().filter(|it| it.id != state.env.ops);
                !others.eq(&state.watchers)
            }
            LiveEvent::Pace(pace) => *pace != state.pace,
            LiveEvent::Order(OrderEvent::Newest(orders)) => !orders.is_empty(),
            LiveEvent::Order(OrderEvent::Usual(products)) => {
                *products != state.catalog.usual.products
            }
            _ => true,
        }
    }

    fn take_in<P: Port>(
        &mut self,
        message: Message,
        now: Now,
        shell: &mut Shell<P>,
    ) -> Result<(), ScreenError> {
        for effect in update(&mut self.state, message, now) {
            self.services.carry_out(effect, &self.state, shell)?;
        }
        Ok(())
    }

    fn is_settled(&self) -> bool {
        self.state.is_settled()
    }
}

impl<P: Port> Host for Shell<P> {
    fn alert(&mut self, bytes: Vec<u8>) {
        self.terminal.renderer.alert(bytes);
    }

    fn capture_mouse(&mut self, captured: bool) {
        self.terminal.capture_mouse(captured);
    }

    fn suspend(&mut self) {
        self.terminal.port.suspend();
    }

    fn end(&mut self, end: Result<u8, Trouble>) {
        self.exit = Some(end);
    }
}
