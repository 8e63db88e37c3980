//! What the TLS of every listener has in common: the identity that can be replaced, and clients that show certificates.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::server::{
    ResolvesServerCert, ServerSessionMemoryCache, VerifierBuilderError, WebPkiClientVerifier,
};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

use super::quic::{ClientAuthentication, ClientRoots, ClientSwitch, IdentitySwitch};

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The settings contradict each other.
    #[error("cannot set up TLS: {0}")]
    Setup(#[from] rustls::Error),
    /// The roots for client certificates are of no use.
    #[error("the roots for client certificates cannot be used: {reason}")]
    ClientRoots {
        /// What is wrong with them.
        reason: String,
    },
}

/// TLS of these versions that presents what `identity` holds at each handshake, and remembers so many sessions.
pub(super) fn config(
    versions: &[&'static SupportedProtocolVersion],
    identity: &Arc<IdentitySwitch>,
    clients: &ClientAuthentication,
    sessions: usize,
) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(default_provider());
    let builder =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(versions)?;
    let verifier = |roots: &ClientRoots| {
        let mut store = RootCertStore::empty();
        for root in &roots.roots {
            store.add(root.clone())?;
        }
        Ok::<_, TlsError>(WebPkiClientVerifier::builder_with_provider(Arc::new(store), Arc::clone(&provider)))
    };
    let unusable = |error: VerifierBuilderError| TlsError::ClientRoots { reason: error.to_string() };
    let builder = match clients {
        ClientAuthentication::None => builder.with_no_client_auth(),
        ClientAuthentication::Optional(roots) => builder
            .with_client_cert_verifier(verifier(roots)?.allow_unauthenticated().build().map_err(unusable)?),
        ClientAuthentication::Required(roots) => {
            builder.with_client_cert_verifier(verifier(roots)?.build().map_err(unusable)?)
        }
        ClientAuthentication::Switched(switch) => {
            builder.with_client_cert_verifier(Arc::<ClientSwitch>::clone(switch))
        }
    };
    let resolver: Arc<dyn ResolvesServerCert> = Arc::<IdentitySwitch>::clone(identity);
    let mut tls = builder.with_cert_resolver(resolver);
    tls.session_storage = ServerSessionMemoryCache::new(sessions);
    Ok(tls)
}
