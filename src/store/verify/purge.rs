//! Removing what is older than it is to be kept.

use std::time::Duration;

use uuid::Uuid;

use super::super::connection::Connection;
use super::super::counts::Kind;
use super::super::error::StoreError;
use super::super::handle::Store;
use super::super::ids::first_id_at;
use super::super::tenants::TenantId;
use super::deletion::optional_code;
use super::recording::counted_as;
use crate::types::UnixTime;

/// How long records are kept; `None` for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Checks.
    pub checks: Option<Duration>,
    /// Verifications.
    pub verifications: Option<Duration>,
}

/// Records that one step removes: few enough that checks behind it hardly wait.
const STEP: i64 = 500;

impl Store {
    /// Removes a few records that are too old; tells how many. To be called until it is none, and again after a while.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn purge_step(&self, retention: Retention) -> Result<u64, StoreError> {
        let end = |age: Option<Duration>| age.map(|age| first_id_at(before(self.now(), age)));
        let ends = (end(retention.checks), end(retention.verifications));
        let mut removed = 0;
        for tenant in self.tenants().await? {
            removed += self
                .write((tenant.id, ends), |connection, (tenant, (checks, verifications))| {
                    Box::pin(async move {
                        let mut removed = 0;
                        if let Some(end) = checks {
                            removed += purge_checks(connection, *tenant, *end).await?;
                        }
                        if let Some(end) = verifications {
                            removed += purge_verifications(connection, *tenant, *end).await?;
                        }
                        Ok(removed)
                    })
                })
                .await?;
        }
        Ok(removed)
    }
}

async fn purge_checks(connection: &mut Connection, tenant: TenantId, end: Uuid) -> Result<u64, StoreError> {
    let old = connection
        .rows(
            "SELECT certificate, number, id FROM checks WHERE tenant = ?1 AND id < ?2 ORDER BY id LIMIT ?3",
            &[tenant.0.into(), end.into(), STEP.into()],
            |row| Ok((row.id(0)?, row.integer(1)?, row.id(2)?)),
        )
        .await?;
    for (certificate, number, id) in &old {
        connection
            .execute(
                "DELETE FROM checks WHERE certificate = ?1 AND number = ?2",
                &[(*certificate).into(), (*number).into()],
            )
            .await?;
        connection.tally.add(tenant, Kind::CHECKS, *id, -1);
    }
    Ok(u64::try_from(old.len()).unwrap_or(0))
}

async fn purge_verifications(
    connection: &mut Connection,
    tenant: TenantId,
    end: Uuid,
) -> Result<u64, StoreError> {
    let old = connection
        .rows(
            "SELECT id, kind FROM verifications WHERE tenant = ?1 AND id < ?2 ORDER BY id LIMIT ?3",
            &[tenant.0.into(), end.into(), STEP.into()],
            |row| Ok((row.id(0)?, optional_code(row.optional_integer(1)?))),
        )
        .await?;
    for (id, kind) in &old {
        connection.execute("DELETE FROM verifications WHERE id = ?1", &[(*id).into()]).await?;
        for counted in counted_as(*kind) {
            connection.tally.add(tenant, counted, *id, -1);
        }
    }
    Ok(u64::try_from(old.len()).unwrap_or(0))
}

fn before(now: UnixTime, age: Duration) -> UnixTime {
    let age = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
    UnixTime::from_seconds(now.seconds().saturating_sub(age))
}
