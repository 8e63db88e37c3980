//! The Cipher API from outside: every method, status and message; the documentation's example field for field; both
//! kinds of containers, as others write them; what is kept, for how long, and that nothing is left of it.
#![allow(unreachable_pub, reason = "modules of one test")]
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod common;

#[path = "cipher/containers.rs"]
mod containers;
#[path = "cipher/languages.rs"]
mod languages;
#[path = "cipher/limits.rs"]
mod limits;
#[path = "cipher/memory.rs"]
mod memory;
#[path = "cipher/methods.rs"]
mod methods;
#[path = "cipher/protected.rs"]
mod protected;
#[path = "cipher/revocation.rs"]
mod revocation;
#[path = "cipher/sample.rs"]
mod sample;
#[path = "cipher/served.rs"]
mod served;
#[path = "cipher/tree.rs"]
mod tree;
#[path = "cipher/world.rs"]
mod world;
