//! Why the database did not do what it was asked.

use std::path::PathBuf;
use std::time::Duration;

/// Why an operation of the store failed. Nothing of a failed write is kept, and nothing that was acknowledged is lost
/// by one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// More writes wait than are allowed to.
    #[error("more than {limit} writes wait for the database; see `queue` of [store]")]
    Overloaded {
        /// How many may wait.
        limit: usize,
    },
    /// Another process holds the database.
    #[error("the database is locked by another process for more than {} ms", .waited.as_millis())]
    Locked {
        /// How long it was waited for.
        waited: Duration,
    },
    /// There is no room left where the database is.
    #[error("the disk of the database is full: {reason}")]
    Full {
        /// What the database says.
        reason: String,
    },
    /// The database cannot be reached, read or written at the moment.
    #[error("the database is unavailable: {reason}")]
    Unavailable {
        /// What the system or the database says.
        reason: String,
    },
    /// Concurrent writes kept getting in each other's way.
    #[error("the write met concurrent ones {attempts} times in a row; try again")]
    Conflict {
        /// How often it was tried.
        attempts: u32,
    },
    /// The database file cannot be opened or made.
    #[error("cannot open the database {}: {reason}", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The address of a database cannot be used. It is not repeated, because it may hold a password.
    #[error("the database URL cannot be used: {reason}")]
    Url {
        /// What is wrong.
        reason: String,
    },
    /// A rule of the schema forbids it: something of that name exists, or what it belongs to does not.
    #[error("the database refuses: {reason}")]
    Constraint {
        /// What the database says.
        reason: String,
    },
    /// The database is damaged, or not one of this program.
    #[error("the database is damaged or not one of revocache: {reason}")]
    Corrupt {
        /// What was found.
        reason: String,
    },
    /// A newer program has changed the schema.
    #[error(
        "the schema of the database is version {found}, this program knows {known}: use the newer revocache, \
         or a database of this one"
    )]
    NewerSchema {
        /// Its version.
        found: u32,
        /// The newest that is known here.
        known: u32,
    },
    /// What was applied to the database is not what this program would have applied.
    #[error(
        "migration {version} ({name}) was applied to the database with another content; it was made by a \
         program that is not a release"
    )]
    ChangedMigration {
        /// Its number.
        version: u32,
        /// Its name here.
        name: &'static str,
    },
    /// A statement that the database does not understand: a mistake of this program.
    #[error("the database does not accept a statement: {reason}")]
    Statement {
        /// What the database says.
        reason: String,
    },
    /// The store ended while the operation waited, or the operation failed in a way that it must not.
    #[error("the store ended before the operation was done")]
    Ended,
}

impl StoreError {
    /// Whether the same operation may succeed later without anybody repairing data: what HTTP answers with 503.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Overloaded { .. }
                | Self::Locked { .. }
                | Self::Full { .. }
                | Self::Unavailable { .. }
                | Self::Conflict { .. }
                | Self::Ended
        )
    }
}
