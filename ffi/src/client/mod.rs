//! Asking others: a revocache server over QUIC, and OCSP responders beside an index.
//!
//! What the plain library does without, a runtime and a thread, is here and nowhere else: a [`hosted`] handle brings its
//! own, from the moment it is made until it is freed, and knows the process that it lives in. What C sees is in
//! `include/revocache_client.h`.

mod check;
mod connection;
mod hosted;
mod live;
mod options;
mod request;

pub use check::*;
pub use connection::*;
pub use live::*;
pub use options::*;
pub use request::{
    REVOCACHE_ASK_CRL, REVOCACHE_ASK_CRL_THEN_OCSP, REVOCACHE_ASK_DEFAULT, REVOCACHE_ASK_OCSP,
    revocache_request,
};
