//! API keys.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::output::print_json;
use super::Common;
use crate::service::orders::{ApiKey, KeyId, Restriction, UserId};

/// API keys
#[derive(Debug, Args)]
pub(super) struct Key {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key, which is shown now and never again
    Add(Add),
    /// List keys, without their text
    List(List),
    /// End a key
    Remove(Remove),
}

/// Make a key, which is shown now and never again
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  revocache order key add --user 1 --name monitoring
  revocache order key add --user 1 --name dashboard --restriction view-only --json

Restrictions: none (0), orders (100), orders-domains-organizations (101), view-only (102), user-management (103). Clients
send the key as X-DC-DEVKEY.")]
struct Add {
    /// The user whose permissions it has
    #[arg(long, value_name = "ID")]
    user: UserId,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    name: String,
    /// To what it is restricted, by name or number
    #[arg(long, value_name = "RESTRICTION", value_parser = parse_restriction, default_value = "none")]
    restriction: Restriction,
    #[command(flatten)]
    common: Common,
}

/// List keys, without their text
#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    common: Common,
}

/// End a key
#[derive(Debug, Args)]
struct Remove {
    /// Its id, as `list` shows it
    #[arg(value_name = "ID")]
    id: KeyId,
    #[command(flatten)]
    common: Common,
}

/// A key that has just been made.
#[derive(Debug, Serialize)]
struct Made<'a> {
    #[serde(flatten)]
    key: &'a ApiKey,
    api_key: &'a str,
}

/// What was removed.
#[derive(Debug, Serialize)]
struct Removed {
    removed: &'static str,
    id: KeyId,
}

impl Key {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        match &self.command {
            Command::Add(add) => add.run(),
            Command::List(list) => list.run(),
            Command::Remove(remove) => remove.run(),
        }
    }
}

impl Add {
    fn run(&self) -> Result<Exit, CliError> {
        let (key, secret) = self.common.with(async |desk| {
            let made = desk.registry.add_key(&self.name, self.user, self.restriction).await;
            let target = match &made {
                Ok((key, _)) => format!("{} of user {}", key.id, self.user),
                Err(_) => format!("user {}", self.user),
            };
            desk.noted("key/add", target, made).await
        })?;
        if self.common.json {
            print_json(&Made { key: &key, api_key: &secret })?;
        } else {
            println!("{}", secret.as_str());
            eprintln!("key {}; it is not shown again", key.id);
        }
        Ok(Exit::Good)
    }
}

impl List {
    fn run(&self) -> Result<Exit, CliError> {
        for key in self.common.with(async |desk| Ok(desk.registry.keys().await?))? {
            if self.common.json {
                print_json(&key)?;
            } else {
                let ApiKey { id, name, user_id, restriction, date_created, .. } = key;
                println!("{id}  {date_created}  user {user_id}  {}  {name}", restriction.number());
            }
        }
        Ok(Exit::Good)
    }
}

impl Remove {
    fn run(&self) -> Result<Exit, CliError> {
        self.common.with(async |desk| {
            let removed = desk.registry.remove_key(self.id).await;
            desk.noted("key/remove", self.id.to_string(), removed).await
        })?;
        if self.common.json {
            print_json(&Removed { removed: "key", id: self.id })?;
        } else {
            println!("key {} removed", self.id);
        }
        Ok(Exit::Good)
    }
}

fn parse_restriction(text: &str) -> Result<Restriction, String> {
    let name = text.replace('-', "_");
    let found = Restriction::ALL
        .into_iter()
        .find(|restriction| restriction.number().to_string() == text || restriction.name() == name);
    found.ok_or_else(|| {
        let names =
            Restriction::ALL.iter().map(|it| format!("{} ({})", it.name().replace('_', "-"), it.number()));
        format!("'{text}' is none of {}", names.collect::<Vec<_>>().join(", "))
    })
}
