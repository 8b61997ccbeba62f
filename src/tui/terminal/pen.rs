//! The pen of a terminal: the colours and the weight in which it writes, and what changes them.

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

/// The modifiers that show on a blank, too.
const VISIBLE_ON_BLANK: Modifier = Modifier::REVERSED
    .union(Modifier::UNDERLINED)
    .union(Modifier::SLOW_BLINK)
    .union(Modifier::RAPID_BLINK)
    .union(Modifier::CROSSED_OUT);

/// Each modifier with the parameters that set it and take it back.
const MODIFIERS: [(Modifier, u8, u8); 9] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::RAPID_BLINK, 6, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::HIDDEN, 8, 28),
    (Modifier::CROSSED_OUT, 9, 29),
];

/// The colours and modifiers in which a terminal writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Pen {
    /// The pen that writes a cell.
    pub(super) fn of(cell: &Cell) -> Pen {
        Pen {
            fg: cell.fg,
            bg: cell.bg,
            modifier: cell.modifier,
        }
    }

    /// Returns whether blanks look the same in both: most show their background alone.
    pub(super) fn looks_blank_as(self, other: Pen) -> bool {
        let is_plain = !(self.modifier | other.modifier).intersects(VISIBLE_ON_BLANK);
        self == other || is_plain && self.bg == other.bg
    }

    /// Takes off a blank what does not show.
    pub(super) fn strip_blank(cell: &mut Cell) {
        let is_plain = !cell.modifier.intersects(VISIBLE_ON_BLANK);
        if is_plain && cell.symbol() == " " {
            cell.fg = Color::Reset;
            cell.modifier = Modifier::empty();
        }
    }

    /// Adds the shortest sequence that changes the terminal from this pen to another.
    pub(super) fn change(self, to: Pen, out: &mut Vec<u8>) {
        if self == to {
            return;
        }
        let anew = Parameters::anew(to);
        let difference = Parameters::difference(self, to);
        let shorter = if anew.0.len() < difference.0.len() {
            anew
        } else {
            difference
        };
        out.extend_from_slice(b"\x1b[");
        out.extend_from_slice(shorter.0.as_bytes());
        out.push(b'm');
    }
}

/// The parameters of a sequence that changes a pen.
#[derive(Debug, Default)]
struct Parameters(String);

impl Parameters {
    /// The parameters that reset everything first.
    fn anew(to: Pen) -> Parameters {
        let mut parameters = Parameters::default();
        // Without parameters, the sequence resets everything, too.
        if to != Pen::default() {
            parameters.add(0);
            parameters.add_difference(Pen::default(), to);
        }
        parameters
    }

    /// The parameters for the differences alone.
    fn difference(from: Pen, to: Pen) -> Parameters {
        let mut parameters = Parameters::default();
        parameters.add_difference(from, to);
        parameters
    }

    fn add_difference(&mut self, from: Pen, to: Pen) {
        let mut set = from.modifier;
        for (modifier, _, unset) in MODIFIERS {
            if (set - to.modifier).contains(modifier) {
                self.add(unset);
                // Some are ended by the same parameter, as bold and dim are.
                let shared = MODIFIERS.iter().filter(|(_, _, other)| *other == unset);
                shared.for_each(|(other, _, _)| set.remove(*other));
            }
        }
        for (modifier, parameter, _) in MODIFIERS {
            if (to.modifier - set).contains(modifier) {
                self.add(parameter);
            }
        }

        if from.fg != to.fg {
            self.add_color(to.fg, 30);
        }
        if from.bg != to.bg {
            self.add_color(to.bg, 40);
        }
    }

    /// Adds a colour: of the text, whose parameters begin at 30, or of the background.
    fn add_color(&mut self, color: Color, first: u8) {
        match color {
            Color::Reset => self.add(first + 9),
            Color::Black => self.add(first),
            Color::Red => self.add(first + 1),
            Color::Green => self.add(first + 2),
            Color::Yellow => self.add(first + 3),
            Color::Blue => self.add(first + 4),
            Color::Magenta => self.add(first + 5),
            Color::Cyan => self.add(first + 6),
            Color::Gray => self.add(first + 7),
            Color::DarkGray => self.add(first + 60),
            Color::LightRed => self.add(first + 61),
            Color::LightGreen => self.add(first + 62),
            Color::LightYellow => self.add(first + 63),
            Color::LightBlue => self.add(first + 64),
            Color::LightMagenta => self.add(first + 65),
            Color::LightCyan => self.add(first + 66),
            Color::White => self.add(first + 67),
            Color::Indexed(index) => self.add_all(&[first + 8, 5, index]),
            Color::Rgb(red, green, blue) => self.add_all(&[first + 8, 2, red, green, blue]),
        }
    }

    fn add_all(&mut self, parameters: &[u8]) {
        for parameter in parameters {
            self.add(*parameter);
        }
    }

    fn add(&mut self, parameter: u8) {
        if !self.0.is_empty() {
            self.0.push(';');
        }
        self.0.push_str(itoa::Buffer::new().format(parameter));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pen(fg: Color, modifier: Modifier) -> Pen {
        Pen {
            fg,
            bg: Color::Reset,
            modifier,
        }
    }

    fn changed(from: Pen, to: Pen) -> String {
        let mut out = Vec::new();
        from.change(to, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_shorter_way_leads_from_one_pen_to_another() {
        let plain = Pen::default();
        let grey = pen(Color::Rgb(1, 20, 255), Modifier::empty());
        let bold = pen(Color::Rgb(1, 20, 255), Modifier::BOLD);
        let both = pen(Color::Reset, Modifier::BOLD | Modifier::DIM);
        let dim = pen(Color::Red, Modifier::DIM);

        assert_eq!(changed(grey, grey), "");
        assert_eq!(changed(plain, grey), "\x1b[38;2;1;20;255m");
        assert_eq!(changed(grey, bold), "\x1b[1m");
        assert_eq!(changed(bold, grey), "\x1b[22m");
        assert_eq!(changed(bold, plain), "\x1b[m");
        // One parameter takes back both.
        assert_eq!(changed(both, dim), "\x1b[0;2;31m");
        assert_eq!(
            changed(dim, pen(Color::LightRed, Modifier::DIM)),
            "\x1b[91m"
        );
        assert_eq!(
            changed(plain, pen(Color::Indexed(9), Modifier::ITALIC)),
            "\x1b[3;38;5;9m"
        );
    }

    #[test]
    fn blanks_look_alike_unless_a_modifier_shows_on_them() {
        let red = pen(Color::Red, Modifier::BOLD);
        assert!(red.looks_blank_as(Pen::default()));
        let ground = Pen {
            bg: Color::Red,
            ..red
        };
        assert!(!red.looks_blank_as(ground));
        for modifier in [Modifier::REVERSED, Modifier::UNDERLINED] {
            assert!(!pen(Color::Red, modifier).looks_blank_as(pen(Color::Blue, modifier)));
            assert!(!pen(Color::Red, modifier).looks_blank_as(red));
        }
    }
}
