//! `[store]`: the database of tenants, accounts, orders and what else is kept.

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::quantity::{CountIn, DurationIn};
use super::quantity::{DAY, MINUTE, SECOND};
use super::sections::Config;
use crate::store::{Location, Retention, StoreSettings};

/// The file in the data folder, where nothing else is said.
const FILE: &str = "revocache.db";

/// A file of SQLite, or the URL of a PostgreSQL database. Not shown by `Debug`: it may hold a password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DatabaseLocation(String);

/// `[store]`: the database. It is opened if something that is switched on keeps anything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSection {
    /// A file of SQLite, or the URL of a PostgreSQL database; `None` for the usual file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<DatabaseLocation>,
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
    /// Roots of PostgreSQL's TLS beside those of the system (PEM or DER).
    pub roots: Vec<PathBuf>,
    /// How long revocation checks are kept; 0 for ever.
    pub keep_checks: DurationIn<0, { 36_500 * DAY }>,
    /// How long verifications are kept; 0 for ever.
    pub keep_verifications: DurationIn<0, { 36_500 * DAY }>,
}

impl Config {
    /// Whether a family that is switched on keeps anything.
    #[must_use]
    pub fn needs_store(&self) -> bool {
        self.asteria.enabled || self.digicert.enabled || self.pocketsign.enabled
    }
}

impl StoreSection {
    /// The settings of the database, for this data folder, without the roots of its TLS.
    pub(super) fn settings(&self, data: &Path) -> StoreSettings {
        let location = match &self.location {
            Some(DatabaseLocation(text)) => Location::parse(text),
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

    /// How long records are kept.
    #[must_use]
    pub fn retention(&self) -> Retention {
        let age = |age: Duration| Some(age).filter(|age| !age.is_zero());
        Retention { checks: age(self.keep_checks.get()), verifications: age(self.keep_verifications.get()) }
    }

    /// Makes relative paths start at this folder.
    pub(super) fn resolve_paths(&mut self, base: &Path) {
        if let Some(DatabaseLocation(text)) = &mut self.location
            && let Location::Sqlite(path) = Location::parse(text)
        {
            *text = base.join(path).display().to_string();
        }
        self.roots.iter_mut().for_each(|path| *path = base.join(&*path));
    }
}

impl FromStr for DatabaseLocation {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for DatabaseLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Location::parse(&self.0).fmt(f)
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
            roots: Vec::new(),
            keep_checks: DurationIn::clamped(0),
            keep_verifications: DurationIn::clamped(0),
        }
    }
}
