//! An answer, as JSON and as people read it.

use std::io::Write;
use std::path::Path;

use serde::Serialize;

use crate::service::Outcome;
use crate::types::{Cause, Status};

/// One answer, as JSON spells it.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    status: &'static str,
    cause: Option<&'static str>,
    revocation_reason: Option<&'static str>,
    revoked_at: Option<String>,
    invalidity_date: Option<String>,
    method: &'static str,
    this_update: Option<String>,
    next_update: Option<String>,
    crl_number: Option<String>,
    issuer: String,
    serial: String,
    generation: u64,
    /// For certificates only. A CA may drop an expired certificate from its lists, so that `good` says less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) certificate_expired: Option<bool>,
    /// Why the CRLs could not tell, where a responder was asked because of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    crl_cause: Option<&'static str>,
    /// Why the responder did not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl Answer {
    pub(super) fn new(outcome: &Outcome, issuer: String, serial: String) -> Self {
        let verdict = &outcome.verdict;
        let revocation = match &verdict.status {
            Status::Revoked(revocation) => Some(revocation),
            _ => None,
        };
        let cause = match verdict.status {
            Status::Unknown(cause) => Some(cause),
            _ => None,
        };
        Self {
            status: verdict.status.name(),
            cause: cause.map(Cause::name),
            revocation_reason: revocation.map(|revocation| revocation.reason.name()),
            revoked_at: revocation.map(|revocation| revocation.revoked_at.to_string()),
            invalidity_date: revocation.and_then(|it| it.invalidity_date).map(|time| time.to_string()),
            method: verdict.method.name(),
            this_update: verdict.this_update.map(|time| time.to_string()),
            next_update: verdict.next_update.map(|time| time.to_string()),
            crl_number: verdict.crl_number.as_ref().map(ToString::to_string),
            issuer,
            serial,
            generation: verdict.generation,
            certificate_expired: None,
            crl_cause: outcome.crl_cause.map(Cause::name),
            message: outcome.failure.as_ref().map(ToString::to_string),
        }
    }
}

/// Prints an answer for people.
pub(super) fn print_answer(answer: &Answer, source: Option<&Path>) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let what = source.map(|path| format!("{}: ", path.display())).unwrap_or_default();
    writeln!(out, "{:<8} {what}serial {} of {}", answer.status, answer.serial, answer.issuer)?;
    if let (Some(revoked_at), Some(reason)) = (&answer.revoked_at, answer.revocation_reason) {
        writeln!(out, "         since {revoked_at}, reason {reason}")?;
    }
    if let Some(date) = &answer.invalidity_date {
        writeln!(out, "         believed invalid since {date}")?;
    }
    if let Some(cause) = answer.cause {
        writeln!(out, "         {}", explain(cause))?;
    }
    if let Some(message) = &answer.message {
        writeln!(out, "         {message}")?;
    }
    if let Some(cause) = answer.crl_cause {
        writeln!(out, "         the CRLs could not tell ({cause})")?;
    }
    if let Some(this_update) = &answer.this_update {
        let number = answer.crl_number.as_deref().map(|text| format!(" number {text}")).unwrap_or_default();
        let next = answer.next_update.as_deref().unwrap_or("not announced");
        let by = if answer.method == "ocsp" { "OCSP answer" } else { "CRL" };
        writeln!(out, "         by {by}{number} of {this_update}, next update {next}")?;
    }
    if answer.certificate_expired == Some(true) && answer.status == "good" {
        writeln!(out, "         the certificate has expired: its CA may have dropped it from its lists")?;
    }
    Ok(())
}

fn explain(cause: &str) -> &'static str {
    match cause {
        "authority_unknown" => {
            "authority_unknown: the index has no authority of that name and key; add it with build --issuer"
        }
        "partition_missing" => {
            "partition_missing: the list of the certificate's distribution point is not in the index"
        }
        "stale" => "stale: the list that speaks for it is past its next update; build with a newer one",
        "not_yet_valid" => "not_yet_valid: the list that speaks for it begins after the time asked for",
        "ocsp_no_responder" => "ocsp_no_responder: nobody to ask; name a responder with --ocsp-url",
        "ocsp_unavailable" => "ocsp_unavailable: the responder did not answer",
        "ocsp_unauthorized" => "ocsp_unauthorized: the responder does not answer for this certificate",
        "ocsp_refused" => "ocsp_refused: what the responder sent is not believed",
        "ocsp_unknown" => "ocsp_unknown: the responder does not know the certificate",
        _ => "not_covered: no list in the index speaks for it",
    }
}
