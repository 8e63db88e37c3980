//! Certificates that were asked about lately, ready to be asked about again.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use uuid::Uuid;

use crate::service::Question;
use crate::store::{CertificateName, CertificateRecord, TenantId};

/// A certificate that is kept, as a check needs it.
pub(super) struct Known {
    pub(super) record: CertificateRecord,
    pub(super) name: CertificateName,
    pub(super) question: Question,
}

/// The certificates that were asked about last.
pub(super) struct Cache(Mutex<Remembered>);

struct Remembered {
    certificates: LruCache<(TenantId, Uuid), Arc<Known>>,
    /// How often something was forgotten.
    forgotten: u64,
}

/// The state of the cache before a certificate was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before(u64);

impl Cache {
    pub(super) fn new(capacity: NonZeroUsize) -> Self {
        Self(Mutex::new(Remembered { certificates: LruCache::new(capacity), forgotten: 0 }))
    }

    /// What is remembered; else what [`Cache::remember`] wants to be told.
    pub(super) fn get(&self, tenant: TenantId, id: Uuid) -> Result<Arc<Known>, Before> {
        let mut remembered = self.lock();
        let forgotten = remembered.forgotten;
        remembered.certificates.get(&(tenant, id)).cloned().ok_or(Before(forgotten))
    }

    /// Remembers what was read, unless something was forgotten meanwhile: then what was read may be what was changed.
    pub(super) fn remember(&self, tenant: TenantId, known: &Arc<Known>, Before(before): Before) {
        let mut remembered = self.lock();
        if remembered.forgotten == before {
            remembered.certificates.put((tenant, known.record.id), Arc::clone(known));
        }
    }

    /// Forgets certificates whose record changed.
    pub(super) fn forget(&self, tenant: TenantId, changed: &[Uuid]) {
        let mut remembered = self.lock();
        remembered.forgotten = remembered.forgotten.wrapping_add(1);
        for id in changed {
            remembered.certificates.pop(&(tenant, *id));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Remembered> {
        // Each change is whole by itself.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
