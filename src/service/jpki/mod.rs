//! The certificates of the Japanese Public Key Infrastructure (公的個人認証サービス) and of others that look like them: which
//! kind one is, what it says about its holder, and whether its key made a signature.
//!
//! A [`Profile`] tells how the certificates of one kind are recognized; [`Accepted`] pairs profiles with the
//! certificates of the authorities that count, and reads what a client sent into an [`IdentityCertificate`]. One that
//! exists has been issued by an accepted authority: the chain is the first step of verifying, and the only one whose
//! failure is an error instead of a result. [`SignedDigest`] does the two steps behind it, validity and signature; the
//! last one, revocation, is the [`Checker`](super::Checker)'s.
//!
//! Profiles are data. Those of the cards in use and of the mock authority are shipped ([`Profile::named`]), and a
//! configuration may change any part of them.

mod accepted;
mod certificate;
mod content;
mod path;
mod profile;
mod signature;

pub use accepted::{Accepted, AcceptedAuthority, CertificateRefused, Unsupported};
pub use certificate::{IdentityCertificate, IssueOrder};
pub use content::{BasicAttributes, CertificateContent};
pub use path::PathError;
pub use profile::{Attributes, CertificateType, Profile};
pub(crate) use profile::{MOCK_AUTHENTICATION_POLICY, MOCK_SIGNATURE_POLICY};
pub use signature::{Finding, HashAlgorithm, SignedDigest, SignedDigestError};
