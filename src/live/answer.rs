//! An answer, and where it was found.

use bytes::Bytes;

use crate::ocsp::Answer;

/// Where an answer was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerSource {
    /// Among those kept.
    Cache,
    /// A responder was asked.
    Responder,
}

/// A verified answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveAnswer {
    /// What the responder says.
    pub answer: Answer,
    /// Where it was found.
    pub source: AnswerSource,
    /// The DER OCSPResponse, as evidence or to be stapled. Shared, not copied.
    pub response: Bytes,
}
