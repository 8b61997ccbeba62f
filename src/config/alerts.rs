//! The ways to tell somebody something while they look elsewhere: the setting, and what their
//! terminal takes.

/// The setting: how somebody is told. Each choice includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alerts {
    /// Not at all.
    None,
    /// The terminal's title counts what happened.
    Title,
    /// The terminal's bell rings, too.
    Bell,
    /// It shows a notification, too, where it is known to do so.
    Auto,
}

impl Alerts {
    /// All choices with their names.
    pub(crate) const NAMED: [(&str, Alerts); 4] = [
        ("auto", Alerts::Auto),
        ("bell", Alerts::Bell),
        ("title", Alerts::Title),
        ("none", Alerts::None),
    ];

    /// The choice with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Alerts> {
        let named = Alerts::NAMED.iter().find(|(known, _)| *known == name);
        named.map(|(_, alerts)| *alerts)
    }
}

/// A sequence by which a terminal shows a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notification {
    /// The sequence of iTerm2, with a text alone.
    Osc9,
    /// The sequence of kitty.
    Osc99,
    /// The sequence of rxvt, with a title and a text.
    Osc777,
}

/// The ways to tell somebody at one terminal something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlertWays {
    /// The terminal's title counts what happened.
    pub title: bool,
    /// Its bell rings.
    pub bell: bool,
    /// It shows a notification.
    pub notification: Option<Notification>,
}

impl AlertWays {
    /// No way at all.
    pub const NONE: AlertWays = AlertWays {
        title: false,
        bell: false,
        notification: None,
    };

    /// The ways that the setting wants and the terminal takes, as its environment tells. `variable`
    /// gives the value of a variable; one that is not set is empty.
    #[must_use]
    pub fn told_by(alerts: Alerts, variable: impl Fn(&str) -> String) -> AlertWays {
        // The console is all of the screen: nobody looks elsewhere.
        if matches!(variable("TERM").as_str(), "" | "dumb" | "linux") {
            return AlertWays::NONE;
        }
        AlertWays {
            title: alerts >= Alerts::Title,
            bell: alerts >= Alerts::Bell,
            notification: notification(variable).filter(|_| alerts == Alerts::Auto),
        }
    }

    /// True where the terminal is asked to tell when it gets the focus and loses it.
    #[must_use]
    pub(crate) fn need_focus(self) -> bool {
        self != AlertWays::NONE
    }
}

/// The sequence that the terminal is known to take; `None` where it may show it as text instead.
fn notification(variable: impl Fn(&str) -> String) -> Option<Notification> {
    let is_set = |name: &str| !variable(name).is_empty();
    let term = variable("TERM");
    // These pass on what they know alone. The variables of the terminal around them may well stand
    // in their environment.
    let is_multiplexed = ["screen", "tmux"].iter().any(|name| term.starts_with(name));
    if is_multiplexed || is_set("TMUX") || is_set("STY") {
        return None;
    }

    // Terminals hand on their own variables to those that are started from them, so a name goes
    // before what such a variable lets suppose.
    match variable("TERM_PROGRAM").as_str() {
        "iTerm.app" | "WezTerm" | "ghostty" => return Some(Notification::Osc9),
        "" => {}
        _ => return None,
    }
    match term.as_str() {
        "xterm-kitty" => return Some(Notification::Osc99),
        "foot" | "foot-extra" | "wezterm" | "xterm-ghostty" => return Some(Notification::Osc9),
        _ if term.starts_with("rxvt") => return Some(Notification::Osc777),
        _ => {}
    }
    // By SSH, this is all that iTerm2 sends.
    if variable("LC_TERMINAL") == "iTerm2" {
        Some(Notification::Osc9)
    } else if is_set("WT_SESSION") || is_set("VTE_VERSION") {
        Some(Notification::Osc777)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(alerts: Alerts, variables: &[(&str, &str)]) -> AlertWays {
        AlertWays::told_by(alerts, |name| {
            let told = variables.iter().find(|(known, _)| *known == name);
            told.map_or(String::new(), |(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_terminal_is_sent_only_what_it_is_known_to_take() {
        use Notification::{Osc9, Osc99, Osc777};
        let xterm = ("TERM", "xterm-256color");
        for (variables, notification) in [
            (&[xterm][..], None),
            (&[xterm, ("TERM_PROGRAM", "iTerm.app")], Some(Osc9)),
            (&[xterm, ("LC_TERMINAL", "iTerm2")], Some(Osc9)),
            (&[xterm, ("TERM_PROGRAM", "WezTerm")], Some(Osc9)),
            (&[("TERM", "xterm-ghostty")], Some(Osc9)),
            (&[("TERM", "foot")], Some(Osc9)),
            (&[("TERM", "xterm-kitty")], Some(Osc99)),
            (&[("TERM", "rxvt-unicode-256color")], Some(Osc777)),
            (&[xterm, ("VTE_VERSION", "7600")], Some(Osc777)),
            (&[xterm, ("WT_SESSION", "1-2-3")], Some(Osc777)),
            // One that was started from another terminal, and those that stand between.
            (
                &[xterm, ("TERM_PROGRAM", "vscode"), ("VTE_VERSION", "7600")],
                None,
            ),
            (
                &[("TERM", "tmux-256color"), ("TERM_PROGRAM", "iTerm.app")],
                None,
            ),
            (&[("TERM", "xterm-kitty"), ("TMUX", "/tmp/x,1,0")], None),
            (&[("TERM", "screen"), ("LC_TERMINAL", "iTerm2")], None),
        ] {
            let told = ways(Alerts::Auto, variables);
            assert_eq!(told.notification, notification, "{variables:?}");
            assert!(told.bell && told.title, "{variables:?}");
        }
    }

    #[test]
    fn each_choice_includes_those_before_it() {
        let kitty = [("TERM", "xterm-kitty")];
        assert_eq!(ways(Alerts::None, &kitty), AlertWays::NONE);
        for (alerts, bell) in [(Alerts::Title, false), (Alerts::Bell, true)] {
            let told = ways(alerts, &kitty);
            assert!(told.title && told.bell == bell && told.notification.is_none());
        }
        // Nothing is written to one that can't show it.
        for term in ["linux", "dumb", ""] {
            assert_eq!(ways(Alerts::Auto, &[("TERM", term)]), AlertWays::NONE);
        }
        for (name, alerts) in Alerts::NAMED {
            assert_eq!(Alerts::named(name), Some(alerts));
        }
        assert_eq!(Alerts::named("loud"), None);
    }
}
