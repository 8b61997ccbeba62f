//! A lock that outlives panics.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex, even where somebody panicked with it: what these mutexes guard is whole after
/// each step of a change, so that the others can go on with it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
