//! Why a call could not do what it was asked, and how the caller is told.

use std::ffi::c_char;
use std::fmt::Write;
use std::ops::Deref;

use revocache::index::IndexError;
use revocache::pki::CertificateError;
use revocache::publish::PublishError;
use revocache::types::SerialError;

use crate::boundary::{OutStruct, Structure};
use crate::result::{of_failure, revocache_result};

/// Octets of the text in a revocache_error, with the NUL that ends it.
pub const REVOCACHE_ERROR_TEXT: usize = 496;

/// The error of a call, in the caller's memory: clear it, set `size`, and pass it to as many calls as you like, or pass
/// NULL. A call that fails fills it; a call that does not leaves it alone.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct revocache_error {
    /// Set by the caller: sizeof(revocache_error).
    pub size: u32,
    /// The revocache_result of the call that failed.
    pub result: u32,
    /// What went wrong and what can be done, in UTF-8, ended by NUL and cut if it is longer.
    pub text: [c_char; REVOCACHE_ERROR_TEXT],
}

// SAFETY: repr(C), begins with its size, two u32 and 496 octets.
unsafe impl Structure for revocache_error {
    const NAME: &'static str = "revocache_error";
    const LEAST: usize = 504;

    fn set_size(&mut self, size: u32) {
        self.size = size;
    }
}

/// A failure on its way up: one pointer, so that passing on what did not fail costs nothing.
#[derive(Debug)]
pub(crate) struct Failed(Box<Failure>);

impl<E: Into<Failure>> From<E> for Failed {
    #[cold]
    fn from(failure: E) -> Self {
        Self(Box::new(failure.into()))
    }
}

impl Deref for Failed {
    type Target = Failure;

    fn deref(&self) -> &Failure {
        &self.0
    }
}

/// Why a call could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{what} is NULL")]
    Null { what: &'static str },
    #[error("the size field of {what} is {found}; set it to the sizeof of the structure ({least} to {most})")]
    Size { what: &'static str, found: u32, least: usize, most: usize },
    #[error("{what} has fields that this library does not know and that are not zero; update the library")]
    UnknownFields { what: &'static str },
    #[error("{what} is {found}, which is none of its values ({allowed})")]
    Value { what: &'static str, found: u32, allowed: &'static str },
    #[error("{what} has {found} octets; it has 20 (SHA-1) or 32 (SHA-256)")]
    HashLength { what: &'static str, found: usize },
    #[error("{what} has {found} {unit}; the limit is {limit}")]
    TooLong { what: &'static str, found: usize, unit: &'static str, limit: usize },
    #[error("{what}: {source}")]
    Certificate { what: &'static str, source: CertificateError },
    #[error(transparent)]
    Serial(#[from] SerialError),
    #[error(
        "the serial number is negative: its first octet is 80 or above. Pass the content of the DER INTEGER with its leading \
         00 (OpenSSL's ASN1_INTEGER comes without), or set REVOCACHE_POLICY_NEGATIVE_SERIALS if it is meant"
    )]
    NegativeSerial,
    #[error("the certificate was issued by {wanted}, and the issuer's certificate is of {found}")]
    IssuerMismatch { wanted: String, found: String },
    #[error("the index has no {what}")]
    NotFound { what: &'static str },
    #[error("cannot {action}: {source}")]
    Io { action: &'static str, source: std::io::Error },
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[cfg(feature = "client")]
    #[error("{what}: {reason}")]
    Setup { what: &'static str, reason: String },
    #[cfg(feature = "client")]
    #[error("no address of {host}: {reason}")]
    NoAddress { host: String, reason: String },
    #[cfg(feature = "client")]
    #[error(transparent)]
    Client(#[from] revocache::client::ClientError),
    #[cfg(feature = "client")]
    #[error("no answer within the {} ms of the request", .limit.as_millis())]
    Deadline { limit: std::time::Duration },
    #[cfg(feature = "client")]
    #[error(
        "the handle was made in process {made_in} and this is process {found}, forked off it, without the thread that serves \
         the handle; make one here"
    )]
    WrongProcess { made_in: u32, found: u32 },
    #[cfg(feature = "client")]
    #[error(transparent)]
    Responder(#[from] revocache::live::LiveError),
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl Failure {
    /// Writes the failure where the caller wants it and says which result it is. A caller whose revocache_error is not
    /// usable still gets the result.
    #[cold]
    pub(crate) fn tell(&self, error: *mut revocache_error) -> revocache_result {
        let result = of_failure(self);
        if let Ok(Some(out)) = OutStruct::optional(error) {
            let mut told =
                revocache_error { size: 0, result: result.code(), text: [0; REVOCACHE_ERROR_TEXT] };
            // Writing stops, and that is all, where the text is full.
            let _ = write!(Text { room: &mut told.text, used: 0 }, "{self}");
            out.write(told);
        }
        result
    }
}

/// Writes text into a fixed array and keeps a NUL behind it. What does not fit is cut between characters.
pub(crate) struct Text<'a> {
    pub(crate) room: &'a mut [c_char],
    pub(crate) used: usize,
}

impl Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let free = self.room.len().saturating_sub(self.used).saturating_sub(1);
        let most = free.min(text.len());
        let fits = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        let (octets, _) = text.as_bytes().split_at(fits);
        for (place, octet) in self.room.iter_mut().skip(self.used).zip(octets) {
            *place = c_char::from_ne_bytes([*octet]);
        }
        self.used += fits;
        if fits == text.len() { Ok(()) } else { Err(std::fmt::Error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters_and_ended() {
        let mut room = [0; 8];
        let mut text = Text { room: &mut room, used: 0 };
        assert!(text.write_str("abc").is_ok());
        assert!(text.write_str("dé€").is_err());
        assert_eq!(text.used, 6);
        assert_eq!(room.map(|character| character.to_ne_bytes()[0]), *b"abcd\xc3\xa9\0\0");
    }
}
