//! What TLS presents.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::{KeyError, PrivateKey};
use crate::pki::Certificate;

/// A private key with its chain, found fit for TLS.
#[derive(Clone)]
pub struct LiveIdentity {
    key: Arc<CertifiedKey>,
    chain: Arc<[Certificate]>,
}

impl LiveIdentity {
    /// Takes a key and its certificates, its own first.
    ///
    /// # Errors
    /// [`KeyError::Unusable`] for a kind or size of key that TLS here has no use for, a certificate of another key, and no
    /// certificate at all.
    pub fn new(key: &PrivateKey, chain: Vec<Certificate>) -> Result<Self, KeyError> {
        let unusable = |reason: String| KeyError::Unusable { reason };
        let own = chain.first().ok_or_else(|| unusable("there is no certificate for it".to_owned()))?;
        let der = PrivateKeyDer::Pkcs8(key.pkcs8().to_vec().into());
        let key = default_provider()
            .key_provider
            .load_private_key(der)
            .map_err(|error| unusable(error.to_string()))?;
        // Compared here, because webpki reads no certificates of version 1, which can be presented all the same.
        if key.public_key().is_none_or(|public| public.as_ref() != own.public_key().spki()) {
            return Err(unusable("its certificate is for another key".to_owned()));
        }
        let certificates =
            chain.iter().map(|certificate| CertificateDer::from(certificate.der().to_vec())).collect();
        Ok(Self { key: Arc::new(CertifiedKey::new(certificates, key)), chain: chain.into() })
    }

    /// For TLS.
    #[must_use]
    pub fn certified_key(&self) -> &Arc<CertifiedKey> {
        &self.key
    }

    /// The certificates, its own first; never empty.
    #[must_use]
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }
}

impl fmt::Debug for LiveIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LiveIdentity").field(&self.chain.first()).finish()
    }
}
