//! What one CRL speaks for: its scope (RFC 5280 section 5.2.5).

use std::fmt;

use super::reason::ReasonSet;

/// A name in the one form in which names are compared, octet by octet.
///
/// Distinguished names are folded as RFC 5280 section 7.1 compares them (case, spaces, string types), URIs by scheme
/// and host, everything else verbatim; the kinds of names never collide. [`crate::pki`] makes keys, and layers that
/// know nothing of X.509 carry and compare them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameKey(Box<[u8]>);

impl NameKey {
    /// Wraps octets that are already in comparable form.
    #[must_use]
    pub fn from_octets(octets: impl Into<Box<[u8]>>) -> Self {
        Self(octets.into())
    }

    /// The octets to store or compare.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for NameKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NameKey({})", self.0.escape_ascii())
    }
}

/// What a certificate is, as far as scopes tell certificates apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CertificateKind {
    /// A public-key certificate that is not of a certification authority.
    User,
    /// A certificate with basicConstraints cA TRUE.
    Ca,
    /// An attribute certificate (RFC 5755).
    Attribute,
}

/// Which kinds of certificates a CRL is limited to (`onlyContains…` of the issuing distribution point).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum KindScope {
    /// Not limited.
    #[default]
    All = 0,
    /// `onlyContainsUserCerts`.
    User = 1,
    /// `onlyContainsCACerts`.
    Ca = 2,
    /// `onlyContainsAttributeCerts`.
    Attribute = 3,
}

impl KindScope {
    /// The kind of this code, as the index stores it.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::All,
            1 => Self::User,
            2 => Self::Ca,
            3 => Self::Attribute,
            _ => return None,
        })
    }

    /// The code as the index stores it.
    #[must_use]
    #[allow(clippy::as_conversions, reason = "the discriminants of a repr(u8) enum are the codes")]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Whether a CRL of this scope speaks for certificates of `kind`.
    #[must_use]
    pub const fn covers(self, kind: CertificateKind) -> bool {
        match self {
            Self::All => true,
            Self::User => matches!(kind, CertificateKind::User),
            Self::Ca => matches!(kind, CertificateKind::Ca),
            Self::Attribute => matches!(kind, CertificateKind::Attribute),
        }
    }

    /// The name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::User => "user",
            Self::Ca => "ca",
            Self::Attribute => "attribute",
        }
    }
}

/// The scope of one CRL: which of its authority's certificates, and which reasons, it speaks for.
///
/// Two CRLs of one authority with equal scopes are successive issues of the same list.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Scope {
    /// Names of the distribution point, sorted and distinct; empty if the CRL is not tied to one.
    pub distribution_points: Vec<NameKey>,
    /// Kinds of certificates.
    pub kinds: KindScope,
    /// `onlySomeReasons`; `None` speaks for all.
    pub only_some_reasons: Option<ReasonSet>,
    /// `indirectCRL`: entries may be of other issuers.
    pub indirect: bool,
}

impl Scope {
    /// The reasons the CRL speaks for.
    #[must_use]
    pub fn reasons(&self) -> ReasonSet {
        self.only_some_reasons.unwrap_or(ReasonSet::ALL)
    }
}
