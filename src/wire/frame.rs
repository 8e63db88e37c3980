//! Frames: how messages follow each other on a stream or in a datagram.
//!
//! ```text
//! length      varint   octets that follow
//! type        1 octet
//! request id  varint
//! message     the rest
//! ```

use std::fmt;

use super::error::WireError;
use super::octets::{MAX_VARINT, put_varint, split_varint, to_u64, varint_octets};

/// The type of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameType(pub u8);

/// What a receiver does with a frame, by the range of its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameClass {
    /// From the client. A server that does not know the type says so to that request and goes on.
    Request,
    /// From the server. A client that does not know the type cannot go on.
    Answer,
    /// Either side's. Whoever does not know the type leaves the frame unread.
    Ignorable,
}

impl FrameType {
    /// Question: an authority's handle and a serial.
    pub const ASK_SERIAL: Self = Self(0x01);
    /// Question: an OCSP CertID.
    pub const ASK_CERT_ID: Self = Self(0x02);
    /// Question: a certificate.
    pub const ASK_CERTIFICATE: Self = Self(0x03);
    /// Questions: serials of one authority.
    pub const ASK_BATCH: Self = Self(0x04);
    /// Questions: serials of several authorities.
    pub const ASK_MIXED_BATCH: Self = Self(0x05);
    /// Gives an authority a handle.
    pub const RESOLVE: Self = Self(0x06);
    /// Asks what the server has.
    pub const INFO: Self = Self(0x07);
    /// Asks to be told of changes.
    pub const SUBSCRIBE: Self = Self(0x08);
    /// Ends the request of the same id.
    pub const CANCEL: Self = Self(0x09);

    /// The server's limits and features.
    pub const HELLO: Self = Self(0x40);
    /// The server is about to stop.
    pub const GOAWAY: Self = Self(0x41);
    /// Answer to a question.
    pub const VERDICT: Self = Self(0x42);
    /// Answers to a batch, or some of them.
    pub const BATCH_VERDICTS: Self = Self(0x43);
    /// Answer to `RESOLVE`.
    pub const RESOLVED: Self = Self(0x44);
    /// Answer to `INFO`.
    pub const INFO_PAGE: Self = Self(0x45);
    /// To subscribers: a generation is in force.
    pub const GENERATION: Self = Self(0x46);
    /// To subscribers: serials that came or went.
    pub const CHANGES: Self = Self(0x47);
    /// A request has no answer.
    pub const ERROR: Self = Self(0x48);

    /// What a receiver does with a frame of this type.
    #[must_use]
    pub const fn class(self) -> FrameClass {
        match self.0 {
            0x00..=0x3f => FrameClass::Request,
            0x40..=0x7f => FrameClass::Answer,
            0x80..=0xff => FrameClass::Ignorable,
        }
    }

    /// Whether a server may act on it when it came as 0-RTT data, which somebody may have replayed (RFC 9001 section
    /// 9.2): what changes nothing beyond its own connection.
    #[must_use]
    pub const fn allowed_early(self) -> bool {
        matches!(
            self,
            Self::ASK_SERIAL
                | Self::ASK_CERT_ID
                | Self::ASK_CERTIFICATE
                | Self::ASK_BATCH
                | Self::ASK_MIXED_BATCH
                | Self::RESOLVE
                | Self::CANCEL
        )
    }
}

impl fmt::Display for FrameType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#04x}", self.0)
    }
}

/// The number by which a client tells its requests apart: below 2^62.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RequestId(u64);

impl RequestId {
    /// The id of frames that belong to no request.
    pub const NONE: Self = Self(0);

    /// The id of a number, `None` for 2^62 and more.
    #[must_use]
    pub const fn new(number: u64) -> Option<Self> {
        if number <= MAX_VARINT { Some(Self(number)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl From<u32> for RequestId {
    fn from(number: u32) -> Self {
        Self(u64::from(number))
    }
}

/// One frame; its message lies in the buffer it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What the message is.
    pub frame_type: FrameType,
    /// Which request it belongs to.
    pub request: RequestId,
    /// The message, not looked into.
    pub message: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Takes the first frame off `input`; `None` if it is not all there yet, and then `input` stays as it is.
    ///
    /// # Errors
    /// [`WireError::FrameTooLong`] as soon as the length is known, [`WireError::FrameTooShort`].
    #[inline]
    pub fn take(input: &mut &'a [u8], max_frame: usize) -> Result<Option<Self>, WireError> {
        let Some((length, rest)) = split_varint(input) else {
            return Ok(None);
        };
        let length = checked_length(length, max_frame)?;
        let Some((body, rest)) = rest.split_at_checked(length) else {
            return Ok(None);
        };
        let frame = Self::from_body(body)?;
        *input = rest;
        Ok(Some(frame))
    }

    /// Appends the frame.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut writer = FrameWriter::begin(out, self.frame_type, self.request);
        writer.out().extend_from_slice(self.message);
        writer.finish();
    }

    #[inline]
    fn from_body(body: &'a [u8]) -> Result<Self, WireError> {
        let too_short = || WireError::FrameTooShort { length: to_u64(body.len()) };
        let (frame_type, rest) = body.split_first().ok_or_else(too_short)?;
        let (request, message) = split_varint(rest).ok_or_else(too_short)?;
        Ok(Self { frame_type: FrameType(*frame_type), request: RequestId(request), message })
    }
}

#[inline]
fn checked_length(length: u64, max_frame: usize) -> Result<usize, WireError> {
    match usize::try_from(length) {
        Ok(short @ 0..=1) => Err(WireError::FrameTooShort { length: to_u64(short) }),
        Ok(octets) if octets <= max_frame => Ok(octets),
        _ => Err(WireError::FrameTooLong { length, limit: max_frame }),
    }
}

/// Octets of memory that a decoder keeps between frames.
const KEEP: usize = 4096;

/// Cuts a stream into frames as it arrives, in whatever pieces.
///
/// Frames that lie in one piece are read where they lie; only a frame cut in two is put together in a buffer. That
/// buffer grows by what arrives, never by what is announced, up to the longest frame allowed.
#[derive(Debug)]
pub struct FrameDecoder {
    /// The beginning of a frame whose end has not arrived.
    begun: Vec<u8>,
    /// Whether `begun` was completed and handed out, so that the next call clears it.
    handed_out: bool,
    max_frame: usize,
}

impl FrameDecoder {
    /// A decoder for a stream whose frames have at most `max_frame` octets behind their length.
    #[must_use]
    pub const fn new(max_frame: usize) -> Self {
        Self { begun: Vec::new(), handed_out: false, max_frame }
    }

    /// As [`FrameDecoder::new`], with memory that [`FrameDecoder::take_buffer`] gave.
    #[must_use]
    pub const fn with_buffer(max_frame: usize, buffer: Vec<u8>) -> Self {
        // What is in it counts as handed out before.
        Self { begun: buffer, handed_out: true, max_frame }
    }

    /// The memory of the decoder, for the decoder of another stream; none while it has the beginning of a frame.
    #[must_use]
    pub fn take_buffer(&mut self) -> Vec<u8> {
        if self.buffered() > 0 {
            return Vec::new();
        }
        self.begun.clear();
        self.begun.shrink_to(KEEP);
        self.handed_out = false;
        std::mem::take(&mut self.begun)
    }

    /// The next frame. Takes what it needs off `input`, which is the next piece of the stream; call it until there is
    /// no more, with `input` used up, and then with the next piece.
    ///
    /// # Errors
    /// [`WireError`] for a frame too long or too short; the stream cannot go on, and asking again is of no use.
    #[inline]
    pub fn next<'f, 'i: 'f>(&'f mut self, input: &mut &'i [u8]) -> Result<Option<Frame<'f>>, WireError> {
        if self.handed_out {
            self.begun.clear();
            // One long frame must not keep its memory for the life of a stream.
            self.begun.shrink_to(KEEP);
            self.handed_out = false;
        }
        if self.begun.is_empty() {
            let found = Frame::take(input, self.max_frame)?;
            if found.is_none() {
                self.begun.extend_from_slice(std::mem::take(input));
            }
            return Ok(found);
        }
        self.complete(input)
    }

    /// The stream is at its end: was it between two frames?
    ///
    /// # Errors
    /// [`WireError::FrameCut`] if not.
    pub fn finish(&self) -> Result<(), WireError> {
        match self.buffered() {
            0 => Ok(()),
            octets => Err(WireError::FrameCut { octets }),
        }
    }

    /// Octets that are kept of a frame that is not complete.
    #[must_use]
    pub fn buffered(&self) -> usize {
        if self.handed_out { 0 } else { self.begun.len() }
    }

    fn complete<'f, 'i: 'f>(&'f mut self, input: &mut &'i [u8]) -> Result<Option<Frame<'f>>, WireError> {
        loop {
            let missing = match split_varint(&self.begun) {
                None => 1,
                Some((length, there)) => checked_length(length, self.max_frame)?.saturating_sub(there.len()),
            };
            if missing == 0 {
                break;
            }
            let (taken, rest) = input.split_at(missing.min(input.len()));
            if taken.is_empty() {
                return Ok(None);
            }
            self.begun.extend_from_slice(taken);
            *input = rest;
        }
        self.handed_out = true;
        Frame::take(&mut self.begun.as_slice(), self.max_frame)
    }
}

/// Writes one frame; its length is put in front when it is known.
#[derive(Debug)]
pub(super) struct FrameWriter<'o> {
    out: &'o mut Vec<u8>,
    start: usize,
}

impl<'o> FrameWriter<'o> {
    #[inline]
    pub(super) fn begin(out: &'o mut Vec<u8>, frame_type: FrameType, request: RequestId) -> Self {
        let start = out.len();
        let mut writer = Self { out, start };
        writer.open(frame_type, request);
        writer
    }

    #[inline]
    pub(super) fn out(&mut self) -> &mut Vec<u8> {
        self.out
    }

    /// Octets of the frame so far.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.out.len().saturating_sub(self.start)
    }

    #[inline]
    pub(super) fn finish(mut self) {
        self.close();
    }

    /// Ends the frame and begins another behind it.
    pub(super) fn restart(&mut self, frame_type: FrameType, request: RequestId) {
        self.close();
        self.start = self.out.len();
        self.open(frame_type, request);
    }

    #[inline]
    fn open(&mut self, frame_type: FrameType, request: RequestId) {
        // Most frames have a length of one octet.
        self.out.push(0);
        self.out.push(frame_type.0);
        put_varint(self.out, request.number());
    }

    #[inline]
    fn close(&mut self) {
        let length = self.len().saturating_sub(1);
        match (u8::try_from(length), self.out.get_mut(self.start)) {
            (Ok(short), Some(place)) if short < 0x40 => *place = short,
            _ => self.out.splice(self.start..=self.start, prefix(length)).for_each(drop),
        }
    }
}

fn prefix(length: usize) -> impl Iterator<Item = u8> {
    let (octets, count) = varint_octets(to_u64(length));
    octets.into_iter().take(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_every_form_are_put_in_front() {
        for length in [0, 1, 61, 62, 100, 16_380, 16_384, 70_000] {
            let message = vec![7; length];
            let frame = Frame { frame_type: FrameType(0x81), request: RequestId(1), message: &message };
            let mut octets = vec![9];
            frame.encode(&mut octets);
            let mut input = &octets[1..];
            assert_eq!(Frame::take(&mut input, 100_000), Ok(Some(frame)), "{length}");
            assert!(input.is_empty());
        }
    }

    #[test]
    fn a_length_is_judged_before_anything_is_kept() {
        let mut decoder = FrameDecoder::new(1000);
        let mut input: &[u8] = &[0x9f, 0xff, 0xff, 0xff];
        let error = decoder.next(&mut input).unwrap_err();
        assert_eq!(error, WireError::FrameTooLong { length: 0x1fff_ffff, limit: 1000 });
        assert_eq!(decoder.buffered(), 0);
        // The same, one octet after the other.
        let mut decoder = FrameDecoder::new(1000);
        for octet in [0x9f, 0xff, 0xff] {
            assert_eq!(decoder.next(&mut &[octet][..]), Ok(None));
        }
        assert!(decoder.next(&mut &[0xff][..]).unwrap_err().breaks_framing());
        assert!(decoder.buffered() <= 4);
    }

    #[test]
    fn memory_goes_from_one_stream_to_the_next_and_nothing_else_does() {
        let frame = Frame { frame_type: FrameType(0x81), request: RequestId(1), message: &[7; 500] };
        let mut octets = Vec::new();
        frame.encode(&mut octets);
        let (first, second) = octets.split_at(100);
        let mut decoder = FrameDecoder::new(1000);
        assert_eq!(decoder.next(&mut &first[..]), Ok(None));
        assert_eq!(decoder.take_buffer().capacity(), 0, "the beginning of a frame is in it");
        assert_eq!(decoder.next(&mut &second[..]), Ok(Some(frame)));
        let buffer = decoder.take_buffer();
        assert!(buffer.capacity() >= octets.len());
        let mut next = FrameDecoder::with_buffer(1000, buffer);
        assert_eq!((next.buffered(), next.finish()), (0, Ok(())));
        assert_eq!(next.next(&mut &first[..]), Ok(None));
        assert_eq!(next.next(&mut &second[..]), Ok(Some(frame)));
        // One long frame must not keep its memory.
        let long = FrameDecoder::with_buffer(1000, vec![1; 100_000]).take_buffer();
        assert!(long.capacity() <= KEEP);
    }
}
