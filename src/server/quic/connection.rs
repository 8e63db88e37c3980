//! One connection, from its handshake to its end.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use quinn::{Connection, Incoming, RecvStream, SendDatagramError, SendStream};
use rustls::pki_types::CertificateDer;
use tokio::time::timeout;

use super::answerer::{Answerer, Refusal};
use super::counters::Counter;
use super::late::LateEvent;
use super::other;
use super::peer::PeerJudge;
use super::poll::ready;
use super::requests::{Channel, Requests};
use super::session::{Session, Shared};
use super::settings::{EarlyData, OtherTimes};
use super::stream::{Buffers, Stream, linger};
use crate::wire::{CloseCode, ErrorCode, Features, Frame, Hello, RequestId, encode_goaway};

/// Streams, or datagrams, that are served in a row before anything else gets its turn.
const IN_A_ROW: usize = 128;
/// Streams that a client may open at first. It may open all once it has half of these open: QUIC keeps some 70 octets for
/// each stream that could come, which is most of what an idle connection would cost.
pub(super) const FIRST_STREAMS: usize = 64;
/// Pieces of a new stream that are read at once.
const PIECES: usize = 8;

/// Counts something for as long as it lasts.
pub(super) struct Counted<F: FnMut()>(F);

impl<F: FnMut()> Counted<F> {
    pub(super) fn new(end: F) -> Self {
        Self(end)
    }
}

impl<F: FnMut()> Drop for Counted<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Serves a connection until it ends. `handshaking` is dropped when the handshake is complete.
pub(super) async fn serve<A: Answerer>(
    shared: Arc<Shared<A>>,
    incoming: Incoming,
    judge: Option<Arc<dyn PeerJudge>>,
    handshaking: impl Send,
) {
    let session = Arc::new(Session::new(Arc::clone(&shared)));
    let Ok(mut connecting) = incoming.accept() else {
        return session.count(Counter::FailedHandshakes);
    };
    let limit = shared.settings.handshake_timeout;
    let Ok(other) = other::wanted(shared.other.as_ref(), &mut connecting, limit).await else {
        return session.count(Counter::FailedHandshakes);
    };
    // Data goes out before the handshake is complete only to clients who need not show a certificate.
    let early = judge.is_none() && shared.settings.early_data == EarlyData::Questions;
    let connection = if early {
        let (connection, established) = match connecting.into_0rtt() {
            Ok(both) => both,
            // On the side of the server there is always something to go on with.
            Err(_) => return session.count(Counter::FailedHandshakes),
        };
        let handshake = async {
            let in_time = timeout(limit, established).await.is_ok();
            drop(handshaking);
            in_time
        };
        if let Some(other) = other {
            return other::run(&session, other, &connection, handshake).await;
        }
        run(&session, &connection, handshake).await;
        connection
    } else {
        let connection = match timeout(limit, connecting).await {
            Ok(Ok(connection)) => connection,
            _ => return session.count(Counter::FailedHandshakes),
        };
        drop(handshaking);
        if let Some(judge) = judge
            && let Err(refusal) = judge_peer(&connection, judge.as_ref())
        {
            session.count(Counter::RefusedClients);
            connection.close(CloseCode::CertificateRefused.number().into(), refusal.text.as_bytes());
            return;
        }
        if let Some(other) = other {
            return other::run(&session, other, &connection, std::future::ready(true)).await;
        }
        establish(&session, &connection);
        run(&session, &connection, std::future::pending()).await;
        connection
    };
    // Nothing is left to say to a client that is gone; to others this says so.
    connection.close(CloseCode::NoError.number().into(), b"");
}

fn judge_peer(connection: &Connection, judge: &dyn PeerJudge) -> Result<(), Refusal> {
    let Some(identity) = connection.peer_identity() else {
        return judge.judge(&[]);
    };
    let chain = identity
        .downcast::<Vec<CertificateDer<'static>>>()
        .map_err(|_| Refusal::new(ErrorCode::Internal, "the certificates cannot be read"))?;
    let chain: Vec<&[u8]> = chain.iter().map(AsRef::as_ref).collect();
    judge.judge(&chain)
}

async fn run<A: Answerer>(
    session: &Arc<Session<A>>,
    connection: &Connection,
    handshake: impl Future<Output = bool>,
) {
    let mut handshake = pin!(handshake);
    let mut hello = pin!(say_hello(session, connection));
    let mut control: Option<SendStream> = None;
    let mut draining = session.shared.draining.subscribe();
    let mut streams = Streams {
        pieces: std::array::from_fn(|_| Bytes::new()),
        buffers: Buffers::default(),
        early: false,
        all_allowed: false,
    };
    let mut datagrams =
        Datagrams { requests: Requests::new(Arc::clone(session), Channel::Datagram), out: Vec::new() };
    let mut goodbye = pin!(None);
    let mut handshaking = true;
    loop {
        if control.is_some() && *draining.borrow_and_update() && goodbye.is_none() {
            goodbye.set(Some(say_goodbye(session, connection, control.take())));
        }
        tokio::select! {
            stream = connection.accept_bi() => match stream {
                Ok(stream) => {
                    // What comes behind the end of the handshake must not look as if it came before it.
                    if handshaking && let Some(in_time) = ready(handshake.as_mut()).await {
                        handshaking = false;
                        if !in_time {
                            return failed_early(session);
                        }
                        establish(session, connection);
                    }
                    streams.take(session, connection, stream).await;
                }
                Err(_) => return failed_early(session),
            },
            datagram = connection.read_datagram() => match datagram {
                Ok(datagram) => datagrams.take(connection, &datagram).await,
                Err(_) => return failed_early(session),
            },
            event = datagrams.requests.late.next() => datagrams.take_late(connection, event),
            in_time = &mut handshake, if handshaking => {
                handshaking = false;
                if !in_time {
                    return failed_early(session);
                }
                establish(session, connection);
            }
            opened = &mut hello, if control.is_none() && goodbye.is_none() => match opened {
                Some(stream) => control = Some(stream),
                None => return failed_early(session),
            },
            () = async {
                match goodbye.as_mut().as_pin_mut() {
                    Some(goodbye) => goodbye.await,
                    None => std::future::pending().await,
                }
            } => return,
            Ok(()) = draining.changed() => {}
        }
    }
}

pub(super) fn establish<A: Answerer>(session: &Session<A>, connection: &Connection) {
    if connection.close_reason().is_none() {
        session.count(Counter::Connections);
        session.establish();
    }
}

pub(super) fn failed_early<A: Answerer>(session: &Session<A>) {
    if !session.is_established() {
        session.count(Counter::FailedHandshakes);
    }
}

/// Tells the limits on a stream of the server, as soon as the client allows one.
async fn say_hello<A: Answerer>(session: &Session<A>, connection: &Connection) -> Option<SendStream> {
    let settings = session.settings();
    let mut features = Features::SUBSCRIBE.union(session.answerer().features());
    if settings.other_times == OtherTimes::Answer {
        features = features.union(Features::TIME);
    }
    let generation = *session.answerer().generations().borrow();
    let mut out = Vec::new();
    Hello { limits: settings.limits, features, generation }.encode(&mut out);
    let mut stream = connection.open_uni().await.ok()?;
    stream.write_all(&out).await.ok()?;
    Some(stream)
}

/// Tells the client to go elsewhere, and waits until everything it asked for is answered.
async fn say_goodbye<A: Answerer>(
    session: &Session<A>,
    connection: &Connection,
    control: Option<SendStream>,
) {
    if let Some(mut control) = control {
        let mut out = Vec::new();
        encode_goaway(&mut out);
        let _ = control.write_all(&out).await;
        let _ = control.finish();
    }
    // Requests may be on their way, and the answers to those that were answered in passing.
    tokio::time::sleep(linger(connection)).await;
    session.streams_ended().await;
    connection.close(CloseCode::ShuttingDown.number().into(), b"the server stops");
}

/// What new streams have in common.
struct Streams {
    pieces: [Bytes; PIECES],
    buffers: Buffers,
    early: bool,
    /// Whether the client may open as many as the settings say.
    all_allowed: bool,
}

impl Streams {
    /// Serves a stream that was opened, and those that were opened with it.
    async fn take<A: Answerer>(
        &mut self,
        session: &Arc<Session<A>>,
        connection: &Connection,
        first: (SendStream, RecvStream),
    ) {
        let mut next = Some(first);
        for taken in 0..IN_A_ROW {
            let Some(stream) = next else { return };
            if !self.all_allowed && taken + session.streams_open() >= FIRST_STREAMS / 2 {
                connection.set_max_concurrent_bi_streams(session.settings().max_streams.into());
                self.all_allowed = true;
            }
            if stream.1.is_0rtt() && !self.early {
                self.early = true;
                session.count(Counter::EarlyConnections);
            }
            session.count(Counter::Streams);
            let stream = Stream::new(Arc::clone(session), stream, std::mem::take(&mut self.buffers));
            self.buffers = stream.begin(connection, &mut self.pieces).await;
            next = ready(connection.accept_bi()).await.and_then(Result::ok);
        }
        if let Some(stream) = next {
            session.count(Counter::Streams);
            let stream = Stream::new(Arc::clone(session), stream, Buffers::default());
            stream.begin(connection, &mut self.pieces).await;
        }
        tokio::task::yield_now().await;
    }
}

/// Questions in datagrams. The answers to those that came together leave together.
struct Datagrams<A: Answerer> {
    requests: Requests<A>,
    out: Vec<u8>,
}

impl<A: Answerer> Datagrams<A> {
    async fn take(&mut self, connection: &Connection, first: &Bytes) {
        // A client that does not take datagrams gets no answers to its own.
        let Some(most) = connection.max_datagram_size() else { return };
        self.answer(connection, first, most);
        for _ in 1..IN_A_ROW {
            match ready(connection.read_datagram()).await {
                Some(Ok(datagram)) => self.answer(connection, &datagram, most),
                _ => break,
            }
        }
        self.send(connection);
        self.requests.flush_tally();
    }

    fn answer(&mut self, connection: &Connection, datagram: &[u8], most: usize) {
        self.requests.tally.count(Counter::Datagrams);
        let mut input = datagram;
        // What cannot be read ends the datagram: there is nobody to tell.
        while let Ok(Some(frame)) = Frame::take(&mut input, most) {
            let before = self.out.len();
            self.requests.take(&frame, &mut self.out);
            self.fit(connection, frame.request, before, most);
        }
    }

    /// Sends what was there before, if the last answer does not fit behind it.
    fn fit(&mut self, connection: &Connection, request: RequestId, before: usize, most: usize) {
        if self.out.len() <= most {
            return;
        }
        let last = self.out.split_off(before);
        self.send(connection);
        self.out = last;
        if self.out.len() > most {
            self.out.clear();
            let refusal = Refusal::new(ErrorCode::TooMany, "the answer does not fit into a datagram");
            self.requests.refuse(request, &refusal, &mut self.out);
        }
    }

    fn take_late(&mut self, connection: &Connection, event: LateEvent) {
        if let LateEvent::Done(done) = event {
            self.requests.late.write(&done, &mut self.requests.tally, &mut self.out);
            self.send(connection);
            self.requests.flush_tally();
        }
    }

    fn send(&mut self, connection: &Connection) {
        if self.out.is_empty() {
            return;
        }
        let answers = std::mem::replace(&mut self.out, Vec::with_capacity(1500));
        match connection.send_datagram(answers.into()) {
            Ok(()) | Err(SendDatagramError::ConnectionLost(_)) => {}
            Err(_) => self.requests.tally.count(Counter::LostDatagrams),
        }
    }
}
