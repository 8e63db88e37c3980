//! Checks in groups: those that wait go into one statement and one commit.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::super::append::NewCheck;
use super::super::connection::{Connection, Link};
use super::super::counts::{self, Kind};
use super::super::error::StoreError;
use super::super::ids::Ids;
use super::super::value::Value;
use super::super::verify::check_values;
use super::{ATTEMPTS, FIRST_WAIT, Pooled, end, error, pause};

/// A check that waits, and who waits for it.
pub(super) struct Waiting {
    pub(super) check: NewCheck,
    pub(super) answer: oneshot::Sender<Result<Option<Uuid>, StoreError>>,
}

/// As the statement for one check, for as many as the arrays hold.
const INSERT: &str = "INSERT INTO checks \
     (certificate, number, id, tenant, status, method, purpose, source_updated_at, revoked_at, reason) \
     SELECT c.id, COALESCE((SELECT MAX(k.number) FROM checks k WHERE k.certificate = c.id), 0) \
     + ROW_NUMBER() OVER (PARTITION BY c.id ORDER BY n.id), n.id, n.tenant, n.status, n.method, n.purpose, \
     n.source_updated_at, n.revoked_at, n.reason \
     FROM UNNEST($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], \
     $7::bigint[], $8::bigint[], $9::bigint[]) \
     AS n (certificate, id, tenant, status, method, purpose, source_updated_at, revoked_at, reason) \
     JOIN certificates c ON c.id = n.certificate AND c.tenant = n.tenant \
     RETURNING id";

/// Writes what comes until nobody can send any more.
pub(super) async fn run(
    pooled: Arc<Pooled>,
    ids: Arc<Ids>,
    mut waiting: mpsc::Receiver<Waiting>,
    max_group: usize,
) {
    let mut group = Vec::with_capacity(max_group);
    while waiting.recv_many(&mut group, max_group).await > 0 {
        let checks: Vec<(Uuid, NewCheck)> = group.iter().map(|it: &Waiting| (ids.next(), it.check)).collect();
        let kept = write(&pooled, &checks).await;
        for (Waiting { answer, .. }, (id, _)) in group.drain(..).zip(checks) {
            let _ = answer.send(match &kept {
                Ok(kept) => Ok(kept.contains(&id).then_some(id)),
                Err(failure) => Err(failure.clone()),
            });
        }
    }
}

async fn write(pooled: &Pooled, checks: &[(Uuid, NewCheck)]) -> Result<HashSet<Uuid>, StoreError> {
    let mut wait = FIRST_WAIT;
    let mut failure = StoreError::Ended;
    for _ in 0..ATTEMPTS {
        failure = match attempt(pooled, checks).await {
            // Another process took the same number, or deleted a certificate.
            Err(failure @ (StoreError::Conflict { .. } | StoreError::Constraint { .. })) => failure,
            done => return done,
        };
        pause(&mut wait).await;
    }
    Err(match failure {
        StoreError::Conflict { .. } => StoreError::Conflict { attempts: ATTEMPTS },
        other => other,
    })
}

async fn attempt(pooled: &Pooled, checks: &[(Uuid, NewCheck)]) -> Result<HashSet<Uuid>, StoreError> {
    let mut connection = pooled.connection().await?;
    let shard = pooled.shard();
    // Numbers are unique, so nothing more serious than the usual isolation is needed.
    connection.script("BEGIN").await?;
    let done = insert(&mut connection, checks, shard.number).await;
    end(connection, done).await
}

async fn insert(
    connection: &mut Connection,
    checks: &[(Uuid, NewCheck)],
    shard: i64,
) -> Result<HashSet<Uuid>, StoreError> {
    let mut columns: [Vec<Value<'static>>; 9] = Default::default();
    for (id, NewCheck { tenant, certificate, facts }) in checks {
        for (column, value) in columns.iter_mut().zip(check_values(*certificate, *id, *tenant, facts)) {
            column.push(value);
        }
    }
    let types = [Type::UUID_ARRAY, Type::UUID_ARRAY].into_iter().chain(std::iter::repeat(Type::INT8_ARRAY));
    let values: Vec<(&(dyn ToSql + Sync), Type)> = columns
        .iter()
        .zip(types)
        .map(|(column, kind)| -> (&(dyn ToSql + Sync), Type) { (column, kind) })
        .collect();
    let Link::Postgres(client) = &mut connection.link else { return Err(StoreError::Ended) };
    let rows = client.query_typed(INSERT, &values).await.map_err(|failure| error(&failure))?;
    let mut kept = HashSet::with_capacity(rows.len());
    for row in &rows {
        kept.insert(super::super::value::Row::of_postgres(row).id(0)?);
    }
    for (id, check) in checks.iter().filter(|(id, _)| kept.contains(id)) {
        connection.tally.add(check.tenant, Kind::CHECKS, *id, 1);
    }
    counts::flush(connection, shard).await?;
    Ok(kept)
}
