//! Which of the answers in a response is the one to the question, and whether its time has come and not gone.

use super::error::OcspError;
use super::oid;
use super::response::BasicResponse;
use super::single::SingleResponse;
use super::verify::{Question, ResponsePolicy};
use crate::types::{CertIdHash, UnixTime};

/// The newest answer about the certificate asked about.
///
/// # Errors
/// If there is none, or if two of its date differ.
pub(super) fn select<'r, 'a>(
    response: &'r BasicResponse<'a>,
    question: &Question<'_>,
) -> Result<&'r SingleResponse<'a>, OcspError> {
    let mut chosen: Option<&SingleResponse<'a>> = None;
    for answer in response.answers.iter().filter(|answer| is_about(answer, question)) {
        match chosen {
            Some(best) if answer.this_update < best.this_update => {}
            Some(best) if answer.this_update == best.this_update => {
                if (answer.status, answer.next_update) != (best.status, best.next_update) {
                    return Err(OcspError::Contradictory { this_update: answer.this_update });
                }
                // A critical extension of either concerns both.
                if answer.unsupported_critical.is_some() {
                    chosen = Some(answer);
                }
            }
            _ => chosen = Some(answer),
        }
    }
    chosen.ok_or_else(|| why_none(response, question))
}

fn is_about(answer: &SingleResponse<'_>, question: &Question<'_>) -> bool {
    answer.cert_id.serial == question.id.serial.as_ref() && is_of_issuer(answer, question)
}

/// Whether an answer names the issuer of the question, by whichever of the two hash functions.
fn is_of_issuer(answer: &SingleResponse<'_>, question: &Question<'_>) -> bool {
    let Some(found) = answer.cert_id.issuer else { return false };
    if found.same_function(&question.id.issuer) {
        return found == question.id.issuer;
    }
    found
        == match found {
            CertIdHash::Sha1 { .. } => CertIdHash::sha1(question.issuer),
            CertIdHash::Sha256 { .. } => CertIdHash::sha256(question.issuer),
        }
}

/// What the answers are about instead.
fn why_none(response: &BasicResponse<'_>, question: &Question<'_>) -> OcspError {
    let Some(first) = response.answers.first() else { return OcspError::NoAnswer };
    let of_issuer = response.answers.iter().find(|answer| is_of_issuer(answer, question));
    match of_issuer {
        Some(answer) => OcspError::OtherSerial {
            asked: question.id.serial.clone(),
            found: answer.cert_id.serial.to_owned(),
        },
        None if first.cert_id.issuer.is_none() => {
            OcspError::UnsupportedHashFunction { oid: oid::dotted(first.cert_id.hash_function) }
        }
        None => OcspError::OtherIssuer,
    }
}

/// Demands that the answer speaks for `at`, and that the response was produced when that was possible.
pub(super) fn check_times(
    answer: &SingleResponse<'_>,
    produced_at: UnixTime,
    at: UnixTime,
    policy: &ResponsePolicy,
) -> Result<(), OcspError> {
    let (this_update, latest) = (answer.this_update, at.plus(policy.skew));
    if this_update > latest {
        return Err(OcspError::NotYetValid { this_update });
    }
    match answer.next_update {
        Some(next_update) if next_update < this_update => {
            return Err(OcspError::NextUpdateBeforeThisUpdate { this_update, next_update });
        }
        Some(next_update) if next_update.plus(policy.skew) <= at => {
            return Err(OcspError::Stale { next_update });
        }
        None if this_update.plus(policy.max_age).plus(policy.skew) < at => {
            return Err(OcspError::TooOld { this_update, max_age: policy.max_age });
        }
        _ => {}
    }
    if produced_at > latest {
        return Err(OcspError::ProducedInFuture { produced_at });
    }
    if produced_at.plus(policy.skew) < this_update {
        return Err(OcspError::ProducedBeforeThisUpdate { produced_at, this_update });
    }
    Ok(())
}
