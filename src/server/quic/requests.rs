//! From a request to its answer, without waiting: what can be said at once is written at once, the rest is left to
//! [`Late`].

use std::sync::Arc;

use super::answerer::{About, Answerer, Asked, InfoStart, Refusal, Reply};
use super::counters::{Counter, Tally};
use super::late::{Late, counter_of};
use super::session::Session;
use super::settings::OtherTimes;
use crate::wire::{
    ErrorCode, Failure, Frame, FrameType, Handle, InfoRequest, Options, Question, RepeatedVerdict, Request,
    RequestId, Resolve, Resolved, Subscribe, Target, WireError, encode_verdict,
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
    /// Room for the verdict that most questions of a group have.
    pub(super) repeated: RepeatedVerdict,
}

/// Octets of answers after which they are sent although more requests are there.
pub(super) const FLUSH: usize = 64 << 10;
/// Octets of a page of authorities.
const PAGE: usize = 16_000;

impl<A: Answerer> Requests<A> {
    pub(super) fn new(session: Arc<Session<A>>, channel: Channel) -> Self {
        let (late, tally, repeated) = (Late::default(), Tally::default(), RepeatedVerdict::default());
        Self { session, channel, late, tally, repeated }
    }

    /// Appends what there is to say to the frames that are whole in `input`, until there is much to send. Takes them off
    /// and tells how many they were.
    ///
    /// # Errors
    /// As [`Frame::take`]; nobody knows where the next frame begins.
    pub(super) fn take_all(&mut self, input: &mut &[u8], out: &mut Vec<u8>) -> Result<u64, WireError> {
        let max_frame = self.session.settings().limits.max_frame;
        let mut frames = 0;
        while out.len() <= FLUSH {
            let Some(frame) = Frame::take(input, max_frame)? else { break };
            frames += self.take_with_next(&frame, input, out);
        }
        Ok(frames)
    }

    /// Appends what there is to say to a frame, and to those behind it in `input` that go together with it, which are
    /// taken off. Tells how many they were, with the first.
    #[inline]
    pub(super) fn take_with_next<'f, 'i: 'f>(
        &mut self,
        frame: &Frame<'f>,
        input: &mut &'i [u8],
        out: &mut Vec<u8>,
    ) -> u64 {
        // A lone question, or one before the end of the handshake, has nobody to share its way with.
        if frame.frame_type == FrameType::ASK_SERIAL
            && !input.is_empty()
            && self.session.is_established()
            && let Ok(question) = Question::decode_serial(frame.message)
        {
            return self.ask_with_next(frame, &question, input, out) + 1;
        }
        self.take(frame, out);
        1
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
            Request::Batch(batch) => self.check(&batch.options).map(|()| self.answer_batch(id, &batch, out)),
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
        refuse(&mut self.tally, id, refusal, out);
    }

    /// Adds what was counted to the counters of the server.
    pub(super) fn flush_tally(&mut self) {
        self.session.flush(&mut self.tally);
    }

    #[inline]
    fn ask(&mut self, id: RequestId, question: &Question<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let about = match question.target {
            Target::Serial { authority, serial } => {
                self.ask_serials(&[id], authority, &[serial], &question.options, out);
                return Ok(());
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
        self.check(&question.options)?;
        let asked = Asked { about, options: question.options };
        match self.session.answerer().answer_now(&asked) {
            Reply::Verdict(verdict) => {
                self.tally.count(counter_of(&verdict));
                encode_verdict(id, &verdict, out);
                Ok(())
            }
            Reply::Refused(refusal) => Err(refusal),
            Reply::Later => {
                let permit = self.session.permit()?;
                self.tally.count(Counter::Late);
                self.late.ask(&self.session, id, None, asked.to_late(), permit);
                Ok(())
            }
        }
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

    /// Whether a question may be asked like this.
    #[inline]
    pub(super) fn check(&self, options: &Options) -> Result<(), Refusal> {
        if options.at.is_some() && self.session.settings().other_times == OtherTimes::Refuse {
            return Err(Refusal::new(ErrorCode::TimeNotAllowed, "this server answers about now alone"));
        }
        Ok(())
    }
}

/// Appends an error.
#[cold]
pub(super) fn refuse(tally: &mut Tally, id: RequestId, refusal: &Refusal, out: &mut Vec<u8>) {
    tally.count(Counter::Errors);
    Failure { code: refusal.code, text: &refusal.text }.encode(id, out);
}

#[cold]
pub(super) fn unknown_handle(handle: Handle) -> Refusal {
    Refusal::new(ErrorCode::UnknownHandle, format!("no authority has the handle {}", handle.0))
}
