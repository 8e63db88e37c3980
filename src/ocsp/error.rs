//! Why a response is refused.

/// Why a response is refused. Each has its code, and none is an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OcspError {
    /// The responder refuses to answer (RFC 6960 section 2.3).
    #[error("the responder says `unauthorized`: it does not answer for this certificate")]
    Unauthorized,
}

impl OcspError {
    /// The code in reports.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
        }
    }
}
