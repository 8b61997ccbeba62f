//! The help, as it was scrolled and searched.

use tui_input::Input;

/// The help while it shows.
#[derive(Debug, Clone, Default)]
pub struct HelpPage {
    /// The first row that shows.
    pub top: usize,
    /// The words that the rows shown have.
    pub words: Input,
    /// The words are being typed.
    pub is_typing: bool,
}

impl HelpPage {
    /// Begins to type what to find.
    pub(in crate::tui) fn find(&mut self) {
        *self = HelpPage {
            is_typing: true,
            ..HelpPage::default()
        };
    }

    /// Tells whether rows are found, or are about to be: then going back shows all of them.
    pub(in crate::tui) fn is_searched(&self) -> bool {
        self.is_typing || !self.words.value().is_empty()
    }
}
