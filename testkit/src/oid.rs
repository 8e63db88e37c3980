//! The object identifiers the kit writes, in dotted decimal.

/// cRLNumber.
pub const CRL_NUMBER: &str = "2.5.29.20";
/// reasonCode.
pub const REASON_CODE: &str = "2.5.29.21";
/// holdInstructionCode.
pub const HOLD_INSTRUCTION: &str = "2.5.29.23";
/// invalidityDate.
pub const INVALIDITY_DATE: &str = "2.5.29.24";
/// deltaCRLIndicator.
pub const DELTA_CRL_INDICATOR: &str = "2.5.29.27";
/// issuingDistributionPoint.
pub const ISSUING_DISTRIBUTION_POINT: &str = "2.5.29.28";
/// certificateIssuer.
pub const CERTIFICATE_ISSUER: &str = "2.5.29.29";
/// issuerAltName.
pub const ISSUER_ALT_NAME: &str = "2.5.29.18";
/// cRLDistributionPoints.
pub const CRL_DISTRIBUTION_POINTS: &str = "2.5.29.31";
/// authorityKeyIdentifier.
pub const AUTHORITY_KEY_IDENTIFIER: &str = "2.5.29.35";
/// freshestCRL.
pub const FRESHEST_CRL: &str = "2.5.29.46";
/// expiredCertsOnCRL.
pub const EXPIRED_CERTS_ON_CRL: &str = "2.5.29.60";
/// subjectKeyIdentifier.
pub const SUBJECT_KEY_IDENTIFIER: &str = "2.5.29.14";
/// keyUsage.
pub const KEY_USAGE: &str = "2.5.29.15";
/// basicConstraints.
pub const BASIC_CONSTRAINTS: &str = "2.5.29.19";
/// extKeyUsage.
pub const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
/// authorityInfoAccess.
pub const AUTHORITY_INFO_ACCESS: &str = "1.3.6.1.5.5.7.1.1";
/// id-ad-ocsp.
pub const AD_OCSP: &str = "1.3.6.1.5.5.7.48.1";
/// id-kp-OCSPSigning.
pub const OCSP_SIGNING: &str = "1.3.6.1.5.5.7.3.9";
/// id-pkix-ocsp-basic.
pub const OCSP_BASIC: &str = "1.3.6.1.5.5.7.48.1.1";
/// id-pkix-ocsp-nonce.
pub const OCSP_NONCE: &str = "1.3.6.1.5.5.7.48.1.2";
/// id-pkix-ocsp-nocheck.
pub const OCSP_NOCHECK: &str = "1.3.6.1.5.5.7.48.1.5";
/// id-sha1.
pub const SHA1: &str = "1.3.14.3.2.26";
/// id-sha256.
pub const SHA256: &str = "2.16.840.1.101.3.4.2.1";

/// commonName.
pub const COMMON_NAME: &str = "2.5.4.3";
/// countryName.
pub const COUNTRY: &str = "2.5.4.6";
/// organizationName.
pub const ORGANIZATION: &str = "2.5.4.10";
/// organizationalUnitName.
pub const ORGANIZATIONAL_UNIT: &str = "2.5.4.11";
