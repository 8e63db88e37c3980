//! What the verification API keeps: certificates, users, checks and verifications.
//!
//! The rules of the API are rules of these operations, because only a transaction can hold them: a history goes with its
//! certificate, a verification outlives it, one user stands for one person, and of the certificates of one user and
//! kind exactly one is the latest.

mod certificates;
mod checks;
mod deletion;
mod links;
mod lists;
mod people;
mod purge;
mod recording;
mod records;
mod seek;

pub use links::Link;
pub use lists::{Created, Filter, Page, Slice};
pub use purge::Retention;
pub use recording::{Recorded, Recording, Subject};
pub use records::{
    CertificateName, CertificateRecord, CheckFacts, CheckPurpose, CheckRecord, CheckStatus, Code,
    NewCertificate, NewVerification, StoredCertificate, VerificationRecord,
};

pub(super) use checks::{check_values, insert as insert_check};
