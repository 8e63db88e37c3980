//! Locking.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The guard, even if somebody panicked with it in hand: every change made under these locks is whole by
/// itself, and an answer withheld for ever would be worse.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
