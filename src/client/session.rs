//! The client: connections, and all that can be asked over them.

use std::future::Future;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use arc_swap::ArcSwapOption;
use quinn::{Endpoint, TransportConfig};
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;

use super::authorities::Authorities;
use super::error::ClientError;
use super::link::Link;
use super::question::Info;
use super::settings::{ClientSettings, ServerTrust};
use super::slots::{Awaited, Response};
use super::stream;
use super::subscription::{KEPT, Subscription};
use super::tls;
use crate::types::{SerialRef, Verdict};
use crate::wire::{
    AuthorityRef, CloseCode, Handle, Hello, InfoRequest, Options, Question, RequestId, Resolved, Subscribe,
    Target,
};

/// A server, and connections to it. Cloning is cheap; clones share the connections.
#[derive(Debug, Clone)]
pub struct Client(pub(super) Arc<Shared>);

#[derive(Debug)]
pub(super) struct Shared {
    endpoint: Endpoint,
    server: Server,
    pub(super) settings: ClientSettings,
    authorities: Arc<Authorities>,
    links: Vec<Place>,
    next: AtomicUsize,
    closed: AtomicBool,
}

/// Whom to connect to.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) name: String,
}

/// A place for a connection, which is made again when it is lost.
#[derive(Debug, Default)]
struct Place {
    link: ArcSwapOption<Link>,
    /// Held while one task connects, so that the others wait for it.
    connecting: Mutex<()>,
}

impl Client {
    /// Connects to a server. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// [`ClientError::Setup`] for settings that cannot be used, [`ClientError::Connect`] if there is no connection.
    pub async fn connect(
        address: SocketAddr,
        trust: ServerTrust,
        settings: ClientSettings,
    ) -> Result<Self, ClientError> {
        let endpoint = endpoint(address, &trust, &settings)?;
        let name = settings.server_name.clone().unwrap_or_else(|| address.ip().to_string());
        let links = (0..settings.connections.max(1)).map(|_| Place::default()).collect();
        let client = Self(Arc::new(Shared {
            endpoint,
            server: Server { address, name },
            settings,
            authorities: Arc::default(),
            links,
            next: AtomicUsize::new(0),
            closed: false.into(),
        }));
        client.link().await?;
        Ok(client)
    }

    /// What the server allows and offers.
    ///
    /// # Errors
    /// [`ClientError`] if it does not say so in time.
    pub async fn hello(&self) -> Result<Hello, ClientError> {
        self.in_time(async {
            let link = self.link().await?;
            link.hello().await.ok_or_else(|| self.lost(&link))
        })
        .await
    }

    /// Gives an authority a handle, which stays good for as long as the client. Asking again gives the same one.
    ///
    /// # Errors
    /// [`ClientError`], also if the server takes no more authorities.
    pub async fn resolve(&self, authority: &AuthorityRef<'_>) -> Result<Resolved, ClientError> {
        let handle = self.0.authorities.handle(authority);
        let response = self
            .piped(handle.0.checked_sub(1).map(Handle), |out, id| {
                self.0.authorities.resolve(handle, id, out);
            })
            .await?;
        match response {
            Response::Resolved(resolved) if resolved.handle == handle => Ok(resolved),
            _ => Err(ClientError::WrongAnswer { expected: "resolved" }),
        }
    }

    /// Asks about a certificate by the handle of its authority and its serial.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn ask_serial(
        &self,
        authority: Handle,
        serial: SerialRef<'_>,
        options: &Options,
    ) -> Result<Verdict, ClientError> {
        self.ask(&Question { target: Target::Serial { authority, serial }, options: *options }).await
    }

    /// Asks a question, among all others on one stream.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn ask(&self, question: &Question<'_>) -> Result<Verdict, ClientError> {
        let highest = handle_of(question);
        verdict(&self.piped(highest, |out, id| question.encode(id, out)).await?)
    }

    /// Asks a question on a stream of its own, so that the loss of a packet with other questions does not delay it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn ask_on_stream(&self, question: &Question<'_>) -> Result<Verdict, ClientError> {
        let response = self
            .retried(|link| async move {
                if handle_of(question).is_some_and(|handle| !link.pipeline.knows(handle)) {
                    return self
                        .piped_once(&link, handle_of(question), |out, id| question.encode(id, out))
                        .await;
                }
                let asked = stream::request(
                    &link.connection,
                    link.pipeline.max_frame(),
                    Awaited::Single,
                    |id, out| question.encode(id, out),
                );
                asked.await.unwrap_or_else(|| Err(self.lost(&link)))
            })
            .await?;
        verdict(&response)
    }

    /// Asks a question in a datagram, and over a stream if no answer comes in time.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn ask_by_datagram(&self, question: &Question<'_>) -> Result<Verdict, ClientError> {
        let link = self.in_time(self.link()).await?;
        let known = handle_of(question).is_none_or(|handle| link.pipeline.knows(handle));
        if known {
            let asked = link.datagrams.request(&link.connection, |id, out| question.encode(id, out));
            // What was lost, or is not for datagrams, goes over a stream.
            if let Ok(Ok(response)) = timeout(self.0.settings.datagram_deadline, asked).await {
                return verdict(&response);
            }
        }
        self.ask(question).await
    }

    /// What the server has, all pages of it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn info(&self) -> Result<Info, ClientError> {
        self.link().await?.established().await;
        let mut info: Option<Info> = None;
        loop {
            let read = info.as_ref().map_or(0, |info| info.authorities.len());
            let first = u32::try_from(read).unwrap_or(u32::MAX);
            let response = self.piped(None, |out, id| InfoRequest { first }.encode(id, out)).await?;
            let Response::Info(page) = response else {
                return Err(ClientError::WrongAnswer { expected: "info_page" });
            };
            let total = usize::try_from(page.total).unwrap_or(usize::MAX);
            let end = page.authorities.is_empty() || read + page.authorities.len() >= total;
            match &mut info {
                // The server has changed in between: from the beginning.
                Some(info) if info.generation != page.generation => {
                    info.authorities.clear();
                    info.generation = page.generation;
                    continue;
                }
                Some(info) => info.authorities.extend(page.authorities),
                None => info = Some(*page),
            }
            if let Some(info) = info.take_if(|_| end) {
                return Ok(info);
            }
        }
    }

    /// Asks to be told of new generations, and of the serials of these authorities that come and go.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn subscribe(&self, authorities: &[Handle]) -> Result<Subscription, ClientError> {
        self.in_time(async {
            let link = self.link().await?;
            link.established().await;
            let (sender, events) = mpsc::channel(KEPT);
            let awaited = Awaited::Events { sender };
            let highest = authorities.iter().max().copied();
            let waiting =
                link.pipeline.request(highest, awaited, |id, out| Subscribe::encode(id, authorities, out))?;
            let number = waiting.number();
            match waiting.await? {
                Response::Subscribed => {
                    Ok(Subscription { events, pipeline: Arc::clone(&link.pipeline), number })
                }
                _ => Err(ClientError::WrongAnswer { expected: "generation" }),
            }
        })
        .await
    }

    /// Ends all connections. What is open fails.
    pub async fn close(&self) {
        self.0.closed.store(true, Ordering::Release);
        for place in &self.0.links {
            if let Some(link) = place.link.swap(None) {
                link.pipeline.close();
                link.connection.close(CloseCode::NoError.number().into(), b"");
            }
        }
        let _ = timeout(self.0.settings.deadline, self.0.endpoint.wait_idle()).await;
    }

    /// A connection that can be used, made now if there is none.
    pub(super) async fn link(&self) -> Result<Arc<Link>, ClientError> {
        let shared = &self.0;
        let turn = shared.next.fetch_add(1, Ordering::Relaxed) % shared.links.len().max(1);
        let Some(place) = shared.links.get(turn) else { return Err(ClientError::Closed) };
        let usable = || place.link.load_full().filter(|link| link.is_usable());
        if let Some(link) = usable() {
            return Ok(link);
        }
        let _connecting = place.connecting.lock().await;
        if let Some(link) = usable() {
            return Ok(link);
        }
        if shared.closed.load(Ordering::Acquire) {
            return Err(ClientError::Closed);
        }
        let authorities = Arc::clone(&shared.authorities);
        let link = Link::connect(&shared.endpoint, &shared.server, &shared.settings, authorities).await?;
        let link = Arc::new(link);
        if let Some(old) = place.link.swap(Some(Arc::clone(&link))) {
            // What is open there is still answered.
            old.pipeline.close();
        }
        Ok(link)
    }

    /// Sends a request down the common stream.
    pub(super) async fn piped(
        &self,
        highest: Option<Handle>,
        write: impl Fn(&mut Vec<u8>, RequestId),
    ) -> Result<Response, ClientError> {
        let write = &write;
        self.retried(|link| async move { self.piped_once(&link, highest, write).await }).await
    }

    async fn piped_once(
        &self,
        link: &Link,
        highest: Option<Handle>,
        write: impl Fn(&mut Vec<u8>, RequestId),
    ) -> Result<Response, ClientError> {
        link.pipeline.request(highest, Awaited::Single, |id, out| write(out, id))?.await
    }

    /// Asks, and asks again over another connection if the one was lost.
    pub(super) async fn retried<F: Future<Output = Result<Response, ClientError>>>(
        &self,
        ask: impl Fn(Arc<Link>) -> F,
    ) -> Result<Response, ClientError> {
        self.in_time(async {
            let mut tries = 0;
            loop {
                match ask(self.link().await?).await {
                    Err(error) if error.is_passing() && tries < self.0.settings.retries => tries += 1,
                    result => return result,
                }
            }
        })
        .await
    }

    async fn in_time<T>(&self, what: impl Future<Output = Result<T, ClientError>>) -> Result<T, ClientError> {
        let deadline = self.0.settings.deadline;
        timeout(deadline, what).await.unwrap_or(Err(ClientError::Deadline(deadline)))
    }

    fn lost(&self, link: &Link) -> ClientError {
        let reason = link.connection.close_reason();
        let reason = reason.map_or_else(|| "the stream broke".to_owned(), |reason| reason.to_string());
        ClientError::Lost { address: self.0.server.address, reason }
    }
}

/// A socket for connections to a server, with all that the settings say of TLS and transport. Must be called within a
/// Tokio runtime.
pub(crate) fn endpoint(
    address: SocketAddr,
    trust: &ServerTrust,
    settings: &ClientSettings,
) -> Result<Endpoint, ClientError> {
    let setup = |reason: String| ClientError::Setup { reason };
    let any = if address.is_ipv6() {
        SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))
    } else {
        SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))
    };
    let mut endpoint =
        Endpoint::client(settings.bind.unwrap_or(any)).map_err(|error| setup(error.to_string()))?;
    let mut config = quinn::ClientConfig::new(Arc::new(tls::config(trust, settings)?));
    let mut transport = TransportConfig::default();
    transport.keep_alive_interval(settings.keep_alive).max_concurrent_bidi_streams(0_u32.into());
    config.transport_config(Arc::new(transport));
    endpoint.set_default_client_config(config);
    Ok(endpoint)
}

fn handle_of(question: &Question<'_>) -> Option<Handle> {
    match question.target {
        Target::Serial { authority, .. } => Some(authority),
        Target::CertId { .. } | Target::Certificate { .. } => None,
    }
}

fn verdict(response: &Response) -> Result<Verdict, ClientError> {
    match response {
        Response::Verdict(verdict) => Ok(*verdict),
        _ => Err(ClientError::WrongAnswer { expected: "verdict" }),
    }
}
