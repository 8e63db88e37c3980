//! The HTTP edge: what every API family has in front of it, and the families themselves.
//!
//! A family is a `router(state) -> axum::Router` in a folder of its own, with the paths its clients know
//! (`/certificates`, `/mcapi/…`) and without a fallback for others. It works under `axum::serve` alone. What has
//! nothing to do with its subject it need not do: request ids ([`RequestId`] in the extensions), caps for heads and
//! bodies, time limits, the number of requests at once, compression, panics, 0-RTT. It finds the address of the caller
//! in [`ConnectInfo`](axum::extract::ConnectInfo)`<SocketAddr>`, and limits its own callers by [`limits`].
//!
//! ```text
//! HttpListener  HTTP/1.1 and HTTP/2, plain or TLS ┐
//!                                                  ├─ Site ── mounts ── families, admin
//! Http3         HTTP/3, on the QUIC port          ┘   │
//!                                                    Edge: what all sites share
//! ```
//!
//! A [`Site`] is what one address serves: routers of families, put together by [`mount()`], behind the one
//! [`Edge`] with its limits and numbers. Whatever came over whichever version of HTTP goes through [`Site::answer`],
//! so the same request has the same answer everywhere.

mod activity;
mod body;
mod edge;
mod listener;
mod mount;
mod numbers;
mod rejection;
mod request_id;
mod settings;
mod site;
mod stream;

#[cfg(feature = "http3")]
mod http3;

pub mod asteria;
pub mod cipher;
pub mod digicert;
pub mod limits;
pub mod pocketsign;

pub use edge::Edge;
#[cfg(feature = "http3")]
pub use http3::Http3;
pub use listener::{HttpListener, ListenError, Transport};
pub use mount::{Mount, Overlap, Prefix, PrefixError, mount};
pub use numbers::HttpNumbers;
pub use request_id::{REQUEST_ID, RequestId};
pub use settings::{Cors, EdgeSettings};
pub use site::{Caller, Site};
