//! The messages of version 2, as they are in answers. Singular fields without presence are written even where they have
//! their default; those with presence are left out where they are not set.

use serde::Serialize;
use uuid::Uuid;

/// `Certificate`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Certificate {
    pub(super) id: Uuid,
    #[serde(rename = "type")]
    pub(super) certificate_type: &'static str,
    pub(super) created_at: String,
}

/// `CertificateStatus`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CertificateStatus {
    pub(super) id: Uuid,
    pub(super) status: &'static str,
    pub(super) check_method: &'static str,
    pub(super) check_purpose: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source_updated_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) revoked_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) revocation_reason: Option<&'static str>,
    pub(super) created_at: String,
}

/// `User`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    pub(super) id: Uuid,
    pub(super) created_at: String,
}

/// `Verification`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Verification {
    pub(super) id: Uuid,
    pub(super) result: &'static str,
    pub(super) hash_algorithm: &'static str,
    pub(super) digest: String,
    pub(super) signature: String,
    pub(super) created_at: String,
}

/// `CertificateContent`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CertificateContent {
    pub(super) subject: String,
    pub(super) validity: Validity,
    pub(super) crl_distribution_point: String,
    #[serde(flatten)]
    pub(super) of_type: ContentOfType,
}

/// `CertificateContent.Validity`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Validity {
    pub(super) not_before: String,
    pub(super) not_after: String,
}

/// `CertificateContent.type_specific_content`.
#[derive(Debug, Serialize)]
pub(super) enum ContentOfType {
    #[serde(rename = "jpkiCardDigitalSignatureContent")]
    DigitalSignature(DigitalSignatureContent),
    #[serde(rename = "jpkiCardUserAuthenticationContent")]
    UserAuthentication {},
}

/// `JPKICardDigitalSignatureContent`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DigitalSignatureContent {
    pub(super) common_name: String,
    pub(super) substitute_character_of_common_name: String,
    pub(super) gender: String,
    pub(super) date_of_birth: String,
    pub(super) address: String,
    pub(super) substitute_character_of_address: String,
}

/// `GetCertificateResponse`, and one of `ListCertificatesResponse`.
#[derive(Debug, Serialize)]
pub(super) struct CertificateWithUser {
    pub(super) certificate: Certificate,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<User>,
}

/// `CheckCertificateStatusResponse`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CheckedCertificate {
    pub(super) certificate: Certificate,
    pub(super) certificate_status: CertificateStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<User>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) is_new_user: Option<bool>,
}

/// `GetCertificateStatusResponse`, and one of `ListCertificateStatusesResponse`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusOnly {
    pub(super) certificate_status: CertificateStatus,
}

/// `GetUserResponse`, and one of `ListUsersResponse`.
#[derive(Debug, Serialize)]
pub(super) struct UserOnly {
    pub(super) user: User,
}

/// `CheckUserStatusResponse`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CheckedUser {
    pub(super) certificate: Certificate,
    pub(super) certificate_status: CertificateStatus,
    pub(super) user: User,
}

/// `VerifyResponse`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Verified {
    pub(super) verification: Verification,
    pub(super) certificate: Certificate,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) certificate_status: Option<CertificateStatus>,
    pub(super) certificate_content: CertificateContent,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<User>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) is_new_user: Option<bool>,
}

/// `GetVerificationResponse`, and one of `ListVerificationsResponse`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeptVerification {
    pub(super) verification: Verification,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) certificate: Option<Certificate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) certificate_status: Option<CertificateStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<User>,
}

/// The responses of every `List…`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<T> {
    pub(super) next_page_token: String,
    pub(super) total_size: i32,
    pub(super) responses: Vec<T>,
}

/// A message without fields.
#[derive(Debug, Serialize)]
pub(super) struct Empty {}
