//! The signature algorithms that are understood.

use std::fmt;

/// A signature algorithm with its hash, as an AlgorithmIdentifier names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-1. Refused unless explicitly allowed.
    RsaPkcs1Sha1 = 1,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaPkcs1Sha256 = 2,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RsaPkcs1Sha384 = 3,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RsaPkcs1Sha512 = 4,
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 octets.
    RsaPssSha256 = 5,
    /// RSASSA-PSS with SHA-384, MGF1 with SHA-384 and a salt of 48 octets.
    RsaPssSha384 = 6,
    /// RSASSA-PSS with SHA-512, MGF1 with SHA-512 and a salt of 64 octets.
    RsaPssSha512 = 7,
    /// ECDSA with SHA-1. Refused unless explicitly allowed.
    EcdsaSha1 = 8,
    /// ECDSA with SHA-256.
    EcdsaSha256 = 9,
    /// ECDSA with SHA-384.
    EcdsaSha384 = 10,
    /// ECDSA with SHA-512.
    EcdsaSha512 = 11,
    /// Ed25519 (RFC 8410).
    Ed25519 = 12,
}

impl SignatureAlgorithm {
    /// Every algorithm, in the order of the codes.
    pub const ALL: [Self; 12] = [
        Self::RsaPkcs1Sha1,
        Self::RsaPkcs1Sha256,
        Self::RsaPkcs1Sha384,
        Self::RsaPkcs1Sha512,
        Self::RsaPssSha256,
        Self::RsaPssSha384,
        Self::RsaPssSha512,
        Self::EcdsaSha1,
        Self::EcdsaSha256,
        Self::EcdsaSha384,
        Self::EcdsaSha512,
        Self::Ed25519,
    ];

    /// The algorithm of this code, as the index stores it.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.code() == code)
    }

    /// The code as the index stores it.
    #[must_use]
    #[allow(clippy::as_conversions, reason = "the discriminants of a repr(u8) enum are the codes")]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The name in answers, as OpenSSL spells it where it has one.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RsaPkcs1Sha1 => "sha1WithRSAEncryption",
            Self::RsaPkcs1Sha256 => "sha256WithRSAEncryption",
            Self::RsaPkcs1Sha384 => "sha384WithRSAEncryption",
            Self::RsaPkcs1Sha512 => "sha512WithRSAEncryption",
            Self::RsaPssSha256 => "rsassaPss-sha256",
            Self::RsaPssSha384 => "rsassaPss-sha384",
            Self::RsaPssSha512 => "rsassaPss-sha512",
            Self::EcdsaSha1 => "ecdsa-with-SHA1",
            Self::EcdsaSha256 => "ecdsa-with-SHA256",
            Self::EcdsaSha384 => "ecdsa-with-SHA384",
            Self::EcdsaSha512 => "ecdsa-with-SHA512",
            Self::Ed25519 => "ED25519",
        }
    }

    /// Whether the hash is SHA-1, which no longer resists collisions.
    #[must_use]
    pub const fn uses_sha1(self) -> bool {
        matches!(self, Self::RsaPkcs1Sha1 | Self::EcdsaSha1)
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_round_trip() {
        for algorithm in SignatureAlgorithm::ALL {
            assert_eq!(SignatureAlgorithm::from_code(algorithm.code()), Some(algorithm));
        }
        assert_eq!(SignatureAlgorithm::from_code(0), None);
    }
}
