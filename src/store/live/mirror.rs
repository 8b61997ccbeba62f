//! The cart as it was told to whoever listens, kept to be compared with what heartbeats find.
//!
//! A version tells only of changes that somebody counted. Plain commands of other clients, a
//! clock that jumps, a server that fell back and messages that nobody should believe leave the
//! version right and the cart wrong, or the other way round: so the lines themselves are compared.

use crate::model::time::millis;
use crate::model::{Cart, Deadline, Update, UpdateFit};
use crate::store::cart::beat::{Beat, digest};
use std::time::{Duration, Instant};

/// The difference of the time left above which it is told again; an answer takes up to a second
/// and a half.
const TIME_TOLERANCE: Duration = Duration::from_secs(2);
/// The lines for which the digest is asked at every heartbeat; it takes the server 0.1 ms then.
const LINES_PER_BEAT: u64 = 200;
/// The most updates kept for the heartbeat that is on its way; with more, it is not compared.
const MOST_KEPT: usize = 1024;

/// The cart as it was told last.
#[derive(Default)]
pub(super) struct Mirror {
    /// The cart as it was read, with the updates since; `None` where it can't be read.
    cart: Option<Cart>,
    /// When its deadline was told.
    told: Option<Instant>,
    /// The heartbeat that is on its way, unless the cart was read since.
    beat: Option<SentBeat>,
}

/// The cart when a heartbeat was sent, and what came after that.
struct SentBeat {
    cart: Option<Cart>,
    updates: Vec<Update>,
}

/// The result of comparing a heartbeat with the cart as it was told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// Nothing is different, or nothing can be compared.
    Same,
    /// The cart has another time left.
    OtherDeadline(Deadline),
    /// The server has another cart: it must be read again.
    OtherCart,
}

impl Mirror {
    /// The version of the cart that was told; 0 where there was none.
    pub(super) fn version(&self) -> u64 {
        self.cart.as_ref().map_or(0, |cart| cart.version)
    }

    /// The cart as it was told, with the time that is left by now; `None` where it can't be read.
    pub(super) fn cart_now(&self) -> Option<Cart> {
        let mut cart = self.cart.clone()?;
        let age = self.told.map_or(0, |told| millis(told.elapsed()));
        cart.deadline.told_at = cart.deadline.told_at.saturating_add(age);
        Some(cart)
    }

    /// Notes that the cart was read, or `None` that it can't be.
    pub(super) fn read(&mut self, cart: Option<&Cart>) {
        self.cart = cart.cloned();
        self.told = Some(Instant::now());
        // What a heartbeat found before that is out of date.
        self.beat = None;
    }

    /// Notes that an update came. True where the cart must be read again for it.
    pub(super) fn update(&mut self, update: &Update) -> bool {
        match &mut self.beat {
            Some(beat) if beat.updates.len() < MOST_KEPT => beat.updates.push(update.clone()),
            Some(_) => self.beat = None,
            None => {}
        }

        let Some(cart) = &mut self.cart else {
            return true;
        };
        match cart.apply(update) {
            UpdateFit::Next => {
                self.told = Some(Instant::now());
                false
            }
            UpdateFit::Old => false,
            UpdateFit::Gap => true,
        }
    }

    /// Notes that a heartbeat is sent, the one of this number. True where it should ask for the
    /// digest: for the more lines, the less often, as it costs the server the more.
    pub(super) fn beat(&mut self, number: u64) -> bool {
        self.beat = Some(SentBeat {
            cart: self.cart.clone(),
            updates: Vec::new(),
        });

        let lines = self.cart.as_ref().map_or(0, |cart| cart.lines.len());
        number.is_multiple_of(1 + lines as u64 / LINES_PER_BEAT)
    }

    /// Compares the answer to the heartbeat with the cart as it was at that version. All
    /// messages that the server sent before the answer must have been noted.
    pub(super) fn compare(&mut self, found: &Beat) -> Finding {
        let Some(sent) = self.beat.take() else {
            return Finding::Same;
        };
        let Some(mut cart) = sent.cart else {
            return match found.lines {
                None => Finding::Same,
                Some(_) => Finding::OtherCart,
            };
        };

        // Updates that overtook the answer are left out.
        for update in &sent.updates {
            if update.version <= found.version {
                cart.apply(update);
            }
        }

        let ordering = cart.ordering.as_ref().map(|ordering| &ordering.id);
        let has_same_rules = cart.rules == found.rules
            && cart.ready == found.ready
            && ordering == found.order.as_ref();
        let has_same_lines = found.lines == Some(cart.lines.len() + cart.hidden)
            && found
                .digest
                .as_ref()
                .is_none_or(|found| *found == digest(&cart));
        if cart.version != found.version || !has_same_lines || !has_same_rules {
            Finding::OtherCart
        } else if sent.updates.is_empty() && self.has_other_time_left(found.deadline) {
            self.note_deadline(found.deadline);
            Finding::OtherDeadline(found.deadline)
        } else {
            Finding::Same
        }
    }

    fn has_other_time_left(&self, found: Deadline) -> bool {
        let (Some(cart), Some(told)) = (&self.cart, self.told) else {
            return false;
        };

        match (cart.deadline.left_when_told(), found.left_when_told()) {
            (None, None) => false,
            (Some(left), Some(found)) => {
                let left = Duration::from_millis(left).saturating_sub(told.elapsed());
                left.abs_diff(Duration::from_millis(found)) > TIME_TOLERANCE
            }
            (None, Some(_)) | (Some(_), None) => true,
        }
    }

    fn note_deadline(&mut self, deadline: Deadline) {
        if let Some(cart) = &mut self.cart {
            cart.deadline = deadline;
            self.told = Some(Instant::now());
        }
    }
}
