//! `revocache tenant`.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::error::CliError;
use super::exit::Exit;
use super::output::print_json;
use super::runtime;
use super::store::StoreOptions;
use crate::store::{StoreError, Tenant};

/// Make and list tenants
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  revocache tenant create acme --data /var/lib/revocache
  revocache tenant list --database postgres://revocache@db/revocache --json

What one tenant stores no other sees, and a person has another user id in each. A tenant's clients need a token: see
`revocache token`. Works beside a running server.")]
pub(super) struct TenantCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a tenant
    Create {
        /// Its name
        name: String,
        #[command(flatten)]
        store: StoreOptions,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// List tenants
    List {
        #[command(flatten)]
        store: StoreOptions,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Serialize)]
struct TenantJson {
    id: i64,
    name: String,
    created_at: String,
}

impl TenantCommand {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        runtime::new()?.block_on(async {
            match &self.action {
                Action::Create { name, store, json } => {
                    if name.trim().is_empty() || name.chars().any(char::is_control) {
                        return Err(CliError::Usage(
                            "a tenant needs a name without control characters".to_owned(),
                        ));
                    }
                    let created = store.open().await?.store.create_tenant(name).await;
                    let tenant = created.map_err(|failure| match failure {
                        StoreError::Constraint { .. } => {
                            CliError::Usage(format!("there is a tenant named '{name}' already"))
                        }
                        other => CliError::Store(other),
                    })?;
                    if *json {
                        print_json(&TenantJson::from(tenant))?;
                    } else {
                        println!(
                            "tenant '{name}' made; `revocache token create --tenant '{name}'` lets it in"
                        );
                    }
                }
                Action::List { store, json } => {
                    let tenants = store.open().await?.store.tenants().await?;
                    if *json {
                        print_json(&tenants.into_iter().map(TenantJson::from).collect::<Vec<_>>())?;
                    } else {
                        for tenant in tenants {
                            println!("{}  {}", tenant.created_at, tenant.name);
                        }
                    }
                }
            }
            Ok(Exit::Good)
        })
    }
}

impl From<Tenant> for TenantJson {
    fn from(tenant: Tenant) -> Self {
        Self { id: tenant.id.0, name: tenant.name, created_at: tenant.created_at.to_string() }
    }
}
