//! Links from the table of the database.

use std::future::Future;
use std::pin::Pin;

use super::ports::{LinkFailed, LinkSource};
use crate::store::{CertificateName, Store};

/// The table that `revocache link` fills.
pub struct LinkTable(Store);

impl LinkTable {
    /// Of this database.
    #[must_use]
    pub const fn new(store: Store) -> Self {
        Self(store)
    }
}

impl LinkSource for LinkTable {
    fn certificates_of_person<'a>(
        &'a self,
        certificate: &'a CertificateName,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<CertificateName>, LinkFailed>> + Send + 'a>> {
        Box::pin(async move {
            match self.0.linked_certificates(certificate.clone()).await {
                Ok(linked) if linked.is_empty() => Err(LinkFailed::Unknown),
                Ok(linked) => Ok(linked),
                Err(failure) => Err(LinkFailed::Unavailable { reason: failure.to_string() }),
            }
        })
    }
}
