//! Checks: one question, one answer.

use std::ptr::{null, null_mut};

use revocache::pki::Certificate;
use revocache::policy::{check_certificate, check_serial};
use revocache::publish::MappedIndex;
use revocache::types::{CertIdHash, MAX_SERIAL_OCTETS, SerialRef, Status, Verdict};

use crate::boundary::{Aside, OutStruct, answer, elements, quietly, required};
use crate::failure::{Failed, Failure, revocache_error};
use crate::index::revocache_index;
use crate::issuer::{read_certificate, read_hashes, read_issuer, revocache_issuer};
use crate::policy::{NegativeSerials, OnUnknown, Terms, revocache_policy};
use crate::result::revocache_result;
use crate::serial::read_serial;
use crate::short_way::{AtOnce, answer_at_once, answer_from_generation, answer_from_standing, answer_passed};
use crate::verdict::{result_of, revocache_verdict};

/// The most octets of a serial number.
pub const REVOCACHE_MAX_SERIAL: usize = 1024;

/// The most certificates of a chain.
pub const REVOCACHE_MAX_CHAIN: usize = 64;

// The header shows a number; this keeps it true.
const _: () = assert!(REVOCACHE_MAX_SERIAL == MAX_SERIAL_OCTETS);

/// Octets of the caller, borrowed for one call.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct revocache_octets {
    /// May be NULL if `length` is 0.
    pub data: *const u8,
    /// How many.
    pub length: usize,
}

/// The certificate an OCSP CertID means (RFC 6960 section 4.1.1), borrowed for one call.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct revocache_cert_id {
    /// issuerNameHash: of the DER of the issuer's name.
    pub name_hash: *const u8,
    /// issuerKeyHash: of the content of the BIT STRING of the issuer's key.
    pub key_hash: *const u8,
    /// The length of each hash: 20 for SHA-1, 32 for SHA-256.
    pub hash_length: usize,
    /// serialNumber, as for revocache_check_serial.
    pub serial: *const u8,
    /// Octets of the serial number, at most REVOCACHE_MAX_SERIAL.
    pub serial_length: usize,
}

/// Is the certificate with this serial number revoked? The fastest question.
///
/// Takes no lock, allocates nothing, makes no system call and starts no thread. The exceptions: the check that notices a
/// new generation, with REVOCACHE_REFRESH_AUTOMATIC, opens it; and the first check under a `grace` or
/// `life_without_next_update` that was not used with this index before allocates some memory.
///
/// "Good" needs lists that cover every certificate of the issuer; with the certificate itself,
/// revocache_check_certificate can often tell more.
///
/// serial: the content octets of the DER INTEGER (RFC 5280 section 4.1.2.2), at most REVOCACHE_MAX_SERIAL: a number
/// whose top bit is set begins with 00. GnuTLS, Mbed TLS and NSS hand it out like that. OpenSSL's ASN1_INTEGER does not
/// have the 00, and without it the number would be another, which no list names. So a serial that reads as a negative
/// number is refused (NEGATIVE_SERIAL), unless the policy says that it is meant.
///
/// policy: may be NULL, for the defaults. verdict: may be NULL; else filled whatever the result. error: may be NULL.
///
/// Returns GOOD, REVOKED or UNKNOWN, or an error.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_check_serial(
    issuer: Option<&revocache_issuer>,
    serial: *const u8,
    serial_length: usize,
    policy: *const revocache_policy,
    verdict: *mut revocache_verdict,
    error: *mut revocache_error,
) -> revocache_result {
    // All that is needed of the length from here on, as one register less to keep makes a difference.
    let last = serial.wrapping_add(serial_length.wrapping_sub(16));
    let (mut issuer_aside, mut serial_aside) = (Aside::new(None), Aside::new(null()));
    let (mut policy_aside, mut error_aside) = (Aside::new(null()), Aside::new(null_mut()));
    issuer_aside.put(issuer);
    serial_aside.put(serial);
    policy_aside.put(policy);
    error_aside.put(error);
    let said = quietly(None, || {
        // Each for itself, so that the rest need not look at it again.
        if verdict.is_null() {
            // SAFETY: passed on.
            unsafe { answer_at_once::<false>(issuer, serial, last, policy, verdict) }
        } else {
            // SAFETY: passed on.
            unsafe { answer_at_once::<true>(issuer, serial, last, policy, verdict) }
        }
    });
    if let Some(AtOnce::Said(result)) = said {
        return result;
    }
    let (issuer, serial) = (issuer_aside.take(), serial_aside.take());
    let (policy, error) = (policy_aside.take(), error_aside.take());
    match said {
        // SAFETY: passed on.
        Some(_) => unsafe { check_passed(issuer, serial, last, policy, verdict, error) },
        // SAFETY: passed on.
        None => unsafe { check_serial_at_length(issuer, serial, last, policy, verdict, error) },
    }
}

/// What is left to [`revocache_check_serial`] of a serial that passed the filter.
///
/// # Safety
/// As [`answer_passed`].
#[inline(never)]
unsafe extern "C" fn check_passed(
    issuer: Option<&revocache_issuer>,
    serial: *const u8,
    last: *const u8,
    policy: *const revocache_policy,
    verdict: *mut revocache_verdict,
    error: *mut revocache_error,
) -> revocache_result {
    // SAFETY: passed on.
    match quietly(None, || unsafe { answer_passed(issuer, serial, last, verdict) }) {
        Some(result) => result,
        // SAFETY: passed on.
        None => unsafe { check_serial_at_length(issuer, serial, last, policy, verdict, error) },
    }
}

/// What is left to [`revocache_check_serial`]. It does not unwind, as C cannot, and so can be jumped to.
///
/// # Safety
/// The pointers are as the header's preamble demands. `last` is 16 octets before the end of the serial.
#[cold]
#[inline(never)]
unsafe extern "C" fn check_serial_at_length(
    issuer: Option<&revocache_issuer>,
    serial: *const u8,
    last: *const u8,
    policy: *const revocache_policy,
    verdict: *mut revocache_verdict,
    error: *mut revocache_error,
) -> revocache_result {
    let serial_length = last.addr().wrapping_add(16).wrapping_sub(serial.addr());
    let said = quietly(None, || {
        // SAFETY: passed on.
        unsafe { answer_from_standing(issuer, serial, serial_length, policy, verdict) }
            // SAFETY: passed on.
            .or_else(|| unsafe { answer_from_generation(issuer, serial, serial_length, policy, verdict) })
    });
    if let Some(result) = said {
        return result;
    }
    let body = |terms: &Terms, tell: &Teller<'_>| {
        let issuer = required(issuer, "issuer")?;
        // SAFETY: passed on.
        let serial = unsafe { read_serial(serial, serial_length, terms.negative_serials) }?;
        let reading = issuer.generations.to_answer_under(&terms.policy);
        let resolved = reading.issuer(issuer.number).ok_or(Failure::NotFound { what: "such issuer" })?;
        Ok(tell.answer(&resolved.check_at_length(serial, terms.at, &terms.policy)?))
    };
    // SAFETY: passed on.
    check(verdict, error, || unsafe { Terms::read(policy) }, body)
}

/// Is this certificate revoked? The question that can be answered most often: the certificate tells its distribution
/// points and whether it is a CA's.
///
/// Allocates a few kilobytes while it reads the certificate. Without the issuer's certificate, the one authority of the
/// issuer's name that has the key of the certificate's authority key identifier is it. Where none has, or several have,
/// a library with the feature "signatures" finds it by verifying the certificate's signature, and one without answers
/// UNKNOWN (REVOCACHE_CAUSE_AUTHORITY_UNKNOWN).
///
/// The certificate itself is not validated: its signature, names, purposes and dates are the caller's business.
///
/// certificate, issuer: DER, at most REVOCACHE_MAX_CERTIFICATE octets. issuer: may be NULL with length 0.
/// policy: may be NULL, for the defaults. verdict: may be NULL; else filled whatever the result. error: may be NULL.
///
/// Returns GOOD, REVOKED or UNKNOWN, or an error: ISSUER_MISMATCH if the issuer's certificate is of another name than the
/// certificate's issuer.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_check_certificate(
    index: Option<&revocache_index>,
    certificate: *const u8,
    certificate_length: usize,
    issuer: *const u8,
    issuer_length: usize,
    policy: *const revocache_policy,
    verdict: *mut revocache_verdict,
    error: *mut revocache_error,
) -> revocache_result {
    let body = |terms: &Terms, tell: &Teller<'_>| {
        let index = required(index, "index")?;
        // SAFETY: passed on.
        let read = unsafe { read_pair(certificate, certificate_length, issuer, issuer_length) };
        let (certificate, issuer) = read?;
        let reading = index.generations.to_answer();
        let Terms { at, policy, .. } = terms;
        let found = check_certificate(&**reading.snapshot(), &certificate, issuer.as_ref(), *at, policy);
        Ok(tell.answer(&found?))
    };
    // SAFETY: passed on.
    check(verdict, error, || unsafe { Terms::read(policy) }, body)
}

/// Is the certificate that an OCSP CertID means revoked? As revocache_check_serial, with finding the issuer on top; for
/// many questions about one issuer make a handle with revocache_issuer_new_by_cert_id.
///
/// policy: may be NULL, for the defaults. verdict: may be NULL; else filled whatever the result. error: may be NULL.
///
/// Returns GOOD, REVOKED or UNKNOWN, or an error.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_check_cert_id(
    index: Option<&revocache_index>,
    cert_id: Option<&revocache_cert_id>,
    policy: *const revocache_policy,
    verdict: *mut revocache_verdict,
    error: *mut revocache_error,
) -> revocache_result {
    let body = |terms: &Terms, tell: &Teller<'_>| {
        let index = required(index, "index")?;
        // SAFETY: passed on.
        let (hashes, serial) = unsafe { read_cert_id(cert_id, terms.negative_serials) }?;
        let reading = index.generations.to_answer();
        let snapshot = reading.snapshot();
        let authority = snapshot.authority_by_cert_id(&hashes);
        Ok(tell.answer(&check_serial(&**snapshot, authority, serial, terms.at, &terms.policy)?))
    };
    // SAFETY: passed on.
    check(verdict, error, || unsafe { Terms::read(policy) }, body)
}

/// Is any certificate of this chain revoked? Each is checked with the next one as its issuer's, all in one generation.
///
/// The last one is the trust anchor and not checked if it is self-issued; if it is not, it is checked, too, with the
/// issuer that the index finds. A chain of one certificate is that certificate.
///
/// certificates: an array of DER certificates, leaf first, at most REVOCACHE_MAX_CHAIN, each as for
/// revocache_check_certificate. which: may be NULL; set to the position in the array that the answer is about: the first
/// revoked one, or the first unknown one if none is revoked, or 0; and, with an error, the one that it is about.
/// policy: may be NULL, for the defaults. verdict: may be NULL; else filled whatever the result. error: may be NULL.
///
/// Returns the worst answer: REVOKED, UNKNOWN, or GOOD if all are good; or an error.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_check_chain(
    index: Option<&revocache_index>,
    certificates: *const revocache_octets,
    count: usize,
    policy: *const revocache_policy,
    verdict: *mut revocache_verdict,
    which: Option<&mut usize>,
    error: *mut revocache_error,
) -> revocache_result {
    let mut unused = 0;
    let which = which.unwrap_or(&mut unused);
    *which = 0;
    let body = |terms: &Terms, tell: &Teller<'_>| {
        let index = required(index, "index")?;
        // SAFETY: passed on.
        let views =
            unsafe { elements(certificates, count, REVOCACHE_MAX_CHAIN, "the chain", "certificates") }?;
        let mut chain = Vec::with_capacity(views.len());
        for (position, view) in views.iter().enumerate() {
            *which = position;
            // SAFETY: passed on.
            let certificate =
                unsafe { read_certificate(view.data, view.length, "a certificate of the chain") };
            chain.push(certificate?);
        }
        let reading = index.generations.to_answer();
        Ok(tell.answer(&worst_of_chain(reading.snapshot(), &chain, terms, which)?))
    };
    // SAFETY: passed on.
    check(verdict, error, || unsafe { Terms::read(policy) }, body)
}

fn worst_of_chain(
    index: &MappedIndex,
    chain: &[Certificate],
    terms: &Terms,
    which: &mut usize,
) -> Result<Verdict, Failed> {
    let mut worst: Option<(usize, Verdict)> = None;
    for (position, certificate) in chain.iter().enumerate() {
        *which = position;
        let issuer = chain.get(position + 1);
        if issuer.is_none() && position > 0 && certificate.is_self_issued() {
            break;
        }
        let verdict = check_one(index, certificate, issuer, terms)?;
        if worst.as_ref().is_none_or(|(_, worst)| severity(&verdict) > severity(worst)) {
            worst = Some((position, verdict));
        }
        if matches!(verdict.status, Status::Revoked(_)) {
            break;
        }
    }
    let (position, verdict) = worst.ok_or(Failure::Null { what: "the chain" })?;
    *which = position;
    Ok(verdict)
}

fn severity(verdict: &Verdict) -> u8 {
    match verdict.status {
        Status::Good => 0,
        Status::Unknown(_) => 1,
        Status::Revoked(_) => 2,
    }
}

/// A certificate with an issuer whose name fits: the index takes the issuer by its word.
fn check_one(
    index: &MappedIndex,
    certificate: &Certificate,
    issuer: Option<&Certificate>,
    terms: &Terms,
) -> Result<Verdict, Failed> {
    check_names(certificate, issuer)?;
    Ok(check_certificate(index, certificate, issuer, terms.at, &terms.policy)?)
}

/// Whether the issuer's certificate is of the name that the certificate has for its issuer.
fn check_names(certificate: &Certificate, issuer: Option<&Certificate>) -> Result<(), Failed> {
    match issuer {
        Some(issuer) if issuer.subject() != certificate.issuer() => {
            let (wanted, found) = (certificate.issuer().to_string(), issuer.subject().to_string());
            Err(Failure::IssuerMismatch { wanted, found }.into())
        }
        _ => Ok(()),
    }
}

/// What says how an answer is judged.
pub(crate) trait Judged {
    /// What to do where there is no answer.
    fn on_unknown(&self) -> OnUnknown;
}

impl Judged for Terms {
    fn on_unknown(&self) -> OnUnknown {
        self.on_unknown
    }
}

/// Where the answer of a check goes.
pub(crate) struct Teller<'a> {
    out: Option<OutStruct<'a, revocache_verdict>>,
    on_unknown: OnUnknown,
}

impl Teller<'_> {
    #[inline(always)]
    pub(crate) fn answer(&self, verdict: &Verdict) -> revocache_result {
        if let Some(out) = &self.out {
            out.write(revocache_verdict::of(verdict, self.on_unknown));
        }
        result_of(&verdict.status)
    }
}

/// Runs a check under the terms that `read` finds, and tells the answer: in the verdict, whatever happens, and as the
/// result. The pointers are as the header's preamble demands.
#[inline(always)]
pub(crate) fn check<T: Judged>(
    verdict: *mut revocache_verdict,
    error: *mut revocache_error,
    read: impl FnOnce() -> Result<T, Failed>,
    body: impl FnOnce(&T, &Teller<'_>) -> Result<revocache_result, Failed>,
) -> revocache_result {
    let result = answer(error, || {
        let out = OutStruct::optional(verdict)?;
        match read() {
            Ok(terms) => {
                let on_unknown = terms.on_unknown();
                let tell = Teller { out, on_unknown };
                body(&terms, &tell).map_err(|failure| tell_failure(failure, verdict, on_unknown))
            }
            Err(failure) => Err(tell_failure(failure, verdict, OnUnknown::Refuse)),
        }
    });
    if result == revocache_result::Panic
        && let Ok(Some(out)) = OutStruct::optional(verdict)
    {
        // What an earlier call left there must not pass for the answer of this one.
        out.write(revocache_verdict::of_panic());
    }
    result
}

#[cold]
fn tell_failure(failure: Failed, verdict: *mut revocache_verdict, on_unknown: OnUnknown) -> Failed {
    if let Ok(Some(out)) = OutStruct::optional(verdict) {
        out.write(revocache_verdict::of_failure(&failure, on_unknown));
    }
    failure
}

/// A certificate, and that of its issuer if it is given: then it has to be of the issuer's name.
///
/// # Safety
/// As [`crate::boundary::octets`], for both.
pub(crate) unsafe fn read_pair(
    certificate: *const u8,
    certificate_length: usize,
    issuer: *const u8,
    issuer_length: usize,
) -> Result<(Certificate, Option<Certificate>), Failed> {
    // SAFETY: passed on.
    let certificate = unsafe { read_certificate(certificate, certificate_length, "the certificate") }?;
    // SAFETY: passed on.
    let issuer = unsafe { read_issuer(issuer, issuer_length) }?;
    check_names(&certificate, issuer.as_ref())?;
    Ok((certificate, issuer))
}

/// The parts of an OCSP CertID.
///
/// # Safety
/// As [`crate::boundary::octets`], for each part.
pub(crate) unsafe fn read_cert_id<'a>(
    id: Option<&revocache_cert_id>,
    negative: NegativeSerials,
) -> Result<(CertIdHash, SerialRef<'a>), Failed> {
    let id = required(id, "cert_id")?;
    // SAFETY: passed on.
    let issuer = unsafe { read_hashes(id.name_hash, id.key_hash, id.hash_length) }?;
    // SAFETY: passed on.
    let serial = unsafe { read_serial(id.serial, id.serial_length, negative) }?;
    Ok((issuer, serial))
}
