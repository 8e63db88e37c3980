//! What is asked, of whom.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::{Arc, LazyLock};

use super::settings::CertIdFunction;
use crate::pki::{Certificate, sha256};
use crate::types::{CertId, CertIdHash, Serial};

/// The most responders that are tried for one question.
const MAX_RESPONDERS: usize = 8;
/// The most octets of a responder's URL; longer ones are left out, as no client would fetch them.
const MAX_URL: usize = 2048;

/// An issuer, with its hashes made once. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Issuer(Arc<IssuerParts>);

#[derive(Debug)]
struct IssuerParts {
    certificate: Certificate,
    sha1: CertIdHash,
    sha256: CertIdHash,
}

/// The URLs of the responders to ask, in order. Cloning is cheap.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ResponderUrls(Arc<[Arc<str>]>);

/// A question about one certificate.
#[derive(Debug, Clone)]
pub struct LiveQuestion {
    issuer: Issuer,
    id: HashedId,
    urls: ResponderUrls,
}

/// A certificate as the cache knows it, hashed once. With SHA-256, whatever is sent: SHA-1 is not to be trusted with
/// telling answers apart.
#[derive(Debug, Clone)]
pub(super) struct HashedId {
    hash: u64,
    id: CertId,
}

/// What makes two questions the same to whoever waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct QuestionKey([u8; 32]);

impl Issuer {
    /// The issuer of the certificates to ask about. That it is trusted is the caller's business.
    #[must_use]
    pub fn new(certificate: Certificate) -> Self {
        let (sha1, sha256) = (CertIdHash::sha1(&certificate), CertIdHash::sha256(&certificate));
        Self(Arc::new(IssuerParts { certificate, sha1, sha256 }))
    }

    /// Its certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.0.certificate
    }
}

impl ResponderUrls {
    /// These URLs, the first to be tried first: those configured for the authority, then those of the certificate.
    ///
    /// Repeated ones, those longer than 2048 octets and those beyond the eighth are left out.
    #[must_use]
    pub fn new<U: AsRef<str>>(urls: impl IntoIterator<Item = U>) -> Self {
        let mut kept: Vec<Arc<str>> = Vec::new();
        for url in urls {
            let url = url.as_ref();
            if url.len() <= MAX_URL && !kept.iter().any(|known| **known == *url) {
                kept.push(url.into());
            }
            if kept.len() == MAX_RESPONDERS {
                break;
            }
        }
        Self(kept.into())
    }

    /// The URLs.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.0.iter()
    }

    /// Whether there is nobody to ask.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl HashedId {
    pub(super) fn new(id: CertId) -> Self {
        /// Random, so that nobody can choose serials that meet in one place.
        static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        Self { hash: SEED.hash_one(&id), id }
    }

    pub(super) fn id(&self) -> &CertId {
        &self.id
    }

    pub(super) fn hash(&self) -> u64 {
        self.hash
    }
}

impl PartialEq for HashedId {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.id == other.id
    }
}

impl Eq for HashedId {}

impl Hash for HashedId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl LiveQuestion {
    /// The certificate of this issuer with this serial, to be asked at these responders.
    #[must_use]
    pub fn new(issuer: &Issuer, serial: Serial, urls: &ResponderUrls) -> Self {
        let id = HashedId::new(CertId { issuer: issuer.0.sha256, serial });
        Self { issuer: issuer.clone(), id, urls: urls.clone() }
    }

    /// The question about a certificate in the cache, whose issuer is known to be this one.
    pub(super) fn again(id: &HashedId, issuer: &Issuer, urls: &ResponderUrls) -> Self {
        Self { issuer: issuer.clone(), id: id.clone(), urls: urls.clone() }
    }

    /// Who issued the certificate.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The serial of the certificate.
    #[must_use]
    pub fn serial(&self) -> &Serial {
        &self.id.id.serial
    }

    /// Whom to ask.
    #[must_use]
    pub fn urls(&self) -> &ResponderUrls {
        &self.urls
    }

    /// What the cache calls it.
    pub(super) fn id(&self) -> &HashedId {
        &self.id
    }

    /// What the responder is told.
    pub(super) fn wire_id(&self, function: CertIdFunction) -> CertId {
        let issuer = match function {
            CertIdFunction::Sha1 => self.issuer.0.sha1,
            CertIdFunction::Sha256 => self.issuer.0.sha256,
        };
        CertId { issuer, serial: self.serial().clone() }
    }

    /// The certificate *and* the responders: somebody who makes a certificate up may name responders of his choice,
    /// and must not have others wait for those or be told of their failure.
    pub(super) fn key(&self) -> QuestionKey {
        let mut text = self.id.id.der();
        for url in self.urls.iter() {
            text.push(0);
            text.extend_from_slice(url.as_bytes());
        }
        QuestionKey(sha256(&text))
    }
}
