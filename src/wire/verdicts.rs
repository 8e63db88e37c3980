//! The answers to a batch: frames of many verdicts, each frame readable without the others.

use super::error::WireError;
use super::frame::{FrameType, FrameWriter, RequestId};
use super::octets::{Reader, put_varint};
use super::source::{Source, Sources};
use super::verdict::{Outcome, put_failure, put_pending, put_verdict, read_outcome};
use crate::types::Verdict;

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
        let frame = FrameWriter::begin(out, FrameType::BATCH_VERDICTS, request);
        let mut writer =
            Self { request, next: u64::from(first), frame, flags: 0, sources: Sources::default() };
        writer.begin_frame();
        writer
    }

    /// Appends what there is to say of the next question.
    pub fn push(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Verdict(verdict) => self.push_verdict(verdict),
            Outcome::Failed(code) => {
                put_failure(self.frame.out(), *code);
                self.next += 1;
            }
            Outcome::Pending => {
                put_pending(self.frame.out());
                self.next += 1;
            }
        }
    }

    /// Appends the same verdict for each of the next `count` questions. The frame is not split in between.
    pub fn push_run(&mut self, verdict: &Verdict, count: u32) {
        let mut again = 0..0;
        for _ in 0..count.min(2) {
            again.start = self.frame.out().len();
            self.push_verdict(verdict);
            again.end = self.frame.out().len();
        }
        // The second refers to the source that the first has defined, and so would all others, in the same octets.
        let others = count.saturating_sub(2);
        let out = self.frame.out();
        match out.get(again.clone()) {
            Some([octet]) => {
                let octet = *octet;
                out.resize(out.len().saturating_add(usize::try_from(others).unwrap_or(0)), octet);
            }
            _ => (0..others).for_each(|_| out.extend_from_within(again.clone())),
        }
        self.next += u64::from(others);
    }

    /// Begins another frame if this one is long enough. To be called between answers.
    #[inline]
    pub fn split(&mut self) {
        if self.frame.len() >= SPLIT {
            self.frame.restart(FrameType::BATCH_VERDICTS, self.request);
            self.begin_frame();
        }
    }

    /// Ends the frame. `complete` says that every question of the batch has its answer now.
    pub fn finish(mut self, complete: bool) {
        if let Some(flags) = self.frame.out().get_mut(self.flags).filter(|_| complete) {
            *flags |= LAST;
        }
        self.frame.finish();
    }

    #[inline]
    fn push_verdict(&mut self, verdict: &Verdict) {
        let source = Source::of(verdict);
        let (number, is_new) = self.sources.number(&source);
        put_verdict(self.frame.out(), verdict, &source, number, is_new);
        self.next += 1;
    }

    /// What every frame begins with.
    fn begin_frame(&mut self) {
        self.flags = self.frame.out().len();
        self.frame.out().push(0);
        put_varint(self.frame.out(), self.next);
        self.sources = Sources::default();
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

#[cfg(test)]
mod tests {
    use super::super::frame::Frame;
    use super::super::verdict::{RepeatedVerdict, encode_verdict};
    use super::*;
    use crate::types::{Cause, CrlNumber, Method, ReasonCode, Revocation, Status, UnixTime};

    fn verdicts() -> Vec<Verdict> {
        let revoked = Revocation {
            revoked_at: UnixTime::from_seconds(1_740_000_000),
            reason: ReasonCode::Superseded,
            invalidity_date: Some(UnixTime::from_seconds(1)),
        };
        let statuses = [Status::Good, Status::Unknown(Cause::Stale), Status::Revoked(revoked)];
        let of = |(status, octets): (Status, usize)| Verdict {
            status,
            method: Method::Crl,
            this_update: Some(UnixTime::from_seconds(1_740_441_600)),
            next_update: None,
            crl_number: CrlNumber::from_magnitude(&vec![7; octets]),
            generation: u64::MAX >> 2,
        };
        statuses.into_iter().flat_map(|status| [(status, 1), (status, 20)]).map(of).collect()
    }

    #[test]
    fn a_run_is_as_if_each_were_pushed() {
        for verdict in verdicts() {
            for sources in [0, 3, 20] {
                for count in [0, 1, 2, 3, 64] {
                    let (mut run, mut each) = (Vec::new(), Vec::new());
                    let mut writer = BatchWriter::begin(RequestId::from(1), 5, &mut run);
                    let mut one_by_one = BatchWriter::begin(RequestId::from(1), 5, &mut each);
                    for generation in 0..sources {
                        let other = Outcome::Verdict(Verdict { generation, ..verdict });
                        writer.push(&other);
                        one_by_one.push(&other);
                    }
                    writer.push_run(&verdict, count);
                    (0..count).for_each(|_| one_by_one.push(&Outcome::Verdict(verdict)));
                    assert_eq!(writer.next, one_by_one.next);
                    writer.finish(true);
                    one_by_one.finish(true);
                    assert_eq!(run, each, "{verdict:?} {sources} {count}");
                }
            }
        }
    }

    #[test]
    fn a_repeated_verdict_is_as_if_it_were_written_each_time() {
        let ids = [1, 63, 64, 16_383, 16_384, 9, 1 << 30, (1 << 62) - 1, 2];
        let mut repeated = RepeatedVerdict::default();
        for verdict in verdicts() {
            let (mut copied, mut written) = (vec![9], vec![9]);
            repeated.set(&verdict);
            for request in ids.into_iter().filter_map(RequestId::new) {
                repeated.encode(request, &mut copied);
                encode_verdict(request, &verdict, &mut written);
            }
            assert_eq!(copied, written, "{verdict:?}");
            let requests: Vec<_> = ids.into_iter().cycle().take(50).filter_map(RequestId::new).collect();
            for range in [0..0, 0..1, 1..3, 0..50] {
                let requests = requests.get(range).unwrap();
                let (mut together, mut each) = (vec![9], vec![9]);
                repeated.encode_all(requests, &mut together);
                requests.iter().for_each(|request| encode_verdict(*request, &verdict, &mut each));
                assert_eq!(together, each, "{verdict:?}");
            }
        }
        // What was never set has no message.
        let mut empty = Vec::new();
        RepeatedVerdict::default().encode(RequestId::from(1), &mut empty);
        assert!(Frame::take(&mut empty.as_slice(), 100).is_ok_and(|frame| frame.is_some()));
    }
}
