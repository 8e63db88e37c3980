//! Which partitions an authority must have, and which of them are not there.
//!
//! Some CAs split their list and sign each part alone. A part that was never fetched is not seen by looking at the
//! parts in hand; only the operator, or the CA's documentation, tells how many there should be.

use serde::Serialize;

use crate::index::Index;
use crate::pki::{Certificate, uri_key};
use crate::publish::MappedIndex;

/// The partitions that one authority must have.
#[derive(Debug, Clone)]
pub struct AuthorityPartitions {
    /// A certificate of the authority.
    pub issuer: Certificate,
    /// The URIs by which the partitions' lists name themselves (issuingDistributionPoint, RFC 5280 section 5.2.5).
    pub partitions: Vec<String>,
}

/// An authority with partitions that must be there and are not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissingPartitions {
    /// Name of the authority (RFC 4514).
    pub issuer: String,
    /// How many it must have.
    pub required: usize,
    /// The URIs of those that are not there.
    pub missing: Vec<String>,
}

/// What is missing in an index; empty if nothing is. A stale partition is there: it still denies what it lists.
pub(super) fn missing_in(index: &MappedIndex, required: &[AuthorityPartitions]) -> Vec<MissingPartitions> {
    required.iter().filter_map(|authority| authority.missing_in(index)).collect()
}

impl AuthorityPartitions {
    /// What of this authority is missing; `None` if nothing is.
    #[must_use]
    pub fn missing_in<B: AsRef<[u8]>>(&self, index: &Index<B>) -> Option<MissingPartitions> {
        let authority = crate::policy::resolve_issuer(index, &self.issuer);
        let is_there = |uri: &String| {
            let key = uri_key(uri.as_bytes());
            authority.is_some_and(|authority| {
                let mut lists = index.crls_of(authority);
                lists.any(|(_, crl)| !crl.is_delta() && crl.scope.distribution_points.contains(&key))
            })
        };
        let missing: Vec<String> = self.partitions.iter().filter(|uri| !is_there(uri)).cloned().collect();
        (!missing.is_empty()).then(|| MissingPartitions {
            issuer: self.issuer.subject().to_string(),
            required: self.partitions.len(),
            missing,
        })
    }
}
