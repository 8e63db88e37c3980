//! Issuers, found once and asked often.

use std::mem::MaybeUninit;
use std::sync::Arc;

use revocache::pki::Certificate;
use revocache::types::CertIdHash;

use crate::boundary::{answer, give, octets, quietly, required};
use crate::failure::{Failed, Failure, revocache_error};
use crate::generations::Generations;
use crate::index::revocache_index;
use crate::resolved::IssuerKey;
use crate::result::revocache_result;
use crate::standing::Front;

/// The most octets of a certificate (DER).
pub const REVOCACHE_MAX_CERTIFICATE: usize = 1 << 20;

/// An issuer of certificates, looked up once: owned by whoever made it, to be freed with revocache_issuer_free. It
/// outlives generations, and the index handle it was made from. Any number of threads may use it at the same time, and so
/// may the child of a fork.
pub struct revocache_issuer {
    pub(crate) generations: Arc<Generations>,
    /// Where checks look first.
    pub(crate) front: Arc<Front>,
    pub(crate) number: usize,
}

impl revocache_issuer {
    fn new(index: &revocache_index, key: IssuerKey) -> Self {
        let generations = Arc::clone(&index.generations);
        let (number, front) = generations.add_issuer(key);
        Self { generations, front, number }
    }
}

impl Drop for revocache_issuer {
    fn drop(&mut self) {
        self.generations.remove_issuer(self.number);
    }
}

/// Makes a handle for the issuer with this certificate: its name and key are what counts, the rest of the certificate is
/// not looked at. An issuer that the index does not have is no error: checks answer UNKNOWN with the cause
/// REVOCACHE_CAUSE_AUTHORITY_UNKNOWN, until a generation has it.
///
/// The handle is looked up again in every new generation. Make one per issuer, not per check.
///
/// certificate: DER, copied. issuer: set on success only. error: may be NULL.
///
/// Returns REVOCACHE_RESULT_OK, or an error.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_issuer_new(
    index: Option<&revocache_index>,
    certificate: *const u8,
    certificate_length: usize,
    issuer: Option<&mut MaybeUninit<Option<Box<revocache_issuer>>>>,
    error: *mut revocache_error,
) -> revocache_result {
    answer(error, || {
        let (index, issuer) = (required(index, "index")?, required(issuer, "issuer")?);
        // SAFETY: passed on.
        let certificate = unsafe { read_certificate(certificate, certificate_length, "the certificate") }?;
        give(issuer, revocache_issuer::new(index, IssuerKey::Certificate(certificate)));
        Ok(revocache_result::Ok)
    })
}

/// Makes a handle for the issuer that an OCSP CertID means (RFC 6960 section 4.1.1), as revocache_issuer_new does.
///
/// name_hash: issuerNameHash, of the DER of the issuer's name. key_hash: issuerKeyHash, of the content of the BIT STRING
/// of the issuer's key. hash_length: the length of each, 20 for SHA-1 or 32 for SHA-256.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_issuer_new_by_cert_id(
    index: Option<&revocache_index>,
    name_hash: *const u8,
    key_hash: *const u8,
    hash_length: usize,
    issuer: Option<&mut MaybeUninit<Option<Box<revocache_issuer>>>>,
    error: *mut revocache_error,
) -> revocache_result {
    answer(error, || {
        let (index, issuer) = (required(index, "index")?, required(issuer, "issuer")?);
        // SAFETY: passed on.
        let hashes = unsafe { read_hashes(name_hash, key_hash, hash_length) }?;
        give(issuer, revocache_issuer::new(index, IssuerKey::CertId(hashes)));
        Ok(revocache_result::Ok)
    })
}

/// Frees an issuer. NULL is fine. No other thread may be using it.
// SAFETY: no other symbol of this name exists in the library; the pointer is NULL or owned by the caller.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_issuer_free(issuer: Option<Box<revocache_issuer>>) {
    quietly((), || drop(issuer));
}

/// # Safety
/// As [`octets`].
pub(crate) unsafe fn read_certificate(
    pointer: *const u8,
    length: usize,
    what: &'static str,
) -> Result<Certificate, Failed> {
    // SAFETY: passed on.
    let der = unsafe { octets(pointer, length, REVOCACHE_MAX_CERTIFICATE, what) }?;
    Certificate::from_der(der).map_err(|source| Failure::Certificate { what, source }.into())
}

/// The certificate of an issuer that need not be there.
///
/// # Safety
/// As [`octets`].
pub(crate) unsafe fn read_issuer(pointer: *const u8, length: usize) -> Result<Option<Certificate>, Failed> {
    if pointer.is_null() && length == 0 {
        return Ok(None);
    }
    // SAFETY: passed on.
    unsafe { read_certificate(pointer, length, "the issuer's certificate") }.map(Some)
}

/// # Safety
/// As [`octets`], for both hashes.
pub(crate) unsafe fn read_hashes(
    name: *const u8,
    key: *const u8,
    length: usize,
) -> Result<CertIdHash, Failed> {
    let wrong = || Failure::HashLength { what: "a hash of the CertID", found: length };
    if length != 20 && length != 32 {
        return Err(wrong().into());
    }
    // SAFETY: passed on.
    let name = unsafe { octets(name, length, length, "the hash of the issuer's name") }?;
    // SAFETY: passed on.
    let key = unsafe { octets(key, length, length, "the hash of the issuer's key") }?;
    if let (Ok(name), Ok(key)) = (name.try_into(), key.try_into()) {
        return Ok(CertIdHash::Sha1 { name, key });
    }
    match (name.try_into(), key.try_into()) {
        (Ok(name), Ok(key)) => Ok(CertIdHash::Sha256 { name, key }),
        _ => Err(wrong().into()),
    }
}
