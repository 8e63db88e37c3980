//! Certificates.

use uuid::Uuid;

use super::super::connection::Connection;
use super::super::counts::Kind;
use super::super::error::StoreError;
use super::super::handle::Store;
use super::super::tenants::TenantId;
use super::lists::{Filter, Page, Slice, Source, list};
use super::records::{
    CERTIFICATE_COLUMNS, CertificateRecord, Code, NewCertificate, StoredCertificate, certificate,
};

impl Store {
    /// A certificate of a tenant.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn certificate(
        &self,
        tenant: TenantId,
        id: Uuid,
    ) -> Result<Option<CertificateRecord>, StoreError> {
        self.read((tenant, id), |connection, (tenant, id)| Box::pin(by_id(connection, *tenant, *id))).await
    }

    /// A certificate of a tenant, with its DER encoding.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn stored_certificate(
        &self,
        tenant: TenantId,
        id: Uuid,
    ) -> Result<Option<StoredCertificate>, StoreError> {
        self.read((tenant, id), |connection, (tenant, id)| Box::pin(stored(connection, *tenant, *id))).await
    }

    /// A certificate of a tenant by the SHA-256 of its DER encoding.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn certificate_by_fingerprint(
        &self,
        tenant: TenantId,
        fingerprint: [u8; 32],
    ) -> Result<Option<CertificateRecord>, StoreError> {
        self.read((tenant, fingerprint), |connection, (tenant, fingerprint)| {
            Box::pin(by_fingerprint(connection, *tenant, fingerprint))
        })
        .await
    }

    /// The certificate of a user that was issued last, of one kind or of any.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn latest_certificate(
        &self,
        tenant: TenantId,
        user: Uuid,
        kind: Option<Code>,
    ) -> Result<Option<Uuid>, StoreError> {
        self.read((tenant, user, kind), |connection, (tenant, user, kind)| {
            Box::pin(latest(connection, *tenant, *user, *kind))
        })
        .await
    }

    /// Certificates in the order in which they were stored.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn certificates(
        &self,
        tenant: TenantId,
        filter: Filter,
        slice: Slice,
    ) -> Result<Page<CertificateRecord>, StoreError> {
        self.read((tenant, filter, slice), |connection, (tenant, filter, slice)| {
            Box::pin(list(connection, &LISTED, *tenant, filter, *slice, |row| certificate(row, 0)))
        })
        .await
    }
}

const LISTED: Source = Source {
    columns: CERTIFICATE_COLUMNS,
    table: "certificates c",
    joined: "",
    id: "c.id",
    tenant: "c.tenant",
    kind: Some("c.kind"),
    user: Some("c.user_id"),
    certificate: "c.id",
    latest: Some("c.latest"),
    counted: Kind::CERTIFICATES,
    counted_by_kind: Kind::of_certificates,
};

async fn by_id(
    connection: &mut Connection,
    tenant: TenantId,
    id: Uuid,
) -> Result<Option<CertificateRecord>, StoreError> {
    connection
        .first(
            "SELECT c.id, c.kind, c.latest, c.user_id FROM certificates c WHERE c.tenant = ?1 AND c.id = ?2",
            &[tenant.0.into(), id.into()],
            |row| certificate(row, 0),
        )
        .await
}

async fn by_fingerprint(
    connection: &mut Connection,
    tenant: TenantId,
    fingerprint: &[u8; 32],
) -> Result<Option<CertificateRecord>, StoreError> {
    connection
        .first(
            "SELECT c.id, c.kind, c.latest, c.user_id FROM certificates c \
             WHERE c.tenant = ?1 AND c.fingerprint = ?2",
            &[tenant.0.into(), fingerprint.as_slice().into()],
            |row| certificate(row, 0),
        )
        .await
}

async fn stored(
    connection: &mut Connection,
    tenant: TenantId,
    id: Uuid,
) -> Result<Option<StoredCertificate>, StoreError> {
    connection
        .first(
            "SELECT c.id, c.kind, c.latest, c.user_id, c.der FROM certificates c \
             WHERE c.tenant = ?1 AND c.id = ?2",
            &[tenant.0.into(), id.into()],
            |row| Ok(StoredCertificate { record: certificate(row, 0)?, der: row.bytes(4)? }),
        )
        .await
}

async fn latest(
    connection: &mut Connection,
    tenant: TenantId,
    user: Uuid,
    kind: Option<Code>,
) -> Result<Option<Uuid>, StoreError> {
    connection
        .first(
            "SELECT id FROM certificates \
             WHERE user_id = ?2 AND tenant + 0 = ?1 AND latest = 1 AND kind = COALESCE(?3, kind) \
             ORDER BY not_before DESC, place DESC, id DESC LIMIT 1",
            &[tenant.0.into(), user.into(), kind.map(i64::from).into()],
            |row| row.id(0),
        )
        .await
}

/// The record of a certificate, which is stored if it is not there.
pub(super) async fn find_or_store(
    connection: &mut Connection,
    tenant: TenantId,
    new: &NewCertificate,
    new_id: impl Fn() -> Uuid,
) -> Result<CertificateRecord, StoreError> {
    let found = by_fingerprint(connection, tenant, &new.fingerprint).await?;
    if let Some(found) = found {
        return Ok(found);
    }
    let id = new_id();
    connection
        .execute(
            "INSERT INTO certificates (id, tenant, fingerprint, kind, issuer_name_hash, serial, not_before, \
             not_after, user_id, place, latest, der) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL, 0, 0, ?9)",
            &[
                id.into(),
                tenant.0.into(),
                new.fingerprint.as_slice().into(),
                i64::from(new.kind).into(),
                new.name.issuer_name_hash.as_slice().into(),
                new.name.serial.as_slice().into(),
                new.not_before.into(),
                new.not_after.into(),
                new.der.as_slice().into(),
            ],
        )
        .await?;
    connection.tally.add(tenant, Kind::CERTIFICATES, id, 1);
    connection.tally.add(tenant, Kind::of_certificates(new.kind), id, 1);
    Ok(CertificateRecord { id, kind: new.kind, latest: false, user: None })
}
