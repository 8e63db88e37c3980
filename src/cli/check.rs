//! `revocache check`.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, ValueEnum};
use serde::Serialize;

use super::certificates;
use super::exit::{CliError, Exit};
use super::output::{parse_time, print_json};
use crate::pki::Certificate;
use crate::policy::{self, Policy};
use crate::publish::{IndexFolder, IndexReader, MappedIndex};
use crate::types::{Cause, Serial, Status, UnixTime, Verdict};

/// Ask whether certificates are revoked
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("question").required(true).args(["cert", "serial"]))]
#[command(after_help = "Examples:
  revocache check --index idx --cert server.pem
  revocache check --index idx --cert leaf.pem --issuer ca.pem --at 2025-02-25T00:00:00Z --json
  revocache check --index idx --issuer ca.pem --serial 00ff --serial 0x1234

A certificate is the better question: it tells its distribution points and whether it is a CA's. For a bare serial
`good` needs lists that cover everything of the issuer. HEX is the octets of the DER INTEGER, so that 00ff is 255 and
ff is minus one; behind 0x it is the digits of a number, as OpenSSL prints serials.")]
pub(super) struct Check {
    /// Folder of the index
    #[arg(long, value_name = "DIR")]
    index: PathBuf,
    /// Certificates to ask about (DER, or PEM with one or more)
    #[arg(long, value_name = "FILE", num_args = 1..)]
    cert: Vec<PathBuf>,
    /// Certificate of the issuer
    #[arg(long, value_name = "FILE")]
    issuer: Option<PathBuf>,
    /// Serial numbers to ask about
    #[arg(long, value_name = "HEX", num_args = 1.., requires = "issuer", value_parser = Serial::parse)]
    serial: Vec<Serial>,
    /// The time to ask for [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    at: Option<UnixTime>,
    /// Where to look for the answer
    #[arg(long, value_enum, default_value_t = Method::Crl)]
    method: Method,
    /// Print one JSON document a line for each question
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Method {
    /// The CRLs in the index
    Crl,
}

/// One answer, as JSON spells it.
#[derive(Debug, Serialize)]
struct Answer {
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
    certificate_expired: Option<bool>,
}

impl Check {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        let Method::Crl = self.method;
        let at = self.at.unwrap_or_else(UnixTime::now);
        let index = IndexReader::open(IndexFolder::new(&self.index))?.current();
        let issuers = self.issuer.as_deref().map(certificates::load).transpose()?.unwrap_or_default();
        let mut worst = Exit::Good;
        let mut tell = |answer: &Answer, verdict: &Verdict, source: Option<&Path>| {
            worst = worst.worse(Exit::of_status(&verdict.status));
            if self.json { print_json(answer) } else { print_answer(answer, source) }
        };
        for path in &self.cert {
            for certificate in certificates::load(path)? {
                let issuer = self.issuer_of(&certificate, &issuers, path)?;
                let verdict =
                    policy::check_certificate(&index, &certificate, issuer, at, &Policy::default())?;
                let mut answer =
                    Answer::new(&verdict, certificate.issuer().to_string(), certificate.serial().to_string());
                answer.certificate_expired = Some(certificate.not_after() < at);
                tell(&answer, &verdict, Some(path))?;
            }
        }
        if !self.serial.is_empty() {
            let issuer = match (issuers.as_slice(), &self.issuer) {
                ([issuer], _) => issuer,
                (_, Some(path)) => {
                    return Err(CliError::data(path, "several certificates where one is meant"));
                }
                (_, None) => return Err(CliError::Usage("--serial needs --issuer".to_owned())),
            };
            for serial in &self.serial {
                warn_of_a_lost_zero(serial);
                let verdict = ask(&index, issuer, serial, at)?;
                let answer = Answer::new(&verdict, issuer.subject().to_string(), serial.to_string());
                tell(&answer, &verdict, None)?;
            }
        }
        Ok(worst)
    }

    fn issuer_of<'a>(
        &self,
        certificate: &Certificate,
        issuers: &'a [Certificate],
        path: &Path,
    ) -> Result<Option<&'a Certificate>, CliError> {
        let Some(given) = &self.issuer else { return Ok(None) };
        let fitting = issuers.iter().find(|issuer| issuer.subject() == certificate.issuer());
        fitting.map(Some).ok_or_else(|| {
            let reason = format!("issued by {}, which {} is not", certificate.issuer(), given.display());
            CliError::data(path, reason)
        })
    }
}

impl Answer {
    fn new(verdict: &Verdict, issuer: String, serial: String) -> Self {
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
        }
    }
}

fn ask(
    index: &MappedIndex,
    issuer: &Certificate,
    serial: &Serial,
    at: UnixTime,
) -> Result<Verdict, CliError> {
    let authority = policy::resolve_issuer(index, issuer);
    Ok(policy::check_serial(index, authority, serial.as_ref(), at, &Policy::default())?)
}

/// OpenSSL prints the serial `00d41d` as `D41D`, and pasted here that is another, negative number.
fn warn_of_a_lost_zero(serial: &Serial) {
    if serial.as_ref().magnitude().is_none() {
        eprintln!(
            "revocache: note: the serial {serial} is a negative number; if it was copied from a program that prints \
             serials without their sign octet, write 0x{serial}"
        );
    }
}

fn print_answer(answer: &Answer, source: Option<&Path>) -> std::io::Result<()> {
    use std::io::Write;
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
    if let Some(this_update) = &answer.this_update {
        let number = answer.crl_number.as_deref().map(|text| format!(" number {text}")).unwrap_or_default();
        let next = answer.next_update.as_deref().unwrap_or("not announced");
        writeln!(out, "         by CRL{number} of {this_update}, next update {next}")?;
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
        _ => "not_covered: no list in the index speaks for it",
    }
}
