//! What the steps of the tour have in common.

use std::fmt::Display;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use crate::cli::error::CliError;
use crate::ingest::{self, BuildReport, BuildRequest, Rejections, Rollbacks, Silent};
use crate::pki::{AlgorithmPolicy, Certificate};
use crate::publish::IndexFolder;
use crate::types::{Cause, Method, Status, UnixTime, Verdict};

/// Builds from one issuer, and a list of it where it has one.
pub(super) fn build(
    folder: &IndexFolder,
    issuer: &Path,
    crl: Option<&Path>,
) -> Result<BuildReport, CliError> {
    let request = BuildRequest {
        folder: folder.clone(),
        anchors: Vec::new(),
        issuers: vec![issuer.into()],
        crls: crl.map(Into::into).into_iter().collect(),
        at: UnixTime::now(),
        rejections: Rejections::PublishNothing,
        rollbacks: Rollbacks::Refused,
        algorithms: AlgorithmPolicy::default(),
        keep: NonZeroUsize::MIN.saturating_add(1),
    };
    let report = ingest::build(&request, &Silent)?;
    if report.published { Ok(report) } else { Err(failed(format!("{:?}", report.crls))) }
}

pub(super) fn describe(verdict: &Verdict) -> String {
    match verdict.status {
        Status::Good => {
            let until = verdict.next_update.map(|time| format!(", until {time}")).unwrap_or_default();
            match verdict.method {
                Method::Crl => format!("good: covered by a current list that does not name it{until}"),
                Method::Ocsp => format!("good: its CA's responder says so{until}"),
            }
        }
        Status::Revoked(revocation) => {
            format!("revoked since {}, reason {}", revocation.revoked_at, revocation.reason)
        }
        Status::Unknown(Cause::AuthorityUnknown) => {
            "unknown (authority_unknown): another CA of the same name, and never a guess".to_owned()
        }
        Status::Unknown(cause) => format!("unknown ({cause})"),
    }
}

/// The only certificate in a PEM text.
pub(super) fn only_certificate(pem: &str) -> Result<Certificate, CliError> {
    let certificates = crate::pki::read_certificates(pem.as_bytes()).map_err(failed)?;
    certificates.into_iter().next().ok_or_else(|| failed("no certificate"))
}

pub(super) fn failed(reason: impl Display) -> CliError {
    CliError::Demo(format!("{reason}"))
}

pub(super) fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
