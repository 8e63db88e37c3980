//! Answers to questions: a status, and what it rests on.
//!
//! Everything but the status is the same for most answers of a server, so the two parts are written apart: the
//! *source* (method, generation, dates, CRL number) and the status with its details. An answer to one question has
//! both; the answers to a batch define each source once and refer to it.

use super::code::ErrorCode;
use super::error::WireError;
use super::frame::{Frame, FrameType, FrameWriter, RequestId};
use super::octets::{Reader, put_time, put_time_after, put_varint, varint_octets};
use super::source::{Source, Sources};
use crate::types::{Cause, ReasonCode, Revocation, Status, Verdict};

/// What there is to say of one question at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The answer.
    Verdict(Verdict),
    /// No answer will come.
    Failed(ErrorCode),
    /// The answer comes in a later frame; in batches only.
    Pending,
}

/// Appends the frame that answers one question.
pub fn encode_verdict(request: RequestId, verdict: &Verdict, out: &mut Vec<u8>) {
    let mut frame = FrameWriter::begin(out, FrameType::VERDICT, request);
    put_verdict(frame.out(), verdict, &Source::of(verdict), 0, true);
    frame.finish();
}

/// A verdict that answers many questions: its message is written once and copied into the frame of each.
///
/// ```
/// # use revocache::types::{Method, Status, Verdict};
/// use revocache::wire::{RepeatedVerdict, RequestId, encode_verdict};
///
/// # let verdict = Verdict {
/// #     status: Status::Good, method: Method::Crl, this_update: None, next_update: None, crl_number: None, generation: 7,
/// # };
/// let (mut copied, mut written) = (Vec::new(), Vec::new());
/// let mut repeated = RepeatedVerdict::default();
/// repeated.set(&verdict);
/// for request in [1, 70, 70_000].map(RequestId::from) {
///     repeated.encode(request, &mut copied);
///     encode_verdict(request, &verdict, &mut written);
/// }
/// assert_eq!(copied, written);
/// ```
#[derive(Debug, Default)]
pub struct RepeatedVerdict {
    verdict: Option<Verdict>,
    message: Vec<u8>,
    /// A frame with it, and zeroes behind that up to [`ROOM`], because copies of a fixed size are fast.
    frame: Vec<u8>,
    /// Octets of the frame.
    length: usize,
    /// Octets of the request id in the frame; 0 if there is no frame of this message.
    id_length: usize,
}

/// Octets of a frame that is copied; longer ones, whose length has two octets, are hardly ever seen.
const ROOM: usize = 64;

impl RepeatedVerdict {
    /// Takes the verdict to repeat from now on, which costs next to nothing if it is the one that is repeated already.
    #[inline]
    pub fn set(&mut self, verdict: &Verdict) {
        if self.verdict.as_ref() != Some(verdict) {
            self.write(verdict);
        }
    }

    #[cold]
    fn write(&mut self, verdict: &Verdict) {
        self.verdict = Some(*verdict);
        self.message.clear();
        self.id_length = 0;
        put_verdict(&mut self.message, verdict, &Source::of(verdict), 0, true);
    }

    /// Appends the frame that answers one question.
    #[inline]
    pub fn encode(&mut self, request: RequestId, out: &mut Vec<u8>) {
        let (id, id_length) = varint_octets(request.number());
        if id_length != self.id_length {
            self.lay_out(request, id_length);
        }
        let start = out.len();
        let Some(frame) = self.frame.first_chunk::<ROOM>() else {
            return Frame { frame_type: FrameType::VERDICT, request, message: &self.message }.encode(out);
        };
        out.extend_from_slice(frame);
        out.truncate(start.saturating_add(self.length));
        put_id(out.get_mut(start..).unwrap_or_default(), &id, id_length);
    }

    /// Appends the frames that answer several questions.
    pub fn encode_all(&mut self, requests: &[RequestId], out: &mut Vec<u8>) {
        let mut left = requests;
        while let [first, others @ ..] = left {
            self.encode(*first, out);
            left = self.encode_alike(others, out);
        }
    }

    /// Appends those at the front whose ids are as long as the one before; gives back the others.
    fn encode_alike<'r>(&self, requests: &'r [RequestId], out: &mut Vec<u8>) -> &'r [RequestId] {
        let Some(frame) = self.frame.first_chunk::<ROOM>() else { return requests };
        // Room for all at once. What a copy has behind its end is written over by the next.
        let mut place = out.len();
        let most = requests.len().saturating_mul(self.length).saturating_add(ROOM);
        out.resize(place.saturating_add(most), 0);
        let mut left = requests;
        while let [request, others @ ..] = left {
            let (id, id_length) = varint_octets(request.number());
            let room = out.get_mut(place..).and_then(|rest| rest.first_chunk_mut::<ROOM>());
            let Some(room) = room.filter(|_| id_length == self.id_length) else { break };
            *room = *frame;
            put_id(room, &id, id_length);
            place = place.saturating_add(self.length);
            left = others;
        }
        out.truncate(place);
        left
    }

    /// Makes the frame to copy, for ids of this length.
    #[cold]
    fn lay_out(&mut self, request: RequestId, id_length: usize) {
        self.frame.clear();
        Frame { frame_type: FrameType::VERDICT, request, message: &self.message }.encode(&mut self.frame);
        (self.length, self.id_length) = (self.frame.len(), id_length);
        if self.length < ROOM {
            self.frame.resize(ROOM, 0);
        } else {
            self.frame.clear();
        }
    }
}

/// Puts an id in a frame, behind the length and the type.
#[inline(always)]
fn put_id(frame: &mut [u8], id: &[u8; 8], id_length: usize) {
    let place = frame.get_mut(2..).unwrap_or_default();
    match id_length {
        1 => replace::<1>(place, id),
        2 => replace::<2>(place, id),
        4 => replace::<4>(place, id),
        _ => replace::<8>(place, id),
    }
}

/// Replaces the first octets by those of another array.
#[inline]
fn replace<const N: usize>(octets: &mut [u8], by: &[u8; 8]) {
    if let (Some(place), Some(by)) = (octets.first_chunk_mut::<N>(), by.first_chunk::<N>()) {
        *place = *by;
    }
}

/// Octets behind the last field are of a later revision, and passed over.
pub(super) fn decode_verdict(message: &[u8]) -> Result<Verdict, WireError> {
    let mut reader = Reader::new(message);
    match read_outcome(&mut reader, &mut Sources::default())? {
        Outcome::Verdict(verdict) => Ok(verdict),
        Outcome::Failed(_) | Outcome::Pending => Err(WireError::BadValue { field: "status", value: 3 }),
    }
}

// The octet an answer begins with.
const STATUS_BITS: u8 = 0b0000_0011;
const GOOD: u8 = 0;
const REVOKED: u8 = 1;
const UNKNOWN: u8 = 2;
const NO_VERDICT: u8 = 3;
const INVALIDITY_BIT: u8 = 0b0000_0100;
const RESERVED_BIT: u8 = 0b0000_1000;
const SOURCE_SHIFT: u32 = 4;
/// The code of an answer that comes later; not among the error codes.
const PENDING: u32 = 0;

#[inline]
pub(super) fn put_verdict(out: &mut Vec<u8>, verdict: &Verdict, source: &Source, number: u8, is_new: bool) {
    let status = match &verdict.status {
        Status::Good => GOOD,
        Status::Revoked(Revocation { invalidity_date: None, .. }) => REVOKED,
        Status::Revoked(Revocation { invalidity_date: Some(_), .. }) => REVOKED | INVALIDITY_BIT,
        Status::Unknown(_) => UNKNOWN,
    };
    out.push(status | (number << SOURCE_SHIFT));
    if is_new {
        source.put(out);
    }
    match &verdict.status {
        Status::Good => {}
        Status::Revoked(Revocation { revoked_at, reason, invalidity_date }) => {
            out.push(reason.code());
            put_time(out, *revoked_at);
            if let Some(date) = invalidity_date {
                put_time_after(out, *revoked_at, *date);
            }
        }
        Status::Unknown(cause) => put_varint(out, cause_code(*cause)),
    }
}

/// Appends that there will be no verdict.
pub(super) fn put_failure(out: &mut Vec<u8>, code: ErrorCode) {
    out.push(NO_VERDICT);
    put_varint(out, u64::from(code.number()));
}

/// Appends that the verdict comes later.
pub(super) fn put_pending(out: &mut Vec<u8>) {
    out.push(NO_VERDICT);
    put_varint(out, u64::from(PENDING));
}

#[inline]
pub(super) fn read_outcome(reader: &mut Reader<'_>, sources: &mut Sources) -> Result<Outcome, WireError> {
    let octet = reader.octet("status")?;
    let status = octet & STATUS_BITS;
    let allowed = if status == REVOKED { INVALIDITY_BIT } else { 0 };
    let unknown = octet & (INVALIDITY_BIT | RESERVED_BIT) & !allowed;
    if unknown != 0 {
        return Err(WireError::UnknownBits { field: "status", bits: unknown });
    }
    if status == NO_VERDICT {
        let code = reader.varint_up_to(u64::from(u32::MAX), "error code")?;
        return Ok(if code == PENDING {
            Outcome::Pending
        } else {
            Outcome::Failed(ErrorCode::from_number(code))
        });
    }
    let source = sources.read(octet >> SOURCE_SHIFT, reader)?;
    let status = match status {
        GOOD => Status::Good,
        REVOKED => {
            let code = reader.octet("reason")?;
            let reason = ReasonCode::from_code(code)
                .ok_or(WireError::BadValue { field: "reason", value: u64::from(code) })?;
            let revoked_at = reader.time("revocation date")?;
            let invalidity_date = (octet & INVALIDITY_BIT != 0)
                .then(|| reader.time_after(revoked_at, "invalidity date"))
                .transpose()?;
            Status::Revoked(Revocation { revoked_at, reason, invalidity_date })
        }
        _ => {
            let code = reader.varint("cause")?;
            let cause = Cause::ALL.into_iter().find(|cause| cause_code(*cause) == code);
            Status::Unknown(cause.ok_or(WireError::BadValue { field: "cause", value: code })?)
        }
    };
    let Source { method, generation, this_update, next_update, crl_number } = source;
    Ok(Outcome::Verdict(Verdict { status, method, this_update, next_update, crl_number, generation }))
}

/// The number of a cause on the wire; never given to another.
const fn cause_code(cause: Cause) -> u64 {
    match cause {
        Cause::AuthorityUnknown => 1,
        Cause::NotCovered => 2,
        Cause::PartitionMissing => 3,
        Cause::Stale => 4,
        Cause::NotYetValid => 5,
        Cause::OcspNoResponder => 16,
        Cause::OcspUnavailable => 17,
        Cause::OcspUnauthorized => 18,
        Cause::OcspRefused => 19,
        Cause::OcspUnknown => 20,
    }
}
