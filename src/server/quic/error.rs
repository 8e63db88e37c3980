//! Why a QUIC server cannot start.

use std::io;
use std::net::SocketAddr;

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
    /// The TLS settings contradict each other.
    #[error("cannot set up TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// The roots for client certificates are of no use.
    #[error("the roots for client certificates cannot be used: {reason}")]
    ClientRoots {
        /// What is wrong with them.
        reason: String,
    },
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
