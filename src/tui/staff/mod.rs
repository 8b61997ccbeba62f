//! The screens of the staff: the board of open orders, what can be collected, the figures of a day,
//! the products, and the settings of the shop.
//!
//! They are made as the shop's screen is: a pure core, and a thin shell. Nobody shops here, so they
//! have a state of their own. `products_worker` makes the changes that they ask for, and `figures` reads what
//! was sold.

pub(crate) mod figures;
pub mod layout;
pub mod message;
pub(crate) mod products_worker;
pub mod screen;
pub mod state;
pub mod update;
pub mod view;

use super::{ScreenError, Taken};
use crate::config::Settings;
use crate::model::name::sanitize_actor;
use crate::tui::look::Look;
use screen::StaffVisit;
use state::today::ShownTime;
use state::{Page, StaffEnv};
use std::process::ExitCode;

/// Opens the screens of the staff on this page, with the figures of this time, and runs them to their end.
///
/// # Errors
/// The [`ScreenError`] that stands in the way.
pub fn run(settings: &Settings, page: Page, time: ShownTime) -> Result<ExitCode, ScreenError> {
    if super::Showing::of(settings) != Some(super::Showing::Screen) {
        return Err(ScreenError::NoTerminalForBoard);
    }
    let address = settings.server.open()?;

    super::in_terminal(
        async |mut typed| {
            let look = Look::of(settings, &mut typed);
            let visit = StaffVisit {
                env: StaffEnv {
                    me: sanitize_actor(settings.policy.by.as_bytes()),
                    private: settings.server.private().is_some(),
                    clock: settings.personal_clock(),
                    keymap: settings.keymap.clone(),
                    display: look.display,
                    alerts: look.alerts,
                    warn_after: settings.board_warn,
                    late_after: settings.board_late,
                    print: settings.print.clone(),
                },
                theme: look.theme,
                late_colours: look.late_colours,
                mouse: settings.mouse,
                size: look.size,
                warning: look.warning,
                page,
                time,
                address,
                engine: settings.server.private().cloned(),
                policy: settings.policy.clone(),
            };
            let port = super::LocalPort::open(typed)?;
            let status = screen::run(port, visit).await?;
            Ok(Taken { status, rest: () })
        },
        async |()| {},
    )
}
