//! Checking and verifying.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::cache::{Before, Cache, Known};
use super::codes;
use super::error::VerifyError;
use super::ports::{LinkSource, RevocationChecks, RevocationFacts};
use super::records::{
    Certificate, Check, Checked, CheckedContent, CheckedUser, Identify, User, Verification,
    VerificationResult, Verified,
};
use crate::pki;
use crate::service::Question;
use crate::service::jpki::{Accepted, CertificateType, Finding, SignedDigest};
use crate::service::tenants::Authenticator;
use crate::store::{
    CertificateName, CertificateRecord, CheckFacts, CheckPurpose, CheckRecord, CheckStatus, NewCertificate,
    NewCheck, NewVerification, Recorded, Recording, Store, StoreError, Subject, TenantId, created_at,
};
use crate::types::Method;

/// How much is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifySettings {
    /// Certificates that are kept ready for checks by id; some kilobytes each.
    pub remembered_certificates: NonZeroUsize,
    /// How long a token that was looked up counts without looking again: so long a revoked one may still work.
    pub token_memory: Duration,
}

/// The use cases. Cloning is cheap.
#[derive(Clone)]
pub struct VerifyService(Arc<Parts>);

pub(super) struct Parts {
    pub(super) store: Store,
    accepted: Arc<Accepted>,
    checks: Arc<dyn RevocationChecks>,
    links: Arc<dyn LinkSource>,
    pub(super) cache: Cache,
    authenticator: Authenticator,
}

impl Default for VerifySettings {
    fn default() -> Self {
        Self {
            remembered_certificates: NonZeroUsize::MIN.saturating_add(9_999),
            token_memory: Duration::from_secs(1),
        }
    }
}

impl VerifyService {
    /// Puts the parts together.
    #[must_use]
    pub fn new(
        store: Store,
        accepted: Arc<Accepted>,
        checks: Arc<dyn RevocationChecks>,
        links: Arc<dyn LinkSource>,
        settings: VerifySettings,
    ) -> Self {
        let cache = Cache::new(settings.remembered_certificates);
        let authenticator = Authenticator::new(store.clone(), settings.token_memory);
        Self(Arc::new(Parts { store, accepted, checks, links, cache, authenticator }))
    }

    /// Whose a token is; `None` for one that is unknown, expired or revoked.
    ///
    /// # Errors
    /// [`VerifyError::Store`].
    pub async fn authenticate(&self, token: &str) -> Result<Option<TenantId>, VerifyError> {
        Ok(self.0.authenticator.authenticate(token).await?)
    }

    /// Verifies a signature over a digest, and keeps what came of it: issuer, validity, signature, revocation, in this
    /// order, up to the first that fails.
    ///
    /// # Errors
    /// [`VerifyError`]: the certificate is not accepted, the person cannot be identified, or nothing tells whether the
    /// certificate is revoked. Nothing is kept then.
    pub async fn verify(
        &self,
        tenant: TenantId,
        certificate: &[u8],
        signed: SignedDigest,
        method: Method,
        identify: Identify,
    ) -> Result<Verified, VerifyError> {
        let now = self.0.store.now();
        let identity = self.0.accepted.read(certificate, now)?;
        let new = NewCertificate::of(&identity.certificate, codes::of_type(identity.certificate_type));
        let person = self.person_of_brought(tenant, &new, identify).await?;
        let (result, check) = match signed.judge(&identity, now)? {
            Finding::Expired => (VerificationResult::CertificateExpired, None),
            Finding::Mismatch => (VerificationResult::SignatureMismatch, None),
            Finding::Genuine => {
                let purpose = CheckPurpose::SignatureVerification;
                let facts = self.ask(&identity.question(), method, purpose).await?;
                match facts.status {
                    CheckStatus::Good => (VerificationResult::Ok, Some(facts)),
                    CheckStatus::Revoked { .. } => (VerificationResult::CertificateRevoked, Some(facts)),
                }
            }
        };
        let (digest, signature) = (signed.digest().to_vec(), signed.signature().to_vec());
        let verification = NewVerification {
            result: codes::of_result(result),
            hash_algorithm: codes::of_hash(signed.hash()),
            digest: digest.clone(),
            signature: signature.clone(),
        };
        let recorded = self
            .record(Recording {
                tenant,
                certificate: Subject::Brought(new),
                person,
                check,
                verification: Some(verification),
            })
            .await?;
        let id = recorded.verification.ok_or(StoreError::Ended)?;
        Ok(Verified {
            verification: Verification {
                id,
                result,
                hash: signed.hash(),
                digest,
                signature,
                created_at: created_at(id),
            },
            certificate: Certificate::of(&recorded.certificate)?,
            check: check.zip(recorded.check).map(|(facts, id)| Check::of(CheckRecord { id, facts })),
            content: identity.content,
            user: recorded.certificate.user.map(User::of),
            is_new_user: is_new(identify, recorded.is_new_user),
        })
    }

    /// Checks a certificate that comes with the call, and stores it. Its validity is not looked at.
    ///
    /// # Errors
    /// As [`VerifyService::verify`].
    pub async fn check_content(
        &self,
        tenant: TenantId,
        certificate: &[u8],
        method: Method,
        identify: Identify,
    ) -> Result<CheckedContent, VerifyError> {
        let identity = self.0.accepted.read(certificate, self.0.store.now())?;
        let new = NewCertificate::of(&identity.certificate, codes::of_type(identity.certificate_type));
        let person = self.person_of_brought(tenant, &new, identify).await?;
        let facts = self.ask(&identity.question(), method, CheckPurpose::LivenessCheck).await?;
        let recorded = self.record_check(tenant, Subject::Brought(new), person, facts).await?;
        Ok(CheckedContent { checked: checked(&recorded, facts, identify)?, content: identity.content })
    }

    /// Checks a certificate that was stored.
    ///
    /// # Errors
    /// As [`VerifyService::verify`], and [`VerifyError::NoSuchEntry`].
    pub async fn check_certificate(
        &self,
        tenant: TenantId,
        id: Uuid,
        method: Method,
        identify: Identify,
    ) -> Result<Checked, VerifyError> {
        let (known, record) = self.known(tenant, id).await?;
        if identify == Identify::Yes && record.user.is_none() {
            // On the heap: the usual way would have to carry its room along.
            return Box::pin(self.check_and_identify(tenant, id, &known, method)).await;
        }
        let check = self.check_known(tenant, &known, method).await?;
        Ok(Checked {
            certificate: Certificate::of(&record)?,
            check,
            user: record.user.map(User::of),
            is_new_user: is_new(identify, false),
        })
    }

    /// Checks a certificate that was stored, and identifies its user.
    async fn check_and_identify(
        &self,
        tenant: TenantId,
        id: Uuid,
        known: &Known,
        method: Method,
    ) -> Result<Checked, VerifyError> {
        let person = self.0.links.certificates_of_person(&known.name).await?;
        let facts = self.ask(&known.question, method, CheckPurpose::LivenessCheck).await?;
        let recorded = self.record_check(tenant, Subject::Stored(id), Some(person), facts).await?;
        checked(&recorded, facts, Identify::Yes)
    }

    /// Checks the certificate of a user that was issued last, of one type or of any. Identifies nobody.
    ///
    /// # Errors
    /// As [`VerifyService::check_certificate`]; a user without such a certificate has no entry.
    pub async fn check_user(
        &self,
        tenant: TenantId,
        user: Uuid,
        certificate_type: Option<CertificateType>,
        method: Method,
    ) -> Result<CheckedUser, VerifyError> {
        let latest = self.0.store.latest_certificate(tenant, user, certificate_type.map(codes::of_type));
        let id = latest.await?.ok_or(VerifyError::NoSuchEntry)?;
        let (known, record) = self.known(tenant, id).await?;
        let check = self.check_known(tenant, &known, method).await?;
        Ok(CheckedUser { certificate: Certificate::of(&record)?, check, user: User::of(user) })
    }

    /// The use cases' parts, for those in other files.
    pub(super) fn parts(&self) -> &Parts {
        &self.0
    }

    async fn check_known(
        &self,
        tenant: TenantId,
        known: &Known,
        method: Method,
    ) -> Result<Check, VerifyError> {
        let facts = self.ask(&known.question, method, CheckPurpose::LivenessCheck).await?;
        let certificate = known.record.id;
        match self.0.store.record_check(NewCheck { tenant, certificate, facts }).await? {
            Some(id) => Ok(Check::of(CheckRecord { id, facts })),
            None => {
                self.0.cache.forget(tenant, &[certificate]);
                Err(VerifyError::NoSuchEntry)
            }
        }
    }

    /// What is known of a certificate that was stored, and its record as it is now.
    async fn known(
        &self,
        tenant: TenantId,
        id: Uuid,
    ) -> Result<(Arc<Known>, CertificateRecord), VerifyError> {
        let before = match self.0.cache.get(tenant, id) {
            Ok(known) if self.0.store.is_shared() => {
                // Another server may have identified the user or deleted the certificate.
                let record = self.0.store.certificate(tenant, id).await?.ok_or(VerifyError::NoSuchEntry)?;
                return Ok((known, record));
            }
            Ok(known) => {
                let record = known.record;
                return Ok((known, record));
            }
            Err(before) => before,
        };
        Box::pin(self.read_known(tenant, id, before)).await
    }

    /// What is to be known of a certificate that was stored, read and remembered.
    async fn read_known(
        &self,
        tenant: TenantId,
        id: Uuid,
        before: Before,
    ) -> Result<(Arc<Known>, CertificateRecord), VerifyError> {
        let stored = self.0.store.stored_certificate(tenant, id).await?.ok_or(VerifyError::NoSuchEntry)?;
        let (question, certificate) = match self.0.accepted.read(&stored.der, self.0.store.now()) {
            Ok(identity) => (identity.question(), identity.certificate),
            // It was accepted when it was stored; what is accepted may have changed since.
            Err(_) => {
                let certificate = pki::Certificate::from_der(&stored.der)
                    .map_err(|error| StoreError::Corrupt { reason: error.to_string() })?;
                (Question::Certificate { certificate: certificate.clone(), issuer: None }, certificate)
            }
        };
        let record = stored.record;
        let known = Arc::new(Known { record, name: CertificateName::of(&certificate), question });
        self.0.cache.remember(tenant, &known, before);
        Ok((known, record))
    }

    /// The person of a certificate that came with a call, if it is to be identified and is not.
    async fn person_of_brought(
        &self,
        tenant: TenantId,
        new: &NewCertificate,
        identify: Identify,
    ) -> Result<Option<Vec<CertificateName>>, VerifyError> {
        if identify == Identify::No {
            return Ok(None);
        }
        let stored = self.0.store.certificate_by_fingerprint(tenant, new.fingerprint).await?;
        if stored.is_some_and(|record| record.user.is_some()) {
            return Ok(None);
        }
        Ok(Some(self.0.links.certificates_of_person(&new.name).await?))
    }

    async fn ask(
        &self,
        question: &Question,
        method: Method,
        purpose: CheckPurpose,
    ) -> Result<CheckFacts, VerifyError> {
        let RevocationFacts { revocation, this_update } = match method {
            Method::Crl => self.0.checks.by_crl(question)?,
            Method::Ocsp => self.0.checks.by_ocsp(question).await?,
        };
        let status = match revocation {
            Some(revocation) => CheckStatus::Revoked { at: revocation.revoked_at, reason: revocation.reason },
            None => CheckStatus::Good,
        };
        // A list that does not name the certificate has not been updated about it.
        let is_named = method == Method::Ocsp || revocation.is_some();
        let source_updated_at = this_update.filter(|_| is_named);
        Ok(CheckFacts { status, method, purpose, source_updated_at })
    }

    async fn record_check(
        &self,
        tenant: TenantId,
        certificate: Subject,
        person: Option<Vec<CertificateName>>,
        facts: CheckFacts,
    ) -> Result<Recorded, VerifyError> {
        self.record(Recording { tenant, certificate, person, check: Some(facts), verification: None }).await
    }

    async fn record(&self, recording: Recording) -> Result<Recorded, VerifyError> {
        let tenant = recording.tenant;
        let recorded = self.0.store.record(recording).await?.ok_or(VerifyError::NoSuchEntry)?;
        if !recorded.changed.is_empty() {
            self.0.cache.forget(tenant, &recorded.changed);
        }
        Ok(recorded)
    }
}

fn checked(recorded: &Recorded, facts: CheckFacts, identify: Identify) -> Result<Checked, VerifyError> {
    let id = recorded.check.ok_or(StoreError::Ended)?;
    Ok(Checked {
        certificate: Certificate::of(&recorded.certificate)?,
        check: Check::of(CheckRecord { id, facts }),
        user: recorded.certificate.user.map(User::of),
        is_new_user: is_new(identify, recorded.is_new_user),
    })
}

fn is_new(identify: Identify, is_new: bool) -> Option<bool> {
    (identify == Identify::Yes).then_some(is_new)
}
