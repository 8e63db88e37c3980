//! The handle that everybody has.

use std::sync::Arc;

use uuid::Uuid;

use super::connection::{Connection, Link, Running};
use super::error::StoreError;
use super::ids::Ids;
use super::job::{Operation, at_once};
use super::migrate;
use super::postgres::Postgres;
use super::settings::{Location, StoreSettings};
use super::sqlite::{self, Sqlite};
use crate::types::{Clock, UnixTime};

/// A database. Cloning is cheap; the database is closed with the last clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    engine: Engine,
    ids: Arc<Ids>,
}

pub(super) enum Engine {
    Sqlite(Sqlite),
    Postgres(Arc<Postgres>),
}

impl Store {
    /// Opens a database, making it if need be, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError`]: what is there cannot be opened, is damaged, locked, or of a newer program.
    pub async fn open(settings: &StoreSettings, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let ids = Arc::new(Ids::new(clock));
        let engine = match &settings.location {
            Location::Sqlite(path) => {
                let mut connection = sqlite::connect(path, settings)?;
                migrate_sqlite(&mut connection, settings).map_err(|failure| match failure {
                    StoreError::Locked { .. } => StoreError::Locked { waited: settings.lock_wait },
                    other => other,
                })?;
                Engine::Sqlite(Sqlite::start(connection, path, settings)?)
            }
            Location::Postgres(url) => Engine::Postgres(Arc::new(Postgres::open(url, settings, &ids).await?)),
        };
        Ok(Self(Arc::new(Inner { engine, ids })))
    }

    /// Runs an operation that only reads. On SQLite all its statements see the same state.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn read<A, T, F>(&self, arguments: A, operation: F) -> Result<T, StoreError>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'c> Fn(&'c mut Connection, &'c A) -> Running<'c, T> + Send + Sync + 'static,
    {
        match &self.0.engine {
            Engine::Sqlite(sqlite) => {
                let (job, answer) = Operation::new(arguments, operation);
                sqlite.read(Box::new(job))?;
                answer.await.unwrap_or(Err(StoreError::Ended))
            }
            // On the heap: waiting for a connection takes kilobytes, which those who ask SQLite would carry along.
            Engine::Postgres(postgres) => Box::pin(postgres.read(&arguments, &operation)).await,
        }
    }

    /// Runs an operation in a transaction of its own: it is done as a whole, and on disk, when this returns; or it
    /// fails and leaves nothing behind. It may be run several times, so it must have no other effects. It is not
    /// undone if the caller stops waiting.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn write<A, T, F>(&self, arguments: A, operation: F) -> Result<T, StoreError>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'c> Fn(&'c mut Connection, &'c A) -> Running<'c, T> + Send + Sync + 'static,
    {
        match &self.0.engine {
            Engine::Sqlite(sqlite) => {
                let (job, answer) = Operation::new(arguments, operation);
                sqlite.write(Box::new(job))?;
                answer.await.unwrap_or(Err(StoreError::Ended))
            }
            Engine::Postgres(postgres) => {
                let postgres = Arc::clone(postgres);
                // In a task, so that who stops waiting does not leave a transaction open.
                let run = async move { postgres.write(&arguments, &operation).await };
                tokio::spawn(run).await.unwrap_or(Err(StoreError::Ended))
            }
        }
    }

    /// A new id, larger than every one this store made before.
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        self.0.ids.next()
    }

    /// What time it is for records.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        self.0.ids.now()
    }

    /// Whether other processes may write to the database at the same time, so that nothing can be remembered of what
    /// was read. Commands beside a server write what servers look up again (tenants, tokens, links).
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.0.engine, Engine::Postgres(_))
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(super) fn ids(&self) -> Arc<Ids> {
        Arc::clone(&self.0.ids)
    }
}

fn migrate_sqlite(connection: &mut Connection, settings: &StoreSettings) -> Result<(), StoreError> {
    at_once(migrate::prepare(connection))?;
    loop {
        at_once(connection.script("BEGIN IMMEDIATE"))?;
        let stepped = at_once(migrate::step(connection, settings.schema))
            .and_then(|stepped| at_once(connection.script("COMMIT")).map(|()| stepped));
        match stepped {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(failure) => {
                if let Link::Sqlite(raw) = &connection.link
                    && !raw.is_autocommit()
                {
                    at_once(connection.script("ROLLBACK"))?;
                }
                return Err(failure);
            }
        }
    }
}
