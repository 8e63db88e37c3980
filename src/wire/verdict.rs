//! Answers to questions: a status, and what it rests on.
//!
//! Everything but the status is the same for most answers of a server, so the two parts are written apart: the
//! *source* (method, generation, dates, CRL number) and the status with its details. An answer to one question has
//! both; the answers to a batch define each source once and refer to it.

use super::code::ErrorCode;
use super::error::WireError;
use super::frame::{FrameType, FrameWriter, RequestId};
use super::octets::{Reader, put_counted, put_time, put_time_after, put_varint, to_u64};
use crate::types::{Cause, CrlNumber, Method, ReasonCode, Revocation, Status, UnixTime, Verdict};

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

/// Octets behind the last field are of a later revision, and passed over.
pub(super) fn decode_verdict(message: &[u8]) -> Result<Verdict, WireError> {
    let mut reader = Reader::new(message);
    match read_outcome(&mut reader, &mut Sources::default())? {
        Outcome::Verdict(verdict) => Ok(verdict),
        Outcome::Failed(_) | Outcome::Pending => Err(WireError::BadValue { field: "status", value: 3 }),
    }
}

/// Appends a frame with several answers to a batch, or more than one where they get long.
#[derive(Debug)]
pub struct BatchWriter<'o> {
    request: RequestId,
    /// Number of the next item.
    next: u64,
    frame: FrameWriter<'o>,
    /// Where the octet of flags is.
    flags: usize,
    sources: Sources,
}

/// Octets after which the answers to a batch go on in another frame, so that the first can be sent and read while
/// the rest is on its way.
const SPLIT: usize = 16_000;
/// The flag of the last frame of a batch.
const LAST: u8 = 1;

impl<'o> BatchWriter<'o> {
    /// Begins with the answer to question number `first`, counted from 0.
    pub fn begin(request: RequestId, first: u32, out: &'o mut Vec<u8>) -> Self {
        Self::begin_at(request, u64::from(first), out)
    }

    /// Appends what there is to say of the next question.
    pub fn push(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Verdict(verdict) => {
                let source = Source::of(verdict);
                let (number, is_new) = self.sources.number(&source);
                put_verdict(self.frame.out(), verdict, &source, number, is_new);
            }
            Outcome::Failed(code) => put_failure(self.frame.out(), code.number()),
            Outcome::Pending => put_failure(self.frame.out(), PENDING),
        }
        self.next += 1;
    }

    /// Begins another frame if this one is long enough. To be called between answers.
    #[must_use]
    pub fn split(mut self) -> Self {
        if self.frame.len() < SPLIT {
            return self;
        }
        let (request, next, out) = (self.request, self.next, self.frame.close());
        self = Self::begin_at(request, next, out);
        self
    }

    /// Ends the frame. `complete` says that every question of the batch has its answer now.
    pub fn finish(mut self, complete: bool) {
        if let Some(flags) = self.frame.out().get_mut(self.flags).filter(|_| complete) {
            *flags |= LAST;
        }
        self.frame.finish();
    }

    fn begin_at(request: RequestId, first: u64, out: &'o mut Vec<u8>) -> Self {
        let mut frame = FrameWriter::begin(out, FrameType::BATCH_VERDICTS, request);
        let flags = frame.out().len();
        frame.out().push(0);
        put_varint(frame.out(), first);
        Self { request, next: first, frame, flags, sources: Sources::default() }
    }
}

/// A frame of answers to a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchVerdicts<'a> {
    /// Whether no more frames of this batch follow.
    pub last: bool,
    /// The question that the first answer is for, counted from 0; the others follow in order.
    pub first: u32,
    items: &'a [u8],
}

impl<'a> BatchVerdicts<'a> {
    /// The answers; they end after the first error.
    #[must_use]
    pub fn outcomes(&self) -> Outcomes<'a> {
        Outcomes { items: Reader::new(self.items), sources: Sources::default() }
    }

    pub(super) fn decode(message: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(message);
        let flags = reader.octet("flags")?;
        if flags & !LAST != 0 {
            return Err(WireError::UnknownBits { field: "flags", bits: flags & !LAST });
        }
        let first = reader.varint_up_to(u64::from(u32::MAX), "number of the first answer")?;
        Ok(Self { last: flags & LAST != 0, first, items: reader.rest() })
    }
}

/// The answers in one frame, as they are read.
#[derive(Debug, Clone)]
pub struct Outcomes<'a> {
    items: Reader<'a>,
    sources: Sources,
}

impl Iterator for Outcomes<'_> {
    type Item = Result<Outcome, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.items.is_empty() {
            return None;
        }
        let outcome = read_outcome(&mut self.items, &mut self.sources);
        if outcome.is_err() {
            self.items.rest();
        }
        Some(outcome)
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
/// The number of a source that follows and is not kept.
const UNKEPT: u8 = 15;

/// The code of an answer that comes later; not among the error codes.
const PENDING: u32 = 0;

/// What an answer rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Source {
    method: Method,
    generation: u64,
    this_update: Option<UnixTime>,
    next_update: Option<UnixTime>,
    crl_number: Option<CrlNumber>,
}

// The octet a source begins with.
const OCSP_BIT: u8 = 1;
const THIS_UPDATE_BIT: u8 = 2;
const NEXT_UPDATE_BIT: u8 = 4;
const CRL_NUMBER_BIT: u8 = 8;

/// The sources of one frame: those with a number, in the order in which they came.
#[derive(Debug, Clone, Default)]
struct Sources {
    kept: [Option<Source>; 15],
    count: u8,
}

impl Sources {
    /// The number of a source, and whether it is new and has to be written.
    #[inline]
    fn number(&mut self, source: &Source) -> (u8, bool) {
        for (number, kept) in (0..self.count).zip(&self.kept) {
            if kept.as_ref() == Some(source) {
                return (number, false);
            }
        }
        (self.keep(source).unwrap_or(UNKEPT), true)
    }

    #[inline]
    fn keep(&mut self, source: &Source) -> Option<u8> {
        let number = self.count;
        *self.kept.get_mut(usize::from(number))? = Some(*source);
        self.count += 1;
        Some(number)
    }
}

impl Source {
    #[inline]
    fn of(verdict: &Verdict) -> Self {
        let Verdict { method, this_update, next_update, crl_number, generation, .. } = *verdict;
        Self { method, generation, this_update, next_update, crl_number }
    }

    fn put(&self, out: &mut Vec<u8>) {
        let bit = |bit: u8, set: bool| if set { bit } else { 0 };
        out.push(
            bit(OCSP_BIT, self.method == Method::Ocsp)
                | bit(THIS_UPDATE_BIT, self.this_update.is_some())
                | bit(NEXT_UPDATE_BIT, self.next_update.is_some())
                | bit(CRL_NUMBER_BIT, self.crl_number.is_some()),
        );
        put_varint(out, self.generation);
        if let Some(this_update) = self.this_update {
            put_time(out, this_update);
        }
        match (self.next_update, self.this_update) {
            (Some(next_update), Some(this_update)) => put_time_after(out, this_update, next_update),
            (Some(next_update), None) => put_time(out, next_update),
            (None, _) => {}
        }
        if let Some(number) = &self.crl_number {
            put_counted(out, number.magnitude());
        }
    }

    #[inline]
    fn read(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let bits = reader.octet("source")?;
        let unknown = bits & !(OCSP_BIT | THIS_UPDATE_BIT | NEXT_UPDATE_BIT | CRL_NUMBER_BIT);
        if unknown != 0 {
            return Err(WireError::UnknownBits { field: "source", bits: unknown });
        }
        let generation = reader.varint("generation")?;
        let this_update = (bits & THIS_UPDATE_BIT != 0).then(|| reader.time("thisUpdate")).transpose()?;
        let next_update = match (bits & NEXT_UPDATE_BIT != 0, this_update) {
            (false, _) => None,
            (true, Some(this_update)) => Some(reader.time_after(this_update, "nextUpdate")?),
            (true, None) => Some(reader.time("nextUpdate")?),
        };
        let crl_number = (bits & CRL_NUMBER_BIT != 0).then(|| read_crl_number(reader)).transpose()?;
        let method = if bits & OCSP_BIT == 0 { Method::Crl } else { Method::Ocsp };
        Ok(Self { method, generation, this_update, next_update, crl_number })
    }
}

pub(super) fn read_crl_number(reader: &mut Reader<'_>) -> Result<CrlNumber, WireError> {
    const FIELD: &str = "CRL number";
    let octets = reader.counted(FIELD)?;
    CrlNumber::from_magnitude(octets).ok_or(WireError::TooMany {
        field: FIELD,
        found: to_u64(octets.len()),
        limit: to_u64(CrlNumber::MAX_OCTETS),
    })
}

#[inline]
fn put_verdict(out: &mut Vec<u8>, verdict: &Verdict, source: &Source, number: u8, is_new: bool) {
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

fn put_failure(out: &mut Vec<u8>, code: u32) {
    out.push(NO_VERDICT);
    put_varint(out, u64::from(code));
}

#[inline]
fn read_outcome(reader: &mut Reader<'_>, sources: &mut Sources) -> Result<Outcome, WireError> {
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
    let source = read_source(octet >> SOURCE_SHIFT, reader, sources)?;
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

/// The source of this number, which is one that came before, or the next one and follows.
#[inline]
fn read_source(number: u8, reader: &mut Reader<'_>, sources: &mut Sources) -> Result<Source, WireError> {
    if number == UNKEPT {
        return Source::read(reader);
    }
    if number == sources.count {
        let source = Source::read(reader)?;
        sources.keep(&source);
        return Ok(source);
    }
    let kept = sources.kept.get(usize::from(number)).copied().flatten();
    kept.ok_or(WireError::BadValue { field: "source", value: u64::from(number) })
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
