//! Many requests on one stream. Whoever asks writes into a common buffer; one task sends what is there, another reads
//! the answers and wakes those who wait.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use quinn::{Connection, RecvStream, SendStream};

use super::authorities::Authorities;
use super::error::ClientError;
use super::slots::{Awaited, Response, Slots, check_length};
use crate::wire::{
    Answer, CloseCode, Frame, FrameDecoder, Handle, Limits, RequestId, WireError, encode_cancel,
};

/// Pieces of the stream that are read at once.
const PIECES: usize = 32;
/// Octets that a buffer may have to be used again.
const KEEP: usize = 256 << 10;

/// The requests of one stream.
#[derive(Debug)]
pub(super) struct Pipeline {
    state: Mutex<State>,
    authorities: Arc<Authorities>,
    /// The longest request that the server reads.
    max_frame: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    /// Requests that were not sent.
    out: Vec<u8>,
    slots: Slots,
    /// The task that sends, when it has nothing to do.
    sender: Option<Waker>,
    /// Handles below this were resolved on this connection, or will be before anything that is sent from now on.
    resolved: u32,
    /// Handles below this the server has answered about: whatever comes to it from now on, on any stream, may use them.
    answered: u32,
    /// Nothing more will be asked.
    closing: bool,
}

impl Pipeline {
    /// Begins on a new stream.
    pub(super) fn start(
        connection: &Connection,
        (send, recv): (SendStream, RecvStream),
        authorities: Arc<Authorities>,
        lost: impl Fn(String) -> ClientError + Send + 'static,
    ) -> Arc<Self> {
        let max_frame = AtomicUsize::new(Limits::default().max_frame);
        let pipeline = Arc::new(Self { state: Mutex::default(), authorities, max_frame });
        tokio::spawn(send_all(Arc::clone(&pipeline), send));
        let (own, connection) = (Arc::clone(&pipeline), connection.clone());
        tokio::spawn(async move {
            let error = match read_all(&own, recv).await {
                Ok(()) => lost("the server ended the stream".to_owned()),
                Err(Some(error)) => {
                    connection.close(CloseCode::UnexpectedFrame.number().into(), b"");
                    error
                }
                Err(None) => lost(
                    connection
                        .close_reason()
                        .map_or_else(|| "the stream ended".to_owned(), |why| why.to_string()),
                ),
            };
            own.fail(&error);
        });
        pipeline
    }

    /// Adds a request. `highest` is the highest handle it needs: those that this connection has not heard of are
    /// resolved before it, in the same flight.
    pub(super) fn request(
        self: &Arc<Self>,
        highest: Option<Handle>,
        awaited: Awaited,
        write: impl FnOnce(RequestId, &mut Vec<u8>),
    ) -> Result<Waiting, ClientError> {
        let mut state = self.lock();
        if let Some(highest) = highest {
            self.resolve_up_to(&mut state, highest)?;
        }
        let number = state.slots.open(awaited)?;
        let start = state.out.len();
        write(RequestId::from(number), &mut state.out);
        if let Err(error) = check_length(&mut state.out, start, self.max_frame()) {
            state.slots.give_up(number);
            return Err(error);
        }
        wake(&mut state);
        drop(state);
        Ok(Waiting { pipeline: Arc::clone(self), number, waits: true })
    }

    /// Ends a subscription.
    pub(super) fn cancel(&self, number: u32) {
        let mut state = self.lock();
        encode_cancel(RequestId::from(number), &mut state.out);
        wake(&mut state);
    }

    /// Why nothing can be asked any more, if that is so.
    pub(super) fn failed(&self) -> Option<ClientError> {
        self.lock().slots.failed().cloned()
    }

    /// Whether the server has taken a handle, so that a question that comes another way cannot overtake what it means.
    pub(super) fn knows(&self, handle: Handle) -> bool {
        handle.0 < self.lock().answered
    }

    /// The longest request that the server reads.
    pub(super) fn max_frame(&self) -> usize {
        self.max_frame.load(Ordering::Relaxed)
    }

    /// The server has said what it reads.
    pub(super) fn allow(&self, max_frame: usize) {
        self.max_frame.store(max_frame, Ordering::Relaxed);
    }

    /// Sends what is there and ends the stream.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closing = true;
        wake(&mut state);
    }

    fn resolve_up_to(&self, state: &mut State, highest: Handle) -> Result<(), ClientError> {
        while state.resolved <= highest.0 {
            let handle = Handle(state.resolved);
            // Nobody waits for these answers; a question whose handle was refused is refused itself.
            let number = state.slots.open(Awaited::Single)?;
            let known = self.authorities.resolve(handle, RequestId::from(number), &mut state.out);
            if !known {
                state.slots.give_up(number);
                break;
            }
            state.slots.abandon(number);
            state.resolved += 1;
        }
        Ok(())
    }

    fn fail(&self, error: &ClientError) {
        let mut state = self.lock();
        state.slots.fail(error);
        wake(&mut state);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the state as whole as it was.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(state: &mut State) {
    if let Some(sender) = state.sender.take() {
        sender.wake();
    }
}

/// Sends requests as they come, all that are there at once.
async fn send_all(pipeline: Arc<Pipeline>, mut send: SendStream) {
    let mut buffer = Vec::new();
    loop {
        let go_on = poll_fn(|context| {
            let mut state = pipeline.lock();
            if !state.out.is_empty() {
                std::mem::swap(&mut buffer, &mut state.out);
                return Poll::Ready(true);
            }
            if state.closing || state.slots.failed().is_some() {
                return Poll::Ready(false);
            }
            state.sender = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
        if !go_on || send.write_all(&buffer).await.is_err() {
            // If the stream is broken, the reader tells why.
            let _ = send.finish();
            return;
        }
        buffer.clear();
        buffer.shrink_to(KEEP);
    }
}

/// Reads answers until the stream ends. `Err(None)` if it broke, an error if the server does not keep to the protocol.
async fn read_all(pipeline: &Pipeline, mut recv: RecvStream) -> Result<(), Option<ClientError>> {
    let mut decoder = FrameDecoder::new(Limits::FRAME_CEILING);
    let mut pieces: [Bytes; PIECES] = std::array::from_fn(|_| Bytes::new());
    loop {
        let count = match recv.read_chunks(&mut pieces).await {
            Ok(Some(count)) => count,
            Ok(None) => return decoder.finish().map_err(|error| Some(error.into())),
            Err(_) => return Err(None),
        };
        let mut state = pipeline.lock();
        for piece in pieces.iter_mut().take(count) {
            let piece = std::mem::take(piece);
            let mut input = &piece[..];
            while let Some(frame) = decoder.next(&mut input).map_err(|error| Some(error.into()))? {
                if let Some(handle) = take(&mut state.slots, &frame).map_err(Some)? {
                    // Those below it were told on this stream before it.
                    state.answered = state.answered.max(handle.0.saturating_add(1));
                    state.resolved = state.resolved.max(state.answered);
                }
            }
        }
    }
}

/// Takes one frame of the server; tells which handle the server has taken if it says so.
pub(super) fn take(slots: &mut Slots, frame: &Frame<'_>) -> Result<Option<Handle>, ClientError> {
    match Answer::decode(frame) {
        Ok(Some(answer)) => {
            slots.take(frame.request, &answer)?;
            Ok(if let Answer::Resolved(resolved) = answer { Some(resolved.handle) } else { None })
        }
        Ok(None) => Ok(None),
        // A fact that this version does not know spoils one answer, a frame it does not know the connection.
        Err(error @ WireError::UnexpectedType { .. }) => Err(error.into()),
        Err(error) => slots.spoil(frame.request, error.into()).map(|()| None),
    }
}

/// A request that waits for its answer.
#[derive(Debug)]
pub(super) struct Waiting {
    pipeline: Arc<Pipeline>,
    number: u32,
    waits: bool,
}

impl Waiting {
    pub(super) fn number(&self) -> u32 {
        self.number
    }
}

impl Future for Waiting {
    type Output = Result<Response, ClientError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self.pipeline.lock().slots.poll(self.number, context);
        if polled.is_ready() {
            self.waits = false;
        }
        polled
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.waits {
            let endless = self.pipeline.lock().slots.abandon(self.number);
            if endless {
                self.pipeline.cancel(self.number);
            }
        }
    }
}
