//! What is presented to servers and whom to trust among them, to be changed while connections are made.

use std::fmt;
use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption, WantsClientCert, WebPkiServerVerifier};
use rustls::crypto::{
    CryptoProvider, aws_lc_rs::default_provider, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{
    ClientConfig, ConfigBuilder, DigitallySignedStruct, RootCertStore, SignatureScheme, WantsVerifier,
};

/// A client certificate, and roots beside those of the system and the configuration. Handshakes from now on use what was
/// set last; connections that are there stay.
pub struct OutboundSwitch {
    identity: ArcSwapOption<CertifiedKey>,
    roots: ArcSwap<Roots>,
}

/// Roots, and the count of their changes.
struct Roots {
    roots: Vec<CertificateDer<'static>>,
    change: u64,
}

impl OutboundSwitch {
    /// Begins with no certificate and no further roots.
    #[must_use]
    pub fn new() -> Self {
        let roots = Roots { roots: Vec::new(), change: 0 };
        Self { identity: ArcSwapOption::empty(), roots: ArcSwap::from_pointee(roots) }
    }

    /// Presents this from now on, or nothing.
    pub fn set_identity(&self, identity: Option<Arc<CertifiedKey>>) {
        self.identity.store(identity);
    }

    /// Trusts these from now on, beside those of the system and the configuration.
    pub fn set_roots(&self, roots: &[CertificateDer<'static>]) {
        self.roots.rcu(|before| Roots { roots: roots.to_vec(), change: before.change.wrapping_add(1) });
    }

    /// The configuration of a client that follows the switch. `base` are the roots that stay.
    pub(super) fn config(
        self: &Arc<Self>,
        builder: ConfigBuilder<ClientConfig, WantsVerifier>,
        base: RootCertStore,
    ) -> ClientConfig {
        let provider = Arc::new(default_provider());
        let verifier = Verifier {
            switch: Arc::clone(self),
            base: Arc::new(base),
            provider,
            current: ArcSwap::from_pointee(Current { change: None, verifier: None }),
        };
        let builder: ConfigBuilder<ClientConfig, WantsClientCert> =
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
        let resolver: Arc<dyn ResolvesClientCert> = Arc::<Self>::clone(self);
        let mut config = builder.with_client_cert_resolver(resolver);
        // A resumed session was verified under the roots of its time, and presents the identity of its time.
        config.resumption = Resumption::disabled();
        config
    }
}

impl Default for OutboundSwitch {
    fn default() -> Self {
        Self::new()
    }
}

impl ResolvesClientCert for OutboundSwitch {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.identity.load_full()
    }

    fn has_certs(&self) -> bool {
        self.identity.load().is_some()
    }
}

impl fmt::Debug for OutboundSwitch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundSwitch").field("has_identity", &self.has_certs()).finish_non_exhaustive()
    }
}

/// Verifies servers as webpki does, by the roots of the moment.
struct Verifier {
    switch: Arc<OutboundSwitch>,
    base: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
    current: ArcSwap<Current>,
}

/// The verifier that was made last.
struct Current {
    /// For which change of the roots.
    change: Option<u64>,
    /// `None` where there is no root at all.
    verifier: Option<Arc<WebPkiServerVerifier>>,
}

impl Verifier {
    fn verifier(&self) -> Option<Arc<WebPkiServerVerifier>> {
        let roots = self.switch.roots.load();
        let current = self.current.load();
        if current.change == Some(roots.change) {
            return current.verifier.clone();
        }
        let mut store = RootCertStore::clone(&self.base);
        // Those that cannot be used were refused when they were set.
        store.add_parsable_certificates(roots.roots.iter().cloned());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(&self.provider)).build();
        let verifier = verifier.ok();
        self.current.store(Arc::new(Current { change: Some(roots.change), verifier: verifier.clone() }));
        verifier
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.verifier() {
            Some(verifier) => {
                verifier.verify_server_cert(end_entity, intermediates, name, ocsp_response, now)
            }
            None => Err(rustls::CertificateError::UnknownIssuer.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}
