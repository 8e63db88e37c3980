//! `revocache ocsp`: OCSP by hand.

mod query;
mod subject;
mod verify;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::error::CliError;
use super::exit::Exit;
use super::output::print_json;
use crate::ocsp::{Answer, CertStatus};

/// Ask OCSP responders, and judge what they send
#[derive(Debug, Args)]
pub(super) struct Ocsp {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge a response in a file
    Verify(verify::Verify),
    /// Ask a responder about a certificate
    Query(query::Query),
}

impl Ocsp {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        match &self.command {
            Command::Verify(verify) => verify.run(),
            Command::Query(query) => query.run(),
        }
    }
}

/// A believed answer, as JSON spells it.
#[derive(Debug, Serialize)]
struct Told {
    status: &'static str,
    revocation_reason: Option<&'static str>,
    revoked_at: Option<String>,
    this_update: String,
    next_update: Option<String>,
    produced_at: String,
    /// Who told it, where a responder was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    responder: Option<String>,
}

/// A response that is not believed, or none at all.
#[derive(Debug, Serialize)]
struct Refused<'a> {
    status: &'static str,
    code: &'a str,
    message: String,
}

impl Told {
    fn new(answer: &Answer, responder: Option<String>) -> Self {
        let (status, revocation) = match answer.status {
            CertStatus::Good => ("good", None),
            CertStatus::Revoked(revocation) => ("revoked", Some(revocation)),
            CertStatus::Unknown => ("unknown", None),
        };
        Self {
            status,
            revocation_reason: revocation.map(|it| it.reason.name()),
            revoked_at: revocation.map(|it| it.revoked_at.to_string()),
            this_update: answer.this_update.to_string(),
            next_update: answer.next_update.map(|time| time.to_string()),
            produced_at: answer.produced_at.to_string(),
            responder,
        }
    }

    fn tell(&self, json: bool) -> Result<Exit, CliError> {
        if json {
            print_json(self)?;
        } else {
            self.print()?;
        }
        Ok(match self.status {
            "good" => Exit::Good,
            "revoked" => Exit::Revoked,
            _ => Exit::Unknown,
        })
    }

    fn print(&self) -> std::io::Result<()> {
        use std::io::Write;
        let mut out = std::io::stdout().lock();
        match (&self.revoked_at, self.revocation_reason) {
            (Some(since), Some(reason)) => writeln!(out, "revoked  since {since}, reason {reason}")?,
            _ if self.status == "unknown" => {
                writeln!(out, "unknown  the responder does not know the certificate")?;
            }
            _ => writeln!(out, "{}", self.status)?,
        }
        let next = self.next_update.as_deref().unwrap_or("not announced");
        writeln!(
            out,
            "         as of {}, next update {next}, signed {}",
            self.this_update, self.produced_at
        )?;
        if let Some(responder) = &self.responder {
            writeln!(out, "         told by {responder}")?;
        }
        Ok(())
    }
}

/// Reports a refusal; the exit code is the caller's, because a bad file and a dead responder are not the same.
fn refuse(code: &str, message: String, json: bool, exit: Exit) -> Result<Exit, CliError> {
    if json {
        print_json(&Refused { status: "rejected", code, message })?;
    } else {
        println!("rejected ({code})\n         {message}");
    }
    Ok(exit)
}
