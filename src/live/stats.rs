//! Counters.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::fetch::gate::{GateStats, lock};

/// What happened since the start, and how things stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveStats {
    /// Questions answered from the cache.
    pub hits: u64,
    /// Questions that the cache could not answer.
    pub misses: u64,
    /// Of the misses, those that failed at once because the failure was remembered.
    pub remembered_failures: u64,
    /// Of the misses, those that waited for a request already under way.
    pub joined: u64,
    /// Requests sent to responders.
    pub upstream_requests: u64,
    /// Requests sent that brought a verified answer.
    pub upstream_answers: u64,
    /// Failed attempts by [`super::LiveError::detail`]; each responder of a question counts.
    pub failures: BTreeMap<&'static str, u64>,
    /// Answers asked again ahead of their end.
    pub refreshes: u64,
    /// Of those, the ones that failed; the answer in hand stays.
    pub failed_refreshes: u64,
    /// Answers dropped to stay within the bounds.
    pub evictions: u64,
    /// Answers read from the file that did not verify again.
    pub refused_from_file: u64,
    /// Times that the cache could not be written to its file.
    pub failed_saves: u64,
    /// Answers in the cache.
    pub entries: usize,
    /// Octets of the cache.
    pub octets: usize,
    /// The responders whose state is known.
    pub responders: Vec<GateStats>,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) misses: Counter,
    pub(super) remembered_failures: Counter,
    pub(super) joined: Counter,
    pub(super) upstream_requests: Counter,
    pub(super) upstream_answers: Counter,
    pub(super) refreshes: Counter,
    pub(super) failed_refreshes: Counter,
    pub(super) refused_from_file: Counter,
    pub(super) failed_saves: Counter,
    failures: Mutex<BTreeMap<&'static str, u64>>,
}

#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(super) fn failed(&self, detail: &'static str) {
        *lock(&self.failures).entry(detail).or_default() += 1;
    }

    pub(super) fn failures(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.failures).clone()
    }
}
