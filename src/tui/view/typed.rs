//! A line of text that is typed, in a room that may be too narrow for all of it.

use super::sketch::Sketch;
use crate::model::text;
use ratatui::layout::{Position, Rect};
use tui_input::Input;
use unicode_width::UnicodeWidthChar;

/// The part of a typed text that shows: that around the cursor.
pub(in crate::tui) struct TypedText {
    /// The letters that show.
    pub(in crate::tui) shown: String,
    /// The columns from the first of them to the cursor.
    pub(in crate::tui) cursor: usize,
}

impl TypedText {
    /// The part that shows in so many columns.
    pub(in crate::tui) fn fitting(input: &Input, columns: usize) -> TypedText {
        let skipped = input.visual_scroll(columns);
        let mut passed = 0;
        let start = input.value().char_indices().find(|(_, letter)| {
            let width = letter.width().unwrap_or(0);
            // A mark belongs to the letter before it, which does not show.
            let shows = passed >= skipped && (width > 0 || passed == 0);
            passed += width;
            shows
        });

        let visible = start.map_or("", |(start, _)| &input.value()[start..]);
        TypedText {
            shown: text::truncate(visible, columns),
            cursor: input.visual_cursor().saturating_sub(skipped),
        }
    }

    /// Puts the terminal's cursor where one types, in the title of a pane behind its name.
    pub(super) fn point_at(&self, frame: Rect, name: &str, sketch: &mut Sketch) {
        // Before the words stand the corner, the name and a slash.
        let before = 1 + text::width(name) + 1;
        let x = u16::try_from(before + self.cursor).unwrap_or(u16::MAX);
        let x = frame.x + x.min(frame.width.saturating_sub(2));
        sketch.set_cursor(Position::new(x, frame.y));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str, columns: usize) -> (String, usize) {
        let typed = TypedText::fitting(&Input::new(text.to_owned()), columns);
        (typed.shown, typed.cursor)
    }

    #[test]
    fn wide_letters_scroll_by_their_columns() {
        assert_eq!(typed("abcdef", 10), ("abcdef".to_owned(), 6));
        assert_eq!(typed("abcdef", 4), ("cdef".to_owned(), 4));
        assert_eq!(typed("抹茶粉末", 8), ("抹茶粉末".to_owned(), 8));
        assert_eq!(typed("抹茶粉末", 4), ("粉末".to_owned(), 4));
        // A wide letter of which only a half would show goes.
        assert_eq!(typed("抹茶粉末", 5), ("粉末".to_owned(), 4));
        assert_eq!(typed("", 5), (String::new(), 0));
    }
}
