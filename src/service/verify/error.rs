//! Why there is no answer.

use super::ports::{CheckFailed, LinkFailed};
use crate::service::jpki::{CertificateRefused, Unsupported};
use crate::store::StoreError;
use crate::types::Cause;

/// Why a use case could not be done. Nothing of it is kept then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// What was named does not exist, or belongs to another tenant.
    #[error("there is no such entry")]
    NoSuchEntry,
    /// The certificate cannot be read, or is not one of those that are accepted.
    #[error(transparent)]
    Certificate(#[from] CertificateRefused),
    /// The link source does not tell which certificates belong to the same person.
    #[error("the person cannot be identified: {0}")]
    NotLinked(#[from] LinkFailed),
    /// The responder did not tell.
    #[error("the OCSP request failed: {reason}")]
    OcspRequestFailed {
        /// What happened.
        reason: String,
    },
    /// No list in hand tells.
    #[error("no certificate revocation list in hand tells about the certificate ({cause})")]
    NotCovered {
        /// Why not.
        cause: Cause,
    },
    /// The index cannot be read.
    #[error("the index of certificate revocation lists cannot be read: {reason}")]
    Index {
        /// What is wrong with it.
        reason: String,
    },
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Unsupported> for VerifyError {
    fn from(unsupported: Unsupported) -> Self {
        Self::Certificate(unsupported.into())
    }
}

impl From<CheckFailed> for VerifyError {
    fn from(failed: CheckFailed) -> Self {
        match failed {
            CheckFailed::NotCovered { cause } => Self::NotCovered { cause },
            CheckFailed::Ocsp { reason } => Self::OcspRequestFailed { reason },
            CheckFailed::Index { reason } => Self::Index { reason },
        }
    }
}
