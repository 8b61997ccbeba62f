//! The room for those who asked for the pieces of a line.

use crate::model::shares::Portions;
use crate::model::text;

/// The least columns for a list of several names.
const LEAST_LIST: usize = 13;

/// The columns that those need who asked for a line's pieces: for the widest of several, with the
/// comma behind it, and for about two of them, as a list would be too tall else.
#[must_use]
pub(super) fn needed_for_from(portions: &Portions<'_>) -> usize {
    let names = portions.listed();
    let widest = names
        .iter()
        .map(|name| text::width(name))
        .max()
        .unwrap_or(0);

    if portions.are_several() {
        LEAST_LIST.max(widest + 1)
    } else {
        widest
    }
}
