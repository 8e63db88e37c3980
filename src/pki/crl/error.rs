//! Why a CRL is not accepted.

use std::io;

use super::super::der::{DerError, DerProblem, count};

/// Why reading a CRL stopped. Nothing read before it may be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrlError {
    /// The list is not what RFC 5280 section 5 describes, or contradicts itself.
    #[error("malformed CRL at octet {offset}: {problem}; get it again from its issuer")]
    Malformed {
        /// Octets from the start of the DER encoding.
        offset: u64,
        /// What is wrong there.
        problem: DerProblem,
    },
    /// A critical extension that is not understood: the list may mean something else than it seems to.
    #[error(
        "the CRL has the critical {} extension {oid} at octet {offset}, which is not supported; without it the list cannot be interpreted",
        if *.in_entry { "entry" } else { "list" }
    )]
    UnsupportedCriticalExtension {
        /// Octets from the start of the DER encoding.
        offset: u64,
        /// The object identifier in dotted decimal.
        oid: String,
        /// Whether the extension belongs to an entry.
        in_entry: bool,
    },
    /// The signature algorithm is not understood.
    #[error("the CRL is signed with {algorithm} (octet {offset}), which is not supported")]
    UnsupportedAlgorithm {
        /// Octets from the start of the DER encoding.
        offset: u64,
        /// The object identifier, and what is unusual about its parameters.
        algorithm: String,
    },
    /// A cap of [`super::CrlLimits`] is exceeded.
    #[error(
        "the CRL exceeds the limit {limit} = {maximum} at octet {offset} (found {found}); raise it if this list is genuine"
    )]
    LimitExceeded {
        /// Octets from the start of the DER encoding.
        offset: u64,
        /// The name of the cap, as [`super::CrlLimits`] spells it, or what is counted by a fixed one.
        limit: &'static str,
        /// The value of the cap.
        maximum: u64,
        /// What was found or announced.
        found: u64,
    },
    /// The input could not be read.
    #[error("reading the CRL failed at octet {offset}: {source}")]
    Io {
        /// Octets read before.
        offset: u64,
        /// What the input says.
        source: io::Error,
    },
}

impl CrlError {
    /// The error as one word; `io` where the input failed and the list is not to blame.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "malformed",
            Self::UnsupportedCriticalExtension { .. } => "unsupported_critical_extension",
            Self::UnsupportedAlgorithm { .. } => "unsupported_algorithm",
            Self::LimitExceeded { .. } => "limit_exceeded",
            Self::Io { .. } => "io",
        }
    }

    /// Where in the DER encoding reading stopped.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        match self {
            Self::Malformed { offset, .. }
            | Self::UnsupportedCriticalExtension { offset, .. }
            | Self::UnsupportedAlgorithm { offset, .. }
            | Self::LimitExceeded { offset, .. }
            | Self::Io { offset, .. } => *offset,
        }
    }

    pub(super) const fn broken(offset: u64, rule: &'static str) -> Self {
        Self::Malformed { offset, problem: DerProblem::Rule { rule } }
    }
}

impl From<DerError> for CrlError {
    fn from(error: DerError) -> Self {
        match error.problem {
            DerProblem::TooMany { what, limit } => {
                let maximum = count(limit);
                Self::LimitExceeded {
                    offset: error.offset,
                    limit: what,
                    maximum,
                    found: maximum.saturating_add(1),
                }
            }
            problem => Self::Malformed { offset: error.offset, problem },
        }
    }
}
