//! A connection to either database, as operations see it.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;

use deadpool_postgres::Object;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::counts::Tally;
use super::error::StoreError;
use super::postgres;
use super::sqlite;
use super::tenants::TenantId;
use super::value::{Columns, Row, Value};

/// An operation under way.
pub type Running<'c, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'c>>;

/// A connection, inside a transaction where it was given for writing.
///
/// Statements are written once for both databases. Parameters are `?1`, `?2`, …: SQLite would number `$1` by its first
/// appearance, and PostgreSQL gets `$` in their place. Futures are ready at once on SQLite, where operations run on a
/// thread of their own; an operation must therefore wait for nothing but its connection.
pub struct Connection {
    pub(super) link: Link,
    /// What was added and removed, for the counts that the transaction leaves.
    pub(super) tally: Tally,
    /// The number of the last check of certificates, by their tenant and id, as far as the transaction knows it.
    pub(super) tails: HashMap<(TenantId, Uuid), i64>,
}

pub(super) enum Link {
    Sqlite(rusqlite::Connection),
    Postgres(Object),
}

impl Connection {
    pub(super) fn new(link: Link) -> Self {
        Self { link, tally: Tally::default(), tails: HashMap::new() }
    }

    /// Runs a statement and tells how many rows it changed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        match &mut self.link {
            Link::Sqlite(connection) => sqlite::execute(connection, sql, values),
            Link::Postgres(client) => {
                let sql = sql.replace('?', "$");
                client.execute_typed(&sql, &typed(values)).await.map_err(|error| postgres::error(&error))
            }
        }
    }

    /// Runs a query and reads every row.
    ///
    /// # Errors
    /// [`StoreError`], also what `read` says.
    pub async fn rows<T: Send>(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError> + Send,
    ) -> Result<Vec<T>, StoreError> {
        match &mut self.link {
            Link::Sqlite(connection) => sqlite::rows(connection, sql, values, read),
            Link::Postgres(client) => {
                let sql = sql.replace('?', "$");
                let rows = client.query_typed(&sql, &typed(values)).await;
                let rows = rows.map_err(|error| postgres::error(&error))?;
                rows.iter().map(|row| read(&Row(Columns::Postgres(row)))).collect()
            }
        }
    }

    /// Runs a query and reads the first row, if there is one.
    ///
    /// # Errors
    /// As [`Connection::rows`].
    pub async fn first<T: Send>(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        read: impl FnMut(&Row<'_>) -> Result<T, StoreError> + Send,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.rows(sql, values, read).await?.into_iter().next())
    }

    /// Runs several statements without parameters.
    pub(super) async fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        match &mut self.link {
            Link::Sqlite(connection) => connection.execute_batch(sql).map_err(|error| sqlite::error(&error)),
            Link::Postgres(client) => {
                client.batch_execute(sql).await.map_err(|error| postgres::error(&error))
            }
        }
    }

    /// The parts of a script that are for this database: `/*sqlite: … */` and `/*postgres: … */`.
    pub(super) fn dialect(&self) -> &'static str {
        match self.link {
            Link::Sqlite(_) => "sqlite",
            Link::Postgres(_) => "postgres",
        }
    }
}

/// Numbered places for so many parameters from `first` on, for `IN (…)`.
#[must_use]
pub fn places(first: usize, number: usize) -> String {
    let places: Vec<String> =
        (first..first.saturating_add(number)).map(|place| format!("?{place}")).collect();
    places.join(", ")
}

fn typed<'a>(values: &'a [Value<'a>]) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    values.iter().map(|value| -> (&(dyn ToSql + Sync), Type) { (value, value.postgres_type()) }).collect()
}
