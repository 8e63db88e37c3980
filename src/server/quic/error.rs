//! Why a QUIC server cannot start.

use std::io;
use std::net::SocketAddr;

use crate::server::tls::TlsError;

/// Why a QUIC server cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QuicError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address} (UDP): {source}; is another server running there?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// TLS cannot be set up.
    #[error("{0}")]
    Tls(#[from] TlsError),
    /// A setting out of its range.
    #[error("{value} is out of range for {setting} ({range})")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// What it was set to.
        value: u64,
        /// What it may be.
        range: &'static str,
    },
}
