//! Why a request is not answered, before either version puts it in its words.

use crate::service::jpki::CertificateRefused;
use crate::service::verify::{LinkFailed, VerifyError};

/// Why a request is not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// What it is about does not exist, or not for this tenant.
    NoSuchEntry(String),
    /// A value breaks a rule.
    InvalidArgument {
        /// The field by the names of version 2.
        field: &'static str,
        /// The rule by the names of the validation library.
        rule: &'static str,
        /// What is demanded.
        message: String,
    },
    /// The certificate cannot be read.
    InvalidCertificate(String),
    /// The certificate is none that is accepted.
    UnsupportedCertificate(String),
    /// Nobody knows which certificates are of the same person.
    NotLinked(String),
    /// Who knows cannot be asked.
    LinksUnavailable(String),
    /// The responder did not tell.
    OcspFailed(String),
    /// No list tells.
    Undecided(String),
    /// The database cannot take it now; nothing was written.
    Unavailable(String),
    /// Anything else.
    Internal(String),
}

impl Failure {
    /// The outcome in metrics.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::NoSuchEntry(_) => "no_such_entry",
            Self::InvalidArgument { .. } => "invalid_argument",
            Self::InvalidCertificate(_) => "invalid_certificate",
            Self::UnsupportedCertificate(_) => "unsupported_certificate",
            Self::NotLinked(_) => "not_linked",
            Self::LinksUnavailable(_) => "links_unavailable",
            Self::OcspFailed(_) => "ocsp_request_failed",
            Self::Undecided(_) => "undecided",
            Self::Unavailable(_) => "unavailable",
            Self::Internal(_) => "internal_error",
        }
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        let message = error.to_string();
        match error {
            VerifyError::NoSuchEntry => Self::NoSuchEntry(message),
            VerifyError::Certificate(CertificateRefused::Invalid(_)) => Self::InvalidCertificate(message),
            VerifyError::Certificate(_) => Self::UnsupportedCertificate(message),
            VerifyError::NotLinked(LinkFailed::Unavailable { .. }) => Self::LinksUnavailable(message),
            VerifyError::NotLinked(_) => Self::NotLinked(message),
            VerifyError::OcspRequestFailed { .. } => Self::OcspFailed(message),
            VerifyError::NotCovered { .. } => Self::Undecided(message),
            VerifyError::Store(ref failure) if failure.is_temporary() => {
                tracing::warn!(%error, "a request of the PocketSign Verify API was not carried out");
                Self::Unavailable(
                    "the database cannot take it now, and nothing was kept; try again".to_owned(),
                )
            }
            error => {
                // What is wrong in here is for whoever runs the server.
                tracing::error!(%error, "a request of the PocketSign Verify API failed");
                Self::Internal("the server failed, and its log says why".to_owned())
            }
        }
    }
}
