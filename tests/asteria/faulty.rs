//! A key store in which the asked-for thing goes wrong.

use std::io;

use revocache::keystore::{
    Anchor, CertificateFormat, ContainerError, ExportEncoding, Half, IssueRequest, KeyError, KeyStoreError,
    KeyVault, StorePasswords,
};
use revocache::pki::Certificate;
use revocache::types::UnixTime;

/// What goes wrong.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    Missing,
    WrongPassword,
    Unreadable,
    OtherKey,
    Expired,
    NoRequest,
    Archive,
    NotInEffect,
    CannotRead,
    CannotWrite,
    CannotRename,
    CannotDelete,
    Damaged,
    OtherSeal,
    Generate,
    Unusable,
    Issue,
    Panic,
}

/// Fails at everything in one way.
pub struct Faulty(pub Fault);

impl Fault {
    fn error(self) -> KeyStoreError {
        let io = |action| KeyStoreError::Io {
            action,
            path: "keystore/server.identity".into(),
            source: io::Error::from(io::ErrorKind::StorageFull),
        };
        let reason = || "as the test wants it".to_owned();
        match self {
            Self::Missing => KeyStoreError::Missing { what: "identity" },
            Self::WrongPassword => KeyStoreError::WrongPassword,
            Self::Unreadable => ContainerError::UnknownFormat { expected: "this nor that" }.into(),
            Self::OtherKey => KeyStoreError::OtherKey,
            Self::Expired => {
                KeyStoreError::Expired { subject: "CN=Old".to_owned(), not_after: UnixTime::from_seconds(0) }
            }
            Self::NoRequest => KeyStoreError::NoRequest,
            Self::Archive => KeyStoreError::Archive { reason: reason() },
            Self::NotInEffect => KeyStoreError::NotInEffect { reason: reason() },
            Self::CannotRead => io("read"),
            Self::CannotWrite => io("write"),
            Self::CannotRename => io("put in place"),
            Self::CannotDelete => io("delete"),
            Self::Damaged => KeyStoreError::Damaged { path: "server.identity".into(), reason: reason() },
            Self::OtherSeal => KeyStoreError::OtherSeal { path: "a".into(), seal: "b".into() },
            Self::Generate => KeyError::Generate { reason: reason() }.into(),
            Self::Unusable => KeyError::Unusable { reason: reason() }.into(),
            Self::Issue => KeyError::Issue { what: "the request", reason: reason() }.into(),
            Self::Panic => panic!("as the test wants it"),
        }
    }
}

impl KeyVault for Faulty {
    fn exists(&self, _: Half) -> Result<bool, KeyStoreError> {
        Err(self.0.error())
    }
    fn show(&self, _: Half, _: &str) -> Result<Vec<Certificate>, KeyStoreError> {
        Err(self.0.error())
    }
    fn create(&self, _: Half, _: &IssueRequest, _: &StorePasswords) -> Result<(), KeyStoreError> {
        Err(self.0.error())
    }
    fn delete(&self, _: Half, _: &str) -> Result<(), KeyStoreError> {
        Err(self.0.error())
    }
    fn import(
        &self,
        _: Half,
        _: &[u8],
        _: &str,
        _: &StorePasswords,
    ) -> Result<Vec<Certificate>, KeyStoreError> {
        Err(self.0.error())
    }
    fn request_archive(&self, _: Half, _: &StorePasswords) -> Result<Vec<u8>, KeyStoreError> {
        Err(self.0.error())
    }
    fn install(&self, _: Half, _: &StorePasswords, _: &[u8], _: Option<&[u8]>) -> Result<(), KeyStoreError> {
        Err(self.0.error())
    }
    fn export_archive(
        &self,
        _: Half,
        _: &str,
        _: CertificateFormat,
        _: ExportEncoding,
    ) -> Result<Vec<u8>, KeyStoreError> {
        Err(self.0.error())
    }
    fn anchors(&self, _: Half) -> Result<Vec<Anchor>, KeyStoreError> {
        Err(self.0.error())
    }
    fn remove_anchor(&self, _: Half, _: &str) -> Result<Vec<Anchor>, KeyStoreError> {
        Err(self.0.error())
    }
    fn add_anchors(&self, _: Half, _: &[u8]) -> Result<Vec<Anchor>, KeyStoreError> {
        Err(self.0.error())
    }
}
