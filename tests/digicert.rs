//! The DigiCert API from outside: every answer field for field, every documented error by its name, what a key may, what
//! turns at which second, what another server does to us, and whether control over domains is really looked at.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod common;
mod serve_support;

#[path = "digicert/admin.rs"]
mod admin;
#[path = "digicert/command.rs"]
mod command;
#[path = "digicert/control.rs"]
mod control;
#[path = "digicert/errors.rs"]
mod errors;
#[path = "digicert/formats.rs"]
mod formats;
#[path = "digicert/limits.rs"]
mod limits;
#[path = "digicert/lists.rs"]
mod lists;
#[path = "digicert/revocation.rs"]
mod revocation;
#[path = "digicert/rights.rs"]
mod rights;
#[path = "digicert/upstream.rs"]
mod upstream;
#[path = "digicert/validation.rs"]
mod validation;
#[path = "digicert/world.rs"]
mod world;
