//! What the operator decides.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

/// When a server is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Failures in a row that open the breaker. Default 5.
    pub threshold: NonZeroU32,
    /// The first pause; it doubles with every failed attempt afterwards. Default 5 s. Each pause is shortened by up
    /// to a half, by chance, so that many processes do not come back at once.
    pub first_pause: Duration,
    /// The longest pause. Default 5 minutes.
    pub longest_pause: Duration,
}

/// How much is asked at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamSettings {
    /// Requests under way in total. Default 64.
    pub total: NonZeroUsize,
    /// Requests under way per server. Default 8.
    pub per_responder: NonZeroUsize,
    /// Different questions under way, those that wait for their turn included. Default 8,192; the next one fails at
    /// once.
    pub questions: NonZeroUsize,
    /// Different questions that wait for their turn at one server. Default 2,048, so that a slow one does not use
    /// up all places.
    pub waiting_per_responder: usize,
    /// Servers whose state is remembered; the one not asked for the longest is forgotten. Default 4,096.
    pub responders: NonZeroUsize,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            threshold: NonZeroU32::MIN.saturating_add(4),
            first_pause: Duration::from_secs(5),
            longest_pause: Duration::from_secs(300),
        }
    }
}

impl Default for UpstreamSettings {
    fn default() -> Self {
        Self {
            total: count(64),
            per_responder: count(8),
            questions: count(8_192),
            waiting_per_responder: 2_048,
            responders: count(4_096),
        }
    }
}

const fn count(number: usize) -> NonZeroUsize {
    NonZeroUsize::MIN.saturating_add(number.saturating_sub(1))
}
