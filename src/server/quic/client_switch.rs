//! Which clients are let in, to be changed while the server runs.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, RootCertStore, SignatureScheme};

use super::answerer::Refusal;
use super::peer::PeerJudge;
use crate::server::tls::TlsError;
use crate::wire::ErrorCode;

/// Whether clients show certificates, as long as it stays so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClientDemand {
    /// They are not asked to.
    #[default]
    None,
    /// They may; those who do must be acceptable. Where nobody is trusted, none is.
    Optional,
    /// They must. Where nobody is trusted, nobody gets in.
    Required,
}

/// The roots that certificates of clients must lead to, for handshakes from now on. Connections that are there stay.
///
/// A session that a client resumes was made under the roots of its time: so every connection is judged by those of now
/// once more, which [`PeerJudge`] is for.
pub struct ClientSwitch {
    state: ArcSwap<State>,
    judge: Arc<dyn PeerJudge>,
    provider: Arc<CryptoProvider>,
}

struct State {
    demand: ClientDemand,
    /// `None` where nobody is trusted.
    verifier: Option<Arc<dyn ClientCertVerifier>>,
}

impl ClientSwitch {
    /// Begins with these roots; `judge` has the last word about clients whose certificates lead to one.
    ///
    /// # Errors
    /// [`TlsError::ClientRoots`].
    pub fn new(
        demand: ClientDemand,
        roots: &[CertificateDer<'static>],
        judge: Arc<dyn PeerJudge>,
    ) -> Result<Self, TlsError> {
        let provider = Arc::new(default_provider());
        let state = State::new(demand, roots, &provider)?;
        Ok(Self { state: ArcSwap::from_pointee(state), judge, provider })
    }

    /// Demands something else from now on.
    ///
    /// # Errors
    /// [`TlsError::ClientRoots`]; everything stays as it was.
    pub fn replace(&self, demand: ClientDemand, roots: &[CertificateDer<'static>]) -> Result<(), TlsError> {
        self.state.store(Arc::new(State::new(demand, roots, &self.provider)?));
        Ok(())
    }

    /// Whether clients are asked for certificates at the moment.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.state.load().demand != ClientDemand::None
    }
}

impl State {
    fn new(
        demand: ClientDemand,
        roots: &[CertificateDer<'static>],
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, TlsError> {
        let unusable = |reason: String| TlsError::ClientRoots { reason };
        if roots.is_empty() || demand == ClientDemand::None {
            return Ok(Self { demand, verifier: None });
        }
        let mut store = RootCertStore::empty();
        for root in roots {
            store.add(root.clone()).map_err(|error| unusable(error.to_string()))?;
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider))
            .build()
            .map_err(|error| unusable(error.to_string()))?;
        Ok(Self { demand, verifier: Some(verifier) })
    }

    fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        match &self.verifier {
            Some(verifier) => verifier.verify_client_cert(end_entity, intermediates, now),
            None => Err(rustls::CertificateError::UnknownIssuer.into()),
        }
    }
}

impl PeerJudge for ClientSwitch {
    fn judge(&self, chain: &[&[u8]]) -> Result<(), Refusal> {
        let state = self.state.load();
        let Some((own, above)) = chain.split_first() else {
            return match state.demand {
                ClientDemand::Required => Err(refused("a certificate is demanded")),
                ClientDemand::Optional | ClientDemand::None => Ok(()),
            };
        };
        if state.demand == ClientDemand::None {
            return Ok(());
        }
        let above: Vec<CertificateDer<'_>> =
            above.iter().map(|certificate| CertificateDer::from(*certificate)).collect();
        state
            .verify(&CertificateDer::from(*own), &above, UnixTime::now())
            .map_err(|_| refused("the client's certificate leads to no trusted authority"))?;
        self.judge.judge(chain)
    }
}

fn refused(text: &'static str) -> Refusal {
    Refusal::new(ErrorCode::Forbidden, text)
}

impl ClientCertVerifier for ClientSwitch {
    fn offer_client_auth(&self) -> bool {
        self.asks()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.state.load().demand == ClientDemand::Required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // What is borrowed could not be replaced. Clients then show the certificate they have, as most do anyway.
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.state.load().verify(end_entity, intermediates, now)
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

impl fmt::Debug for ClientSwitch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSwitch").field("demand", &self.state.load().demand).finish_non_exhaustive()
    }
}
