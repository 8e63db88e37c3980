//! What one connection shares with the one who measures.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hdrhistogram::CreationError;

use super::questions::Questions;
use super::tally::{Fault, Tally};

/// What all connections share.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) questions: Questions,
    /// Whether answers count at the moment.
    measuring: AtomicBool,
    /// Answers that counted, for the progress bar.
    answered: AtomicU64,
}

impl Run {
    pub(super) fn new(questions: Questions) -> Self {
        Self { questions, measuring: false.into(), answered: 0.into() }
    }

    /// From now on answers count, or they do so no more.
    pub(super) fn measure(&self, measuring: bool) {
        self.measuring.store(measuring, Ordering::Relaxed);
    }

    pub(super) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }
}

/// One connection's share.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) run: Arc<Run>,
    /// Number of the connection.
    pub(super) number: usize,
    /// Only the thread of the connection takes it until the measurement is over.
    tally: Mutex<Tally>,
}

impl Lane {
    pub(super) fn new(run: Arc<Run>, number: usize) -> Result<Self, CreationError> {
        Ok(Self { run, number, tally: Mutex::new(Tally::new()?) })
    }

    /// Where to count what has just arrived; `None` outside the measurement. Not to be kept.
    #[inline]
    pub(super) fn counting(&self) -> Option<Counting<'_>> {
        if !self.run.measuring.load(Ordering::Relaxed) {
            return None;
        }
        let tally = self.lock();
        Some(Counting { before: tally.answered(), tally, answered: &self.run.answered })
    }

    /// Counts questions that have no answer.
    pub(super) fn fault(&self, fault: Fault, questions: u64) {
        if let Some(mut counting) = self.counting() {
            counting.tally.fault(fault, questions);
        }
    }

    /// What was counted.
    pub(super) fn result(&self) -> Tally {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A tally that also moves the progress bar.
pub(super) struct Counting<'l> {
    pub(super) tally: MutexGuard<'l, Tally>,
    before: u64,
    answered: &'l AtomicU64,
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        self.answered.fetch_add(self.tally.answered() - self.before, Ordering::Relaxed);
    }
}
