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

use crate::config::theme::Theme;
use crate::config::{Server, Settings};
use crate::model::Timeout;
use crate::store::Address;
use state::{Env, State};
use std::hash::RandomState;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;
use terminal::renderer;

/// The time that a terminal may take to report its background colour. One that understands neither
/// this question nor the one behind it never answers, and gets the dark theme.
const THEME_TIMEOUT: Duration = Duration::from_millis(80);

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
    renderer::restore_on_panic();
    renderer::enter(settings.mouse)?;

    let ended = tokio.block_on(async {
        let theme = settings.theme.unwrap_or_else(detect_theme);
        let state = State::new(env, theme, settings.mouse, renderer::size()?);
        let runtime = runtime::Runtime::start(settings, address, state)?;
        runtime.run().await
    });

    // The terminal is given back first, whatever happened.
    renderer::end_by_deadline();
    renderer::restore();

    let status = ended.map(|(status, live_task)| {
        // The others should see at once that we have left.
        let _ = tokio.block_on(live_task);
        status
    });
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
    }
}

/// The theme that suits the terminal's colours and its background.
fn detect_theme() -> Theme {
    if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        return Theme::NONE;
    }

    let colours = std::env::var("COLORTERM").unwrap_or_default();
    let term = std::env::var("TERM").unwrap_or_default();
    let has_many_colours = matches!(colours.as_str(), "truecolor" | "24bit")
        || term.contains("256")
        || term.contains("direct");
    if !has_many_colours {
        return Theme::SIXTEEN;
    }

    let mut options = terminal_colorsaurus::QueryOptions::default();
    options.timeout = THEME_TIMEOUT;
    match terminal_colorsaurus::theme_mode(options) {
        Ok(terminal_colorsaurus::ThemeMode::Light) => Theme::LIGHT.on_terminal_background(),
        Ok(terminal_colorsaurus::ThemeMode::Dark) | Err(_) => Theme::DARK.on_terminal_background(),
    }
}
