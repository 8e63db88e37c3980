//! The HTTP edge: what every API family has in front of it, and the families themselves.
//!
//! A family is a `router(state) -> axum::Router` in a folder of its own, with the paths its clients know
//! (`/certificates`, `/mcapi/…`). It works under `axum::serve` alone. What has nothing to do with its subject it need
//! not do: request ids ([`RequestId`] in the extensions), caps for heads and bodies, time limits, the number of
//! requests at once, compression, panics, 0-RTT. It finds the address of the caller in
//! [`ConnectInfo`](axum::extract::ConnectInfo)`<SocketAddr>`, and limits its own callers by [`limits`].

pub mod cipher;
pub mod limits;
mod request_id;

pub use request_id::{REQUEST_ID, RequestId};
