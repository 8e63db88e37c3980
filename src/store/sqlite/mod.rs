//! SQLite: one file, one thread that writes, a few that read.
//!
//! The writer takes every operation that waits, runs them in one transaction with a savepoint each, commits once and
//! only then tells them all: concurrent writes share an fsync, and what is told is on disk.

mod error;
mod readers;
mod statement;
mod writer;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection as Raw;
use rusqlite::config::DbConfig;

pub(super) use self::error::error;
pub(super) use self::statement::{execute, rows};
use super::connection::{Connection, Link};
use super::error::StoreError;
use super::job::Job;
use super::settings::StoreSettings;

/// Statements that stay prepared on each connection.
const STATEMENTS: usize = 256;
/// How long to leave the file to others before trying again what SQLite does not wait for.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// The threads of one database file.
pub(super) struct Sqlite {
    writes: SyncSender<Box<dyn Job>>,
    reads: SyncSender<Box<dyn Job>>,
    queue: usize,
}

impl Sqlite {
    /// Starts the threads. `connection` becomes the writer's.
    pub(super) fn start(
        connection: Connection,
        path: &Path,
        settings: &StoreSettings,
    ) -> Result<Self, StoreError> {
        let (writes, jobs) = sync_channel(settings.queue);
        writer::start(connection, jobs, settings)?;
        let mut connections = Vec::new();
        for _ in 0..settings.readers.max(1) {
            let raw = open(path, settings.lock_wait)?;
            raw.pragma_update(None, "query_only", true).map_err(|failure| error(&failure))?;
            connections.push(Connection::new(Link::Sqlite(raw)));
        }
        let (reads, jobs) = sync_channel(settings.queue);
        readers::start(connections, jobs)?;
        Ok(Self { writes, reads, queue: settings.queue })
    }

    pub(super) fn write(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        self.send(&self.writes, job)
    }

    pub(super) fn read(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        self.send(&self.reads, job)
    }

    fn send(&self, to: &SyncSender<Box<dyn Job>>, job: Box<dyn Job>) -> Result<(), StoreError> {
        to.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => StoreError::Overloaded { limit: self.queue },
            TrySendError::Disconnected(_) => StoreError::Ended,
        })
    }
}

/// Opens the file, which is made if it is not there.
pub(super) fn connect(path: &Path, settings: &StoreSettings) -> Result<Connection, StoreError> {
    let refused = |reason: String| StoreError::Open { path: path.into(), reason };
    // SQLite would make the file readable for everybody, and its log has the permissions of the file.
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(|failure| refused(failure.to_string()))?;
    let raw = open(path, settings.lock_wait)?;
    Ok(Connection::new(Link::Sqlite(raw)))
}

fn open(path: &Path, lock_wait: Duration) -> Result<Raw, StoreError> {
    let refused = |failure: rusqlite::Error| match error(&failure) {
        StoreError::Unavailable { reason } => StoreError::Open { path: path.into(), reason },
        other => other,
    };
    let raw = Raw::open(path).map_err(refused)?;
    raw.busy_timeout(lock_wait).map_err(refused)?;
    raw.set_prepared_statement_cache_capacity(STATEMENTS);
    // A plan is made for all values alike. Otherwise a statement with a condition on an integer (every one of a tenant) is
    // parsed and planned anew each time values are bound, which takes longer than running it.
    raw.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(refused)?;
    use_log(&raw, lock_wait).map_err(refused)?;
    // A commit is on disk when it returns.
    raw.pragma_update(None, "synchronous", "full").map_err(refused)?;
    raw.pragma_update(None, "foreign_keys", true).map_err(refused)?;
    raw.pragma_update(None, "temp_store", "memory").map_err(refused)?;
    // Negative: in KiB.
    raw.pragma_update(None, "cache_size", -65_536).map_err(refused)?;
    // Pages of 4 KiB in the log before they are moved into the file; each move costs two fsyncs.
    raw.pragma_update(None, "wal_autocheckpoint", 8192).map_err(refused)?;
    Ok(raw)
}

/// Writes go to a log first. Of two programs that say so of a new file at once SQLite refuses one without waiting,
/// whatever it was told of waiting.
fn use_log(raw: &Raw, lock_wait: Duration) -> rusqlite::Result<()> {
    let started = Instant::now();
    loop {
        match raw.pragma_update(None, "journal_mode", "wal") {
            Err(failure) if is_locked(&failure) && started.elapsed() < lock_wait => thread::sleep(LOOK_AGAIN),
            done => return done,
        }
    }
}

fn is_locked(failure: &rusqlite::Error) -> bool {
    matches!(error(failure), StoreError::Locked { .. })
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;
    use crate::store::value::Value;

    /// SQLite looked at the numbers of tenants to find better plans, and so parsed each statement whenever it was run: two
    /// fifths of the time of a check.
    #[test]
    fn statements_are_planned_once() {
        let folder = tempfile::tempdir().unwrap();
        let raw = open(&folder.path().join("store.db"), Duration::from_secs(1)).unwrap();
        raw.execute_batch(
            "CREATE TABLE things (tenant BIGINT NOT NULL, id BIGINT, PRIMARY KEY (tenant, id))",
        )
        .unwrap();
        let sql = "SELECT id FROM things WHERE tenant = ?1 AND id >= ?2";
        for number in 0..5 {
            rows(&raw, sql, &[Value::Integer(number), Value::Integer(number)], |_| Ok(())).unwrap();
        }
        let statement = raw.prepare_cached(sql).unwrap();
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
        assert_eq!(statement.get_status(StatementStatus::Run), 5);
    }
}
