//! Where the database is, and how much it may be asked at once.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Where the database is.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file of SQLite, which is made if it does not exist. It must be on a local disk.
    Sqlite(PathBuf),
    /// `postgres://user:password@host/database?sslmode=require`, as libpq has it.
    Postgres(String),
}

/// How a store works.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// Where the database is.
    pub location: Location,
    /// Operations that may wait; more are refused with [`StoreError::Overloaded`](super::StoreError::Overloaded).
    pub queue: usize,
    /// Writes that may share a commit.
    pub max_group: usize,
    /// Connections that read from a SQLite file at once.
    pub readers: usize,
    /// Connections to PostgreSQL.
    pub pool: usize,
    /// How long another process's lock, or a connection of the pool, is waited for.
    pub lock_wait: Duration,
    /// How long connecting to PostgreSQL may take.
    pub connect_timeout: Duration,
    /// DER certificates that are trusted as roots of PostgreSQL's TLS, beside those of the system.
    pub extra_roots: Vec<Vec<u8>>,
    /// The newest migration to apply; `None` for all. For tests of upgrades.
    pub schema: Option<u32>,
}

impl StoreSettings {
    /// The usual settings for a database.
    #[must_use]
    pub fn new(location: Location) -> Self {
        Self {
            location,
            queue: 16_384,
            max_group: 1024,
            readers: 2,
            pool: 16,
            lock_wait: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            extra_roots: Vec::new(),
            schema: None,
        }
    }
}

impl Location {
    /// Reads the address of a PostgreSQL database, or the path of a SQLite file.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.split_once("://") {
            Some(("postgres" | "postgresql", _)) => Self::Postgres(text.to_owned()),
            Some(("sqlite", path)) => Self::Sqlite(path.into()),
            _ => Self::Sqlite(text.into()),
        }
    }
}

impl fmt::Debug for Location {
    /// Without the address of PostgreSQL, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "Sqlite({})", path.display()),
            Self::Postgres(_) => f.write_str("Postgres(..)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_paths() {
        let postgres = "postgresql://revocache:secret@db/revocache";
        assert_eq!(Location::parse(postgres), Location::Postgres(postgres.to_owned()));
        assert!(!format!("{:?}", Location::parse(postgres)).contains("secret"));
        assert_eq!(Location::parse("sqlite:///var/db"), Location::Sqlite("/var/db".into()));
        assert_eq!(Location::parse("store.db"), Location::Sqlite("store.db".into()));
    }
}
