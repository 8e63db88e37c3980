//! Keeping what a call found: the certificate, its user, the check and the verification, all or nothing.

use std::sync::Arc;

use uuid::Uuid;

use super::super::connection::Connection;
use super::super::counts::Kind;
use super::super::error::StoreError;
use super::super::handle::Store;
use super::super::ids::Ids;
use super::super::tenants::TenantId;
use super::super::value::Row;
use super::certificates::find_or_store;
use super::lists::{Filter, Page, Slice, Source, list};
use super::people::{Identified, identify};
use super::records::{
    self, CertificateName, CertificateRecord, CheckFacts, Code, NewCertificate, NewVerification,
    VerificationRecord,
};
use super::{checks, records::code};

/// What a call found.
#[derive(Debug, Clone)]
pub struct Recording {
    /// Whose it is.
    pub tenant: TenantId,
    /// The certificate.
    pub certificate: Subject,
    /// The certificates of its person in the order in which they were issued, itself among them, if the person is to be
    /// identified.
    pub person: Option<Vec<CertificateName>>,
    /// The check that was made.
    pub check: Option<CheckFacts>,
    /// The verification that was made.
    pub verification: Option<NewVerification>,
}

/// A certificate that a call was about.
#[derive(Debug, Clone)]
pub enum Subject {
    /// One that was stored before.
    Stored(Uuid),
    /// One that came with the call, and is stored unless it is.
    Brought(NewCertificate),
}

/// What was kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The certificate as it is now.
    pub certificate: CertificateRecord,
    /// The check.
    pub check: Option<Uuid>,
    /// The verification.
    pub verification: Option<Uuid>,
    /// Whether the user was made by this.
    pub is_new_user: bool,
    /// Certificates whose record is another than before.
    pub changed: Vec<Uuid>,
}

impl Store {
    /// Keeps what a call found; `None`, and nothing is kept, if its certificate is not there (any more).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn record(&self, recording: Recording) -> Result<Option<Recorded>, StoreError> {
        self.write((self.ids(), recording), |connection, (ids, recording)| {
            Box::pin(record(connection, ids, recording))
        })
        .await
    }

    /// A verification of a tenant.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn verification(
        &self,
        tenant: TenantId,
        id: Uuid,
    ) -> Result<Option<VerificationRecord>, StoreError> {
        self.read((tenant, id), |connection, (tenant, id)| {
            Box::pin(async move {
                let sql = format!(
                    "SELECT {COLUMNS} FROM verifications v{JOINED} WHERE v.tenant = ?1 AND v.id = ?2"
                );
                connection.first(&sql, &[tenant.0.into(), (*id).into()], verification).await
            })
        })
        .await
    }

    /// Verifications in the order in which they were made.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn verifications(
        &self,
        tenant: TenantId,
        filter: Filter,
        slice: Slice,
    ) -> Result<Page<VerificationRecord>, StoreError> {
        self.read((tenant, filter, slice), |connection, (tenant, filter, slice)| {
            Box::pin(list(connection, &LISTED, *tenant, filter, *slice, verification))
        })
        .await
    }
}

const COLUMNS: &str = "v.id, v.result, v.hash_algorithm, v.digest, v.signature, v.user_id, \
     v.certificate, c.kind, c.latest, c.user_id, \
     k.id, k.status, k.method, k.purpose, k.source_updated_at, k.revoked_at, k.reason";
const JOINED: &str = " LEFT JOIN certificates c ON c.id = v.certificate \
     LEFT JOIN checks k ON k.tenant = v.tenant AND k.id = v.check_id";

const LISTED: Source = Source {
    columns: COLUMNS,
    table: "verifications v",
    joined: JOINED,
    id: "v.id",
    tenant: "v.tenant",
    kind: Some("v.kind"),
    user: Some("v.user_id"),
    certificate: "v.certificate",
    latest: None,
    counted: Kind::VERIFICATIONS,
    counted_by_kind: Kind::of_verifications,
};

async fn record(
    connection: &mut Connection,
    ids: &Arc<Ids>,
    recording: &Recording,
) -> Result<Option<Recorded>, StoreError> {
    let tenant = recording.tenant;
    let certificate = match &recording.certificate {
        Subject::Stored(id) => match by_id(connection, tenant, *id).await? {
            Some(certificate) => certificate,
            None => return Ok(None),
        },
        Subject::Brought(new) => find_or_store(connection, tenant, new, || ids.next()).await?,
    };
    let mut recorded =
        Recorded { certificate, check: None, verification: None, is_new_user: false, changed: Vec::new() };
    if let Some(person) = &recording.person
        && certificate.user.is_none()
    {
        let Identified { user, is_new, changed } =
            identify(connection, tenant, &certificate, person, || ids.next()).await?;
        debug_assert!(changed.contains(&certificate.id));
        recorded.is_new_user = is_new;
        recorded.changed = changed;
        recorded.certificate = by_id(connection, tenant, certificate.id)
            .await?
            .unwrap_or(CertificateRecord { user: Some(user), ..certificate });
    }
    if let Some(facts) = &recording.check {
        let id = ids.next();
        checks::insert(connection, certificate.id, id, tenant, facts).await?;
        recorded.check = Some(id);
    }
    if let Some(new) = &recording.verification {
        let id = ids.next();
        insert(connection, tenant, id, &recorded, new).await?;
        recorded.verification = Some(id);
    }
    Ok(Some(recorded))
}

async fn insert(
    connection: &mut Connection,
    tenant: TenantId,
    id: Uuid,
    recorded: &Recorded,
    new: &NewVerification,
) -> Result<(), StoreError> {
    let certificate = &recorded.certificate;
    connection
        .execute(
            "INSERT INTO verifications (id, tenant, certificate, kind, check_id, user_id, result, \
             hash_algorithm, digest, signature) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            &[
                id.into(),
                tenant.0.into(),
                certificate.id.into(),
                i64::from(certificate.kind).into(),
                recorded.check.into(),
                certificate.user.into(),
                i64::from(new.result).into(),
                i64::from(new.hash_algorithm).into(),
                new.digest.as_slice().into(),
                new.signature.as_slice().into(),
            ],
        )
        .await?;
    connection.tally.add(tenant, Kind::VERIFICATIONS, id, 1);
    connection.tally.add(tenant, Kind::of_verifications(certificate.kind), id, 1);
    Ok(())
}

async fn by_id(
    connection: &mut Connection,
    tenant: TenantId,
    id: Uuid,
) -> Result<Option<CertificateRecord>, StoreError> {
    connection
        .first(
            "SELECT c.id, c.kind, c.latest, c.user_id FROM certificates c WHERE c.tenant = ?1 AND c.id = ?2",
            &[tenant.0.into(), id.into()],
            |row| records::certificate(row, 0),
        )
        .await
}

fn verification(row: &Row<'_>) -> Result<VerificationRecord, StoreError> {
    let facts = NewVerification {
        result: code(row, 1)?,
        hash_algorithm: code(row, 2)?,
        digest: row.bytes(3)?,
        signature: row.bytes(4)?,
    };
    let certificate = row.optional_id(6)?.map(|_| records::certificate(row, 6)).transpose()?;
    let check = row.optional_id(10)?.map(|_| records::check(row, 10)).transpose()?;
    Ok(VerificationRecord { id: row.id(0)?, facts, certificate, check, user: row.optional_id(5)? })
}

/// The kind of verification that a code of the database stands for, for those that count by it.
pub(super) fn counted_as(kind: Option<Code>) -> impl Iterator<Item = Kind> {
    std::iter::once(Kind::VERIFICATIONS).chain(kind.map(Kind::of_verifications))
}
