//! Keys, and signatures of every algorithm a test may want.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self as lc, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaKeyPair,
};

use crate::der::{bit_string, element, explicit, integer, oid, sequence};

/// What kind of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// RSA of 2048 bits. Making one is slow, so there are four per process, given out in turn.
    Rsa,
    /// On P-256.
    P256,
    /// On P-384.
    P384,
    /// On P-521.
    P521,
    /// Ed25519.
    Ed25519,
}

impl KeyKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Rsa, Self::P256, Self::P384, Self::P521, Self::Ed25519];

    /// The signature a CA with such a key usually makes.
    #[must_use]
    pub const fn usual_signature(self) -> Signature {
        match self {
            Self::Rsa => Signature::RsaPkcs1Sha256,
            Self::P256 => Signature::EcdsaSha256,
            Self::P384 => Signature::EcdsaSha384,
            Self::P521 => Signature::EcdsaSha512,
            Self::Ed25519 => Signature::Ed25519,
        }
    }
}

/// A signature algorithm. The ones with SHA-1, and curves with a hash not of their size, are made by the `openssl`
/// program, which has to be installed for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Signature {
    RsaPkcs1Sha1,
    RsaPkcs1Sha256,
    RsaPkcs1Sha384,
    RsaPkcs1Sha512,
    RsaPssSha256,
    RsaPssSha384,
    RsaPssSha512,
    EcdsaSha1,
    EcdsaSha256,
    EcdsaSha384,
    EcdsaSha512,
    Ed25519,
}

impl Signature {
    /// The DER AlgorithmIdentifier.
    #[must_use]
    pub fn algorithm(self) -> Vec<u8> {
        let null = vec![5, 0];
        let rsa = |last: u8| sequence(&[oid(&format!("1.2.840.113549.1.1.{last}")), null.clone()]);
        let ecdsa = |last: &str| sequence(&[oid(&format!("1.2.840.10045.4.{last}"))]);
        let pss = |hash: u8, salt: u64| {
            let hash = sequence(&[oid(&format!("2.16.840.1.101.3.4.2.{hash}")), null.clone()]);
            let mask = sequence(&[oid("1.2.840.113549.1.1.8"), hash.clone()]);
            let parameters = sequence(&[explicit(0, &hash), explicit(1, &mask), explicit(2, &integer(salt))]);
            sequence(&[oid("1.2.840.113549.1.1.10"), parameters])
        };
        match self {
            Self::RsaPkcs1Sha1 => rsa(5),
            Self::RsaPkcs1Sha256 => rsa(11),
            Self::RsaPkcs1Sha384 => rsa(12),
            Self::RsaPkcs1Sha512 => rsa(13),
            Self::RsaPssSha256 => pss(1, 32),
            Self::RsaPssSha384 => pss(2, 48),
            Self::RsaPssSha512 => pss(3, 64),
            Self::EcdsaSha1 => ecdsa("1"),
            Self::EcdsaSha256 => ecdsa("3.2"),
            Self::EcdsaSha384 => ecdsa("3.3"),
            Self::EcdsaSha512 => ecdsa("3.4"),
            Self::Ed25519 => sequence(&[oid("1.3.101.112")]),
        }
    }

    /// The hash by the name OpenSSL has for it.
    const fn hash(self) -> &'static str {
        match self {
            Self::RsaPkcs1Sha1 | Self::EcdsaSha1 => "sha1",
            Self::RsaPkcs1Sha256 | Self::RsaPssSha256 | Self::EcdsaSha256 => "sha256",
            Self::RsaPkcs1Sha384 | Self::RsaPssSha384 | Self::EcdsaSha384 => "sha384",
            Self::RsaPkcs1Sha512 | Self::RsaPssSha512 | Self::EcdsaSha512 | Self::Ed25519 => "sha512",
        }
    }
}

/// A private key with its public one. Cloning gives the same key.
#[derive(Clone)]
pub struct Key(Arc<Parts>);

struct Parts {
    kind: KeyKind,
    pkcs8: Vec<u8>,
    public: Vec<u8>,
}

impl Key {
    /// A key; for RSA one of four.
    #[must_use]
    pub fn new(kind: KeyKind) -> Self {
        static RSA: Mutex<(usize, Vec<Key>)> = Mutex::new((0, Vec::new()));
        const RSA_KEYS: usize = 4;
        if kind != KeyKind::Rsa {
            return Self::generate(kind);
        }
        let mut pool = RSA.lock().unwrap();
        let turn = pool.0 % RSA_KEYS;
        pool.0 += 1;
        if pool.1.len() <= turn {
            pool.1.push(Self::generate(kind));
        }
        pool.1[turn].clone()
    }

    /// The Ed25519 key of this seed: the same in every run.
    #[must_use]
    pub fn ed25519(seed: &[u8; 32]) -> Self {
        Self::from_ed25519(&Ed25519KeyPair::from_seed_unchecked(seed).unwrap())
    }

    fn from_ed25519(pair: &Ed25519KeyPair) -> Self {
        let pkcs8 = pair.to_pkcs8v1().unwrap().as_ref().to_vec();
        let public = pair.public_key().as_ref().to_vec();
        Self(Arc::new(Parts { kind: KeyKind::Ed25519, pkcs8, public }))
    }

    fn generate(kind: KeyKind) -> Self {
        let ecdsa = |algorithm: &'static EcdsaSigningAlgorithm| {
            let pair = EcdsaKeyPair::generate(algorithm).unwrap();
            (pair.to_pkcs8v1().unwrap().as_ref().to_vec(), pair.public_key().as_ref().to_vec())
        };
        let (pkcs8, public) = match kind {
            KeyKind::Rsa => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
                (pair.as_der().unwrap().as_ref().to_vec(), pair.public_key().as_ref().to_vec())
            }
            KeyKind::P256 => ecdsa(&lc::ECDSA_P256_SHA256_ASN1_SIGNING),
            KeyKind::P384 => ecdsa(&lc::ECDSA_P384_SHA384_ASN1_SIGNING),
            KeyKind::P521 => ecdsa(&lc::ECDSA_P521_SHA512_ASN1_SIGNING),
            KeyKind::Ed25519 => return Self::from_ed25519(&Ed25519KeyPair::generate().unwrap()),
        };
        Self(Arc::new(Parts { kind, pkcs8, public }))
    }

    /// What kind of key it is.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.0.kind
    }

    /// The private key in PKCS#8.
    #[must_use]
    pub fn pkcs8(&self) -> &[u8] {
        &self.0.pkcs8
    }

    /// The public key's octets, the content of the BIT STRING.
    #[must_use]
    pub fn public_octets(&self) -> &[u8] {
        &self.0.public
    }

    /// The DER SubjectPublicKeyInfo.
    #[must_use]
    pub fn spki(&self) -> Vec<u8> {
        let ec = |curve: &str| sequence(&[oid("1.2.840.10045.2.1"), oid(curve)]);
        let algorithm = match self.0.kind {
            KeyKind::Rsa => sequence(&[oid("1.2.840.113549.1.1.1"), vec![5, 0]]),
            KeyKind::P256 => ec("1.2.840.10045.3.1.7"),
            KeyKind::P384 => ec("1.3.132.0.34"),
            KeyKind::P521 => ec("1.3.132.0.35"),
            KeyKind::Ed25519 => sequence(&[oid("1.3.101.112")]),
        };
        sequence(&[algorithm, bit_string(&self.0.public)])
    }

    /// The key identifier of RFC 5280 section 4.2.1.2, method 1.
    #[must_use]
    pub fn key_id(&self) -> Vec<u8> {
        digest(&SHA1_FOR_LEGACY_USE_ONLY, &self.0.public).as_ref().to_vec()
    }

    /// Signs a message.
    #[must_use]
    pub fn sign(&self, signature: Signature, message: &[u8]) -> Vec<u8> {
        use Signature as S;
        let random = SystemRandom::new();
        let rsa = |encoding: &'static dyn lc::RsaEncoding| {
            let pair = RsaKeyPair::from_pkcs8(&self.0.pkcs8).unwrap();
            let mut octets = vec![0; pair.public_modulus_len()];
            pair.sign(encoding, &random, message, &mut octets).unwrap();
            octets
        };
        let ecdsa = |algorithm: &'static EcdsaSigningAlgorithm| {
            let pair = EcdsaKeyPair::from_pkcs8(algorithm, &self.0.pkcs8).unwrap();
            pair.sign(&random, message).unwrap().as_ref().to_vec()
        };
        match (signature, self.0.kind) {
            (S::RsaPkcs1Sha256, KeyKind::Rsa) => rsa(&lc::RSA_PKCS1_SHA256),
            (S::RsaPkcs1Sha384, KeyKind::Rsa) => rsa(&lc::RSA_PKCS1_SHA384),
            (S::RsaPkcs1Sha512, KeyKind::Rsa) => rsa(&lc::RSA_PKCS1_SHA512),
            (S::RsaPssSha256, KeyKind::Rsa) => rsa(&lc::RSA_PSS_SHA256),
            (S::RsaPssSha384, KeyKind::Rsa) => rsa(&lc::RSA_PSS_SHA384),
            (S::RsaPssSha512, KeyKind::Rsa) => rsa(&lc::RSA_PSS_SHA512),
            (S::EcdsaSha256, KeyKind::P256) => ecdsa(&lc::ECDSA_P256_SHA256_ASN1_SIGNING),
            (S::EcdsaSha384, KeyKind::P384) => ecdsa(&lc::ECDSA_P384_SHA384_ASN1_SIGNING),
            (S::EcdsaSha256, KeyKind::P521) => ecdsa(&lc::ECDSA_P521_SHA256_ASN1_SIGNING),
            (S::EcdsaSha384, KeyKind::P521) => ecdsa(&lc::ECDSA_P521_SHA384_ASN1_SIGNING),
            (S::EcdsaSha512, KeyKind::P521) => ecdsa(&lc::ECDSA_P521_SHA512_ASN1_SIGNING),
            (S::Ed25519, KeyKind::Ed25519) => {
                let pair = Ed25519KeyPair::from_pkcs8(&self.0.pkcs8).unwrap();
                pair.sign(message).as_ref().to_vec()
            }
            (S::RsaPkcs1Sha1, KeyKind::Rsa)
            | (
                S::EcdsaSha1 | S::EcdsaSha256 | S::EcdsaSha384 | S::EcdsaSha512,
                KeyKind::P256 | KeyKind::P384 | KeyKind::P521,
            ) => self.sign_with_openssl(signature.hash(), message),
            // A key that cannot make such a signature: octets of a plausible shape, for tests of refusal.
            _ => element(0x30, &[2, 1, 1, 2, 1, 1]),
        }
    }

    fn sign_with_openssl(&self, hash: &str, message: &[u8]) -> Vec<u8> {
        let unique = format!("testkit-{}-{:?}.key", std::process::id(), std::thread::current().id());
        let file = std::env::temp_dir().join(unique);
        std::fs::write(&file, crate::pem("PRIVATE KEY", &self.0.pkcs8)).unwrap();
        let mut child = Command::new("openssl")
            .args(["dgst", &format!("-{hash}"), "-sign"])
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("openssl is installed");
        child.stdin.take().unwrap().write_all(message).unwrap();
        let output = child.wait_with_output().unwrap();
        std::fs::remove_file(&file).unwrap();
        assert!(output.status.success(), "openssl dgst -sign");
        output.stdout
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({:?})", self.0.kind)
    }
}
