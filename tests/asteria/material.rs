//! The certificates of the manual's samples, made again.

use std::sync::LazyLock;

use revocache::keystore::pkcs12::write_pkcs12;
use revocache::keystore::{KeyEntry, PrivateKey};
use revocache::pki::Certificate;
use revocache_testkit::{Authority, CertificateBuilder, Key, KeyKind, Name, StringKind};
use zeroize::Zeroizing;

use super::world::FAST;

/// 2013-01-13T09:56:53Z and 2013-04-13T09:56:53Z.
const FROM: i64 = 1_358_071_013;
const UNTIL: i64 = 1_365_847_013;

/// A name with the six attributes, from the largest to the smallest.
pub fn name(values: [&str; 6]) -> Name {
    let attributes = ["2.5.4.6", "2.5.4.8", "2.5.4.7", "2.5.4.10", "2.5.4.11", "2.5.4.3"];
    attributes.into_iter().zip(values).fold(Name::empty(), |name, (attribute, value)| {
        let kind = if attribute == "2.5.4.6" { StringKind::Printable } else { StringKind::Utf8 };
        name.rdn(attribute, kind, value)
    })
}

pub fn subject() -> Name {
    name(["JP", "StateName", "LocalityName", "OrganizationName", "UnitName", "subject"])
}

pub fn ca_name() -> Name {
    name(["JP", "CaState", "CaCity", "CaOrg", "CaUnit", "CA"])
}

/// The certificate of `server/import`, with its key and its authority.
pub struct Sample {
    pub key: Key,
    pub leaf: Vec<u8>,
    pub ca: Authority,
}

pub static SAMPLE: LazyLock<Sample> = LazyLock::new(|| {
    let ca = Authority::root_with(ca_name(), Key::new(KeyKind::P256));
    let key = Key::new(KeyKind::P256);
    let mut builder = CertificateBuilder::new(&1_378_947_413_351_u64.to_be_bytes()[2..], subject(), &key)
        .key_usage(&[0, 4, 7]);
    (builder.not_before, builder.not_after) = (FROM.into(), UNTIL.into());
    let leaf = builder.build(&ca);
    Sample { key, leaf, ca }
});

pub fn certificate(der: &[u8]) -> Certificate {
    Certificate::from_der(der).unwrap()
}

impl Sample {
    pub fn entry(&self) -> KeyEntry {
        KeyEntry {
            alias: "test".to_owned(),
            key: PrivateKey::from_pkcs8(Zeroizing::new(self.key.pkcs8().to_vec())).unwrap(),
            chain: vec![certificate(&self.leaf), certificate(&self.ca.certificate)],
        }
    }

    /// `test.p12` under the password of the sample.
    pub fn p12(&self) -> Vec<u8> {
        write_pkcs12(&[self.entry()], &[], "123456", FAST).unwrap()
    }
}

pub fn pem(label: &str, der: &[u8]) -> String {
    revocache::keystore::to_pem(label, der)
}
