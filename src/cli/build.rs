//! `revocache build`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use super::error::CliError;
use super::exit::Exit;
use super::output::{count, grouped, parse_time, print_json, size};
use super::progress::Bars;
use crate::ingest::{self, BuildReport, BuildRequest, CrlReport, Rejections, Rollbacks, SourceCode};
use crate::pki::AlgorithmPolicy;
use crate::publish::IndexFolder;
use crate::types::UnixTime;

/// Verify CRLs and compile them into an index, or add them to one
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  revocache build --index idx --issuer cas/ --crl crls/
  revocache build --index idx --crl today.crl                    (the index knows the issuers already)
  revocache build --index idx --anchor roots.pem --issuer intermediates.pem --crl crls/ --strict --json

A PATH is a file (DER, or PEM with any number of objects) or a folder, walked. A CRL that is refused is reported and
changes nothing; readers of the index see the new generation at once.")]
pub(super) struct Build {
    /// Folder of the index; made if it does not exist
    #[arg(long, value_name = "DIR")]
    index: PathBuf,
    /// Certificates to trust; with it, only issuers that chain to one of them by signature are used
    #[arg(long, value_name = "PATH")]
    anchor: Vec<PathBuf>,
    /// Certificates of authorities and of separate CRL signers
    #[arg(long, value_name = "PATH")]
    issuer: Vec<PathBuf>,
    /// Certificate revocation lists
    #[arg(long, value_name = "PATH")]
    crl: Vec<PathBuf>,
    /// The time to build for, such as 2025-02-25T00:00:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    at: Option<UnixTime>,
    /// Publish nothing if any CRL is rejected (one that is merely superseded is not)
    #[arg(long)]
    strict: bool,
    /// Let a CRL replace a newer published one; recorded in the folder's events.jsonl
    #[arg(long)]
    force_rollback: bool,
    /// Accept signatures with SHA-1, which no longer resists collisions
    #[arg(long)]
    allow_sha1: bool,
    /// How many generations to keep, the new one included
    #[arg(long, value_name = "N", default_value = "3")]
    keep: NonZeroUsize,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Build {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        let request = BuildRequest {
            folder: IndexFolder::new(&self.index),
            anchors: self.anchor.clone(),
            issuers: self.issuer.clone(),
            crls: self.crl.clone(),
            at: self.at.unwrap_or_else(UnixTime::now),
            rejections: if self.strict { Rejections::PublishNothing } else { Rejections::PublishTheRest },
            rollbacks: if self.force_rollback { Rollbacks::Forced } else { Rollbacks::Refused },
            algorithms: if self.allow_sha1 {
                AlgorithmPolicy::ALLOW_SHA1
            } else {
                AlgorithmPolicy::default()
            },
            keep: self.keep,
        };
        let report = ingest::build(&request, &*Bars::on_terminal())?;
        if self.json {
            print_json(&report)?;
        } else {
            print_report(&report);
        }
        Ok(if report.published { Exit::Good } else { Exit::Data })
    }
}

fn print_report(report: &BuildReport) {
    for ignored in &report.issuers.ignored {
        let message = ignored.message.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
        println!("ignored   {} ({}{message})", ignored.source, ignored.code);
    }
    for crl in &report.crls {
        match crl {
            CrlReport::Accepted(crl) => {
                let number =
                    crl.crl_number.as_deref().map(|text| format!(" number {text}")).unwrap_or_default();
                let kind = if crl.delta { "delta CRL" } else { "CRL" };
                let stale = if crl.stale { ", stale: it only denies what it lists" } else { "" };
                let forced = if crl.forced { ", forced over a newer one" } else { "" };
                println!(
                    "accepted  {}: {kind}{number} of {}, {}{stale}{forced}",
                    crl.source,
                    crl.issuer,
                    count(crl.entries, "entry", "entries")
                );
            }
            CrlReport::Rejected(crl) => {
                println!("rejected  {} ({}): {}", crl.source, crl.code.name(), crl.message);
            }
        }
    }
    let accepted = report.crls.iter().filter(|crl| crl.code() == SourceCode::Accepted).count();
    if report.published {
        println!(
            "generation {}: {} of {} accepted, {} of {} in {}, {} ms",
            report.generation,
            grouped(u64::try_from(accepted).unwrap_or(u64::MAX)),
            count(u64::try_from(report.crls.len()).unwrap_or(u64::MAX), "CRL", "CRLs"),
            count(report.entries, "revoked certificate", "revoked certificates"),
            count(report.authorities, "authority", "authorities"),
            size(report.bytes),
            grouped(report.elapsed_ms)
        );
    } else {
        println!("nothing published, because of --strict; generation {} stays in force", report.generation);
    }
}
