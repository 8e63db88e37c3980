//! The CertID of OCSP: a certificate named by hashes of its issuer, and its serial.

use super::serial::Serial;

/// The issuer hashes of an OCSP CertID (RFC 6960 section 4.1.1), with the hash function that made them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CertIdHash {
    /// `hashAlgorithm` SHA-1.
    Sha1 {
        /// `issuerNameHash`: of the DER of the issuer's name.
        name: [u8; 20],
        /// `issuerKeyHash`: of the content of the BIT STRING of the issuer's key.
        key: [u8; 20],
    },
    /// `hashAlgorithm` SHA-256.
    Sha256 {
        /// `issuerNameHash`.
        name: [u8; 32],
        /// `issuerKeyHash`.
        key: [u8; 32],
    },
}

/// A certificate as OCSP names it (RFC 6960 section 4.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CertId {
    /// Whose certificate.
    pub issuer: CertIdHash,
    /// Which of them.
    pub serial: Serial,
}
