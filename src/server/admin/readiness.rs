//! Whether this server should be asked.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What stands against asking this server; ready while there is nothing.
#[derive(Debug, Default)]
pub struct Readiness {
    obstacles: Mutex<BTreeSet<&'static str>>,
}

impl Readiness {
    /// Not ready: it is starting.
    #[must_use]
    pub fn starting() -> Self {
        let readiness = Self::default();
        readiness.add("starting");
        readiness
    }

    /// The start is over.
    pub fn started(&self) {
        self.remove("starting");
    }

    /// Something stands against it, named in snake case.
    pub fn add(&self, obstacle: &'static str) {
        self.lock().insert(obstacle);
    }

    /// It does not any more.
    pub fn remove(&self, obstacle: &'static str) {
        self.lock().remove(obstacle);
    }

    /// What stands against it.
    #[must_use]
    pub fn obstacles(&self) -> Vec<&'static str> {
        self.lock().iter().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<&'static str>> {
        self.obstacles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
