//! The server: sockets, and a task for each connection.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use quinn::{Endpoint, EndpointConfig, IdleTimeout, TokioRuntime, TransportConfig, VarInt};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::answerer::Answerer;
use super::bind::sockets;
use super::connection::{Counted, serve};
use super::counters::{Counter, CounterSnapshot};
use super::error::QuicError;
use super::identity::IdentitySwitch;
use super::other::OtherProtocol;
use super::peer::ClientAuthentication;
use super::session::Shared;
use super::settings::QuicSettings;
use super::tls;
use crate::wire::{CloseCode, Limits};

/// A server of the query protocol. It listens from the moment it is bound, and serves while [`QuicServer::run`] runs.
pub struct QuicServer<A> {
    endpoints: Vec<Endpoint>,
    address: SocketAddr,
    clients: ClientAuthentication,
    shared: Arc<Shared<A>>,
    connection_ended: Arc<Notify>,
}

impl<A: Answerer> QuicServer<A> {
    /// Listens at the address of the settings. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// [`QuicError`] if the address is taken, or the settings contradict each other.
    pub fn bind(
        settings: QuicSettings,
        identity: &Arc<IdentitySwitch>,
        clients: ClientAuthentication,
        answerer: Arc<A>,
    ) -> Result<Self, QuicError> {
        Self::bind_beside(settings, identity, clients, answerer, None)
    }

    /// As [`QuicServer::bind`], with another protocol on the same port.
    ///
    /// # Errors
    /// As [`QuicServer::bind`].
    pub fn bind_beside(
        settings: QuicSettings,
        identity: &Arc<IdentitySwitch>,
        clients: ClientAuthentication,
        answerer: Arc<A>,
        other: Option<Arc<dyn OtherProtocol>>,
    ) -> Result<Self, QuicError> {
        check(&settings)?;
        let tls = tls::config(&settings, identity, &clients, other.as_ref().map(|other| other.alpn()))?;
        let mut config = quinn::ServerConfig::with_crypto(Arc::new(tls));
        let client_streams = other.as_ref().map_or(0, |other| other.client_streams());
        config
            .transport_config(Arc::new(transport(&settings, client_streams)?))
            .max_incoming(settings.max_connections)
            // Packets of a client that moves would reach another socket than the one that knows it.
            .migration(settings.sockets == 1);
        let listen = |source| QuicError::Listen { address: settings.address, source };
        let endpoints = sockets(&settings)?
            .into_iter()
            .map(|socket| {
                let runtime = Arc::new(TokioRuntime);
                Endpoint::new(EndpointConfig::default(), Some(config.clone()), socket, runtime)
                    .map_err(listen)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let address = match endpoints.first() {
            Some(endpoint) => endpoint.local_addr().map_err(listen)?,
            None => settings.address,
        };
        let shared = Arc::new(Shared::new(answerer, settings, other));
        Ok(Self { endpoints, address, clients, shared, connection_ended: Arc::default() })
    }

    /// Where it listens, with the port that was picked.
    #[must_use]
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// What has happened so far.
    #[must_use]
    pub fn counters(&self) -> CounterSnapshot {
        self.shared.counters.snapshot()
    }

    /// Connections at the moment.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Acquire)
    }

    /// Serves until `shutdown` is there. Then clients are told to go elsewhere, what they asked for is answered, and
    /// everything is closed, at the latest after [`QuicSettings::drain_timeout`].
    pub async fn run(&self, shutdown: impl Future<Output = ()>) {
        let mut accepting = JoinSet::new();
        for endpoint in &self.endpoints {
            accepting.spawn(accept(
                endpoint.clone(),
                Arc::clone(&self.shared),
                self.clients.clone(),
                Arc::clone(&self.connection_ended),
            ));
        }
        shutdown.await;
        self.shared.draining.send_replace(true);
        let _ = timeout(self.shared.settings.drain_timeout, self.connections_ended()).await;
        for endpoint in &self.endpoints {
            endpoint.close(CloseCode::ShuttingDown.number().into(), b"the server stops");
            // The last packets of each connection.
            let _ = timeout(self.shared.settings.handshake_timeout, endpoint.wait_idle()).await;
        }
    }

    async fn connections_ended(&self) {
        loop {
            let ended = self.connection_ended.notified();
            if self.connections() == 0 {
                return;
            }
            ended.await;
        }
    }
}

impl<A> fmt::Debug for QuicServer<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuicServer").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Lets connections in until it is dropped. When the server is about to stop, it refuses them, so that clients need not
/// find out by waiting.
async fn accept<A: Answerer>(
    endpoint: Endpoint,
    shared: Arc<Shared<A>>,
    clients: ClientAuthentication,
    ended: Arc<Notify>,
) {
    let stripe = shared.counters.stripe();
    while let Some(incoming) = endpoint.accept().await {
        let settings = &shared.settings;
        if !incoming.remote_address_validated()
            && incoming.may_retry()
            && shared.unvalidated.load(Ordering::Acquire) >= settings.retry_above
        {
            shared.counters.add(stripe, Counter::Retries, 1);
            // It fails only for those who came with a token already.
            let _ = incoming.retry();
            continue;
        }
        if *shared.draining.borrow() {
            incoming.refuse();
            continue;
        }
        if shared.connections.fetch_add(1, Ordering::AcqRel) >= settings.max_connections {
            shared.connections.fetch_sub(1, Ordering::AcqRel);
            shared.counters.add(stripe, Counter::RefusedConnections, 1);
            incoming.refuse();
            continue;
        }
        // Counted here and not by the task, which may begin after the next one is let in.
        let handshaking = (!incoming.remote_address_validated()).then(|| {
            let shared = Arc::clone(&shared);
            shared.unvalidated.fetch_add(1, Ordering::AcqRel);
            Counted::new(move || {
                shared.unvalidated.fetch_sub(1, Ordering::AcqRel);
            })
        });
        let (own, ended, judge) = (Arc::clone(&shared), Arc::clone(&ended), clients.judge());
        tokio::spawn(async move {
            let shared = Arc::clone(&own);
            let _counted = Counted::new(move || {
                shared.connections.fetch_sub(1, Ordering::AcqRel);
                ended.notify_waiters();
            });
            serve(own, incoming, judge, handshaking).await;
        });
    }
}

fn transport(settings: &QuicSettings, client_streams: u32) -> Result<TransportConfig, QuicError> {
    let idle = IdleTimeout::try_from(settings.idle_timeout).map_err(|_| QuicError::Setting {
        setting: "idle time",
        value: settings.idle_timeout.as_secs(),
        range: "less than 2^62 milliseconds",
    })?;
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_bidi_streams(settings.max_streams.into())
        // Clients of the query protocol have nothing to say on those; what they send there nobody reads, within the
        // window of their connection.
        .max_concurrent_uni_streams(VarInt::from_u32(client_streams))
        .stream_receive_window(settings.stream_window.into())
        .receive_window(settings.connection_window.into())
        .send_window(settings.connection_window.into())
        .datagram_receive_buffer_size(Some(settings.datagram_buffer))
        .datagram_send_buffer_size(settings.datagram_buffer)
        .max_idle_timeout(Some(idle));
    Ok(transport)
}

fn check(settings: &QuicSettings) -> Result<(), QuicError> {
    let Limits { max_frame, max_batch, max_handles, max_open } = settings.limits;
    let least = Limits::default();
    let number = |size: usize| u64::try_from(size).unwrap_or(u64::MAX);
    let within = [
        ("sockets", number(settings.sockets), (1..=64).contains(&settings.sockets), "1 to 64"),
        (
            "longest frame",
            number(max_frame),
            (least.max_frame..=Limits::FRAME_CEILING).contains(&max_frame),
            "65536 to 16777216",
        ),
        ("largest batch", number(max_batch), max_batch >= least.max_batch, "4096 or more"),
        (
            "handles",
            u64::from(max_handles),
            (least.max_handles..=1 << 20).contains(&max_handles),
            "1024 to 1048576",
        ),
        ("open requests", u64::from(max_open), max_open >= least.max_open, "4096 or more"),
        (
            "streams",
            u64::from(settings.max_streams),
            (1..=1 << 20).contains(&settings.max_streams),
            "1 to 1048576",
        ),
    ];
    match within.into_iter().find(|(_, _, fits, _)| !fits) {
        Some((setting, value, _, range)) => Err(QuicError::Setting { setting, value, range }),
        None => Ok(()),
    }
}
