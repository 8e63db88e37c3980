//! `revocache ocsp query`.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use clap::{Args, ValueEnum};

use super::subject::{Known, Subject};
use super::{Told, refuse};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::parse_time;
use crate::cli::responders::http_client;
use crate::cli::runtime;
use crate::fetch::http::{HttpError, OcspMethod};
use crate::ocsp::{
    DelegateStatus, Nonce, NoncePolicy, Question, ResponsePolicy, encode_request, verify_response,
};
use crate::pki::Certificate;
use crate::types::{CertId, UnixTime};

/// Ask a responder about a certificate
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  revocache ocsp query --issuer ca.pem --cert server.pem
  revocache ocsp query --issuer ca.pem --serial 00ff --url http://ocsp.example/ --json
  revocache ocsp query --issuer ca.pem --cert server.pem --get --save answer.der

Without --url the responders that the certificate names are tried in order; those must have public addresses. A URL
given here may lead anywhere. The exit code is 0 good, 1 revoked, 2 unknown, 65 for an answer that cannot be believed
and 69 if none came.")]
pub(super) struct Query {
    #[command(flatten)]
    subject: Subject,
    /// URL of the responder [default: those in the certificate]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Ask by GET, which caches on the way may answer
    #[arg(long)]
    get: bool,
    /// Hash function that names the issuer
    #[arg(long, value_enum, default_value_t = Hash::Sha1)]
    hash: Hash,
    /// Whether a nonce is sent, and has to come back
    #[arg(long, value_enum, default_value_t = NonceUse::Sent)]
    nonce: NonceUse,
    /// Seconds to wait for an answer
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=300))]
    timeout: u64,
    /// Leave the response here (DER)
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// The time to judge the answer at [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    at: Option<UnixTime>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Hash {
    /// What every responder understands
    Sha1,
    /// What some responders understand
    Sha256,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum NonceUse {
    /// None is sent
    None,
    /// One is sent; an answer without it counts, one with another does not
    Sent,
    /// One is sent, and an answer without it does not count
    Required,
}

impl Query {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        let subject = self.subject.read()?;
        let urls = self.urls(&subject)?;
        let nonce = match self.nonce {
            NonceUse::None => None,
            NonceUse::Sent | NonceUse::Required => {
                Some(Nonce::random().map_err(|error| CliError::Unavailable(error.to_string()))?)
            }
        };
        let id = match self.hash {
            Hash::Sha1 => CertId::sha1(&subject.issuer, &subject.serial),
            Hash::Sha256 => CertId::sha256(&subject.issuer, &subject.serial),
        };
        let request = Bytes::from(encode_request(std::slice::from_ref(&id), nonce.as_ref()));
        let (responder, response) = match self.ask(&urls, &request)? {
            Ok(told) => told,
            Err(error) => {
                return refuse(error.code(), error.to_string(), self.json, Exit::Unavailable);
            }
        };
        if let Some(path) = &self.save {
            std::fs::write(path, &response).map_err(|error| CliError::data(path, error))?;
        }
        let question = Question { id: &id, issuer: &subject.issuer, nonce: nonce.as_ref() };
        let policy = ResponsePolicy {
            nonce: match self.nonce {
                NonceUse::Required => NoncePolicy::Required,
                NonceUse::None | NonceUse::Sent => NoncePolicy::Optional,
            },
            ..ResponsePolicy::default()
        };
        let at = self.at.unwrap_or_else(UnixTime::now);
        match verify_response(&response, &question, at, &policy, &|_| DelegateStatus::Unknown) {
            Ok(answer) => Told::new(&answer, Some(responder)).tell(self.json),
            // A responder that will not answer has not sent bad data.
            Err(error) if error.is_refusal() => {
                refuse(error.code(), error.to_string(), self.json, Exit::Unavailable)
            }
            Err(error) => refuse(error.code(), error.to_string(), self.json, Exit::Data),
        }
    }

    fn urls(&self, subject: &Known) -> Result<Vec<String>, CliError> {
        if let Some(url) = &self.url {
            return Ok(vec![url.clone()]);
        }
        let named = subject.certificate.as_ref().map(Certificate::ocsp_urls).unwrap_or_default();
        if named.is_empty() {
            let what = if subject.certificate.is_some() {
                "the certificate names none"
            } else {
                "a serial names none"
            };
            return Err(CliError::Usage(format!("no responder to ask: {what}; give one with --url")));
        }
        Ok(named.to_vec())
    }

    /// The first response of the responders in order, with the URL of the one that gave it; or the last failure.
    fn ask(&self, urls: &[String], request: &Bytes) -> Result<Result<(String, Bytes), HttpError>, CliError> {
        let client = http_client(self.url.as_deref())?;
        let method = if self.get { OcspMethod::Get } else { OcspMethod::Post };
        let each = Duration::from_secs(self.timeout) / u32::try_from(urls.len()).unwrap_or(u32::MAX).max(1);
        runtime::new()?.block_on(async {
            let mut last = None;
            for url in urls {
                match client.ask_responder(url, request, method, each).await {
                    Ok(response) => return Ok(Ok((url.clone(), response))),
                    Err(error) => last = Some(error),
                }
            }
            last.map(Err).ok_or_else(|| CliError::Usage("no responder to ask".to_owned()))
        })
    }
}
