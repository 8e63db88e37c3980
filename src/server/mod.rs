//! The edges: how others reach what this process knows.

mod answers;
mod numbers;
mod tls;

pub mod admin;
pub mod http;
pub mod quic;

pub use answers::{Answers, RevokedClients};
pub use numbers::{LiveNumbers, QuicNumbers};
pub use tls::TlsError;
