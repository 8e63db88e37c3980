//! Public keys: SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), their digests and the kinds that are understood.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

use super::der::{DerError, read_single, tag};
use super::oid;
use super::signature::pss_algorithm;
use crate::types::{SignatureAlgorithm, to_hex};

/// A public key as a certificate carries it. Equal keys have the same DER octets.
///
/// Cloning is cheap.
#[derive(Clone)]
pub struct PublicKey(Arc<Parts>);

struct Parts {
    spki: Box<[u8]>,
    /// The content of the BIT STRING.
    key: Box<[u8]>,
    kind: KeyKind,
    spki_sha256: [u8; 32],
    key_sha1: [u8; 20],
    key_sha256: [u8; 32],
}

/// What a key is, as far as signatures need to know.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyKind {
    /// RSA of this many bits (`rsaEncryption`).
    Rsa {
        /// Bits of the modulus.
        bits: u32,
    },
    /// RSA of this many bits for RSASSA-PSS only (`id-RSASSA-PSS`, RFC 4055 section 1.2).
    RsaPss {
        /// Bits of the modulus.
        bits: u32,
        /// The only algorithm the key may be used with, if the key is limited to one.
        only: Option<SignatureAlgorithm>,
    },
    /// On the curve P-256.
    P256,
    /// On the curve P-384.
    P384,
    /// On the curve P-521.
    P521,
    /// Ed25519.
    Ed25519,
    /// A kind whose signatures cannot be verified here: the object identifier of algorithm or curve.
    Unsupported(String),
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA of {bits} bits"),
            Self::RsaPss { bits, .. } => write!(f, "RSASSA-PSS of {bits} bits"),
            Self::P256 => f.write_str("P-256"),
            Self::P384 => f.write_str("P-384"),
            Self::P521 => f.write_str("P-521"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Unsupported(oid) => write!(f, "unsupported ({oid})"),
        }
    }
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo. A key of an unknown kind is read as well: only its signatures are out of reach.
    ///
    /// # Errors
    /// For malformed DER.
    pub fn from_spki(der: &[u8]) -> Result<Self, DerError> {
        let mut reader = read_single(der, tag::SEQUENCE)?.reader();
        let mut algorithm = reader.read(tag::SEQUENCE)?.reader();
        let key = reader.read(tag::BIT_STRING)?.octet_bits()?;
        reader.finish()?;
        let algorithm_oid = algorithm.read(tag::OID)?.oid()?;
        let parameters = if algorithm.is_empty() { None } else { Some(algorithm.any()?) };
        algorithm.finish()?;
        let unsupported = |octets: &[u8]| KeyKind::Unsupported(oid::dotted(octets));
        let kind = match algorithm_oid {
            oid::RSA_ENCRYPTION => {
                modulus_bits(key).map_or_else(|| unsupported(algorithm_oid), |bits| KeyKind::Rsa { bits })
            }
            oid::RSASSA_PSS => {
                // Parameters on the key limit it to them (RFC 4055 section 1.2); none leave the choice.
                let only = parameters.map(|parameters| pss_algorithm(Some(parameters)).ok());
                match (modulus_bits(key), only) {
                    (Some(bits), None) => KeyKind::RsaPss { bits, only: None },
                    (Some(bits), Some(Some(only))) => KeyKind::RsaPss { bits, only: Some(only) },
                    _ => unsupported(algorithm_oid),
                }
            }
            oid::EC_PUBLIC_KEY => match parameters {
                Some(curve) if curve.tag == tag::OID => match curve.oid()? {
                    oid::P256 => KeyKind::P256,
                    oid::P384 => KeyKind::P384,
                    oid::P521 => KeyKind::P521,
                    other => unsupported(other),
                },
                // Explicit curve parameters (RFC 5480 section 2.1.1 forbids them) have let attackers choose a curve.
                _ => unsupported(algorithm_oid),
            },
            oid::ED25519 => KeyKind::Ed25519,
            other => unsupported(other),
        };
        Ok(Self(Arc::new(Parts {
            spki: der.into(),
            kind,
            spki_sha256: sha256(der),
            key_sha1: sha1(key),
            key_sha256: sha256(key),
            key: key.into(),
        })))
    }

    /// The DER SubjectPublicKeyInfo.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.0.spki
    }

    /// SHA-256 of the SubjectPublicKeyInfo: what tells keys apart in this crate.
    #[must_use]
    pub fn spki_sha256(&self) -> &[u8; 32] {
        &self.0.spki_sha256
    }

    /// SHA-1 of the key's octets alone, as an OCSP CertID has it (RFC 6960 section 4.1.1).
    #[must_use]
    pub fn key_sha1(&self) -> &[u8; 20] {
        &self.0.key_sha1
    }

    /// SHA-256 of the key's octets alone, for CertIDs with SHA-256.
    #[must_use]
    pub fn key_sha256(&self) -> &[u8; 32] {
        &self.0.key_sha256
    }

    /// What kind of key it is.
    #[must_use]
    pub fn kind(&self) -> &KeyKind {
        &self.0.kind
    }

    /// The octets of the key, without the algorithm.
    pub(crate) fn key_octets(&self) -> &[u8] {
        &self.0.key
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.spki == other.0.spki
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {})", self.kind(), to_hex(self.spki_sha256()))
    }
}

/// SHA-256 of some octets.
#[must_use]
pub fn sha256(octets: &[u8]) -> [u8; 32] {
    // A SHA-256 digest has 32 octets, so the fallback is never taken.
    digest(&SHA256, octets).as_ref().try_into().unwrap_or([0; 32])
}

/// SHA-1 of some octets, for the identifiers that are defined with it.
#[must_use]
pub fn sha1(octets: &[u8]) -> [u8; 20] {
    // A SHA-1 digest has 20 octets, so the fallback is never taken.
    digest(&SHA1_FOR_LEGACY_USE_ONLY, octets).as_ref().try_into().unwrap_or([0; 20])
}

/// Bits of the modulus of an RSAPublicKey (RFC 8017 appendix A.1.1); `None` if it is none.
fn modulus_bits(key: &[u8]) -> Option<u32> {
    const MAX_OCTETS: usize = 4096;
    let mut reader = read_single(key, tag::SEQUENCE).ok()?.reader();
    let modulus = reader.read(tag::INTEGER).ok()?.magnitude(MAX_OCTETS).ok()?;
    let significant = modulus.get(modulus.iter().position(|octet| *octet != 0)?..)?;
    let octets = u32::try_from(significant.len()).ok()?;
    Some(octets * 8 - significant.first()?.leading_zeros())
}
