//! An answer, and how it came about.

use crate::live::LiveError;
use crate::types::{Cause, Status, Verdict};

/// A verdict, with what led to it where that is more than one source.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The answer.
    pub verdict: Verdict,
    /// Why the CRLs could not tell, where a responder was asked because of it.
    pub crl_cause: Option<Cause>,
    /// Why the responder did not tell, where one was asked and did not.
    pub failure: Option<LiveError>,
}

impl Outcome {
    /// What the CRLs told, and nobody else was asked.
    pub(super) const fn of_crls(verdict: Verdict) -> Self {
        Self { verdict, crl_cause: None, failure: None }
    }

    /// The cause if the answer is `unknown`.
    #[must_use]
    pub const fn cause(&self) -> Option<Cause> {
        match self.verdict.status {
            Status::Unknown(cause) => Some(cause),
            _ => None,
        }
    }
}
