//! CertID (RFC 6960 section 4.1.1): made from certificates, written, and read from a message.

use super::oid;
use super::write::{push, sequence};
use crate::pki::der::{DerError, Element, tag};
use crate::pki::{Certificate, sha1, sha256};
use crate::types::{CertId, CertIdHash, Serial, SerialRef};

impl CertIdHash {
    /// The hashes of this issuer with SHA-1, which every responder understands (RFC 5019 section 2.1.1).
    #[must_use]
    pub fn sha1(issuer: &Certificate) -> Self {
        Self::Sha1 { name: sha1(issuer.subject().der()), key: *issuer.public_key().key_sha1() }
    }

    /// The hashes of this issuer with SHA-256, which some responders do not understand.
    #[must_use]
    pub fn sha256(issuer: &Certificate) -> Self {
        Self::Sha256 { name: sha256(issuer.subject().der()), key: *issuer.public_key().key_sha256() }
    }

    /// Whether the key is this issuer's.
    pub(super) fn is_key_of(&self, issuer: &Certificate) -> bool {
        match self {
            Self::Sha1 { key, .. } => key == issuer.public_key().key_sha1(),
            Self::Sha256 { key, .. } => key == issuer.public_key().key_sha256(),
        }
    }

    /// Whether both are made with the same hash function.
    pub(super) const fn same_function(&self, other: &Self) -> bool {
        matches!(
            (self, other),
            (Self::Sha1 { .. }, Self::Sha1 { .. }) | (Self::Sha256 { .. }, Self::Sha256 { .. })
        )
    }

    const fn parts(&self) -> (&'static [u8], &[u8], &[u8]) {
        match self {
            Self::Sha1 { name, key } => (oid::SHA1, name, key),
            Self::Sha256 { name, key } => (oid::SHA256, name, key),
        }
    }
}

impl CertId {
    /// The certificate of this issuer with this serial, with hashes of SHA-1.
    #[must_use]
    pub fn sha1(issuer: &Certificate, serial: &Serial) -> Self {
        Self { issuer: CertIdHash::sha1(issuer), serial: serial.clone() }
    }

    /// The certificate of this issuer with this serial, with hashes of SHA-256.
    #[must_use]
    pub fn sha256(issuer: &Certificate, serial: &Serial) -> Self {
        Self { issuer: CertIdHash::sha256(issuer), serial: serial.clone() }
    }

    /// The DER CertID; the algorithm has NULL parameters, as all implementations write them.
    #[must_use]
    pub fn der(&self) -> Vec<u8> {
        let (function, name, key) = self.issuer.parts();
        let mut algorithm = Vec::with_capacity(16);
        push(&mut algorithm, tag::OID, function);
        push(&mut algorithm, tag::NULL, &[]);
        let mut content = sequence(&algorithm);
        push(&mut content, tag::OCTET_STRING, name);
        push(&mut content, tag::OCTET_STRING, key);
        push(&mut content, tag::INTEGER, self.serial.octets());
        sequence(&content)
    }
}

/// A CertID inside a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CertIdRef<'a> {
    /// The encoding, for a responder to repeat.
    pub raw: &'a [u8],
    /// Content octets of the object identifier of the hash function.
    pub hash_function: &'a [u8],
    /// The hashes; `None` if the hash function is neither SHA-1 nor SHA-256.
    pub issuer: Option<CertIdHash>,
    /// The serial.
    pub serial: SerialRef<'a>,
}

impl<'a> CertIdRef<'a> {
    /// Reads a CertID.
    pub(super) fn read(element: Element<'a>) -> Result<Self, DerError> {
        let mut reader = element.reader();
        let mut algorithm = reader.read(tag::SEQUENCE)?.reader();
        let hash_function = algorithm.read(tag::OID)?.oid()?;
        let parameters = if algorithm.is_empty() { None } else { Some(algorithm.any()?) };
        algorithm.finish()?;
        let name = reader.read(tag::OCTET_STRING)?;
        let key = reader.read(tag::OCTET_STRING)?;
        let number = reader.read(tag::INTEGER)?;
        reader.finish()?;
        let serial = SerialRef::new(number.content)
            .map_err(|_| number.broken("a serial number has 1 to 1024 octets"))?;
        let issuer = match hash_function {
            oid::SHA1 => Some(CertIdHash::Sha1 { name: digest(name)?, key: digest(key)? }),
            oid::SHA256 => Some(CertIdHash::Sha256 { name: digest(name)?, key: digest(key)? }),
            _ => None,
        };
        // NULL or nothing (RFC 4055 section 2.1); what goes with other functions is not known.
        if issuer.is_some()
            && let Some(parameters) = parameters
            && parameters.raw != [tag::NULL, 0]
        {
            return Err(parameters.broken("a hash function has no parameters but NULL"));
        }
        Ok(Self { raw: element.raw, hash_function, issuer, serial })
    }

    /// An owned copy; `None` if the hash function is neither SHA-1 nor SHA-256.
    #[must_use]
    pub fn to_cert_id(&self) -> Option<CertId> {
        Some(CertId { issuer: self.issuer?, serial: self.serial.to_owned() })
    }
}

fn digest<const N: usize>(element: Element<'_>) -> Result<[u8; N], DerError> {
    element.content.try_into().map_err(|_| element.broken("a hash is as long as its function makes it"))
}
