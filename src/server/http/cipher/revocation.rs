//! Beyond the service that clients know: whether the certificate is revoked.

use super::labels;
use super::tree::Pairs;
use crate::service::tickets::KeyCertificate;
use crate::service::{Checker, Options, Outcome, Question};
use crate::types::{Cause, Status, UnixTime};

/// Asks, and writes what was said. An index that is damaged says nothing, which is `unknown` and in the logs.
pub(super) async fn describe(checker: &Checker, found: &KeyCertificate, pairs: Pairs) -> Pairs {
    let question =
        Question::Certificate { certificate: found.certificate.clone(), issuer: found.issuer.clone() };
    match checker.check(&question, Options::default()).await {
        Ok(outcome) => pairs.nested("revocation", labels::REVOCATION, |pairs| write(pairs, &outcome)),
        Err(error) => {
            tracing::error!(%error, "the index could not be asked");
            pairs.nested("revocation", labels::REVOCATION, |pairs| {
                pairs.pair("status", labels::STATUS, "unknown").pair("cause", labels::CAUSE, "index_damaged")
            })
        }
    }
}

fn write(pairs: Pairs, outcome: &Outcome) -> Pairs {
    let verdict = &outcome.verdict;
    let revocation = match verdict.status {
        Status::Revoked(revocation) => Some(revocation),
        Status::Good | Status::Unknown(_) => None,
    };
    let time = |time: Option<UnixTime>| time.map(|time| time.to_string());
    pairs
        .pair("status", labels::STATUS, verdict.status.name())
        .pair("cause", labels::CAUSE, outcome.cause().map(Cause::name))
        .pair("reason", labels::REASON, revocation.map(|it| it.reason.name()))
        .pair("revokedAt", labels::REVOKED_AT, time(revocation.map(|it| it.revoked_at)))
        .pair("method", labels::METHOD, verdict.method.name())
        .pair("thisUpdate", labels::THIS_UPDATE, time(verdict.this_update))
        .pair("nextUpdate", labels::NEXT_UPDATE, time(verdict.next_update))
}
