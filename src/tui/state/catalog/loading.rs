//! Reading the whole catalog: how far it has come, and when it is read again.

use super::CatalogPane;
use crate::model::{ProductId, text};
use crate::store::Trouble;

/// The rest after reading the whole catalog, in multiples of the time that this took.
const REST_FACTOR: u64 = 10;
/// Milliseconds until the catalog is read again after a failure.
const RETRY_PAUSE: u64 = 500;
/// Milliseconds until it is read again after a failure that somebody has to mend.
const MENDING_PAUSE: u64 = 10_000;
/// Milliseconds until the catalog is read again where some of it could not be read.
const UNREAD_PAUSE: u64 = 5_000;

/// The most milliseconds by which a rest puts off that: what is away makes reading slow.
const LONGEST_REST: u64 = 15_000;

/// The state of reading the whole catalog.
///
/// After each read it rests until the moment `not_before`, by the steady clock, so that a flood of
/// messages costs little.
#[derive(Debug)]
pub enum CatalogLoad {
    /// There is no need to read it.
    Idle {
        /// The earliest moment for the next read.
        not_before: u64,
    },
    /// It is to be read as soon as the server is there and the rest is over.
    Wanted {
        /// The earliest moment for this read.
        not_before: u64,
    },
    /// It is being read.
    Running(RunningLoad),
}

/// The catalog while it is being read.
#[derive(Debug, Default)]
pub struct RunningLoad {
    /// The products read so far.
    pub progress: Option<LoadProgress>,
    /// Products that have changed since the start: what is read of them may be older.
    pub changed: Vec<ProductId>,
    /// The catalog is to be read once more afterwards.
    pub again: bool,
}

/// Loading progress: products read so far, and the total.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadProgress {
    /// Products read so far.
    pub read: usize,
    /// All products.
    pub total: usize,
}

/// What is left out of a catalog that was read, because a server does not let it be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// This number of products.
    Products(usize),
    /// The settings of the shop.
    Shop,
}

impl Default for CatalogLoad {
    fn default() -> CatalogLoad {
        CatalogLoad::Idle { not_before: 0 }
    }
}

impl CatalogLoad {
    /// Products that may change while the catalog is read, before all of it is read once more
    /// instead.
    const CHANGED_LIMIT: usize = 1_000;

    /// Wants the catalog read: when it has rested, or once more where it is being read.
    pub(crate) fn want(&mut self) {
        match self {
            CatalogLoad::Idle { not_before } => {
                *self = CatalogLoad::Wanted {
                    not_before: *not_before,
                };
            }
            CatalogLoad::Wanted { .. } => {}
            CatalogLoad::Running(running) => running.again = true,
        }
    }

    /// The earliest moment for a read that is wanted.
    pub(crate) fn due_at(&self) -> Option<u64> {
        match self {
            CatalogLoad::Wanted { not_before } => Some(*not_before),
            CatalogLoad::Idle { .. } | CatalogLoad::Running(_) => None,
        }
    }

    /// Notes the progress of the read.
    pub(crate) fn note_progress(&mut self, progress: LoadProgress) {
        if let CatalogLoad::Running(running) = self {
            running.progress = Some(progress);
        }
    }

    /// Notes products that have changed: what is being read of them may be older.
    pub(crate) fn note_changed(&mut self, products: &[ProductId]) {
        let CatalogLoad::Running(running) = self else {
            return;
        };

        running.changed.extend_from_slice(products);
        if running.changed.len() > CatalogLoad::CHANGED_LIMIT {
            running.changed.clear();
            running.again = true;
        }
    }

    /// Starts a read that is wanted.
    pub(crate) fn start(&mut self) {
        *self = CatalogLoad::Running(RunningLoad::default());
    }

    /// Ends the read with success, and rests until `not_before`. Returns the products that have
    /// changed meanwhile.
    pub(crate) fn succeed(&mut self, not_before: u64) -> Vec<ProductId> {
        let (wanted, changed) = match std::mem::take(self) {
            CatalogLoad::Idle { .. } => (false, Vec::new()),
            CatalogLoad::Wanted { .. } => (true, Vec::new()),
            CatalogLoad::Running(running) => (running.again, running.changed),
        };
        *self = if wanted {
            CatalogLoad::Wanted { not_before }
        } else {
            CatalogLoad::Idle { not_before }
        };
        changed
    }

    /// Wants the catalog read once more, not before this moment.
    pub(crate) fn repeat(&mut self, not_before: u64) {
        match self {
            CatalogLoad::Idle { not_before: rested }
            | CatalogLoad::Wanted { not_before: rested } => {
                let not_before = not_before.max((*rested).min(not_before + LONGEST_REST));
                *self = CatalogLoad::Wanted { not_before };
            }
            CatalogLoad::Running(running) => running.again = true,
        }
    }

    /// Ends the read with a failure, after which the next one waits until `not_before`.
    pub(crate) fn fail(&mut self, not_before: u64) {
        *self = CatalogLoad::Wanted { not_before };
    }
}

impl CatalogPane {
    /// Takes in that the whole catalog was read, which took so many milliseconds. Returns the
    /// products that have changed meanwhile.
    pub(crate) fn end_load(&mut self, now: u64, took: u64) -> Vec<ProductId> {
        self.loaded = true;
        self.unread = None;
        self.load_trouble = None;
        self.load.succeed(now + took * REST_FACTOR)
    }

    /// Takes in that the catalog can't be read. It is read again, soon where the reason passes by
    /// itself, and later where somebody must mend it: then the message for them is returned, once.
    pub(crate) fn fail_load(&mut self, now: u64, trouble: Trouble) -> Option<String> {
        let is_transient = trouble.is_transient();
        let pause = if is_transient {
            RETRY_PAUSE
        } else {
            MENDING_PAUSE
        };
        self.load.fail(now + pause);

        let message = format!("The catalog can't be read: {trouble}");
        let is_news = self.load_trouble.as_ref() != Some(&trouble);
        self.load_trouble = Some(trouble);
        if is_transient {
            self.unread = Some(message);
            return None;
        }
        is_news.then_some(message)
    }

    /// Takes in what could not be read. It is tried again.
    pub(crate) fn note_unread(&mut self, now: u64, unread: Unread, trouble: &Trouble) {
        let unread = match unread {
            Unread::Products(products) => text::count(products, "product"),
            Unread::Shop => "The shop's settings".to_owned(),
        };
        self.unread = Some(format!("{unread} can't be read: {trouble}"));
        self.load.repeat(now + UNREAD_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn products(count: usize) -> Vec<ProductId> {
        (0..count)
            .map(|n| ProductId::stored(n.to_string().as_bytes()))
            .collect()
    }

    #[test]
    fn a_read_that_is_wanted_waits_for_its_moment() {
        let mut load = CatalogLoad::default();
        assert_eq!(load.due_at(), None);
        load.want();
        assert_eq!(load.due_at(), Some(0));

        load.start();
        assert_eq!(load.due_at(), None);
        load.succeed(70);
        assert_eq!(load.due_at(), None);
        load.want();
        assert_eq!(load.due_at(), Some(70));

        // Wanted again during a read, it is read once more; a failure may be final.
        load.start();
        load.want();
        load.succeed(90);
        assert_eq!(load.due_at(), Some(90));
        load.fail(99);
        assert_eq!(load.due_at(), Some(99));
    }

    #[test]
    fn products_that_change_during_a_read_are_read_again_or_all_of_them_are() {
        let mut load = CatalogLoad::default();
        load.note_changed(&products(3));
        load.start();
        load.note_changed(&products(2));
        assert_eq!(load.succeed(0), products(2));

        load.start();
        load.note_changed(&products(CatalogLoad::CHANGED_LIMIT + 1));
        assert_eq!(load.succeed(0), []);
        assert_eq!(load.due_at(), Some(0));
    }
}
