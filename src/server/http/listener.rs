//! Listening for HTTP/1.1 and HTTP/2, plain or under TLS.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::activity::Activity;
use super::numbers::{Ended, HttpNumbers};
use super::settings::EdgeSettings;
use super::site::{Caller, Site};
use super::stream::{Patience, PatientStream};
use crate::server::TlsError;
use crate::server::quic::{ClientAuthentication, IdentitySwitch, PeerJudge};
use crate::server::tls;

/// Sessions that can be resumed; each takes some hundred octets.
const SESSIONS: usize = 10_000;
/// How long nothing is accepted after the system could not: there are too many open files, most likely.
const BREATH: Duration = Duration::from_millis(500);

/// Why there is no listener.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} (TCP): {source}; is another server running there?")]
pub struct ListenError {
    /// The address.
    pub address: SocketAddr,
    /// The system's reason.
    pub source: io::Error,
}

/// How what comes and goes is carried.
#[derive(Clone)]
pub enum Transport {
    /// As it is: for this machine, or behind a proxy that does TLS.
    Plain,
    /// Under TLS 1.2 or 1.3.
    Tls {
        /// Makes the handshakes.
        acceptor: TlsAcceptor,
        /// Whose certificates are judged.
        clients: ClientAuthentication,
    },
}

/// A listener for HTTP/1.1 and HTTP/2, with or without upgrade (h2c with prior knowledge; ALPN under TLS).
#[derive(Debug)]
pub struct HttpListener {
    listener: TcpListener,
    address: SocketAddr,
    connections: Arc<Connections>,
    permits: Arc<Semaphore>,
}

/// What all connections of a listener have in common.
#[derive(Debug)]
struct Connections {
    site: Arc<Site>,
    transport: Transport,
    http: Builder<TokioExecutor>,
    patience: Patience,
}

/// A connection that counts among the open ones until it is dropped.
struct Open {
    numbers: Arc<HttpNumbers>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Transport {
    /// TLS that presents what the switch holds at each handshake.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn tls(identity: &Arc<IdentitySwitch>, clients: &ClientAuthentication) -> Result<Self, TlsError> {
        let versions = [&rustls::version::TLS13, &rustls::version::TLS12];
        let mut config = tls::config(&versions, identity, clients, SESSIONS)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self::Tls { acceptor: Arc::new(config).into(), clients: clients.clone() })
    }
}

impl HttpListener {
    /// Listens at an address, for at most so many connections at once; more wait in the system's queue. Must be called
    /// within a Tokio runtime.
    ///
    /// # Errors
    /// [`ListenError`].
    pub async fn bind(
        address: SocketAddr,
        max_connections: usize,
        transport: Transport,
        site: Arc<Site>,
    ) -> Result<Self, ListenError> {
        let failed = |source| ListenError { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let settings = &site.edge.settings;
        let patience = Patience { head: settings.head_timeout, idle: settings.idle_timeout };
        let http = http(settings);
        let connections = Arc::new(Connections { site, transport, http, patience });
        let permits = Arc::new(Semaphore::new(max_connections.clamp(1, Semaphore::MAX_PERMITS)));
        Ok(Self { listener, address, connections, permits })
    }

    /// Where it listens, with the port that was picked.
    #[must_use]
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` is there. Then nothing new is accepted, what was asked for is answered, and everything
    /// is closed, at the latest after [`EdgeSettings::stop_timeout`].
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let Self { listener, address, connections, permits } = self;
        let graceful = GracefulShutdown::new();
        let mut tasks = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                Some(_) = tasks.join_next() => {}
                (stream, peer, permit) = accept(&listener, &permits) => {
                    let (connections, watcher) = (Arc::clone(&connections), graceful.watcher());
                    tasks.spawn(async move { connections.serve(stream, peer, permit, watcher).await });
                }
            }
        }
        drop(listener);
        let ended = async {
            graceful.shutdown().await;
            while tasks.join_next().await.is_some() {}
        };
        if timeout(connections.site.edge.settings.stop_timeout, ended).await.is_err() {
            tracing::warn!(%address, connections = tasks.len(), "requests did not end in time");
            tasks.shutdown().await;
        }
    }
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    // Fails only if the semaphore is closed, which nobody does.
    let permit = Arc::clone(permits).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, permit),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept connections");
                sleep(BREATH).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}

fn http(settings: &EdgeSettings) -> Builder<TokioExecutor> {
    let mut http = Builder::new(TokioExecutor::new());
    // The stream knows when a head is due, at no cost for each request.
    http.http1()
        .header_read_timeout(None)
        .timer(TokioTimer::new())
        .max_buf_size(usize::try_from(settings.max_head).unwrap_or(usize::MAX).max(8 << 10));
    http.http2()
        .timer(TokioTimer::new())
        .max_header_list_size(settings.max_head)
        .max_concurrent_streams(settings.max_streams);
    http
}

impl Connections {
    async fn serve(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        permit: Option<OwnedSemaphorePermit>,
        watcher: Watcher,
    ) {
        let numbers = &self.site.edge.numbers;
        let _open = Open::new(numbers, permit);
        // Answers are written at once; waiting for more only delays them.
        let _ = stream.set_nodelay(true);
        let activity = Arc::<Activity>::default();
        let stream = PatientStream::new(stream, Arc::clone(&activity), Arc::clone(numbers), self.patience);
        match &self.transport {
            Transport::Plain => self.speak(stream, peer, &activity, watcher).await,
            Transport::Tls { acceptor, clients } => match acceptor.accept(stream).await {
                Ok(stream) => {
                    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
                    if let Some(judge) = clients.judge()
                        && let Err(reason) = judged(judge.as_ref(), chain)
                    {
                        tracing::info!(%peer, reason, "refused a client");
                        return numbers.end(Ended::Client);
                    }
                    self.speak(stream, peer, &activity, watcher).await;
                }
                // Counted by the stream.
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {}
                Err(error) => {
                    tracing::debug!(%peer, %error, "no TLS");
                    numbers.end(Ended::Tls);
                }
            },
        }
    }

    async fn speak<S>(&self, stream: S, peer: SocketAddr, activity: &Arc<Activity>, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let (site, activity) = (Arc::clone(&self.site), Arc::clone(activity));
        let service = service_fn(move |request: Request<Incoming>| {
            let (site, working) = (Arc::clone(&site), activity.begin(request.version()));
            async move {
                let _working = working;
                Ok::<_, Infallible>(site.answer(request, Caller { peer, early: false }).await)
            }
        });
        let connection = self.http.serve_connection(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%peer, error, "a connection ended");
        }
    }
}

fn judged(judge: &dyn PeerJudge, chain: &[CertificateDer<'_>]) -> Result<(), String> {
    let chain: Vec<&[u8]> = chain.iter().map(AsRef::as_ref).collect();
    judge.judge(&chain).map_err(|refusal| refusal.text.to_string())
}

impl Open {
    fn new(numbers: &Arc<HttpNumbers>, permit: Option<OwnedSemaphorePermit>) -> Self {
        numbers.connections.fetch_add(1, Ordering::Relaxed);
        Self { numbers: Arc::clone(numbers), _permit: permit }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.numbers.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "Plain",
            Self::Tls { .. } => "Tls",
        })
    }
}
