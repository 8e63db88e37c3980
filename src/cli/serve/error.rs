//! Why the daemon cannot run.

use std::io;
use std::path::PathBuf;

use super::super::exit::Exit;
use crate::fetch::dns::DnsSetupError;
use crate::fetch::http::HttpSetupError;
use crate::keystore::KeyStoreError;
use crate::mock::MockError;
use crate::server::TlsError;
use crate::server::admin::TokenError;
use crate::server::http::{ListenError, Overlap};
use crate::server::quic::{IdentityError, QuicError};

/// Why the daemon cannot run.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum ServeError {
    #[error("another server runs on {}; two cannot share a data folder", .0.display())]
    AlreadyRunning(PathBuf),
    #[error("cannot {action} {}: {source}", .path.display())]
    Data { action: &'static str, path: PathBuf, source: io::Error },
    #[error("{0}")]
    Listen(#[source] ListenError),
    #[error("{0}")]
    Tls(#[source] TlsError),
    #[error("{0}")]
    Overlap(#[from] Overlap),
    #[error("{0}")]
    Token(#[from] TokenError),
    #[error("{0}")]
    Network(#[from] HttpSetupError),
    #[error("{0}")]
    Dns(#[source] DnsSetupError),
    #[error("{0}")]
    Quic(#[source] QuicError),
    #[error("{0}")]
    Identity(#[source] IdentityError),
    #[error("[quic] has one of tls_certificate and tls_key; it needs both, or none for a self-signed one")]
    HalfIdentity,
    #[error("the key store cannot be used: {0}")]
    KeyStore(#[source] KeyStoreError),
    #[error("what the key store holds cannot be put into effect: {0}")]
    KeysInEffect(String),
    #[error("{0}")]
    Mock(#[source] MockError),
    #[error("cannot start: {0}")]
    Runtime(io::Error),
    #[error("logs cannot be set up: {0}")]
    Logging(String),
    #[error("no server runs on {}; start one with `revocache serve --data {}`", .0.display(), .0.display())]
    NotRunning(PathBuf),
    #[error("the server at {address} cannot be asked: {reason}")]
    Unreachable { address: String, reason: String },
    #[error("the server at {address} refused: {reason}")]
    Refused { address: String, reason: String },
}

impl ServeError {
    pub(super) fn data(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Data { action, path, source }
    }

    pub(in crate::cli) fn exit(&self) -> Exit {
        match self {
            Self::AlreadyRunning(_)
            | Self::Listen(_)
            | Self::NotRunning(_)
            | Self::Unreachable { .. }
            | Self::Refused { .. } => Exit::Unavailable,
            Self::Quic(QuicError::Listen { .. }) => Exit::Unavailable,
            Self::Token(TokenError::TooShort { .. })
            | Self::Network(_)
            | Self::Tls(_)
            | Self::Overlap(_)
            | Self::Quic(_)
            | Self::Identity(_)
            | Self::HalfIdentity
            | Self::KeyStore(KeyStoreError::Damaged { .. } | KeyStoreError::OtherSeal { .. }) => Exit::Data,
            _ => Exit::Io,
        }
    }
}
