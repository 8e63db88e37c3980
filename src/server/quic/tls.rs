//! TLS 1.3 for the server.

use std::sync::Arc;

use quinn::crypto::rustls::QuicServerConfig;
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::server::{ResolvesServerCert, ServerSessionMemoryCache, WebPkiClientVerifier};

use super::error::QuicError;
use super::identity::IdentitySwitch;
use super::peer::{ClientAuthentication, ClientRoots};
use super::settings::{EarlyData, QuicSettings};
use crate::wire::ALPN;

/// The configuration of all connections.
///
/// Sessions are kept by the server and each is resumed once, so that a replayed first flight finds no session and
/// its 0-RTT data is not even decrypted. Only copies that reach several servers, or a server before the original, are
/// left to the rules of the protocol.
pub(super) fn config(
    settings: &QuicSettings,
    identity: &Arc<IdentitySwitch>,
    clients: &ClientAuthentication,
) -> Result<QuicServerConfig, QuicError> {
    let provider = Arc::new(default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])?;
    let verifier = |roots: &ClientRoots| {
        let mut store = RootCertStore::empty();
        for root in &roots.roots {
            store.add(root.clone())?;
        }
        Ok::<_, QuicError>(WebPkiClientVerifier::builder_with_provider(
            Arc::new(store),
            Arc::clone(&provider),
        ))
    };
    let unusable =
        |error: rustls::server::VerifierBuilderError| QuicError::ClientRoots { reason: error.to_string() };
    let builder = match clients {
        ClientAuthentication::None => builder.with_no_client_auth(),
        ClientAuthentication::Optional(roots) => builder
            .with_client_cert_verifier(verifier(roots)?.allow_unauthenticated().build().map_err(unusable)?),
        ClientAuthentication::Required(roots) => {
            builder.with_client_cert_verifier(verifier(roots)?.build().map_err(unusable)?)
        }
    };
    let resolver: Arc<dyn ResolvesServerCert> = Arc::<IdentitySwitch>::clone(identity);
    let mut tls = builder.with_cert_resolver(resolver);
    tls.alpn_protocols = vec![ALPN.to_vec()];
    tls.session_storage = ServerSessionMemoryCache::new(settings.max_sessions);
    // QUIC knows only these two values (RFC 9001 section 4.6.1).
    tls.max_early_data_size = match settings.early_data {
        EarlyData::Refuse => 0,
        EarlyData::Questions => u32::MAX,
    };
    // The suites of the provider include the one that initial packets are protected with.
    QuicServerConfig::try_from(tls).map_err(|error| rustls::Error::General(error.to_string()).into())
}
