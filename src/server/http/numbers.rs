//! What the edge counts.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;

use super::rejection::Rejection;
use crate::telemetry::{Family, Metrics, StripedCounter, StripedHistogram, Value};

/// `1xx` to `5xx`.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Why a connection ended before its client or this server wanted it to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Ended {
    /// TLS failed.
    Tls,
    /// The certificate of the client was not accepted.
    Client,
    /// No request, or not the whole head of one, came in time.
    SlowHead,
    /// Nothing happened for too long.
    Idle,
}

impl Ended {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Tls, "tls"),
        (Self::Client, "client_certificate"),
        (Self::SlowHead, "head_timeout"),
        (Self::Idle, "idle"),
    ];
}

/// The numbers of all listeners.
#[derive(Debug, Default)]
pub struct HttpNumbers {
    families: Mutex<Vec<Arc<Answers>>>,
    rejections: [StripedCounter; Rejection::CAUSES.len()],
    ended: [StripedCounter; Ended::ALL.len()],
    /// Requests that are worked on.
    pub(super) in_flight: AtomicUsize,
    /// Connections of HTTP/1.1 and HTTP/2 that are open.
    pub(super) connections: AtomicUsize,
}

/// The answers of one family.
#[derive(Debug)]
pub(super) struct Answers {
    name: &'static str,
    classes: [StripedCounter; CLASSES.len()],
    latency: StripedHistogram,
}

impl Answers {
    pub(super) fn record(&self, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100).wrapping_sub(1);
        if let Some(counter) = self.classes.get(class) {
            counter.increment();
        }
        self.latency.record(took);
    }
}

impl HttpNumbers {
    /// The counters of a family; the same ones each time it is named.
    pub(super) fn family(&self, name: &'static str) -> Arc<Answers> {
        let mut families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = families.iter().find(|family| family.name == name) {
            return Arc::clone(known);
        }
        let latency = StripedHistogram::of_requests();
        let family = Arc::new(Answers { name, classes: Default::default(), latency });
        families.push(Arc::clone(&family));
        family
    }

    pub(super) fn reject(&self, rejection: Rejection) {
        let place = Rejection::CAUSES.iter().position(|cause| *cause == rejection.code());
        if let Some(counter) = place.and_then(|place| self.rejections.get(place)) {
            counter.increment();
        }
    }

    pub(super) fn end(&self, ended: Ended) {
        let place = Ended::ALL.iter().position(|(known, _)| *known == ended);
        if let Some(counter) = place.and_then(|place| self.ended.get(place)) {
            counter.increment();
        }
    }
}

impl Metrics for HttpNumbers {
    fn families(&self) -> Vec<Family> {
        let mut requests =
            Family::counter("revocache_http_requests", "Answers, by family and class of status");
        let mut latency = Family::histogram(
            "revocache_http_request_duration_seconds",
            "From the head of a request to that of its answer",
        );
        for family in self.families.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            for (class, counter) in CLASSES.iter().zip(&family.classes) {
                requests.count(&[("family", family.name), ("status", class)], counter.value());
            }
            latency.push(&[("family", family.name)], Value::Histogram(family.latency.snapshot()));
        }
        let mut rejected =
            Family::counter("revocache_http_rejected", "Requests that no family saw to its end, by cause");
        for (cause, counter) in Rejection::CAUSES.iter().zip(&self.rejections) {
            rejected.count(&[("cause", cause)], counter.value());
        }
        let mut ended =
            Family::counter("revocache_http_connections_ended", "Connections that were given up, by cause");
        for ((_, cause), counter) in Ended::ALL.iter().zip(&self.ended) {
            ended.count(&[("cause", cause)], counter.value());
        }
        let mut in_flight = Family::gauge("revocache_http_requests_in_flight", "Requests that are worked on");
        in_flight.number(&[], number(self.in_flight.load(Ordering::Relaxed)));
        let mut connections =
            Family::gauge("revocache_http_connections", "Open connections of HTTP/1.1 and HTTP/2");
        connections.number(&[], number(self.connections.load(Ordering::Relaxed)));
        vec![requests, latency, rejected, ended, in_flight, connections]
    }
}

/// A count as a gauge has it, exact up to 2^32.
fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
