//! The operator's policy.

use super::method::MethodPolicy;
use crate::index::{AuthorityId, Index};
use crate::pki::Certificate;
use crate::policy::{Policy, resolve_issuer};

/// Whose certificates responders are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Issuers {
    /// Those of authorities in the index. A stranger's certificate cannot make this machine call a stranger's URL.
    #[default]
    InIndex,
    /// Any issuer that the caller names, for callers who are the operator.
    AsGiven,
}

/// How questions are answered.
#[derive(Debug, Clone, Default)]
pub struct CheckSettings {
    /// Where to look, unless the authority or the caller says otherwise.
    pub method: MethodPolicy,
    /// How CRLs are judged.
    pub policy: Policy,
    /// Whose certificates responders are asked about.
    pub issuers: Issuers,
    /// URLs of responders for every certificate; they are asked before those that certificates name.
    pub responders: Vec<String>,
    /// Exceptions for single authorities.
    pub authorities: Vec<AuthoritySettings>,
}

/// How questions about the certificates of one authority are answered.
#[derive(Debug, Clone)]
pub struct AuthoritySettings {
    /// A certificate of the authority.
    pub issuer: Certificate,
    /// Where to look.
    pub method: Option<MethodPolicy>,
    /// How its CRLs are judged.
    pub policy: Option<Policy>,
    /// URLs of its responders; they are asked before all others.
    pub responders: Vec<String>,
}

/// The exceptions as one generation numbers the authorities.
#[derive(Debug, Default)]
pub(super) struct Exceptions(Vec<(AuthorityId, AuthoritySettings)>);

impl Exceptions {
    pub(super) fn resolve<B: AsRef<[u8]>>(settings: &CheckSettings, index: &Index<B>) -> Self {
        let resolve = |exception: &AuthoritySettings| {
            resolve_issuer(index, &exception.issuer).map(|authority| (authority, exception.clone()))
        };
        Self(settings.authorities.iter().filter_map(resolve).collect())
    }

    pub(super) fn of(&self, authority: AuthorityId) -> Option<&AuthoritySettings> {
        // A handful: looking at each is faster than hashing.
        self.0.iter().find(|(id, _)| *id == authority).map(|(_, settings)| settings)
    }
}
