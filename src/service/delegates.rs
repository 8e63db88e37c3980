//! The state of delegated responders, by our own index.

use std::sync::Arc;

use crate::live::LiveParts;
use crate::ocsp::DelegateStatus;
use crate::pki::Certificate;
use crate::policy::{Policy, check_certificate};
use crate::publish::IndexReader;
use crate::types::{Clock, Status};

/// Looks delegated responders up in an index (RFC 6960 section 4.2.2.2.1).
pub struct DelegatesInIndex {
    reader: Arc<IndexReader>,
    clock: Arc<dyn Clock>,
}

impl DelegatesInIndex {
    /// Looks in the index that `reader` follows, at the time of `clock`.
    #[must_use]
    pub fn new(reader: Arc<IndexReader>, clock: Arc<dyn Clock>) -> Self {
        Self { reader, clock }
    }

    /// What the CRLs in the index say of a delegate.
    #[must_use]
    pub fn status(&self, delegate: &Certificate) -> DelegateStatus {
        let index = self.reader.refreshed().unwrap_or_else(|_| self.reader.current());
        match check_certificate(&index, delegate, None, self.clock.now(), &Policy::default()) {
            Ok(verdict) => match verdict.status {
                Status::Good => DelegateStatus::Good,
                Status::Revoked(_) => DelegateStatus::Revoked,
                Status::Unknown(_) => DelegateStatus::Unknown,
            },
            // Where the index is damaged, nothing vouches for the delegate.
            Err(_) => DelegateStatus::Revoked,
        }
    }

    /// What [`crate::live::Live`] needs, with these delegates, and nothing kept over a restart.
    #[must_use]
    pub fn parts(self) -> LiveParts {
        LiveParts { delegate: Arc::new(move |delegate| self.status(delegate)), ..LiveParts::default() }
    }
}
