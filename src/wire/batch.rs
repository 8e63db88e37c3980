//! Batches: thousands of questions in one frame, every one in the same number of octets.

use super::error::WireError;
use super::frame::{FrameType, FrameWriter, RequestId};
use super::octets::{Reader, put_count, put_varint, to_u64};
use super::question::{Handle, Options, read_handle};
use crate::types::{MAX_SERIAL_OCTETS, SerialRef};

/// Octets of a handle in an item of a mixed batch.
const HANDLE_OCTETS: usize = 4;

/// Questions about serials, answered one by one in whatever order, as of one time and by one method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch<'a> {
    /// How to answer all of them.
    pub options: Options,
    items: Items<'a>,
}

/// The items, each of the same size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Items<'a> {
    /// Whose serials they are; `None` if each item begins with its own handle.
    shared: Option<Handle>,
    size: usize,
    octets: &'a [u8],
}

impl<'a> Batch<'a> {
    /// Number of questions; at least 1.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.octets.len().checked_div(self.items.size).unwrap_or(0)
    }

    /// Whether there is no question, which no batch that was read can be.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whose serials all of them are, if they are of one authority.
    #[must_use]
    pub fn authority(&self) -> Option<Handle> {
        self.items.shared
    }

    /// The questions in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Handle, SerialRef<'a>)> + use<'a> {
        let Items { shared, size, octets } = self.items;
        octets.chunks_exact(size.max(1)).map(move |item| {
            let (handle, serial) = match (shared, item.split_first_chunk()) {
                (None, Some((handle, serial))) => (Handle(u32::from_be_bytes(*handle)), serial),
                (handle, _) => (handle.unwrap_or(Handle(0)), item),
            };
            // Sizes were checked when the batch was read, so that every item is a serial.
            (handle, SerialRef::new(serial).unwrap_or(SerialRef::ZERO))
        })
    }

    /// Appends a frame of questions about serials of one authority. Without any there is nothing to ask, and
    /// nothing is appended.
    pub fn encode_shared(
        request: RequestId,
        options: &Options,
        authority: Handle,
        serials: &[SerialRef<'_>],
        out: &mut Vec<u8>,
    ) {
        let Some(width) = widest(serials.iter().copied()) else { return };
        let mut frame = FrameWriter::begin(out, FrameType::ASK_BATCH, request);
        let out = frame.out();
        options.put(out);
        put_varint(out, u64::from(authority.0));
        put_count(out, width);
        for serial in serials {
            put_padded(out, *serial, width);
        }
        frame.finish();
    }

    /// Appends a frame of questions about serials of several authorities. Without any, nothing is appended.
    pub fn encode_mixed(
        request: RequestId,
        options: &Options,
        questions: &[(Handle, SerialRef<'_>)],
        out: &mut Vec<u8>,
    ) {
        let Some(width) = widest(questions.iter().map(|(_, serial)| *serial)) else { return };
        let mut frame = FrameWriter::begin(out, FrameType::ASK_MIXED_BATCH, request);
        let out = frame.out();
        options.put(out);
        put_count(out, width);
        for (authority, serial) in questions {
            out.extend_from_slice(&authority.0.to_be_bytes());
            put_padded(out, *serial, width);
        }
        frame.finish();
    }

    pub(super) fn decode(frame_type: FrameType, message: &'a [u8], most: usize) -> Result<Self, WireError> {
        let mut reader = Reader::new(message);
        let options = Options::read(&mut reader)?;
        let shared = match frame_type {
            FrameType::ASK_BATCH => Some(read_handle(&mut reader)?),
            _ => None,
        };
        let size = read_width(&mut reader)? + if shared.is_some() { 0 } else { HANDLE_OCTETS };
        let octets = reader.rest();
        let count = octets.len().checked_div(size).unwrap_or(0);
        if count > most {
            return Err(WireError::TooMany {
                field: "questions in a batch",
                found: to_u64(count),
                limit: to_u64(most),
            });
        }
        if count == 0 || !octets.len().is_multiple_of(size) {
            return Err(WireError::Cut { field: "questions of the batch" });
        }
        Ok(Self { options, items: Items { shared, size, octets } })
    }
}

/// Octets that hold any of these serials; `None` for none.
pub(super) fn widest<'a>(serials: impl Iterator<Item = SerialRef<'a>>) -> Option<usize> {
    serials.map(|serial| serial.octets().len()).max()
}

/// Appends a serial in so many octets: its sign repeated in front changes no number.
#[inline]
pub(super) fn put_padded(out: &mut Vec<u8>, serial: SerialRef<'_>, width: usize) {
    let octets = serial.octets();
    let negative = octets.first().is_some_and(|first| *first >= 0x80);
    let padding = width.saturating_sub(octets.len());
    out.resize(out.len().saturating_add(padding), if negative { 0xff } else { 0 });
    out.extend_from_slice(octets);
}

/// How many octets each serial has: 1 to [`MAX_SERIAL_OCTETS`].
pub(super) fn read_width(reader: &mut Reader<'_>) -> Result<usize, WireError> {
    match reader.varint_up_to(to_u64(MAX_SERIAL_OCTETS), "octets of a serial")? {
        0 => Err(WireError::BadValue { field: "octets of a serial", value: 0 }),
        width => Ok(width),
    }
}
