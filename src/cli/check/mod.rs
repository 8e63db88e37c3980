//! `revocache check`.

mod answer;
mod oracle;

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};

use self::answer::{Answer, print_answer};
use self::oracle::Oracle;
use super::certificates;
use super::error::CliError;
use super::exit::Exit;
use super::output::{parse_time, print_json};
use super::server_options::ServerOptions;
use crate::pki::Certificate;
use crate::service::{MethodPolicy, Outcome, Question};
use crate::types::{Serial, UnixTime};

/// Ask whether certificates are revoked
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("asked").required(true).args(["index", "server"]))]
#[command(group = ArgGroup::new("question").required(true).args(["cert", "serial"]))]
#[command(after_help = "Examples:
  revocache check --index idx --cert server.pem
  revocache check --index idx --cert leaf.pem --issuer ca.pem --at 2025-02-25T00:00:00Z --json
  revocache check --index idx --issuer ca.pem --serial 00ff --serial 0x1234
  revocache check --index idx --cert leaf.pem --method crl-then-ocsp
  revocache check --index idx --cert leaf.pem --issuer ca.pem --ocsp-url http://ocsp.example/
  revocache check --server crl.example:4433 --server-ca root.pem --cert leaf.pem

A certificate is the better question: it tells its distribution points and whether it is a CA's. For a bare serial
`good` needs lists that cover everything of the issuer. HEX is the octets of the DER INTEGER, so that 00ff is 255 and
ff is minus one; behind 0x it is the digits of a number, as OpenSSL prints serials.

Nothing is sent anywhere unless --method or --ocsp-url asks for it. A responder that a certificate names must have a
public address; one given by --ocsp-url may be anywhere.")]
pub(super) struct Check {
    /// Folder of the index
    #[arg(long, value_name = "DIR")]
    index: Option<PathBuf>,
    #[command(flatten)]
    server: ServerOptions,
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
    /// Where to look for the answer: crl, ocsp or crl-then-ocsp [default: crl, with --ocsp-url crl-then-ocsp, with
    /// --server what it decides]
    #[arg(long)]
    method: Option<MethodPolicy>,
    /// OCSP responders to ask, before those that the certificate names
    #[arg(long, value_name = "URL", num_args = 1.., conflicts_with = "server")]
    ocsp_url: Vec<String>,
    /// Print one JSON document a line for each question
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        let at = self.at.unwrap_or_else(UnixTime::now);
        let oracle = self.oracle()?;
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
                let outcome = oracle.ask(&Question::Certificate { certificate, issuer })?;
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
                let outcome = oracle.ask(&question)?;
                let answer = Answer::new(&outcome, issuer.subject().to_string(), serial.to_string());
                tell(&answer, &outcome, None)?;
            }
        }
        Ok(worst)
    }

    fn oracle(&self) -> Result<Oracle, CliError> {
        match (self.server.server()?, &self.index) {
            (Some(server), _) => Oracle::server(&server, self.method, self.at),
            (None, Some(index)) => Oracle::index(index, self.local_method(), &self.ocsp_url, self.at),
            (None, None) => Err(CliError::Usage("either --index or --server is needed".to_owned())),
        }
    }

    /// Without the network, unless something says otherwise.
    fn local_method(&self) -> MethodPolicy {
        let usual = if self.ocsp_url.is_empty() { MethodPolicy::Crl } else { MethodPolicy::CrlThenOcsp };
        self.method.unwrap_or(usual)
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

/// OpenSSL prints the serial `00d41d` as `D41D`, and pasted here that is another, negative number.
fn warn_of_a_lost_zero(serial: &Serial) {
    if serial.as_ref().magnitude().is_none() {
        eprintln!(
            "revocache: note: the serial {serial} is a negative number; if it was copied from a program that prints \
             serials without their sign octet, write 0x{serial}"
        );
    }
}
