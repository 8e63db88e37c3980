//! Authorities as callers name them, kept over generations.

use std::fmt;
use std::sync::{Arc, Weak};

use arc_swap::ArcSwapOption;

use super::serving::Serving;
use crate::index::{AuthorityId, Index};
use crate::pki::Certificate;
use crate::policy::resolve_issuer;
use crate::types::{CertIdHash, NameKey};

/// How an authority can be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorityName {
    /// By a certificate of it.
    Certificate(Certificate),
    /// By the hashes of its name and key (RFC 6960 section 4.1.1).
    CertId(CertIdHash),
    /// By its name and the SHA-256 of its SubjectPublicKeyInfo.
    NameAndKey {
        /// The name.
        name: NameKey,
        /// SHA-256 of the key.
        spki_sha256: [u8; 32],
    },
}

/// A named authority, looked up once in each generation that it is asked about in. Cloning is cheap.
///
/// It may be unknown to the generation in force; questions are then `unknown` until one has it.
#[derive(Clone)]
pub struct NamedAuthority(Arc<Named>);

struct Named {
    name: AuthorityName,
    found: ArcSwapOption<Found>,
}

/// Which authority it is in one generation.
struct Found {
    /// Of that generation. It keeps no generation alive: whoever named an authority may stay, idle, for days.
    serving: Weak<Serving>,
    /// `None` if the generation does not have the authority.
    authority: Option<AuthorityId>,
}

impl AuthorityName {
    /// The authority in an index; `None` if it does not have it.
    #[must_use]
    pub fn resolve<B: AsRef<[u8]>>(&self, index: &Index<B>) -> Option<AuthorityId> {
        match self {
            Self::Certificate(certificate) => resolve_issuer(index, certificate),
            Self::CertId(hashes) => index.authority_by_cert_id(hashes),
            Self::NameAndKey { name, spki_sha256 } => index
                .authorities_with_key(spki_sha256)
                .find(|authority| authority.name_octets() == name.octets())
                .map(|authority| authority.id()),
        }
    }
}

impl NamedAuthority {
    pub(super) fn new(name: AuthorityName) -> Self {
        Self(Arc::new(Named { name, found: ArcSwapOption::empty() }))
    }

    /// How it was named.
    #[must_use]
    pub fn name(&self) -> &AuthorityName {
        &self.0.name
    }

    /// The authority as `serving` has it.
    #[inline]
    pub(super) fn within(&self, serving: &Arc<Serving>) -> Option<AuthorityId> {
        match &*self.0.found.load() {
            // Weak references keep the address from being given to another.
            Some(found) if Weak::as_ptr(&found.serving) == Arc::as_ptr(serving) => found.authority,
            _ => self.look_up(serving),
        }
    }

    #[cold]
    fn look_up(&self, serving: &Arc<Serving>) -> Option<AuthorityId> {
        let authority = self.0.name.resolve(&serving.index);
        self.0.found.store(Some(Arc::new(Found { serving: Arc::downgrade(serving), authority })));
        authority
    }
}

impl PartialEq for NamedAuthority {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.name == other.0.name
    }
}

impl fmt::Debug for NamedAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NamedAuthority").field(&self.0.name).finish()
    }
}
