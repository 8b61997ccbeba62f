//! How this program's own terminal shows things.

use super::terminal::port::USUAL_SIZE;
use super::terminal::{background, tty};
use crate::config::Settings;
use crate::config::alerts::AlertWays;
use crate::config::colours::OwnColours;
use crate::config::display::Display;
use crate::config::theme::Theme;
use std::time::Duration;

/// The time that a terminal may take to report its background colour. One that understands neither
/// this question nor the one behind it never answers, and gets the dark theme.
const THEME_TIMEOUT: Duration = Duration::from_millis(80);

/// The abilities of this terminal, and the way in which it shows things.
pub(super) struct Look {
    pub(super) display: Display,
    pub(super) alerts: AlertWays,
    pub(super) theme: Theme,
    /// The own colours, where the terminal takes its time and tells its background then.
    pub(super) late_colours: Option<OwnColours>,
    pub(super) size: (u16, u16),
    /// A warning about a colour that is hard to read on the terminal's background, which only the
    /// terminal tells.
    pub(super) warning: Option<String>,
}

impl Look {
    /// The look where no screen shows.
    pub(super) fn unseen(settings: &Settings) -> Look {
        Look {
            display: Display::told_by(settings.ascii, variable),
            alerts: AlertWays::NONE,
            theme: settings.theme.unwrap_or(Theme::NONE),
            late_colours: None,
            size: USUAL_SIZE,
            warning: None,
        }
    }

    /// The look of this terminal, which was taken already. What is typed meanwhile is added to
    /// `typed`.
    pub(super) fn of(settings: &Settings, typed: &mut Vec<u8>) -> Look {
        let display = Display::told_by(settings.ascii, variable);
        let known = settings.theme.or_else(|| display.plain_theme(variable));

        // The background says enough: not every terminal that tells it tells its text's colour, too.
        let (theme, warning, late_colours) = match known {
            // The settings have warned already.
            Some(known) => (display.theme(settings.colours.on(known)), None, None),
            None => {
                let told = background::is_light(THEME_TIMEOUT, typed);
                let suiting = settings.colours.on_background(display, told == Some(true));
                match told {
                    Some(_) => (suiting.theme, suiting.warning, None),
                    None => (suiting.theme, None, Some(settings.colours.clone())),
                }
            }
        };

        Look {
            display,
            alerts: AlertWays::told_by(settings.alerts, variable),
            theme,
            late_colours,
            size: tty::size(),
            warning,
        }
    }
}

/// A variable of the environment; empty where it is not set.
pub(super) fn variable(name: &str) -> String {
    let value = std::env::var_os(name).unwrap_or_default();
    value.to_string_lossy().into_owned()
}
