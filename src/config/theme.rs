//! Every colour and symbol of the screen: the built-in themes, and the signs beside text.

use ratatui::style::{Color, Modifier, Style};

/// A theme: the styles of the screen by their meaning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Theme {
    /// The background of the whole screen; the terminal's own where it is empty.
    pub background: Style,
    /// Ordinary text.
    pub text: Style,
    /// News on the message line.
    pub info: Style,
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
    pub selected_unfocused: Style,
    /// A row that just changed.
    pub changed: Style,
    /// Letters that match the search; added to the row's own style.
    pub matched: Style,
    /// Changes that are not confirmed yet.
    pub pending: Style,
    /// Good info: connected, cheaper, ready.
    pub good: Style,
    /// Something that needs a look.
    pub warn: Style,
    /// Something that failed or was refused.
    pub bad: Style,
    /// The marks of carts, by which two terminals are told apart.
    pub carts: [Style; 6],
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

    /// This theme without a background of its own: the terminal's shows.
    #[must_use]
    pub fn on_terminal_background(self) -> Theme {
        Theme {
            background: Style::new(),
            ..self
        }
    }

    /// This theme with each of its styles changed.
    #[must_use]
    pub(crate) fn map(mut self, change: impl Fn(Style) -> Style) -> Theme {
        for (_, style) in self.roles_mut() {
            *style = change(*style);
        }
        self.carts = self.carts.map(change);
        self
    }

    /// The styles of all roles, each with its name in the settings file.
    fn roles_mut(&mut self) -> [(&'static str, &mut Style); 15] {
        let Theme {
            background,
            text,
            info,
            dim,
            accent,
            border,
            focus,
            selected,
            selected_unfocused,
            changed,
            matched,
            pending,
            good,
            warn,
            bad,
            carts: _,
        } = self;
        [
            ("background", background),
            ("text", text),
            ("info", info),
            ("dim", dim),
            ("accent", accent),
            ("border", border),
            ("focus", focus),
            ("selected", selected),
            ("selected_unfocused", selected_unfocused),
            ("changed", changed),
            ("matched", matched),
            ("pending", pending),
            ("good", good),
            ("warn", warn),
            ("bad", bad),
        ]
    }

    /// The names of the roles, as the settings file has them.
    pub(crate) fn role_names() -> [&'static str; 15] {
        let mut theme = Theme::NONE;
        theme.roles_mut().map(|(name, _)| name)
    }

    /// The style of the role with this name.
    pub(crate) fn role_mut(&mut self, name: &str) -> Option<&mut Style> {
        let mut roles = self.roles_mut().into_iter();
        roles
            .find(|(known, _)| *known == name)
            .map(|(_, style)| style)
    }

    /// The style of a cart's mark: the same for a name wherever and whenever it shows.
    #[must_use]
    pub(crate) fn cart(&self, name: &str) -> Style {
        // FNV-1a: what the standard library hashes by may change.
        let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
        self.carts[hash as usize % self.carts.len()]
    }

    /// The theme for terminals with a dark background.
    pub const DARK: Theme = Theme {
        background: Style::new().bg(rgb(0x1e_2128)),
        text: fg(0xd8_dee9),
        info: fg(0xb8_d4f0),
        dim: fg(0x97_a0b4),
        accent: fg(0x7e_c8e3).add_modifier(Modifier::BOLD),
        border: fg(0x4c_566a),
        focus: fg(0x7e_c8e3),
        selected: fg(0xff_ffff).bg(rgb(0x2d_4a63)),
        selected_unfocused: Style::new().bg(rgb(0x2b_303b)),
        changed: fg(0xff_f0cd).bg(rgb(0x5c_481c)),
        matched: BOLD.fg(rgb(0xeb_cb8b)),
        pending: fg(0xb4_bed2).add_modifier(Modifier::ITALIC),
        good: fg(0xa3_d18a),
        warn: fg(0xeb_cb8b),
        bad: fg(0xf0_828a),
        carts: [
            fg(0x3f_c1b0),
            fg(0x62_b6ff),
            fg(0x9a_9cff),
            fg(0xc9_8bff),
            fg(0xff_85e0),
            fg(0xbf_c7d5),
        ],
    };

    /// The theme for terminals with a light background.
    pub const LIGHT: Theme = Theme {
        background: Style::new().bg(rgb(0xff_ffff)),
        text: fg(0x24_292f),
        info: fg(0x0a_3069),
        dim: fg(0x57_606a),
        accent: fg(0x05_50ae).add_modifier(Modifier::BOLD),
        border: fg(0xaf_b8c1),
        focus: fg(0x05_50ae),
        selected: fg(0x10_1418).bg(rgb(0xbf_dcf7)),
        selected_unfocused: Style::new().bg(rgb(0xe4_e8ec)),
        changed: fg(0x3b_2300).bg(rgb(0xff_e3a3)),
        matched: BOLD.fg(rgb(0x8a_2c00)),
        pending: fg(0x4a_5058).add_modifier(Modifier::ITALIC),
        good: fg(0x11_6329),
        warn: fg(0x7d_4e00),
        bad: fg(0xb3_1d28),
        carts: [
            fg(0x00_6b66),
            fg(0x0a_5cc0),
            fg(0x4b_3fc4),
            fg(0x7a_2cb0),
            fg(0xa8_1f86),
            fg(0x52_5c68),
        ],
    };

    /// The theme with the strongest contrast, on a dark background.
    pub const CONTRAST: Theme = Theme {
        background: Style::new().bg(rgb(0x00_0000)),
        text: fg(0xff_ffff),
        info: fg(0xd0_e8ff),
        dim: fg(0xe0_e0e0),
        accent: fg(0x7d_f9ff).add_modifier(Modifier::BOLD),
        border: fg(0xc0_c0c0),
        focus: fg(0x7d_f9ff),
        selected: fg(0x00_0000).bg(rgb(0xff_ff66)),
        selected_unfocused: fg(0xff_ffff).bg(rgb(0x40_4040)),
        changed: fg(0x00_0000).bg(rgb(0x7d_f9ff)),
        matched: BOLD.add_modifier(Modifier::UNDERLINED),
        pending: fg(0xff_ffff).add_modifier(Modifier::ITALIC),
        good: fg(0x8c_ff8c),
        warn: fg(0xff_ff66),
        bad: fg(0xff_a0a0),
        carts: [
            fg(0x40_ffe0),
            fg(0x80_c8ff),
            fg(0xb0_b0ff),
            fg(0xd8_a0ff),
            fg(0xff_a0f0),
            fg(0xe0_e0e0),
        ],
    };

    /// The theme of the terminal's own sixteen colours.
    pub const SIXTEEN: Theme = Theme {
        background: Style::new(),
        text: Style::new(),
        info: Style::new(),
        dim: Style::new(),
        accent: BOLD.fg(Color::Cyan),
        border: Style::new(),
        focus: Style::new().fg(Color::Cyan),
        selected: Style::new().add_modifier(Modifier::REVERSED),
        selected_unfocused: Style::new().add_modifier(Modifier::UNDERLINED),
        changed: Style::new().fg(Color::Black).bg(Color::Yellow),
        matched: BOLD.add_modifier(Modifier::UNDERLINED),
        pending: Style::new().add_modifier(Modifier::ITALIC),
        good: Style::new().fg(Color::Green),
        warn: Style::new().fg(Color::Yellow),
        bad: Style::new().fg(Color::Red),
        carts: [
            Style::new().fg(Color::Cyan),
            Style::new().fg(Color::Blue),
            Style::new().fg(Color::Magenta),
            Style::new().fg(Color::LightCyan),
            Style::new().fg(Color::LightBlue),
            Style::new().fg(Color::LightMagenta),
        ],
    };

    /// The theme without colours: it has weight and reversal alone.
    pub const NONE: Theme = Theme {
        background: Style::new(),
        text: Style::new(),
        info: Style::new(),
        dim: Style::new(),
        accent: BOLD,
        border: Style::new(),
        focus: BOLD,
        selected: Style::new().add_modifier(Modifier::REVERSED),
        selected_unfocused: Style::new().add_modifier(Modifier::UNDERLINED),
        changed: BOLD.add_modifier(Modifier::UNDERLINED),
        matched: BOLD.add_modifier(Modifier::UNDERLINED),
        pending: Style::new().add_modifier(Modifier::ITALIC),
        good: Style::new(),
        warn: BOLD,
        bad: BOLD,
        carts: [Style::new(); 6],
    };
}

/// The sign of a connection that is up.
pub(crate) const CONNECTED: &str = "●";
/// The sign of a connection that is down.
pub(crate) const DISCONNECTED: &str = "○";
/// The sign of somebody who has the cart open.
pub(crate) const HERE: &str = "●";
/// The sign of somebody who does not.
pub(crate) const AWAY: &str = "○";
/// The mark before the name of a cart.
pub(crate) const CART: &str = "▌";
/// The same where the terminal has no such sign: as a bar it would be a `#`, which begins numbers
/// of orders.
pub(crate) const CART_IN_ASCII: &str = "|";
/// The sign of the selected row, ticket or entry, where the keyboard is.
pub(crate) const SELECTED: &str = "▸";
/// The sign of the selected row of a pane without the keyboard.
pub(crate) const SELECTED_UNFOCUSED: &str = "▹";
/// The sign of what just changed.
pub(crate) const CHANGED: &str = "*";
/// The sign of a change that is not confirmed yet.
pub(crate) const PENDING: &str = "…";
/// The sign of unlimited stock.
pub(crate) const UNLIMITED: &str = "∞";
/// The word for unlimited stock where the terminal has no such sign.
pub(crate) const UNLIMITED_IN_ASCII: &str = "many";
/// The sign of a quantity of which the shop has too few, and of a ticket that needs a look.
pub(crate) const SHORT: &str = "!";
/// The sign of a ticket that is late.
pub(crate) const LATE: &str = "!!";
/// The sign of a note on a product.
pub(crate) const NOTE: &str = "›";
/// The sign of a price that went up since the product was added.
pub(crate) const DEARER: &str = "▲";
/// The sign of a price that went down since the product was added.
pub(crate) const CHEAPER: &str = "▼";
/// The sign of a column by which a list is sorted, the lowest first.
pub(crate) const ASCENDING: &str = "▲";
/// The sign of a column by which a list is sorted, the highest first.
pub(crate) const DESCENDING: &str = "▼";
/// The sign of somebody who is expected, and has asked for nothing yet.
pub(crate) const MISSING: &str = "–";
/// The sign of an order that can be fetched, and of somebody who is ready.
pub(crate) const READY: &str = "✓";
/// The sign of an order that is called off.
pub(crate) const CANCELLED: &str = "✗";
/// The signs of a bar: nothing, then one to eight eighths of a column.
pub(crate) const BAR: [&str; 9] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];
