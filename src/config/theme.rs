//! Every colour and symbol, once.

use ratatui::style::{Color, Modifier, Style};

/// The styles by their meaning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Theme {
    /// The ground below everything; the terminal's own where it is empty.
    pub ground: Style,
    /// Usual text.
    pub text: Style,
    /// What just happened, on the message line.
    pub news: Style,
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
    /// Letters that fit the search; added to the row's own style.
    pub found: Style,
    /// What is not confirmed yet.
    pub pending: Style,
    /// All is well.
    pub good: Style,
    /// Look here.
    pub warn: Style,
    /// Something failed.
    pub bad: Style,
}

const fn rgb(hex: u32) -> Color {
    let [_, r, g, b] = hex.to_be_bytes();
    Color::Rgb(r, g, b)
}

const fn fg(hex: u32) -> Style {
    Style::new().fg(rgb(hex))
}

const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);

impl Theme {
    /// The built-in themes by name.
    pub const NAMED: [(&'static str, Theme); 5] = [
        ("dark", Theme::DARK),
        ("light", Theme::LIGHT),
        ("contrast", Theme::CONTRAST),
        ("16", Theme::SIXTEEN),
        ("none", Theme::NONE),
    ];

    /// The theme with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Theme> {
        Theme::NAMED
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, theme)| *theme)
    }

    /// The same on the terminal's own ground.
    #[must_use]
    pub fn on_own_ground(self) -> Theme {
        Theme {
            ground: Style::new(),
            ..self
        }
    }

    /// For terminals with a dark ground.
    pub const DARK: Theme = Theme {
        ground: Style::new().bg(rgb(0x1e_2128)),
        text: fg(0xd8_dee9),
        news: fg(0xb8_d4f0),
        dim: fg(0x97_a0b4),
        accent: fg(0x7e_c8e3).add_modifier(Modifier::BOLD),
        border: fg(0x4c_566a),
        focus: fg(0x7e_c8e3),
        selected: fg(0xff_ffff).bg(rgb(0x2d_4a63)),
        unfocused: Style::new().bg(rgb(0x2b_303b)),
        mark: fg(0xff_f0cd).bg(rgb(0x5c_481c)),
        found: BOLD.fg(rgb(0xeb_cb8b)),
        pending: fg(0xb4_bed2).add_modifier(Modifier::ITALIC),
        good: fg(0xa3_d18a),
        warn: fg(0xeb_cb8b),
        bad: fg(0xf0_828a),
    };

    /// For terminals with a light ground.
    pub const LIGHT: Theme = Theme {
        ground: Style::new().bg(rgb(0xff_ffff)),
        text: fg(0x24_292f),
        news: fg(0x0a_3069),
        dim: fg(0x57_606a),
        accent: fg(0x05_50ae).add_modifier(Modifier::BOLD),
        border: fg(0xaf_b8c1),
        focus: fg(0x05_50ae),
        selected: fg(0x10_1418).bg(rgb(0xbf_dcf7)),
        unfocused: Style::new().bg(rgb(0xe4_e8ec)),
        mark: fg(0x3b_2300).bg(rgb(0xff_e3a3)),
        found: BOLD.fg(rgb(0x95_3800)),
        pending: fg(0x4a_5058).add_modifier(Modifier::ITALIC),
        good: fg(0x11_6329),
        warn: fg(0x7d_4e00),
        bad: fg(0xb3_1d28),
    };

    /// Strongest contrast, for a dark ground.
    pub const CONTRAST: Theme = Theme {
        ground: Style::new().bg(rgb(0x00_0000)),
        text: fg(0xff_ffff),
        news: fg(0xd0_e8ff),
        dim: fg(0xe0_e0e0),
        accent: fg(0x7d_f9ff).add_modifier(Modifier::BOLD),
        border: fg(0xc0_c0c0),
        focus: fg(0x7d_f9ff),
        selected: fg(0x00_0000).bg(rgb(0xff_ff66)),
        unfocused: fg(0xff_ffff).bg(rgb(0x40_4040)),
        mark: fg(0x00_0000).bg(rgb(0x7d_f9ff)),
        found: BOLD.add_modifier(Modifier::UNDERLINED),
        pending: fg(0xff_ffff).add_modifier(Modifier::ITALIC),
        good: fg(0x8c_ff8c),
        warn: fg(0xff_ff66),
        bad: fg(0xff_a0a0),
    };

    /// The terminal's own sixteen colours.
    pub const SIXTEEN: Theme = Theme {
        ground: Style::new(),
        text: Style::new(),
        news: Style::new(),
        dim: Style::new(),
        accent: BOLD.fg(Color::Cyan),
        border: Style::new(),
        focus: Style::new().fg(Color::Cyan),
        selected: Style::new().add_modifier(Modifier::REVERSED),
        unfocused: Style::new().add_modifier(Modifier::UNDERLINED),
        mark: Style::new().fg(Color::Black).bg(Color::Yellow),
        found: BOLD.add_modifier(Modifier::UNDERLINED),
        pending: Style::new().add_modifier(Modifier::ITALIC),
        good: Style::new().fg(Color::Green),
        warn: Style::new().fg(Color::Yellow),
        bad: Style::new().fg(Color::Red),
    };

    /// No colours: weight and reversal alone.
    pub const NONE: Theme = Theme {
        ground: Style::new(),
        text: Style::new(),
        news: Style::new(),
        dim: Style::new(),
        accent: BOLD,
        border: Style::new(),
        focus: BOLD,
        selected: Style::new().add_modifier(Modifier::REVERSED),
        unfocused: Style::new().add_modifier(Modifier::UNDERLINED),
        mark: BOLD.add_modifier(Modifier::UNDERLINED),
        found: BOLD.add_modifier(Modifier::UNDERLINED),
        pending: Style::new().add_modifier(Modifier::ITALIC),
        good: Style::new(),
        warn: BOLD,
        bad: BOLD,
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
/// The price went up since the product was added.
pub const DEARER: &str = "▲";
/// The price went down since.
pub const CHEAPER: &str = "▼";
/// A bar that fills its column, and its eighths.
pub const BAR: [&str; 9] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];
