//! `revocache diff`.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::error::CliError;
use super::exit::Exit;
use super::output::{count, print_json};
use crate::publish::{Change, ChangeKind, Generation, IndexFolder, IndexReader, changes, open_generation};

/// List the serials that were added and removed between two generations
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  revocache diff --index idx
  revocache diff --index idx --from 5 --to 7 --json

Without --to the generation in force, without --from the one before --to. How many generations are kept is told to
`revocache build --keep N`.")]
pub(super) struct Diff {
    /// Folder of the index
    #[arg(long, value_name = "DIR")]
    index: PathBuf,
    /// The earlier generation
    #[arg(long, value_name = "GEN")]
    from: Option<u64>,
    /// The later generation
    #[arg(long, value_name = "GEN")]
    to: Option<u64>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    from: u64,
    to: u64,
    added: Vec<Entry>,
    removed: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Entry {
    issuer: String,
    serial: String,
    /// Where an indirect CRL of `issuer` lists a certificate of somebody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_issuer: Option<String>,
}

impl Diff {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        let folder = IndexFolder::new(&self.index);
        let to = match self.to {
            Some(to) => std::sync::Arc::new(open_generation(&folder, Generation(to))?),
            None => IndexReader::open(folder.clone())?.current(),
        };
        let from = self.from.unwrap_or_else(|| to.generation().saturating_sub(1));
        if from == 0 {
            return Err(CliError::Usage("generation 1 has none before it to compare with".to_owned()));
        }
        let from = open_generation(&folder, Generation(from))?;
        let mut report =
            Report { from: from.generation(), to: to.generation(), added: Vec::new(), removed: Vec::new() };
        changes(&from, &to, |change| match change.kind {
            ChangeKind::Added => report.added.push(change.into()),
            ChangeKind::Removed => report.removed.push(change.into()),
        })?;
        if self.json {
            print_json(&report)?;
        } else {
            print(&report)?;
        }
        Ok(Exit::Good)
    }
}

impl From<Change> for Entry {
    fn from(change: Change) -> Self {
        Self {
            issuer: change.authority,
            serial: change.serial.to_string(),
            certificate_issuer: change.certificate_issuer.as_ref().map(crate::pki::display_name_key),
        }
    }
}

fn print(report: &Report) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for (sign, entries) in [('+', &report.added), ('-', &report.removed)] {
        for entry in entries {
            let issuer = entry.certificate_issuer.as_ref().unwrap_or(&entry.issuer);
            writeln!(out, "{sign} {} {issuer}", entry.serial)?;
        }
    }
    let number = |entries: &[Entry]| u64::try_from(entries.len()).unwrap_or(u64::MAX);
    writeln!(
        out,
        "generation {} to {}: {} added, {} removed",
        report.from,
        report.to,
        count(number(&report.added), "serial", "serials"),
        count(number(&report.removed), "serial", "serials")
    )?;
    out.flush()
}
