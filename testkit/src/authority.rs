//! A certification authority: a name, a key and a certificate.

use crate::certificate::CertificateBuilder;
use crate::crl::CrlBuilder;
use crate::key::{Key, KeyKind};
use crate::name::Name;

/// 2024-01-01T00:00:00Z.
pub(crate) const NOT_BEFORE: i64 = 1_704_067_200;
/// 2034-01-01T00:00:00Z.
pub(crate) const NOT_AFTER: i64 = 2_019_686_400;

/// keyCertSign and cRLSign.
const CA_USAGE: [u8; 2] = [5, 6];

/// A certification authority that can issue.
#[derive(Debug, Clone)]
pub struct Authority {
    /// Its name.
    pub name: Name,
    /// Its key.
    pub key: Key,
    /// Its certificate in DER.
    pub certificate: Vec<u8>,
}

impl Authority {
    /// A root with this common name and a new key.
    #[must_use]
    pub fn root(common_name: &str, kind: KeyKind) -> Self {
        Self::root_with(Name::new(common_name), Key::new(kind))
    }

    /// A root with this name and key.
    #[must_use]
    pub fn root_with(name: Name, key: Key) -> Self {
        let certificate = Self::builder(&[1], &name, &key).build_with(&name, &key);
        Self { name, key, certificate }
    }

    /// An authority below this one, with a new key.
    #[must_use]
    pub fn intermediate(&self, common_name: &str, kind: KeyKind) -> Self {
        self.intermediate_with(Name::new(common_name), Key::new(kind))
    }

    /// An authority below this one, with this name and key.
    #[must_use]
    pub fn intermediate_with(&self, name: Name, key: Key) -> Self {
        let certificate = Self::builder(&key.key_id(), &name, &key).build(self);
        Self { name, key, certificate }
    }

    /// The same name with a new key, certified by the old one: a rollover.
    #[must_use]
    pub fn rollover(&self, kind: KeyKind) -> Self {
        self.intermediate_with(self.name.clone(), Key::new(kind))
    }

    /// The certificate of a separate signer of CRLs in this authority's name: no CA, cRLSign only.
    #[must_use]
    pub fn crl_signer(&self, issuer: &Self, key: &Key) -> Vec<u8> {
        CertificateBuilder::new(&key.key_id(), self.name.clone(), key).ca(false).key_usage(&[6]).build(issuer)
    }

    /// A CA certificate to be issued: basicConstraints, keyUsage, subjectKeyIdentifier.
    #[must_use]
    pub fn builder(serial: &[u8], name: &Name, key: &Key) -> CertificateBuilder {
        CertificateBuilder::new(serial, name.clone(), key).ca(true).key_usage(&CA_USAGE)
    }

    /// An end-entity certificate to be issued by this authority: no basicConstraints, digitalSignature.
    #[must_use]
    pub fn leaf(&self, serial: &[u8]) -> CertificateBuilder {
        let key = Key::new(KeyKind::P256);
        CertificateBuilder::new(serial, Name::new("leaf"), &key).key_usage(&[0])
    }

    /// A CRL of this authority, to be filled.
    #[must_use]
    pub fn crl(&self) -> CrlBuilder {
        CrlBuilder::new(self.name.clone()).authority_key_id(&self.key.key_id())
    }
}
