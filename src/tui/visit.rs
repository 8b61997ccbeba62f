//! Who comes to which cart, on what terminal: what a screen begins with.

use crate::config::alerts::AlertWays;
use crate::config::colours::OwnColours;
use crate::config::display::Display;
use crate::config::keymap::Keymap;
use crate::config::theme::Theme;
use crate::config::used_carts::UsedCarts;
use crate::model::time::PersonalClock;
use crate::model::{Timeout, UserName};
use crate::store::Policy;
use crate::tui::runtime::allowance::ChangeAllowance;
use crate::tui::runtime::hub::Hub;
use crate::tui::state::{Env, Notice, State};
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
    /// The own colours for when the terminal tells its background; `None` where they are known.
    pub late_colours: Option<OwnColours>,
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
            id_key: RandomState::new(),
            clock: self.clock.clone(),
            keymap: self.keymap.clone(),
            display: self.display,
            alerts: self.alerts,
        };
        let mut state = State::new(env, self.theme, self.mouse, self.size);
        state.late_colours = self.late_colours.clone();
        state.notice = self.warning.clone().map(Notice::warning);

        if let Some(used) = &self.used_carts {
            state.carts.may_switch = true;
            state.carts.used = used.read();
            state.carts.is_first_start = used.is_first_start();
        }
        state
    }
}
