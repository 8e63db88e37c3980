//! One issuer in one generation: found once, asked often.

use std::sync::Arc;

use revocache::index::{AuthorityId, IndexError};
use revocache::pki::Certificate;
use revocache::policy::{Policy, check_serial, resolve_issuer};
use revocache::publish::Snapshot;
use revocache::types::{CertIdHash, SerialRef, UnixTime, Verdict};

use crate::policy::Stated;
use crate::prepared::Prepared;

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
    /// For the policies that were asked under; none if this generation does not have the issuer.
    prepared: Vec<Prepared>,
    key: Arc<IssuerKey>,
    authority: Option<AuthorityId>,
    snapshot: Snapshot,
}

impl Resolved {
    /// Looks the issuer up, and prepares for these policies.
    pub(crate) fn new(snapshot: &Snapshot, key: Arc<IssuerKey>, policies: &[Policy]) -> Self {
        let authority = match &*key {
            IssuerKey::Certificate(certificate) => resolve_issuer(&**snapshot, certificate),
            IssuerKey::CertId(hashes) => snapshot.authority_by_cert_id(hashes),
        };
        let prepare =
            |authority| policies.iter().map(move |policy| Prepared::new(snapshot, authority, *policy));
        let prepared = authority.into_iter().flat_map(prepare).collect();
        Self { prepared, key, authority, snapshot: Snapshot::clone(snapshot) }
    }

    /// The same issuer in another generation, or for other policies.
    pub(crate) fn again(&self, snapshot: &Snapshot, policies: &[Policy]) -> Self {
        Self::new(snapshot, Arc::clone(&self.key), policies)
    }

    /// The authority in this generation.
    pub(crate) fn authority(&self) -> Option<AuthorityId> {
        self.authority
    }

    /// What was prepared for this policy.
    #[inline(always)]
    pub(crate) fn prepared(&self, policy: &Policy) -> Option<&Prepared> {
        self.prepared.iter().find(|prepared| prepared.is_for(policy))
    }

    /// The same for a policy as it is stated.
    #[inline(always)]
    pub(crate) fn prepared_as_stated(&self, policy: Stated) -> Option<&Prepared> {
        self.prepared.iter().find(|prepared| prepared.is_stated(policy))
    }

    /// Is the certificate of this serial revoked? For any policy, and for an issuer that is not there.
    #[cold]
    pub(crate) fn check_at_length(
        &self,
        serial: SerialRef<'_>,
        at: UnixTime,
        policy: &Policy,
    ) -> Result<Verdict, IndexError> {
        match self.prepared(policy) {
            Some(prepared) => prepared.check_serial(serial, at),
            None => check_serial(&*self.snapshot, self.authority, serial, at, policy),
        }
    }
}
