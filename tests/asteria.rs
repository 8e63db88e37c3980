//! The certificate module of the ASTERIA console, from outside: through its router, and as a server process.
#![allow(
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what helpers of tests expect, they may say as tests do"
)]
#![allow(unreachable_pub, reason = "modules of one test")]

mod common;
#[path = "quic_support/anyone.rs"]
mod quic_anyone;
mod serve_support;

#[path = "asteria/accounts.rs"]
mod accounts;
#[path = "asteria/codes.rs"]
mod codes;
#[path = "asteria/containers.rs"]
mod containers;
#[path = "asteria/example.rs"]
mod example;
#[path = "asteria/faulty.rs"]
mod faulty;
#[path = "asteria/live.rs"]
mod live;
#[path = "asteria/material.rs"]
mod material;
#[path = "asteria/samples.rs"]
mod samples;
#[path = "asteria/table.rs"]
mod table;
#[path = "asteria/uploads.rs"]
mod uploads;
#[path = "asteria/world.rs"]
mod world;
