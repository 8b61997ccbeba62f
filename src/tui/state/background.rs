//! The background of a terminal that tells it only after the first frame.

use super::notice::Notice;
use crate::config::colours::OwnColours;
use crate::config::display::Display;
use crate::config::theme::Theme;

/// Takes in that the terminal has told its background: the theme suits it, unless somebody has
/// chosen one since, so that there are no `late` colours. Returns a warning, where one is to take
/// the place of the message that is `shown`.
#[must_use]
pub(in crate::tui) fn suit_theme(
    theme: &mut Theme,
    late: Option<OwnColours>,
    display: Display,
    is_light: bool,
    shown: Option<&Notice>,
) -> Option<Notice> {
    let suiting = late?.on_background(display, is_light);
    *theme = suiting.theme;

    // It does not take the place of what waits for a key.
    let may_show = shown.is_none_or(|notice| notice.until.is_some());
    suiting.warning.filter(|_| may_show).map(Notice::warning)
}
