//! `revocache token`.

use clap::{Args, Subcommand};
use serde::Serialize;
use uuid::Uuid;

use super::error::CliError;
use super::exit::Exit;
use super::output::{parse_time, print_json};
use super::runtime;
use super::store::StoreOptions;
use crate::config::DurationIn;
use crate::service::tenants::issue_token;
use crate::store::{Store, Tenant, Token};
use crate::types::UnixTime;

/// Make, list and revoke the tokens of tenants
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  revocache token create --tenant acme --name backend --valid-for 90d
  revocache token list --tenant acme --json
  revocache token revoke 019ac0de-0000-7000-8000-000000000000

A token is shown once, when it is made; what is kept is its hash. A server notices a revoked token within a second. Works
beside a running server.")]
pub(super) struct TokenCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a token, and show it once
    Create {
        /// Whose it is
        #[arg(long, value_name = "NAME")]
        tenant: String,
        /// What it is for
        #[arg(long, value_name = "TEXT", default_value = "")]
        name: String,
        /// When it ends (RFC 3339) [default: never]
        #[arg(long, value_name = "TIME", value_parser = parse_time, conflicts_with = "valid_for")]
        expires: Option<UnixTime>,
        /// How long it counts: 12h, 90d
        #[arg(long, value_name = "DURATION")]
        valid_for: Option<DurationIn<1000, { u64::MAX }>>,
        #[command(flatten)]
        store: StoreOptions,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// List tokens, without what they are
    List {
        /// Whose [default: everybody's]
        #[arg(long, value_name = "NAME")]
        tenant: Option<String>,
        #[command(flatten)]
        store: StoreOptions,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Revoke a token
    Revoke {
        /// Its id, as `list` tells
        id: Uuid,
        #[command(flatten)]
        store: StoreOptions,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Serialize)]
struct Issued {
    id: Uuid,
    tenant: String,
    name: String,
    token: String,
    expires_at: Option<String>,
}

#[derive(Debug, Serialize)]
struct TokenJson {
    id: Uuid,
    tenant: String,
    name: String,
    created_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    last_used_at: Option<String>,
}

#[derive(Debug, Serialize)]
struct Revoked {
    id: Uuid,
    revoked: bool,
}

impl TokenCommand {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        runtime::new()?.block_on(async {
            match &self.action {
                Action::Create { tenant, name, expires, valid_for, store, json } => {
                    let opened = store.open().await?;
                    let tenant = named(&opened.store, tenant).await?;
                    let expires_at = expires.or(valid_for.map(|it| opened.clock.now().plus(it.seconds())));
                    let issued = issue_token(&opened.store, tenant.id, name, expires_at).await?;
                    let token = issued.secret.reveal().to_owned();
                    if *json {
                        print_json(&Issued {
                            id: issued.id,
                            tenant: tenant.name,
                            name: name.clone(),
                            token,
                            expires_at: expires_at.map(|time| time.to_string()),
                        })?;
                    } else {
                        eprintln!("token {} of '{}'; it is not shown again:", issued.id, tenant.name);
                        println!("{token}");
                    }
                }
                Action::List { tenant, store, json } => {
                    let opened = store.open().await?;
                    let tenant = match tenant {
                        Some(name) => Some(named(&opened.store, name).await?.id),
                        None => None,
                    };
                    let tokens = opened.store.tokens(tenant).await?;
                    if *json {
                        print_json(&tokens.into_iter().map(TokenJson::from).collect::<Vec<_>>())?;
                    } else {
                        let now = opened.clock.now();
                        tokens.iter().for_each(|token| println!("{}", line(token, now)));
                    }
                }
                Action::Revoke { id, store, json } => {
                    if !store.open().await?.store.revoke_token(*id).await? {
                        return Err(CliError::Usage(format!(
                            "there is no token {id}; see `revocache token list`"
                        )));
                    }
                    if *json {
                        print_json(&Revoked { id: *id, revoked: true })?;
                    } else {
                        println!("token {id} is revoked");
                    }
                }
            }
            Ok(Exit::Good)
        })
    }
}

async fn named(store: &Store, name: &str) -> Result<Tenant, CliError> {
    let tenant = store.tenant_named(name).await?;
    tenant.ok_or_else(|| {
        CliError::Usage(format!("there is no tenant named '{name}'; see `revocache tenant list`"))
    })
}

/// A token as people read it.
fn line(token: &Token, now: UnixTime) -> String {
    let state = match (token.revoked_at, token.expires_at) {
        (Some(since), _) => format!("revoked since {since}"),
        (None, Some(until)) if until <= now => format!("expired since {until}"),
        (None, Some(until)) => format!("until {until}"),
        (None, None) => "for ever".to_owned(),
    };
    let used = token.last_used_at.map_or_else(|| "never used".to_owned(), |hour| format!("used {hour}"));
    format!("{}  {}  {}, {used}  {}", token.id, token.tenant_name, state, token.name)
}

impl From<Token> for TokenJson {
    fn from(token: Token) -> Self {
        let text = |time: Option<UnixTime>| time.map(|time| time.to_string());
        Self {
            id: token.id,
            tenant: token.tenant_name,
            name: token.name,
            created_at: token.created_at.to_string(),
            expires_at: text(token.expires_at),
            revoked_at: text(token.revoked_at),
            last_used_at: text(token.last_used_at),
        }
    }
}
