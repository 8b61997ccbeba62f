//! Every colour and symbol, once.

use ratatui::style::{Color, Modifier, Style};

/// The styles by their meaning.
#[derive(Debug, Clone, Copy)]
pub struct Theme {
    /// Usual text.
    pub text: Style,
    /// Text of less weight.
    pub dim: Style,
    /// Names of panes, keys, the shop.
    pub accent: Style,
    /// Frames of panes.
    pub border: Style,
    /// The frame of the pane with the keyboard.
    pub focus: Style,
    /// The selected row.
    pub selected: Style,
    /// The selected row of the pane without the keyboard.
    pub unfocused: Style,
    /// A row that just changed.
    pub mark: Style,
    /// What is not confirmed yet.
    pub pending: Style,
    /// All is well.
    pub good: Style,
    /// Look here.
    pub warn: Style,
    /// Something failed.
    pub bad: Style,
}

impl Theme {
    /// Light text on the terminal's dark ground.
    pub const DARK: Theme = {
        const fn fg(r: u8, g: u8, b: u8) -> Style {
            Style::new().fg(Color::Rgb(r, g, b))
        }
        Theme {
            text: fg(216, 222, 233),
            dim: fg(139, 148, 168),
            accent: fg(126, 200, 227).add_modifier(Modifier::BOLD),
            border: fg(76, 86, 106),
            focus: fg(126, 200, 227),
            selected: Style::new().fg(Color::Rgb(255, 255, 255)).bg(Color::Rgb(45, 74, 99)),
            unfocused: Style::new().bg(Color::Rgb(43, 48, 59)),
            mark: Style::new().fg(Color::Rgb(255, 240, 205)).bg(Color::Rgb(92, 72, 28)),
            pending: fg(180, 190, 210).add_modifier(Modifier::ITALIC),
            good: fg(163, 209, 138),
            warn: fg(235, 203, 139),
            bad: fg(240, 130, 138),
        }
    };

    /// No colours: weight and reversal alone.
    pub const PLAIN: Theme = {
        const PLAIN: Style = Style::new();
        const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
        Theme {
            text: PLAIN,
            dim: PLAIN,
            accent: BOLD,
            border: PLAIN,
            focus: BOLD,
            selected: Style::new().add_modifier(Modifier::REVERSED),
            unfocused: Style::new().add_modifier(Modifier::UNDERLINED),
            mark: Style::new().add_modifier(Modifier::BOLD).add_modifier(Modifier::UNDERLINED),
            pending: Style::new().add_modifier(Modifier::ITALIC),
            good: PLAIN,
            warn: BOLD,
            bad: BOLD,
        }
    };
}

/// The link is up.
pub const LIVE: &str = "●";
/// The link is down.
pub const DOWN: &str = "○";
/// Not confirmed yet.
pub const PENDING: &str = "…";
/// No end: unlimited stock.
pub const UNLIMITED: &str = "∞";
