//! The enums of version 2: names in the order of their numbers.

use super::proto_json::Names;

/// `Certificate.Type`.
pub(super) const CERTIFICATE_TYPE: Names =
    &["TYPE_UNSPECIFIED", "TYPE_JPKI_CARD_DIGITAL_SIGNATURE", "TYPE_JPKI_CARD_USER_AUTHENTICATION"];
/// `CertificateStatus.CheckMethod`.
pub(super) const CHECK_METHOD: Names = &["CHECK_METHOD_UNSPECIFIED", "CHECK_METHOD_CRL", "CHECK_METHOD_OCSP"];
/// `Verification.HashAlgorithm`.
pub(super) const HASH_ALGORITHM: Names = &[
    "HASH_ALGORITHM_UNSPECIFIED",
    "HASH_ALGORITHM_SHA256",
    "HASH_ALGORITHM_SHA384",
    "HASH_ALGORITHM_SHA512",
];
