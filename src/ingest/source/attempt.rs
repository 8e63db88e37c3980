//! What a build said of the files of one source.

use std::path::PathBuf;

use tokio::sync::oneshot;

use super::builder::{Job, JobReport, Order};
use super::context::Context;
use super::spool::Spooled;
use super::status::ListStatus;
use crate::ingest::{CrlReport, SourceCode};

/// A list, or a file, that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) file: PathBuf,
    /// `None` if the build failed before it could judge.
    pub(super) code: Option<SourceCode>,
    pub(super) message: String,
}

impl Refused {
    pub(super) fn name(&self) -> &'static str {
        self.code.map_or("build_failed", SourceCode::name)
    }

    /// Whether the same octets would be refused again, whatever else changes.
    pub(super) fn is_final(&self) -> bool {
        matches!(
            self.code,
            Some(
                SourceCode::Rollback
                    | SourceCode::Malformed
                    | SourceCode::BadSignature
                    | SourceCode::SignerNotAllowed
                    | SourceCode::UnsupportedAlgorithm
                    | SourceCode::UnsupportedCriticalExtension
                    | SourceCode::LimitExceeded
            )
        )
    }

    /// Whether it is no fault: another source was faster.
    pub(super) fn is_harmless(&self) -> bool {
        self.code == Some(SourceCode::Superseded)
    }
}

/// What became of each file.
#[derive(Debug, Clone, Default)]
pub(super) struct Judged {
    pub(super) accepted: Vec<(PathBuf, ListStatus)>,
    pub(super) refused: Vec<Refused>,
}

/// Has files built, and waits for the judgement.
pub(super) async fn submit(context: &Context, files: Vec<PathBuf>, body: Option<Spooled>) -> Judged {
    let (done, report) = oneshot::channel();
    let all = files.clone();
    let job = Job { files, body, done };
    let report = match context.orders.send(Order::Lists(job)).await {
        Ok(()) => report.await.ok(),
        Err(_) => None,
    };
    match report {
        Some(report) => judge(report),
        None => {
            let message = "the builder has stopped".to_owned();
            let refused = |file| Refused { file, code: None, message: message.clone() };
            Judged { accepted: Vec::new(), refused: all.into_iter().map(refused).collect() }
        }
    }
}

fn judge(report: JobReport) -> Judged {
    let mut judged = Judged::default();
    for (file, crl) in report.crls {
        match crl {
            CrlReport::Accepted(crl) => {
                judged.accepted.push((file, ListStatus::new(&crl.issuer, &crl.facts)));
            }
            CrlReport::Rejected(crl) => {
                judged.refused.push(Refused { file, code: Some(crl.code), message: crl.message });
            }
        }
    }
    for (file, message) in report.unreadable {
        judged.refused.push(Refused { file, code: Some(SourceCode::Unreadable), message });
    }
    for (file, message) in report.failed {
        judged.refused.push(Refused { file, code: None, message });
    }
    judged
}
