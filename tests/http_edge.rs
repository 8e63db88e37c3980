//! The HTTP edge from outside, over sockets: every version of HTTP, every limit, and how it stops.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod common;
mod quic_support;
mod serve_support;

#[path = "http_edge/daemon.rs"]
mod daemon;
#[path = "http_edge/life.rs"]
mod life;
#[path = "http_edge/limits.rs"]
mod limits;
#[path = "http_edge/support.rs"]
mod support;
#[cfg(feature = "http3")]
#[path = "http_edge/third.rs"]
mod third;
#[path = "http_edge/versions.rs"]
mod versions;
