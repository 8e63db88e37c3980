//! The admin listener: metrics, health, status, and the emergency refresh, over plain HTTP.
//!
//! | request | answer |
//! |---|---|
//! | `GET /metrics` | OpenMetrics text for Prometheus |
//! | `GET /healthz` | 200 while the process works |
//! | `GET /readyz` | 200 while it should be asked, else 503 with the reasons |
//! | `GET /status` | everything about sources and builds, in JSON |
//! | `POST /refresh` | looks at every source now and tells what came of it |
//!
//! It is meant for this machine or for a network of operators, and has no TLS. Reading is free to whoever can connect;
//! refreshing costs CAs traffic and needs a token, or a caller on this machine ([`AdminAccess`]). Connections are few
//! and may not idle ([`CappedListener`]), so that nobody can keep Prometheus out.

mod access;
mod exposition;
mod listener;
mod readiness;
mod routes;

pub(crate) use access::read_token;
pub use access::{AdminAccess, TokenError};
pub use exposition::{CONTENT_TYPE, exposition};
pub use listener::{CappedListener, Peer};
pub use readiness::Readiness;
pub use routes::{Admin, router};
