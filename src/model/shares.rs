//! Shares: who asked for how many pieces of a line. They stand in the order in which people came.
//! Pieces of a line beyond its shares were put in by another client: they are nobody's.

use super::order::Share;

/// Adjusts the shares of a line whose quantity goes from `had` to `has` by a change of `by`.
///
/// `change.lua` does the same: pieces that go are first one's own, then nobody's, then those of
/// whoever came last. Pieces that come are one's own, but for those that are `given` back.
pub(crate) fn adjust(shares: &mut Vec<Share>, had: u32, has: u32, by: &str, given: &[Share]) {
    let surplus = sum(shares).saturating_sub(u64::from(had));
    cut(shares, surplus);

    if has > had {
        let mut more = has - had;
        if sum(given) <= u64::from(more) {
            for share in given {
                add(shares, &share.by, share.pieces);
                more -= share.pieces;
            }
        }
        add(shares, by, more);
    } else {
        take_own(shares, by, had - has);
        let surplus = sum(shares).saturating_sub(u64::from(has));
        cut(shares, surplus);
    }
    shares.retain(|share| share.pieces > 0);
}

/// The shares of a line that holds so many pieces, and the pieces that are nobody's. Where another
/// client took some without a word, those of whoever came last are gone.
#[must_use]
pub(crate) fn within(shares: &[Share], quantity: u32) -> (Vec<Share>, u32) {
    let mut shares = shares.to_vec();
    let surplus = sum(&shares).saturating_sub(quantity.into());
    cut(&mut shares, surplus);
    shares.retain(|share| share.pieces > 0);

    let asked_for = u32::try_from(sum(&shares)).unwrap_or(u32::MAX);
    let nobodys = quantity.saturating_sub(asked_for);
    (shares, nobodys)
}

/// The pieces of all shares.
#[must_use]
pub(crate) fn sum(shares: &[Share]) -> u64 {
    shares.iter().map(|share| u64::from(share.pieces)).sum()
}

/// Tells whether somebody other than `me` has a share.
#[must_use]
pub(crate) fn has_others<'a>(shares: impl IntoIterator<Item = &'a Share>, me: &str) -> bool {
    shares.into_iter().any(|share| share.by != me)
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

/// Removes a person's own pieces, as far as there are any.
fn take_own(shares: &mut [Share], by: &str, mut pieces: u32) {
    for share in shares.iter_mut().filter(|share| share.by == by) {
        let own = pieces.min(share.pieces);
        share.pieces -= own;
        pieces -= own;
    }
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
            // Another client took some without a word.
            (&[("ann", 9)], (3, 4), "bob", &[], &[("ann", 3), ("bob", 1)]),
        ] {
            let mut now = shares(before);
            adjust(&mut now, had, has, by, &shares(given));
            assert_eq!(now, shares(after), "{before:?} {had} to {has} by {by}");
        }
    }
}
