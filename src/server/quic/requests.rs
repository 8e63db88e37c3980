//! From a request to its answer, without waiting: what can be said at once is written at once, the rest is left to
//! [`Late`].

use std::sync::Arc;

use super::answerer::{About, Answerer, Asked, InfoStart, Refusal, Reply};
use super::counters::{Counter, Tally};
use super::late::{Late, count_verdict};
use super::session::Session;
use super::settings::OtherTimes;
use crate::types::SerialRef;
use crate::wire::{
    Batch, BatchWriter, ErrorCode, Failure, Frame, Handle, InfoRequest, Options, Outcome, Question, Request,
    RequestId, Resolve, Resolved, Subscribe, Target, encode_verdict,
};

/// How requests came, and so which are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channel {
    /// On a stream.
    Stream,
    /// In a datagram: questions alone.
    Datagram,
}

/// The requests of one stream, or of the datagrams of a connection.
pub(super) struct Requests<A: Answerer> {
    pub(super) session: Arc<Session<A>>,
    channel: Channel,
    pub(super) late: Late,
    pub(super) tally: Tally,
}

/// Serials that are looked up together: enough for their cache misses to overlap.
const GROUP: usize = 64;
/// Octets of a page of authorities.
const PAGE: usize = 16_000;

impl<A: Answerer> Requests<A> {
    pub(super) fn new(session: Arc<Session<A>>, channel: Channel) -> Self {
        Self { session, channel, late: Late::default(), tally: Tally::default() }
    }

    /// Appends what there is to say to a frame.
    #[inline]
    pub(super) fn take(&mut self, frame: &Frame<'_>, out: &mut Vec<u8>) {
        let id = frame.request;
        let request = match Request::decode(frame, &self.session.settings().limits) {
            Ok(Some(request)) => request,
            Ok(None) => return,
            Err(error) => return self.refuse(id, &Refusal::new(error.code(), error.to_string()), out),
        };
        if !self.session.is_established() {
            if !frame.frame_type.allowed_early() {
                let text = "not before the handshake is complete";
                return self.refuse(id, &Refusal::new(ErrorCode::TooEarly, text), out);
            }
            if let Request::Ask(_) | Request::Batch(_) = &request {
                self.tally.count(Counter::Early);
            }
        }
        if self.late.is_open(id) && request != Request::Cancel {
            let text = "a request of this id is open";
            return self.refuse(id, &Refusal::new(ErrorCode::RequestIdInUse, text), out);
        }
        let refused = match request {
            Request::Ask(question) => self.ask(id, &question, out),
            Request::Batch(batch) => self.batch(id, &batch, out),
            Request::Cancel => self.cancel(id),
            _ if self.channel == Channel::Datagram => {
                Err(Refusal::new(ErrorCode::UnsupportedType, "datagrams are for questions"))
            }
            Request::Resolve(resolve) => self.resolve(id, &resolve, out),
            Request::Info(info) => {
                self.info(id, info, out);
                Ok(())
            }
            Request::Subscribe(subscribe) => self.subscribe(id, &subscribe),
        };
        if let Err(refusal) = refused {
            self.refuse(id, &refusal, out);
        }
    }

    /// Appends an error.
    #[cold]
    pub(super) fn refuse(&mut self, id: RequestId, refusal: &Refusal, out: &mut Vec<u8>) {
        self.tally.count(Counter::Errors);
        Failure { code: refusal.code, text: &refusal.text }.encode(id, out);
    }

    /// Adds what was counted to the counters of the server.
    pub(super) fn flush_tally(&mut self) {
        self.session.flush(&mut self.tally);
    }

    #[inline]
    fn ask(&mut self, id: RequestId, question: &Question<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        self.check(&question.options)?;
        let session = &self.session;
        let about = match question.target {
            Target::Serial { authority, serial } => {
                self.tally.count(Counter::BySerial);
                let authority = session.handles.get(authority).ok_or_else(|| unknown_handle(authority))?;
                About::Serial { authority, serial }
            }
            Target::CertId { issuer, serial } => {
                self.tally.count(Counter::ByCertId);
                About::CertId { issuer, serial }
            }
            Target::Certificate { certificate, issuer } => {
                self.tally.count(Counter::ByCertificate);
                About::Certificate { certificate, issuer }
            }
        };
        let asked = Asked { about, options: question.options };
        match session.answerer().answer_now(&asked) {
            Reply::Verdict(verdict) => {
                count_verdict(&verdict, &mut self.tally);
                encode_verdict(id, &verdict, out);
                Ok(())
            }
            Reply::Refused(refusal) => Err(refusal),
            Reply::Later => {
                let permit = session.permit()?;
                self.tally.count(Counter::Late);
                self.late.ask(session, id, None, asked.to_late(), permit);
                Ok(())
            }
        }
    }

    fn batch(&mut self, id: RequestId, batch: &Batch<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        self.check(&batch.options)?;
        let count = u32::try_from(batch.len()).unwrap_or(u32::MAX);
        self.tally.add(Counter::InBatches, count);
        let mut answers = BatchAnswers {
            writer: Some(BatchWriter::begin(id, 0, out)),
            requests: self,
            id,
            options: batch.options,
            number: 0,
            pending: false,
        };
        let mut items = batch.iter();
        // Neighbours of one authority are looked up together.
        let mut group = [SerialRef::ZERO; GROUP];
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
        let pending = answers.pending;
        if let Some(writer) = answers.writer.take() {
            writer.finish(!pending);
        }
        Ok(())
    }

    fn resolve(&mut self, id: RequestId, resolve: &Resolve<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let handle = resolve.handle;
        let (authority, presence) = self.session.answerer().resolve(&resolve.authority)?;
        self.session.handles.bind(handle, &authority)?;
        Resolved { handle, presence }.encode(id, out);
        Ok(())
    }

    fn info(&mut self, id: RequestId, info: InfoRequest, out: &mut Vec<u8>) {
        self.session.answerer().info(InfoStart::new(id, info.first, PAGE, out));
    }

    fn subscribe(&mut self, id: RequestId, subscribe: &Subscribe<'_>) -> Result<(), Refusal> {
        let find = |handle: Handle| {
            let authority = self.session.handles.get(handle).cloned();
            authority.map(|authority| (handle, authority)).ok_or_else(|| unknown_handle(handle))
        };
        let authorities = subscribe.authorities().map(find).collect::<Result<_, _>>()?;
        let permit = self.session.subscription_permit()?;
        self.late.subscribe(&self.session, id, authorities, permit);
        Ok(())
    }

    fn cancel(&mut self, id: RequestId) -> Result<(), Refusal> {
        if self.late.cancel(id) {
            return Err(Refusal::new(ErrorCode::Cancelled, "cancelled"));
        }
        Ok(())
    }

    #[inline]
    fn check(&self, options: &Options) -> Result<(), Refusal> {
        if options.at.is_some() && self.session.settings().other_times == OtherTimes::Refuse {
            return Err(Refusal::new(ErrorCode::TimeNotAllowed, "this server answers about now alone"));
        }
        Ok(())
    }
}

/// The answers to one batch, as they are found.
struct BatchAnswers<'r, 'o, A: Answerer> {
    requests: &'r mut Requests<A>,
    /// There until the end.
    writer: Option<BatchWriter<'o>>,
    id: RequestId,
    options: Options,
    number: u32,
    /// Whether an answer comes later.
    pending: bool,
}

impl<A: Answerer> BatchAnswers<'_, '_, A> {
    fn group(&mut self, handle: Handle, serials: &[SerialRef<'_>]) {
        let session = Arc::clone(&self.requests.session);
        let Some(authority) = session.handles.get(handle) else {
            return serials.iter().for_each(|_| self.push(&Outcome::Failed(ErrorCode::UnknownHandle)));
        };
        let mut serials_left = serials.iter();
        let options = self.options;
        session.answerer().answer_serials(authority, serials, &options, |reply| {
            let Some(serial) = serials_left.next() else { return };
            let outcome = match reply {
                Reply::Verdict(verdict) => Outcome::Verdict(verdict),
                Reply::Refused(refusal) => Outcome::Failed(refusal.code),
                Reply::Later => match session.permit() {
                    Err(refusal) => Outcome::Failed(refusal.code),
                    Ok(permit) => {
                        let asked = Asked { about: About::Serial { authority, serial: *serial }, options };
                        let (id, item) = (self.id, Some(self.number));
                        self.requests.late.ask(&session, id, item, asked.to_late(), permit);
                        Outcome::Pending
                    }
                },
            };
            self.push(&outcome);
        });
        // An answerer that forgets a question must not shift the answers to the others.
        serials_left.for_each(|_| self.push(&Outcome::Failed(ErrorCode::Internal)));
    }

    #[inline]
    fn push(&mut self, outcome: &Outcome) {
        let tally = &mut self.requests.tally;
        match outcome {
            Outcome::Verdict(verdict) => count_verdict(verdict, tally),
            Outcome::Failed(_) => tally.count(Counter::Errors),
            Outcome::Pending => {
                self.pending = true;
                tally.count(Counter::Late);
            }
        }
        self.number += 1;
        if let Some(writer) = &mut self.writer {
            writer.push(outcome);
        }
        self.writer = self.writer.take().map(BatchWriter::split);
    }
}

#[cold]
fn unknown_handle(handle: Handle) -> Refusal {
    Refusal::new(ErrorCode::UnknownHandle, format!("no authority has the handle {}", handle.0))
}
