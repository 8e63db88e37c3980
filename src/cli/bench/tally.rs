//! What came back, counted.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::{CreationError, Histogram};

use crate::types::Status;
use crate::wire::{Answer, ErrorCode, Outcome, WireError};

/// The longest time that is told apart, in nanoseconds: a minute.
const LONGEST: u64 = 60_000_000_000;
/// Decimal digits of a time that are kept.
const DIGITS: u8 = 3;

/// Why a question has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// The server said so.
    #[error("the server refuses: {0}")]
    Refused(ErrorCode),
    /// The connection ended.
    #[error("the connection was lost")]
    ConnectionLost,
    /// The stream ended before the answer.
    #[error("the stream ended before the answer")]
    StreamLost,
    /// No answer to a datagram came in time.
    #[error("a datagram was lost")]
    DatagramLost,
    /// The answer cannot be read, or is not one to the question.
    #[error("the server does not keep to the protocol")]
    Protocol,
}

impl Fault {
    /// The name in reports.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Refused(code) => code.name(),
            Self::ConnectionLost => "connection_lost",
            Self::StreamLost => "stream_lost",
            Self::DatagramLost => "datagram_lost",
            Self::Protocol => "protocol_error",
        }
    }
}

impl From<WireError> for Fault {
    fn from(_: WireError) -> Self {
        Self::Protocol
    }
}

/// Answers by status, errors by code, and the times.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    pub(super) good: u64,
    pub(super) revoked: u64,
    pub(super) unknown: u64,
    pub(super) errors: BTreeMap<&'static str, u64>,
    /// Nanoseconds between sending and reading, one for each message: a batch has one.
    pub(super) latency: Histogram<u64>,
}

impl Tally {
    pub(super) fn new() -> Result<Self, CreationError> {
        let latency = Histogram::new_with_bounds(1, LONGEST, DIGITS)?;
        Ok(Self { good: 0, revoked: 0, unknown: 0, errors: BTreeMap::new(), latency })
    }

    /// Questions that were answered.
    pub(super) fn answered(&self) -> u64 {
        self.good + self.revoked + self.unknown
    }

    /// Questions that were not.
    pub(super) fn failed(&self) -> u64 {
        self.errors.values().sum()
    }

    /// Counts the answer to one question.
    #[inline]
    pub(super) fn status(&mut self, status: &Status) {
        match status {
            Status::Good => self.good += 1,
            Status::Revoked(_) => self.revoked += 1,
            Status::Unknown(_) => self.unknown += 1,
        }
    }

    /// Counts the answer to one question of a batch.
    pub(super) fn outcome(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Verdict(verdict) => self.status(&verdict.status),
            Outcome::Failed(code) => self.fault(Fault::Refused(*code), 1),
            Outcome::Pending => {}
        }
    }

    /// Counts the answer to a question that was sent alone.
    #[inline]
    pub(super) fn answer(&mut self, answer: &Answer<'_>, took: Duration) -> Result<(), Fault> {
        match answer {
            Answer::Verdict(verdict) => {
                self.status(&verdict.status);
                self.took(took);
            }
            Answer::Failure(failure) => self.fault(Fault::Refused(failure.code), 1),
            _ => return Err(Fault::Protocol),
        }
        Ok(())
    }

    /// Counts questions that have no answer.
    pub(super) fn fault(&mut self, fault: Fault, questions: u64) {
        *self.errors.entry(fault.code()).or_default() += questions;
    }

    /// Records the time of one message.
    #[inline]
    pub(super) fn took(&mut self, took: Duration) {
        self.latency.saturating_record(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Adds what another counted.
    pub(super) fn add(&mut self, other: &Self) {
        self.good += other.good;
        self.revoked += other.revoked;
        self.unknown += other.unknown;
        for (code, count) in &other.errors {
            *self.errors.entry(code).or_default() += count;
        }
        // Both have the same bounds.
        let _ = self.latency.add(&other.latency);
    }
}
