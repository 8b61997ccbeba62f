//! The shop's screen as a value: what brings messages to its core, and carries out its effects. It
//! knows its terminal only as a [`Port`], so that one process can run any number of them.

use super::allowance::ChangeAllowance;
use super::error::ScreenError;
use super::event_loop::{App, EventLoop, Shell};
use crate::config::alerts::AlertWays;
use crate::config::colours::LateBackground;
use crate::config::display::Display;
use crate::config::keymap::Keymap;
use crate::config::theme::Theme;
use crate::config::used_carts::UsedCarts;
use crate::model::time::PersonalClock;
use crate::model::{Timeout, UserName};
use crate::store::live::Subscription;
use crate::store::{Address, Policy, Trouble};
use crate::tui::hub::Hub;
use crate::tui::layout::footer::unseen_news;
use crate::tui::layout::orders::shown_total;
use crate::tui::message::{Message, Now};
use crate::tui::services::{Host, Services};
use crate::tui::state::{Env, Notice, State};
use crate::tui::terminal::driver::TerminalDriver;
use crate::tui::terminal::port::Port;
use crate::tui::update::update;
use crate::tui::view::{Picture, picture};
use std::hash::RandomState;
use std::sync::Arc;

/// All that a screen has to be told: who comes to which cart, and how their terminal is.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The owner of the cart.
    pub user: UserName,
    /// The name under which changes are made, and the rules for them.
    pub policy: Policy,
    /// The keys in force, with those actions alone that this person may and can do.
    pub keymap: Keymap,
    /// The abilities of the terminal.
    pub display: Display,
    /// The ways to tell the person something while they look elsewhere.
    pub alerts: AlertWays,
    /// The colours.
    pub theme: Theme,
    /// The colours for when the terminal tells its background; `None` where they are known.
    pub late_background: Option<Box<LateBackground>>,
    /// True where clicks go to the shop, not to the terminal.
    pub mouse: bool,
    /// The time zone of this person's computer, and the hours of their settings.
    pub clock: PersonalClock,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The warning that shows at the start; `None` where there is none.
    pub warning: Option<String>,
    /// The carts that this person used before; `None` for one who may use this one alone.
    pub used_carts: Option<UsedCarts>,
    /// The changes that this person may make in a short time; `None` where that is not limited.
    pub changes: Option<Arc<ChangeAllowance>>,
}

impl Visit {
    /// The screen before anything is known, with op ids of its own.
    pub(in crate::tui) fn state(&self, hub: &Hub) -> State {
        let env = Env {
            user: self.user.clone(),
            me: self.policy.by.clone(),
            address: hub.address.to_string(),
            private: hub.engine.is_some(),
            item_timeout: match self.policy.item_timeout {
                Timeout::After(ms) => Some(ms),
                Timeout::Never => None,
            },
            ops: uuid::Uuid::new_v4().simple().to_string()[..16].to_owned(),
            op_key: RandomState::new(),
            clock: self.clock.clone(),
            keymap: self.keymap.clone(),
            display: self.display,
            alerts: self.alerts,
        };
        let mut state = State::new(env, self.theme, self.mouse, self.size);
        state.late_background = self.late_background.clone();
        state.notice = self.warning.clone().map(Notice::warning);

        if let Some(used) = &self.used_carts {
            state.carts.may_switch = true;
            state.carts.used = used.read();
            state.carts.is_first_start = used.is_first_start();
        }
        state
    }
}

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

    fn once_shown(&self) -> Vec<Message> {
        let total = shown_total(&self.state);
        let total = total.filter(|total| self.state.orders.total_seen != Some(*total));
        let news = unseen_news(&self.state).map(str::to_owned);

        let loss = self.state.unseen_loss().cloned();

        let total = total.map(Message::TotalShown);
        total
            .into_iter()
            .chain(news.map(Message::NewsShown))
            .chain(loss.map(Message::LossShown))
            .collect()
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
