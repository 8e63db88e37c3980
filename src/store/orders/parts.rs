//! Documents and their needs.

use std::sync::Arc;

use super::super::connection::Connection;
use super::super::error::StoreError;
use super::super::handle::Store;
use super::super::value::Value;
use crate::types::UnixTime;

/// What kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartKind {
    /// A user.
    User,
    /// An organization.
    Organization,
    /// A domain.
    Domain,
    /// An order.
    Order,
}

/// Which document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartId {
    /// Of what kind.
    pub kind: PartKind,
    /// Its number.
    pub id: i64,
}

/// A document to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartRecord {
    /// Which one.
    pub id: PartId,
    /// The JSON.
    pub document: String,
    /// What it needs, which must be there.
    pub needs: Vec<PartId>,
    /// What it is looked for by; for orders only.
    pub columns: Option<OrderColumns>,
}

/// What an order is looked for by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderColumns {
    /// Its status as it was set.
    pub status: String,
    /// When.
    pub status_at: UnixTime,
    /// Id of the product.
    pub product: String,
    /// Name of the product.
    pub product_name: String,
    /// Common name of the certificate, in lower case; empty if there is none.
    pub common_name: String,
    /// Who ordered it.
    pub user_id: Option<i64>,
    /// For whom.
    pub organization_id: Option<i64>,
    /// For how long; 0 if that is not known.
    pub validity_years: i64,
    /// When it was made.
    pub created_at: UnixTime,
    /// When the certificate ends.
    pub valid_till: Option<UnixTime>,
    /// SHA-1 of the certificate, in upper-case hexadecimal.
    pub thumbprint: Option<String>,
    /// Its serial number, in upper-case hexadecimal.
    pub serial: Option<String>,
}

/// What came of keeping documents. Either all are kept or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// They are kept.
    Done {
        /// Those that were not there before.
        added: u64,
        /// Those that were.
        replaced: u64,
    },
    /// One is there already.
    Exists(PartId),
    /// One needs something that is not there.
    Missing {
        /// What needs.
        part: PartId,
        /// What is needed.
        needed: PartId,
    },
}

/// What came of changing a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed<E> {
    /// It is changed; this is the new document.
    Done(String),
    /// There is none.
    NotFound,
    /// The change was not made, for a reason of the caller.
    Refused(E),
    /// It would need something that is not there.
    Missing(PartId),
}

/// What came of removing a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// It is gone.
    Done,
    /// There is none.
    NotFound,
    /// Another document needs it.
    Needed(PartId),
    /// This many API keys need it.
    HasKeys(u64),
}

/// Makes the new document from the old one. It may be called several times, so it must have no other effects.
pub type Change<E> = Arc<dyn Fn(&str) -> Result<PartRecord, E> + Send + Sync>;

impl PartKind {
    pub(super) const fn code(self) -> i64 {
        match self {
            Self::User => 0,
            Self::Organization => 1,
            Self::Domain => 2,
            Self::Order => 3,
        }
    }

    pub(super) fn from_code(code: i64) -> Result<Self, StoreError> {
        match code {
            0 => Ok(Self::User),
            1 => Ok(Self::Organization),
            2 => Ok(Self::Domain),
            3 => Ok(Self::Order),
            _ => Err(StoreError::Corrupt { reason: format!("no document is of kind {code}") }),
        }
    }
}

impl Store {
    /// Keeps documents in place of what is there of their numbers or, with `only_new`, only if nothing is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_order_parts(&self, parts: Vec<PartRecord>, only_new: bool) -> Result<Put, StoreError> {
        self.write((parts, only_new), |connection, (parts, only_new)| {
            Box::pin(put(connection, parts, *only_new))
        })
        .await
    }

    /// Changes a document, reading and writing it in one transaction.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn change_order_part<E: Send + Sync + 'static>(
        &self,
        id: PartId,
        change: Change<E>,
    ) -> Result<Changed<E>, StoreError> {
        self.write((id, change), |connection, (id, change)| {
            Box::pin(async move {
                let Some(before) = document(connection, *id).await? else { return Ok(Changed::NotFound) };
                let after = match change(&before) {
                    Ok(after) => after,
                    Err(reason) => return Ok(Changed::Refused(reason)),
                };
                for needed in &after.needs {
                    if document(connection, *needed).await?.is_none() {
                        return Ok(Changed::Missing(*needed));
                    }
                }
                keep(connection, &after).await?;
                connect(connection, &after).await?;
                Ok(Changed::Done(after.document))
            })
        })
        .await
    }

    /// Removes a document, unless something needs it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_order_part(&self, id: PartId) -> Result<Removed, StoreError> {
        self.write(id, |connection, id| Box::pin(remove(connection, *id))).await
    }

    /// A document.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn order_part(&self, id: PartId) -> Result<Option<String>, StoreError> {
        self.read(id, |connection, id| Box::pin(document(connection, *id))).await
    }

    /// Documents of a kind by rising number, from behind `after` on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn order_parts(
        &self,
        kind: PartKind,
        after: i64,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        self.read((kind, after, limit), |connection, (kind, after, limit)| {
            Box::pin(async move {
                let sql = "SELECT document FROM order_parts WHERE kind = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
                let values = [kind.code().into(), (*after).into(), i64::from(*limit).into()];
                connection.rows(sql, &values, |row| row.text(0)).await
            })
        })
        .await
    }
}

async fn put(connection: &mut Connection, parts: &[PartRecord], only_new: bool) -> Result<Put, StoreError> {
    let mut added: u64 = 0;
    let mut replaced: u64 = 0;
    // Everything is looked at before anything is written: what is returned is committed.
    for part in parts {
        let is_new = document(connection, part.id).await?.is_none();
        match (is_new, only_new) {
            (true, _) => added += 1,
            (false, true) => return Ok(Put::Exists(part.id)),
            (false, false) => replaced += 1,
        }
        for needed in &part.needs {
            let comes_along = parts.iter().any(|other| other.id == *needed);
            if !comes_along && document(connection, *needed).await?.is_none() {
                return Ok(Put::Missing { part: part.id, needed: *needed });
            }
        }
    }
    for part in parts {
        keep(connection, part).await?;
    }
    for part in parts {
        connect(connection, part).await?;
    }
    Ok(Put::Done { added, replaced })
}

/// Writes a document and its columns.
async fn keep(connection: &mut Connection, part: &PartRecord) -> Result<(), StoreError> {
    let PartId { kind, id } = part.id;
    connection
        .execute(
            "INSERT INTO order_parts (kind, id, document) VALUES (?1, ?2, ?3) \
             ON CONFLICT (kind, id) DO UPDATE SET document = excluded.document",
            &[kind.code().into(), id.into(), part.document.as_str().into()],
        )
        .await?;
    let Some(columns) = &part.columns else { return Ok(()) };
    connection.execute("DELETE FROM orders WHERE id = ?1", &[id.into()]).await?;
    let values: [Value<'_>; 13] = [
        id.into(),
        columns.status.as_str().into(),
        columns.status_at.into(),
        columns.product.as_str().into(),
        columns.product_name.as_str().into(),
        columns.common_name.as_str().into(),
        columns.user_id.into(),
        columns.organization_id.into(),
        columns.validity_years.into(),
        columns.created_at.into(),
        columns.valid_till.into(),
        columns.thumbprint.as_deref().into(),
        columns.serial.as_deref().into(),
    ];
    connection
        .execute(
            "INSERT INTO orders (id, status, status_at, product, product_name, common_name, user_id, \
             organization_id, validity_years, created_at, valid_till, thumbprint, serial) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            &values,
        )
        .await
        .map(drop)
}

/// Writes the needs of a document, once everything that is needed is there.
async fn connect(connection: &mut Connection, part: &PartRecord) -> Result<(), StoreError> {
    let PartId { kind, id } = part.id;
    let own = [kind.code().into(), id.into()];
    connection.execute("DELETE FROM order_needs WHERE kind = ?1 AND id = ?2", &own).await?;
    for needed in &part.needs {
        connection
            .execute(
                "INSERT INTO order_needs (kind, id, needed_kind, needed_id) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (kind, id, needed_kind, needed_id) DO NOTHING",
                &[kind.code().into(), id.into(), needed.kind.code().into(), needed.id.into()],
            )
            .await?;
    }
    Ok(())
}

async fn remove(connection: &mut Connection, part: PartId) -> Result<Removed, StoreError> {
    let own = [part.kind.code().into(), part.id.into()];
    if document(connection, part).await?.is_none() {
        return Ok(Removed::NotFound);
    }
    let needing = "SELECT kind, id FROM order_needs WHERE needed_kind = ?1 AND needed_id = ?2 ORDER BY kind, id LIMIT 1";
    let needing = connection
        .first(needing, &own, |row| {
            Ok(PartId { kind: PartKind::from_code(row.integer(0)?)?, id: row.integer(1)? })
        })
        .await?;
    if let Some(needing) = needing {
        return Ok(Removed::Needed(needing));
    }
    if part.kind == PartKind::User {
        let keys = "SELECT COUNT(*) FROM api_keys WHERE user_id = ?1";
        let keys = connection.first(keys, &[part.id.into()], |row| row.integer(0)).await?.unwrap_or(0);
        if keys > 0 {
            return Ok(Removed::HasKeys(u64::try_from(keys).unwrap_or(u64::MAX)));
        }
    }
    connection.execute("DELETE FROM order_needs WHERE kind = ?1 AND id = ?2", &own).await?;
    if part.kind == PartKind::Order {
        connection.execute("DELETE FROM orders WHERE id = ?1", &[part.id.into()]).await?;
    }
    connection.execute("DELETE FROM order_parts WHERE kind = ?1 AND id = ?2", &own).await?;
    Ok(Removed::Done)
}

pub(super) async fn document(
    connection: &mut Connection,
    part: PartId,
) -> Result<Option<String>, StoreError> {
    connection
        .first(
            "SELECT document FROM order_parts WHERE kind = ?1 AND id = ?2",
            &[part.kind.code().into(), part.id.into()],
            |row| row.text(0),
        )
        .await
}
