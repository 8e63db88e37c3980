//! `revocache verify`.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::error::CliError;
use super::exit::Exit;
use super::output::{count, print_json, size};
use crate::publish::{IndexFolder, IndexReader};

/// Check every octet of an index
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  revocache verify --index idx

Opening an index checks its frame only, and a lookup checks what it touches; this reads everything: check sums, order,
every record, every set. Exit code 65 if anything is wrong.")]
pub(super) struct Verify {
    /// Folder of the index
    #[arg(long, value_name = "DIR")]
    index: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    ok: bool,
    generation: u64,
    entries: u64,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl Verify {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        let index = IndexReader::open(IndexFolder::new(&self.index))?.current();
        let outcome = index.verify();
        let report = Report {
            ok: outcome.is_ok(),
            generation: index.generation(),
            entries: index.entries(),
            bytes: index.len_bytes(),
            message: outcome.as_ref().err().map(ToString::to_string),
        };
        if self.json {
            print_json(&report)?;
            return Ok(if report.ok { Exit::Good } else { Exit::Data });
        }
        outcome?;
        println!(
            "generation {} is whole: {}, {}",
            report.generation,
            count(report.entries, "revoked certificate", "revoked certificates"),
            size(report.bytes)
        );
        Ok(Exit::Good)
    }
}
