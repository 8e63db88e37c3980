//! Checks, and the history of a certificate.

use uuid::Uuid;

use super::super::connection::Connection;
use super::super::counts::Kind;
use super::super::error::StoreError;
use super::super::handle::Store;
use super::super::ids::first_id_at;
use super::super::tenants::TenantId;
use super::super::value::Value;
use super::lists::{Filter, Page, Slice, Source, list};
use super::records::{
    CHECK_COLUMNS, CheckFacts, CheckRecord, CheckStatus, GOOD, REVOKED, check, method_code,
};

/// The number of the last check of a certificate, if the certificate is there.
const LAST_NUMBER: &str = "SELECT COALESCE((SELECT MAX(number) FROM checks WHERE certificate = ?1), 0) \
     FROM certificates WHERE id = ?1 AND tenant = ?2";

/// Keeps a check. Parameters: [`check_values`], then the number. By values alone: SQLite would gather the row of a
/// `SELECT` that reads the table it is for in a table of its own first, which takes three times as long.
const INSERT_CHECK: &str = "INSERT INTO checks \
     (certificate, id, tenant, status, method, purpose, source_updated_at, revoked_at, reason, number) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

/// What a check is kept by, but for its number.
pub(in crate::store) fn check_values(
    certificate: Uuid,
    id: Uuid,
    tenant: TenantId,
    facts: &CheckFacts,
) -> [Value<'static>; 9] {
    let (status, revoked_at, reason) = match facts.status {
        CheckStatus::Good => (GOOD, Value::Null, Value::Null),
        CheckStatus::Revoked { at, reason } => (REVOKED, at.into(), i64::from(reason.code()).into()),
    };
    [
        certificate.into(),
        id.into(),
        tenant.0.into(),
        status.into(),
        method_code(facts.method).into(),
        facts.purpose.code().into(),
        facts.source_updated_at.into(),
        revoked_at,
        reason,
    ]
}

impl Store {
    /// A check of a tenant.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn check(&self, tenant: TenantId, id: Uuid) -> Result<Option<CheckRecord>, StoreError> {
        self.read((tenant, id), |connection, (tenant, id)| Box::pin(by_id(connection, *tenant, *id))).await
    }

    /// The checks of a tenant, or of some of its certificates, in the order in which they were made.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn checks(
        &self,
        tenant: TenantId,
        filter: Filter,
        slice: Slice,
    ) -> Result<Page<CheckRecord>, StoreError> {
        self.read((tenant, filter, slice), |connection, (tenant, filter, slice)| {
            Box::pin(checks(connection, *tenant, filter, *slice))
        })
        .await
    }

    /// The checks of one certificate in the order in which they were made; `None` if there is no such certificate.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn history(
        &self,
        tenant: TenantId,
        certificate: Uuid,
        slice: Slice,
    ) -> Result<Option<Page<CheckRecord>>, StoreError> {
        let filter = Filter { certificates: vec![certificate], ..Filter::default() };
        self.read((tenant, filter, slice), |connection, (tenant, filter, slice)| {
            Box::pin(async move {
                if own(connection, *tenant, &filter.certificates).await?.is_empty() {
                    return Ok(None);
                }
                checks(connection, *tenant, filter, *slice).await.map(Some)
            })
        })
        .await
    }
}

const LISTED: Source = Source {
    columns: CHECK_COLUMNS,
    table: "checks k",
    joined: "",
    id: "k.id",
    tenant: "k.tenant",
    kind: None,
    user: None,
    certificate: "k.certificate",
    latest: None,
    counted: Kind::CHECKS,
    counted_by_kind: |_| Kind::CHECKS,
};

async fn by_id(
    connection: &mut Connection,
    tenant: TenantId,
    id: Uuid,
) -> Result<Option<CheckRecord>, StoreError> {
    connection
        .first(
            "SELECT k.id, k.status, k.method, k.purpose, k.source_updated_at, k.revoked_at, k.reason \
             FROM checks k WHERE k.tenant = ?1 AND k.id = ?2",
            &[tenant.0.into(), id.into()],
            |row| check(row, 0),
        )
        .await
}

/// Keeps a check under the next number of its history, unless the certificate is gone. The first one of a certificate in
/// a transaction looks that up; see [`Connection::tails`].
pub(in crate::store) async fn insert(
    connection: &mut Connection,
    certificate: Uuid,
    id: Uuid,
    tenant: TenantId,
    facts: &CheckFacts,
) -> Result<bool, StoreError> {
    let history = (tenant, certificate);
    let known = connection.tails.get(&history).copied();
    let last = match known {
        Some(last) => last,
        None => {
            let key = [certificate.into(), tenant.0.into()];
            let found = connection.first(LAST_NUMBER, &key, |row| row.integer(0)).await?;
            let Some(last) = found else { return Ok(false) };
            last
        }
    };
    let number = last.saturating_add(1);
    let [a, b, c, d, e, f, g, h, i] = check_values(certificate, id, tenant, facts);
    connection.execute(INSERT_CHECK, &[a, b, c, d, e, f, g, h, i, number.into()]).await?;
    connection.tails.insert(history, number);
    connection.tally.add(tenant, Kind::CHECKS, id, 1);
    Ok(true)
}

async fn checks(
    connection: &mut Connection,
    tenant: TenantId,
    filter: &Filter,
    slice: Slice,
) -> Result<Page<CheckRecord>, StoreError> {
    if filter.certificates.is_empty() {
        return list(connection, &LISTED, tenant, filter, slice, |row| check(row, 0)).await;
    }
    let own = own(connection, tenant, &filter.certificates).await?;
    let (since, until) = (filter.created.first_id(), filter.created.end_id());
    let mut total = 0;
    let mut records = Vec::new();
    for certificate in &own {
        let history = History::of(connection, *certificate).await?;
        let first = history.number_at(connection, since).await?;
        let end = history.number_at(connection, until).await?;
        total += end.saturating_sub(first);
        // Of several histories each may hold all of the page, and all that is before it.
        let (skipped, wanted) = if own.len() == 1 {
            (slice.offset, slice.limit)
        } else {
            (0, slice.offset.saturating_add(slice.limit))
        };
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let from = first.saturating_add(number(skipped));
        records.extend(history.rows(connection, from, end, number(wanted)).await?);
    }
    if own.len() > 1 {
        records.sort_by_key(|record| record.id);
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        records = records.split_off(size(slice.offset).min(records.len()));
        records.truncate(size(slice.limit));
    }
    Ok(Page { total: u64::try_from(total).unwrap_or(0), records })
}

/// Those of the certificates that the tenant has, each once.
async fn own(
    connection: &mut Connection,
    tenant: TenantId,
    certificates: &[Uuid],
) -> Result<Vec<Uuid>, StoreError> {
    let mut own = Vec::new();
    for id in certificates {
        let found = connection
            .first(
                "SELECT id FROM certificates WHERE tenant = ?1 AND id = ?2",
                &[tenant.0.into(), (*id).into()],
                |row| row.id(0),
            )
            .await?;
        own.extend(found.filter(|id| !own.contains(id)));
    }
    Ok(own)
}

/// The numbers of the checks of one certificate: all from the first to the last are there, and their ids rise.
struct History {
    certificate: Uuid,
    first: i64,
    /// Behind the last.
    end: i64,
}

impl History {
    async fn of(connection: &mut Connection, certificate: Uuid) -> Result<Self, StoreError> {
        let ends = connection
            .first(
                "SELECT (SELECT MIN(number) FROM checks WHERE certificate = ?1), \
                 (SELECT MAX(number) FROM checks WHERE certificate = ?1)",
                &[certificate.into()],
                |row| Ok((row.optional_integer(0)?, row.optional_integer(1)?)),
            )
            .await?;
        Ok(match ends {
            Some((Some(first), Some(last))) => Self { certificate, first, end: last + 1 },
            _ => Self { certificate, first: 1, end: 1 },
        })
    }

    /// The number of the first check whose id is not below this one; behind the last if there is none. By halving:
    /// what a database would call an index on (certificate, id), without keeping one.
    async fn number_at(&self, connection: &mut Connection, id: Option<Uuid>) -> Result<i64, StoreError> {
        let Some(id) = id else { return Ok(self.end) };
        if id.is_nil() {
            return Ok(self.first);
        }
        let (mut low, mut high) = (self.first, self.end);
        while low < high {
            let middle = low + (high - low) / 2;
            let found = connection
                .first(
                    "SELECT id FROM checks WHERE certificate = ?1 AND number = ?2",
                    &[self.certificate.into(), middle.into()],
                    |row| row.id(0),
                )
                .await?;
            if found.is_some_and(|found| found < id) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    async fn rows(
        &self,
        connection: &mut Connection,
        from: i64,
        end: i64,
        limit: i64,
    ) -> Result<Vec<CheckRecord>, StoreError> {
        // Numbers have no gaps, so the range can be as short as the page: PostgreSQL, before it has statistics, would sort
        // all of a longer one.
        let end = end.min(from.saturating_add(limit));
        connection
            .rows(
                "SELECT k.id, k.status, k.method, k.purpose, k.source_updated_at, k.revoked_at, k.reason \
                 FROM checks k WHERE k.certificate = ?1 AND k.number >= ?2 AND k.number < ?3 \
                 ORDER BY k.number LIMIT ?4",
                &[self.certificate.into(), from.into(), end.into(), limit.into()],
                |row| check(row, 0),
            )
            .await
    }
}

impl super::lists::Created {
    /// The id where the range begins; nil for no beginning.
    pub(super) fn first_id(&self) -> Option<Uuid> {
        Some(self.since.map_or(Uuid::nil(), first_id_at))
    }

    /// The id where the range ends, if it does.
    pub(super) fn end_id(&self) -> Option<Uuid> {
        self.until.map(first_id_at)
    }
}
