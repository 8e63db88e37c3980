//! Keys and signatures of DSTU 4145-2002 as certificates of Ukraine carry them. Their octets mean nothing: nothing here
//! can sign by that standard.

use crate::certificate::CertificateBuilder;
use crate::der::{bit_string, octet_string, oid, sequence};

/// One algorithm of DSTU 4145-2002, by its object identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dstu(pub &'static str);

impl Dstu {
    /// With GOST 34.311-95, polynomial basis, little-endian: what most certificates have.
    pub const PB_LE: Self = Self("1.2.804.2.1.1.1.1.3.1.1");
    /// The same, big-endian.
    pub const PB_BE: Self = Self("1.2.804.2.1.1.1.1.3.1.1.1.1");
    /// With GOST 34.311-95, optimal normal basis, little-endian.
    pub const ONB_LE: Self = Self("1.2.804.2.1.1.1.1.3.1.2");
    /// With Kupyna-256, polynomial basis, little-endian.
    pub const KUPYNA_PB_LE: Self = Self("1.2.804.2.1.1.1.1.3.6.1.1");

    /// The DER SubjectPublicKeyInfo of these octets, on the curve m257PB.
    #[must_use]
    pub fn spki(self, key: &[u8]) -> Vec<u8> {
        let curve = sequence(&[oid("1.2.804.2.1.1.1.1.3.1.1.2.6"), octet_string(&[0xa9; 64])]);
        sequence(&[sequence(&[oid(self.0), curve]), bit_string(&octet_string(key))])
    }

    /// A certificate with a key of this algorithm, and what looks like a signature of it.
    #[must_use]
    pub fn certificate(self, mut builder: CertificateBuilder, key: &[u8]) -> CertificateBuilder {
        builder.spki = self.spki(key);
        builder.foreign_signature = Some((sequence(&[oid(self.0)]), octet_string(&[0x5a; 64])));
        builder
    }
}
