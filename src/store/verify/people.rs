//! Users: the persons behind certificates, one for each person and tenant.

use uuid::Uuid;

use super::super::connection::Connection;
use super::super::counts::Kind;
use super::super::error::StoreError;
use super::super::handle::Store;
use super::super::tenants::TenantId;
use super::lists::{Filter, Page, Slice, Source, list};
use super::records::{CertificateName, CertificateRecord, Code};

impl Store {
    /// Whether a tenant has this user.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn has_user(&self, tenant: TenantId, id: Uuid) -> Result<bool, StoreError> {
        self.read((tenant, id), |connection, (tenant, id)| Box::pin(exists(connection, *tenant, *id))).await
    }

    /// Users in the order in which they were first identified.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn users(
        &self,
        tenant: TenantId,
        filter: Filter,
        slice: Slice,
    ) -> Result<Page<Uuid>, StoreError> {
        self.read((tenant, filter, slice), |connection, (tenant, filter, slice)| {
            Box::pin(list(connection, &LISTED, *tenant, filter, *slice, |row| row.id(0)))
        })
        .await
    }
}

const LISTED: Source = Source {
    columns: "u.id",
    table: "users u",
    joined: "",
    id: "u.id",
    tenant: "u.tenant",
    kind: None,
    user: Some("u.id"),
    certificate: "u.id",
    latest: None,
    counted: Kind::USERS,
    counted_by_kind: |_| Kind::USERS,
};

pub(super) async fn exists(
    connection: &mut Connection,
    tenant: TenantId,
    id: Uuid,
) -> Result<bool, StoreError> {
    let found = connection
        .first("SELECT id FROM users WHERE tenant = ?1 AND id = ?2", &[tenant.0.into(), id.into()], |row| {
            row.id(0)
        })
        .await?;
    Ok(found.is_some())
}

/// What an identification changed.
pub(super) struct Identified {
    pub(super) user: Uuid,
    pub(super) is_new: bool,
    /// Certificates whose record is another than before.
    pub(super) changed: Vec<Uuid>,
}

/// Gives a certificate to the user that stands for its person, who is made if need be. `person` names the person's
/// certificates in the order in which they were issued.
pub(super) async fn identify(
    connection: &mut Connection,
    tenant: TenantId,
    certificate: &CertificateRecord,
    person: &[CertificateName],
    new_id: impl Fn() -> Uuid,
) -> Result<Identified, StoreError> {
    let mut known: Option<Uuid> = None;
    for name in person {
        let user = user_named(connection, tenant, name).await?;
        // Two users turn out to be one person: the older one stays.
        known = match (known, user) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
    let user = match known {
        Some(user) => user,
        None => create(connection, tenant, new_id()).await?,
    };
    for name in person {
        connection
            .execute(
                "INSERT INTO user_certificates (tenant, issuer_name_hash, serial, user_id) \
                 VALUES (?1, ?2, ?3, ?4) ON CONFLICT (tenant, issuer_name_hash, serial) DO NOTHING",
                &[
                    tenant.0.into(),
                    name.issuer_name_hash.as_slice().into(),
                    name.serial.as_slice().into(),
                    user.into(),
                ],
            )
            .await?;
    }
    let own = name_of(connection, certificate.id).await?;
    let place = person.iter().position(|name| own.as_ref() == Some(name)).unwrap_or(0);
    connection
        .execute(
            "UPDATE certificates SET user_id = ?1, place = ?2 WHERE id = ?3",
            &[user.into(), i64::try_from(place).unwrap_or(i64::MAX).into(), certificate.id.into()],
        )
        .await?;
    connection
        .execute(
            "UPDATE verifications SET user_id = ?1 WHERE certificate = ?2 AND user_id IS NULL",
            &[user.into(), certificate.id.into()],
        )
        .await?;
    let mut changed = renew_latest(connection, user, certificate.kind).await?;
    changed.push(certificate.id);
    Ok(Identified { user, is_new: known.is_none(), changed })
}

/// Marks the certificate that was issued last among those of a user and kind, and tells which changed.
pub(super) async fn renew_latest(
    connection: &mut Connection,
    user: Uuid,
    kind: Code,
) -> Result<Vec<Uuid>, StoreError> {
    let kind = i64::from(kind);
    // The date of issue, the order that the link source knows, and the serial, as a number: authorities count upwards.
    let certificates = connection
        .rows(
            "SELECT id, latest FROM certificates WHERE user_id = ?1 AND kind = ?2 \
             ORDER BY not_before DESC, place DESC, LENGTH(serial) DESC, serial DESC, id DESC",
            &[user.into(), kind.into()],
            |row| Ok((row.id(0)?, row.integer(1)? != 0)),
        )
        .await?;
    let mut changed = Vec::new();
    for (place, (id, was_latest)) in certificates.into_iter().enumerate() {
        let is_latest = place == 0;
        if is_latest != was_latest {
            connection
                .execute(
                    "UPDATE certificates SET latest = ?1 WHERE id = ?2",
                    &[i64::from(is_latest).into(), id.into()],
                )
                .await?;
            changed.push(id);
        }
    }
    Ok(changed)
}

async fn user_named(
    connection: &mut Connection,
    tenant: TenantId,
    name: &CertificateName,
) -> Result<Option<Uuid>, StoreError> {
    connection
        .first(
            "SELECT user_id FROM user_certificates WHERE tenant = ?1 AND issuer_name_hash = ?2 AND serial = ?3",
            &[tenant.0.into(), name.issuer_name_hash.as_slice().into(), name.serial.as_slice().into()],
            |row| row.id(0),
        )
        .await
}

async fn name_of(
    connection: &mut Connection,
    certificate: Uuid,
) -> Result<Option<CertificateName>, StoreError> {
    connection
        .first(
            "SELECT issuer_name_hash, serial FROM certificates WHERE id = ?1",
            &[certificate.into()],
            |row| super::links::name(row, 0),
        )
        .await
}

async fn create(connection: &mut Connection, tenant: TenantId, id: Uuid) -> Result<Uuid, StoreError> {
    connection
        .execute("INSERT INTO users (id, tenant) VALUES (?1, ?2)", &[id.into(), tenant.0.into()])
        .await?;
    connection.tally.add(tenant, Kind::USERS, id, 1);
    Ok(id)
}
