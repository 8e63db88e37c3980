//! What the operator decides.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use crate::fetch::gate::{BreakerSettings, UpstreamSettings};
use crate::fetch::http::OcspMethod;
use crate::ocsp::ResponsePolicy;
use crate::types::Seconds;

/// How responders are asked and their answers kept. The defaults suit a server; every field says what it trades.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveSettings {
    /// How long one question may take, everything included. Default 3 s. Several responders share it: each gets an
    /// equal part of what is left when its turn comes.
    pub budget: Duration,
    /// How questions travel. Default POST.
    pub method: OcspMethod,
    /// The hash function of the CertIDs that are sent. Default SHA-1.
    pub cert_id_function: CertIdFunction,
    /// Whether questions carry a nonce. Default never: most responders sign in advance and ignore it.
    pub nonce: NonceUse,
    /// When a response is believed.
    pub response: ResponsePolicy,
    /// Answers kept.
    pub cache: CacheSettings,
    /// Failures remembered.
    pub failures: FailureSettings,
    /// When a responder is left alone.
    pub breaker: BreakerSettings,
    /// Requests under way.
    pub upstream: UpstreamSettings,
    /// Asking again ahead of time.
    pub refresh: RefreshSettings,
}

/// The hash function of a CertID (RFC 6960 section 4.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CertIdFunction {
    /// SHA-1, the one that every responder understands (RFC 5019 section 2.1.1).
    #[default]
    Sha1,
    /// SHA-256, for responders that are known to understand it.
    Sha256,
}

/// Whether a question carries a nonce (RFC 9654).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NonceUse {
    /// Never.
    #[default]
    Never,
    /// Always. Defeats caches between here and the responder, which is a use as well. Whether a response without it
    /// is refused is decided by [`ResponsePolicy::nonce`].
    Always,
}

/// Bounds of the cache of verified answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheSettings {
    /// The most answers. Default 100,000. From 2,048 on they are spread over up to 16 parts, each of which has its
    /// share of the bounds, and of which each forgets what in it was not asked for the longest, to the second.
    pub max_entries: NonZeroUsize,
    /// The most octets, responses and what is needed to find them. Default 256 MiB.
    pub max_octets: usize,
    /// The longest that an answer is kept, however late its nextUpdate. Default 7 days.
    pub longest: Seconds,
    /// The longest that "unknown" is kept: a certificate may be younger than the responder's data. Default 5 minutes.
    pub unknown: Seconds,
    /// How often the cache is written to its file if it changed. Default 5 minutes.
    pub save_every: Duration,
}

/// How long failures are remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureSettings {
    /// The responder could not be reached or had no time. Default 10 s; the breaker bounds the rest.
    pub unavailable: Duration,
    /// What it sent was refused, or its URL. Default 60 s.
    pub refused: Duration,
    /// It declines to answer (`unauthorized`, `malformedRequest`, `sigRequired`). Default 10 minutes.
    pub declined: Duration,
    /// The most failures remembered. Default 10,000.
    pub max_entries: NonZeroUsize,
}

/// What is asked again before its answer ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshSettings {
    /// How often an answer must have been asked for since it came. Default 3.
    pub min_asked: NonZeroU32,
    /// Percent of the time between getting an answer and its end after which it is asked again, at the earliest.
    /// Default 80.
    pub from_percent: u8,
    /// The same, at the latest. Default 90. Chance picks a point between the two.
    pub until_percent: u8,
    /// How often it is looked for what is due. Default 5 s.
    pub every: Duration,
    /// Refreshes at a time. Default 4.
    pub at_once: NonZeroUsize,
    /// Refreshes in one round. Default 256; the rest waits for the next.
    pub per_round: usize,
}

impl Default for LiveSettings {
    fn default() -> Self {
        Self {
            budget: Duration::from_secs(3),
            method: OcspMethod::default(),
            cert_id_function: CertIdFunction::default(),
            nonce: NonceUse::default(),
            response: ResponsePolicy::default(),
            cache: CacheSettings::default(),
            failures: FailureSettings::default(),
            breaker: BreakerSettings::default(),
            upstream: UpstreamSettings::default(),
            refresh: RefreshSettings::default(),
        }
    }
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            max_entries: count(100_000),
            max_octets: 256 << 20,
            longest: Seconds::days(7),
            unknown: Seconds(300),
            save_every: Duration::from_secs(300),
        }
    }
}

impl Default for FailureSettings {
    fn default() -> Self {
        Self {
            unavailable: Duration::from_secs(10),
            refused: Duration::from_secs(60),
            declined: Duration::from_secs(600),
            max_entries: count(10_000),
        }
    }
}

impl Default for RefreshSettings {
    fn default() -> Self {
        Self {
            min_asked: NonZeroU32::MIN.saturating_add(2),
            from_percent: 80,
            until_percent: 90,
            every: Duration::from_secs(5),
            at_once: count(4),
            per_round: 256,
        }
    }
}

const fn count(number: usize) -> NonZeroUsize {
    NonZeroUsize::MIN.saturating_add(number.saturating_sub(1))
}
