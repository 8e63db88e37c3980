//! How a client reaches its server.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::error::ClientError;

/// How a client knows its server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerTrust {
    /// Its certificate has a path to one of these (DER), and is for the name in the settings.
    Roots(Vec<CertificateDer<'static>>),
    /// Its certificate has this SHA-256; name, dates and issuer do not matter.
    Fingerprint([u8; 32]),
}

impl ServerTrust {
    /// By a path to one of these certificates (DER).
    #[must_use]
    pub fn roots(certificates: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self::Roots(certificates.into_iter().map(CertificateDer::from).collect())
    }
}

/// A certificate that the client shows.
pub struct ClientIdentity {
    /// Its certificates (DER), its own first.
    pub chain: Vec<CertificateDer<'static>>,
    /// Its private key.
    pub key: PrivateKeyDer<'static>,
}

impl ClientIdentity {
    /// Reads PEM: certificates, the client's own first, and a private key (PKCS#8, PKCS#1 or SEC1). Either may hold other
    /// things, too, so that both may be one file.
    ///
    /// # Errors
    /// [`ClientError::Setup`]. Whether they belong together shows when a client is made of them.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, ClientError> {
        let unusable = |what: &str, reason: &dyn fmt::Display| ClientError::Setup {
            reason: format!("the client's {what}: {reason}"),
        };
        let chain = CertificateDer::pem_slice_iter(certificates)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| unusable("certificates", &error))?;
        if chain.is_empty() {
            return Err(unusable("certificates", &"there is none in this file"));
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| unusable("private key", &error))?;
        Ok(Self { chain, key })
    }
}

impl Clone for ClientIdentity {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientIdentity({} certificates)", self.chain.len())
    }
}

/// Times and limits of a client.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// The server's name, checked with [`ServerTrust::Roots`]. `None` for its address. Default `None`.
    pub server_name: Option<String>,
    /// The certificate to show. Default none.
    pub identity: Option<ClientIdentity>,
    /// Connections that are kept, and used in turn. One is enough for a million questions a second; more use more
    /// cores. Default 1.
    pub connections: usize,
    /// For an answer, with everything that is needed for it. Default 5 seconds.
    pub deadline: Duration,
    /// For a connection. Default 3 seconds.
    pub connect_timeout: Duration,
    /// For the answer to a datagram; after it the question goes over a stream. Default 200 milliseconds.
    pub datagram_deadline: Duration,
    /// How often a question is asked again after its connection was lost. Default 2.
    pub retries: u32,
    /// Something is sent when a connection was silent for so long, which keeps it open. `None` lets idle connections
    /// end, and makes them again. Default `None`.
    pub keep_alive: Option<Duration>,
    /// Whether questions are sent as 0-RTT data when a session is resumed. They arrive a round trip earlier; whoever
    /// sees them may send them to the server again, and can tell that the same client is back. Default true.
    pub early_data: bool,
    /// The address to send from; `None` for any. Default `None`.
    pub bind: Option<SocketAddr>,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            server_name: None,
            identity: None,
            connections: 1,
            deadline: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(3),
            datagram_deadline: Duration::from_millis(200),
            retries: 2,
            keep_alive: None,
            early_data: true,
            bind: None,
        }
    }
}
