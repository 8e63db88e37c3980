//! What the use cases need of others.

use std::future::Future;
use std::pin::Pin;

use crate::service::Question;
use crate::store::CertificateName;
use crate::types::{Cause, Revocation, UnixTime};

/// What a source says of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevocationFacts {
    /// The revocation; `None` if the certificate is good.
    pub revocation: Option<Revocation>,
    /// `thisUpdate` of the list or of the responder's answer.
    pub this_update: Option<UnixTime>,
}

/// Why it cannot be told whether a certificate is revoked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckFailed {
    /// No list in hand tells.
    #[error("no list tells ({cause})")]
    NotCovered {
        /// Why not.
        cause: Cause,
    },
    /// The responder did not tell.
    #[error("{reason}")]
    Ocsp {
        /// What happened.
        reason: String,
    },
    /// The index cannot be read.
    #[error("{reason}")]
    Index {
        /// What is wrong with it.
        reason: String,
    },
}

/// Tells whether certificates are revoked.
pub trait RevocationChecks: Send + Sync {
    /// By the lists in hand.
    ///
    /// # Errors
    /// [`CheckFailed`].
    fn by_crl(&self, question: &Question) -> Result<RevocationFacts, CheckFailed>;

    /// By asking the authority's responder.
    fn by_ocsp<'a>(
        &'a self,
        question: &'a Question,
    ) -> Pin<Box<dyn Future<Output = Result<RevocationFacts, CheckFailed>> + Send + 'a>>;
}

/// Why it cannot be told to whom a certificate belongs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkFailed {
    /// Nothing is known of the certificate.
    #[error("no certificates are linked with this one")]
    Unknown,
    /// The source cannot be asked.
    #[error("the link source is unavailable: {reason}")]
    Unavailable {
        /// What happened.
        reason: String,
    },
}

/// Tells which certificates belong to one person: those for signatures and those for authentication, old and new.
pub trait LinkSource: Send + Sync {
    /// The certificates of the person a certificate belongs to, in the order in which they were issued, the certificate
    /// itself among them.
    fn certificates_of_person<'a>(
        &'a self,
        certificate: &'a CertificateName,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<CertificateName>, LinkFailed>> + Send + 'a>>;
}
