//! Statements on one connection.

use rusqlite::{Connection as Raw, params_from_iter};

use super::super::error::StoreError;
use super::super::value::{Columns, Row, Value};
use super::error::error;

pub(in crate::store) fn execute(
    connection: &Raw,
    sql: &str,
    values: &[Value<'_>],
) -> Result<u64, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(|failure| error(&failure))?;
    let changed = statement.execute(params_from_iter(values)).map_err(|failure| error(&failure))?;
    Ok(u64::try_from(changed).unwrap_or(u64::MAX))
}

pub(in crate::store) fn rows<T>(
    connection: &Raw,
    sql: &str,
    values: &[Value<'_>],
    mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(|failure| error(&failure))?;
    let mut rows = statement.query(params_from_iter(values)).map_err(|failure| error(&failure))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(|failure| error(&failure))? {
        found.push(read(&Row(Columns::Sqlite(row)))?);
    }
    Ok(found)
}
