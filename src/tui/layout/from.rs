//! Who asked for the pieces of a line: as a list for its column, and as words for a sentence.

use crate::model::order::Share;
use crate::model::{CartLine, shares, text};

/// The least columns for a list of several names.
const LEAST_LIST: usize = 13;

/// The name of those who asked for pieces that another client put in.
const NOBODY: &str = "nobody";

/// The pieces of a line that one person asked for; nobody's last.
struct Portion<'a> {
    by: &'a str,
    pieces: u64,
    /// There are no others.
    is_alone: bool,
}

impl Portion<'_> {
    /// `bob 4`; one person alone has no number.
    fn in_list(&self) -> String {
        if self.is_alone {
            self.by.to_owned()
        } else {
            format!("{} {}", self.by, self.pieces)
        }
    }

    /// `bob (4)`.
    fn in_sentence(&self) -> String {
        if self.is_alone {
            self.by.to_owned()
        } else {
            format!("{} ({})", self.by, self.pieces)
        }
    }
}

/// The people who asked for a line's pieces: who asked for most first, nobody last.
pub(super) struct Portions<'a>(Vec<Portion<'a>>);

impl<'a> Portions<'a> {
    pub(super) fn of(shares: &'a [Share], quantity: u64) -> Portions<'a> {
        let mut portions: Vec<Portion<'a>> = shares
            .iter()
            .map(|share| Portion {
                by: &share.by,
                pieces: share.pieces.into(),
                is_alone: false,
            })
            .collect();
        portions.sort_by(|a, b| b.pieces.cmp(&a.pieces).then_with(|| a.by.cmp(b.by)));

        let nobodys = quantity.saturating_sub(shares::sum(shares));
        if nobodys > 0 {
            portions.push(Portion {
                by: NOBODY,
                pieces: nobodys,
                is_alone: false,
            });
        }

        if let [alone] = &mut portions[..] {
            alone.is_alone = true;
        }
        Portions(portions)
    }

    pub(super) fn of_line(line: &'a CartLine) -> Portions<'a> {
        let quantity = line.quantity.whole().unwrap_or(0);
        Portions::of(&line.shares, quantity.into())
    }

    /// The list in rows of so many columns, broken at the commas.
    pub(super) fn wrapped(&self, columns: u16) -> Vec<String> {
        let list: Vec<String> = self.0.iter().map(Portion::in_list).collect();
        text::wrap_list(&list, columns.into())
    }
}

/// The columns that those need who asked for a line's pieces: for the widest of several, with the
/// comma behind it, and for about two of them, as a list would be too tall else.
#[must_use]
pub(super) fn needed_for_from(portions: &Portions<'_>) -> usize {
    let widths = portions
        .0
        .iter()
        .map(|portion| text::width(&portion.in_list()));
    let widest = widths.max().unwrap_or(0);

    if portions.0.len() > 1 {
        LEAST_LIST.max(widest + 1)
    } else {
        widest
    }
}

/// Who asked for a line's pieces, for a sentence: `bob (4) and lee (2)`; `None` where nobody knows.
#[must_use]
pub(crate) fn from_in_sentence(line: &CartLine) -> Option<String> {
    if line.shares.is_empty() {
        return None;
    }

    let mut people: Vec<String> = Portions::of_line(line)
        .0
        .iter()
        .map(Portion::in_sentence)
        .collect();
    let last = people.pop()?;
    Some(if people.is_empty() {
        last
    } else {
        format!("{} and {last}", people.join(", "))
    })
}
