//! Own colours: styles of single roles of a theme, as the settings file gives them.

use super::display::Display;
use super::theme::Theme;
use ratatui::style::{Color, Modifier, Style};
use std::collections::BTreeMap;
use std::str::FromStr;

/// The least contrast of text with what is behind it, by WCAG 2.
const LEAST_CONTRAST: f64 = 4.5;
/// The role that carries no text.
const WITHOUT_TEXT: &str = "border";

/// The styles of some roles of a theme, in place of its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OwnColours(BTreeMap<String, Style>);

/// A theme on a terminal's background.
#[derive(Debug, Clone, PartialEq)]
pub struct SuitingTheme {
    /// The theme, as the terminal can show it.
    pub theme: Theme,
    /// A warning about a colour that is hard to read there; `None` where there is none.
    pub warning: Option<String>,
}

impl OwnColours {
    /// The theme on the background of a terminal with these abilities. It counts as dark as long as
    /// nothing is told.
    #[must_use]
    pub(crate) fn on_background(&self, display: Display, is_light: bool) -> SuitingTheme {
        let theme = if is_light { Theme::LIGHT } else { Theme::DARK };
        SuitingTheme {
            theme: display.theme(self.on(theme.on_terminal_background())),
            warning: self.warnings(theme).into_iter().next(),
        }
    }

    /// Adds a role's style, as the settings name both.
    pub(super) fn add(&mut self, role: &str, style: &str) -> Result<(), String> {
        let roles = Theme::role_names();
        if !roles.contains(&role) {
            let roles = roles.join(", ");
            return Err(format!("there is no such role; the roles are {roles}"));
        }
        self.0.insert(role.to_owned(), parse_style(style)?);
        Ok(())
    }

    /// A theme with these styles.
    #[must_use]
    pub fn on(&self, mut theme: Theme) -> Theme {
        for (role, style) in &self.0 {
            if let Some(of_theme) = theme.role_mut(role) {
                *of_theme = *style;
            }
        }
        theme
    }

    /// Warnings about roles that can hardly be read with these styles, as far as the colours are
    /// known.
    pub(crate) fn warnings(&self, theme: Theme) -> Vec<String> {
        let mut theme = self.on(theme);
        let background = theme.background.bg;
        let mut warnings = Vec::new();
        for role in self.0.keys().filter(|role| *role != WITHOUT_TEXT) {
            let Some(style) = theme.role_mut(role) else {
                continue;
            };

            let behind = style.bg.or(background).and_then(luminance);
            let text = style.fg.and_then(luminance);
            let contrast = match (text, behind) {
                (Some(text), Some(behind)) => (text.max(behind) + 0.05) / (text.min(behind) + 0.05),
                _ => continue,
            };

            if contrast < LEAST_CONTRAST {
                warnings.push(format!(
                    "colours.{role} is hard to read: its contrast with its background is \
                     {contrast:.1}, and should be {LEAST_CONTRAST} or more"
                ));
            }
        }

        warnings
    }
}

/// Reads a style: `bold #ffb000 on black`.
fn parse_style(written: &str) -> Result<Style, String> {
    let mut style = Style::new();
    let mut is_background = false;
    for word in written.split_whitespace() {
        let modifier = match word {
            "on" => {
                is_background = true;
                continue;
            }
            "bold" => Modifier::BOLD,
            "italic" => Modifier::ITALIC,
            "underlined" => Modifier::UNDERLINED,
            "reversed" => Modifier::REVERSED,
            color => {
                let color = Color::from_str(color).map_err(|_| {
                    format!(
                        "“{word}” is not a colour: write #ff8800, a name such as red, or 0 to 255"
                    )
                })?;
                style = match is_background {
                    true => style.bg(color),
                    false => style.fg(color),
                };
                continue;
            }
        };

        style = style.add_modifier(modifier);
    }

    Ok(style)
}

/// The relative luminance of WCAG 2; `None` for colours that are others in every terminal.
fn luminance(color: Color) -> Option<f64> {
    let (red, green, blue) = match color {
        Color::Rgb(red, green, blue) => (red, green, blue),
        Color::Indexed(index) => super::display::in_cube(index)?,
        _ => return None,
    };
    let [red, green, blue] = [red, green, blue].map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.03928 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    });
    Some(0.2126 * red + 0.7152 * green + 0.0722 * blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(styles: &[(&str, &str)]) -> Result<OwnColours, String> {
        let mut own = OwnColours::default();
        for (role, style) in styles {
            own.add(role, style)?;
        }
        Ok(own)
    }

    #[test]
    fn a_role_gets_the_style_that_is_written() {
        let theme = own(&[("accent", "bold #ffb000"), ("selected", "black on 214")]);
        let theme = theme.unwrap().on(Theme::DARK);
        let accent = Style::new().fg(Color::Rgb(255, 176, 0)).bold();
        assert_eq!(theme.accent, accent);
        let selected = Style::new().fg(Color::Black).bg(Color::Indexed(214));
        assert_eq!(theme.selected, selected);
        assert_eq!(theme.bad, Theme::DARK.bad);
    }

    #[test]
    fn mistakes_are_told() {
        let why = own(&[("accents", "red")]).unwrap_err();
        assert!(why.starts_with("there is no such role; the roles are background, text,"));
        let why = own(&[("accent", "bold #12")]).unwrap_err();
        assert!(why.starts_with("“#12” is not a colour"), "{why}");
    }

    #[test]
    fn the_examples_are_read_well_on_every_background() {
        let guide = include_str!("../../assets/guide/settings.md");
        let file = include_str!("../../assets/config.toml");
        for (text, comment) in [(guide, ""), (file, "# ")] {
            let (_, table) = text.split_once("[colours]\n").unwrap();
            let rows = table.lines().map_while(|row| row.strip_prefix(comment));
            let rows = rows.map_while(|row| row.split_once(" = "));
            let styles: Vec<(&str, &str)> = rows
                .map(|(role, style)| (role, style.trim_matches('"')))
                .collect();
            assert_eq!(styles.len(), 2, "{text}");

            let own = own(&styles).unwrap();
            for (name, theme) in Theme::NAMED {
                assert_eq!(own.warnings(theme), [""; 0], "{name}");
            }
            // None of them is passed over as unknown.
            for style in own.0.values() {
                assert!(style.fg.and_then(luminance).is_some(), "{style:?}");
                assert!(style.bg.and_then(luminance).is_some(), "{style:?}");
            }
        }
    }

    #[test]
    fn what_is_hard_to_read_is_told() {
        for (role, style, is_hard) in [
            ("accent", "#333333", true),
            ("accent", "#ffb000", false),
            ("accent", "236", true),
            ("border", "#333333", false),
            ("selected", "#777777 on #888888", true),
            // The terminal's own colours may be any.
            ("accent", "blue", false),
        ] {
            let warnings = own(&[(role, style)]).unwrap().warnings(Theme::DARK);
            assert_eq!(!warnings.is_empty(), is_hard, "{role} {style} {warnings:?}");
        }
    }
}
