//! The screen: a pure core (`state`, `update`, `layout`, `view`), and a thin shell around it
//! (`runtime`, `terminal`, `workers`) that feeds and draws it.
//!
//! `message` is what goes in and out of the core, `visit` what a screen begins with, and `look` how
//! this program's own terminal shows things. `plain` is another view of the same core, in sentences;
//! `staff` has the screens of the staff, which are made in the same way.

mod error;
pub mod layout;
mod look;
pub mod message;
pub(crate) mod plain;
pub mod runtime;
pub mod staff;
pub mod state;
pub mod terminal;
pub mod update;
pub mod view;
pub mod visit;
pub mod workers;

pub use error::ScreenError;

use crate::config::Settings;
use crate::config::display;
use crate::config::used_carts::UsedCarts;
use crate::store::Address;
use jiff::tz::TimeZone;
use look::{Look, variable};
use plain::lines::Editing;
use plain::shell::{Manner, PlainShop};
use runtime::hub::Hub;
use runtime::screen::Screen;
use std::io::IsTerminal;
use std::process::ExitCode;
use terminal::line_port::LinePort;
use terminal::local::LocalPort;
use terminal::{signals, tty};
use tokio::runtime::Runtime;
use visit::Visit;

/// The exit status where the screen fails and takes too long to say so.
const STATUS_FAILED: u8 = 1;

/// The way in which the shop shows to whoever starts this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Showing {
    /// On the screen of a terminal.
    Screen,
    /// In words: the terminal can show no screen, or is asked not to.
    Plain,
}

impl Showing {
    /// The way that suits the standard streams and the settings; `None` where nobody is there.
    #[must_use]
    pub(crate) fn of(settings: &Settings) -> Option<Showing> {
        let is_person = std::io::stdin().is_terminal();
        let is_dumb = display::is_dumb(&variable("TERM"));
        if settings.plain {
            Some(Showing::Plain)
        } else if !is_person {
            None
        } else if is_dumb || !std::io::stdout().is_terminal() {
            Some(Showing::Plain)
        } else {
            Some(Showing::Screen)
        }
    }
}

/// Opens the shop and runs it to its end.
///
/// # Errors
/// The [`ScreenError`] that stands in the way.
pub fn run(settings: &Settings) -> Result<ExitCode, ScreenError> {
    match Showing::of(settings) {
        Some(Showing::Screen) => run_screen(settings),
        Some(Showing::Plain) => run_plain(settings),
        None => Err(ScreenError::NoTerminal),
    }
}

/// Opens the shop in plain mode and runs it to its end.
fn run_plain(settings: &Settings) -> Result<ExitCode, ScreenError> {
    let address = settings.server.open()?;
    let tokio = local_runtime()?;
    signals::restore_on_panic();

    let ended = tokio.block_on(async {
        let hub = Hub::new(address, settings.server.private().cloned());
        let visit = visit(settings, &hub.address, Look::unseen(settings));
        let manner = Manner {
            editing: Editing::Elsewhere,
            prompts: std::io::stdin().is_terminal(),
        };
        let ended = PlainShop::start(LinePort::open()?, visit, hub, manner);
        ended.run().await
    });

    signals::end_by_deadline(ended.as_ref().map_or(STATUS_FAILED, |ended| ended.status));
    let ended = ended?;
    // The others should see at once that we have left.
    tokio.block_on(ended.live.leave());
    // A thread may still wait for what is typed.
    tokio.shutdown_background();
    Ok(ExitCode::from(ended.status))
}

/// Opens the shop on the screen and runs it to its end.
fn run_screen(settings: &Settings) -> Result<ExitCode, ScreenError> {
    // The names of all zones are listed once, which takes a while: it is done meanwhile.
    let zone = std::thread::Builder::new().name("zone".to_owned());
    zone.spawn(TimeZone::system)?;

    let address = settings.server.open()?;

    in_terminal(
        async |mut typed| {
            let hub = Hub::new(address, settings.server.private().cloned());
            hub.catalog.prepare()?;
            let visit = visit(settings, &hub.address, Look::of(settings, &mut typed));
            let port = LocalPort::open(typed)?;
            let ended = Screen::start(port, visit, hub).run().await?;
            Ok(Taken {
                status: ended.status,
                rest: ended.live,
            })
        },
        // The others should see at once that we have left.
        async |live| live.leave().await,
    )
}

/// The end of a screen that had taken this terminal.
struct Taken<T> {
    /// The exit status.
    status: u8,
    /// The rest that is cleaned up once the terminal is given back.
    rest: T,
}

/// Takes this terminal, shows a screen on it, and gives it back, whatever happened. The screen gets
/// what was typed before.
fn in_terminal<T>(
    show: impl AsyncFnOnce(Vec<u8>) -> Result<Taken<T>, ScreenError>,
    clean_up: impl AsyncFnOnce(T),
) -> Result<ExitCode, ScreenError> {
    let tokio = local_runtime()?;
    signals::restore_on_panic();
    signals::guard_line()?;

    let ended = tty::enter().map_err(ScreenError::from);
    let ended = ended.and_then(|()| tokio.block_on(show(tty::typed_before())));

    // The terminal is given back first.
    let signalled = signals::end_status();
    signals::end_by_deadline(ended.as_ref().map_or(STATUS_FAILED, |ended| ended.status));
    tty::restore();

    let status = match ended {
        Ok(ended) => {
            tokio.block_on(clean_up(ended.rest));
            Ok(ended.status)
        }
        Err(error) => signalled.ok_or(error),
    };
    // Threads may still be busy reading; none of it is needed any more.
    tokio.shutdown_background();
    Ok(ExitCode::from(status?))
}

/// A runtime that needs no thread of its own.
pub(crate) fn local_runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

/// The visit of whoever started this program, in their own terminal, which looks so.
fn visit(settings: &Settings, address: &Address, look: Look) -> Visit {
    Visit {
        user: settings.user.clone(),
        policy: settings.policy.clone(),
        keymap: settings.keymap.clone(),
        display: look.display,
        alerts: look.alerts,
        theme: look.theme,
        late_colours: look.late_colours,
        mouse: settings.mouse,
        clock: settings.personal_clock(),
        size: look.size,
        warning: look.warning,
        used_carts: Some(UsedCarts::at(&address.to_string())),
        changes: None,
    }
}
