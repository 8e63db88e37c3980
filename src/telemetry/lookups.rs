//! Counting answers where they are given.

use std::time::Duration;

use super::family::{Family, Metrics, Value};
use super::striped::{StripedCounter, StripedHistogram};
use crate::types::{Cause, Method, Status};

const CAUSES: usize = Cause::ALL.len();
/// `good`, `revoked`, each cause of `unknown`, and causes that this table does not know yet.
const OUTCOMES: usize = 3 + CAUSES;

/// Answers by outcome and method, and how long they took. For any number of threads.
#[derive(Debug)]
pub struct LookupMetrics {
    crl: [StripedCounter; OUTCOMES],
    ocsp: [StripedCounter; OUTCOMES],
    latency: StripedHistogram,
}

impl LookupMetrics {
    /// Nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        Self { crl: Default::default(), ocsp: Default::default(), latency: StripedHistogram::of_lookups() }
    }

    /// Counts one answer: an addition to a line of the calling thread.
    #[inline]
    pub fn count(&self, status: &Status, method: Method) {
        self.count_many(status, method, 1);
    }

    /// Counts so many answers that are the same.
    #[inline]
    pub fn count_many(&self, status: &Status, method: Method, number: u64) {
        let outcome = match status {
            Status::Good => 0,
            Status::Revoked(_) => 1,
            Status::Unknown(cause) => {
                2 + Cause::ALL.iter().position(|known| known == cause).unwrap_or(CAUSES)
            }
        };
        let counters = match method {
            Method::Crl => &self.crl,
            Method::Ocsp => &self.ocsp,
        };
        if let Some(counter) = counters.get(outcome) {
            counter.add(number);
        }
    }

    /// Records how long an answer took, from the question in memory to the answer in memory. Reading a clock twice
    /// costs more than a lookup, so it is enough to measure some of them.
    pub fn record(&self, took: Duration) {
        self.latency.record(took);
    }
}

impl Default for LookupMetrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics for LookupMetrics {
    fn families(&self) -> Vec<Family> {
        let mut lookups = Family::counter("revocache_lookups", "Answers, by outcome");
        for (method, counters) in [(Method::Crl, &self.crl), (Method::Ocsp, &self.ocsp)] {
            for (outcome, counter) in counters.iter().enumerate() {
                let (status, cause) = match outcome {
                    0 => ("good", ""),
                    1 => ("revoked", ""),
                    _ => ("unknown", Cause::ALL.get(outcome - 2).map_or("other", |cause| cause.name())),
                };
                let labels = [("status", status), ("cause", cause), ("method", method.name())];
                lookups.count(&labels, counter.value());
            }
        }
        let mut latency =
            Family::histogram("revocache_lookup_duration_seconds", "How long answers took, sampled");
        latency.push(&[], Value::Histogram(self.latency.snapshot()));
        vec![lookups, latency]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_a_counter_of_its_own() {
        let metrics = LookupMetrics::new();
        metrics.count(&Status::Good, Method::Crl);
        for cause in Cause::ALL {
            metrics.count(&Status::Unknown(cause), Method::Ocsp);
            metrics.count(&Status::Unknown(cause), Method::Ocsp);
        }
        let families = metrics.families();
        let counted: Vec<(String, String, Value)> = families[0]
            .samples
            .iter()
            .filter(|sample| sample.value != Value::Count(0))
            .map(|sample| (sample.labels[0].1.clone(), sample.labels[1].1.clone(), sample.value.clone()))
            .collect();
        assert_eq!(counted[0], ("good".to_owned(), String::new(), Value::Count(1)));
        let causes: Vec<&str> = counted[1..].iter().map(|(_, cause, _)| cause.as_str()).collect();
        assert_eq!(causes, Cause::ALL.map(Cause::name));
        assert!(
            counted[1..].iter().all(|(status, _, value)| status == "unknown" && *value == Value::Count(2))
        );
    }
}
