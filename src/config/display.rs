//! The abilities of the terminal: its colours, and its characters.

use super::ascii;
use super::theme::Theme;
use crate::model::Currency;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Style};

/// The colours that a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// All of 24 bits.
    All,
    /// The palette of 256.
    Palette,
}

/// The characters that a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// All of Unicode.
    Unicode,
    /// ASCII alone.
    Ascii,
}

/// The setting `ascii`: whether a terminal gets nothing but ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsciiMode {
    /// Where it can show no more, as the environment tells.
    Auto,
    /// In any case.
    Always,
    /// In no case.
    Never,
}

impl AsciiMode {
    /// All choices with their names.
    pub(crate) const NAMED: [(&str, AsciiMode); 3] = [
        ("auto", AsciiMode::Auto),
        ("true", AsciiMode::Always),
        ("false", AsciiMode::Never),
    ];

    /// The choice with this name.
    #[must_use]
    pub(crate) fn named(name: &str) -> Option<AsciiMode> {
        let named = AsciiMode::NAMED.iter().find(|(known, _)| *known == name);
        named.map(|(_, mode)| *mode)
    }
}

/// The abilities of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Display {
    /// The colours.
    pub colours: Colours,
    /// The characters.
    pub charset: Charset,
}

impl Display {
    /// The display that the setting asks for and the environment tells of. `variable` gives the
    /// value of a variable; one that is not set is empty.
    #[must_use]
    pub fn told_by(ascii: AsciiMode, variable: impl Fn(&str) -> String) -> Display {
        let term = variable("TERM");
        let colours = match variable("COLORTERM").as_str() {
            "truecolor" | "24bit" => Colours::All,
            _ if term.contains("direct") => Colours::All,
            _ => Colours::Palette,
        };

        let charset = match ascii {
            AsciiMode::Auto => charset_told_by(variable),
            AsciiMode::Always => Charset::Ascii,
            AsciiMode::Never => Charset::Unicode,
        };
        Display { colours, charset }
    }

    /// The theme for a terminal that can or should show few colours, as the environment tells;
    /// `None` where the terminal's background decides.
    #[must_use]
    pub(crate) fn plain_theme(self, variable: impl Fn(&str) -> String) -> Option<Theme> {
        if !variable("NO_COLOR").is_empty() {
            return Some(Theme::NONE);
        }

        let has_palette = self.colours == Colours::All || variable("TERM").contains("256");
        (!has_palette).then_some(Theme::SIXTEEN)
    }

    /// A theme in colours that the terminal can show.
    #[must_use]
    pub fn theme(self, theme: Theme) -> Theme {
        match self.colours {
            Colours::All => theme,
            Colours::Palette => theme.map(in_palette),
        }
    }

    /// Replaces what the terminal can't show in a row that is drawn, column by column.
    pub(crate) fn fit(self, row: &mut Buffer) {
        match self.charset {
            Charset::Unicode => {}
            Charset::Ascii => ascii::replace(row),
        }
    }

    /// Has amounts in this currency written with a sign that the terminal can show.
    pub(crate) fn fit_currency(self, currency: &mut Currency) {
        match self.charset {
            Charset::Unicode => {}
            Charset::Ascii => currency.show_letters(),
        }
    }

    /// A text in characters that the terminal can show.
    #[must_use]
    pub(crate) fn text(self, text: String) -> String {
        match self.charset {
            Charset::Unicode => text,
            Charset::Ascii => text.chars().map(ascii::sign).collect(),
        }
    }
}

/// The characters of a terminal, as the environment tells.
fn charset_told_by(variable: impl Fn(&str) -> String) -> Charset {
    // The first of these that is set names the characters.
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .map(&variable)
        .into_iter()
        .find(|value| !value.is_empty());
    let has_unicode = match locale {
        Some(locale) => {
            let locale = locale.to_ascii_uppercase();
            locale.contains("UTF-8") || locale.contains("UTF8")
        }
        // Containers have no locale, and terminals that know Unicode.
        None => true,
    };

    // The font of the Linux console lacks most signs.
    if has_unicode && variable("TERM") != "linux" {
        Charset::Unicode
    } else {
        Charset::Ascii
    }
}

/// Returns whether a terminal of this name, as `TERM` tells it, can't even move its cursor.
#[must_use]
pub(crate) fn is_dumb(term: &str) -> bool {
    term.is_empty() || term == "dumb"
}

/// A style in colours of the palette.
fn in_palette(style: Style) -> Style {
    Style {
        fg: style.fg.map(nearest),
        bg: style.bg.map(nearest),
        ..style
    }
}

/// The steps of each part of a colour in the palette's cube, colours 16 to 231.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The nearest colour of the palette: of the cube, or of the greys behind it.
fn nearest(color: Color) -> Color {
    let Color::Rgb(r, g, b) = color else {
        return color;
    };

    let [red, green, blue] = [r, g, b].map(nearest_step);
    let cube = (
        16 + 36 * red + 6 * green + blue,
        [red, green, blue].map(step),
    );
    // The greys are 8, 18, 28 and so on, up to 238.
    let mean = (u16::from(r) + u16::from(g) + u16::from(b)) / 3;
    let shade = u8::try_from(mean.saturating_sub(3) / 10)
        .unwrap_or(23)
        .min(23);
    let grey = (232 + shade, [8 + 10 * shade; 3]);

    let (index, _) = if distance([r, g, b], grey.1) < distance([r, g, b], cube.1) {
        grey
    } else {
        cube
    };
    Color::Indexed(index)
}

/// The parts of a colour of the palette; `None` for the first sixteen, which each terminal has its
/// own way.
pub(super) fn in_cube(index: u8) -> Option<(u8, u8, u8)> {
    match index {
        0..=15 => None,
        16..=231 => {
            let place = index - 16;
            Some((step(place / 36), step(place / 6 % 6), step(place % 6)))
        }
        232.. => {
            let shade = 8 + 10 * (index - 232);
            Some((shade, shade, shade))
        }
    }
}

fn step(place: u8) -> u8 {
    CUBE[usize::from(place)]
}

/// The place of the nearest step of the cube.
fn nearest_step(value: u8) -> u8 {
    let mut nearest = 0;
    for place in 0..6 {
        if value.abs_diff(step(place)) < value.abs_diff(step(nearest)) {
            nearest = place;
        }
    }
    nearest
}

fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    a.into_iter()
        .zip(b)
        .map(|(a, b)| u32::from(a.abs_diff(b)).pow(2))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(variables: &[(&str, &str)], name: &str) -> String {
        let told = variables.iter().find(|(known, _)| *known == name);
        told.map_or(String::new(), |(_, value)| (*value).to_owned())
    }

    fn display(variables: &[(&str, &str)]) -> Display {
        Display::told_by(AsciiMode::Auto, |name| value(variables, name))
    }

    #[test]
    fn colours_are_those_that_the_terminal_knows() {
        for (term, colorterm, colours) in [
            ("xterm-256color", "truecolor", Colours::All),
            ("xterm-256color", "24bit", Colours::All),
            ("xterm-direct", "", Colours::All),
            ("xterm-256color", "", Colours::Palette),
            ("screen-256color", "", Colours::Palette),
        ] {
            let told = display(&[("TERM", term), ("COLORTERM", colorterm)]);
            assert_eq!(told.colours, colours, "{term} {colorterm}");
        }
    }

    #[test]
    fn few_colours_decide_about_the_theme() {
        for (term, colorterm, no_color, theme) in [
            ("xterm-256color", "", "", None),
            ("foot", "truecolor", "", None),
            ("xterm-direct", "", "", None),
            ("linux", "", "", Some(Theme::SIXTEEN)),
            ("xterm-256color", "truecolor", "1", Some(Theme::NONE)),
        ] {
            let variables = [
                ("TERM", term),
                ("COLORTERM", colorterm),
                ("NO_COLOR", no_color),
            ];
            let told = display(&variables).plain_theme(|name| value(&variables, name));
            assert_eq!(told, theme, "{term} {colorterm} {no_color}");
        }
    }

    #[test]
    fn the_locale_names_the_characters() {
        use Charset::{Ascii, Unicode};
        for (variables, charset) in [
            (&[("LANG", "C")][..], Ascii),
            (&[("LANG", "POSIX")], Ascii),
            (&[("LANG", "de_DE.ISO-8859-1")], Ascii),
            (&[("LANG", "C.UTF-8")], Unicode),
            (&[("LANG", "de_DE.utf8")], Unicode),
            (&[("LANG", "C"), ("LC_CTYPE", "en_US.UTF-8")], Unicode),
            (&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")], Ascii),
            (&[], Unicode),
            (&[("TERM", "linux"), ("LANG", "en_US.UTF-8")], Ascii),
        ] {
            assert_eq!(display(variables).charset, charset, "{variables:?}");

            // The setting is stronger than any of them.
            for (mode, charset) in [(AsciiMode::Always, Ascii), (AsciiMode::Never, Unicode)] {
                let told = Display::told_by(mode, |name| value(variables, name));
                assert_eq!(told.charset, charset, "{variables:?}");
            }
        }
    }

    #[test]
    fn the_palette_has_the_nearest_colour() {
        for (rgb, index) in [
            (0x00_0000, 16),
            (0xff_ffff, 231),
            (0x80_8080, 244),
            (0x5f_87af, 67),
            (0x1e_2128, 235),
        ] {
            let color = Color::from_u32(rgb);
            assert_eq!(nearest(color), Color::Indexed(index), "{rgb:x}");
        }
    }
}
