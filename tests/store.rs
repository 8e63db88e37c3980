//! The database: both kinds, through the operations that others use.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

#[path = "store/commands.rs"]
mod commands;
mod common;
#[path = "store/crashes.rs"]
mod crashes;
#[path = "store/lists.rs"]
mod lists;
#[path = "store/model.rs"]
mod model;
#[path = "store/schema.rs"]
mod schema;
#[path = "store/service.rs"]
mod service;
#[path = "store/support.rs"]
mod support;
#[path = "store/tenants.rs"]
mod tenants;
