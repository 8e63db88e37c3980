//! What there is to monitor.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::telemetry::{Family, Metrics};

/// Counts requests by version, operation and outcome.
#[derive(Debug, Default)]
pub struct PocketSignNumbers(Mutex<BTreeMap<[&'static str; 3], u64>>);

impl PocketSignNumbers {
    pub(super) fn count(&self, version: &'static str, operation: &'static str, outcome: &'static str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry([version, operation, outcome]).or_default() += 1;
    }
}

impl Metrics for PocketSignNumbers {
    fn families(&self) -> Vec<Family> {
        let mut requests = Family::counter(
            "revocache_pocketsign_requests",
            "Requests of the PocketSign Verify API; undecided are those that no list could answer",
        );
        for ([version, operation, outcome], count) in
            self.0.lock().unwrap_or_else(PoisonError::into_inner).iter()
        {
            let labels = [("version", *version), ("operation", *operation), ("outcome", *outcome)];
            requests.count(&labels, *count);
        }
        vec![requests]
    }
}

/// An error that can be counted.
pub(super) trait Outcome {
    /// What it is called in metrics.
    fn outcome(&self) -> &'static str;
}
