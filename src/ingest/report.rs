//! What a build tells about its sources, in the words of the command line's contract.

use serde::Serialize;

use crate::policy::{Policy, Window};
use crate::types::{CrlFacts, UnixTime};

/// What became of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SourceCode {
    /// In the index.
    Accepted,
    /// Older than another list of the same run.
    Superseded,
    /// Older than the list that was published.
    Rollback,
    /// Not a CRL, or one that breaks the standard.
    Malformed,
    /// No key of the issuer verifies it.
    BadSignature,
    /// No authority of its issuer's name and key is known.
    UnknownIssuer,
    /// The signing key's certificate does not allow signing CRLs.
    SignerNotAllowed,
    /// Signed in a way that is not understood or not allowed.
    UnsupportedAlgorithm,
    /// Has a critical extension that is not understood.
    UnsupportedCriticalExtension,
    /// Begins after the time of the build.
    NotYetValid,
    /// A delta whose complete CRL is not in hand.
    DeltaWithoutBase,
    /// Larger than a limit.
    LimitExceeded,
    /// The file could not be read to its end.
    Unreadable,
}

impl SourceCode {
    /// Every code.
    pub const ALL: [Self; 13] = [
        Self::Accepted,
        Self::Superseded,
        Self::Rollback,
        Self::Malformed,
        Self::BadSignature,
        Self::UnknownIssuer,
        Self::SignerNotAllowed,
        Self::UnsupportedAlgorithm,
        Self::UnsupportedCriticalExtension,
        Self::NotYetValid,
        Self::DeltaWithoutBase,
        Self::LimitExceeded,
        Self::Unreadable,
    ];

    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Superseded => "superseded",
            Self::Rollback => "rollback",
            Self::Malformed => "malformed",
            Self::BadSignature => "bad_signature",
            Self::UnknownIssuer => "unknown_issuer",
            Self::SignerNotAllowed => "signer_not_allowed",
            Self::UnsupportedAlgorithm => "unsupported_algorithm",
            Self::UnsupportedCriticalExtension => "unsupported_critical_extension",
            Self::NotYetValid => "not_yet_valid",
            Self::DeltaWithoutBase => "delta_without_base",
            Self::LimitExceeded => "limit_exceeded",
            Self::Unreadable => "unreadable",
        }
    }
}

/// The report of one build.
#[derive(Debug, Clone, Serialize)]
pub struct BuildReport {
    /// The generation in force after the build.
    pub generation: u64,
    /// Whether this build published it; not if it was strict and a source was rejected.
    pub published: bool,
    /// Revoked certificates in the index.
    pub entries: u64,
    /// Authorities in the index.
    pub authorities: u64,
    /// Size of the index file in octets.
    pub bytes: u64,
    /// How long the build took, in milliseconds.
    pub elapsed_ms: u64,
    /// The certificates of issuers.
    pub issuers: IssuersReport,
    /// The CRLs, in the order of the sources.
    pub crls: Vec<CrlReport>,
}

/// What became of the certificates given as issuers and anchors.
#[derive(Debug, Clone, Default, Serialize)]
pub struct IssuersReport {
    /// Distinct certificates of authorities and CRL signers among those given.
    pub accepted: u64,
    /// Those that were passed over.
    pub ignored: Vec<IgnoredIssuer>,
}

/// A certificate that was given as an issuer and is not used as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IgnoredIssuer {
    /// The file.
    pub source: String,
    /// Why: `not_a_crl_issuer`, `not_trusted` or `malformed`.
    pub code: &'static str,
    /// In a sentence, where there is more to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What became of one CRL.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum CrlReport {
    /// It is in the index.
    Accepted(AcceptedCrl),
    /// It is not.
    Rejected(RejectedCrl),
}

/// A CRL that is in the index.
#[derive(Debug, Clone, Serialize)]
pub struct AcceptedCrl {
    /// The file.
    pub source: String,
    /// Always true.
    pub accepted: bool,
    /// Always `accepted`.
    pub code: SourceCode,
    /// Its issuer's name (RFC 4514).
    pub issuer: String,
    /// Hexadecimal.
    pub crl_number: Option<String>,
    /// RFC 3339.
    pub this_update: String,
    /// RFC 3339.
    pub next_update: Option<String>,
    /// Number of entries as issued.
    pub entries: u64,
    /// Whether it is a delta CRL.
    pub delta: bool,
    /// Whether it is an indirect CRL.
    pub indirect: bool,
    /// Whether it is past its next update: it still denies what it lists.
    pub stale: bool,
    /// Whether it is older than what was published and was forced in.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub forced: bool,
    /// The same as values, for callers in this process.
    #[serde(skip)]
    pub facts: Box<CrlFacts>,
}

/// A CRL that is not in the index.
#[derive(Debug, Clone, Serialize)]
pub struct RejectedCrl {
    /// The file.
    pub source: String,
    /// Always false.
    pub accepted: bool,
    /// Why.
    pub code: SourceCode,
    /// Why, in a sentence with the next step where there is one.
    pub message: String,
    /// Its issuer's name as far as it could be read; verified only for `superseded`, `rollback`, `not_yet_valid` and
    /// `delta_without_base`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
}

impl CrlReport {
    /// The code of either kind.
    #[must_use]
    pub fn code(&self) -> SourceCode {
        match self {
            Self::Accepted(crl) => crl.code,
            Self::Rejected(crl) => crl.code,
        }
    }

    pub(super) fn accepted(
        source: String,
        issuer: String,
        crl: &CrlFacts,
        at: UnixTime,
        forced: bool,
    ) -> Self {
        Self::Accepted(AcceptedCrl {
            source,
            accepted: true,
            code: SourceCode::Accepted,
            issuer,
            crl_number: crl.crl_number.as_ref().map(ToString::to_string),
            this_update: crl.this_update.to_string(),
            next_update: crl.next_update.map(|time| time.to_string()),
            entries: crl.entries,
            delta: crl.is_delta(),
            indirect: crl.scope.indirect,
            stale: is_stale(crl, at),
            forced,
            facts: Box::new(crl.clone()),
        })
    }

    pub(super) fn rejected(
        source: String,
        code: SourceCode,
        message: String,
        issuer: Option<String>,
    ) -> Self {
        Self::Rejected(RejectedCrl { source, accepted: false, code, message, issuer })
    }
}

/// By the default policy, as a build does not know what grace its readers will give.
fn is_stale(crl: &CrlFacts, at: UnixTime) -> bool {
    Policy::default().window(crl, at) == Window::Stale
}
