//! The PocketSign Verify API from outside: certificates and signatures by OpenSSL, requests over sockets.
#![allow(
    unreachable_pub,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod common;

#[path = "pocketsign/jpki.rs"]
mod jpki;
#[path = "pocketsign/mock.rs"]
mod mock;
