//! What the edge allows.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use axum::http::HeaderValue;

use super::limits::Rate;

/// Limits and times of everything that comes by HTTP, whichever listener it comes through.
#[derive(Debug, Clone)]
pub struct EdgeSettings {
    /// Requests that are worked on at once; more are told to come back (503). Default 4,096.
    pub max_requests: usize,
    /// Octets of a request's body; more are refused (413). Default 2 MiB.
    pub max_body: u64,
    /// Octets of a request's head, at least 8 KiB; more are refused (431). Default 16 KiB.
    pub max_head: u32,
    /// Requests at once on one connection of HTTP/2 or HTTP/3. Default 128.
    pub max_streams: u32,
    /// From the first octet of a head to its last, and from a new connection to its first request, TLS included.
    /// Default 10 seconds.
    pub head_timeout: Duration,
    /// From the end of the head to the end of the body; then the request is given up (408). Default 30 seconds.
    pub body_timeout: Duration,
    /// From the end of the head to the beginning of the answer; then the request is given up (503). Default 2 minutes.
    pub answer_timeout: Duration,
    /// Without an octet in either direction while nothing is worked on, after which a connection is closed, and for a
    /// client to make room for more of an answer. Default 75 seconds.
    pub idle_timeout: Duration,
    /// At the end: for requests that are under way. Default 10 seconds.
    pub stop_timeout: Duration,
    /// Octets of a body from which on it is compressed for clients that can read it; `None` for never. Default 1 KiB.
    pub compress_from: Option<u32>,
    /// How often one token may ask, whatever kind it is of; `None` for as often as it likes, which is the default.
    pub per_token: Option<Rate>,
    /// How often one address may ask without a token. `None` is the default.
    pub per_address: Option<Rate>,
    /// Callers whose rate is remembered. Default 100,000.
    pub max_callers: NonZeroUsize,
}

impl EdgeSettings {
    /// A rate of so many a second, and twice as many at once; `None` for 0.
    #[must_use]
    pub fn rate(per_second: u32) -> Option<Rate> {
        let per_second = NonZeroU32::new(per_second)?;
        Some(Rate { per_second, burst: per_second.saturating_mul(NonZeroU32::MIN.saturating_add(1)) })
    }
}

impl Default for EdgeSettings {
    fn default() -> Self {
        Self {
            max_requests: 4096,
            max_body: 2 << 20,
            max_head: 16 << 10,
            max_streams: 128,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            answer_timeout: Duration::from_secs(120),
            idle_timeout: Duration::from_secs(75),
            stop_timeout: Duration::from_secs(10),
            compress_from: Some(1 << 10),
            per_token: None,
            per_address: None,
            max_callers: NonZeroUsize::MIN.saturating_add(99_999),
        }
    }
}

/// The web pages whose scripts may use the families: none, unless they are named.
#[derive(Debug, Clone, Default)]
pub struct Cors {
    /// Origins such as `https://console.example.org`.
    pub origins: Vec<HeaderValue>,
}
