//! What a builder is told of files, authorities and keys, and the ids it gives out.

use crate::types::{NameKey, UnixTime};

/// The facts of a file, all chosen by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileFacts {
    /// Number of this generation; one more than the last published one.
    pub generation: u64,
    /// When it was built.
    pub created_at: UnixTime,
    /// Random octets that key the hash. Keeping the secret of the previous generation makes comparing with it
    /// several times faster, because both files then have their records in the same order.
    pub secret: [u8; 32],
}

/// The hashes of one encoding of a name, as OCSP asks for it (`issuerNameHash`, RFC 6960 section 4.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameHashes {
    /// SHA-1 of the DER of the name.
    pub sha1: [u8; 20],
    /// SHA-256 of the DER of the name.
    pub sha256: [u8; 32],
}

/// An authority: a name, and the keys that may sign for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityFacts {
    /// The name in comparable form.
    pub name: NameKey,
    /// The name as text (RFC 4514).
    pub display: String,
    /// Hashes of each encoding of the name that was seen.
    pub name_hashes: Vec<NameHashes>,
    /// Its keys.
    pub keys: Vec<KeyFacts>,
}

/// A key of an authority, with the certificates that bind it. The index keeps them and looks into none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFacts {
    /// SubjectPublicKeyInfo (DER).
    pub spki: Vec<u8>,
    /// SHA-256 of `spki`.
    pub spki_sha256: [u8; 32],
    /// SHA-1 of the content of the key's BIT STRING (`issuerKeyHash` of OCSP).
    pub key_sha1: [u8; 20],
    /// SHA-256 of the same.
    pub key_sha256: [u8; 32],
    /// Values of subjectKeyIdentifier in its certificates.
    pub key_ids: Vec<Vec<u8>>,
    /// The certificates (DER).
    pub certificates: Vec<Vec<u8>>,
}

/// An authority of one file: its position there, from 0. Another generation may number differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuthorityId(pub(super) u32);

/// A CRL of one file: its position there, from 0. Another generation may number differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CrlId(pub(super) u32);

impl AuthorityId {
    /// The position as a number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl CrlId {
    /// The position as a number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}
