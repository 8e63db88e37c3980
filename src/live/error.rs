//! Why there is no answer.

use std::sync::Arc;
use std::time::Duration;

use crate::fetch::gate::GateError;
use crate::fetch::http::HttpError;
use crate::ocsp::OcspError;
use crate::types::UnixTime;

/// Why a responder gave nothing that could be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unavailability {
    /// Nothing usable came over HTTP.
    #[error(transparent)]
    Http(Arc<HttpError>),
    /// The responder has no time or is broken, as it says itself (`tryLater`, `internalError`).
    #[error(transparent)]
    Responder(Arc<OcspError>),
    /// It kept failing and is left alone for a while.
    #[error("it failed repeatedly and is asked again in {} s", .retry_in.as_secs())]
    Paused {
        /// When it is asked again at the earliest; zero while somebody else tries.
        retry_in: Duration,
    },
    /// Too many questions wait for it.
    #[error("more than {limit} questions wait for it")]
    Busy {
        /// How many may wait.
        limit: usize,
    },
    /// No nonce could be made for the question.
    #[error("the operating system gives no random numbers for a nonce")]
    NoRandomness,
    /// It did not answer within its part of the budget, or its turn did not come.
    #[error("no answer within {} ms", .limit.as_millis())]
    TimedOut {
        /// The time it was given.
        limit: Duration,
    },
}

/// Why there is no answer. Where several responders were tried, the failure that tells most.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// Nobody to ask: neither the configuration nor the certificate names a responder.
    #[error("no OCSP responder is known for the certificate; configure one for its issuer")]
    NoResponder,
    /// No responder gave anything that could be judged.
    #[error("the OCSP responder {url} is unavailable: {cause}")]
    Unavailable {
        /// The responder.
        url: Arc<str>,
        /// What happened.
        cause: Unavailability,
    },
    /// The responder does not answer for this certificate.
    #[error("the OCSP responder {url} says `unauthorized`: it does not answer for this certificate")]
    Unauthorized {
        /// The responder.
        url: Arc<str>,
    },
    /// What the responder sent is not believed, or it declines to answer.
    #[error("the response of {url} is refused: {error}")]
    Refused {
        /// The responder.
        url: Arc<str>,
        /// Why.
        error: Arc<OcspError>,
    },
    /// The response is older than one that was seen before.
    #[error("the response of {url} is of {found}, older than the one of {seen} already seen: a replayed one")]
    Replayed {
        /// The responder.
        url: Arc<str>,
        /// thisUpdate of the newest one seen.
        seen: UnixTime,
        /// thisUpdate of this one.
        found: UnixTime,
    },
    /// Too many questions are under way.
    #[error("{limit} OCSP questions are under way already; ask again, or raise the limit")]
    Overloaded {
        /// How many may be.
        limit: usize,
    },
    /// The budget of the call is used up.
    #[error("no OCSP answer within the budget of {} ms", .limit.as_millis())]
    TimedOut {
        /// The budget.
        limit: Duration,
    },
    /// The request ended without a result, because the runtime shuts down.
    #[error("the OCSP request was given up because the program is ending")]
    Aborted,
}

impl From<GateError> for Unavailability {
    fn from(error: GateError) -> Self {
        match error {
            GateError::Paused { retry_in } => Self::Paused { retry_in },
            GateError::Busy { limit } => Self::Busy { limit },
            GateError::TimedOut { limit } => Self::TimedOut { limit },
        }
    }
}

impl LiveError {
    /// What an `unknown` verdict gives as its cause.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoResponder => "no_responder",
            Self::Unavailable { .. } | Self::Overloaded { .. } | Self::TimedOut { .. } | Self::Aborted => {
                "ocsp_unavailable"
            }
            Self::Unauthorized { .. } => "ocsp_unauthorized",
            Self::Refused { .. } | Self::Replayed { .. } => "ocsp_refused",
        }
    }

    /// The particular failure as one word, for counters and reports.
    #[must_use]
    pub fn detail(&self) -> &'static str {
        match self {
            Self::NoResponder => "no_responder",
            Self::Unavailable { cause, .. } => match cause {
                Unavailability::Http(error) => error.code(),
                Unavailability::Responder(error) => error.code(),
                Unavailability::Paused { .. } => "paused",
                Unavailability::Busy { .. } => "busy",
                Unavailability::NoRandomness => "no_randomness",
                Unavailability::TimedOut { .. } => "timeout",
            },
            Self::Unauthorized { .. } => "unauthorized",
            Self::Refused { error, .. } => error.code(),
            Self::Replayed { .. } => "replayed",
            Self::Overloaded { .. } => "overloaded",
            Self::TimedOut { .. } => "timeout",
            Self::Aborted => "aborted",
        }
    }

    /// The responder that failed, if one was chosen.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Unavailable { url, .. }
            | Self::Unauthorized { url }
            | Self::Refused { url, .. }
            | Self::Replayed { url, .. } => Some(url),
            Self::NoResponder | Self::Overloaded { .. } | Self::TimedOut { .. } | Self::Aborted => None,
        }
    }

    /// The one of two failures that tells more: what a responder said before that it said nothing, and that before
    /// not having asked it.
    pub(super) fn more_telling(self, other: Self) -> Self {
        let tells = |error: &Self| match error {
            Self::Refused { .. } | Self::Replayed { .. } => 3,
            Self::Unauthorized { .. } => 2,
            Self::Unavailable { cause: Unavailability::Http(_) | Unavailability::Responder(_), .. } => 1,
            _ => 0,
        };
        if tells(&other) > tells(&self) { other } else { self }
    }
}
