//! The screen: a pure core (`state`, `update`, `layout`, `view`), and a thin shell around it
//! (`runtime`, `terminal`, `workers`) that feeds and draws it.

pub(crate) mod alarm;
mod error;
pub mod layout;
pub mod message;
mod runtime;
pub mod state;
pub mod terminal;
pub mod update;
pub mod view;
pub mod workers;

pub use error::ScreenError;

use crate::config::display::{Colours, Display};
use crate::config::theme::Theme;
use crate::config::{Server, Settings};
use crate::model::Timeout;
use crate::store::Address;
use state::{Env, State};
use std::hash::RandomState;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;
use terminal::{signals, tty};

/// The time that a terminal may take to report its background colour. One that understands neither
/// this question nor the one behind it never answers, and gets the dark theme.
const THEME_TIMEOUT: Duration = Duration::from_millis(80);

/// The exit status where the screen fails and takes too long to say so.
const STATUS_FAILED: u8 = 1;

/// Opens the shop and runs it to its end.
///
/// # Errors
/// The [`ScreenError`] that stands in the way.
pub fn run(settings: &Settings) -> Result<ExitCode, ScreenError> {
    check_terminal()?;
    let address = settings.server.open()?;
    let env = environment(settings, &address);

    // Only the theme decides about colours: the way in which the library heeds NO_COLOR would
    // reset reversed text.
    crossterm::style::force_color_output(true);

    let tokio = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    signals::restore_on_panic();
    signals::guard_line()?;

    let ended = tty::enter(settings.mouse).map_err(ScreenError::from);
    let ended = ended.and_then(|()| {
        tokio.block_on(async {
            let theme = settings.theme.unwrap_or_else(|| detect_theme(env.display));
            let theme = env.display.theme(theme);
            let state = State::new(env, theme, settings.mouse, tty::size());
            let runtime = runtime::Runtime::start(settings, address, state)?;
            runtime.run().await
        })
    });

    // The terminal is given back first, whatever happened.
    let signalled = signals::end_status();
    signals::end_by_deadline(ended.as_ref().map_or(STATUS_FAILED, |(status, _)| *status));
    tty::restore();

    let status = match ended {
        Ok((status, live)) => {
            // The others should see at once that we have left.
            tokio.block_on(live.leave());
            Ok(status)
        }
        Err(error) => signalled.ok_or(error),
    };
    // Threads may still be busy reading; none of it is needed any more.
    tokio.shutdown_background();
    Ok(ExitCode::from(status?))
}

fn check_terminal() -> Result<(), ScreenError> {
    let term = std::env::var_os("TERM").unwrap_or_default();
    let is_dumb = term.is_empty() || term == "dumb";

    if is_dumb || !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(ScreenError::NoTerminal);
    }
    Ok(())
}

fn environment(settings: &Settings, address: &Address) -> Env {
    Env {
        user: settings.user.clone(),
        me: settings.policy.by.clone(),
        address: address.to_string(),
        private: matches!(settings.server, Server::Private(_)),
        item_timeout: match settings.policy.item_timeout {
            Timeout::After(ms) => Some(ms),
            Timeout::Never => None,
        },
        ops: uuid::Uuid::new_v4().simple().to_string()[..16].to_owned(),
        op_key: RandomState::new(),
        zone: jiff::tz::TimeZone::system(),
        keymap: settings.keymap.clone(),
        display: Display::told_by(variable),
    }
}

/// A variable of the environment; empty where it is not set.
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// The theme that suits the terminal's colours and its background.
fn detect_theme(display: Display) -> Theme {
    if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        return Theme::NONE;
    }
    if display.colours == Colours::Palette && !variable("TERM").contains("256") {
        return Theme::SIXTEEN;
    }

    let mut options = terminal_colorsaurus::QueryOptions::default();
    options.timeout = THEME_TIMEOUT;
    // The background says enough: not every terminal that tells it tells its text's colour, too.
    let is_light = terminal_colorsaurus::background_color(options)
        .is_ok_and(|background| background.perceived_lightness() > 0.5);
    if is_light {
        Theme::LIGHT.on_terminal_background()
    } else {
        Theme::DARK.on_terminal_background()
    }
}
