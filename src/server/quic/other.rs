//! Another protocol on the same port.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use quinn::crypto::rustls::HandshakeData;
use quinn::{Connecting, Connection};
use tokio::sync::watch;
use tokio::time::timeout;

use super::answerer::Answerer;
use super::connection::{establish, failed_early};
use super::session::Session;

/// A protocol that shares the port with the query protocol, told apart by its name in the handshake (ALPN, RFC 7301).
/// Its connections count among all, and have the same limits and client certificates.
pub trait OtherProtocol: Send + Sync + 'static {
    /// Its name.
    fn alpn(&self) -> &'static [u8];

    /// Unidirectional streams that its clients may have open.
    fn client_streams(&self) -> u32;

    /// Serves one connection until it ends, and closes it.
    fn serve(&self, connection: Connection, course: Course) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// How far a connection is.
#[derive(Debug, Clone)]
pub struct Course {
    /// Whether the handshake is complete. Before that, what comes may be a replay.
    pub established: watch::Receiver<bool>,
    /// Whether the server is about to stop: what was asked for should be answered, and nothing new taken.
    pub draining: watch::Receiver<bool>,
}

/// The other protocol, if that is what the client wants; an error if the handshake fails before it can be told.
pub(super) async fn wanted<'p>(
    other: Option<&'p Arc<dyn OtherProtocol>>,
    connecting: &mut Connecting,
    limit: Duration,
) -> Result<Option<&'p Arc<dyn OtherProtocol>>, ()> {
    let Some(other) = other else { return Ok(None) };
    let Ok(Ok(data)) = timeout(limit, connecting.handshake_data()).await else { return Err(()) };
    let chosen = data.downcast::<HandshakeData>().ok().and_then(|data| data.protocol);
    Ok((chosen.as_deref() == Some(other.alpn())).then_some(other))
}

/// Lets the other protocol have a connection. `handshake` tells whether it was completed in time.
pub(super) async fn run<A: Answerer>(
    session: &Session<A>,
    other: &Arc<dyn OtherProtocol>,
    connection: &Connection,
    handshake: impl Future<Output = bool>,
) {
    connection.set_max_concurrent_bi_streams(session.settings().max_streams.into());
    let established = watch::Sender::new(false);
    let course =
        Course { established: established.subscribe(), draining: session.shared.draining.subscribe() };
    let mut serving = other.serve(connection.clone(), course);
    let mut handshake = pin!(handshake);
    tokio::select! {
        // What the handshake brings is to be known before what came behind it is looked at.
        biased;
        in_time = &mut handshake => {
            if !in_time {
                return failed_early(session);
            }
            establish(session, connection);
            established.send_replace(true);
            serving.await;
        }
        () = &mut serving => failed_early(session),
    }
}
