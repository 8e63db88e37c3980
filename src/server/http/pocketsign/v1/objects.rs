//! The objects of version 1, as they are in answers.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// An answer about one certificate that was checked.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CheckedCertificate {
    /// The certificate.
    pub(super) certificate: Certificate,
    /// What the check found.
    pub(super) certificate_status: CertificateStatus,
    /// Who it was issued to, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<User>,
    /// Whether the user is new; only where the user was to be identified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) is_new_user: Option<bool>,
}

/// As [`CheckedCertificate`], of a certificate that came with the request.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CheckedCertificateWithContent {
    /// The certificate.
    pub(super) certificate: Certificate,
    /// What the check found.
    pub(super) certificate_status: CertificateStatus,
    /// What the certificate says.
    pub(super) certificate_content: CertificateContent,
    /// Who it was issued to, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<User>,
    /// Whether the user is new; only where the user was to be identified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) is_new_user: Option<bool>,
}

/// What became of a signature.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Verified {
    /// The verification, as it is kept.
    pub(super) verification: Verification,
    /// The certificate.
    pub(super) certificate: Certificate,
    /// What the revocation check found; absent where an earlier step decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) certificate_status: Option<CertificateStatus>,
    /// What the certificate says.
    pub(super) certificate_content: CertificateContent,
    /// Who it was issued to, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<User>,
    /// Whether the user is new; only where the user was to be identified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) is_new_user: Option<bool>,
}

/// A verification that was kept. The certificate and its status are absent once the certificate is deleted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeptVerification {
    /// The verification.
    pub(super) verification: Verification,
    /// The certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) certificate: Option<Certificate>,
    /// What the revocation check found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) certificate_status: Option<CertificateStatus>,
    /// Who the certificate was issued to, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<User>,
}

/// A certificate, and who it was issued to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CertificateWithUser {
    /// The certificate.
    pub(super) certificate: Certificate,
    /// Who it was issued to, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<User>,
}

/// One check of the history.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CertificateStatusEntry {
    /// What the check found.
    pub(super) certificate_status: CertificateStatus,
}

/// A user by itself.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserEntry {
    /// The user.
    pub(super) user: User,
}

/// How the newest certificate of a user stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CheckedUser {
    /// The certificate.
    pub(super) certificate: Certificate,
    /// What the check found.
    pub(super) certificate_status: CertificateStatus,
    /// The user.
    pub(super) user: User,
}

/// A page of results.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// How many results there are, on all pages.
    #[schema(minimum = 0)]
    pub(super) total: i64,
    /// At most so many are on a page.
    #[schema(minimum = 0, maximum = 100)]
    pub(super) limit: i64,
    /// How many are before this page.
    #[schema(minimum = 0)]
    pub(super) offset: i64,
    /// The results, ascending by the time of creation.
    pub(super) results: Vec<T>,
}

/// A certificate that was stored.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Certificate {
    /// Id of the certificate.
    pub(super) id: Uuid,
    /// Kind of certificate.
    #[serde(rename = "type")]
    pub(super) certificate_type: CertificateType,
    /// Whether it is the one issued last of its type and user; false while the user is not identified.
    pub(super) latest: bool,
    /// When it was stored.
    #[schema(format = DateTime)]
    pub(super) created_at: String,
}

/// What a revocation check found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CertificateStatus {
    /// Id of the check.
    pub(super) id: Uuid,
    /// State of the certificate.
    pub(super) status: Status,
    /// How it was checked.
    pub(super) check_method: CheckMethod,
    /// What for.
    pub(super) check_purpose: CheckPurpose,
    /// `thisUpdate` of the list or of the answer of the responder. Absent where a list does not name the certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub(super) source_updated_at: Option<String>,
    /// Since when it is revoked; absent unless it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub(super) revoked_at: Option<String>,
    /// Why it was revoked (RFC 5280 section 5.3.1); absent unless it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) revocation_reason: Option<RevocationReason>,
    /// When it was checked.
    #[schema(format = DateTime)]
    pub(super) created_at: String,
}

/// Somebody whom certificates were issued to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct User {
    /// Id of the user, the same for all certificates of one person in a tenant.
    pub(super) id: Uuid,
    /// When the user was first identified.
    #[schema(format = DateTime)]
    pub(super) created_at: String,
}

/// A verification.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Verification {
    /// Id of the verification.
    pub(super) id: Uuid,
    /// What came of it.
    pub(super) result: VerificationResult,
    /// The hash of the digest.
    pub(super) hash_algorithm: HashAlgorithm,
    /// The digest, in base64.
    #[schema(format = Byte)]
    pub(super) digest: String,
    /// The signature, in base64.
    #[schema(format = Byte)]
    pub(super) signature: String,
    /// When it was verified.
    #[schema(format = DateTime)]
    pub(super) created_at: String,
}

/// What a certificate says; only in the answer to the request that carried it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CertificateContent {
    /// The subject as RFC 4514 writes it.
    pub(super) subject: String,
    /// When it is valid.
    pub(super) validity: Validity,
    /// The distribution point of its list as RFC 4514 writes it.
    pub(super) crl_distribution_point: String,
    /// The attributes of its holder; only of certificates for digital signatures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subject_alternative_name: Option<SubjectAlternativeName>,
}

/// When a certificate is valid, both ends included.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Validity {
    /// From when.
    #[schema(format = DateTime)]
    pub(super) not_before: String,
    /// Until when.
    #[schema(format = DateTime)]
    pub(super) not_after: String,
}

/// The attributes of a certificate's holder, as the certificate has them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SubjectAlternativeName {
    /// Full name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) common_name: Option<String>,
    /// One digit for each character of the name: 1 where another character stands for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) substitute_character_of_common_name: Option<String>,
    /// 1 male, 2 female, 3 unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) gender: Option<String>,
    /// Era and date: EYYYYMMDD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) date_of_birth: Option<String>,
    /// Address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<String>,
    /// One digit for each character of the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) substitute_character_of_address: Option<String>,
}

/// Kind of certificate.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CertificateType {
    JpkiCardDigitalSignature,
    JpkiCardUserAuthentication,
}

/// State of a certificate.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Good,
    Revoked,
}

/// How a certificate is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CheckMethod {
    /// By the lists of revoked certificates, which are fetched once a day.
    Crl,
    /// By asking the authority's responder.
    Ocsp,
}

/// What a check was for.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CheckPurpose {
    SignatureVerification,
    LivenessCheck,
}

/// Why a certificate was revoked.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RevocationReason {
    Unspecified,
    KeyCompromise,
    CaCompromise,
    AffiliationChanged,
    Superseded,
    CessationOfOperation,
    CertificateHold,
    RemoveFromCrl,
    PrivilegeWithdrawn,
    AaCompromise,
}

/// The hash of a digest.
#[derive(Debug, Clone, Copy, Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum HashAlgorithm {
    Sha256,
    Sha384,
    Sha512,
}

/// What came of a verification. Which of the two spellings is used is a setting of the server; the first is the usual
/// one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(super) enum VerificationResult {
    #[serde(rename = "RESULT_OK")]
    SchemaOk,
    #[serde(rename = "RESULT_SIGNATURE_MISMATCH")]
    SchemaMismatch,
    #[serde(rename = "RESULT_CERTIFICATE_REVOKED")]
    SchemaRevoked,
    #[serde(rename = "RESULT_CERTIFICATE_EXPIRED")]
    SchemaExpired,
    #[serde(rename = "ok")]
    ProseOk,
    #[serde(rename = "signature_did_not_match")]
    ProseMismatch,
    #[serde(rename = "certificate_has_been_revoked")]
    ProseRevoked,
    #[serde(rename = "certificate_has_expired")]
    ProseExpired,
}
