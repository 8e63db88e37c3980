//! Lists: what is asked for, and the page of it.

use uuid::Uuid;

use super::super::connection::{Connection, places};
use super::super::counts::Kind;
use super::super::error::StoreError;
use super::super::ids::first_id_at;
use super::super::tenants::TenantId;
use super::super::value::{Row, Value};
use super::records::Code;
use super::seek::Seek;
use crate::types::UnixTime;

/// Which records are meant. Each part that is not empty has to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of these certificates.
    pub certificates: Vec<Uuid>,
    /// Of certificates of these kinds.
    pub kinds: Vec<Code>,
    /// Of these users.
    pub users: Vec<Uuid>,
    /// Only certificates that are the latest of their user and kind, or only others.
    pub latest: Option<bool>,
    /// Made in this time.
    pub created: Created,
}

/// A range of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Created {
    /// From this second on.
    pub since: Option<UnixTime>,
    /// Before this second.
    pub until: Option<UnixTime>,
}

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// The most records.
    pub limit: u64,
    /// How many records are before it.
    pub offset: u64,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// How many records the whole list has.
    pub total: u64,
    /// The records of the part.
    pub records: Vec<T>,
}

/// A table that can be listed: expressions of SQL.
pub(super) struct Source {
    pub(super) columns: &'static str,
    pub(super) table: &'static str,
    /// What else the columns need; every record of the table has exactly one row in it.
    pub(super) joined: &'static str,
    pub(super) id: &'static str,
    pub(super) tenant: &'static str,
    pub(super) kind: Option<&'static str>,
    pub(super) user: Option<&'static str>,
    pub(super) certificate: &'static str,
    pub(super) latest: Option<&'static str>,
    /// What counts all of it.
    pub(super) counted: Kind,
    /// What counts those of a kind.
    pub(super) counted_by_kind: fn(Code) -> Kind,
}

/// Conditions of SQL with their parameters.
#[derive(Clone)]
pub(super) struct Conditions {
    pub(super) sql: String,
    pub(super) values: Vec<Value<'static>>,
}

/// The records of a part, and the number of all.
pub(super) async fn list<T: Send>(
    connection: &mut Connection,
    source: &Source,
    tenant: TenantId,
    filter: &Filter,
    slice: Slice,
    read: impl FnMut(&Row<'_>) -> Result<T, StoreError> + Send,
) -> Result<Page<T>, StoreError> {
    let conditions = Conditions::new(source, tenant, filter);
    let (since, until) = (filter.created.since.map(first_id_at), filter.created.until.map(first_id_at));
    let seek = Seek::new(source, tenant, filter);
    let total = match &seek {
        Some(seek) => seek.total(connection, &conditions).await?,
        None => conditions.created(source, since, until).count(connection, source).await?,
    };
    if slice.offset >= total {
        return Ok(Page { total, records: Vec::new() });
    }
    let mut from = since;
    if slice.offset > 0 {
        let mut skip = slice.offset;
        if let Some(seek) = &seek {
            let sought = seek.nth(connection, &conditions, slice.offset).await?;
            (from, skip) = (Some(sought.from), sought.skip);
        }
        // In a query of its own, which reads ids alone: an index has them, and no record need be looked up to be skipped.
        let mut skipped = conditions.created(source, from, until);
        let place = skipped.value(i64::try_from(skip).unwrap_or(i64::MAX).into());
        let sql = format!(
            "SELECT {id} FROM {} WHERE {} ORDER BY {id} LIMIT 1 OFFSET {place}",
            source.table,
            skipped.sql,
            id = source.id
        );
        from = connection.first(&sql, &skipped.values, |row| row.id(0)).await?;
        if from.is_none() {
            return Ok(Page { total, records: Vec::new() });
        }
    }
    let mut page = conditions.created(source, from, until);
    let limit = page.value(i64::try_from(slice.limit).unwrap_or(i64::MAX).into());
    let sql = format!(
        "SELECT {} FROM {}{} WHERE {} ORDER BY {} LIMIT {limit}",
        source.columns, source.table, source.joined, page.sql, source.id
    );
    let records = connection.rows(&sql, &page.values, read).await?;
    Ok(Page { total, records })
}

impl Conditions {
    /// Everything but the time.
    fn new(source: &Source, tenant: TenantId, filter: &Filter) -> Self {
        let mut conditions = Self { sql: String::new(), values: vec![tenant.0.into()] };
        // What selects few records has to select the index. An expression is in none, so no database is tempted to walk
        // through all records of the tenant because they are in order there.
        let is_selective = !filter.users.is_empty() || !filter.certificates.is_empty();
        let out = if is_selective { " + 0" } else { "" };
        conditions.sql = format!("{}{out} = ?1", source.tenant);
        conditions.one_of(source.certificate, &filter.certificates, |id| (*id).into());
        if let Some(user) = source.user {
            conditions.one_of(user, &filter.users, |id| (*id).into());
        }
        if let Some(kind) = source.kind {
            // Several kinds are most of the records: better in order of ids and some left out than to be sorted.
            let out = if filter.kinds.len() > 1 { " + 0" } else { "" };
            conditions.one_of(&format!("{kind}{out}"), &filter.kinds, |kind| i64::from(*kind).into());
        }
        if let (Some(latest), Some(wanted)) = (source.latest, filter.latest) {
            let place = conditions.value(i64::from(wanted).into());
            conditions.sql.push_str(&format!(" AND {latest} = {place}"));
        }
        conditions
    }

    /// With a range of ids.
    pub(super) fn created(&self, source: &Source, from: Option<Uuid>, end: Option<Uuid>) -> Self {
        let mut conditions = self.clone();
        for (bound, sign) in [(from, ">="), (end, "<")] {
            if let Some(id) = bound {
                let place = conditions.value(id.into());
                conditions.sql.push_str(&format!(" AND {} {sign} {place}", source.id));
            }
        }
        conditions
    }

    /// The number of records, counted.
    pub(super) async fn count(
        &self,
        connection: &mut Connection,
        source: &Source,
    ) -> Result<u64, StoreError> {
        let sql = format!("SELECT COUNT(*) FROM {} WHERE {}", source.table, self.sql);
        let number = connection.first(&sql, &self.values, |row| row.integer(0)).await?;
        Ok(number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0))
    }

    /// The place of a parameter.
    fn value(&mut self, value: Value<'static>) -> String {
        self.values.push(value);
        format!("?{}", self.values.len())
    }

    fn one_of<T>(&mut self, column: &str, allowed: &[T], value: impl Fn(&T) -> Value<'static>) {
        if allowed.is_empty() {
            return;
        }
        let places = places(self.values.len() + 1, allowed.len());
        self.sql.push_str(&format!(" AND {column} IN ({places})"));
        self.values.extend(allowed.iter().map(value));
    }
}
