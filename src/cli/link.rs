//! `revocache link`.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::certificates::{load, load_one};
use super::error::CliError;
use super::exit::Exit;
use super::output::{count, print_json};
use super::runtime;
use super::store::StoreOptions;
use crate::service::verify::LinkList;
use crate::store::{CertificateName, Link};
use crate::types::to_hex;

/// Links that one transaction takes.
const BATCH: usize = 1000;
/// Links that one query reads.
const PAGE: u32 = 1000;

/// Tell which certificates belong to one person
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  revocache link add --person 4711 old-signature.cer new-signature.cer authentication.cer
  revocache link import links.csv
  revocache link import serials.csv --issuer signature-ca.cer
  revocache link list --person 4711 --json

A certificate tells nobody's other certificates; who identifies users needs to be told. A list has a line for each
certificate, and a first line that names its columns: person,issuer_name_hash,serial. The hash is the SHA-256 of the
issuer's name in DER, as in OCSP; with --issuer it may be left out. Certificates of a person come in the order in which
they were issued. Adding links again changes nothing. Works beside a running server.")]
pub(super) struct LinkCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add the links of a list
    Import {
        /// The list; - for stdin
        list: PathBuf,
        /// Certificate of the issuer, for lists without issuer_name_hash
        #[arg(long, value_name = "FILE")]
        issuer: Option<PathBuf>,
        #[command(flatten)]
        store: StoreOptions,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Add certificates of one person
    Add {
        /// What tells persons apart
        #[arg(long, value_name = "TEXT")]
        person: String,
        /// Certificates, in the order in which they were issued
        #[arg(required = true, value_name = "CERT")]
        certificates: Vec<PathBuf>,
        #[command(flatten)]
        store: StoreOptions,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// List links
    List {
        /// Of this person [default: of all]
        #[arg(long, value_name = "TEXT")]
        person: Option<String>,
        #[command(flatten)]
        store: StoreOptions,
        /// Print one JSON document a line
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Serialize)]
struct Added {
    read: u64,
    changed: u64,
}

#[derive(Debug, Serialize)]
struct LinkJson {
    person: String,
    issuer_name_hash: String,
    serial: String,
}

impl LinkCommand {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        runtime::new()?.block_on(async {
            match &self.action {
                Action::Import { list, issuer, store, json } => {
                    let issuer = issuer.as_deref().map(load_one).transpose()?;
                    let input: Box<dyn Read> = if list.as_os_str() == "-" {
                        Box::new(std::io::stdin())
                    } else {
                        Box::new(File::open(list).map_err(|error| CliError::data(list, error))?)
                    };
                    let wrong = |error| CliError::data(list, error);
                    let links = LinkList::new(BufReader::new(input), issuer.as_ref()).map_err(wrong)?;
                    add(store, links.map(|link| link.map_err(wrong)), *json).await?;
                }
                Action::Add { person, certificates, store, json } => {
                    let mut links = Vec::new();
                    for path in certificates {
                        let named = load(path)?.into_iter().map(|certificate| {
                            Ok(Link {
                                person: person.clone(),
                                certificate: CertificateName::of(&certificate),
                            })
                        });
                        links.extend(named);
                    }
                    add(store, links.into_iter(), *json).await?;
                }
                Action::List { person, store, json } => {
                    let store = store.open().await?.store;
                    let mut last = None;
                    loop {
                        let links = store.links(person.clone(), last.take(), PAGE).await?;
                        for link in &links {
                            print(link, *json)?;
                        }
                        last = links.last().cloned();
                        if last.is_none() {
                            break;
                        }
                    }
                }
            }
            Ok(Exit::Good)
        })
    }
}

/// Adds links some at a time, up to the first that is wrong.
async fn add(
    options: &StoreOptions,
    mut links: impl Iterator<Item = Result<Link, CliError>>,
    json: bool,
) -> Result<(), CliError> {
    let store = options.open().await?.store;
    let mut added = Added { read: 0, changed: 0 };
    loop {
        let batch = links.by_ref().take(BATCH).collect::<Result<Vec<Link>, CliError>>()?;
        if batch.is_empty() {
            break;
        }
        added.read += u64::try_from(batch.len()).unwrap_or(u64::MAX);
        added.changed += store.add_links(batch).await?;
    }
    if json {
        print_json(&added)?;
    } else {
        println!("{} read, {} new or changed", count(added.read, "link", "links"), added.changed);
    }
    Ok(())
}

fn print(Link { person, certificate }: &Link, json: bool) -> std::io::Result<()> {
    let issuer_name_hash = to_hex(&certificate.issuer_name_hash);
    let serial = to_hex(&certificate.serial);
    if json {
        return print_json(&LinkJson { person: person.clone(), issuer_name_hash, serial });
    }
    println!("{person},{issuer_name_hash},{serial}");
    Ok(())
}
