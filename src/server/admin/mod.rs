//! What operators need: metrics, health, status, and the emergency refresh, over HTTP.
//!
//! | request | answer |
//! |---|---|
//! | `GET /metrics` | OpenMetrics text for Prometheus |
//! | `GET /healthz` | 200 while the process works |
//! | `GET /readyz` | 200 while it should be asked, else 503 with the reasons |
//! | `GET /status` | everything about sources and builds, in JSON |
//! | `POST /refresh` | looks at every source now and tells what came of it |
//! | `GET /audit` | who changed what, the newest first, in JSON: `since`, `until`, `actor`, `before` (an id), `limit` |
//!
//! It is meant for this machine or for a network of operators. Reading is free to whoever can connect; refreshing costs
//! CAs traffic, and the audit log names people: both need a token, or a caller on this machine ([`AdminAccess`]). It is not served over HTTP/3, whose port
//! may be open to more people, and its requests are answered however many others there are.

mod access;
mod audit;
mod exposition;
mod readiness;
mod routes;

pub use access::{AdminAccess, TokenError};
pub(crate) use access::{Decision, read_token};
pub use audit::ShownEntry;
pub use exposition::{CONTENT_TYPE, exposition};
pub use readiness::Readiness;
pub use routes::{Admin, PATHS, health, router};
