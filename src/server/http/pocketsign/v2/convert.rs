//! Between the records of the service and the messages of version 2.

use super::super::base64::encode;
use super::super::failure::Failure;
use super::connect::{Code, ConnectError};
use super::details::{Detail, ErrorReason, FieldViolation};
use super::names::{CERTIFICATE_TYPE, CHECK_METHOD, HASH_ALGORITHM};
use super::objects::{
    Certificate, CertificateContent, CertificateStatus, CertificateWithUser, CheckedCertificate, CheckedUser,
    ContentOfType, DigitalSignatureContent, KeptVerification, StatusOnly, User, UserOnly, Validity,
    Verification, Verified,
};
use super::proto_json::MessageReader;
use crate::service::jpki::{self, BasicAttributes, CertificateType, HashAlgorithm};
use crate::service::verify::{self, Purpose, VerificationResult, VerifyError};
use crate::types::{Method, ReasonCode};

/// `check_method`; lists, where it is not specified.
pub(super) fn check_method(message: &mut MessageReader) -> Result<Method, ConnectError> {
    Ok(match message.enumeration("check_method", CHECK_METHOD)? {
        2 => Method::Ocsp,
        _ => Method::Crl,
    })
}

/// `hash_algorithm`; a violation, where it is not specified.
pub(super) fn hash_algorithm(message: &mut MessageReader) -> Result<Option<HashAlgorithm>, ConnectError> {
    let number = message.enumeration("hash_algorithm", HASH_ALGORITHM)?;
    let hash = number.checked_sub(1).and_then(|place| HashAlgorithm::ALL.get(place)).copied();
    if hash.is_none() {
        message.violate("hash_algorithm", "enum.not_in", "value must not be HASH_ALGORITHM_UNSPECIFIED");
    }
    Ok(hash)
}

/// A kind of certificate; `None`, where it is not specified.
pub(super) fn certificate_type(
    message: &mut MessageReader,
    field: &'static str,
) -> Result<Option<CertificateType>, ConnectError> {
    Ok(type_of(message.enumeration(field, CERTIFICATE_TYPE)?))
}

/// Kinds of certificate. One that is not specified is a violation in a filter: it would select nothing.
pub(super) fn certificate_types(
    message: &mut MessageReader,
    field: &'static str,
) -> Result<Vec<CertificateType>, ConnectError> {
    let numbers = message.enumerations(field, CERTIFICATE_TYPE)?;
    for place in numbers.iter().enumerate().filter(|(_, number)| **number == 0).map(|(place, _)| place) {
        message.violate(&format!("{field}[{place}]"), "enum.not_in", "value must not be TYPE_UNSPECIFIED");
    }
    Ok(numbers.into_iter().filter_map(type_of).collect())
}

fn type_of(number: usize) -> Option<CertificateType> {
    number.checked_sub(1).and_then(|place| CertificateType::ALL.get(place)).copied()
}

const fn type_name(certificate_type: CertificateType) -> &'static str {
    match certificate_type {
        CertificateType::CardDigitalSignature => "TYPE_JPKI_CARD_DIGITAL_SIGNATURE",
        CertificateType::CardUserAuthentication => "TYPE_JPKI_CARD_USER_AUTHENTICATION",
    }
}

const fn reason_name(reason: ReasonCode) -> &'static str {
    match reason {
        ReasonCode::Unspecified => "CRL_REASON_UNSPECIFIED",
        ReasonCode::KeyCompromise => "CRL_REASON_KEY_COMPROMISE",
        ReasonCode::CaCompromise => "CRL_REASON_CA_COMPROMISE",
        ReasonCode::AffiliationChanged => "CRL_REASON_AFFILIATION_CHANGED",
        ReasonCode::Superseded => "CRL_REASON_SUPERSEDED",
        ReasonCode::CessationOfOperation => "CRL_REASON_CESSATION_OF_OPERATION",
        ReasonCode::CertificateHold => "CRL_REASON_CERTIFICATE_HOLD",
        ReasonCode::RemoveFromCrl => "CRL_REASON_REMOVE_FROM_CRL",
        ReasonCode::PrivilegeWithdrawn => "CRL_REASON_PRIVILEGE_WITHDRAWN",
        ReasonCode::AaCompromise => "CRL_REASON_AA_COMPROMISE",
    }
}

impl From<Failure> for ConnectError {
    fn from(failure: Failure) -> Self {
        let outcome = failure.name();
        let error = match failure {
            Failure::NoSuchEntry(message) => Self::new(Code::NotFound, message),
            Failure::InvalidArgument { field, rule, message } => {
                let violation = FieldViolation { field: field.to_owned(), rule, message: message.clone() };
                Self::new(Code::InvalidArgument, message).with(Detail::Violations(vec![violation]))
            }
            Failure::InvalidCertificate(message) => Self::new(Code::InvalidArgument, message)
                .with(Detail::Reason(ErrorReason::InvalidCertificate)),
            Failure::UnsupportedCertificate(message) => Self::new(Code::InvalidArgument, message)
                .with(Detail::Reason(ErrorReason::UnsupportedCertificate)),
            Failure::NotLinked(message) => Self::new(Code::FailedPrecondition, message)
                .with(Detail::Reason(ErrorReason::AssociatedCertificateNotExists)),
            Failure::OcspFailed(message) => {
                Self::new(Code::Unavailable, message).with(Detail::Reason(ErrorReason::OcspRequestFailed))
            }
            Failure::LinksUnavailable(message) => Self::new(Code::Unavailable, message)
                .with(Detail::Reason(ErrorReason::AssociatedCertificateNotExists)),
            Failure::Unavailable(message) => Self::new(Code::Unavailable, message),
            Failure::Undecided(message) | Failure::Internal(message) => Self::new(Code::Internal, message),
        };
        error.counted(outcome)
    }
}

impl From<VerifyError> for ConnectError {
    fn from(error: VerifyError) -> Self {
        Failure::from(error).into()
    }
}

impl From<verify::Certificate> for Certificate {
    fn from(certificate: verify::Certificate) -> Self {
        Self {
            id: certificate.id,
            certificate_type: type_name(certificate.certificate_type),
            created_at: certificate.created_at.to_string(),
        }
    }
}

impl From<verify::Check> for CertificateStatus {
    fn from(check: verify::Check) -> Self {
        Self {
            id: check.id,
            status: if check.revocation.is_some() { "STATUS_REVOKED" } else { "STATUS_GOOD" },
            check_method: match check.method {
                Method::Crl => "CHECK_METHOD_CRL",
                Method::Ocsp => "CHECK_METHOD_OCSP",
            },
            check_purpose: match check.purpose {
                Purpose::SignatureVerification => "CHECK_PURPOSE_SIGNATURE_VERIFICATION",
                Purpose::LivenessCheck => "CHECK_PURPOSE_LIVENESS_CHECK",
            },
            source_updated_at: check.source_updated_at.map(|time| time.to_string()),
            revoked_at: check.revocation.map(|revocation| revocation.revoked_at.to_string()),
            revocation_reason: check.revocation.map(|revocation| reason_name(revocation.reason)),
            created_at: check.created_at.to_string(),
        }
    }
}

impl From<verify::Check> for StatusOnly {
    fn from(check: verify::Check) -> Self {
        Self { certificate_status: check.into() }
    }
}

impl From<verify::User> for User {
    fn from(user: verify::User) -> Self {
        Self { id: user.id, created_at: user.created_at.to_string() }
    }
}

impl From<verify::User> for UserOnly {
    fn from(user: verify::User) -> Self {
        Self { user: user.into() }
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

impl From<verify::CheckedUser> for CheckedUser {
    fn from(checked: verify::CheckedUser) -> Self {
        Self {
            certificate: checked.certificate.into(),
            certificate_status: checked.check.into(),
            user: checked.user.into(),
        }
    }
}

impl From<verify::Verified> for Verified {
    fn from(verified: verify::Verified) -> Self {
        let content = CertificateContent::new(verified.content, verified.certificate.certificate_type);
        Self {
            verification: verified.verification.into(),
            certificate: verified.certificate.into(),
            certificate_status: verified.check.map(CertificateStatus::from),
            certificate_content: content,
            user: verified.user.map(User::from),
            is_new_user: verified.is_new_user,
        }
    }
}

impl From<verify::KeptVerification> for KeptVerification {
    fn from(kept: verify::KeptVerification) -> Self {
        Self {
            verification: kept.verification.into(),
            certificate: kept.certificate.map(Certificate::from),
            certificate_status: kept.check.map(CertificateStatus::from),
            user: kept.user.map(User::from),
        }
    }
}

impl From<verify::Verification> for Verification {
    fn from(verification: verify::Verification) -> Self {
        Self {
            id: verification.id,
            result: match verification.result {
                VerificationResult::Ok => "RESULT_OK",
                VerificationResult::SignatureMismatch => "RESULT_SIGNATURE_MISMATCH",
                VerificationResult::CertificateRevoked => "RESULT_CERTIFICATE_REVOKED",
                VerificationResult::CertificateExpired => "RESULT_CERTIFICATE_EXPIRED",
            },
            hash_algorithm: match verification.hash {
                HashAlgorithm::Sha256 => "HASH_ALGORITHM_SHA256",
                HashAlgorithm::Sha384 => "HASH_ALGORITHM_SHA384",
                HashAlgorithm::Sha512 => "HASH_ALGORITHM_SHA512",
            },
            digest: encode(&verification.digest),
            signature: encode(&verification.signature),
            created_at: verification.created_at.to_string(),
        }
    }
}

impl CertificateContent {
    fn new(content: jpki::CertificateContent, certificate_type: CertificateType) -> Self {
        Self {
            subject: content.subject,
            validity: Validity {
                not_before: content.not_before.to_string(),
                not_after: content.not_after.to_string(),
            },
            crl_distribution_point: content.crl_distribution_point,
            of_type: match certificate_type {
                CertificateType::CardDigitalSignature => {
                    ContentOfType::DigitalSignature(content.attributes.unwrap_or_default().into())
                }
                CertificateType::CardUserAuthentication => ContentOfType::UserAuthentication {},
            },
        }
    }
}

impl From<BasicAttributes> for DigitalSignatureContent {
    fn from(attributes: BasicAttributes) -> Self {
        Self {
            common_name: attributes.common_name.unwrap_or_default(),
            substitute_character_of_common_name: attributes
                .substitute_character_of_common_name
                .unwrap_or_default(),
            gender: attributes.gender.unwrap_or_default(),
            date_of_birth: attributes.date_of_birth.unwrap_or_default(),
            address: attributes.address.unwrap_or_default(),
            substitute_character_of_address: attributes.substitute_character_of_address.unwrap_or_default(),
        }
    }
}
