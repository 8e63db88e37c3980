//! Why a question has no answer.

use std::net::SocketAddr;
use std::time::Duration;

use crate::wire::{ErrorClass, ErrorCode, WireError};

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The settings cannot be used.
    #[error("cannot set up TLS: {reason}")]
    Setup {
        /// What is wrong.
        reason: String,
    },
    /// There is no connection to the server.
    #[error("cannot connect to {address}: {reason}")]
    Connect {
        /// The server.
        address: SocketAddr,
        /// Why.
        reason: String,
    },
    /// The connection ended before the answer came, more than once.
    #[error("the connection to {address} was lost: {reason}")]
    Lost {
        /// The server.
        address: SocketAddr,
        /// Why.
        reason: String,
    },
    /// The answer did not come in time.
    #[error("no answer within {} ms", .0.as_millis())]
    Deadline(Duration),
    /// The server says why there is no answer.
    #[error("the server refuses: {code}: {text}")]
    Refused {
        /// The code.
        code: ErrorCode,
        /// What the server says to people.
        text: String,
    },
    /// The server says something that is not of the protocol.
    #[error("the server does not keep to the protocol: {0}")]
    Protocol(#[from] WireError),
    /// The answer is not one to the question.
    #[error("the server answers something else than it was asked ({expected} was expected)")]
    WrongAnswer {
        /// What was expected.
        expected: &'static str,
    },
    /// The server does not take as much.
    #[error("{found} is more than the {limit} that the server takes of {what}")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        found: usize,
        /// How much the server takes.
        limit: usize,
    },
    /// Datagrams do not reach the server, and the settings allow nothing else.
    #[error("datagrams cannot be used: {reason}")]
    Datagrams {
        /// Why.
        reason: String,
    },
    /// The client was closed.
    #[error("the client is closed")]
    Closed,
}

impl ClientError {
    /// Whether asking again, over a new connection, may help.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Lost { .. } => true,
            Self::Refused { code, .. } => {
                code.class() == ErrorClass::Server && *code != ErrorCode::Cancelled
                    || *code == ErrorCode::TooEarly
            }
            _ => false,
        }
    }
}
