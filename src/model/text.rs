//! Untrusted text: cleaned where it enters and once more where a terminal shows it, and cut,
//! wrapped and counted in between.
//!
//! Clean text, which has entered, is one line without control characters, of bounded length. More
//! is not taken away, since it also goes into documents, where joiners and marks of direction
//! belong to a name. What a terminal can't bear goes where it is [`shown`]: direction overrides, what is
//! invisible, floods of combining marks, glyphs of doubtful width.

use nucleo_matcher::chars;
use std::borrow::Cow;
use std::fmt::Display;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The mark in place of a character that must not reach a terminal.
pub(crate) const MARK: char = '\u{FFFD}';

/// Longest cleaned text, in characters; the rest becomes an ellipsis.
pub const LONGEST: usize = 400;

/// Combining marks kept on one base character; real scripts need no more.
const COMBINING: usize = 3;

/// Cleans `raw` as one line of at most [`LONGEST`] characters.
#[must_use]
pub fn sanitize(raw: &[u8]) -> String {
    sanitize_to(raw, LONGEST)
}

/// [`sanitize_to`] without spaces around it; what is clean already is not copied.
#[must_use]
pub(crate) fn sanitized(raw: &[u8], longest: usize) -> Cow<'_, str> {
    // Most text is short and plain, and a catalog has millions of pieces of it.
    let plain = raw.len() <= longest && is_printable_ascii(raw);
    match std::str::from_utf8(raw) {
        Ok(text) if plain => Cow::Borrowed(text.trim_ascii()),
        _ => Cow::Owned(sanitize_to(raw, longest).trim().to_owned()),
    }
}

/// Cleans `raw` as one line of at most `longest` characters.
#[must_use]
pub(crate) fn sanitize_to(raw: &[u8], longest: usize) -> String {
    // Bytes beyond what can still matter are not even decoded: a name may be a gigabyte.
    let cut = raw.len().min(longest.saturating_mul(4).max(64));
    let text = String::from_utf8_lossy(&raw[..cut]);
    let mut chars = text.chars();

    let mut out: String = chars.by_ref().take(longest).map(without_control).collect();
    if chars.next().is_some() || cut < raw.len() {
        out.push('…');
    }
    out
}

fn without_control(c: char) -> char {
    match c {
        '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => ' ',
        c if c.is_control() => MARK,
        c => c,
    }
}

/// Text that has entered, as a terminal can show it: without what reorders the text around it,
/// what is invisible, and what is drawn in one width here and in another there. Most text is
/// that already, and is not copied.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    replace_hidden(text, |_, _| {})
}

/// A JSON document with what [`shown`] leaves out written as escapes: it says the same, and can
/// stand on a terminal.
#[must_use]
pub(crate) fn escape_hidden(json: &str) -> Cow<'_, str> {
    replace_hidden(json, |out, c| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    })
}

/// Calls `replace` for each character that a terminal can't bear, in place of copying it.
fn replace_hidden(text: &str, replace: impl Fn(&mut String, char)) -> Cow<'_, str> {
    if text.is_ascii() || text.chars().all(is_plainly_shown) {
        return Cow::Borrowed(text);
    }

    let mut out = String::with_capacity(text.len());
    let mut base = None;
    let mut marks = 0;
    for c in text.chars() {
        let is_seen = if is_joiner(c) {
            // Scripts whose letters join need them; in symbols they make glyphs whose width
            // terminals don't agree on.
            base.is_some_and(is_letter_that_joins)
        } else if is_override(c) || is_invisible(c) {
            false
        } else if c.width() == Some(0) {
            // Combining marks take no column of their own: a few of them belong to a character.
            marks += 1;
            marks <= COMBINING && base.is_some()
        } else {
            base = Some(c);
            marks = 0;
            true
        };

        if is_seen {
            out.push(c);
        } else {
            replace(&mut out, c);
        }
    }
    Cow::Owned(out)
}

/// True where a terminal shows `text` just as it is written, so that it can be told from others
/// by looking at it.
#[must_use]
pub fn is_shown_exactly(text: &str) -> bool {
    sanitize_to(text.as_bytes(), text.len()) == text && shown(text) == text
}

/// Characters that stand for themselves, whatever is beside them.
fn is_plainly_shown(c: char) -> bool {
    !is_joiner(c) && !is_override(c) && !is_invisible(c) && c.width() != Some(0)
}

/// Characters that join or part the letters beside them.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
}

/// Letters of the scripts that use joiners, from Hebrew to the Indic ones and Mongolian.
fn is_letter_that_joins(c: char) -> bool {
    matches!(c, '\u{0590}'..='\u{1FFF}')
}

/// `text` as names are compared and searched: letters and their accents composed, as keyboards
/// write them, and nothing invisible. Most text is that already, and is not copied.
#[must_use]
pub(crate) fn composed(text: &str) -> Cow<'_, str> {
    let is_seen = |c: char| !is_joiner(c) && !is_override(c) && !is_invisible(c);
    let is_composed = text.is_ascii()
        || is_nfc_quick(text.chars()) == IsNormalized::Yes && text.chars().all(is_seen);
    if is_composed {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().filter(|c| is_seen(*c)).nfc().collect())
    }
}

/// A text in small letters, each in one piece with its accents.
#[must_use]
pub fn folded(text: &str) -> String {
    composed(text).to_lowercase()
}

/// [`folded`] for a comparison with what was `typed`, which is folded: without accents where that
/// has none, as in a search.
#[must_use]
pub fn folded_for(typed: &str, text: &str) -> String {
    let text = folded(text);
    if text.is_ascii() || has_accents(typed) {
        text
    } else {
        text.chars().map(chars::normalize).collect()
    }
}

/// Tells whether accents were typed, so that they count in a comparison.
#[must_use]
pub(crate) fn has_accents(typed: &str) -> bool {
    typed.chars().any(|c| chars::normalize(c) != c)
}

/// Characters that reorder the text around them.
fn is_override(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Characters that show nothing, or that change the width of their neighbour.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}' | '\u{2028}' | '\u{2029}'
        | '\u{2060}'..='\u{2065}' | '\u{206A}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}

/// True where each byte is a character of one column.
#[must_use]
pub(crate) fn is_printable_ascii(text: &[u8]) -> bool {
    text.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

/// True where each character is a grapheme of its own and takes one column, as far as that is easily
/// told: of the letters of the West, currencies and the signs that frames are drawn with.
#[must_use]
pub(crate) fn is_simple(text: &str) -> bool {
    text.chars().all(|letter| {
        // A soft hyphen is invisible, and the squares behind the last sign here are wide.
        matches!(
            letter,
            ' '..='~' | '\u{a0}'..='\u{ac}' | '\u{ae}'..='\u{2ff}' | '–'..='…' | '€' | '\u{2500}'..='\u{25fc}'
        )
    })
}

/// The columns that `text` takes in a terminal, which gives each grapheme cells of its own: letters
/// that a font would join, such as lam and alef, stand side by side.
#[must_use]
pub fn width(text: &str) -> usize {
    if is_printable_ascii(text.as_bytes()) {
        text.len()
    } else if is_simple(text) {
        text.chars().count()
    } else {
        text.graphemes(true).map(UnicodeWidthStr::width).sum()
    }
}

/// `text` with a capital first letter, for the beginning of a sentence.
#[must_use]
pub(crate) fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// `ann`, `ann and bob`, `ann, bob and cai`.
#[must_use]
pub fn listed(names: &[String]) -> String {
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
        None => String::new(),
    }
}

/// `1 line`, `3 lines`.
#[must_use]
pub fn count<N: Display + PartialEq + From<u8>>(n: N, thing: &str) -> String {
    let plural = if n == N::from(1) { "" } else { "s" };
    format!("{n} {thing}{plural}")
}

/// `text` without the numbers behind the errors of the system: ` (os error 2)`.
#[must_use]
pub(crate) fn without_error_numbers(text: &str) -> String {
    let mut parts = text.split(" (os error ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once(')').unwrap_or((part, ""));
        out.push_str(rest);
    }
    out
}

/// `text` as one word of a command that somebody may paste into a shell.
#[must_use]
pub(crate) fn shell_word(text: &str) -> Cow<'_, str> {
    let is_plain = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"@%_+:,./-".contains(&b));
    if is_plain && !text.is_empty() {
        Cow::Borrowed(text)
    } else {
        // In fish a backslash means something between quotes, too: it stands outside.
        let mut word = "'".to_owned();
        for character in text.chars() {
            match character {
                '\'' => word.push_str(r"'\''"),
                '\\' => word.push_str(r"'\\'"),
                other => word.push(other),
            }
        }
        Cow::Owned(word + "'")
    }
}

/// As much of `text` as has at most `columns` columns, by whole graphemes.
#[must_use]
pub fn cut(text: &str, columns: usize) -> &str {
    // Most text needs no look for graphemes.
    let beyond = text.char_indices().nth(columns);
    let beginning = beyond.map_or(text, |(end, letter)| &text[..end + letter.len_utf8()]);
    if is_simple(beginning) {
        return beyond.map_or(text, |(end, _)| &text[..end]);
    }

    let mut used = 0;
    let end = text.grapheme_indices(true).find(|(_, grapheme)| {
        used += grapheme.width();
        used > columns
    });
    end.map_or(text, |(end, _)| &text[..end])
}

/// As much of the end of `text` as has at most `columns` columns, by whole graphemes.
#[must_use]
pub(crate) fn cut_start(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let graphemes = text.grapheme_indices(true).rev();
    let fitting = graphemes.take_while(|(_, grapheme)| {
        used += grapheme.width();
        used <= columns
    });
    let start = fitting.last().map_or(text.len(), |(start, _)| start);
    &text[start..]
}

/// `text` cut to at most `columns` columns by whole graphemes, with an ellipsis where it is cut.
#[must_use]
pub fn truncate(text: &str, columns: usize) -> String {
    truncated(text, columns).into_owned()
}

/// [`truncate`]; what is not cut is not copied.
#[must_use]
pub(crate) fn truncated(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }

    Cow::Owned(format!("{}…", cut(text, columns - 1)))
}

/// `text` in at most `most` lines of at most `columns` columns, broken at spaces where there
/// are any; an ellipsis where it goes on.
#[must_use]
pub(crate) fn wrap(text: &str, columns: usize, most: usize) -> Vec<String> {
    let text = text.trim();
    if most > 0 && !text.contains('\n') && width(text) <= columns {
        let line = Some(text).filter(|text| !text.is_empty());
        return line.map(str::to_owned).into_iter().collect();
    }

    let paragraphs = text.split('\n');
    let lines: Vec<&str> = paragraphs
        .flat_map(|paragraph| broken(paragraph, columns))
        .take(most.saturating_add(1))
        .collect();

    // The last line that there is room for ends with an ellipsis where more would follow.
    let mut shown: Vec<String> = lines.iter().take(most).map(ToString::to_string).collect();
    if lines.len() > most
        && let Some(last) = shown.last_mut()
    {
        let rest = format!("{last} {}", lines[most]);
        *last = truncate(&rest, columns);
    }
    shown.retain(|line| !line.is_empty());
    shown
}

/// A paragraph in lines of at most `columns` columns, broken at spaces where there are any, and
/// else between graphemes; a line has one of them at least.
fn broken(paragraph: &str, columns: usize) -> impl Iterator<Item = &str> {
    let mut rest = paragraph;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let fitting = cut(rest, columns);
        let is_whole = rest[fitting.len()..]
            .chars()
            .next()
            .is_none_or(|c| c == ' ');
        let space = fitting
            .trim_start()
            .rfind(' ')
            .and_then(|_| fitting.rfind(' '));

        let end = match space {
            _ if is_whole => fitting.len(),
            Some(space) => space,
            None if fitting.is_empty() => rest.graphemes(true).next().map_or(0, str::len),
            None => fitting.len(),
        };
        let line = rest[..end].trim_end_matches(' ');
        rest = rest[end..].trim_start_matches(' ');
        Some(line)
    })
}

/// `items` as a list in lines of at most `columns` columns, broken behind commas where an item is
/// not too long for a line of its own. Nothing is left out.
#[must_use]
pub(crate) fn wrap_list(items: &[String], columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let comma = if index + 1 < items.len() { "," } else { "" };
        let item = format!("{item}{comma}");

        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(&item) <= columns => {
                line.push(' ');
                line.push_str(&item);
            }
            _ => lines.extend(wrap(&item, columns, usize::MAX)),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_text_becomes_harmless() {
        assert_eq!(
            sanitize(b"\x1b]52;c;aGk=\x07x"),
            "\u{FFFD}]52;c;aGk=\u{FFFD}x"
        );
        assert_eq!(sanitize("a\u{9b}31mb".as_bytes()), "a\u{FFFD}31mb");
        assert_eq!(sanitize(b"two\nlines\tand tab"), "two lines and tab");
        assert_eq!(sanitize(b"bad \xff byte"), "bad \u{FFFD} byte");
        assert_eq!(sanitize("抹茶 Crème é".as_bytes()), "抹茶 Crème é");
    }

    #[test]
    fn simple_letters_have_a_column_each() {
        let simple: String = (' '..=char::MAX)
            .filter(|letter| is_simple(letter.encode_utf8(&mut [0; 4])))
            .collect();
        assert_eq!(simple.graphemes(true).count(), simple.chars().count());
        assert!(simple.chars().all(|letter| letter.width() == Some(1)));
        for sign in ["│", "─", "●", "▸", "·", "€", "…", "é", "\u{a0}"] {
            assert!(is_simple(sign), "{sign}");
        }
    }

    #[test]
    fn errors_of_the_system_have_no_numbers() {
        for (text, told) in [
            ("No such file (os error 2)", "No such file"),
            ("a (os error 2); b (os error 13)!", "a; b!"),
            ("a (os error ", "a"),
            ("plain (text)", "plain (text)"),
        ] {
            assert_eq!(without_error_numbers(text), told);
        }
    }

    #[test]
    fn a_word_for_a_shell_is_one_word() {
        for (text, word) in [
            ("ann", "ann"),
            ("ann@desk-1.example", "ann@desk-1.example"),
            ("ann@desk pts/1", "'ann@desk pts/1'"),
            ("", "''"),
            ("$(rm x)", "'$(rm x)'"),
            ("o'brien; ls", r"'o'\''brien; ls'"),
            ("Zoë", "'Zoë'"),
            (r"\'; ls", r"''\\''\''; ls'"),
            ("=ls", "'=ls'"),
        ] {
            assert_eq!(shell_word(text), word);
        }
    }

    #[test]
    fn text_is_compared_as_keyboards_write_it() {
        assert_eq!(composed("Cafe\u{301}"), "Café");
        assert_eq!(composed("\u{1112}\u{1161}\u{11ab}"), "한");
        assert_eq!(composed("か\u{3099}"), "が");
        assert_eq!(composed("نان\u{200c}ها"), "نانها");
        assert!(matches!(composed("Café 抹茶"), Cow::Borrowed(_)));
        assert_eq!(folded("CAFE\u{301}"), "café");
    }

    #[test]
    fn terminals_get_what_they_can_bear_and_documents_the_rest() {
        for (text, on_screen) in [
            ("abc\u{202E}fed", "abcfed"),
            ("Milk\u{200E} 1 l", "Milk 1 l"),
            ("Hard\u{AD}cover a\u{200B}b\u{FEFF}c", "Hardcover abc"),
            ("❤\u{FE0F} 👨\u{200D}👩", "❤ 👨👩"),
            // Joiners part the letters of Persian, and join those of Sinhala.
            ("می\u{200C}خواهم", "می\u{200C}خواهم"),
            ("ක්\u{200D}ෂ", "ක්\u{200D}ෂ"),
            ("\u{0301}e\u{0301}", "e\u{0301}"),
        ] {
            assert_eq!(sanitize(text.as_bytes()), text);
            assert_eq!(shown(text), on_screen);

            let json = serde_json::to_string(text).unwrap();
            let escaped = escape_hidden(&json);
            assert_eq!(shown(&escaped), &*escaped);
            assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), text);
        }
    }

    #[test]
    fn floods_are_bounded() {
        let flood = format!("e{}", "\u{0301}".repeat(50_000));
        let entered = sanitize(flood.as_bytes());
        assert_eq!(entered.chars().count(), LONGEST + 1);
        assert_eq!(shown(&entered).matches('\u{0301}').count(), COMBINING);

        let long = "x".repeat(100_000);
        assert_eq!(sanitize(long.as_bytes()).chars().count(), LONGEST + 1);
    }

    #[test]
    fn all_scripts_are_cut_to_the_columns_of_their_cells() {
        let area = ratatui::layout::Rect::new(0, 0, 80, 1);
        for text in [
            "سلام لالا",
            "हिन्दी क्षेत्र",
            "한국어 밥",
            "\u{1112}\u{1161}\u{11ab}",
            "ชาเย็น น้ำ",
            "👨\u{200D}👩\u{200D}👧 family",
            "❤\u{FE0F} tea 1\u{FE0F}\u{20E3}",
            "抹茶 Matcha",
        ] {
            for text in [Cow::Borrowed(text), shown(text)] {
                let mut buffer = ratatui::buffer::Buffer::empty(area);
                let (end, _) = buffer.set_stringn(0, 0, &text, 80, ratatui::style::Style::new());
                assert_eq!(width(&text), usize::from(end), "{text}");
                let widest = text.graphemes(true).map(width).max().unwrap_or(1);

                for columns in 0..=width(&text) + 1 {
                    let cut = truncate(&text, columns);
                    assert!(width(&cut) <= columns, "{text} {columns}: {cut}");
                    // A wide letter of which only a part would show leaves its columns.
                    assert!(
                        width(&cut) + widest > columns.min(width(&text)),
                        "{text} {columns}"
                    );
                }
            }
        }
    }

    #[test]
    fn fitting_counts_columns_not_characters() {
        assert_eq!(truncate("抹茶 Powder", 6), "抹茶 …");
        assert_eq!(truncate("抹茶", 3), "抹…");
        assert_eq!(truncate("abc", 3), "abc");
        assert_eq!(truncate("abc", 0), "");
    }

    #[test]
    fn wrapping_breaks_at_spaces_and_ends_with_an_ellipsis() {
        assert_eq!(wrap("one two three", 7, 3), ["one two", "three"]);
        assert_eq!(wrap("one two three four", 7, 2), ["one two", "three …"]);
        assert_eq!(wrap("抹茶抹茶", 5, 2), ["抹茶", "抹茶"]);
        assert_eq!(wrap("抹茶", 1, 9).len(), 2);
        assert!(wrap(" ", 5, 2).is_empty() && wrap("x", 5, 0).is_empty());
        assert_eq!(wrap("one  two three", 8, 3), ["one  two", "three"]);
        assert_eq!(wrap("one\ntwo three", 7, 3), ["one", "two", "three"]);
        // A joined glyph is never taken apart, and counts as it is measured.
        let family = "👨‍👩‍👧‍👦";
        assert_eq!(wrap(&family.repeat(3), 5, 3), [&family.repeat(2), family]);
        let heart = "❤\u{FE0F}";
        assert_eq!(wrap(&heart.repeat(3), 4, 3), [&heart.repeat(2), heart]);

        let items = ["2 for ann", "1 for ben b", "1 for cy"].map(str::to_owned);
        assert_eq!(
            wrap_list(&items, 12),
            ["2 for ann,", "1 for ben b,", "1 for cy"]
        );
        assert_eq!(
            wrap_list(&items, 23),
            ["2 for ann, 1 for ben b,", "1 for cy"]
        );
        assert!(wrap_list(&[], 9).is_empty());
    }

    proptest! {
        #[test]
        fn cleaned_text_is_printable_and_bounded(raw in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let text = sanitize(&raw);
            prop_assert!(text.chars().all(|c| !c.is_control()));
            prop_assert!(text.chars().count() <= LONGEST + 1);
            prop_assert_eq!(&*sanitized(&raw, LONGEST), text.trim());

            let on_screen = shown(&text);
            prop_assert!(on_screen.chars().all(|c| !is_override(c) && !is_invisible(c)));
            prop_assert_eq!(shown(&on_screen), &*on_screen);
        }

        #[test]
        fn cleaning_twice_changes_nothing(raw in "( |.){0,300}") {
            let once = sanitize(raw.as_bytes());
            prop_assert_eq!(&*sanitized(raw.as_bytes(), LONGEST), once.trim());
            prop_assert_eq!(sanitize(once.as_bytes()), once);
        }

        #[test]
        fn fitted_text_never_exceeds(raw in ".{0,80}", columns in 0usize..60) {
            prop_assert!(width(&truncate(&sanitize(raw.as_bytes()), columns)) <= columns);
        }

        #[test]
        fn wrapped_text_stays_in_its_room(raw in ".{0,200}", columns in 2usize..60, most in 0usize..5) {
            let lines = wrap(&sanitize(raw.as_bytes()), columns, most);
            prop_assert!(lines.len() <= most && lines.iter().all(|line| width(line) <= columns));
        }
    }
}
