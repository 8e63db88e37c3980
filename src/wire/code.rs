//! Numbers of errors: of one request, and with which a stream or connection ends.

use std::fmt;

/// Who has to do something about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// The request is wrong: asking again gives the same error.
    Request,
    /// A limit or a permission is in the way: ask less, slower, or as somebody else.
    Refused,
    /// The server is in trouble: ask again later, or another server.
    Server,
}

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        /// Why a request has no answer, as a number in one of three ranges ([`ErrorClass`]).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[$doc])* $name,)*
            /// A code this version does not know; its range still tells what to do.
            Other(u32),
        }

        impl ErrorCode {
            /// Every code that this version knows.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The number on the wire.
            #[must_use]
            pub const fn number(self) -> u32 {
                match self {
                    $(Self::$name => $code,)*
                    Self::Other(number) => number,
                }
            }

            /// The code of a number.
            #[must_use]
            pub const fn from_number(number: u32) -> Self {
                match number {
                    $($code => Self::$name,)*
                    other => Self::Other(other),
                }
            }

            /// The name in reports.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Other(_) => "other",
                }
            }
        }
    };
}

error_codes! {
    /// The message is not one of the protocol.
    Malformed = 0x100, "malformed";
    /// A type of frame the server does not know.
    UnsupportedType = 0x101, "unsupported_type";
    /// An option the server does not know.
    UnsupportedOption = 0x102, "unsupported_option";
    /// The certificate cannot be read.
    BadCertificate = 0x103, "bad_certificate";
    /// The serial is empty or too long.
    BadSerial = 0x104, "bad_serial";
    /// No authority has this handle yet. Over datagrams or another stream, the `resolve` may still be on its way.
    UnknownHandle = 0x105, "unknown_handle";
    /// The handle stands for another authority on this connection.
    HandleInUse = 0x106, "handle_in_use";
    /// A request of this id is still open on this stream.
    RequestIdInUse = 0x107, "request_id_in_use";
    /// OCSP was asked for, and for this question there is nobody to ask.
    MethodUnavailable = 0x108, "method_unavailable";
    /// A frame is longer than the server takes.
    FrameTooLong = 0x109, "frame_too_long";

    /// More of something than the server takes: items, handles, octets.
    TooMany = 0x200, "too_many";
    /// Too many requests are open on this connection.
    TooManyOpen = 0x201, "too_many_open";
    /// The server does not answer questions about other times.
    TimeNotAllowed = 0x202, "time_not_allowed";
    /// Not for this client.
    Forbidden = 0x203, "forbidden";
    /// Not before the handshake is complete; ask again then.
    TooEarly = 0x204, "too_early";

    /// A fault of the server.
    Internal = 0x300, "internal";
    /// The server is about to stop.
    ShuttingDown = 0x301, "shutting_down";
    /// The index is damaged or absent.
    IndexUnavailable = 0x302, "index_unavailable";
    /// The server has too much to do.
    Overloaded = 0x303, "overloaded";
    /// The request was cancelled before it was answered.
    Cancelled = 0x304, "cancelled";
    /// The server's time for this question is up.
    TimedOut = 0x305, "timed_out";
}

impl ErrorCode {
    /// Who has to do something about it; by the range, so also for codes unknown to this version.
    #[must_use]
    pub const fn class(self) -> ErrorClass {
        match self.number() {
            0x100..=0x1ff => ErrorClass::Request,
            0x200..=0x2ff => ErrorClass::Refused,
            _ => ErrorClass::Server,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:#x})", self.name(), self.number())
    }
}

/// Application error codes with which a stream or a connection ends (RFC 9000 section 20.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum CloseCode {
    /// Nothing is wrong.
    NoError = 0,
    /// A fault of this side.
    Internal = 1,
    /// A frame is too long or too short, or the stream ends within one.
    BrokenFraming = 2,
    /// A frame that has no place on this stream.
    UnexpectedFrame = 3,
    /// More of something than is allowed.
    LimitExceeded = 4,
    /// The other side does not read what it asked for.
    TooSlow = 5,
    /// The client's certificate is not accepted.
    CertificateRefused = 6,
    /// The server stops.
    ShuttingDown = 7,
}

impl CloseCode {
    /// Every code.
    pub const ALL: [Self; 8] = [
        Self::NoError,
        Self::Internal,
        Self::BrokenFraming,
        Self::UnexpectedFrame,
        Self::LimitExceeded,
        Self::TooSlow,
        Self::CertificateRefused,
        Self::ShuttingDown,
    ];

    /// The number on the wire.
    #[must_use]
    #[allow(clippy::as_conversions, reason = "the discriminants of a repr(u32) enum are the codes")]
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// The code of a number, `None` for one that this version does not know.
    #[must_use]
    pub fn from_number(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|code| u64::from(code.number()) == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_round_trip_and_lie_in_the_range_of_their_class() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_number(code.number()), *code);
            assert!((0x100..0x400).contains(&code.number()));
        }
        assert_eq!(ErrorCode::from_number(0x2fe), ErrorCode::Other(0x2fe));
        assert_eq!(ErrorCode::Other(0x2fe).class(), ErrorClass::Refused);
        assert_eq!(ErrorCode::Internal.class(), ErrorClass::Server);
        for code in CloseCode::ALL {
            assert_eq!(CloseCode::from_number(u64::from(code.number())), Some(code));
        }
        assert_eq!(CloseCode::from_number(99), None);
    }
}
