//! The C ABI of revocache: open an index, ask it from any thread, before and after fork.
//!
//! What C sees is in `include/revocache.h`, which cbindgen makes from the comments here; they are written for readers of
//! that header. Types are named as in C. The functions are thin: `boundary` stops panics and looks for NULL,
//! `generations` keeps what is in force, `pins` lets it be replaced while threads read it, and the answers come from
//! [`revocache::policy`].
//!
//! Links ranks 0 to 3 of revocache only: no runtime, no threads, no global state. What needs those is `client`, behind the
//! feature of that name, which makes a library of its own (see the package in `client/`).
#![allow(unsafe_code, reason = "pointers of C, symbols of C, and memory that threads share without a lock")]
#![allow(non_camel_case_types, reason = "types are named as in C")]
#![allow(
    clippy::missing_safety_doc,
    reason = "what every pointer must be is said once, in the preamble of the header"
)]

mod batch;
mod boundary;
mod check;
#[cfg(feature = "client")]
mod client;
mod facts;
mod failure;
mod generations;
mod index;
mod issuer;
mod lists;
mod pins;
mod policy;
mod prepared;
mod resolved;
mod result;
mod serial;
mod short_way;
mod standing;
mod verdict;
mod version;
mod watched;

pub use batch::*;
pub use check::{
    REVOCACHE_MAX_CHAIN, REVOCACHE_MAX_SERIAL, revocache_cert_id, revocache_check_cert_id,
    revocache_check_certificate, revocache_check_chain, revocache_check_serial, revocache_octets,
};
#[cfg(feature = "client")]
pub use client::*;
pub use facts::*;
pub use failure::{REVOCACHE_ERROR_TEXT, revocache_error};
pub use index::*;
pub use issuer::*;
pub use policy::{
    REVOCACHE_HARD_FAIL, REVOCACHE_POLICY_NEGATIVE_SERIALS, REVOCACHE_SOFT_FAIL, revocache_policy,
};
pub use result::*;
pub use verdict::*;
pub use version::*;
