//! The use cases of the verification API: certificates and their revocation checks with a history that lasts, the users
//! behind them, and the verification of signatures.
//!
//! [`VerifyService`] is what the HTTP edges ask. It puts together what others do: [`Accepted`](super::jpki::Accepted)
//! reads certificates, a [`RevocationChecks`] asks lists and responders, a [`LinkSource`] tells which certificates belong
//! to one person, and the [`Store`](crate::store::Store) keeps everything and holds the rules of deletion and linking.
//! Everything belongs to a tenant; what is another's does not exist, and looking for it takes the same work.
//!
//! A verification stops at the first step that fails: issuer, validity, signature, revocation. All but the first end in
//! a result that is kept. A check that cannot tell is an error and never `good`: there is no value for it.

mod cache;
mod checks;
mod codes;
mod error;
mod filters;
mod link_list;
mod links;
mod listing;
mod ports;
mod records;
mod retention;
mod service;

pub use checks::ChecksByChecker;
pub use error::VerifyError;
pub use filters::{CertificateFilter, CheckFilter, UserFilter, VerificationFilter};
pub use link_list::{LinkLineError, LinkList, LinkListError};
pub use links::LinkTable;
pub use ports::{CheckFailed, LinkFailed, LinkSource, RevocationChecks, RevocationFacts};
pub use records::{
    Certificate, CertificateWithUser, Check, Checked, CheckedContent, CheckedUser, Identify,
    KeptVerification, Listed, User, Verification, VerificationResult, Verified,
};
pub use retention::keep_to;
pub use service::{VerifyService, VerifySettings};

pub use crate::store::{CheckPurpose as Purpose, Created, Slice};
