//! Makes certification authorities, certificates, CRLs and OCSP messages of any shape, well-formed or not, for tests
//! and benchmarks.
//!
//! It has a DER writer of its own and does not depend on the crate it helps to test, so that a mistake in the reader
//! is not repeated, and hidden, in what the reader is given. Nothing here is for production: keys are throw-away and
//! failures panic.
//!
//! ```
//! use revocache_testkit::{Authority, Entry, KeyKind};
//!
//! let root = Authority::root("Example Root", KeyKind::P256);
//! let leaf = root.leaf(&[0x00, 0xff]).build(&root);
//! let crl = root.crl().number(31).entry(Entry::new(&[0x00, 0xff]).reason(1)).build(&root.key);
//! # assert!(!leaf.is_empty() && !crl.is_empty());
//! ```
#![allow(
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test kit may fail loudly"
)]

mod authority;
mod bulk;
mod certificate;
mod crl;
pub mod der;
mod dstu;
mod key;
mod name;
mod ocsp;
pub mod oid;
mod random;
mod time;

pub use authority::Authority;
pub use bulk::{BulkCrl, bulk_crl};
pub use certificate::{CertificateBuilder, DistributionPoint};
pub use crl::{CrlBuilder, Entry, Extension, IssuingDistributionPoint};
pub use der::pem;
pub use dstu::Dstu;
pub use key::{Key, KeyKind, Signature};
pub use name::{GeneralName, Name, StringKind};
pub use ocsp::{CertState, IdHash, OcspCertId, OcspRequest, OcspResponse, SingleResponse};
pub use random::Random;
pub use time::{Time, TimeForm};
