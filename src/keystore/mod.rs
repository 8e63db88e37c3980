//! Keys and certificates of this server, and the containers they come in.
//!
//! [`KeyStore`] keeps on disk what the server presents and whom it trusts, and tells [`KeyStoreObserver`]s when that
//! changes; [`KeyVault`] is what can be done with it. An identity (key, certificates, request) is one file, encrypted
//! under the passwords of its operator, with a copy sealed for the server itself: see `docs/keystore.md`.
//!
//! [`read_container`] and [`read_certificate_file`] read what other programs export: PKCS#12, Java KeyStores, X.509 and
//! PKCS#7. Whatever such a file claims is bounded by [`ContainerLimits`] before it costs anything.

mod anchors;
mod archive;
mod ber;
mod certificates;
mod container;
mod der;
mod disk;
mod error;
mod identity;
mod issue;
pub mod jks;
mod key;
mod keys;
mod limits;
mod live;
mod oid;
pub mod pkcs12;
mod pkcs7;
mod seal;
mod store;
mod vault;

pub use self::anchors::Anchor;
pub use self::certificates::{CertificateFormat, read_certificate_file, to_der, to_pem};
pub use self::container::{Container, ContainerFormat, KeyEntry, TrustedEntry, read_container};
pub use self::error::{ContainerError, KeyError, KeyStoreError};
pub use self::issue::{IssueRequest, Issued, Purpose, SubjectName, issue};
pub use self::key::PrivateKey;
pub use self::keys::{KeyAlgorithm, RsaBits, SignatureDigest, public_key_of};
pub use self::limits::ContainerLimits;
pub use self::live::LiveIdentity;
pub use self::pkcs7::{read_pkcs7, write_pkcs7};
pub use self::store::{KeyStore, KeyStoreObserver, KeyStoreSettings};
pub use self::vault::{ExportEncoding, Half, KeyVault, StorePasswords};
