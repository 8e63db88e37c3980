//! `revocache audit`.

use clap::Args;

use super::error::CliError;
use super::exit::Exit;
use super::output::{parse_time, print_json};
use super::runtime;
use super::store::{StoreOptions, of_store};
use crate::server::admin::ShownEntry;
use crate::service::accounts::AccountName;
use crate::store::AuditQuery;
use crate::types::UnixTime;

/// Who changed what on a server
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  revocache audit --data /var/lib/revocache
  revocache audit --data /var/lib/revocache --actor admin --since 2026-01-01T00:00:00Z --json

The newest entries come first. Logins, changes and exports are noted, also those that were refused; the log can only be
added to. The same is at GET /audit of the admin listener.")]
pub(super) struct Audit {
    #[command(flatten)]
    store: StoreOptions,
    /// Of this user alone
    #[arg(long, value_name = "NAME")]
    actor: Option<AccountName>,
    /// From this time on
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<UnixTime>,
    /// Before this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<UnixTime>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
    /// Print one JSON document a line
    #[arg(long)]
    json: bool,
}

impl Audit {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        let query = AuditQuery {
            since: self.since,
            until: self.until,
            actor: self.actor.as_ref().map(|name| name.as_str().to_owned()),
            before: None,
            limit: self.limit,
        };
        let entries = runtime::new()?.block_on(async {
            let store = self.store.open().await?.store;
            store.audit_entries(query).await.map_err(of_store)
        })?;
        for entry in entries.into_iter().map(ShownEntry::from) {
            if self.json {
                print_json(&entry)?;
                continue;
            }
            let ShownEntry { time, family, actor, peer, action, target, outcome, detail, .. } = entry;
            let peer = peer.unwrap_or_else(|| "-".to_owned());
            let actor = if actor.is_empty() { "-".to_owned() } else { format!("/{actor}") };
            println!("{time}  {outcome:<8} {family:<8} {actor} {peer}  {action} {target} {detail}");
        }
        Ok(Exit::Good)
    }
}
