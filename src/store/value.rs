//! What goes into statements and comes out of rows, the same for both databases.

use bytes::BytesMut;
use rusqlite::types::{ToSqlOutput, ValueRef};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use super::error::StoreError;
use crate::types::UnixTime;

/// A parameter of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// A number, a time in seconds, or a code.
    Integer(i64),
    /// A text.
    Text(&'a str),
    /// Octets.
    Bytes(&'a [u8]),
    /// An id.
    Id(Uuid),
}

/// A row of an answer. Columns are counted from 0, in the order of the statement.
pub struct Row<'r>(pub(super) Columns<'r>);

pub(super) enum Columns<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

impl<'r> Row<'r> {
    pub(super) const fn of_postgres(row: &'r tokio_postgres::Row) -> Self {
        Self(Columns::Postgres(row))
    }
}

impl Row<'_> {
    /// A number.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the column holds none.
    pub fn integer(&self, column: usize) -> Result<i64, StoreError> {
        self.optional_integer(column)?.ok_or_else(|| missing(column))
    }

    /// A number, or nothing.
    ///
    /// # Errors
    /// As [`Row::integer`].
    pub fn optional_integer(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match &self.0 {
            Columns::Sqlite(row) => match sqlite(row, column)? {
                ValueRef::Null => Ok(None),
                ValueRef::Integer(number) => Ok(Some(number)),
                _ => Err(missing(column)),
            },
            Columns::Postgres(row) => Ok(postgres::<AnyInteger>(row, column)?.map(|it| it.0)),
        }
    }

    /// A text.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the column holds none.
    pub fn text(&self, column: usize) -> Result<String, StoreError> {
        self.optional_text(column)?.ok_or_else(|| missing(column))
    }

    /// A text, or nothing.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn optional_text(&self, column: usize) -> Result<Option<String>, StoreError> {
        match &self.0 {
            Columns::Sqlite(row) => match sqlite(row, column)? {
                ValueRef::Null => Ok(None),
                text => text.as_str().map(|text| Some(text.to_owned())).map_err(|_| missing(column)),
            },
            Columns::Postgres(row) => postgres(row, column),
        }
    }

    /// Octets.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the column holds none.
    pub fn bytes(&self, column: usize) -> Result<Vec<u8>, StoreError> {
        self.optional_bytes(column)?.ok_or_else(|| missing(column))
    }

    /// Octets, or nothing.
    ///
    /// # Errors
    /// As [`Row::bytes`].
    pub fn optional_bytes(&self, column: usize) -> Result<Option<Vec<u8>>, StoreError> {
        match &self.0 {
            Columns::Sqlite(row) => match sqlite(row, column)? {
                ValueRef::Null => Ok(None),
                ValueRef::Blob(octets) => Ok(Some(octets.to_vec())),
                _ => Err(missing(column)),
            },
            Columns::Postgres(row) => postgres(row, column),
        }
    }

    /// An id.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the column holds none.
    pub fn id(&self, column: usize) -> Result<Uuid, StoreError> {
        self.optional_id(column)?.ok_or_else(|| missing(column))
    }

    /// An id, or nothing.
    ///
    /// # Errors
    /// As [`Row::id`].
    pub fn optional_id(&self, column: usize) -> Result<Option<Uuid>, StoreError> {
        match &self.0 {
            Columns::Sqlite(row) => match sqlite(row, column)? {
                ValueRef::Null => Ok(None),
                ValueRef::Blob(octets) => Uuid::from_slice(octets).map(Some).map_err(|_| missing(column)),
                _ => Err(missing(column)),
            },
            Columns::Postgres(row) => Ok(postgres::<PostgresId>(row, column)?.map(|it| it.0)),
        }
    }

    /// A time that is kept in seconds.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the column holds none.
    pub fn time(&self, column: usize) -> Result<UnixTime, StoreError> {
        self.integer(column).map(UnixTime::from_seconds)
    }

    /// A time that is kept in seconds, or nothing.
    ///
    /// # Errors
    /// As [`Row::time`].
    pub fn optional_time(&self, column: usize) -> Result<Option<UnixTime>, StoreError> {
        Ok(self.optional_integer(column)?.map(UnixTime::from_seconds))
    }
}

impl Value<'_> {
    /// How PostgreSQL is told of it. The type of nothing is left to the statement.
    pub(super) const fn postgres_type(&self) -> Type {
        match self {
            Self::Null => Type::UNKNOWN,
            Self::Integer(_) => Type::INT8,
            Self::Text(_) => Type::TEXT,
            Self::Bytes(_) => Type::BYTEA,
            Self::Id(_) => Type::UUID,
        }
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<UnixTime> for Value<'_> {
    fn from(time: UnixTime) -> Self {
        Self::Integer(time.seconds())
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(octets: &'a [u8]) -> Self {
        Self::Bytes(octets)
    }
}

impl From<Uuid> for Value<'_> {
    fn from(id: Uuid) -> Self {
        Self::Id(id)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(octets) => ValueRef::Blob(octets),
            Self::Id(id) => ValueRef::Blob(id.as_bytes()),
        }))
    }
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(number) => number.to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
            Self::Bytes(octets) => octets.to_sql(kind, out),
            Self::Id(id) => {
                out.extend_from_slice(id.as_bytes());
                Ok(IsNull::No)
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// Any of PostgreSQL's integers.
struct AnyInteger(i64);

impl FromSql<'_> for AnyInteger {
    fn from_sql(kind: &Type, raw: &[u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(match *kind {
            Type::INT2 => i16::from_sql(kind, raw)?.into(),
            Type::INT4 => i32::from_sql(kind, raw)?.into(),
            _ => i64::from_sql(kind, raw)?,
        }))
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT2 | Type::INT4 | Type::INT8)
    }
}

struct PostgresId(Uuid);

impl FromSql<'_> for PostgresId {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(Uuid::from_slice(raw)?))
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::UUID
    }
}

fn sqlite<'r>(row: &'r rusqlite::Row<'_>, column: usize) -> Result<ValueRef<'r>, StoreError> {
    row.get_ref(column).map_err(|_| missing(column))
}

fn postgres<'r, T: FromSql<'r>>(
    row: &'r tokio_postgres::Row,
    column: usize,
) -> Result<Option<T>, StoreError> {
    row.try_get(column).map_err(|error| StoreError::Corrupt { reason: error.to_string() })
}

fn missing(column: usize) -> StoreError {
    StoreError::Corrupt { reason: format!("column {column} of an answer holds something unexpected") }
}
