//! What the use cases tell.

use uuid::Uuid;

use super::codes;
use crate::service::jpki::{CertificateContent, CertificateType, HashAlgorithm};
use crate::store::{
    CertificateRecord, CheckPurpose, CheckRecord, CheckStatus, StoreError, VerificationRecord, created_at,
};
use crate::types::{Method, Revocation, UnixTime};

/// Whether the person a certificate was issued to is to be identified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identify {
    /// A user that is known is told.
    No,
    /// A user is made if none is known.
    Yes,
}

/// A certificate that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Certificate {
    /// Its id.
    pub id: Uuid,
    /// What kind it is.
    pub certificate_type: CertificateType,
    /// Whether it is the one issued last of its user and type; false while the user is not identified.
    pub latest: bool,
    /// When it was stored.
    pub created_at: UnixTime,
}

/// A person, in the eyes of one tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: Uuid,
    /// When it was first identified.
    pub created_at: UnixTime,
}

/// A revocation check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// Its id.
    pub id: Uuid,
    /// The revocation; `None` if the certificate is good.
    pub revocation: Option<Revocation>,
    /// Where it was looked up.
    pub method: Method,
    /// What for.
    pub purpose: CheckPurpose,
    /// `thisUpdate` of the source; `None` where a list does not name the certificate.
    pub source_updated_at: Option<UnixTime>,
    /// When it was made.
    pub created_at: UnixTime,
}

/// What came of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VerificationResult {
    /// Every step passed.
    Ok,
    /// The certificate's key did not make the signature.
    SignatureMismatch,
    /// The certificate is revoked.
    CertificateRevoked,
    /// The certificate is past its validity, or before it.
    CertificateExpired,
}

/// A verification of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Its id.
    pub id: Uuid,
    /// What came of it.
    pub result: VerificationResult,
    /// The hash of the digest.
    pub hash: HashAlgorithm,
    /// The digest.
    pub digest: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
    /// When it was made.
    pub created_at: UnixTime,
}

/// A certificate, and whom it was issued to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CertificateWithUser {
    /// The certificate.
    pub certificate: Certificate,
    /// The user, where known.
    pub user: Option<User>,
}

/// A certificate that was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// The certificate.
    pub certificate: Certificate,
    /// The check.
    pub check: Check,
    /// The user, where known.
    pub user: Option<User>,
    /// Whether the user is new; `None` unless it was to be identified.
    pub is_new_user: Option<bool>,
}

/// A certificate that came with a call and was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedContent {
    /// The certificate and the check.
    pub checked: Checked,
    /// What the certificate says.
    pub content: CertificateContent,
}

/// The newest certificate of a user, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckedUser {
    /// The certificate.
    pub certificate: Certificate,
    /// The check.
    pub check: Check,
    /// The user.
    pub user: User,
}

/// A verification as it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The verification.
    pub verification: Verification,
    /// The certificate.
    pub certificate: Certificate,
    /// The check; `None` where an earlier step decided.
    pub check: Option<Check>,
    /// What the certificate says.
    pub content: CertificateContent,
    /// The user, where known.
    pub user: Option<User>,
    /// Whether the user is new; `None` unless it was to be identified.
    pub is_new_user: Option<bool>,
}

/// A verification as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptVerification {
    /// The verification.
    pub verification: Verification,
    /// The certificate, unless it was deleted.
    pub certificate: Option<Certificate>,
    /// The check, unless it was deleted or never made.
    pub check: Option<Check>,
    /// The user, where known.
    pub user: Option<User>,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// How many results the whole list has.
    pub total: u64,
    /// The results of the part.
    pub results: Vec<T>,
}

impl From<bool> for Identify {
    fn from(is_wanted: bool) -> Self {
        if is_wanted { Self::Yes } else { Self::No }
    }
}

impl Certificate {
    pub(super) fn of(record: &CertificateRecord) -> Result<Self, StoreError> {
        Ok(Self {
            id: record.id,
            certificate_type: codes::certificate_type(record.kind)?,
            latest: record.latest,
            created_at: created_at(record.id),
        })
    }
}

impl User {
    pub(super) fn of(id: Uuid) -> Self {
        Self { id, created_at: created_at(id) }
    }
}

impl Check {
    pub(super) fn of(CheckRecord { id, facts }: CheckRecord) -> Self {
        Self {
            id,
            revocation: match facts.status {
                CheckStatus::Good => None,
                CheckStatus::Revoked { at, reason } => {
                    Some(Revocation { revoked_at: at, reason, invalidity_date: None })
                }
            },
            method: facts.method,
            purpose: facts.purpose,
            source_updated_at: facts.source_updated_at,
            created_at: created_at(id),
        }
    }
}

impl CertificateWithUser {
    pub(super) fn of(record: &CertificateRecord) -> Result<Self, StoreError> {
        Ok(Self { certificate: Certificate::of(record)?, user: record.user.map(User::of) })
    }
}

impl KeptVerification {
    pub(super) fn of(record: VerificationRecord) -> Result<Self, StoreError> {
        let VerificationRecord { id, facts, certificate, check, user } = record;
        Ok(Self {
            verification: Verification {
                id,
                result: codes::result(facts.result)?,
                hash: codes::hash(facts.hash_algorithm)?,
                digest: facts.digest,
                signature: facts.signature,
                created_at: created_at(id),
            },
            certificate: certificate.as_ref().map(Certificate::of).transpose()?,
            check: check.map(Check::of),
            user: user.map(User::of),
        })
    }
}
