//! Signatures over a digest that somebody else computed.

use std::fmt;

use aws_lc_rs::digest::{self, Digest};

use super::accepted::Unsupported;
use super::certificate::IdentityCertificate;
use crate::pki::{AlgorithmPolicy, KeyKind, SignatureError, verify_digest};
use crate::types::{SignatureAlgorithm, UnixTime};

/// The hashes that are accepted (CRYPTREC LS-0001); SHA-1 is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HashAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl HashAlgorithm {
    /// Every hash.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// The name in answers and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// The hash of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hash| hash.name() == name)
    }

    /// Octets of a digest.
    #[must_use]
    pub const fn digest_octets(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }

    /// The signature that a key of this kind makes with it: RSASSA-PKCS1-v1_5, as cards do, or ECDSA.
    const fn signature(self, key: &KeyKind) -> Option<SignatureAlgorithm> {
        use SignatureAlgorithm as A;
        Some(match (key, self) {
            (KeyKind::Rsa { .. }, Self::Sha256) => A::RsaPkcs1Sha256,
            (KeyKind::Rsa { .. }, Self::Sha384) => A::RsaPkcs1Sha384,
            (KeyKind::Rsa { .. }, Self::Sha512) => A::RsaPkcs1Sha512,
            (KeyKind::P256 | KeyKind::P384 | KeyKind::P521, Self::Sha256) => A::EcdsaSha256,
            (KeyKind::P256 | KeyKind::P384 | KeyKind::P521, Self::Sha384) => A::EcdsaSha384,
            (KeyKind::P256 | KeyKind::P384 | KeyKind::P521, Self::Sha512) => A::EcdsaSha512,
            _ => return None,
        })
    }
}

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A digest of the length of its hash, and what is said to be a signature over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedDigest {
    hash: HashAlgorithm,
    digest: Vec<u8>,
    signature: Vec<u8>,
}

/// Why a digest and a signature are not worth verifying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignedDigestError {
    /// The digest is not of the hash.
    #[error("a digest of {hash} has {} octets, not {found}", .hash.digest_octets())]
    DigestLength {
        /// The hash that was named.
        hash: HashAlgorithm,
        /// The octets that came.
        found: usize,
    },
    /// There is no signature.
    #[error("the signature is empty")]
    NoSignature,
    /// Longer than any signature of a key that is accepted.
    #[error("the signature has {found} octets; at most {MAX_SIGNATURE} are read")]
    SignatureTooLong {
        /// The octets that came.
        found: usize,
    },
}

/// Octets of a signature: one of RSA with 8192 bits.
const MAX_SIGNATURE: usize = 1024;

/// What came of validity and signature, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Finding {
    /// The certificate is in its validity, and its key made the signature. Whether it is revoked is the next question.
    Genuine,
    /// The certificate is past its validity, or before it.
    Expired,
    /// Its key did not make the signature over this digest.
    Mismatch,
}

impl SignedDigest {
    /// Takes a digest and a signature.
    ///
    /// # Errors
    /// [`SignedDigestError`].
    pub fn new(hash: HashAlgorithm, digest: Vec<u8>, signature: Vec<u8>) -> Result<Self, SignedDigestError> {
        if digest.len() != hash.digest_octets() {
            return Err(SignedDigestError::DigestLength { hash, found: digest.len() });
        }
        match signature.len() {
            0 => Err(SignedDigestError::NoSignature),
            found if found > MAX_SIGNATURE => Err(SignedDigestError::SignatureTooLong { found }),
            _ => Ok(Self { hash, digest, signature }),
        }
    }

    /// The hash.
    #[must_use]
    pub const fn hash(&self) -> HashAlgorithm {
        self.hash
    }

    /// The digest.
    #[must_use]
    pub fn digest(&self) -> &[u8] {
        &self.digest
    }

    /// The signature.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Looks at the validity of the certificate at this time, and then at the signature.
    ///
    /// # Errors
    /// [`Unsupported::Key`] if keys of its kind and size make no signature that is understood here.
    pub fn judge(&self, signer: &IdentityCertificate, at: UnixTime) -> Result<Finding, Unsupported> {
        if !signer.is_valid_at(at) {
            return Ok(Finding::Expired);
        }
        let key = signer.certificate.public_key();
        let unusable = |reason: String| Unsupported::Key { reason };
        let algorithm = self.hash.signature(key.kind()).ok_or_else(|| {
            unusable(format!(
                "a key of kind {} makes no signatures over digests of {}",
                key.kind(),
                self.hash
            ))
        })?;
        // Its length is that of the hash, so that this does not fail.
        let digest = Digest::import_less_safe(&self.digest, self.hash.algorithm())
            .map_err(|_| unusable("the digest is not of the hash".to_owned()))?;
        match verify_digest(algorithm, key, &digest, &self.signature, &AlgorithmPolicy::default()) {
            Ok(()) => Ok(Finding::Genuine),
            Err(SignatureError::BadSignature) => Ok(Finding::Mismatch),
            Err(error) => Err(unusable(error.to_string())),
        }
    }
}
