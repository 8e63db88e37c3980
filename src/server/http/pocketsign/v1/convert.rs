//! From the records of the service to the objects of version 1.

use uuid::Uuid;

use super::super::ResultSpelling;
use super::super::base64::encode;
use super::error::{ApiError, ErrorCode};
use super::objects::{
    Certificate, CertificateContent, CertificateStatus, CertificateStatusEntry, CertificateType,
    CertificateWithUser, CheckMethod, CheckPurpose, CheckedCertificate, CheckedCertificateWithContent,
    CheckedUser, HashAlgorithm, KeptVerification, Page, RevocationReason, Status, SubjectAlternativeName,
    User, UserEntry, Validity, Verification, VerificationResult, Verified,
};
use super::requests::PageParameters;
use crate::service::jpki::{self, SignedDigest};
use crate::service::verify::{self, Listed, Purpose};
use crate::types::{Method, ReasonCode};

/// The id in a path. What is no id is one of nothing.
pub(super) fn parse_id(what: &str, text: &str) -> Result<Uuid, ApiError> {
    let no_such = || ApiError::new(ErrorCode::NoSuchEntry, format!("there is no {what} of this id"));
    Uuid::try_parse(text).map_err(|_| no_such())
}

/// Digest and signature, if they are worth verifying.
pub(super) fn signed_digest(
    hash: HashAlgorithm,
    digest: Vec<u8>,
    signature: Vec<u8>,
) -> Result<SignedDigest, ApiError> {
    let hash = match hash {
        HashAlgorithm::Sha256 => jpki::HashAlgorithm::Sha256,
        HashAlgorithm::Sha384 => jpki::HashAlgorithm::Sha384,
        HashAlgorithm::Sha512 => jpki::HashAlgorithm::Sha512,
    };
    SignedDigest::new(hash, digest, signature).map_err(|error| ApiError::invalid(error.to_string()))
}

/// A page of what was found.
pub(super) fn page_of<T, U: From<T>>(page: PageParameters, found: Listed<T>) -> Page<U> {
    page.with(found, U::from)
}

impl From<CheckMethod> for Method {
    fn from(method: CheckMethod) -> Self {
        match method {
            CheckMethod::Crl => Self::Crl,
            CheckMethod::Ocsp => Self::Ocsp,
        }
    }
}

impl From<Method> for CheckMethod {
    fn from(method: Method) -> Self {
        match method {
            Method::Crl => Self::Crl,
            Method::Ocsp => Self::Ocsp,
        }
    }
}

impl From<verify::Certificate> for Certificate {
    fn from(certificate: verify::Certificate) -> Self {
        Self {
            id: certificate.id,
            certificate_type: match certificate.certificate_type {
                jpki::CertificateType::CardDigitalSignature => CertificateType::JpkiCardDigitalSignature,
                jpki::CertificateType::CardUserAuthentication => CertificateType::JpkiCardUserAuthentication,
            },
            latest: certificate.latest,
            created_at: certificate.created_at.to_string(),
        }
    }
}

impl From<verify::Check> for CertificateStatus {
    fn from(check: verify::Check) -> Self {
        Self {
            id: check.id,
            status: if check.revocation.is_some() { Status::Revoked } else { Status::Good },
            check_method: check.method.into(),
            check_purpose: match check.purpose {
                Purpose::SignatureVerification => CheckPurpose::SignatureVerification,
                Purpose::LivenessCheck => CheckPurpose::LivenessCheck,
            },
            source_updated_at: check.source_updated_at.map(|time| time.to_string()),
            revoked_at: check.revocation.map(|revocation| revocation.revoked_at.to_string()),
            revocation_reason: check.revocation.map(|revocation| revocation.reason.into()),
            created_at: check.created_at.to_string(),
        }
    }
}

impl From<ReasonCode> for RevocationReason {
    fn from(reason: ReasonCode) -> Self {
        match reason {
            ReasonCode::Unspecified => Self::Unspecified,
            ReasonCode::KeyCompromise => Self::KeyCompromise,
            ReasonCode::CaCompromise => Self::CaCompromise,
            ReasonCode::AffiliationChanged => Self::AffiliationChanged,
            ReasonCode::Superseded => Self::Superseded,
            ReasonCode::CessationOfOperation => Self::CessationOfOperation,
            ReasonCode::CertificateHold => Self::CertificateHold,
            ReasonCode::RemoveFromCrl => Self::RemoveFromCrl,
            ReasonCode::PrivilegeWithdrawn => Self::PrivilegeWithdrawn,
            ReasonCode::AaCompromise => Self::AaCompromise,
        }
    }
}

impl From<verify::User> for User {
    fn from(user: verify::User) -> Self {
        Self { id: user.id, created_at: user.created_at.to_string() }
    }
}

impl From<verify::User> for UserEntry {
    fn from(user: verify::User) -> Self {
        Self { user: user.into() }
    }
}

impl From<verify::Check> for CertificateStatusEntry {
    fn from(check: verify::Check) -> Self {
        Self { certificate_status: check.into() }
    }
}

impl From<verify::CertificateWithUser> for CertificateWithUser {
    fn from(found: verify::CertificateWithUser) -> Self {
        Self { certificate: found.certificate.into(), user: found.user.map(User::from) }
    }
}

impl From<verify::Checked> for CheckedCertificate {
    fn from(checked: verify::Checked) -> Self {
        Self {
            certificate: checked.certificate.into(),
            certificate_status: checked.check.into(),
            user: checked.user.map(User::from),
            is_new_user: checked.is_new_user,
        }
    }
}

impl From<verify::CheckedContent> for CheckedCertificateWithContent {
    fn from(found: verify::CheckedContent) -> Self {
        let verify::CheckedContent { checked, content } = found;
        Self {
            certificate: checked.certificate.into(),
            certificate_status: checked.check.into(),
            certificate_content: content.into(),
            user: checked.user.map(User::from),
            is_new_user: checked.is_new_user,
        }
    }
}

impl From<verify::CheckedUser> for CheckedUser {
    fn from(checked: verify::CheckedUser) -> Self {
        Self {
            certificate: checked.certificate.into(),
            certificate_status: checked.check.into(),
            user: checked.user.into(),
        }
    }
}

impl Verified {
    pub(super) fn new(verified: verify::Verified, spelling: ResultSpelling) -> Self {
        Self {
            verification: Verification::new(&verified.verification, spelling),
            certificate: verified.certificate.into(),
            certificate_status: verified.check.map(CertificateStatus::from),
            certificate_content: verified.content.into(),
            user: verified.user.map(User::from),
            is_new_user: verified.is_new_user,
        }
    }
}

impl KeptVerification {
    pub(super) fn new(kept: &verify::KeptVerification, spelling: ResultSpelling) -> Self {
        Self {
            verification: Verification::new(&kept.verification, spelling),
            certificate: kept.certificate.map(Certificate::from),
            certificate_status: kept.check.map(CertificateStatus::from),
            user: kept.user.map(User::from),
        }
    }
}

impl Verification {
    fn new(verification: &verify::Verification, spelling: ResultSpelling) -> Self {
        Self {
            id: verification.id,
            result: VerificationResult::new(verification.result, spelling),
            hash_algorithm: match verification.hash {
                jpki::HashAlgorithm::Sha256 => HashAlgorithm::Sha256,
                jpki::HashAlgorithm::Sha384 => HashAlgorithm::Sha384,
                jpki::HashAlgorithm::Sha512 => HashAlgorithm::Sha512,
            },
            digest: encode(&verification.digest),
            signature: encode(&verification.signature),
            created_at: verification.created_at.to_string(),
        }
    }
}

impl VerificationResult {
    const fn new(result: verify::VerificationResult, spelling: ResultSpelling) -> Self {
        use verify::VerificationResult as R;
        match (spelling, result) {
            (ResultSpelling::Schema, R::Ok) => Self::SchemaOk,
            (ResultSpelling::Schema, R::SignatureMismatch) => Self::SchemaMismatch,
            (ResultSpelling::Schema, R::CertificateRevoked) => Self::SchemaRevoked,
            (ResultSpelling::Schema, R::CertificateExpired) => Self::SchemaExpired,
            (ResultSpelling::Prose, R::Ok) => Self::ProseOk,
            (ResultSpelling::Prose, R::SignatureMismatch) => Self::ProseMismatch,
            (ResultSpelling::Prose, R::CertificateRevoked) => Self::ProseRevoked,
            (ResultSpelling::Prose, R::CertificateExpired) => Self::ProseExpired,
        }
    }
}

impl From<jpki::CertificateContent> for CertificateContent {
    fn from(content: jpki::CertificateContent) -> Self {
        Self {
            subject: content.subject,
            validity: Validity {
                not_before: content.not_before.to_string(),
                not_after: content.not_after.to_string(),
            },
            crl_distribution_point: content.crl_distribution_point,
            subject_alternative_name: content.attributes.map(|attributes| SubjectAlternativeName {
                common_name: attributes.common_name,
                substitute_character_of_common_name: attributes.substitute_character_of_common_name,
                gender: attributes.gender,
                date_of_birth: attributes.date_of_birth,
                address: attributes.address,
                substitute_character_of_address: attributes.substitute_character_of_address,
            }),
        }
    }
}
