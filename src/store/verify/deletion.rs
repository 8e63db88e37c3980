//! Deletion, which is for ever.
//!
//! A certificate takes its history along; its verifications stay, without it. A user leaves its certificates and
//! verifications, which belong to nobody then; the next identification makes another user. Long histories go in steps,
//! so that nobody else waits for one deletion; the last step is the one that counts.

use uuid::Uuid;

use super::super::connection::Connection;
use super::super::counts::Kind;
use super::super::error::StoreError;
use super::super::handle::Store;
use super::super::tenants::TenantId;
use super::people::{exists, renew_latest};
use super::recording::counted_as;
use super::records::{Code, code};

/// Rows that one step removes or changes.
const STEP: i64 = 2000;

/// What a step did.
enum Step {
    /// There is nothing of that id.
    Missing,
    /// More steps are needed.
    More,
    /// It is done; the certificates whose record is another than before.
    Done(Vec<Uuid>),
}

impl Store {
    /// Deletes a certificate with its history. Tells the certificates whose record is another than before, itself among
    /// them; `None` if there is no such certificate.
    ///
    /// # Errors
    /// [`StoreError`]; part of the history may be gone then, and the certificate is still there.
    pub async fn delete_certificate(
        &self,
        tenant: TenantId,
        id: Uuid,
    ) -> Result<Option<Vec<Uuid>>, StoreError> {
        loop {
            let step = self.write((tenant, id), |connection, (tenant, id)| {
                Box::pin(certificate_step(connection, *tenant, *id))
            });
            match step.await? {
                Step::Missing => return Ok(None),
                Step::More => {}
                Step::Done(changed) => return Ok(Some(changed)),
            }
        }
    }

    /// Deletes a user. Tells the certificates whose record is another than before; `None` if there is no such user.
    ///
    /// # Errors
    /// [`StoreError`]; some verifications may have lost their user then, who is still there.
    pub async fn delete_user(&self, tenant: TenantId, id: Uuid) -> Result<Option<Vec<Uuid>>, StoreError> {
        loop {
            let step = self.write((tenant, id), |connection, (tenant, id)| {
                Box::pin(user_step(connection, *tenant, *id))
            });
            match step.await? {
                Step::Missing => return Ok(None),
                Step::More => {}
                Step::Done(changed) => return Ok(Some(changed)),
            }
        }
    }

    /// Deletes a verification; tells whether there was one. Its certificate and the check stay.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn delete_verification(&self, tenant: TenantId, id: Uuid) -> Result<bool, StoreError> {
        self.write((tenant, id), |connection, (tenant, id)| {
            Box::pin(delete_verification(connection, *tenant, *id))
        })
        .await
    }
}

async fn certificate_step(
    connection: &mut Connection,
    tenant: TenantId,
    id: Uuid,
) -> Result<Step, StoreError> {
    let found = connection
        .first(
            "SELECT kind, user_id FROM certificates WHERE tenant = ?1 AND id = ?2",
            &[tenant.0.into(), id.into()],
            |row| Ok((code(row, 0)?, row.optional_id(1)?)),
        )
        .await?;
    let Some((kind, user)) = found else { return Ok(Step::Missing) };
    if remove_checks(connection, tenant, id).await? || empty_verifications(connection, tenant, id).await? {
        return Ok(Step::More);
    }
    connection.execute("DELETE FROM certificates WHERE id = ?1", &[id.into()]).await?;
    connection.tally.add(tenant, Kind::CERTIFICATES, id, -1);
    connection.tally.add(tenant, Kind::of_certificates(kind), id, -1);
    let mut changed = match user {
        Some(user) => renew_latest(connection, user, kind).await?,
        None => Vec::new(),
    };
    changed.push(id);
    Ok(Step::Done(changed))
}

/// Removes the oldest checks of a certificate; tells whether there may be more.
async fn remove_checks(
    connection: &mut Connection,
    tenant: TenantId,
    certificate: Uuid,
) -> Result<bool, StoreError> {
    let checks = connection
        .rows(
            "SELECT number, id FROM checks WHERE certificate = ?1 ORDER BY number LIMIT ?2",
            &[certificate.into(), STEP.into()],
            |row| Ok((row.integer(0)?, row.id(1)?)),
        )
        .await?;
    let Some((last, _)) = checks.last() else { return Ok(false) };
    connection
        .execute(
            "DELETE FROM checks WHERE certificate = ?1 AND number <= ?2",
            &[certificate.into(), (*last).into()],
        )
        .await?;
    for (_, id) in &checks {
        connection.tally.add(tenant, Kind::CHECKS, *id, -1);
    }
    Ok(is_full(checks.len()))
}

/// Takes the certificate out of its verifications; tells whether there may be more.
async fn empty_verifications(
    connection: &mut Connection,
    tenant: TenantId,
    certificate: Uuid,
) -> Result<bool, StoreError> {
    let verifications = connection
        .rows(
            "SELECT id, kind FROM verifications WHERE certificate = ?1 ORDER BY id LIMIT ?2",
            &[certificate.into(), STEP.into()],
            |row| Ok((row.id(0)?, optional_code(row.optional_integer(1)?))),
        )
        .await?;
    for (id, kind) in &verifications {
        connection
            .execute(
                "UPDATE verifications SET certificate = NULL, kind = NULL, check_id = NULL WHERE id = ?1",
                &[(*id).into()],
            )
            .await?;
        if let Some(kind) = kind {
            connection.tally.add(tenant, Kind::of_verifications(*kind), *id, -1);
        }
    }
    Ok(is_full(verifications.len()))
}

async fn user_step(connection: &mut Connection, tenant: TenantId, id: Uuid) -> Result<Step, StoreError> {
    if !exists(connection, tenant, id).await? {
        return Ok(Step::Missing);
    }
    let verifications = connection
        .execute(
            "UPDATE verifications SET user_id = NULL \
             WHERE id IN (SELECT id FROM verifications WHERE user_id = ?1 ORDER BY id LIMIT ?2)",
            &[id.into(), STEP.into()],
        )
        .await?;
    if verifications >= STEP.unsigned_abs() {
        return Ok(Step::More);
    }
    let certificates = connection
        .rows("SELECT id FROM certificates WHERE user_id = ?1", &[id.into()], |row| row.id(0))
        .await?;
    connection
        .execute(
            "UPDATE certificates SET user_id = NULL, latest = 0, place = 0 WHERE user_id = ?1",
            &[id.into()],
        )
        .await?;
    connection.execute("DELETE FROM user_certificates WHERE user_id = ?1", &[id.into()]).await?;
    connection.execute("DELETE FROM users WHERE id = ?1", &[id.into()]).await?;
    connection.tally.add(tenant, Kind::USERS, id, -1);
    Ok(Step::Done(certificates))
}

async fn delete_verification(
    connection: &mut Connection,
    tenant: TenantId,
    id: Uuid,
) -> Result<bool, StoreError> {
    let kind = connection
        .first(
            "SELECT kind FROM verifications WHERE tenant = ?1 AND id = ?2",
            &[tenant.0.into(), id.into()],
            |row| Ok(optional_code(row.optional_integer(0)?)),
        )
        .await?;
    let Some(kind) = kind else { return Ok(false) };
    connection.execute("DELETE FROM verifications WHERE id = ?1", &[id.into()]).await?;
    for counted in counted_as(kind) {
        connection.tally.add(tenant, counted, id, -1);
    }
    Ok(true)
}

pub(super) fn optional_code(number: Option<i64>) -> Option<Code> {
    number.and_then(|number| u8::try_from(number).ok()).map(Code)
}

fn is_full(rows: usize) -> bool {
    i64::try_from(rows).is_ok_and(|rows| rows >= STEP)
}
