//! Looking up, listing and deleting what is kept.

use uuid::Uuid;

use super::error::VerifyError;
use super::filters::{CertificateFilter, CheckFilter, UserFilter, VerificationFilter};
use super::records::{CertificateWithUser, Check, KeptVerification, Listed, User};
use super::service::VerifyService;
use crate::store::{Page, Slice, StoreError, TenantId};

impl VerifyService {
    /// A certificate.
    ///
    /// # Errors
    /// [`VerifyError`].
    pub async fn certificate(&self, tenant: TenantId, id: Uuid) -> Result<CertificateWithUser, VerifyError> {
        let record = self.parts().store.certificate(tenant, id).await?.ok_or(VerifyError::NoSuchEntry)?;
        Ok(CertificateWithUser::of(&record)?)
    }

    /// Certificates in the order in which they were stored.
    ///
    /// # Errors
    /// [`VerifyError::Store`].
    pub async fn certificates(
        &self,
        tenant: TenantId,
        filter: CertificateFilter,
        slice: Slice,
    ) -> Result<Listed<CertificateWithUser>, VerifyError> {
        let page = self.parts().store.certificates(tenant, filter.into(), slice).await?;
        listed(page, |record| CertificateWithUser::of(&record))
    }

    /// Deletes a certificate with its history. Verifications stay, without it.
    ///
    /// # Errors
    /// [`VerifyError`].
    pub async fn delete_certificate(&self, tenant: TenantId, id: Uuid) -> Result<(), VerifyError> {
        let deleted = self.parts().store.delete_certificate(tenant, id).await;
        self.changed(tenant, deleted)
    }

    /// A check.
    ///
    /// # Errors
    /// [`VerifyError`].
    pub async fn check(&self, tenant: TenantId, id: Uuid) -> Result<Check, VerifyError> {
        self.parts().store.check(tenant, id).await?.map(Check::of).ok_or(VerifyError::NoSuchEntry)
    }

    /// The checks of a certificate in the order in which they were made.
    ///
    /// # Errors
    /// [`VerifyError`].
    pub async fn history(
        &self,
        tenant: TenantId,
        certificate: Uuid,
        slice: Slice,
    ) -> Result<Listed<Check>, VerifyError> {
        let page = self.parts().store.history(tenant, certificate, slice).await?;
        listed(page.ok_or(VerifyError::NoSuchEntry)?, |record| Ok(Check::of(record)))
    }

    /// Checks in the order in which they were made.
    ///
    /// # Errors
    /// [`VerifyError::Store`].
    pub async fn checks(
        &self,
        tenant: TenantId,
        filter: CheckFilter,
        slice: Slice,
    ) -> Result<Listed<Check>, VerifyError> {
        let page = self.parts().store.checks(tenant, filter.into(), slice).await?;
        listed(page, |record| Ok(Check::of(record)))
    }

    /// A user.
    ///
    /// # Errors
    /// [`VerifyError`].
    pub async fn user(&self, tenant: TenantId, id: Uuid) -> Result<User, VerifyError> {
        if self.parts().store.has_user(tenant, id).await? {
            Ok(User::of(id))
        } else {
            Err(VerifyError::NoSuchEntry)
        }
    }

    /// Users in the order in which they were first identified.
    ///
    /// # Errors
    /// [`VerifyError::Store`].
    pub async fn users(
        &self,
        tenant: TenantId,
        filter: UserFilter,
        slice: Slice,
    ) -> Result<Listed<User>, VerifyError> {
        let page = self.parts().store.users(tenant, filter.into(), slice).await?;
        listed(page, |id| Ok(User::of(id)))
    }

    /// Deletes a user. Certificates and verifications stay, without it; the next identification makes another.
    ///
    /// # Errors
    /// [`VerifyError`].
    pub async fn delete_user(&self, tenant: TenantId, id: Uuid) -> Result<(), VerifyError> {
        let deleted = self.parts().store.delete_user(tenant, id).await;
        self.changed(tenant, deleted)
    }

    /// A verification.
    ///
    /// # Errors
    /// [`VerifyError`].
    pub async fn verification(&self, tenant: TenantId, id: Uuid) -> Result<KeptVerification, VerifyError> {
        let record = self.parts().store.verification(tenant, id).await?.ok_or(VerifyError::NoSuchEntry)?;
        Ok(KeptVerification::of(record)?)
    }

    /// Verifications in the order in which they were made.
    ///
    /// # Errors
    /// [`VerifyError::Store`].
    pub async fn verifications(
        &self,
        tenant: TenantId,
        filter: VerificationFilter,
        slice: Slice,
    ) -> Result<Listed<KeptVerification>, VerifyError> {
        let page = self.parts().store.verifications(tenant, filter.into(), slice).await?;
        listed(page, KeptVerification::of)
    }

    /// Deletes a verification. Its certificate and the check stay.
    ///
    /// # Errors
    /// [`VerifyError`].
    pub async fn delete_verification(&self, tenant: TenantId, id: Uuid) -> Result<(), VerifyError> {
        if self.parts().store.delete_verification(tenant, id).await? {
            Ok(())
        } else {
            Err(VerifyError::NoSuchEntry)
        }
    }

    /// What came of a deletion, whose traces are forgotten.
    fn changed(
        &self,
        tenant: TenantId,
        deleted: Result<Option<Vec<Uuid>>, StoreError>,
    ) -> Result<(), VerifyError> {
        let changed = deleted?.ok_or(VerifyError::NoSuchEntry)?;
        self.parts().cache.forget(tenant, &changed);
        Ok(())
    }
}

fn listed<T, U>(
    page: Page<T>,
    show: impl FnMut(T) -> Result<U, StoreError>,
) -> Result<Listed<U>, VerifyError> {
    let results: Result<Vec<U>, StoreError> = page.records.into_iter().map(show).collect();
    Ok(Listed { total: page.total, results: results? })
}
