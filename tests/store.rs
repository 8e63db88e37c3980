//! The database: both kinds, through the operations that others use.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod common;
#[path = "store/support.rs"]
mod support;
#[path = "store/tenants.rs"]
mod tenants;
