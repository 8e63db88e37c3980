//! The file of an identity: key, certificates and request in one, so that no crash can part them.
//!
//! ```text
//! IdentityFile ::= SEQUENCE {
//!     version   INTEGER (1),
//!     store     OCTET STRING,                -- PKCS#12 under the store password: the certificates
//!     keys      OCTET STRING,                -- PKCS#12 under the key password: the key with its certificates
//!     request   [0] OCTET STRING OPTIONAL,   -- CertificationRequest (PKCS#10)
//!     sealed    [1] OCTET STRING }           -- SealedIdentity under the server's key, bound to all of the above
//!
//! SealedIdentity ::= SEQUENCE {
//!     key       OCTET STRING,                -- PrivateKeyInfo (PKCS#8)
//!     chain     SEQUENCE OF Certificate }
//! ```
//!
//! Each container is one that `openssl pkcs12` and `keytool` open. The store password alone shows certificates and
//! never the key.

use std::path::Path;

use zeroize::Zeroizing;

use super::der::{element, integer, octet_string, sequence};
use super::pkcs12::{Pkcs12Strength, read_pkcs12, write_pkcs12};
use super::seal::SealKey;
use super::{
    ContainerError, ContainerLimits, Half, KeyEntry, KeyStoreError, PrivateKey, StorePasswords, TrustedEntry,
};
use crate::pki::Certificate;
use crate::pki::der::{DerError, Reader, read_single, tag};

const VERSION: u64 = 1;
/// Name of the entries in the containers.
const ALIAS: &str = "revocache";

/// A file that was read, nothing in it opened.
pub(super) struct IdentityFile {
    store: Vec<u8>,
    keys: Vec<u8>,
    /// The request (DER), if there is one.
    pub(super) request: Option<Vec<u8>>,
    sealed: Vec<u8>,
}

/// What is kept.
pub(super) struct Contents {
    pub(super) key: PrivateKey,
    pub(super) chain: Vec<Certificate>,
}

impl IdentityFile {
    /// Encrypts contents.
    pub(super) fn make(
        half: Half,
        contents: &Contents,
        request: Option<Vec<u8>>,
        passwords: &StorePasswords,
        strength: Pkcs12Strength,
        seal: &SealKey,
    ) -> Result<Self, KeyStoreError> {
        let certificates: Vec<TrustedEntry> = (1..)
            .zip(&contents.chain)
            .map(|(number, certificate)| TrustedEntry {
                alias: format!("{ALIAS}-{number}"),
                certificate: certificate.clone(),
            })
            .collect();
        let entry =
            KeyEntry { alias: ALIAS.to_owned(), key: contents.key.clone(), chain: contents.chain.clone() };
        let store = write_pkcs12(&[], &certificates, &passwords.store, strength)?;
        let keys = write_pkcs12(&[entry], &[], &passwords.key, strength)?;
        let mut file = Self { store, keys, request, sealed: Vec::new() };
        let chain: Vec<&[u8]> = contents.chain.iter().map(Certificate::der).collect();
        let (key, chain) = (Zeroizing::new(octet_string(contents.key.pkcs8())), sequence(&chain));
        file.sealed = seal.seal(&file.purpose(half), Zeroizing::new(sequence(&[&key, &chain])))?;
        Ok(file)
    }

    /// What the sealed copy belongs to: this half, and exactly these containers.
    fn purpose(&self, half: Half) -> Vec<u8> {
        let parts = sequence(&[
            &octet_string(&self.store),
            &octet_string(&self.keys),
            &octet_string(self.request.as_deref().unwrap_or_default()),
        ]);
        let mut purpose = format!("revocache identity {VERSION} {half} ").into_bytes();
        purpose.extend_from_slice(&crate::pki::sha256(&parts));
        purpose
    }

    /// The octets of the file.
    pub(super) fn to_octets(&self) -> Vec<u8> {
        let request =
            self.request.as_deref().map(|request| element(tag::primitive(0), request)).unwrap_or_default();
        sequence(&[
            &integer(VERSION),
            &octet_string(&self.store),
            &octet_string(&self.keys),
            &request,
            &element(tag::primitive(1), &self.sealed),
        ])
    }

    /// Reads the octets of a file.
    pub(super) fn from_octets(octets: &[u8], path: &Path) -> Result<Self, KeyStoreError> {
        let read = || -> Result<Self, DerError> {
            let mut reader = read_single(octets, tag::SEQUENCE)?.reader();
            let version = reader.read(tag::INTEGER)?;
            if version.content != [1] {
                return Err(version.broken("a newer program wrote it"));
            }
            let store = reader.read(tag::OCTET_STRING)?.content.to_vec();
            let keys = reader.read(tag::OCTET_STRING)?.content.to_vec();
            let request = reader.optional(tag::primitive(0))?.map(|request| request.content.to_vec());
            let sealed = reader.read(tag::primitive(1))?.content.to_vec();
            reader.finish()?;
            Ok(Self { store, keys, request, sealed })
        };
        read().map_err(|error| KeyStoreError::Damaged { path: path.into(), reason: error.to_string() })
    }

    /// The certificates, by the store password.
    pub(super) fn open_store(&self, password: &str, path: &Path) -> Result<Vec<Certificate>, KeyStoreError> {
        let container = open(&self.store, password, path)?;
        // The file keeps the order in which they were written.
        Ok(container.certificates.into_iter().map(|entry| entry.certificate).collect())
    }

    /// The key with its certificates, by the key password.
    pub(super) fn open_keys(&self, password: &str, path: &Path) -> Result<Contents, KeyStoreError> {
        let mut container = open(&self.keys, password, path)?;
        match container.keys.pop() {
            Some(KeyEntry { key, chain, .. }) => Ok(Contents { key, chain }),
            None => {
                Err(KeyStoreError::Damaged { path: path.into(), reason: "there is no key in it".to_owned() })
            }
        }
    }

    /// Key and certificates, by the server's own key.
    pub(super) fn open_sealed(
        &self,
        half: Half,
        seal: &SealKey,
        path: &Path,
    ) -> Result<Contents, KeyStoreError> {
        let plain = seal.open(&self.purpose(half), &self.sealed, path)?;
        let read = || -> Result<_, DerError> {
            let mut reader = read_single(&plain, tag::SEQUENCE)?.reader();
            let key = Zeroizing::new(reader.read(tag::OCTET_STRING)?.content.to_vec());
            let mut certificates: Reader<'_> = reader.read(tag::SEQUENCE)?.reader();
            reader.finish()?;
            let mut chain = Vec::new();
            while !certificates.is_empty() {
                chain.push(certificates.any()?.raw);
            }
            Ok((PrivateKey::from_pkcs8(key)?, chain))
        };
        let damaged = |reason: String| KeyStoreError::Damaged { path: path.into(), reason };
        let (key, chain) = read().map_err(|error| damaged(error.to_string()))?;
        let chain = chain
            .into_iter()
            .map(Certificate::from_der)
            .collect::<Result<_, _>>()
            .map_err(|error| damaged(error.to_string()))?;
        Ok(Contents { key, chain })
    }

    /// The container with the key, for other programs.
    pub(super) fn keys_container(&self) -> &[u8] {
        &self.keys
    }
}

/// Opens a container that this program wrote: what is wrong with it besides the password is damage.
fn open(octets: &[u8], password: &str, path: &Path) -> Result<super::Container, KeyStoreError> {
    let limits = ContainerLimits { octets: octets.len(), ..ContainerLimits::default() };
    read_pkcs12(octets, password, &[], &limits).map_err(|error| match error {
        ContainerError::WrongPassword | ContainerError::WrongKeyPassword { .. } => {
            KeyStoreError::WrongPassword
        }
        other => KeyStoreError::Damaged { path: path.into(), reason: other.to_string() },
    })
}
