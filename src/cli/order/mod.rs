//! `revocache order`: the registry of orders, and the API keys of its clients.

mod documents;
mod keys;

use std::future::Future;

use clap::{Args, Subcommand};

use super::error::CliError;
use super::exit::Exit;
use super::runtime;
use super::store::{Opened, StoreOptions, actor};
use crate::service::audit::{AuditEvent, AuditLog, AuditOutcome};
use crate::service::orders::{Kind, Registry, RegistryError};
use crate::types::{Clock, UnixTime};

/// Keep orders, what they need, and the API keys of clients
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  revocache order import orders.json --data /var/lib/revocache
  revocache order list --status issued --json
  revocache order show order 112211 --all
  revocache order set order 112211 '{\"status\": \"canceled\"}'
  revocache order key add --user 1 --name monitoring --restriction view-only

Works beside a running server, which takes over every change at once. What documents look like is written in
docs/digicert.md.")]
pub(super) struct Order {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Keep every document of a file, or none
    Import(documents::Import),
    /// Keep one new document
    Add(documents::Add),
    /// List documents
    List(documents::List),
    /// Show one document
    Show(documents::Show),
    /// Change one document
    Set(documents::Set),
    /// Remove one document
    Remove(documents::Remove),
    /// API keys
    Key(keys::Key),
}

/// What every command takes.
#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    store: StoreOptions,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The registry, and where changes of it are noted.
struct Desk {
    registry: Registry,
    now: UnixTime,
    log: Box<dyn AuditLog>,
}

impl Order {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        match &self.command {
            Command::Import(import) => import.run(),
            Command::Add(add) => add.run(),
            Command::List(list) => list.run(),
            Command::Show(show) => show.run(),
            Command::Set(set) => set.run(),
            Command::Remove(remove) => remove.run(),
            Command::Key(key) => key.run(),
        }
    }
}

impl Common {
    /// Opens the registry and does something with it.
    fn with<'s, T, F>(&'s self, act: impl FnOnce(Desk) -> F) -> Result<T, CliError>
    where
        F: Future<Output = Result<T, CliError>> + 's,
    {
        runtime::new()?.block_on(async {
            let Opened { store, clock } = self.store.open().await?;
            let now = clock.now();
            let registry = Registry::new(store.clone(), clock);
            act(Desk { registry, now, log: Box::new(store) }).await
        })
    }
}

impl Desk {
    /// Notes what became of a change, and passes it on.
    async fn noted<T>(
        &self,
        action: &str,
        target: String,
        result: Result<T, RegistryError>,
    ) -> Result<T, CliError> {
        let (outcome, detail) = match &result {
            Ok(_) => (AuditOutcome::Done, String::new()),
            Err(error) if error.is_refusal() => (AuditOutcome::Refused, error.to_string()),
            Err(error) => (AuditOutcome::Failed, error.to_string()),
        };
        let event = AuditEvent {
            family: "cli",
            actor: actor(),
            peer: None,
            action: format!("order/{action}"),
            target,
            outcome,
            detail,
        };
        self.log.log(event).await;
        Ok(result?)
    }
}

/// Reads a kind given on the command line.
fn parse_kind(text: &str) -> Result<Kind, String> {
    Kind::parse(text).ok_or_else(|| format!("'{text}' is none of user, organization, domain and order"))
}
