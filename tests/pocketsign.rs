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

#[path = "pocketsign/api.rs"]
mod api;
#[path = "pocketsign/example.rs"]
mod example;
#[path = "pocketsign/jpki.rs"]
mod jpki;
#[path = "pocketsign/mock.rs"]
mod mock;
#[path = "pocketsign/openapi.rs"]
mod openapi;
#[path = "pocketsign/robust.rs"]
mod robust;
#[path = "pocketsign/tokens.rs"]
mod tokens;
#[path = "pocketsign/v1.rs"]
mod v1;
#[path = "pocketsign/v2.rs"]
mod v2;
