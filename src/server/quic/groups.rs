//! Questions about serials that are answered together: those of a batch, and those that follow each other on a stream.
//!
//! What they have in common is found once for all: the generation in force, the authority in it, the time, the page of
//! counters. Their lookups overlap, and the verdict that most of them have is written once and copied.

use std::sync::Arc;

use super::answerer::{About, Answerer, Asked, GroupReply, Refusal, Reply};
use super::counters::{Counter, Tally};
use super::late::{Late, counter_of};
use super::requests::{Requests, refuse, unknown_handle};
use super::session::Session;
use crate::types::{SerialRef, Verdict};
use crate::wire::{
    Batch, BatchWriter, ErrorCode, Frame, FrameType, Handle, Options, Outcome, Question, RequestId, Target,
    encode_verdict,
};

/// Serials that are looked up together: enough for their cache misses to overlap.
const GROUP: usize = 64;

impl<A: Answerer> Requests<A> {
    /// Appends the answers to a question and to those behind it that go together with it, which are taken off `input`.
    /// Tells how many those were.
    pub(super) fn ask_with_next<'q, 'i: 'q>(
        &mut self,
        frame: &Frame<'q>,
        question: &Question<'q>,
        input: &mut &'i [u8],
        out: &mut Vec<u8>,
    ) -> u64 {
        let Target::Serial { authority, serial } = question.target else { return 0 };
        let max_frame = self.session.settings().limits.max_frame;
        let head = Question::split_serial(frame.message).map(|(head, _)| head);
        let mut ids = [frame.request; GROUP];
        let mut serials = [serial; GROUP];
        let mut length = 1;
        for (place, serial) in ids.iter_mut().zip(&mut serials).skip(1) {
            let Some((id, next)) = next_of(authority, &question.options, head, input, max_frame) else {
                break;
            };
            (*place, *serial) = (id, next);
            length += 1;
        }
        let (ids, serials) = (ids.get(..length).unwrap_or(&ids), serials.get(..length).unwrap_or(&serials));
        self.ask_serials(ids, authority, serials, &question.options, out);
        u64::try_from(length - 1).unwrap_or(0)
    }

    /// Appends the answers to single questions about serials of one authority, with one id for each.
    pub(super) fn ask_serials(
        &mut self,
        ids: &[RequestId],
        handle: Handle,
        serials: &[SerialRef<'_>],
        options: &Options,
        out: &mut Vec<u8>,
    ) {
        self.tally.add(Counter::BySerial, number(ids.len()));
        if let Err(refusal) = self.check(options) {
            return ids.iter().for_each(|id| self.refuse(*id, &refusal, out));
        }
        let Self { session, late, tally, repeated, .. } = self;
        let Some(authority) = session.handles.get(handle) else {
            let refusal = unknown_handle(handle);
            return ids.iter().for_each(|id| refuse(tally, *id, &refusal, out));
        };
        let mut asked = ids.iter().zip(serials);
        session.answerer().answer_serials(authority, serials, options, |reply| {
            let reply = match reply {
                GroupReply::Usual(verdict, 1) => Reply::Verdict(*verdict),
                GroupReply::Usual(verdict, count) => {
                    repeated.set(verdict);
                    let mut in_use = 0;
                    if late.is_empty() {
                        let from = ids.len().saturating_sub(asked.len());
                        let these = ids.get(from..).unwrap_or_default();
                        repeated.encode_all(these.get(..count).unwrap_or(these), out);
                        asked.by_ref().take(count).for_each(drop);
                    } else {
                        for (id, _) in asked.by_ref().take(count) {
                            if late.is_open(*id) {
                                refuse(tally, *id, &id_in_use(), out);
                                in_use += 1;
                            } else {
                                repeated.encode(*id, out);
                            }
                        }
                    }
                    return tally.add(counter_of(verdict), number(count).saturating_sub(in_use));
                }
                GroupReply::Own(reply) => reply,
            };
            let Some((id, serial)) = asked.next() else { return };
            let refusal = match reply {
                _ if late.is_open(*id) => id_in_use(),
                Reply::Verdict(verdict) => {
                    tally.count(counter_of(&verdict));
                    return encode_verdict(*id, &verdict, out);
                }
                Reply::Refused(refusal) => refusal,
                Reply::Later => match session.permit() {
                    Err(refusal) => refusal,
                    Ok(permit) => {
                        tally.count(Counter::Late);
                        let about = About::Serial { authority, serial: *serial };
                        let late_question = Asked { about, options: *options }.to_late();
                        return late.ask(session, *id, None, late_question, permit);
                    }
                },
            };
            refuse(tally, *id, &refusal, out);
        });
        // An answerer that forgets a question must not leave its client waiting.
        let forgotten = Refusal::new(ErrorCode::Internal, "there is no answer");
        asked.for_each(|(id, _)| refuse(tally, *id, &forgotten, out));
    }

    /// Appends the answers to a batch, as far as they are there.
    pub(super) fn answer_batch(&mut self, id: RequestId, batch: &Batch<'_>, out: &mut Vec<u8>) {
        self.tally.add(Counter::InBatches, number(batch.len()));
        let mut answers = BatchAnswers {
            session: &self.session,
            late: &mut self.late,
            tally: &mut self.tally,
            writer: BatchWriter::begin(id, 0, out),
            id,
            options: batch.options,
            number: 0,
            pending: false,
        };
        let mut items = batch.iter();
        let mut group = [SerialRef::ZERO; GROUP];
        if let Some(authority) = batch.authority() {
            loop {
                let filled =
                    group.iter_mut().zip(items.by_ref()).map(|(place, (_, serial))| *place = serial).count();
                match group.get(..filled) {
                    Some(serials @ [_, ..]) => answers.group(authority, serials),
                    _ => break,
                }
            }
        }
        // Of a mixed batch, neighbours of one authority are looked up together.
        let mut next = items.next();
        while let Some((authority, serial)) = next.take() {
            let mut length = 1;
            group[0] = serial;
            for (other, serial) in items.by_ref() {
                match group.get_mut(length).filter(|_| other == authority) {
                    Some(place) => *place = serial,
                    None => {
                        next = Some((other, serial));
                        break;
                    }
                }
                length += 1;
            }
            answers.group(authority, group.get(..length).unwrap_or_default());
        }
        answers.writer.finish(!answers.pending);
    }
}

/// The question in front of `input`, if it is about a serial of this authority with these options, which are what stands
/// behind `head`; it is taken off then.
#[inline]
fn next_of<'i>(
    authority: Handle,
    options: &Options,
    head: Option<[u8; 2]>,
    input: &mut &'i [u8],
    max_frame: usize,
) -> Option<(RequestId, SerialRef<'i>)> {
    let mut rest = *input;
    let frame = Frame::take(&mut rest, max_frame).ok()??;
    if frame.frame_type != FrameType::ASK_SERIAL {
        return None;
    }
    if let Some((own, serial)) = Question::split_serial(frame.message)
        && head == Some(own)
    {
        let serial = SerialRef::new(serial).ok()?;
        *input = rest;
        return Some((frame.request, serial));
    }
    // One that cannot be read has its turn alone.
    let Ok(Question { target: Target::Serial { authority: other, serial }, options: others }) =
        Question::decode_serial(frame.message)
    else {
        return None;
    };
    if other != authority || others != *options {
        return None;
    }
    *input = rest;
    Some((frame.request, serial))
}

/// The answers to one batch, as they are found.
struct BatchAnswers<'r, 'o, A: Answerer> {
    session: &'r Arc<Session<A>>,
    late: &'r mut Late,
    tally: &'r mut Tally,
    writer: BatchWriter<'o>,
    id: RequestId,
    options: Options,
    /// Answers that are written.
    number: u32,
    /// Whether an answer comes later.
    pending: bool,
}

impl<A: Answerer> BatchAnswers<'_, '_, A> {
    fn group(&mut self, handle: Handle, serials: &[SerialRef<'_>]) {
        let session = self.session;
        let Some(authority) = session.handles.get(handle) else {
            serials.iter().for_each(|_| self.push(&Outcome::Failed(ErrorCode::UnknownHandle)));
            return self.writer.split();
        };
        let mut left = serials.iter();
        let options = self.options;
        session.answerer().answer_serials(authority, serials, &options, |reply| {
            let reply = match reply {
                GroupReply::Usual(verdict, count) => {
                    return self.push_run(verdict, left.by_ref().take(count).count());
                }
                GroupReply::Own(reply) => reply,
            };
            let Some(serial) = left.next() else { return };
            let outcome = match reply {
                Reply::Verdict(verdict) => Outcome::Verdict(verdict),
                Reply::Refused(refusal) => Outcome::Failed(refusal.code),
                Reply::Later => match session.permit() {
                    Err(refusal) => Outcome::Failed(refusal.code),
                    Ok(permit) => {
                        let asked = Asked { about: About::Serial { authority, serial: *serial }, options };
                        self.late.ask(session, self.id, Some(self.number), asked.to_late(), permit);
                        Outcome::Pending
                    }
                },
            };
            self.push(&outcome);
        });
        // An answerer that forgets a question must not shift the answers to the others.
        left.for_each(|_| self.push(&Outcome::Failed(ErrorCode::Internal)));
        self.writer.split();
    }

    fn push(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Verdict(verdict) => self.tally.count(counter_of(verdict)),
            Outcome::Failed(_) => self.tally.count(Counter::Errors),
            Outcome::Pending => {
                self.pending = true;
                self.tally.count(Counter::Late);
            }
        }
        self.number += 1;
        self.writer.push(outcome);
    }

    fn push_run(&mut self, verdict: &Verdict, count: usize) {
        let count = number(count);
        self.tally.add(counter_of(verdict), count);
        self.number += count;
        self.writer.push_run(verdict, count);
    }
}

fn id_in_use() -> Refusal {
    Refusal::new(ErrorCode::RequestIdInUse, "a request of this id is open")
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
