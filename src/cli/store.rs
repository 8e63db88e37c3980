//! The database, for commands beside a server.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::config::of_config;
use super::error::CliError;
use super::output::parse_time;
use super::serve::{CONFIG_FILE, USUAL_DATA};
use crate::config::{Config, DatabaseLocation, Environment};
use crate::store::{Store, StoreError};
use crate::types::{Clock, FixedClock, SystemClock, UnixTime};

/// Which database.
#[derive(Debug, Args)]
pub(super) struct StoreOptions {
    /// Data folder of the server
    #[arg(long, value_name = "DIR", default_value = USUAL_DATA)]
    data: PathBuf,
    /// Configuration file, which says where the database is [default: DIR/revocache.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The database itself: a file of SQLite, or postgres://…; REVOCACHE_STORE_LOCATION keeps a password out of sight
    #[arg(long, value_name = "URL")]
    database: Option<DatabaseLocation>,
    /// For tests: what time it is
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    at: Option<UnixTime>,
}

/// The database, and what time it is.
pub(super) struct Opened {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
}

impl StoreOptions {
    /// Opens the database, also while a server uses it.
    pub(super) async fn open(&self) -> Result<Opened, CliError> {
        let usual = self.data.join(CONFIG_FILE);
        let path = self.config.as_ref().or_else(|| Some(&usual).filter(|path| path.exists()));
        let mut config = match path {
            Some(path) => Config::read(path, &Environment::of_process()).map_err(of_config)?,
            None => Config::of_environment(&Environment::of_process()).map_err(of_config)?,
        };
        if self.database.is_some() {
            config.store.location.clone_from(&self.database);
        }
        let clock: Arc<dyn Clock> = match self.at.or(config.test.at) {
            Some(at) => Arc::new(FixedClock(at)),
            None => Arc::new(SystemClock),
        };
        if config.store.location.is_none() {
            std::fs::create_dir_all(&self.data)?;
        }
        let store = Store::open(&config.store_settings(&self.data)?, Arc::clone(&clock)).await;
        Ok(Opened { store: store.map_err(of_store)?, clock })
    }
}

/// Who runs the command, for the log of what was administered.
pub(super) fn actor() -> String {
    let names = ["SUDO_USER", "USER", "LOGNAME"].into_iter();
    names.filter_map(|name| std::env::var(name).ok()).find(|name| !name.is_empty()).unwrap_or_default()
}

/// An error of the database as one of a command.
pub(super) fn of_store(error: StoreError) -> CliError {
    CliError::Store(error)
}
