//! What the query protocol and live OCSP have to show to whoever monitors.

use std::sync::Arc;

use super::answers::Answers;
use super::quic::{Counter, QuicServer};
use crate::fetch::http::HttpClient;
use crate::live::{BreakerState, Live};
use crate::telemetry::{Family, Metrics};
use crate::types::Clock;

/// The numbers of a QUIC server.
pub struct QuicNumbers(pub Arc<QuicServer<Answers>>);

/// The numbers of live OCSP.
pub struct LiveNumbers(pub Live<HttpClient, Arc<dyn Clock>>);

impl Metrics for QuicNumbers {
    fn families(&self) -> Vec<Family> {
        let counters = self.0.counters();
        let mut events = Family::counter("revocache_quic_events", "What happened on the query protocol");
        for counter in Counter::ALL {
            events.count(&[("event", counter.name())], counters.get(*counter));
        }
        let mut open = Family::gauge("revocache_quic_open_connections", "Connections at the moment");
        open.number(&[], number(self.0.connections()));
        vec![events, open]
    }
}

impl Metrics for LiveNumbers {
    fn families(&self) -> Vec<Family> {
        let stats = self.0.stats();
        let mut questions =
            Family::counter("revocache_ocsp_questions", "Questions for responders, by how they went");
        for (outcome, count) in [
            ("cached", stats.hits),
            ("failure_remembered", stats.remembered_failures),
            ("joined", stats.joined),
            ("asked", stats.upstream_requests),
            ("answered", stats.upstream_answers),
            ("refreshed", stats.refreshes),
        ] {
            questions.count(&[("outcome", outcome)], count);
        }
        let mut failures =
            Family::counter("revocache_ocsp_failures", "Failed attempts at responders, by cause");
        for (cause, count) in &stats.failures {
            failures.count(&[("cause", cause)], *count);
        }
        let mut entries = Family::gauge("revocache_ocsp_cache_entries", "Answers kept");
        entries.number(&[], number(stats.entries));
        let mut octets = Family::gauge("revocache_ocsp_cache_bytes", "Octets of the answers kept");
        octets.number(&[], number(stats.octets));
        let mut breakers =
            Family::gauge("revocache_ocsp_breaker_open", "Whether a responder is left alone for a while");
        for responder in &stats.responders {
            let is_open = responder.state != BreakerState::Closed;
            breakers.number(&[("responder", &responder.url)], if is_open { 1.0 } else { 0.0 });
        }
        vec![questions, failures, entries, octets, breakers]
    }
}

/// A count as a gauge has it, exact up to 2^32.
fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
