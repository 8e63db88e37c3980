//! Revocation checks by the checker of this server.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::ports::{CheckFailed, RevocationChecks, RevocationFacts};
use crate::index::IndexError;
use crate::service::{Checker, MethodPolicy, Options, Outcome, Question, Step};
use crate::types::{Cause, Status};

/// Asks a [`Checker`].
pub struct ChecksByChecker(Arc<Checker>);

impl ChecksByChecker {
    /// Over this checker.
    #[must_use]
    pub const fn new(checker: Arc<Checker>) -> Self {
        Self(checker)
    }
}

impl RevocationChecks for ChecksByChecker {
    fn by_crl(&self, question: &Question) -> Result<RevocationFacts, CheckFailed> {
        let by_lists = Options { method: Some(MethodPolicy::Crl), at: None };
        match self.0.check_now(question, by_lists).map_err(unreadable)? {
            Step::Done(outcome) => told(&outcome),
            // By lists alone nobody is asked.
            Step::Ask(_) => Err(CheckFailed::NotCovered { cause: Cause::NotCovered }),
        }
    }

    fn by_ocsp<'a>(
        &'a self,
        question: &'a Question,
    ) -> Pin<Box<dyn Future<Output = Result<RevocationFacts, CheckFailed>> + Send + 'a>> {
        Box::pin(async move {
            // The API promises that the responder is asked each time.
            let outcome = self.0.check_anew(question).await;
            told(&outcome).map_err(|failed| match failed {
                CheckFailed::NotCovered { cause } => CheckFailed::Ocsp {
                    reason: outcome.failure.map_or_else(|| cause.to_string(), |failure| failure.to_string()),
                },
                other => other,
            })
        })
    }
}

fn told(outcome: &Outcome) -> Result<RevocationFacts, CheckFailed> {
    let this_update = outcome.verdict.this_update;
    match outcome.verdict.status {
        Status::Good => Ok(RevocationFacts { revocation: None, this_update }),
        Status::Revoked(revocation) => Ok(RevocationFacts { revocation: Some(revocation), this_update }),
        Status::Unknown(cause) => Err(CheckFailed::NotCovered { cause }),
    }
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unreadable(error: IndexError) -> CheckFailed {
    CheckFailed::Index { reason: error.to_string() }
}
