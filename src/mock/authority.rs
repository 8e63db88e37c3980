//! One of the two certification authorities.

use std::io;
use std::path::{Path, PathBuf};

use rcgen::{KeyPair, PKCS_RSA_SHA256, PublicKeyData, RsaKeySize, SigningKey};

use super::der::{self, DirectoryName, Entry, Extension, List};
use crate::pki::{Certificate, CertificateError, sha1};
use crate::service::jpki::CertificateType;
use crate::types::{Seconds, UnixTime};

/// The organization in every name of the mock authority.
pub(super) const ORGANIZATION: &str = "REVOCACHE-MOCK";
/// The serial of the authority's own certificate.
const OWN_SERIAL: &[u8] = &[1];
/// keyCertSign and cRLSign.
const CA_USAGE: u8 = 0b0000_0110;
const DAY: u32 = 86_400;

/// Why there is no mock authority.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MockError {
    /// A file cannot be read or written.
    #[error("cannot {action} {}: {source}", .path.display())]
    File {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A key cannot be made, read or used.
    #[error("the mock authority's key: {0}")]
    Key(#[from] rcgen::Error),
    /// A file of an earlier start is not what it should be.
    #[error("{} is damaged ({reason}); remove the folder, and the mock authority is made anew", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// What was made cannot be read back, which is a fault of this program.
    #[error("a mock certificate is not one: {0}")]
    Certificate(#[from] CertificateError),
    /// A responder cannot listen.
    #[error("the mock responder cannot listen: {0}")]
    Responder(io::Error),
}

/// A certification authority with its key.
pub(super) struct MockAuthority {
    pub(super) certificate_type: CertificateType,
    pub(super) name: DirectoryName,
    pub(super) key: KeyPair,
    pub(super) certificate: Certificate,
}

impl MockAuthority {
    /// A new authority for certificates of this type.
    pub(super) fn new(certificate_type: CertificateType, now: UnixTime) -> Result<Self, MockError> {
        let key = new_key()?;
        let name = name_of(certificate_type);
        let key_id = key_id(&key);
        let to_be_signed = der::Certificate {
            serial: OWN_SERIAL,
            issuer: &name,
            subject: &name,
            not_before: UnixTime::from_seconds(now.seconds() - i64::from(DAY) * 365 * 6),
            not_after: now.plus(Seconds(DAY * 365 * 10)),
            public_key_info: key.subject_public_key_info(),
            extensions: vec![
                Extension::ca(),
                Extension::key_usage(CA_USAGE, 7),
                Extension::subject_key_id(&key_id),
            ],
        }
        .to_be_signed();
        let certificate = Certificate::from_der(&der::signed(&to_be_signed, &key.sign(&to_be_signed)?))?;
        Ok(Self { certificate_type, name, key, certificate })
    }

    /// The authority of a key and a certificate that were kept.
    pub(super) fn load(certificate_type: CertificateType, certificate: Certificate, key: KeyPair) -> Self {
        Self { certificate_type, name: name_of(certificate_type), key, certificate }
    }

    /// Signs a certificate, in DER.
    pub(super) fn issue(&self, certificate: &der::Certificate<'_>) -> Result<Vec<u8>, MockError> {
        let to_be_signed = certificate.to_be_signed();
        Ok(der::signed(&to_be_signed, &self.key.sign(&to_be_signed)?))
    }

    /// What tells its key in the certificates it issues.
    pub(super) fn authority_key_id(&self) -> Extension {
        Extension::authority_key_id(&key_id(&self.key), Some((&self.name, OWN_SERIAL)))
    }

    /// Where the list of a municipality is in the directory.
    pub(super) fn distribution_point(&self, prefecture: &str, city: &str) -> DirectoryName {
        self.name
            .clone()
            .unit("CRL Distribution Points")
            .unit(prefecture)
            .common_name(&format!("{city} CRLDP"))
    }

    /// Signs the list of a distribution point, in DER.
    pub(super) fn list(
        &self,
        point: &DirectoryName,
        entries: Vec<Entry>,
        now: UnixTime,
    ) -> Result<Vec<u8>, MockError> {
        let number = u64::try_from(now.seconds()).unwrap_or_default();
        let to_be_signed = List {
            issuer: &self.name,
            this_update: now,
            next_update: now.plus(Seconds(DAY * 30)),
            entries,
            extensions: vec![
                Extension::authority_key_id(&key_id(&self.key), None),
                Extension::crl_number(number),
                Extension::issuing_distribution_point(point),
            ],
        }
        .to_be_signed();
        Ok(der::signed(&to_be_signed, &self.key.sign(&to_be_signed)?))
    }
}

/// A key like those on cards.
pub(super) fn new_key() -> Result<KeyPair, MockError> {
    Ok(KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?)
}

/// The identifier of a key (RFC 5280 section 4.2.1.2, method 1).
pub(super) fn key_id(key: &KeyPair) -> [u8; 20] {
    sha1(key.der_bytes())
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, MockError> {
    std::fs::read(path).map_err(|source| MockError::File { action: "read", path: path.into(), source })
}

pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), MockError> {
    let written = || -> io::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, content)
    };
    written().map_err(|source| MockError::File { action: "write", path: path.into(), source })
}

fn name_of(certificate_type: CertificateType) -> DirectoryName {
    DirectoryName::country().organization(ORGANIZATION).unit(match certificate_type {
        CertificateType::CardDigitalSignature => "Mock for digital signature",
        CertificateType::CardUserAuthentication => "Mock for user authentication",
    })
}
