//! `revocache ocsp query`.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use clap::{Args, ValueEnum};

use super::subject::{Known, Subject};
use super::{Told, refuse};
use crate::cli::exit::{CliError, Exit};
use crate::cli::output::parse_time;
use crate::fetch::http::{AddressPolicy, HttpClient, HttpSettings, OcspMethod};
use crate::ocsp::{
    DelegateStatus, Nonce, NoncePolicy, Question, ResponsePolicy, encode_request, verify_response,
};
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
