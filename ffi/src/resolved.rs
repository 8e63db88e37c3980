//! One issuer in one generation: found once, asked often.

use revocache::index::{AuthorityId, IndexError};
use revocache::pki::Certificate;
use revocache::policy::{Policy, check_serial, resolve_issuer};
use revocache::publish::Snapshot;
use revocache::types::{CertIdHash, SerialRef, UnixTime, Verdict};

/// What an issuer is known by, whatever generation is asked.
#[derive(Debug)]
pub(crate) enum IssuerKey {
    /// Its certificate: the name and the key.
    Certificate(Certificate),
    /// The hashes of an OCSP CertID (RFC 6960 section 4.1.1).
    CertId(CertIdHash),
}

/// An issuer in one generation.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// `None` if this generation does not have it; another may.
    authority: Option<AuthorityId>,
    snapshot: Snapshot,
}

impl Resolved {
    /// Looks the issuer up.
    pub(crate) fn new(snapshot: Snapshot, key: &IssuerKey) -> Self {
        let authority = match key {
            IssuerKey::Certificate(certificate) => resolve_issuer(&*snapshot, certificate),
            IssuerKey::CertId(hashes) => snapshot.authority_by_cert_id(hashes),
        };
        Self { authority, snapshot }
    }

    /// The authority in this generation.
    pub(crate) fn authority(&self) -> Option<AuthorityId> {
        self.authority
    }

    /// Is the certificate of this serial revoked?
    #[inline(always)]
    pub(crate) fn check_serial(
        &self,
        serial: SerialRef<'_>,
        at: UnixTime,
        policy: &Policy,
    ) -> Result<Verdict, IndexError> {
        check_serial(&*self.snapshot, self.authority, serial, at, policy)
    }

    /// The same for many: calls back with the position and the answer of each, in any order.
    pub(crate) fn check_serials(
        &self,
        serials: &[SerialRef<'_>],
        at: UnixTime,
        policy: &Policy,
        mut answer: impl FnMut(usize, Result<Verdict, IndexError>),
    ) {
        for (position, serial) in serials.iter().enumerate() {
            answer(position, self.check_serial(*serial, at, policy));
        }
    }
}
