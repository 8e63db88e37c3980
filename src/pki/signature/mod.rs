//! Signatures of certificates and CRLs: which algorithm an AlgorithmIdentifier names, and whether a key made one.
//!
//! A signature is checked against a digest that was computed while the message streamed by, so that a list of any
//! size is never held. Only Ed25519 needs the message itself.

mod algorithm;

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::signature::{self as lc, ParsedPublicKey, VerificationAlgorithm};

pub use algorithm::AlgorithmId;
pub(crate) use algorithm::pss_algorithm;

use super::public_key::{KeyKind, PublicKey};
use crate::types::SignatureAlgorithm;

/// What is thought of SHA-1 in signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sha1 {
    /// Such signatures are not accepted: collisions of SHA-1 are affordable.
    #[default]
    Refused,
    /// Such signatures are accepted, for archives and old roots. Whoever can choose part of what a CA signs may then
    /// be able to forge.
    Allowed,
}

/// Which signature algorithms are accepted, beyond being understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AlgorithmPolicy {
    /// SHA-1; refused by default.
    pub sha1: Sha1,
}

impl AlgorithmPolicy {
    /// The policy that accepts SHA-1 as well.
    pub const ALLOW_SHA1: Self = Self { sha1: Sha1::Allowed };
}

/// Why a signature does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The algorithm, or its parameters, are not understood.
    #[error("the signature algorithm {algorithm} is not supported")]
    UnsupportedAlgorithm {
        /// The algorithm in words, or its object identifier.
        algorithm: String,
    },
    /// The algorithm is understood and the policy refuses it.
    #[error("{algorithm} is refused because SHA-1 no longer resists collisions; allow SHA-1 to accept it")]
    NotAllowed {
        /// The algorithm.
        algorithm: SignatureAlgorithm,
    },
    /// The key cannot make signatures of this algorithm.
    #[error("a key of kind {key} cannot make a signature of {algorithm}")]
    KeyDoesNotFit {
        /// The algorithm of the signature.
        algorithm: SignatureAlgorithm,
        /// The kind of the key.
        key: KeyKind,
    },
    /// The key did not make this signature over this message.
    #[error("the signature does not verify")]
    BadSignature,
}

impl SignatureError {
    /// The error as one word: `unsupported_algorithm` or `bad_signature`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnsupportedAlgorithm { .. } | Self::NotAllowed { .. } => "unsupported_algorithm",
            Self::KeyDoesNotFit { .. } | Self::BadSignature => "bad_signature",
        }
    }
}

/// The hash a signature algorithm puts on the message; `None` for Ed25519, which takes the message itself.
#[must_use]
pub fn hash_of(algorithm: SignatureAlgorithm) -> Option<&'static digest::Algorithm> {
    use SignatureAlgorithm as A;
    match algorithm {
        A::RsaPkcs1Sha1 | A::EcdsaSha1 => Some(&digest::SHA1_FOR_LEGACY_USE_ONLY),
        A::RsaPkcs1Sha256 | A::RsaPssSha256 | A::EcdsaSha256 => Some(&digest::SHA256),
        A::RsaPkcs1Sha384 | A::RsaPssSha384 | A::EcdsaSha384 => Some(&digest::SHA384),
        A::RsaPkcs1Sha512 | A::RsaPssSha512 | A::EcdsaSha512 => Some(&digest::SHA512),
        A::Ed25519 => None,
    }
}

/// Checks that `key` signed `message`.
///
/// # Errors
/// [`SignatureError`] says whether algorithm, policy, key or signature stand in the way.
pub fn verify_message(
    algorithm: SignatureAlgorithm,
    key: &PublicKey,
    message: &[u8],
    signature: &[u8],
    policy: &AlgorithmPolicy,
) -> Result<(), SignatureError> {
    match hash_of(algorithm) {
        Some(hash) => verify_digest(algorithm, key, &digest::digest(hash, message), signature, policy),
        None => prepare(algorithm, key, policy)?
            .verify_sig(message, signature)
            .map_err(|_| SignatureError::BadSignature),
    }
}

/// Checks that `key` signed the message whose digest this is, by the hash of [`hash_of`].
///
/// # Errors
/// As [`verify_message`]; Ed25519 has no such form, and a digest of another hash is a bad signature.
pub fn verify_digest(
    algorithm: SignatureAlgorithm,
    key: &PublicKey,
    digest: &Digest,
    signature: &[u8],
    policy: &AlgorithmPolicy,
) -> Result<(), SignatureError> {
    prepare(algorithm, key, policy)?
        .verify_digest_sig(digest, signature)
        .map_err(|_| SignatureError::BadSignature)
}

fn prepare(
    algorithm: SignatureAlgorithm,
    key: &PublicKey,
    policy: &AlgorithmPolicy,
) -> Result<ParsedPublicKey, SignatureError> {
    if algorithm.uses_sha1() && policy.sha1 == Sha1::Refused {
        return Err(SignatureError::NotAllowed { algorithm });
    }
    verifier(algorithm, key.kind())
        .and_then(|verifier| ParsedPublicKey::new(verifier, key.key_octets()).ok())
        .ok_or_else(|| SignatureError::KeyDoesNotFit { algorithm, key: key.kind().clone() })
}

/// The verification for an algorithm and a kind of key; `None` if they do not go together.
fn verifier(algorithm: SignatureAlgorithm, key: &KeyKind) -> Option<&'static dyn VerificationAlgorithm> {
    use KeyKind as K;
    use SignatureAlgorithm as A;
    /// Smaller moduli can be factored, larger ones make verifying a burden.
    const MIN_RSA: u32 = 2048;
    const MAX_RSA: u32 = 8192;
    if let K::Rsa { bits } | K::RsaPss { bits, .. } = key
        && !(MIN_RSA..=MAX_RSA).contains(bits)
    {
        return None;
    }
    if let K::RsaPss { only: Some(only), .. } = key
        && *only != algorithm
    {
        return None;
    }
    Some(match (algorithm, key) {
        (A::RsaPkcs1Sha1, K::Rsa { .. }) => &lc::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
        (A::RsaPkcs1Sha256, K::Rsa { .. }) => &lc::RSA_PKCS1_2048_8192_SHA256,
        (A::RsaPkcs1Sha384, K::Rsa { .. }) => &lc::RSA_PKCS1_2048_8192_SHA384,
        (A::RsaPkcs1Sha512, K::Rsa { .. }) => &lc::RSA_PKCS1_2048_8192_SHA512,
        (A::RsaPssSha256, K::Rsa { .. } | K::RsaPss { .. }) => &lc::RSA_PSS_2048_8192_SHA256,
        (A::RsaPssSha384, K::Rsa { .. } | K::RsaPss { .. }) => &lc::RSA_PSS_2048_8192_SHA384,
        (A::RsaPssSha512, K::Rsa { .. } | K::RsaPss { .. }) => &lc::RSA_PSS_2048_8192_SHA512,
        (A::EcdsaSha1, K::P256) => &lc::ECDSA_P256_SHA1_ASN1,
        (A::EcdsaSha256, K::P256) => &lc::ECDSA_P256_SHA256_ASN1,
        (A::EcdsaSha384, K::P256) => &lc::ECDSA_P256_SHA384_ASN1,
        (A::EcdsaSha512, K::P256) => &lc::ECDSA_P256_SHA512_ASN1,
        (A::EcdsaSha256, K::P384) => &lc::ECDSA_P384_SHA256_ASN1,
        (A::EcdsaSha384, K::P384) => &lc::ECDSA_P384_SHA384_ASN1,
        (A::EcdsaSha512, K::P384) => &lc::ECDSA_P384_SHA512_ASN1,
        (A::EcdsaSha1, K::P521) => &lc::ECDSA_P521_SHA1_ASN1,
        (A::EcdsaSha256, K::P521) => &lc::ECDSA_P521_SHA256_ASN1,
        (A::EcdsaSha384, K::P521) => &lc::ECDSA_P521_SHA384_ASN1,
        (A::EcdsaSha512, K::P521) => &lc::ECDSA_P521_SHA512_ASN1,
        (A::Ed25519, K::Ed25519) => &lc::ED25519,
        _ => return None,
    })
}
