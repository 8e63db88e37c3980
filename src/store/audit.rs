//! The log of what was administered: entries are added and read, nothing else.

use uuid::Uuid;

use super::connection::Connection;
use super::error::StoreError;
use super::handle::Store;
use super::value::Row;
use crate::types::UnixTime;

/// An entry to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAuditEntry {
    /// Through which API or command.
    pub family: String,
    /// Who; empty for nobody known.
    pub actor: String,
    /// From which address.
    pub peer: Option<String>,
    /// What was done.
    pub action: String,
    /// To what.
    pub target: String,
    /// The code of how it ended.
    pub outcome: i64,
    /// What else there is to say; never a secret.
    pub detail: String,
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its id; later entries have larger ones.
    pub id: Uuid,
    /// When it happened.
    pub happened_at: UnixTime,
    /// What happened.
    pub entry: NewAuditEntry,
}

/// Which entries are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// From this time on.
    pub since: Option<UnixTime>,
    /// Before this time.
    pub until: Option<UnixTime>,
    /// Of this actor alone.
    pub actor: Option<String>,
    /// Older than the entry of this id, to go on with the next page.
    pub before: Option<Uuid>,
    /// At most so many, the newest first.
    pub limit: u32,
}

impl Store {
    /// Adds an entry.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_audit_entry(&self, entry: NewAuditEntry) -> Result<(), StoreError> {
        self.write((self.new_id(), self.now(), entry), |connection, arguments| {
            Box::pin(add(connection, arguments))
        })
        .await
    }

    /// The entries that a query asks for, the newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn audit_entries(&self, query: AuditQuery) -> Result<Vec<AuditEntry>, StoreError> {
        self.read(query, |connection, query| Box::pin(find(connection, query))).await
    }
}

async fn add(
    connection: &mut Connection,
    (id, now, entry): &(Uuid, UnixTime, NewAuditEntry),
) -> Result<(), StoreError> {
    let values = [
        (*id).into(),
        (*now).into(),
        entry.family.as_str().into(),
        entry.actor.as_str().into(),
        entry.peer.as_deref().into(),
        entry.action.as_str().into(),
        entry.target.as_str().into(),
        entry.outcome.into(),
        entry.detail.as_str().into(),
    ];
    let sql = "INSERT INTO audit (id, happened_at, family, actor, peer, action, target, outcome, detail) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    connection.execute(sql, &values).await.map(drop)
}

async fn find(connection: &mut Connection, query: &AuditQuery) -> Result<Vec<AuditEntry>, StoreError> {
    let sql = "SELECT id, happened_at, family, actor, peer, action, target, outcome, detail FROM audit \
               WHERE happened_at >= ?1 AND happened_at < ?2 AND actor = COALESCE(?3, actor) AND id < ?4 \
               ORDER BY id DESC LIMIT ?5";
    let values = [
        query.since.unwrap_or(UnixTime::from_seconds(i64::MIN)).into(),
        query.until.unwrap_or(UnixTime::from_seconds(i64::MAX)).into(),
        query.actor.as_deref().into(),
        query.before.unwrap_or(Uuid::max()).into(),
        i64::from(query.limit).into(),
    ];
    connection.rows(sql, &values, entry).await
}

fn entry(row: &Row<'_>) -> Result<AuditEntry, StoreError> {
    Ok(AuditEntry {
        id: row.id(0)?,
        happened_at: row.time(1)?,
        entry: NewAuditEntry {
            family: row.text(2)?,
            actor: row.text(3)?,
            peer: row.optional_text(4)?,
            action: row.text(5)?,
            target: row.text(6)?,
            outcome: row.integer(7)?,
            detail: row.text(8)?,
        },
    })
}
