//! API keys.

use uuid::Uuid;

use super::super::connection::Connection;
use super::super::error::StoreError;
use super::super::handle::Store;
use super::super::value::Row;
use super::parts::{PartId, PartKind, document};
use crate::types::UnixTime;

/// A key, as far as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// Its id, which is no secret.
    pub id: Uuid,
    /// What it is for.
    pub name: String,
    /// Whose it is.
    pub user_id: i64,
    /// 0, 100, 101, 102 or 103.
    pub restriction: i64,
    /// When it was made.
    pub created_at: UnixTime,
    /// SHA-256 of it.
    pub digest: [u8; 32],
}

/// A key with the document of its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyOwner {
    /// The key.
    pub key: KeyRecord,
    /// The user.
    pub user: String,
}

const COLUMNS: &str = "id, name, user_id, restriction, created_at, digest";

impl Store {
    /// Keeps a key; tells whether its user is there, without whom it is not kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_api_key(&self, key: KeyRecord) -> Result<bool, StoreError> {
        self.write(key, |connection, key| Box::pin(add(connection, key))).await
    }

    /// Every key, in the order in which they were made.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn api_keys(&self) -> Result<Vec<KeyRecord>, StoreError> {
        self.read((), |connection, ()| {
            Box::pin(async move {
                let sql = format!("SELECT {COLUMNS} FROM api_keys ORDER BY created_at, id");
                connection.rows(&sql, &[], key).await
            })
        })
        .await
    }

    /// Removes a key; the key, if there was one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_api_key(&self, id: Uuid) -> Result<Option<KeyRecord>, StoreError> {
        self.write(id, |connection, id| {
            Box::pin(async move {
                let sql = format!("SELECT {COLUMNS} FROM api_keys WHERE id = ?1");
                let found = connection.first(&sql, &[(*id).into()], key).await?;
                connection.execute("DELETE FROM api_keys WHERE id = ?1", &[(*id).into()]).await?;
                Ok(found)
            })
        })
        .await
    }

    /// The key with this digest, and its user.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn api_key_owner(&self, digest: [u8; 32]) -> Result<Option<KeyOwner>, StoreError> {
        self.read(digest, |connection, digest| {
            Box::pin(async move {
                let sql = format!("SELECT {COLUMNS} FROM api_keys WHERE digest = ?1");
                let Some(key) = connection.first(&sql, &[digest.as_slice().into()], key).await? else {
                    return Ok(None);
                };
                let user = document(connection, PartId { kind: PartKind::User, id: key.user_id }).await?;
                Ok(user.map(|user| KeyOwner { key, user }))
            })
        })
        .await
    }
}

async fn add(connection: &mut Connection, key: &KeyRecord) -> Result<bool, StoreError> {
    let user = PartId { kind: PartKind::User, id: key.user_id };
    if document(connection, user).await?.is_none() {
        return Ok(false);
    }
    connection
        .execute(
            "INSERT INTO api_keys (id, name, user_id, restriction, created_at, digest) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            &[
                key.id.into(),
                key.name.as_str().into(),
                key.user_id.into(),
                key.restriction.into(),
                key.created_at.into(),
                key.digest.as_slice().into(),
            ],
        )
        .await?;
    Ok(true)
}

fn key(row: &Row<'_>) -> Result<KeyRecord, StoreError> {
    let wrong = |_| StoreError::Corrupt { reason: "the digest of an API key has not 32 octets".to_owned() };
    Ok(KeyRecord {
        id: row.id(0)?,
        name: row.text(1)?,
        user_id: row.integer(2)?,
        restriction: row.integer(3)?,
        created_at: row.time(4)?,
        digest: row.bytes(5)?.try_into().map_err(wrong)?,
    })
}
