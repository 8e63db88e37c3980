//! Why a request has no answer.

use super::code::ErrorCode;
use super::error::WireError;
use super::frame::{FrameType, FrameWriter, RequestId};
use super::octets::{Reader, put_varint};

/// A request has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure<'a> {
    /// Why.
    pub code: ErrorCode,
    /// The same for people; may be empty.
    pub text: &'a str,
}

impl<'a> Failure<'a> {
    /// The longest text that is sent; more is cut off.
    pub const MAX_TEXT: usize = 512;

    /// Appends the frame.
    pub fn encode(&self, request: RequestId, out: &mut Vec<u8>) {
        let mut frame = FrameWriter::begin(out, FrameType::ERROR, request);
        put_varint(frame.out(), u64::from(self.code.number()));
        frame.out().extend_from_slice(shortened(self.text).as_bytes());
        frame.finish();
    }

    pub(super) fn decode(message: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(message);
        let code = reader.varint_up_to(u64::from(u32::MAX), "error code")?;
        let text = std::str::from_utf8(reader.rest()).map_err(|_| WireError::NotUtf8 { field: "text" })?;
        Ok(Self { code: ErrorCode::from_number(code), text })
    }
}

/// As much of a text as is sent, without a broken character at its end.
fn shortened(text: &str) -> &str {
    let end = (0..=Failure::MAX_TEXT).rev().find(|end| text.is_char_boundary(*end));
    if text.len() <= Failure::MAX_TEXT { text } else { text.get(..end.unwrap_or(0)).unwrap_or_default() }
}
