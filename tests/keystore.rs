//! Keys and certificates as they come and go: containers of other programs, files of this one, and the store on disk.
//!
//! `openssl` and `keytool` are the oracles: each reads what this program writes, and writes what it reads.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what helpers of tests expect, they may say as tests do"
)]
#![allow(unreachable_pub, reason = "modules of one test")]

mod common;

#[path = "keystore/containers.rs"]
mod containers;
#[path = "keystore/hostile.rs"]
mod hostile;
#[path = "keystore/material.rs"]
mod material;
#[path = "keystore/outbound.rs"]
mod outbound;
#[path = "keystore/store.rs"]
mod store;
