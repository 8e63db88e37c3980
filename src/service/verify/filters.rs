//! Which entries of a list are meant. Each part of a filter that is not empty has to hold.

use uuid::Uuid;

use super::codes;
use crate::service::jpki::CertificateType;
use crate::store::{Created, Filter};

/// Which certificates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateFilter {
    /// These.
    pub certificates: Vec<Uuid>,
    /// Of these types.
    pub types: Vec<CertificateType>,
    /// Of these users.
    pub users: Vec<Uuid>,
    /// Only the latest of their user and type, or only the others.
    pub latest: Option<bool>,
    /// Stored in this time.
    pub created: Created,
}

/// Which checks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckFilter {
    /// Of these certificates.
    pub certificates: Vec<Uuid>,
    /// Made in this time.
    pub created: Created,
}

/// Which users.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// These.
    pub users: Vec<Uuid>,
    /// First identified in this time.
    pub created: Created,
}

/// Which verifications.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerificationFilter {
    /// With these certificates.
    pub certificates: Vec<Uuid>,
    /// With certificates of these types.
    pub types: Vec<CertificateType>,
    /// With certificates of these users.
    pub users: Vec<Uuid>,
    /// Made in this time.
    pub created: Created,
}

impl From<CertificateFilter> for Filter {
    fn from(filter: CertificateFilter) -> Self {
        let CertificateFilter { certificates, types, users, latest, created } = filter;
        Self { certificates, kinds: kinds(&types), users, latest, created }
    }
}

impl From<CheckFilter> for Filter {
    fn from(CheckFilter { certificates, created }: CheckFilter) -> Self {
        Self { certificates, created, ..Self::default() }
    }
}

impl From<UserFilter> for Filter {
    fn from(UserFilter { users, created }: UserFilter) -> Self {
        Self { users, created, ..Self::default() }
    }
}

impl From<VerificationFilter> for Filter {
    fn from(filter: VerificationFilter) -> Self {
        let VerificationFilter { certificates, types, users, created } = filter;
        Self { certificates, kinds: kinds(&types), users, created, latest: None }
    }
}

fn kinds(types: &[CertificateType]) -> Vec<crate::store::Code> {
    types.iter().map(|kind| codes::of_type(*kind)).collect()
}
