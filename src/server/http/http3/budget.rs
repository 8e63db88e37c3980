//! Streams that give the library only so many octets that it has no use for yet.
//!
//! It keeps a frame until the whole of it is there, however long the client says that it will be, and makes room on the
//! stream for more. Here a stream ends with an error when more octets have gone in than were taken out as a body and
//! than a head and trailers may have. On the unidirectional streams of a client, which carry settings and priorities,
//! there is a number of octets for the whole life of the connection.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use h3::error::Code;
use h3::quic::{
    BidiStream, Connection, ConnectionErrorIncoming, OpenStreams, RecvStream, SendStream,
    StreamErrorIncoming, StreamId, WriteBuf,
};

/// Octets of one unidirectional stream: settings, and some thousand changes of priorities.
const CONTROL: u64 = 64 << 10;
/// What a stream may hold beside head and trailers: data that arrived together with them, and the heads of frames.
const BESIDE: u64 = 320 << 10;

/// What one stream may still give.
#[derive(Debug, Clone)]
pub(super) struct Budget(Arc<AtomicU64>);

/// The budget of the stream that was accepted last: the library does not say which one it is about to read.
#[derive(Debug, Clone, Default)]
pub(super) struct Newest(Arc<Mutex<Option<Budget>>>);

/// A connection whose streams have budgets.
pub(super) struct BudgetedConnection {
    inner: h3_quinn::Connection,
    each: u64,
    newest: Newest,
}

/// Opens streams, of which a server needs only unidirectional ones.
pub(super) struct Opener {
    inner: h3_quinn::OpenStreams,
    each: u64,
}

/// The stream of a request.
pub(super) struct Both {
    inner: h3_quinn::BidiStream<Bytes>,
    budget: Budget,
}

/// What comes in on a stream.
pub(super) struct Inward {
    inner: h3_quinn::RecvStream,
    budget: Budget,
}

impl Budget {
    fn new(octets: u64) -> Self {
        Self(Arc::new(AtomicU64::new(octets)))
    }

    /// So many octets were of use and have left.
    pub(super) fn release(&self, octets: u64) {
        self.0.fetch_add(octets, Ordering::Relaxed);
    }

    fn spend(&self, octets: usize) -> Result<(), StreamErrorIncoming> {
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        let spent =
            self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(octets));
        match spent {
            Ok(_) => Ok(()),
            Err(_) => Err(StreamErrorIncoming::Unknown(Box::new(io::Error::new(
                io::ErrorKind::QuotaExceeded,
                "a frame is longer than a head may be",
            )))),
        }
    }
}

impl Newest {
    /// The budget of the stream that was accepted last.
    pub(super) fn take(&self) -> Budget {
        let newest = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        newest.unwrap_or_else(|| Budget::new(0))
    }

    fn set(&self, budget: Budget) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(budget);
    }
}

impl BudgetedConnection {
    /// Lets each request have a head, and trailers, of `head` octets.
    pub(super) fn new(connection: quinn::Connection, head: u32, newest: Newest) -> Self {
        // A head on the wire is shorter than its measure, which counts 32 octets for each field.
        let each = BESIDE + 2 * u64::from(head);
        Self { inner: h3_quinn::Connection::new(connection), each, newest }
    }
}

impl Connection<Bytes> for BudgetedConnection {
    type RecvStream = Inward;
    type OpenStreams = Opener;

    fn poll_accept_recv(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Inward, ConnectionErrorIncoming>> {
        let accepted = Connection::<Bytes>::poll_accept_recv(&mut self.inner, context);
        accepted.map_ok(|inner| Inward { inner, budget: Budget::new(CONTROL) })
    }

    fn poll_accept_bidi(&mut self, context: &mut Context<'_>) -> Poll<Result<Both, ConnectionErrorIncoming>> {
        let inner = ready!(self.inner.poll_accept_bidi(context))?;
        let budget = Budget::new(self.each);
        self.newest.set(budget.clone());
        Poll::Ready(Ok(Both { inner, budget }))
    }

    fn opener(&self) -> Opener {
        Opener { inner: Connection::<Bytes>::opener(&self.inner), each: self.each }
    }
}

impl OpenStreams<Bytes> for BudgetedConnection {
    type BidiStream = Both;
    type SendStream = h3_quinn::SendStream<Bytes>;

    fn poll_open_bidi(&mut self, context: &mut Context<'_>) -> Poll<Result<Both, StreamErrorIncoming>> {
        let opened = self.inner.poll_open_bidi(context);
        opened.map_ok(|inner| Both { inner, budget: Budget::new(self.each) })
    }

    fn poll_open_send(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Self::SendStream, StreamErrorIncoming>> {
        self.inner.poll_open_send(context)
    }

    fn close(&mut self, code: Code, reason: &[u8]) {
        OpenStreams::<Bytes>::close(&mut self.inner, code, reason);
    }
}

impl OpenStreams<Bytes> for Opener {
    type BidiStream = Both;
    type SendStream = h3_quinn::SendStream<Bytes>;

    fn poll_open_bidi(&mut self, context: &mut Context<'_>) -> Poll<Result<Both, StreamErrorIncoming>> {
        let opened = self.inner.poll_open_bidi(context);
        opened.map_ok(|inner| Both { inner, budget: Budget::new(self.each) })
    }

    fn poll_open_send(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Self::SendStream, StreamErrorIncoming>> {
        self.inner.poll_open_send(context)
    }

    fn close(&mut self, code: Code, reason: &[u8]) {
        OpenStreams::<Bytes>::close(&mut self.inner, code, reason);
    }
}

impl RecvStream for Inward {
    type Buf = Bytes;

    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, StreamErrorIncoming>> {
        let data = ready!(self.inner.poll_data(context))?;
        self.budget.spend(data.as_ref().map_or(0, Bytes::len))?;
        Poll::Ready(Ok(data))
    }

    fn stop_sending(&mut self, code: u64) {
        self.inner.stop_sending(code);
    }

    fn recv_id(&self) -> StreamId {
        self.inner.recv_id()
    }
}

impl RecvStream for Both {
    type Buf = Bytes;

    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, StreamErrorIncoming>> {
        let data = ready!(self.inner.poll_data(context))?;
        self.budget.spend(data.as_ref().map_or(0, Bytes::len))?;
        Poll::Ready(Ok(data))
    }

    fn stop_sending(&mut self, code: u64) {
        self.inner.stop_sending(code);
    }

    fn recv_id(&self) -> StreamId {
        self.inner.recv_id()
    }
}

impl SendStream<Bytes> for Both {
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        self.inner.poll_ready(context)
    }

    fn send_data<T: Into<WriteBuf<Bytes>>>(&mut self, data: T) -> Result<(), StreamErrorIncoming> {
        self.inner.send_data(data)
    }

    fn poll_finish(&mut self, context: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        self.inner.poll_finish(context)
    }

    fn reset(&mut self, code: u64) {
        self.inner.reset(code);
    }

    fn send_id(&self) -> StreamId {
        self.inner.send_id()
    }
}

impl BidiStream<Bytes> for Both {
    type SendStream = h3_quinn::SendStream<Bytes>;
    type RecvStream = Inward;

    fn split(self) -> (Self::SendStream, Inward) {
        let (outward, inner) = self.inner.split();
        (outward, Inward { inner, budget: self.budget })
    }
}
