//! `revocache user`.

use std::io::{BufRead, IsTerminal};

use clap::{Args, Subcommand};
use serde::Serialize;
use zeroize::Zeroizing;

use super::error::CliError;
use super::exit::Exit;
use super::output::print_json;
use super::runtime;
use super::store::{StoreOptions, of_store};
use crate::service::accounts::{AccountName, PasswordCost, Role, hash_password};
use crate::service::audit::{AuditEvent, AuditLog, AuditOutcome};
use crate::store::{Account, Store, StoreError};

/// Who may administer a server
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  revocache user add --data /var/lib/revocache admin --role administrator < password.txt
  revocache user role --data /var/lib/revocache admin operator
  revocache user list --data /var/lib/revocache --json

A running server takes changes over at once: sessions of a removed user, or of one whose password changed, end.
Passwords are read from the first line of stdin. What was done is in `revocache audit`.")]
pub(super) struct User {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Add a user; the password is the first line of stdin
    Add {
        /// Name, such as admin or /sales/guest
        name: AccountName,
        /// administrator (everything), developer (looks), operator (looks and exports)
        #[arg(long, value_name = "ROLE")]
        role: Role,
        #[command(flatten)]
        common: Common,
    },
    /// List users and their roles
    List {
        #[command(flatten)]
        common: Common,
    },
    /// Change a password, and end the sessions under the old one; the password is the first line of stdin
    Password {
        /// Name
        name: AccountName,
        #[command(flatten)]
        common: Common,
    },
    /// Change a role
    Role {
        /// Name
        name: AccountName,
        /// administrator, developer or operator
        role: Role,
        #[command(flatten)]
        common: Common,
    },
    /// Remove a user, and end the sessions
    Remove {
        /// Name
        name: AccountName,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    store: StoreOptions,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Shown {
    name: String,
    role: Option<String>,
    created_at: String,
}

#[derive(Debug, Serialize)]
struct Done {
    name: String,
    action: &'static str,
}

impl User {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        match &self.command {
            UserCommand::Add { name, role, common } => {
                let hash = read_password()?;
                let (name, role) = (name.clone(), *role);
                change(common, &name, "user/add", async |store, name| {
                    match store.add_account(name.as_str(), &hash, role.code()).await {
                        Ok(_) => Ok(true),
                        Err(StoreError::Constraint { .. }) => {
                            Err(CliError::Usage(format!("there is a user {name} already")))
                        }
                        Err(error) => Err(error.into()),
                    }
                })
            }
            UserCommand::List { common } => list(common),
            UserCommand::Password { name, common } => {
                let hash = read_password()?;
                change(common, name, "user/password", async |store, name| {
                    Ok(store.set_account_password(name.as_str(), &hash).await?)
                })
            }
            UserCommand::Role { name, role, common } => {
                let role = *role;
                change(common, name, "user/role", async |store, name| {
                    Ok(store.set_account_role(name.as_str(), role.code()).await?)
                })
            }
            UserCommand::Remove { name, common } => {
                change(common, name, "user/remove", async |store, name| {
                    Ok(store.remove_account(name.as_str()).await?)
                })
            }
        }
    }
}

fn list(common: &Common) -> Result<Exit, CliError> {
    let accounts = runtime::new()?.block_on(async {
        let store = common.store.open().await?.store;
        store.accounts().await.map_err(of_store)
    })?;
    let shown: Vec<Shown> = accounts.iter().map(shown).collect();
    if common.json {
        print_json(&shown)?;
    } else {
        for Shown { name, role, created_at } in &shown {
            println!("{:<15} {created_at}  {name}", role.as_deref().unwrap_or("unknown role"));
        }
    }
    Ok(Exit::Good)
}

fn shown(account: &Account) -> Shown {
    Shown {
        name: format!("/{}", account.name),
        role: Role::of_code(account.role).map(|role| role.to_string()),
        created_at: account.created_at.to_string(),
    }
}

/// Changes an account and notes it. `work` tells whether there is one of that name.
fn change(
    common: &Common,
    name: &AccountName,
    action: &'static str,
    work: impl AsyncFnOnce(&Store, &AccountName) -> Result<bool, CliError>,
) -> Result<Exit, CliError> {
    runtime::new()?.block_on(async {
        let store = common.store.open().await?.store;
        let done = work(&store, name).await;
        let event = AuditEvent {
            family: "cli",
            actor: String::new(),
            peer: None,
            action: action.to_owned(),
            target: name.as_str().to_owned(),
            outcome: if matches!(done, Ok(true)) { AuditOutcome::Done } else { AuditOutcome::Refused },
            detail: String::new(),
        };
        store.log(event).await;
        if done? { Ok(()) } else { Err(CliError::Usage(format!("there is no user {name}"))) }
    })?;
    if common.json {
        print_json(&Done { name: name.to_string(), action })?;
    } else {
        println!("{action} {name}: done");
    }
    Ok(Exit::Good)
}

/// The hash of the password in the first line of stdin.
fn read_password() -> Result<Zeroizing<String>, CliError> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        eprintln!("Password (it is shown as you type; end with Enter):");
    }
    let mut line = Zeroizing::new(String::with_capacity(2048));
    stdin.lock().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    let hash = hash_password(password, PasswordCost::default());
    hash.map(Zeroizing::new).map_err(|error| CliError::Usage(error.to_string()))
}
