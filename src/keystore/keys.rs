//! Making keys, and using them.

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaKeyPair, RsaSignatureEncoding,
};
use rustls::pki_types::PrivateKeyDer;
use zeroize::Zeroizing;

use super::{KeyError, PrivateKey};

/// The keys that are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// RSA.
    Rsa(RsaBits),
    /// ECDSA on P-256, which signs with SHA-256.
    P256,
    /// ECDSA on P-384, which signs with SHA-384.
    P384,
}

/// The sizes of RSA keys that are made. The library makes none below 2048 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RsaBits {
    /// 2048 bits.
    B2048,
    /// 3072 bits.
    B3072,
    /// 4096 bits.
    B4096,
}

/// The digests under a signature. The library signs with nothing older.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureDigest {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl RsaBits {
    /// The size with this many bits.
    #[must_use]
    pub fn of(bits: u64) -> Option<Self> {
        match bits {
            2048 => Some(Self::B2048),
            3072 => Some(Self::B3072),
            4096 => Some(Self::B4096),
            _ => None,
        }
    }
}

impl KeyAlgorithm {
    /// Whether keys of this kind can sign with this digest. That of a curve is fixed.
    #[must_use]
    pub fn signs_with(self, digest: SignatureDigest) -> bool {
        match self {
            Self::Rsa(_) => true,
            Self::P256 => digest == SignatureDigest::Sha256,
            Self::P384 => digest == SignatureDigest::Sha384,
        }
    }
}

/// A key that signs certificates and requests.
pub(super) struct Signer {
    pair: Pair,
    algorithm: &'static rcgen::SignatureAlgorithm,
}

enum Pair {
    Rsa(Box<RsaKeyPair>, &'static RsaSignatureEncoding),
    Ecdsa(EcdsaKeyPair),
}

impl Signer {
    /// Makes a key. The octets of it that leave the library are wiped when they are dropped.
    pub(super) fn generate(
        algorithm: KeyAlgorithm,
        digest: SignatureDigest,
    ) -> Result<(Self, PrivateKey), KeyError> {
        let failed = |_| KeyError::Generate { reason: "the library did not say why".to_owned() };
        let (pair, pkcs8, algorithm) = match algorithm {
            KeyAlgorithm::Rsa(bits) => {
                let size = match bits {
                    RsaBits::B2048 => KeySize::Rsa2048,
                    RsaBits::B3072 => KeySize::Rsa3072,
                    RsaBits::B4096 => KeySize::Rsa4096,
                };
                let pair = RsaKeyPair::generate(size).map_err(failed)?;
                let pkcs8 = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).map_err(failed)?;
                let pkcs8 = Zeroizing::new(pkcs8.as_ref().to_vec());
                let (encoding, algorithm) = match digest {
                    SignatureDigest::Sha256 => (&RSA_PKCS1_SHA256, &rcgen::PKCS_RSA_SHA256),
                    SignatureDigest::Sha384 => (&RSA_PKCS1_SHA384, &rcgen::PKCS_RSA_SHA384),
                    SignatureDigest::Sha512 => (&RSA_PKCS1_SHA512, &rcgen::PKCS_RSA_SHA512),
                };
                (Pair::Rsa(Box::new(pair), encoding), pkcs8, algorithm)
            }
            KeyAlgorithm::P256 => {
                let (pair, pkcs8) = generate_ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING)?;
                (pair, pkcs8, &rcgen::PKCS_ECDSA_P256_SHA256)
            }
            KeyAlgorithm::P384 => {
                let (pair, pkcs8) = generate_ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING)?;
                (pair, pkcs8, &rcgen::PKCS_ECDSA_P384_SHA384)
            }
        };
        let key = PrivateKey::from_pkcs8(pkcs8)
            .map_err(|error| KeyError::Generate { reason: error.to_string() })?;
        Ok((Self { pair, algorithm }, key))
    }
}

fn generate_ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> Result<(Pair, Zeroizing<Vec<u8>>), KeyError> {
    let failed = |_| KeyError::Generate { reason: "the library did not say why".to_owned() };
    let pair = EcdsaKeyPair::generate(algorithm).map_err(failed)?;
    let pkcs8 = pair.to_pkcs8v1().map_err(failed)?;
    Ok((Pair::Ecdsa(pair), Zeroizing::new(pkcs8.as_ref().to_vec())))
}

impl rcgen::PublicKeyData for Signer {
    fn der_bytes(&self) -> &[u8] {
        match &self.pair {
            Pair::Rsa(pair, _) => pair.public_key().as_ref(),
            Pair::Ecdsa(pair) => pair.public_key().as_ref(),
        }
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        self.algorithm
    }
}

impl rcgen::SigningKey for Signer {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let random = SystemRandom::new();
        let failed = |_| rcgen::Error::RemoteKeyError;
        match &self.pair {
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            Pair::Ecdsa(pair) => {
                pair.sign(&random, message).map(|signature| signature.as_ref().to_vec()).map_err(failed)
            }
        }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({:?})", self.algorithm)
    }
}

/// The SubjectPublicKeyInfo of a private key that TLS can use; `None` for other kinds of keys.
#[must_use]
pub fn public_key_of(key: &PrivateKey) -> Option<Vec<u8>> {
    let der = PrivateKeyDer::Pkcs8(key.pkcs8().into());
    let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&der).ok()?;
    key.public_key().map(|public| public.as_ref().to_vec())
}
