//! One issuer in one generation: found once, asked often.

use revocache::index::{AuthorityId, IndexError};
use revocache::pki::Certificate;
use revocache::policy::{AuthorityView, Policy, check_serial, resolve_issuer};
use revocache::publish::Snapshot;
use revocache::types::{CertIdHash, SerialRef, UnixTime, Verdict};

/// Lists of an authority up to which every period between two of their dates is judged beforehand.
const JUDGED_BEFOREHAND: usize = 64;

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
    /// One for each policy that was asked under before; none if this generation does not have the issuer.
    views: Vec<AuthorityView<Snapshot>>,
    authority: Option<AuthorityId>,
    snapshot: Snapshot,
}

impl Resolved {
    /// Looks the issuer up, and prepares for these policies.
    pub(crate) fn new(snapshot: Snapshot, key: &IssuerKey, policies: &[Policy]) -> Self {
        let authority = match key {
            IssuerKey::Certificate(certificate) => resolve_issuer(&*snapshot, certificate),
            IssuerKey::CertId(hashes) => snapshot.authority_by_cert_id(hashes),
        };
        let views = authority.map_or_else(Vec::new, |authority| {
            policies.iter().map(|policy| prepare(&snapshot, authority, *policy)).collect()
        });
        Self { views, authority, snapshot }
    }

    /// The authority in this generation.
    pub(crate) fn authority(&self) -> Option<AuthorityId> {
        self.authority
    }

    /// Are the certificates of these serials revoked? Calls back with the position and the answer of each, in any order.
    #[inline(always)]
    pub(crate) fn check_serials(
        &self,
        serials: &[SerialRef<'_>],
        at: UnixTime,
        policy: &Policy,
        mut answer: impl FnMut(usize, Result<&Verdict, IndexError>),
    ) {
        match self.view(policy) {
            Some(view) => view.check_serials(serials, at, answer),
            None => {
                for (position, serial) in serials.iter().enumerate() {
                    let verdict = self.check_at_length(*serial, at, policy);
                    answer(position, verdict.as_ref().map_err(Clone::clone));
                }
            }
        }
    }

    /// What was prepared for this policy.
    #[inline(always)]
    pub(crate) fn view(&self, policy: &Policy) -> Option<&AuthorityView<Snapshot>> {
        self.views.iter().find(|view| view.policy() == *policy)
    }

    /// Is the certificate of this serial revoked? For any policy, and for an issuer that is not there.
    #[cold]
    pub(crate) fn check_at_length(
        &self,
        serial: SerialRef<'_>,
        at: UnixTime,
        policy: &Policy,
    ) -> Result<Verdict, IndexError> {
        check_serial(&*self.snapshot, self.authority, serial, at, policy)
    }
}

/// A view that has judged every period already. It would judge each when it is first asked about it, and other threads
/// would wait for that; a child forked in that moment would wait for ever.
fn prepare(snapshot: &Snapshot, authority: AuthorityId, policy: Policy) -> AuthorityView<Snapshot> {
    let view = AuthorityView::new(snapshot.clone(), authority, policy);
    // Asking nothing judges the period of the time.
    let judge = |at| view.check_serials(&[], at, |_, _| {});
    judge(UnixTime::now());
    judge(UnixTime::from_seconds(i64::MIN));
    for (_, crl) in snapshot.crls_of(authority).take(JUDGED_BEFOREHAND) {
        judge(crl.this_update);
        judge(policy.end_of_life(crl).plus(policy.grace));
    }
    view
}
