//! One bidirectional stream, from the first frame to the last.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use quinn::{Connection, ReadError, RecvStream, SendStream, WriteError};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::answerer::{Answerer, Refusal};
use super::counters::Counter;
use super::late::LateEvent;
use super::poll::ready;
use super::requests::{Channel, FLUSH, Requests};
use super::session::Session;
use crate::wire::{CloseCode, ErrorCode, FrameDecoder, RequestId};

/// Pieces that are read at once; each is at most a packet.
const PIECES: usize = 32;
/// Octets of a new buffer for answers: of a batch, or of some questions.
const ROOM: usize = 512;
/// Octets that a buffer may have to be used again.
const KEEP: usize = 256 << 10;

/// A stream that is being served.
pub(super) struct Stream<A: Answerer> {
    send: SendStream,
    recv: RecvStream,
    requests: Requests<A>,
    decoder: FrameDecoder,
    /// Frames that were read.
    frames: u64,
    /// Answers, the first `sent` octets of which are sent.
    out: Vec<u8>,
    sent: usize,
    /// Octets that the connection was told this stream keeps.
    kept: usize,
    reading: Reading,
    /// Whether the connection counts this stream among those with a task.
    counted: bool,
}

/// Memory that one stream leaves to the next.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    /// For answers.
    out: Vec<u8>,
    /// For a frame that comes in pieces.
    begun: Vec<u8>,
}

/// How far the client's side is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// More may come.
    Open,
    /// Everything has come.
    Finished,
    /// What came cannot be read any further; the stream ends when that is said.
    Broken(CloseCode),
}

/// Why a stream ends before its time.
#[derive(Debug)]
enum Ended {
    /// The client, or the connection, is gone.
    Gone,
    /// The client does not take its answers or does not complete a frame, or keeps too much here.
    Client(CloseCode),
}

impl From<WriteError> for Ended {
    fn from(_: WriteError) -> Self {
        Self::Gone
    }
}

impl<A: Answerer> Stream<A> {
    /// Takes over a new stream, with buffers which [`Stream::begin`] gives back.
    pub(super) fn new(
        session: Arc<Session<A>>,
        (send, recv): (SendStream, RecvStream),
        Buffers { out, begun }: Buffers,
    ) -> Self {
        let decoder = FrameDecoder::with_buffer(session.settings().limits.max_frame, begun);
        let requests = Requests::new(session, Channel::Stream);
        let reading = Reading::Open;
        Self { send, recv, requests, decoder, frames: 0, out, sent: 0, kept: 0, reading, counted: false }
    }

    /// Does what can be done without waiting, which for a stream of one question is everything. Otherwise a task goes
    /// on with it. Gives buffers back.
    pub(super) async fn begin(mut self, connection: &Connection, pieces: &mut [Bytes]) -> Buffers {
        let ended = match self.advance(pieces).await {
            Ok(ended) => ended,
            Err(ended) => {
                self.end(&ended);
                true
            }
        };
        if ended {
            self.out.clear();
            return self.take_buffers();
        }
        self.requests.session.stream_began();
        self.counted = true;
        let buffers = self.take_buffers();
        tokio::spawn(self.run(connection.clone()));
        buffers
    }

    /// Those that are empty, so that the next stream can have them.
    fn take_buffers(&mut self) -> Buffers {
        let is_free = self.out.is_empty() && self.out.capacity() <= KEEP;
        let out = if is_free { std::mem::take(&mut self.out) } else { Vec::new() };
        Buffers { out, begun: self.decoder.take_buffer() }
    }

    /// Serves until the stream ends.
    async fn run(mut self, connection: Connection) {
        if let Err(ended) = self.serve(&connection).await {
            self.end(&ended);
        }
    }

    async fn serve(&mut self, connection: &Connection) -> Result<(), Ended> {
        let mut pieces: [Bytes; PIECES] = std::array::from_fn(|_| Bytes::new());
        let stall = self.requests.session.settings().stall_timeout;
        let mut draining = self.requests.session.shared.draining.subscribe();
        let mut is_draining = *draining.borrow();
        let mut drains = pin!(async {
            let _ = draining.wait_for(|draining| *draining).await;
        });
        // When the frame that has begun must be complete. Frames come and go much faster than times pass, so the alarm
        // is not moved with them: it rings at or before the deadline, and is set anew then.
        let mut deadline: Option<Instant> = self.unfinished(None, stall);
        let mut alarm = pin!(sleep(stall));
        // When a stream that is no longer wanted ends.
        let mut quiet: Option<Instant> = None;
        loop {
            self.flush(stall).await?;
            if !self.is_wanted() {
                self.finish()?;
                if is_draining {
                    // The connection is closed when its streams are done, and what is not acknowledged then is lost.
                    let _ = timeout(stall, self.send.stopped()).await;
                }
                return Ok(());
            }
            let reading = self.reading == Reading::Open;
            if is_draining {
                self.say_goodbye();
                quiet.get_or_insert_with(|| Instant::now() + linger(connection));
                self.flush(stall).await?;
            }
            tokio::select! {
                read = self.recv.read_chunks(&mut pieces), if reading => {
                    let before = self.frames;
                    self.take(read, &mut pieces, Some(stall)).await?;
                    let same_frame = self.frames == before;
                    deadline = self.unfinished(deadline.filter(|_| same_frame), stall);
                    quiet = None;
                }
                event = self.requests.late.next() => self.take_late(event),
                () = &mut alarm, if deadline.is_some() => {
                    let now = Instant::now();
                    match deadline {
                        Some(deadline) if deadline > now => alarm.as_mut().reset(deadline),
                        _ => return Err(Ended::Client(CloseCode::TooSlow)),
                    }
                }
                () = at(quiet), if self.requests.late.is_empty() => {
                    // Nothing came for a while after the client was told to go elsewhere.
                    self.reading = Reading::Finished;
                }
                () = &mut drains, if !is_draining => is_draining = true,
            }
            self.account()?;
        }
    }

    /// Reads and answers what is there; `true` if the stream is done with.
    async fn advance(&mut self, pieces: &mut [Bytes]) -> Result<bool, Ended> {
        while self.reading == Reading::Open {
            let Some(read) = ready(self.recv.read_chunks(pieces)).await else { break };
            self.take(read, pieces, None).await?;
            if self.out.len() > FLUSH {
                break;
            }
        }
        self.account()?;
        self.requests.flush_tally();
        self.flush_now().await?;
        if self.sent == self.out.len() && !self.is_wanted() {
            self.finish()?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Whether anything can still happen on this stream.
    fn is_wanted(&self) -> bool {
        match self.reading {
            Reading::Open => true,
            Reading::Finished => !self.requests.late.is_empty(),
            Reading::Broken(_) => false,
        }
    }

    /// Takes pieces of the stream that were read. With a time to wait, long answers are sent in between.
    async fn take(
        &mut self,
        read: Result<Option<usize>, ReadError>,
        pieces: &mut [Bytes],
        stall: Option<Duration>,
    ) -> Result<(), Ended> {
        let count = match read {
            Ok(Some(count)) => count,
            Ok(None) => {
                self.reading = Reading::Finished;
                if let Err(error) = self.decoder.finish() {
                    self.break_off(&Refusal::new(error.code(), error.to_string()));
                }
                return Ok(());
            }
            Err(_) => return Err(Ended::Gone),
        };
        if self.out.capacity() == 0 {
            self.out.reserve(ROOM);
        }
        for piece in pieces.iter_mut().take(count) {
            let piece = std::mem::take(piece);
            let mut input = &piece[..];
            loop {
                // What arrived in one piece is read where it lies, many frames at a time.
                let whole = match self.decoder.buffered() {
                    0 => self.requests.take_all(&mut input, &mut self.out),
                    _ => Ok(0),
                };
                self.frames = self.frames.wrapping_add(*whole.as_ref().unwrap_or(&0));
                match whole.and_then(|_| self.decoder.next(&mut input)) {
                    Ok(Some(frame)) => {
                        let taken = self.requests.take_with_next(&frame, &mut input, &mut self.out);
                        self.frames = self.frames.wrapping_add(taken);
                    }
                    Ok(None) => break,
                    Err(error) => {
                        self.break_off(&Refusal::new(error.code(), error.to_string()));
                        return Ok(());
                    }
                }
                if let Some(stall) = stall.filter(|_| self.out.len() > FLUSH) {
                    self.flush(stall).await?;
                }
            }
        }
        Ok(())
    }

    fn take_late(&mut self, event: LateEvent) {
        match event {
            LateEvent::Frames(frames) => self.out.extend_from_slice(&frames),
            LateEvent::Done(done) => {
                self.requests.late.write(&done, &mut self.requests.tally, &mut self.out);
            }
        }
    }

    /// Nobody knows where the next frame begins.
    fn break_off(&mut self, refusal: &Refusal) {
        self.requests.tally.count(Counter::BrokenStreams);
        self.requests.refuse(RequestId::NONE, refusal, &mut self.out);
        self.reading = Reading::Broken(CloseCode::BrokenFraming);
    }

    /// Ends subscriptions, because the server stops.
    fn say_goodbye(&mut self) {
        for request in self.requests.late.end_subscriptions() {
            let refusal = Refusal::new(ErrorCode::ShuttingDown, "the server stops");
            self.requests.refuse(request, &refusal, &mut self.out);
        }
    }

    /// When the frame that has begun must be complete, if one has.
    fn unfinished(&self, deadline: Option<Instant>, stall: Duration) -> Option<Instant> {
        (self.decoder.buffered() > 0).then(|| deadline.unwrap_or_else(|| Instant::now() + stall))
    }

    /// Tells the connection how much this stream keeps.
    fn account(&mut self) -> Result<(), Ended> {
        let kept = self.decoder.buffered() + self.out.len().saturating_sub(self.sent);
        let within = self.requests.session.rebuffer(self.kept, kept);
        self.kept = kept;
        if within { Ok(()) } else { Err(Ended::Client(CloseCode::LimitExceeded)) }
    }

    /// Sends what there is room for.
    async fn flush_now(&mut self) -> Result<(), Ended> {
        while let Some(rest) = self.out.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match ready(self.send.write(rest)).await {
                None => return Ok(()),
                Some(written) => self.sent += written?,
            }
        }
        self.sent = 0;
        self.out.clear();
        Ok(())
    }

    /// Sends everything.
    async fn flush(&mut self, stall: Duration) -> Result<(), Ended> {
        self.requests.flush_tally();
        self.flush_now().await?;
        while let Some(rest) = self.out.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match timeout(stall, self.send.write(rest)).await {
                Err(_) => return Err(Ended::Client(CloseCode::TooSlow)),
                Ok(written) => self.sent += written?,
            }
        }
        self.sent = 0;
        if self.out.capacity() > KEEP {
            self.out = Vec::new();
        }
        self.out.clear();
        Ok(())
    }

    /// Everything is said.
    fn finish(&mut self) -> Result<(), Ended> {
        if let Reading::Broken(code) = self.reading {
            let _ = self.recv.stop(code.number().into());
        }
        self.send.finish().map_err(|_| Ended::Gone)
    }

    fn end(&mut self, ended: &Ended) {
        if let Ended::Client(code) = ended {
            self.requests.tally.count(Counter::Stalled);
            let _ = self.send.reset(code.number().into());
            let _ = self.recv.stop(code.number().into());
        }
    }
}

impl<A: Answerer> Drop for Stream<A> {
    fn drop(&mut self) {
        let session = &self.requests.session;
        session.rebuffer(self.kept, 0);
        if self.counted {
            session.stream_ended();
        }
        self.requests.flush_tally();
    }
}

/// How long requests may still be on their way from a client that was told to go elsewhere.
pub(super) fn linger(connection: &Connection) -> Duration {
    (connection.rtt() * 3).max(Duration::from_millis(50))
}

/// Waits for a moment, or for ever.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
