//! `[store]`: the database of tenants, accounts, orders and what else is kept.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::quantity::{CountIn, DurationIn};
use super::sections::{Config, MINUTE, SECOND};
use crate::store::{Location, StoreSettings};

/// The file in the data folder, where nothing else is said.
const FILE: &str = "revocache.db";

/// `[store]`: the database. It is opened if something that is switched on keeps anything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSection {
    /// A file of SQLite, or the URL of a PostgreSQL database; `None` for the usual file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Operations that may wait.
    pub queue: CountIn<16, 1_000_000>,
    /// Writes that may share a commit.
    pub max_group: CountIn<1, 65_536>,
    /// Connections that read from a SQLite file at once.
    pub readers: CountIn<1, 64>,
    /// Connections to PostgreSQL.
    pub pool: CountIn<1, 1024>,
    /// How long another process's lock, or a connection, is waited for.
    pub lock_wait: DurationIn<{ SECOND / 10 }, MINUTE>,
    /// How long connecting to PostgreSQL may take.
    pub connect_timeout: DurationIn<{ SECOND / 10 }, MINUTE>,
}

impl Config {
    /// Whether something that is switched on keeps anything.
    #[must_use]
    pub fn needs_store(&self) -> bool {
        self.digicert.enabled
    }
}

impl StoreSection {
    /// The settings of the database, for this data folder. A relative path starts at `base`, the folder of the
    /// configuration.
    #[must_use]
    pub fn settings(&self, data: &Path) -> StoreSettings {
        let location = match &self.location {
            Some(location) => Location::parse(location),
            None => Location::Sqlite(data.join(FILE)),
        };
        StoreSettings {
            queue: self.queue.to_usize(),
            max_group: self.max_group.to_usize(),
            readers: self.readers.to_usize(),
            pool: self.pool.to_usize(),
            lock_wait: self.lock_wait.get(),
            connect_timeout: self.connect_timeout.get(),
            ..StoreSettings::new(location)
        }
    }

    /// Makes a relative path start at this folder.
    pub(super) fn resolve_path(&mut self, base: &Path) {
        if let Some(text) = &mut self.location
            && let Location::Sqlite(path) = Location::parse(text)
        {
            *text = base.join(path).display().to_string();
        }
    }
}

impl Default for StoreSection {
    fn default() -> Self {
        Self {
            location: None,
            queue: CountIn::clamped(16_384),
            max_group: CountIn::clamped(1024),
            readers: CountIn::clamped(2),
            pool: CountIn::clamped(16),
            lock_wait: DurationIn::clamped(5 * SECOND),
            connect_timeout: DurationIn::clamped(5 * SECOND),
        }
    }
}
