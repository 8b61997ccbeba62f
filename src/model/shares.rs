//! Shares: who asked for how many pieces of a line. They stand in the order in which people came.
//! Pieces of a line beyond its shares were put in by another client: they are nobody's.

use super::text;

/// The name of those who asked for pieces that another client put in.
pub(crate) const NOBODY: &str = "nobody";

/// The pieces of a line that one person asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Who; clean text.
    pub by: String,
    /// Their number.
    pub pieces: u32,
}

impl Share {
    /// Whose the pieces are, told to `me` where somebody is known to read it: `bob's`, `yours`.
    #[must_use]
    pub fn whose(&self, me: Option<&str>) -> String {
        if me == Some(self.by.as_str()) {
            "yours".to_owned()
        } else {
            format!("{}'s", self.by)
        }
    }
}

/// Adjusts the shares of a line whose quantity goes from `had` to `has` by a change of `by`.
///
/// `change.lua` does the same: pieces that go are first those `of` others that are named, then one's
/// own, then nobody's, then those of whoever came last. Pieces that come are one's own, but for
/// those `of` others.
pub(crate) fn adjust(shares: &mut Vec<Share>, had: u32, has: u32, by: &str, of: &[Share]) {
    let surplus = sum(shares).saturating_sub(u64::from(had));
    cut(shares, surplus);

    if has > had {
        let mut more = has - had;
        if sum(of) <= u64::from(more) {
            for share in of {
                add(shares, &share.by, share.pieces);
                more -= share.pieces;
            }
        }
        add(shares, by, more);
    } else {
        let mut less = had - has;
        for share in of {
            let named = less.min(share.pieces);
            less -= named - take_own(shares, &share.by, named);
        }
        take_own(shares, by, less);
        let surplus = sum(shares).saturating_sub(u64::from(has));
        cut(shares, surplus);
    }
    shares.retain(|share| share.pieces > 0);
}

/// The pieces among those `of` some that they still have, in a line that holds so many.
pub(crate) fn still_held(shares: &[Share], quantity: u32, of: &[Share]) -> u32 {
    let mut left = shares.to_vec();
    cut(&mut left, sum(shares).saturating_sub(u64::from(quantity)));

    let taken = of
        .iter()
        .map(|share| share.pieces - take_own(&mut left, &share.by, share.pieces));
    taken.fold(0, u32::saturating_add)
}

/// Who has how many pieces of a line that holds so many. Where another client took some without a
/// word, those of whoever came last are gone.
pub(crate) fn within(shares: &[Share], quantity: u32) -> impl Iterator<Item = (&str, u32)> {
    let mut left = quantity;
    shares.iter().filter_map(move |share| {
        let pieces = share.pieces.min(left);
        left -= pieces;
        (pieces > 0).then_some((share.by.as_str(), pieces))
    })
}

/// The pieces of a line that are nobody's.
#[must_use]
pub(crate) fn nobodys(shares: &[Share], quantity: u32) -> u32 {
    quantity
        - within(shares, quantity)
            .map(|(_, pieces)| pieces)
            .sum::<u32>()
}

/// The pieces of all shares.
#[must_use]
pub(crate) fn sum(shares: &[Share]) -> u64 {
    shares.iter().map(|share| u64::from(share.pieces)).sum()
}

/// Tells whether it matters who asked for these lines, to `me` who reads it: somebody else did, or
/// nobody beside them.
#[must_use]
pub(crate) fn are_shared<'a>(
    lines: impl IntoIterator<Item = (&'a [Share], Option<u32>)>,
    me: &str,
) -> bool {
    let mut is_asked_for = false;
    let mut has_nobodys = false;
    for (shares, quantity) in lines {
        if shares.iter().any(|share| share.by != me) {
            return true;
        }
        is_asked_for |= !shares.is_empty();
        has_nobodys |= nobodys(shares, quantity.unwrap_or(0)) > 0;
    }
    is_asked_for && has_nobodys
}

/// The people who have pieces of a line, as people read it: whoever has most first, nobody last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Portions<'a>(Vec<(&'a str, u32)>);

impl<'a> Portions<'a> {
    /// The people of a line that holds so many pieces; `None` where its quantity is damaged.
    #[must_use]
    pub(super) fn of(shares: &'a [Share], quantity: Option<u32>) -> Portions<'a> {
        let mut portions: Vec<_> = within(shares, quantity.unwrap_or(u32::MAX)).collect();
        portions.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));

        let nobodys = nobodys(shares, quantity.unwrap_or(0));
        if nobodys > 0 {
            portions.push((NOBODY, nobodys));
        }
        Portions(portions)
    }

    /// Tells whether several have pieces of it.
    #[must_use]
    pub(crate) fn are_several(&self) -> bool {
        self.0.len() > 1
    }

    /// Each of them, for a list: `bob 4`. One person alone has no number.
    #[must_use]
    pub(crate) fn listed(&self) -> Vec<String> {
        match &self.0[..] {
            [(name, _)] => vec![(*name).to_owned()],
            several => several
                .iter()
                .map(|(name, pieces)| format!("{name} {pieces}"))
                .collect(),
        }
    }

    /// The list in rows of so many columns, broken at the commas. Nobody is left out.
    #[must_use]
    pub(crate) fn wrapped(&self, columns: usize) -> Vec<String> {
        text::wrap_list(&self.listed(), columns)
    }

    /// The same for a sentence: `bob (4) and lee (2)`; `None` where nobody knows.
    #[must_use]
    pub(crate) fn in_sentence(&self) -> Option<String> {
        let (last, others) = self.0.split_last()?;
        if others.is_empty() {
            return Some(last.0.to_owned()).filter(|name| name != NOBODY);
        }

        let others: Vec<String> = others
            .iter()
            .map(|(name, pieces)| format!("{name} ({pieces})"))
            .collect();
        let others = others.join(", ");
        Some(format!("{others} and {} ({})", last.0, last.1))
    }
}

/// Adds pieces for a person.
fn add(shares: &mut Vec<Share>, by: &str, pieces: u32) {
    match shares.iter_mut().find(|share| share.by == by) {
        Some(share) => share.pieces = share.pieces.saturating_add(pieces),
        None => shares.push(Share {
            by: by.to_owned(),
            pieces,
        }),
    }
}

/// Removes a person's own pieces, as far as there are any; returns how many are still to be removed.
fn take_own(shares: &mut [Share], by: &str, mut pieces: u32) -> u32 {
    for share in shares.iter_mut().filter(|share| share.by == by) {
        let own = pieces.min(share.pieces);
        share.pieces -= own;
        pieces -= own;
    }
    pieces
}

/// Removes pieces of whoever came last.
fn cut(shares: &mut [Share], mut pieces: u64) {
    for share in shares.iter_mut().rev() {
        let away = u32::try_from(pieces).unwrap_or(u32::MAX).min(share.pieces);
        share.pieces -= away;
        pieces -= u64::from(away);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(raw: &[(&str, u32)]) -> Vec<Share> {
        let share = |(by, pieces): &(&str, u32)| Share {
            by: (*by).to_owned(),
            pieces: *pieces,
        };
        raw.iter().map(share).collect()
    }

    #[test]
    fn everybody_is_named_who_has_pieces() {
        for (of, quantity, listed, sentence) in [
            (&[("bob", 4)][..], Some(4), "bob", Some("bob")),
            (
                &[("lee", 2), ("bob", 4)],
                Some(6),
                "bob 4, lee 2",
                Some("bob (4) and lee (2)"),
            ),
            // Nobody comes last, however many that are.
            (
                &[("lee", 1), ("bob", 1)],
                Some(9),
                "bob 1, lee 1, nobody 7",
                Some("bob (1), lee (1) and nobody (7)"),
            ),
            (&[], Some(3), "nobody", None),
            // Another client took three: whoever came last has lost them.
            (
                &[("ann", 2), ("bob", 4)],
                Some(3),
                "ann 2, bob 1",
                Some("ann (2) and bob (1)"),
            ),
            (&[("ann", 2), ("bob", 4)], Some(2), "ann", Some("ann")),
            // Of a damaged quantity nobody knows what is nobody's.
            (
                &[("ann", 1), ("bob", 4)],
                None,
                "bob 4, ann 1",
                Some("bob (4) and ann (1)"),
            ),
        ] {
            let shares = shares(of);
            let portions = Portions::of(&shares, quantity);
            assert_eq!(portions.listed().join(", "), listed);
            assert_eq!(portions.in_sentence().as_deref(), sentence, "{listed}");
        }
    }

    #[test]
    fn a_cart_is_shared_where_somebody_else_or_nobody_has_pieces_beside_me() {
        for (lines, is_shared) in [
            (&[(&[("me", 2)][..], 2)][..], false),
            (&[(&[("me", 2)], 3)], true),
            (&[(&[("me", 2)], 2), (&[("ann", 1)], 1)], true),
            // It is all of another client.
            (&[(&[], 3)], false),
            (&[(&[], 3), (&[("me", 1)], 1)], true),
        ] {
            let lines: Vec<_> = lines
                .iter()
                .map(|(of, quantity)| (shares(of), *quantity))
                .collect();
            let lines = lines
                .iter()
                .map(|(shares, quantity)| (&shares[..], Some(*quantity)));
            assert_eq!(are_shared(lines.clone(), "me"), is_shared, "{lines:?}");
        }
    }

    #[test]
    fn shares_follow_the_quantity() {
        for (before, (had, has), by, given, after) in [
            (&[][..], (0, 2), "ann", &[][..], &[("ann", 2)][..]),
            (&[("ann", 2)], (2, 5), "bob", &[], &[("ann", 2), ("bob", 3)]),
            // One's own go first, then nobody's, then the latest.
            (
                &[("ann", 2), ("bob", 3)],
                (5, 4),
                "ann",
                &[],
                &[("ann", 1), ("bob", 3)],
            ),
            (&[("ann", 2), ("bob", 3)], (7, 4), "ann", &[], &[("bob", 3)]),
            (&[("ann", 2), ("bob", 3)], (5, 1), "cy", &[], &[("ann", 1)]),
            (&[("ann", 2)], (2, 0), "bob", &[], &[]),
            // What is given back is the others' again, unless it is more than comes.
            (&[], (0, 5), "ann", &[("bob", 2)], &[("bob", 2), ("ann", 3)]),
            (&[], (0, 1), "ann", &[("bob", 2)], &[("ann", 1)]),
            // So is what goes, as far as it is there.
            (
                &[("ann", 2), ("bob", 3)],
                (5, 2),
                "ann",
                &[("bob", 3)],
                &[("ann", 2)],
            ),
            (
                &[("ann", 2), ("bob", 1), ("cy", 1)],
                (5, 2),
                "ann",
                &[("bob", 2), ("dee", 1)],
                &[("cy", 1)],
            ),
            // Another client took some without a word.
            (&[("ann", 9)], (3, 4), "bob", &[], &[("ann", 3), ("bob", 1)]),
        ] {
            let mut now = shares(before);
            adjust(&mut now, had, has, by, &shares(given));
            assert_eq!(now, shares(after), "{before:?} {had} to {has} by {by}");
        }
    }
}
