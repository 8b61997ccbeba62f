//! ASCII in place of everything else: the one sign for each of ours, and letters without their
//! marks for what people wrote.

use nucleo_matcher::chars;
use ratatui::buffer::{Buffer, CellWidth};
use unicode_normalization::UnicodeNormalization;

/// Replaces all that is not ASCII in the cells of one row, column by column.
pub(super) fn replace(row: &mut Buffer) {
    for index in 0..row.content.len() {
        let cell = &mut row.content[index];
        if cell.symbol().is_ascii() {
            continue;
        }

        let is_wide = cell.cell_width() > 1;
        cell.set_char(sign(cell.symbol().chars().next().unwrap_or(' ')));
        // The second column of a wide letter was hidden until now.
        if is_wide && index + 1 < row.content.len() {
            row.content[index + 1] = row.content[index].clone();
        }
    }
}

/// The sign of ASCII that stands for a character.
pub(super) fn sign(character: char) -> char {
    match character {
        _ if character.is_ascii() => character,

        '\u{a0}' => ' ',
        '─' | '━' | '–' | '—' | '·' => '-',
        '│' => '|',
        // The thumb of a scroll bar stands where a frame has a line.
        '┃' => '#',
        '╭' | '╮' | '╰' | '╯' => '+',
        '●' => '*',
        '○' => 'o',
        '…' => '~',
        '▲' | '↑' => '^',
        '▼' | '↓' => 'v',
        '←' => '<',
        '→' | '▸' => '>',
        '▹' => ':',
        '›' | '“' | '”' | '„' => '"',
        '█' | '▉' | '▊' | '▋' | '▌' | '▇' | '▆' | '▅' => '#',
        '▍' | '▎' | '▏' | '▄' | '▃' => ':',
        '▂' | '▁' => '.',
        '×' | '✗' => 'x',
        '✓' => '+',
        '‘' | '’' => '\'',
        '€' => 'E',
        '£' | 'Ł' => 'L',
        '¥' => 'Y',
        'Æ' => 'A',
        'Đ' | 'Ð' => 'D',
        'Ø' | 'Œ' => 'O',
        _ => plain_letter(character),
    }
}

/// A letter or digit without its marks, in its usual width; a question mark where there is none.
fn plain_letter(character: char) -> char {
    let plain = chars::normalize(character);
    let base = std::iter::once(plain).nfkd().next();
    base.filter(char::is_ascii_graphic).unwrap_or('?')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::theme::{
        BAR, CANCELLED, CHEAPER, CONNECTED, DEARER, DISCONNECTED, MISSING, NOTE, PENDING, READY,
        SELECTED, SELECTED_UNFOCUSED, SHORT,
    };
    use ratatui::layout::Rect;
    use ratatui::style::{Color, Style};

    #[test]
    fn each_of_our_signs_has_one() {
        let signs = [
            CONNECTED,
            DISCONNECTED,
            MISSING,
            PENDING,
            SHORT,
            NOTE,
            SELECTED,
            SELECTED_UNFOCUSED,
            DEARER,
            CHEAPER,
            READY,
            CANCELLED,
        ];
        let chart = ["▁", "▂", "▃", "▄", "▅", "▆", "▇"];
        for shown in signs.into_iter().chain(BAR).chain(chart) {
            assert!(shown.chars().all(|c| sign(c) != '?'), "{shown}");
        }
    }

    #[test]
    fn letters_lose_their_marks_and_keep_their_columns() {
        let mut row = Buffer::empty(Rect::new(0, 0, 24, 1));
        let selected = Style::new().bg(Color::Blue);
        row.set_string(0, 0, "Crème Łódź ßØ ４ 抹茶 e\u{301}!", selected);
        replace(&mut row);

        let shown: String = row.content.iter().map(|cell| cell.symbol()).collect();
        assert_eq!(shown, "Creme Lodz sO 44 ???? e!");
        let is_selected = |cell: &ratatui::buffer::Cell| cell.bg == Color::Blue;
        assert!(row.content.iter().all(is_selected));
    }
}
