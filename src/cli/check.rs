//! `revocache check`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{ArgGroup, Args, ValueEnum};
use serde::Serialize;

use super::certificates;
use super::exit::{CliError, Exit};
use super::output::{parse_time, print_json};
use super::runtime;
use crate::fetch::http::{AddressPolicy, HttpClient, HttpSettings};
use crate::live::{Live, LiveSettings};
use crate::pki::Certificate;
use crate::publish::{IndexFolder, IndexReader};
use crate::service::{
    CheckSettings, Checker, DelegatesInIndex, Issuers, MethodPolicy, Options, Outcome, Question, Responders,
    Step,
};
use crate::types::{Cause, Clock, FixedClock, Serial, Status, SystemClock, UnixTime};

/// Ask whether certificates are revoked
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("question").required(true).args(["cert", "serial"]))]
#[command(after_help = "Examples:
  revocache check --index idx --cert server.pem
  revocache check --index idx --cert leaf.pem --issuer ca.pem --at 2025-02-25T00:00:00Z --json
  revocache check --index idx --issuer ca.pem --serial 00ff --serial 0x1234
  revocache check --index idx --cert leaf.pem --method crl-then-ocsp
  revocache check --index idx --cert leaf.pem --issuer ca.pem --ocsp-url http://ocsp.example/

A certificate is the better question: it tells its distribution points and whether it is a CA's. For a bare serial
`good` needs lists that cover everything of the issuer. HEX is the octets of the DER INTEGER, so that 00ff is 255 and
ff is minus one; behind 0x it is the digits of a number, as OpenSSL prints serials.

Nothing is sent anywhere unless --method or --ocsp-url asks for it. A responder that a certificate names must have a
public address; one given by --ocsp-url may be anywhere.")]
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
    /// Where to look for the answer [default: crl, with --ocsp-url crl-then-ocsp]
    #[arg(long, value_enum)]
    method: Option<Method>,
    /// OCSP responders to ask, before those that the certificate names
    #[arg(long, value_name = "URL", num_args = 1..)]
    ocsp_url: Vec<String>,
    /// Print one JSON document a line for each question
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Method {
    /// The CRLs in the index
    Crl,
    /// The OCSP responder
    Ocsp,
    /// The CRLs in the index, and the OCSP responder where they cannot tell
    CrlThenOcsp,
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
    /// Why the CRLs could not tell, where a responder was asked because of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    crl_cause: Option<&'static str>,
    /// Why the responder did not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl Check {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        let at = self.at.unwrap_or_else(UnixTime::now);
        let reader = Arc::new(IndexReader::open(IndexFolder::new(&self.index))?);
        let runtime = runtime::new()?;
        let checker = self.checker(&reader)?;
        let ask = |question: &Question| -> Result<Outcome, CliError> {
            Ok(match checker.check_now(question, Options { at: Some(at), ..Options::default() })? {
                Step::Done(outcome) => outcome,
                Step::Ask(pending) => runtime.block_on(checker.finish(pending)),
            })
        };
        let issuers = self.issuer.as_deref().map(certificates::load).transpose()?.unwrap_or_default();
        let mut worst = Exit::Good;
        let mut tell = |answer: &Answer, outcome: &Outcome, source: Option<&Path>| {
            worst = worst.worse(Exit::of_status(&outcome.verdict.status));
            if self.json { print_json(answer) } else { print_answer(answer, source) }
        };
        for path in &self.cert {
            for certificate in certificates::load(path)? {
                let issuer = self.issuer_of(&certificate, &issuers, path)?.cloned();
                let expired = certificate.not_after() < at;
                let (name, serial) = (certificate.issuer().to_string(), certificate.serial().to_string());
                let outcome = ask(&Question::Certificate { certificate, issuer })?;
                let mut answer = Answer::new(&outcome, name, serial);
                answer.certificate_expired = Some(expired);
                tell(&answer, &outcome, Some(path))?;
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
                let question = Question::Serial { issuer: issuer.clone(), serial: serial.clone() };
                let outcome = ask(&question)?;
                let answer = Answer::new(&outcome, issuer.subject().to_string(), serial.to_string());
                tell(&answer, &outcome, None)?;
            }
        }
        Ok(worst)
    }

    fn method(&self) -> MethodPolicy {
        match self.method {
            Some(Method::Crl) => MethodPolicy::Crl,
            Some(Method::Ocsp) => MethodPolicy::Ocsp,
            Some(Method::CrlThenOcsp) => MethodPolicy::CrlThenOcsp,
            None if self.ocsp_url.is_empty() => MethodPolicy::Crl,
            None => MethodPolicy::CrlThenOcsp,
        }
    }

    fn checker(&self, reader: &Arc<IndexReader>) -> Result<Checker, CliError> {
        let clock: Arc<dyn Clock> = match self.at {
            Some(at) => Arc::new(FixedClock(at)),
            None => Arc::new(SystemClock),
        };
        let method = self.method();
        let settings = CheckSettings {
            method,
            // Whoever runs the command is the operator.
            issuers: Issuers::AsGiven,
            responders: self.ocsp_url.clone(),
            ..CheckSettings::default()
        };
        let responders: Option<Arc<dyn Responders>> = match method {
            MethodPolicy::Crl => None,
            MethodPolicy::Ocsp | MethodPolicy::CrlThenOcsp => {
                let mut addresses = AddressPolicy::public_only();
                for url in &self.ocsp_url {
                    addresses =
                        addresses.with_url(url).map_err(|error| CliError::Usage(error.to_string()))?;
                }
                let http = HttpClient::new(&HttpSettings { addresses, ..HttpSettings::default() })
                    .map_err(|error| CliError::Unavailable(error.to_string()))?;
                let delegates = DelegatesInIndex::new(Arc::clone(reader), Arc::clone(&clock));
                Some(Arc::new(Live::new(
                    LiveSettings::default(),
                    http,
                    Arc::clone(&clock),
                    delegates.parts(),
                )))
            }
        };
        Ok(Checker::new(Arc::clone(reader), clock, settings, responders))
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
    fn new(outcome: &Outcome, issuer: String, serial: String) -> Self {
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
