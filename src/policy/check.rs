//! Questions to an index.

use super::authority::{resolve_certificate, resolve_issuer};
use super::evidence::{Evidence, IssuedBy, Subject};
use super::judge::{Judgement, judge};
use super::window::Policy;
use crate::index::{AuthorityId, CrlId, Found, Index, IndexError};
use crate::pki::Certificate;
use crate::types::{Cause, CrlFacts, Listing, Method, NameKey, SerialRef, Status, UnixTime, Verdict};

/// Is this certificate revoked, as of `at`? `issuer` is the certificate of its issuer, where the caller has it; it
/// settles which of several authorities of one name is meant.
///
/// # Errors
/// [`IndexError`] if the index turns out to be damaged where the answer lies.
pub fn check_certificate<B: AsRef<[u8]>>(
    index: &Index<B>,
    certificate: &Certificate,
    issuer: Option<&Certificate>,
    at: UnixTime,
    policy: &Policy,
) -> Result<Verdict, IndexError> {
    let authority = match issuer {
        Some(issuer) => resolve_issuer(index, issuer),
        None => resolve_certificate(index, certificate),
    };
    check_certificate_of(index, authority, certificate, at, policy)
}

/// As [`check_certificate`], for who has looked up the authority already; `None` for one that the index does not have.
///
/// # Errors
/// As there.
pub fn check_certificate_of<B: AsRef<[u8]>>(
    index: &Index<B>,
    authority: Option<AuthorityId>,
    certificate: &Certificate,
    at: UnixTime,
    policy: &Policy,
) -> Result<Verdict, IndexError> {
    let subject = Subject::Certificate {
        kind: certificate.kind(),
        issuer: certificate.issuer().key(),
        distribution_points: certificate.distribution_points(),
    };
    check(index, authority, certificate.serial().as_ref(), &subject, at, policy)
}

/// Is the certificate of this authority and serial revoked, as of `at`? `good` needs lists that cover every
/// certificate of the authority; with the certificate itself, [`check_certificate`] can often tell more. `None` for
/// an authority that the index does not have gives `unknown`.
///
/// # Errors
/// [`IndexError`] if the index turns out to be damaged where the answer lies.
pub fn check_serial<B: AsRef<[u8]>>(
    index: &Index<B>,
    authority: Option<AuthorityId>,
    serial: SerialRef<'_>,
    at: UnixTime,
    policy: &Policy,
) -> Result<Verdict, IndexError> {
    check(index, authority, serial, &Subject::Serial, at, policy)
}

/// What [`check_serial`] says of a serial that no CRL lists; those of other authorities are left out.
pub(super) fn unlisted<B: AsRef<[u8]>>(
    index: &Index<B>,
    authority: AuthorityId,
    at: UnixTime,
    policy: &Policy,
) -> Verdict {
    let own = index.crls_of(authority).map(|(_, crl)| Evidence {
        issued_by: IssuedBy::OwnAuthority,
        crl,
        listing: None,
    });
    verdict(index.generation(), &judge(own, &Subject::Serial, at, policy))
}

fn check<B: AsRef<[u8]>>(
    index: &Index<B>,
    authority: Option<AuthorityId>,
    serial: SerialRef<'_>,
    subject: &Subject<'_>,
    at: UnixTime,
    policy: &Policy,
) -> Result<Verdict, IndexError> {
    let Some(authority) = authority else {
        let judgement = Judgement { status: Status::Unknown(Cause::AuthorityUnknown), decided_by: None };
        return Ok(verdict(index.generation(), &judgement));
    };
    let table = index.table(authority, None);
    let found = match &table {
        Some(table) => table.find(serial)?,
        None => None,
    };
    if let Some(found) = &found {
        // A damaged row must not read as "not listed" further down.
        found.listings().try_for_each(|listing| listing.map(drop))?;
    }
    let own = index.crls_of(authority).map(|(id, crl)| Evidence {
        issued_by: IssuedBy::OwnAuthority,
        crl,
        listing: found.as_ref().and_then(|found| listing_by(found, id)),
    });
    // Indirect CRLs are rare: usually these stay empty, and an empty vector takes no memory.
    let issuers = indirect_issuers(index, authority, subject);
    let mut indirect = Vec::new();
    for (issuer, name) in &issuers {
        gather_indirect(index, authority, (*issuer, name), serial, &mut indirect)?;
    }
    let judgement = judge(own.chain(indirect.iter().copied()), subject, at, policy);
    Ok(verdict(index.generation(), &judgement))
}

/// The authorities whose indirect CRLs may speak for the subject: those that the certificate names, or, for a bare
/// serial, all that list certificates of its authority.
pub(super) fn indirect_issuers<B: AsRef<[u8]>>(
    index: &Index<B>,
    authority: AuthorityId,
    subject: &Subject<'_>,
) -> Vec<(AuthorityId, NameKey)> {
    let mut issuers: Vec<(AuthorityId, NameKey)> = match subject {
        Subject::Certificate { distribution_points, .. } => distribution_points
            .iter()
            .flat_map(|point| &point.crl_issuers)
            .flat_map(|name| index.authorities_named(name).map(|issuer| (issuer.id(), name.clone())))
            .collect(),
        Subject::Serial if index.has_indirect_tables() => {
            let own_name = index.authority(authority).map(|facts| facts.name());
            own_name
                .iter()
                .flat_map(|name| index.tables_for_issuer(name))
                .filter_map(|table| index.authority(table.authority()))
                .map(|issuer| (issuer.id(), issuer.name()))
                .collect()
        }
        Subject::Serial => Vec::new(),
    };
    issuers.sort_unstable();
    issuers.dedup();
    issuers
}

/// Adds what the indirect CRLs of one issuer say of a certificate of `authority`.
fn gather_indirect<'a, B: AsRef<[u8]>>(
    index: &'a Index<B>,
    authority: AuthorityId,
    (issuer, name): (AuthorityId, &'a NameKey),
    serial: SerialRef<'_>,
    evidence: &mut Vec<Evidence<'a>>,
) -> Result<(), IndexError> {
    let certificate_issuer = index.authority(authority).map(|facts| facts.name());
    // A CA may name itself; its own entries are in its own table.
    let table = index.table(issuer, certificate_issuer.as_ref().filter(|_| issuer != authority));
    let found = match &table {
        Some(table) => table.find(serial)?,
        None => None,
    };
    for (id, crl) in index.crls_of(issuer).filter(|(_, crl)| crl.scope.indirect) {
        let mut listing = None;
        for row in found.iter().flat_map(Found::listings) {
            let (by, said) = row?;
            listing = listing.or((by == id).then_some(said));
        }
        evidence.push(Evidence { issued_by: IssuedBy::Other(name), crl, listing });
    }
    Ok(())
}

fn listing_by(found: &Found<'_>, crl: CrlId) -> Option<Listing> {
    found.listings().filter_map(Result::ok).find(|(by, _)| *by == crl).map(|(_, listing)| listing)
}

pub(super) fn verdict(generation: u64, judgement: &Judgement<'_>) -> Verdict {
    let crl: Option<&CrlFacts> = judgement.decided_by;
    Verdict {
        status: judgement.status,
        method: Method::Crl,
        this_update: crl.map(|crl| crl.this_update),
        next_update: crl.and_then(|crl| crl.next_update),
        crl_number: crl.and_then(|crl| crl.crl_number),
        generation,
    }
}
