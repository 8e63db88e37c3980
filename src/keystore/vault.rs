//! What can be done with keys and certificates, apart from how they are kept.

use std::fmt;

use zeroize::Zeroizing;

use super::{Anchor, CertificateFormat, IssueRequest, KeyStoreError};
use crate::pki::Certificate;

/// The two halves of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Half {
    /// What this server presents to its clients, and which authorities of clients it trusts.
    Server,
    /// What this server presents to servers it asks, and which authorities of servers it trusts.
    Client,
}

impl Half {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Server, Self::Client];
}

impl fmt::Display for Half {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "server",
            Self::Client => "client",
        })
    }
}

/// The passwords of one identity. Wiped when dropped, and never shown.
#[derive(Clone)]
pub struct StorePasswords {
    /// Opens what is stored.
    pub store: Zeroizing<String>,
    /// Opens the private key.
    pub key: Zeroizing<String>,
}

impl fmt::Debug for StorePasswords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StorePasswords")
    }
}

/// How certificates are exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportEncoding {
    /// Text (RFC 7468).
    Pem,
    /// Binary.
    Der,
}

/// Keys and certificates, and what is done with them. Every function may read and write files, derive keys or make
/// them: not for a task that others wait on.
///
/// # Errors
/// Of all: [`KeyStoreError`]; [`KeyStoreError::Missing`] where there is no identity or anchor,
/// [`KeyStoreError::WrongPassword`] where a password does not open it.
pub trait KeyVault: Send + Sync {
    /// Whether there is an identity.
    fn exists(&self, half: Half) -> Result<bool, KeyStoreError>;

    /// The certificates of the identity, its own first.
    fn show(&self, half: Half, store_password: &str) -> Result<Vec<Certificate>, KeyStoreError>;

    /// Makes a key, a self-signed certificate and a request. An identity that is there is replaced.
    fn create(
        &self,
        half: Half,
        request: &IssueRequest,
        passwords: &StorePasswords,
    ) -> Result<(), KeyStoreError>;

    /// Deletes identity and request.
    fn delete(&self, half: Half, store_password: &str) -> Result<(), KeyStoreError>;

    /// Takes key and certificates out of a PKCS#12 file or a Java KeyStore. An identity that is there is replaced.
    fn import(
        &self,
        half: Half,
        container: &[u8],
        container_password: &str,
        passwords: &StorePasswords,
    ) -> Result<Vec<Certificate>, KeyStoreError>;

    /// The request, as an archive.
    fn request_archive(&self, half: Half, passwords: &StorePasswords) -> Result<Vec<u8>, KeyStoreError>;

    /// Installs the certificate that an authority issued for the stored key, with those above it.
    fn install(
        &self,
        half: Half,
        passwords: &StorePasswords,
        certificate: &[u8],
        chain: Option<&[u8]>,
    ) -> Result<(), KeyStoreError>;

    /// The certificates of the identity, as an archive.
    fn export_archive(
        &self,
        half: Half,
        store_password: &str,
        format: CertificateFormat,
        encoding: ExportEncoding,
    ) -> Result<Vec<u8>, KeyStoreError>;

    /// The anchors, in the order in which they came.
    fn anchors(&self, half: Half) -> Result<Vec<Anchor>, KeyStoreError>;

    /// Removes an anchor; those that are left are returned.
    fn remove_anchor(&self, half: Half, alias: &str) -> Result<Vec<Anchor>, KeyStoreError>;

    /// Adds the certificates of a file; all anchors are returned. One that is there already is not added again.
    fn add_anchors(&self, half: Half, file: &[u8]) -> Result<Vec<Anchor>, KeyStoreError>;
}
