//! Exit codes.

use std::process::ExitCode;

use crate::types::Status;

/// How a command ended; the numbers from 64 are those of `sysexits.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    Good,
    Revoked,
    Unknown,
    Usage,
    Data,
    Unavailable,
    Io,
}

impl Exit {
    pub(super) fn of_status(status: &Status) -> Self {
        match status {
            Status::Good => Self::Good,
            Status::Revoked(_) => Self::Revoked,
            Status::Unknown(_) => Self::Unknown,
        }
    }

    /// The worse of two answers: revoked before unknown before good.
    pub(super) fn worse(self, other: Self) -> Self {
        let badness = |exit: Self| match exit {
            Self::Good => 0,
            Self::Unknown => 1,
            _ => 2,
        };
        if badness(other) > badness(self) { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Good => 0,
            Exit::Revoked => 1,
            Exit::Unknown => 2,
            Exit::Usage => 64,
            Exit::Data => 65,
            Exit::Unavailable => 69,
            Exit::Io => 74,
        })
    }
}
