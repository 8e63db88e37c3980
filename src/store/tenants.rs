//! Tenants, and the tokens their clients show.

use std::fmt;

use uuid::Uuid;

use super::connection::Connection;
use super::error::StoreError;
use super::handle::Store;
use super::ids::created_at;
use super::value::Row;
use crate::pki::sha256;
use crate::types::UnixTime;

/// A tenant: everything that is kept belongs to one, and is seen by no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(pub i64);

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its number.
    pub id: TenantId,
    /// Its name, which no other has.
    pub name: String,
    /// When it was made.
    pub created_at: UnixTime,
}

/// SHA-256 of a token. The token has 256 random bits, so nothing slower is needed to keep it secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHash([u8; 32]);

/// A token to be kept.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Whose it is.
    pub tenant: TenantId,
    /// What it is for.
    pub name: String,
    /// Its hash.
    pub hash: TokenHash,
    /// From when on it does not count; `None` for never.
    pub expires_at: Option<UnixTime>,
}

/// A token, as far as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id, which is no secret.
    pub id: Uuid,
    /// Whose it is.
    pub tenant: TenantId,
    /// The name of the tenant.
    pub tenant_name: String,
    /// What it is for.
    pub name: String,
    /// When it was made.
    pub created_at: UnixTime,
    /// From when on it does not count; `None` for never.
    pub expires_at: Option<UnixTime>,
    /// Since when it does not count any more.
    pub revoked_at: Option<UnixTime>,
    /// The hour it was last used in.
    pub last_used_at: Option<UnixTime>,
}

/// Whose a token is, and whether it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenOwner {
    /// The token.
    pub token: Uuid,
    /// The tenant.
    pub tenant: TenantId,
    /// From when on it does not count.
    pub expires_at: Option<UnixTime>,
    /// Whether it was revoked.
    pub is_revoked: bool,
    /// The hour it was last used in.
    pub last_used_at: Option<UnixTime>,
}

impl Store {
    /// Makes a tenant.
    ///
    /// # Errors
    /// [`StoreError::Constraint`] if there is one of that name.
    pub async fn create_tenant(&self, name: &str) -> Result<Tenant, StoreError> {
        let arguments = (name.to_owned(), self.now());
        self.write(arguments, |connection, arguments| Box::pin(create_tenant(connection, arguments))).await
    }

    /// Every tenant, in the order they were made.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        self.read((), |connection, ()| {
            Box::pin(connection.rows("SELECT id, name, created_at FROM tenants ORDER BY id", &[], tenant))
        })
        .await
    }

    /// The tenant of a name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn tenant_named(&self, name: &str) -> Result<Option<Tenant>, StoreError> {
        self.read(name.to_owned(), |connection, name| Box::pin(tenant_named(connection, name))).await
    }

    /// Keeps a token and tells its id.
    ///
    /// # Errors
    /// [`StoreError::Constraint`] if there is no such tenant.
    pub async fn add_token(&self, token: NewToken) -> Result<Uuid, StoreError> {
        self.write((self.new_id(), token), |connection, arguments| Box::pin(add_token(connection, arguments)))
            .await
    }

    /// The tokens of a tenant, or all, in the order they were made.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn tokens(&self, tenant: Option<TenantId>) -> Result<Vec<Token>, StoreError> {
        self.read(tenant, |connection, tenant| Box::pin(tokens(connection, *tenant))).await
    }

    /// Revokes a token; tells whether there is one. One that was revoked stays revoked since then.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn revoke_token(&self, id: Uuid) -> Result<bool, StoreError> {
        self.write((id, self.now()), |connection, (id, now)| {
            Box::pin(async move {
                let changed = connection
                    .execute(
                        "UPDATE tokens SET revoked_at = COALESCE(revoked_at, ?1) WHERE id = ?2",
                        &[(*now).into(), (*id).into()],
                    )
                    .await?;
                Ok(changed == 1)
            })
        })
        .await
    }

    /// Whose a token is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn token_owner(&self, hash: TokenHash) -> Result<Option<TokenOwner>, StoreError> {
        self.read(hash, |connection, hash| Box::pin(token_owner(connection, hash))).await
    }

    /// Notes that a token was used at about this time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note_token_use(&self, id: Uuid, at: UnixTime) -> Result<(), StoreError> {
        self.write((id, at), |connection, (id, at)| {
            Box::pin(async move {
                connection
                    .execute(
                        "UPDATE tokens SET last_used_at = ?1 WHERE id = ?2",
                        &[(*at).into(), (*id).into()],
                    )
                    .await
                    .map(drop)
            })
        })
        .await
    }
}

impl TokenHash {
    /// The hash of a token.
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(sha256(token.as_bytes()))
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}

async fn create_tenant(
    connection: &mut Connection,
    (name, now): &(String, UnixTime),
) -> Result<Tenant, StoreError> {
    let last = connection
        .first("SELECT COALESCE(MAX(id), 0) FROM tenants", &[], |row| row.integer(0))
        .await?
        .unwrap_or(0);
    let tenant = Tenant { id: TenantId(last + 1), name: name.clone(), created_at: *now };
    connection
        .execute(
            "INSERT INTO tenants (id, name, created_at) VALUES (?1, ?2, ?3)",
            &[tenant.id.0.into(), name.as_str().into(), (*now).into()],
        )
        .await?;
    Ok(tenant)
}

async fn tenant_named(connection: &mut Connection, name: &str) -> Result<Option<Tenant>, StoreError> {
    connection.first("SELECT id, name, created_at FROM tenants WHERE name = ?1", &[name.into()], tenant).await
}

async fn add_token(connection: &mut Connection, (id, token): &(Uuid, NewToken)) -> Result<Uuid, StoreError> {
    connection
        .execute(
            "INSERT INTO tokens (id, tenant, hash, name, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            &[
                (*id).into(),
                token.tenant.0.into(),
                token.hash.0.as_slice().into(),
                token.name.as_str().into(),
                token.expires_at.into(),
            ],
        )
        .await?;
    Ok(*id)
}

async fn tokens(connection: &mut Connection, tenant: Option<TenantId>) -> Result<Vec<Token>, StoreError> {
    connection
        .rows(
            "SELECT tokens.id, tenants.id, tenants.name, tokens.name, expires_at, revoked_at, last_used_at \
             FROM tokens JOIN tenants ON tenants.id = tokens.tenant \
             WHERE tenants.id = COALESCE(?1, tenants.id) ORDER BY tokens.id",
            &[tenant.map(|tenant| tenant.0).into()],
            |row| {
                let id = row.id(0)?;
                Ok(Token {
                    id,
                    tenant: TenantId(row.integer(1)?),
                    tenant_name: row.text(2)?,
                    name: row.text(3)?,
                    created_at: created_at(id),
                    expires_at: row.optional_time(4)?,
                    revoked_at: row.optional_time(5)?,
                    last_used_at: row.optional_time(6)?,
                })
            },
        )
        .await
}

async fn token_owner(
    connection: &mut Connection,
    hash: &TokenHash,
) -> Result<Option<TokenOwner>, StoreError> {
    connection
        .first(
            "SELECT id, tenant, expires_at, revoked_at, last_used_at FROM tokens WHERE hash = ?1",
            &[hash.0.as_slice().into()],
            |row| {
                Ok(TokenOwner {
                    token: row.id(0)?,
                    tenant: TenantId(row.integer(1)?),
                    expires_at: row.optional_time(2)?,
                    is_revoked: row.optional_time(3)?.is_some(),
                    last_used_at: row.optional_time(4)?,
                })
            },
        )
        .await
}

fn tenant(row: &Row<'_>) -> Result<Tenant, StoreError> {
    Ok(Tenant { id: TenantId(row.integer(0)?), name: row.text(1)?, created_at: row.time(2)? })
}
