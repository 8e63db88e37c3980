//! Trust stores: certificates of authorities with names of their own.
//!
//! ```text
//! Anchors ::= SEQUENCE OF SEQUENCE { alias UTF8String, certificate Certificate }
//! ```
//!
//! They are public, and the functions that change them ask for no password: the file is sealed under the server's own key,
//! so that nobody adds an anchor by writing a file.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::der::{element, sequence};
use super::seal::SealKey;
use super::{ContainerError, Half, KeyStoreError};
use crate::pki::Certificate;
use crate::pki::der::{DerError, read_single, tag};

const UTF8_STRING: u8 = 0x0c;

/// A certificate that is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// Its name in the store.
    pub alias: String,
    /// The certificate.
    pub certificate: Certificate,
}

/// Names for the certificates of one file: one UUID, and from the second on the position behind it.
pub(super) fn named(certificates: Vec<Certificate>) -> Vec<Anchor> {
    let name = Uuid::new_v4();
    let several = certificates.len() > 1;
    certificates
        .into_iter()
        .enumerate()
        .map(|(position, certificate)| {
            let alias = if several { format!("{name}{position}") } else { name.to_string() };
            Anchor { alias, certificate }
        })
        .collect()
}

/// Finds out whether paths can end at a certificate.
pub(super) fn check(position: usize, certificate: &Certificate) -> Result<(), ContainerError> {
    let mut store = rustls::RootCertStore::empty();
    store.add(CertificateDer::from(certificate.der().to_vec())).map_err(|error| ContainerError::Malformed {
        format: "trust anchor",
        reason: format!("certificate {position}: {error}"),
    })
}

fn purpose(half: Half) -> Vec<u8> {
    format!("revocache anchors 1 {half}").into_bytes()
}

/// The octets of a file of anchors.
pub(super) fn to_octets(half: Half, anchors: &[Anchor], seal: &SealKey) -> Result<Vec<u8>, KeyStoreError> {
    let entries: Vec<Vec<u8>> = anchors
        .iter()
        .map(|anchor| sequence(&[&element(UTF8_STRING, anchor.alias.as_bytes()), anchor.certificate.der()]))
        .collect();
    let entries: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
    seal.seal(&purpose(half), Zeroizing::new(sequence(&entries)))
}

/// Reads the octets of a file of anchors.
pub(super) fn from_octets(
    half: Half,
    octets: &[u8],
    seal: &SealKey,
    path: &Path,
) -> Result<Vec<Anchor>, KeyStoreError> {
    let plain = seal.open(&purpose(half), octets, path)?;
    let damaged = |reason: String| KeyStoreError::Damaged { path: path.into(), reason };
    let read = || -> Result<Vec<(&str, &[u8])>, DerError> {
        let mut reader = read_single(&plain, tag::SEQUENCE)?.reader();
        let mut entries = Vec::new();
        while !reader.is_empty() {
            let mut entry = reader.read(tag::SEQUENCE)?.reader();
            let alias = entry.read(UTF8_STRING)?;
            let text =
                std::str::from_utf8(alias.content).map_err(|_| alias.broken("a name that is no UTF-8"))?;
            entries.push((text, entry.read(tag::SEQUENCE)?.raw));
            entry.finish()?;
        }
        Ok(entries)
    };
    read()
        .map_err(|error| damaged(error.to_string()))?
        .into_iter()
        .map(|(alias, der)| {
            let certificate = Certificate::from_der(der).map_err(|error| damaged(error.to_string()))?;
            Ok(Anchor { alias: alias.to_owned(), certificate })
        })
        .collect()
}
