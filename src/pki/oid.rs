//! The object identifiers this crate knows, as content octets, and any of them as text.

use std::fmt::Write;

/// reasonCode (RFC 5280 section 5.3.1).
pub(crate) const REASON_CODE: &[u8] = &[0x55, 0x1d, 0x15];
/// holdInstructionCode (RFC 3280 section 5.3.2; dropped since).
pub(crate) const HOLD_INSTRUCTION: &[u8] = &[0x55, 0x1d, 0x17];
/// invalidityDate (RFC 5280 section 5.3.2).
pub(crate) const INVALIDITY_DATE: &[u8] = &[0x55, 0x1d, 0x18];
/// certificateIssuer (RFC 5280 section 5.3.3).
pub(crate) const CERTIFICATE_ISSUER: &[u8] = &[0x55, 0x1d, 0x1d];

/// cRLNumber (RFC 5280 section 5.2.3).
pub(crate) const CRL_NUMBER: &[u8] = &[0x55, 0x1d, 0x14];
/// deltaCRLIndicator (RFC 5280 section 5.2.4).
pub(crate) const DELTA_CRL_INDICATOR: &[u8] = &[0x55, 0x1d, 0x1b];
/// issuingDistributionPoint (RFC 5280 section 5.2.5).
pub(crate) const ISSUING_DISTRIBUTION_POINT: &[u8] = &[0x55, 0x1d, 0x1c];
/// freshestCRL (RFC 5280 sections 4.2.1.15 and 5.2.6).
pub(crate) const FRESHEST_CRL: &[u8] = &[0x55, 0x1d, 0x2e];
/// expiredCertsOnCRL (X.509 section 9.5.2.8).
pub(crate) const EXPIRED_CERTS_ON_CRL: &[u8] = &[0x55, 0x1d, 0x3c];

/// subjectKeyIdentifier (RFC 5280 section 4.2.1.2).
pub(crate) const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x0e];
/// keyUsage (RFC 5280 section 4.2.1.3).
pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
/// basicConstraints (RFC 5280 section 4.2.1.9).
pub(crate) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
/// cRLDistributionPoints (RFC 5280 section 4.2.1.13).
pub(crate) const CRL_DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1d, 0x1f];
/// authorityKeyIdentifier (RFC 5280 sections 4.2.1.1 and 5.2.1).
pub(crate) const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x23];
/// authorityInfoAccess (RFC 5280 section 4.2.2.1).
pub(crate) const AUTHORITY_INFO_ACCESS: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01];
/// id-ad-ocsp (RFC 5280 section 4.2.2.1).
pub(crate) const AD_OCSP: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01];

/// extKeyUsage (RFC 5280 section 4.2.1.12).
pub(crate) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
/// subjectAltName (RFC 5280 section 4.2.1.6).
pub(crate) const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
/// certificatePolicies (RFC 5280 section 4.2.1.4).
pub(crate) const CERTIFICATE_POLICIES: &[u8] = &[0x55, 0x1d, 0x20];
/// subjectDirectoryAttributes (RFC 5280 section 4.2.1.8).
pub(crate) const SUBJECT_DIRECTORY_ATTRIBUTES: &[u8] = &[0x55, 0x1d, 0x09];
/// id-pe-qcStatements (RFC 3739 section 3.2.6).
pub(crate) const QC_STATEMENTS: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x03];
/// id-etsi-qcs-QcType (ETSI EN 319 412-5 section 4.2.3).
pub(crate) const QC_TYPE: &[u8] = &[0x04, 0x00, 0x8e, 0x46, 0x01, 0x06];
/// id-kp-OCSPSigning (RFC 6960 section 4.2.2.2).
pub(crate) const OCSP_SIGNING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x09];
/// id-pkix-ocsp-nocheck (RFC 6960 section 4.2.2.2.1).
pub(crate) const OCSP_NOCHECK: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x05];

/// sha1WithRSAEncryption (RFC 3279).
pub(crate) const RSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05];
/// sha256WithRSAEncryption (RFC 4055).
pub(crate) const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
/// sha384WithRSAEncryption (RFC 4055).
pub(crate) const RSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c];
/// sha512WithRSAEncryption (RFC 4055).
pub(crate) const RSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d];
/// id-RSASSA-PSS (RFC 4055).
pub(crate) const RSASSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
/// id-mgf1 (RFC 4055).
pub(crate) const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08];
/// rsaEncryption (RFC 3279).
pub(crate) const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// ecdsa-with-SHA1 (RFC 3279).
pub(crate) const ECDSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];
/// ecdsa-with-SHA256 (RFC 5758).
pub(crate) const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// ecdsa-with-SHA384 (RFC 5758).
pub(crate) const ECDSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
/// ecdsa-with-SHA512 (RFC 5758).
pub(crate) const ECDSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04];
/// id-ecPublicKey (RFC 5480).
pub(crate) const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// secp256r1 (RFC 5480).
pub(crate) const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// secp384r1 (RFC 5480).
pub(crate) const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
/// secp521r1 (RFC 5480).
pub(crate) const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
/// id-Ed25519 (RFC 8410).
pub(crate) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
/// id-sha256 (RFC 4055).
pub(crate) const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
/// id-sha384 (RFC 4055).
pub(crate) const SHA384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
/// id-sha512 (RFC 4055).
pub(crate) const SHA512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];

/// An object identifier in dotted decimal; `content` are the content octets.
///
/// An arc beyond 128 bits, which nobody assigns, is written as `?`, so that no input can make this fail.
#[must_use]
pub fn dotted(content: &[u8]) -> String {
    let mut text = String::new();
    let mut arc = Some(0_u128);
    let mut first = true;
    for octet in content {
        arc = arc.and_then(|arc| arc.checked_mul(128)).map(|arc| arc | u128::from(octet & 0x7f));
        if *octet >= 0x80 {
            continue;
        }
        if first {
            // The first two arcs share one number (X.690 section 8.19.4).
            let root = arc.map_or(2, |arc| (arc / 40).min(2));
            arc = arc.map(|arc| arc - root * 40);
            let _ = write!(text, "{root}");
            first = false;
        }
        match arc {
            Some(arc) => {
                let _ = write!(text, ".{arc}");
            }
            None => text.push_str(".?"),
        }
        arc = Some(0);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arcs_are_numbers() {
        assert_eq!(dotted(REASON_CODE), "2.5.29.21");
        assert_eq!(dotted(RSA_SHA256), "1.2.840.113549.1.1.11");
        assert_eq!(dotted(P521), "1.3.132.0.35");
        assert_eq!(dotted(&[0x88, 0x37]), "2.999");
        assert_eq!(dotted(&[]), "");
        assert_eq!(dotted(&[0xff; 40]), "");
        let mut long = vec![0xff; 40];
        long.push(0x01);
        assert_eq!(dotted(&long), "2.?");
    }
}
