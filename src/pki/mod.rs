//! Certificates, names, CRLs and signatures (RFC 5280): what comes from outside, made into values that mean one thing.
//!
//! Everything here reads input that anybody may have written. Nothing panics on it, nothing is allocated by a
//! length it announces, and whatever cannot be interpreted with certainty is an error with the offset where reading
//! stopped. Nothing here opens a file or knows what time it is.

pub mod authority;
pub mod certificate;
pub mod crl;
pub mod der;
pub mod pem;
pub mod qualified;
pub mod time;

mod bundle;
mod distribution_point;
pub(crate) mod extension;
mod general_name;
mod name;
pub(crate) mod oid;
mod public_key;
mod signature;

pub use bundle::{BundleError, for_each_crl, read_certificates};
pub use certificate::{Certificate, CertificateError, KeyUsage, KeyUsages, OtherName};
pub use distribution_point::DistributionPoint;
pub use extension::AuthorityKeyId;
pub use general_name::{GeneralName, uri_key};
pub use name::{Name, NameAttribute, display_name_key};
pub use oid::dotted;
pub use public_key::{KeyKind, PublicKey, sha1, sha256};
pub use signature::{
    AlgorithmId, AlgorithmPolicy, Sha1, SignatureError, hash_of, verify_digest, verify_message,
};
