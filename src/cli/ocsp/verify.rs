//! `revocache ocsp verify`.

use std::path::PathBuf;

use clap::Args;

use super::subject::Subject;
use super::{Told, refuse};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::parse_time;
use crate::ocsp::{DelegateStatus, MAX_RESPONSE_OCTETS, Question, ResponsePolicy, verify_response};
use crate::types::{CertId, UnixTime};

/// Judge a response in a file
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  revocache ocsp verify --response answer.der --issuer ca.pem --cert server.pem
  revocache ocsp verify --response answer.der --issuer ca.pem --serial 00ff --at 2025-02-25T00:00:00Z --json

The answer's exit code is 0 good, 1 revoked, 2 unknown; 65 for a response that cannot be believed, with the reason.
No nonce is compared: the file does not tell what was asked.")]
pub(super) struct Verify {
    /// The response (DER)
    #[arg(long, value_name = "FILE")]
    response: PathBuf,
    #[command(flatten)]
    subject: Subject,
    /// The time to judge at [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    at: Option<UnixTime>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        let subject = self.subject.read()?;
        let response = crate::fetch::SourceFile { path: self.response.clone() }.read(MAX_RESPONSE_OCTETS)?;
        let id = CertId::sha1(&subject.issuer, &subject.serial);
        let question = Question { id: &id, issuer: &subject.issuer, nonce: None };
        let at = self.at.unwrap_or_else(UnixTime::now);
        // There is no index to look a delegate up in; RFC 6960 section 4.2.2.2.1 leaves the rest to local policy.
        let delegate = |_: &_| DelegateStatus::Unknown;
        match verify_response(&response, &question, at, &ResponsePolicy::default(), &delegate) {
            Ok(answer) => Told::new(&answer, None).tell(self.json),
            Err(error) => refuse(error.code(), error.to_string(), self.json, Exit::Data),
        }
    }
}
