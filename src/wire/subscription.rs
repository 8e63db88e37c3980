//! Being told of changes: of generations, and of the serials that come and go.

use super::batch::{put_padded, read_width, widest};
use super::error::WireError;
use super::frame::{FrameType, FrameWriter, RequestId};
use super::octets::{Reader, put_count, put_varint};
use super::question::{Handle, read_handle};
use crate::types::SerialRef;

/// Asks to be told of every new generation, and of the serials of some authorities that it adds and removes. Stays
/// open until it is cancelled or its stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscribe<'a> {
    authorities: Handles<'a>,
}

/// Handles, as variable-length integers one after the other, all of them readable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Handles<'a>(&'a [u8]);

impl<'a> Subscribe<'a> {
    /// Appends the frame. Without authorities only generations are announced.
    pub fn encode(request: RequestId, authorities: &[Handle], out: &mut Vec<u8>) {
        let mut frame = FrameWriter::begin(out, FrameType::SUBSCRIBE, request);
        for handle in authorities {
            put_varint(frame.out(), u64::from(handle.0));
        }
        frame.finish();
    }

    /// The authorities whose serials are wanted.
    pub fn authorities(&self) -> impl Iterator<Item = Handle> + use<'a> {
        let mut reader = Reader::new(self.authorities.0);
        std::iter::from_fn(move || read_handle(&mut reader).ok())
    }

    pub(super) fn decode(message: &'a [u8], most: u32) -> Result<Self, WireError> {
        let mut reader = Reader::new(message);
        let mut found = 0_u64;
        while !reader.is_empty() {
            read_handle(&mut reader)?;
            found += 1;
        }
        if found > u64::from(most) {
            return Err(WireError::TooMany { field: "authorities", found, limit: u64::from(most) });
        }
        Ok(Self { authorities: Handles(message) })
    }
}

/// A generation is in force, and all its changes have been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GenerationNotice {
    /// The generation in force.
    pub generation: u64,
    /// The one that was announced before; the same in the first notice of a subscription. More than one may lie
    /// between the two.
    pub previous: u64,
}

impl GenerationNotice {
    /// Appends the frame.
    pub fn encode(&self, request: RequestId, out: &mut Vec<u8>) {
        let mut frame = FrameWriter::begin(out, FrameType::GENERATION, request);
        put_varint(frame.out(), self.generation);
        put_varint(frame.out(), self.previous);
        frame.finish();
    }

    pub(super) fn decode(message: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(message);
        Ok(Self { generation: reader.varint("generation")?, previous: reader.varint("generation")? })
    }
}

/// What happened to the serials of a [`Changes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// They are listed now.
    Added,
    /// They are no longer listed.
    Removed,
    /// What changed cannot be told: whatever is remembered of this authority has to be asked again.
    Lost,
}

/// Serials of one authority that changed between two generations. Precedes the [`GenerationNotice`] of the later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changes<'a> {
    /// Whose serials.
    pub authority: Handle,
    /// The earlier generation.
    pub from: u64,
    /// The later generation.
    pub to: u64,
    /// What happened to them.
    pub change: Change,
    width: usize,
    octets: &'a [u8],
}

const ADDED: u8 = 0;
const REMOVED: u8 = 1;
const LOST: u8 = 2;

impl<'a> Changes<'a> {
    /// Number of serials.
    #[must_use]
    pub fn len(&self) -> usize {
        self.octets.len().checked_div(self.width).unwrap_or(0)
    }

    /// Whether there is no serial.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// The serials, in no particular order.
    pub fn serials(&self) -> impl ExactSizeIterator<Item = SerialRef<'a>> + use<'a> {
        // Widths were checked when the frame was read, so that every item is a serial.
        self.octets
            .chunks_exact(self.width.max(1))
            .map(|item| SerialRef::new(item).unwrap_or(SerialRef::ZERO))
    }

    /// Appends frames with these serials, none of them longer than about `most` octets; one without any if there are
    /// none.
    #[allow(clippy::too_many_arguments, reason = "the fields of one frame")]
    pub fn encode(
        request: RequestId,
        authority: Handle,
        (from, to): (u64, u64),
        change: Change,
        serials: &[SerialRef<'_>],
        most: usize,
        out: &mut Vec<u8>,
    ) {
        let width = widest(serials.iter().copied()).unwrap_or(1);
        let per_frame = most.checked_div(width).unwrap_or(1).max(1);
        let mut rest = serials;
        loop {
            let (these, others) = rest.split_at(rest.len().min(per_frame));
            let mut frame = FrameWriter::begin(out, FrameType::CHANGES, request);
            let body = frame.out();
            put_varint(body, u64::from(authority.0));
            put_varint(body, from);
            put_varint(body, to);
            body.push(match change {
                Change::Added => ADDED,
                Change::Removed => REMOVED,
                Change::Lost => LOST,
            });
            put_count(body, width);
            for serial in these {
                put_padded(body, *serial, width);
            }
            frame.finish();
            rest = others;
            if rest.is_empty() {
                return;
            }
        }
    }

    pub(super) fn decode(message: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(message);
        let authority = read_handle(&mut reader)?;
        let (from, to) = (reader.varint("generation")?, reader.varint("generation")?);
        let change = match reader.octet("change")? {
            ADDED => Change::Added,
            REMOVED => Change::Removed,
            LOST => Change::Lost,
            other => return Err(WireError::BadValue { field: "change", value: u64::from(other) }),
        };
        let width = read_width(&mut reader)?;
        let octets = reader.rest();
        match octets.len().checked_rem(width) {
            Some(0) => Ok(Self { authority, from, to, change, width, octets }),
            left => Err(WireError::Trailing { octets: left.unwrap_or_default() }),
        }
    }
}
