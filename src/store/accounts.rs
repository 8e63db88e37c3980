//! Accounts of those who administer this server.

use std::fmt;

use uuid::Uuid;

use super::connection::Connection;
use super::error::StoreError;
use super::handle::Store;
use super::ids::created_at;
use super::value::Row;
use crate::types::UnixTime;

/// The code of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleCode(pub i64);

/// An account.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: Uuid,
    /// Its name, which no other has.
    pub name: String,
    /// Argon2id in the PHC form.
    pub password: String,
    /// What it may do.
    pub role: RoleCode,
    /// Which password it is, counted from 1.
    pub version: i64,
    /// When it was made.
    pub created_at: UnixTime,
}

impl fmt::Debug for Account {
    /// Without the hash of the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("name", &self.name).field("role", &self.role).finish_non_exhaustive()
    }
}

const COLUMNS: &str = "SELECT id, name, password, role, version FROM accounts";

impl Store {
    /// Makes an account.
    ///
    /// # Errors
    /// [`StoreError::Constraint`] if there is one of that name.
    pub async fn add_account(&self, name: &str, password: &str, role: RoleCode) -> Result<Uuid, StoreError> {
        let arguments = (self.new_id(), name.to_owned(), password.to_owned(), role);
        self.write(arguments, |connection, (id, name, password, role)| {
            Box::pin(async move {
                let values = [(*id).into(), name.as_str().into(), password.as_str().into(), role.0.into()];
                let sql =
                    "INSERT INTO accounts (id, name, password, role, version) VALUES (?1, ?2, ?3, ?4, 1)";
                connection.execute(sql, &values).await?;
                Ok(*id)
            })
        })
        .await
    }

    /// Every account, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.read((), |connection, ()| {
            Box::pin(async move { connection.rows(&format!("{COLUMNS} ORDER BY name"), &[], account).await })
        })
        .await
    }

    /// The account of a name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn account_named(&self, name: &str) -> Result<Option<Account>, StoreError> {
        self.read(name.to_owned(), |connection, name| {
            Box::pin(async move {
                let sql = format!("{COLUMNS} WHERE name = ?1");
                connection.first(&sql, &[name.as_str().into()], account).await
            })
        })
        .await
    }

    /// Changes the password of an account; tells whether there is one of that name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_account_password(&self, name: &str, password: &str) -> Result<bool, StoreError> {
        let sql = "UPDATE accounts SET password = ?2, version = version + 1 WHERE name = ?1";
        self.write((name.to_owned(), password.to_owned()), move |connection, (name, password)| {
            Box::pin(one(connection, sql, [name.as_str().into(), password.as_str().into()]))
        })
        .await
    }

    /// Changes the role of an account; tells whether there is one of that name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_account_role(&self, name: &str, role: RoleCode) -> Result<bool, StoreError> {
        let sql = "UPDATE accounts SET role = ?2 WHERE name = ?1";
        self.write((name.to_owned(), role), move |connection, (name, role)| {
            Box::pin(one(connection, sql, [name.as_str().into(), role.0.into()]))
        })
        .await
    }

    /// Removes an account; tells whether there was one of that name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_account(&self, name: &str) -> Result<bool, StoreError> {
        self.write(name.to_owned(), |connection, name| {
            Box::pin(one(connection, "DELETE FROM accounts WHERE name = ?1", [name.as_str().into()]))
        })
        .await
    }
}

async fn one<const N: usize>(
    connection: &mut Connection,
    sql: &str,
    values: [super::value::Value<'_>; N],
) -> Result<bool, StoreError> {
    Ok(connection.execute(sql, &values).await? == 1)
}

fn account(row: &Row<'_>) -> Result<Account, StoreError> {
    let id = row.id(0)?;
    Ok(Account {
        id,
        name: row.text(1)?,
        password: row.text(2)?,
        role: RoleCode(row.integer(3)?),
        version: row.integer(4)?,
        created_at: created_at(id),
    })
}
