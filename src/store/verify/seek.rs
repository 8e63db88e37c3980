//! Totals and places in long lists, by counts instead of counting.

use uuid::Uuid;

use super::super::connection::{Connection, places};
use super::super::counts::{DAY, Kind, MINUTE};
use super::super::error::StoreError;
use super::super::ids::first_id_at;
use super::super::tenants::TenantId;
use super::super::value::Value;
use super::lists::{Conditions, Created, Filter, Source};
use crate::types::UnixTime;

/// A list that is counted by the minute.
pub(super) struct Seek<'s> {
    source: &'s Source,
    tenant: TenantId,
    kinds: Vec<Kind>,
    created: Created,
}

/// Where a record of a list is.
pub(super) struct Sought {
    /// The first id of its minute, or of the range.
    pub(super) from: Uuid,
    /// How many records are before it from there.
    pub(super) skip: u64,
}

impl<'s> Seek<'s> {
    /// `None` if the list is one that is not counted: then it is short, or asked for so seldom that counting will do.
    pub(super) fn new(source: &'s Source, tenant: TenantId, filter: &Filter) -> Option<Self> {
        if !filter.users.is_empty() || !filter.certificates.is_empty() || filter.latest.is_some() {
            return None;
        }
        let kinds = match filter.kinds.as_slice() {
            [] => vec![source.counted],
            kinds => {
                let mut kinds: Vec<Kind> = kinds.iter().map(|kind| (source.counted_by_kind)(*kind)).collect();
                kinds.sort_unstable();
                kinds.dedup();
                kinds
            }
        };
        Some(Self { source, tenant, kinds, created: filter.created })
    }

    /// The number of records.
    pub(super) async fn total(
        &self,
        connection: &mut Connection,
        conditions: &Conditions,
    ) -> Result<u64, StoreError> {
        let before = match self.created.since {
            Some(since) => self.number_before(connection, conditions, since).await?,
            None => 0,
        };
        let end = match self.created.until {
            Some(until) => self.number_before(connection, conditions, until).await?,
            None => self.sum(connection, DAY, i64::MIN, i64::MAX).await?,
        };
        Ok(end.saturating_sub(before))
    }

    /// Where the record behind so many of the range is.
    pub(super) async fn nth(
        &self,
        connection: &mut Connection,
        conditions: &Conditions,
        offset: u64,
    ) -> Result<Sought, StoreError> {
        let before = match self.created.since {
            Some(since) => self.number_before(connection, conditions, since).await?,
            None => 0,
        };
        let mut left = before.saturating_add(offset);
        let mut from = i64::MIN;
        let mut end = i64::MAX;
        for span in [DAY, MINUTE] {
            for (start, number) in self.spans(connection, span, from, end).await? {
                from = start;
                end = start.saturating_add(span);
                if left < number {
                    break;
                }
                left -= number;
            }
        }
        let from = first_id_at(UnixTime::from_seconds(from.max(0)));
        match self.created.since.map(first_id_at) {
            // The range begins in the same minute, so the records before it are not among those that are skipped.
            Some(since) if since > from => Ok(Sought { from: since, skip: offset }),
            _ => Ok(Sought { from, skip: left }),
        }
    }

    /// How many records were made before a time.
    async fn number_before(
        &self,
        connection: &mut Connection,
        conditions: &Conditions,
        time: UnixTime,
    ) -> Result<u64, StoreError> {
        let seconds = time.seconds();
        let day = seconds - seconds.rem_euclid(DAY);
        let minute = seconds - seconds.rem_euclid(MINUTE);
        let days = self.sum(connection, DAY, i64::MIN, day).await?;
        let minutes = self.sum(connection, MINUTE, day, minute).await?;
        let rest = if minute == seconds {
            0
        } else {
            let from = first_id_at(UnixTime::from_seconds(minute));
            let rest = conditions.created(self.source, Some(from), Some(first_id_at(time)));
            rest.count(connection, self.source).await?
        };
        Ok(days + minutes + rest)
    }

    async fn sum(
        &self,
        connection: &mut Connection,
        span: i64,
        from: i64,
        end: i64,
    ) -> Result<u64, StoreError> {
        let (sql, values) = self.query("CAST(COALESCE(SUM(number), 0) AS BIGINT)", "", span, from, end);
        let sum = connection.first(&sql, &values, |row| row.integer(0)).await?;
        Ok(sum.and_then(|sum| u64::try_from(sum).ok()).unwrap_or(0))
    }

    async fn spans(
        &self,
        connection: &mut Connection,
        span: i64,
        from: i64,
        end: i64,
    ) -> Result<Vec<(i64, u64)>, StoreError> {
        let grouped = " GROUP BY start ORDER BY start";
        let (sql, values) = self.query("start, CAST(SUM(number) AS BIGINT)", grouped, span, from, end);
        connection
            .rows(&sql, &values, |row| Ok((row.integer(0)?, u64::try_from(row.integer(1)?).unwrap_or(0))))
            .await
    }

    fn query(
        &self,
        columns: &str,
        grouped: &str,
        span: i64,
        from: i64,
        end: i64,
    ) -> (String, Vec<Value<'static>>) {
        let kinds = places(5, self.kinds.len());
        let sql = format!(
            "SELECT {columns} FROM counts WHERE tenant = ?1 AND span = ?2 AND start >= ?3 AND start < ?4 \
             AND kind IN ({kinds}){grouped}"
        );
        let mut values = vec![self.tenant.0.into(), span.into(), from.into(), end.into()];
        values.extend(self.kinds.iter().map(|kind| Value::from(kind.0)));
        (sql, values)
    }
}
