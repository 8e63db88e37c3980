//! The records, and how they are read from rows.

use std::fmt;

use uuid::Uuid;

use super::super::error::StoreError;
use super::super::value::Row;
use crate::pki::{Certificate, sha256};
use crate::types::{Method, ReasonCode, UnixTime, to_hex};

/// A number that stands for something of the layer above: a kind of certificate, a result, a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub u8);

/// A certificate by its issuer and serial.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateName {
    /// SHA-256 of the issuer's name in DER, as `issuerNameHash` of OCSP (RFC 6960 section 4.1.1).
    pub issuer_name_hash: [u8; 32],
    /// The canonical octets of the serial.
    pub serial: Vec<u8>,
}

/// A certificate to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCertificate {
    /// Its kind.
    pub kind: Code,
    /// SHA-256 of its DER encoding.
    pub fingerprint: [u8; 32],
    /// Issuer and serial.
    pub name: CertificateName,
    /// `notBefore`.
    pub not_before: UnixTime,
    /// `notAfter`.
    pub not_after: UnixTime,
    /// Its DER encoding.
    pub der: Vec<u8>,
}

/// A certificate that is kept, as far as answers show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CertificateRecord {
    /// Its id, which tells when it was stored.
    pub id: Uuid,
    /// Its kind.
    pub kind: Code,
    /// Whether it is the one issued last of its user and kind.
    pub latest: bool,
    /// Whom it was issued to, where that is known.
    pub user: Option<Uuid>,
}

/// A certificate that is kept, with the certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCertificate {
    /// The record.
    pub record: CertificateRecord,
    /// The DER encoding.
    pub der: Vec<u8>,
}

/// What a check is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CheckPurpose {
    /// It is a step of verifying a signature.
    SignatureVerification,
    /// To know whether what was verified once still holds.
    LivenessCheck,
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckStatus {
    /// Not revoked.
    Good,
    /// Revoked.
    Revoked {
        /// Since when.
        at: UnixTime,
        /// Why.
        reason: ReasonCode,
    },
}

/// A check to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckFacts {
    /// What it found.
    pub status: CheckStatus,
    /// Where.
    pub method: Method,
    /// What for.
    pub purpose: CheckPurpose,
    /// `thisUpdate` of the source, where the source names the certificate.
    pub source_updated_at: Option<UnixTime>,
}

/// A check that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckRecord {
    /// Its id, which tells when it was made.
    pub id: Uuid,
    /// What it found.
    pub facts: CheckFacts,
}

/// A verification to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVerification {
    /// What came of it.
    pub result: Code,
    /// The hash of the digest.
    pub hash_algorithm: Code,
    /// The digest.
    pub digest: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
}

/// A verification that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationRecord {
    /// Its id, which tells when it was made.
    pub id: Uuid,
    /// What was verified, and what came of it.
    pub facts: NewVerification,
    /// The certificate, unless it was deleted.
    pub certificate: Option<CertificateRecord>,
    /// The check that was made, unless it was deleted, or an earlier step had decided.
    pub check: Option<CheckRecord>,
    /// Whom the certificate was issued to, where that is known.
    pub user: Option<Uuid>,
}

/// The columns of [`certificate`].
pub(super) const CERTIFICATE_COLUMNS: &str = "c.id, c.kind, c.latest, c.user_id";
/// The columns of [`check`].
pub(super) const CHECK_COLUMNS: &str =
    "k.id, k.status, k.method, k.purpose, k.source_updated_at, k.revoked_at, k.reason";

impl CertificateName {
    /// The name of a certificate.
    #[must_use]
    pub fn of(certificate: &Certificate) -> Self {
        Self {
            issuer_name_hash: sha256(certificate.issuer().der()),
            serial: certificate.serial().octets().to_vec(),
        }
    }
}

impl fmt::Debug for CertificateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", to_hex(&self.issuer_name_hash), to_hex(&self.serial))
    }
}

impl NewCertificate {
    /// What is kept of a certificate.
    #[must_use]
    pub fn of(certificate: &Certificate, kind: Code) -> Self {
        Self {
            kind,
            fingerprint: sha256(certificate.der()),
            name: CertificateName::of(certificate),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            der: certificate.der().to_vec(),
        }
    }
}

impl From<Code> for i64 {
    fn from(code: Code) -> Self {
        code.0.into()
    }
}

impl CheckPurpose {
    pub(super) const fn code(self) -> i64 {
        match self {
            Self::SignatureVerification => 1,
            Self::LivenessCheck => 2,
        }
    }
}

pub(super) const fn method_code(method: Method) -> i64 {
    match method {
        Method::Crl => 1,
        Method::Ocsp => 2,
    }
}

pub(super) const GOOD: i64 = 0;
pub(super) const REVOKED: i64 = 1;

/// A code that a column holds.
pub(super) fn code(row: &Row<'_>, column: usize) -> Result<Code, StoreError> {
    u8::try_from(row.integer(column)?).map(Code).map_err(|_| odd("a code"))
}

/// The record in the four columns from `first` on.
pub(super) fn certificate(row: &Row<'_>, first: usize) -> Result<CertificateRecord, StoreError> {
    Ok(CertificateRecord {
        id: row.id(first)?,
        kind: code(row, first + 1)?,
        latest: row.integer(first + 2)? != 0,
        user: row.optional_id(first + 3)?,
    })
}

/// The record in the seven columns from `first` on.
pub(super) fn check(row: &Row<'_>, first: usize) -> Result<CheckRecord, StoreError> {
    let status = match row.integer(first + 1)? {
        GOOD => CheckStatus::Good,
        REVOKED => CheckStatus::Revoked {
            at: row.time(first + 5)?,
            reason: u8::try_from(row.integer(first + 6)?)
                .ok()
                .and_then(ReasonCode::from_code)
                .ok_or_else(|| odd("a reason"))?,
        },
        _ => return Err(odd("a status")),
    };
    let method = match row.integer(first + 2)? {
        1 => Method::Crl,
        2 => Method::Ocsp,
        _ => return Err(odd("a method")),
    };
    let purpose = match row.integer(first + 3)? {
        1 => CheckPurpose::SignatureVerification,
        2 => CheckPurpose::LivenessCheck,
        _ => return Err(odd("a purpose")),
    };
    let facts = CheckFacts { status, method, purpose, source_updated_at: row.optional_time(first + 4)? };
    Ok(CheckRecord { id: row.id(first)?, facts })
}

fn odd(what: &str) -> StoreError {
    StoreError::Corrupt { reason: format!("{what} that no version of revocache writes") }
}
