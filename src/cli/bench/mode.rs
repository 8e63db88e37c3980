//! The ways in which questions can be sent.

use std::num::NonZeroU32;

/// How questions are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Stream,
    Pipeline,
    Datagram,
    /// With so many questions in each.
    Batch(NonZeroU32),
}

impl Mode {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Pipeline => "pipeline",
            Self::Datagram => "datagram",
            Self::Batch(_) => "batch",
        }
    }
}
