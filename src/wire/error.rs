//! Why octets are not a message of the protocol.

use super::code::ErrorCode;
use super::frame::FrameType;
use crate::types::SerialError;

/// Why octets are not a message of the protocol.
///
/// [`WireError::breaks_framing`] tells the two kinds apart: after some errors nobody knows where the next frame
/// begins, after the others only one message is lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// A frame announces more octets than are allowed.
    #[error("a frame of {length} octets is longer than the {limit} allowed")]
    FrameTooLong {
        /// Octets announced.
        length: u64,
        /// Octets allowed.
        limit: usize,
    },
    /// A frame is too short for its type and request id.
    #[error("a frame of {length} octets cannot hold a type and a request id")]
    FrameTooShort {
        /// Octets announced.
        length: u64,
    },
    /// The input ends within a frame.
    #[error("the input ends within a frame, after {octets} octets of it")]
    FrameCut {
        /// Octets of the unfinished frame that came.
        octets: usize,
    },
    /// A message ends within a field.
    #[error("the message ends within its {field}")]
    Cut {
        /// The field.
        field: &'static str,
    },
    /// Octets follow the last field of a message that must end there.
    #[error("{octets} octets follow the end of the message")]
    Trailing {
        /// How many.
        octets: usize,
    },
    /// A field has a value without meaning.
    #[error("{value} is no value of the field {field}")]
    BadValue {
        /// The field.
        field: &'static str,
        /// What it holds.
        value: u64,
    },
    /// A field is longer, or counts more, than is allowed.
    #[error("{found} is more than the {limit} allowed of {field}")]
    TooMany {
        /// What there is too much of.
        field: &'static str,
        /// How much there is.
        found: u64,
        /// How much is allowed.
        limit: u64,
    },
    /// Bits are set that this version gives no meaning.
    #[error("the bits {bits:#04x} of the field {field} have no meaning in this version")]
    UnknownBits {
        /// The field.
        field: &'static str,
        /// The bits.
        bits: u8,
    },
    /// A serial that is none.
    #[error(transparent)]
    Serial(#[from] SerialError),
    /// A text that is not UTF-8.
    #[error("the text in the field {field} is not UTF-8")]
    NotUtf8 {
        /// The field.
        field: &'static str,
    },
    /// A type of frame that this side does not know, or does not take.
    #[error("a frame of type {frame_type} is not understood here")]
    UnexpectedType {
        /// The type.
        frame_type: FrameType,
    },
}

impl WireError {
    /// Whether the beginning of the next frame is lost, so that the stream cannot go on.
    #[must_use]
    pub const fn breaks_framing(&self) -> bool {
        matches!(self, Self::FrameTooLong { .. } | Self::FrameTooShort { .. } | Self::FrameCut { .. })
    }

    /// The code with which a server answers such a request.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::FrameTooLong { .. } => ErrorCode::FrameTooLong,
            Self::TooMany { .. } => ErrorCode::TooMany,
            Self::UnknownBits { .. } => ErrorCode::UnsupportedOption,
            Self::UnexpectedType { .. } => ErrorCode::UnsupportedType,
            Self::Serial(_) => ErrorCode::BadSerial,
            Self::FrameTooShort { .. }
            | Self::FrameCut { .. }
            | Self::Cut { .. }
            | Self::Trailing { .. }
            | Self::BadValue { .. }
            | Self::NotUtf8 { .. } => ErrorCode::Malformed,
        }
    }
}
