//! The screen: a pure core (`state`, `update`, `layout`, `view`) and a thin shell
//! (`runtime`, `screen`, `input`, `signals`) that feeds and draws it.

pub(crate) mod alarm;
pub mod layout;
pub mod message;
mod runtime;
pub mod state;
pub mod terminal;
pub mod update;
pub mod view;
pub mod workers;

use crate::config::theme::Theme;
use crate::config::{Server, ServerError, Settings};
use crate::model::Timeout;
use crate::store::Trouble;
use state::{Env, State};
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

/// Why there is no screen.
#[derive(Debug, thiserror::Error)]
pub enum ScreenError {
    /// Not a terminal, or one that can't move its cursor.
    #[error(
        "the shop needs a terminal. Without one, use: trolley products, trolley add, trolley remove, trolley cart (see trolley --help)"
    )]
    NoTerminal,
    /// The shop's server can't be had.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The shop's server does not let us in.
    #[error(transparent)]
    Access(Trouble),
    /// The system refused.
    #[error("the terminal failed: {0}")]
    System(#[from] std::io::Error),
}

/// Opens the shop and runs it to its end.
///
/// # Errors
/// The [`ScreenError`] that stands in the way.
pub fn run(settings: &Settings) -> Result<ExitCode, ScreenError> {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty());
    if dumb || !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(ScreenError::NoTerminal);
    }
    let address = settings.server.open()?;
    let env = Env {
        user: settings.user.clone(),
        me: settings.policy.by.clone(),
        address: address.to_string(),
        private: matches!(settings.server, Server::Private(_)),
        item_timeout: match settings.policy.item_timeout {
            Timeout::After(ms) => Some(ms),
            Timeout::Never => None,
        },
        ops: uuid::Uuid::new_v4().simple().to_string()[..16].to_owned(),
        zone: jiff::tz::TimeZone::system(),
        keymap: settings.keymap.clone(),
    };
    // The theme alone decides about colours: the library's own way with NO_COLOR would
    // reset reversed text.
    crossterm::style::force_color_output(true);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    terminal::renderer::restore_on_panic();
    terminal::renderer::enter(settings.mouse)?;
    let ended = runtime.block_on(async {
        let theme = settings.theme.unwrap_or_else(fitting_theme);
        let state = State::new(env, theme, settings.mouse, terminal::renderer::size()?);
        runtime::Runtime::start(settings, address, state)?
            .run()
            .await
    });
    terminal::renderer::end_by_deadline();
    terminal::renderer::restore();
    let ended = runtime.block_on(async {
        let (status, link) = ended?;
        // So that the others see at once that we left.
        let _ = link.await;
        Ok::<_, ScreenError>(status)
    });
    // Threads may still be busy reading; nothing of theirs is needed.
    runtime.shutdown_background();
    Ok(ExitCode::from(ended?))
}

/// How long a terminal may take to tell its ground. One that knows neither this question nor
/// the one behind it answers never, and then the dark theme it is.
const ASK: Duration = Duration::from_millis(80);

/// The theme that fits the terminal's ground and colours.
fn fitting_theme() -> Theme {
    let has = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if has("NO_COLOR") {
        return Theme::NONE;
    }
    let colours = std::env::var("COLORTERM").unwrap_or_default();
    let term = std::env::var("TERM").unwrap_or_default();
    if !matches!(colours.as_str(), "truecolor" | "24bit")
        && !term.contains("256")
        && !term.contains("direct")
    {
        return Theme::SIXTEEN;
    }
    let mut options = terminal_colorsaurus::QueryOptions::default();
    options.timeout = ASK;
    match terminal_colorsaurus::theme_mode(options) {
        Ok(terminal_colorsaurus::ThemeMode::Light) => Theme::LIGHT.on_terminal_background(),
        _ => Theme::DARK.on_terminal_background(),
    }
}
