//! The answer to a question.

use std::fmt;

use super::crl::CrlNumber;
use super::reason::ReasonCode;
use super::time::UnixTime;

/// Where an answer was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// In certificate revocation lists (RFC 5280).
    Crl,
    /// From an OCSP responder (RFC 6960).
    Ocsp,
}

impl Method {
    /// The name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crl => "crl",
            Self::Ocsp => "ocsp",
        }
    }
}

/// Why an answer is `unknown`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Cause {
    /// No authority of that name and key is in the index, or several are and the question does not tell which.
    AuthorityUnknown,
    /// The authority is known, but no list in hand speaks for this certificate, its kind, or all reasons.
    NotCovered,
    /// The certificate belongs to a partition (distribution point) whose list is not in hand.
    PartitionMissing,
    /// The list that speaks for the certificate is past its next update.
    Stale,
    /// The list that speaks for the certificate begins after the time of the question.
    NotYetValid,
    /// Nobody says which OCSP responder to ask.
    OcspNoResponder,
    /// The responder did not answer in time, or only that it cannot answer now.
    OcspUnavailable,
    /// The responder does not answer for this certificate (`unauthorized`, RFC 6960 section 2.3).
    OcspUnauthorized,
    /// What the responder sent cannot be believed or does not answer the question.
    OcspRefused,
    /// The responder does not know the certificate (RFC 6960 section 2.2).
    OcspUnknown,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 10] = [
        Self::AuthorityUnknown,
        Self::NotCovered,
        Self::PartitionMissing,
        Self::Stale,
        Self::NotYetValid,
        Self::OcspNoResponder,
        Self::OcspUnavailable,
        Self::OcspUnauthorized,
        Self::OcspRefused,
        Self::OcspUnknown,
    ];

    /// The name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AuthorityUnknown => "authority_unknown",
            Self::NotCovered => "not_covered",
            Self::PartitionMissing => "partition_missing",
            Self::Stale => "stale",
            Self::NotYetValid => "not_yet_valid",
            Self::OcspNoResponder => "ocsp_no_responder",
            Self::OcspUnavailable => "ocsp_unavailable",
            Self::OcspUnauthorized => "ocsp_unauthorized",
            Self::OcspRefused => "ocsp_refused",
            Self::OcspUnknown => "ocsp_unknown",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// When and why a certificate was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// Since when.
    pub revoked_at: UnixTime,
    /// Why; [`ReasonCode::Unspecified`] where the source says nothing.
    pub reason: ReasonCode,
    /// When the CA believes the certificate became invalid, where it says so.
    pub invalidity_date: Option<UnixTime>,
}

/// The three states a certificate can be in, as far as the sources tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Every reason is covered by a fresh source, and none lists the certificate.
    Good,
    /// A source lists the certificate.
    Revoked(Revocation),
    /// No source in hand can tell.
    Unknown(Cause),
}

impl Status {
    /// The name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Revoked(_) => "revoked",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// The answer to one question: a status, and what it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Verdict {
    /// The state of the certificate.
    pub status: Status,
    /// Where the answer was found.
    pub method: Method,
    /// `thisUpdate` of the source that decided; of the oldest one where several were needed.
    pub this_update: Option<UnixTime>,
    /// `nextUpdate` of that source.
    pub next_update: Option<UnixTime>,
    /// CRL number of that source, if it is a CRL and has one.
    pub crl_number: Option<CrlNumber>,
    /// The generation of the index that answered.
    pub generation: u64,
}
