//! One connection to the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use quinn::{Connection, Endpoint};
use tokio::sync::watch;
use tokio::time::timeout;

use super::authorities::Authorities;
use super::datagrams::Datagrams;
use super::error::ClientError;
use super::pipeline::Pipeline;
use super::session::Server;
use super::settings::ClientSettings;
use crate::wire::{Answer, CloseCode, FrameDecoder, Hello, Limits};

/// One connection to the server.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) connection: Connection,
    pub(super) pipeline: Arc<Pipeline>,
    pub(super) datagrams: Arc<Datagrams>,
    /// What the server said of itself; nothing until it did.
    hello: watch::Receiver<Option<Hello>>,
    /// Whether the handshake is complete; questions need not wait for it.
    established: watch::Receiver<bool>,
    leaving: Arc<AtomicBool>,
}

impl Link {
    /// Connects. With a session to resume, the connection can be used before the server has answered.
    pub(super) async fn connect(
        endpoint: &Endpoint,
        server: &Server,
        settings: &ClientSettings,
        authorities: Arc<Authorities>,
    ) -> Result<Self, ClientError> {
        let address = server.address;
        let failed = |reason: String| ClientError::Connect { address, reason };
        let connecting =
            endpoint.connect(address, &server.name).map_err(|error| failed(error.to_string()))?;
        let (established_sender, established) = watch::channel(false);
        let (connection, accepted) = match connecting.into_0rtt() {
            Ok((connection, accepted)) => (connection, Some(accepted)),
            Err(connecting) => {
                let connection = timeout(settings.connect_timeout, connecting)
                    .await
                    .map_err(|_| {
                        failed(format!("no answer within {} ms", settings.connect_timeout.as_millis()))
                    })?
                    .map_err(|error| failed(error.to_string()))?;
                (connection, None)
            }
        };
        let lost = move |reason: String| ClientError::Lost { address, reason };
        let stream = connection.open_bi().await.map_err(|error| lost(error.to_string()))?;
        let pipeline = Pipeline::start(&connection, stream, authorities, lost);
        let leaving = Arc::new(AtomicBool::new(false));
        match accepted {
            None => {
                established_sender.send_replace(true);
            }
            Some(accepted) => {
                let (leaving, connection, limit) =
                    (Arc::clone(&leaving), connection.clone(), settings.connect_timeout);
                tokio::spawn(async move {
                    // If the server refuses early data, what was sent has to be sent again, over a new connection.
                    if timeout(limit, accepted).await.unwrap_or(false) {
                        established_sender.send_replace(true);
                    } else {
                        leaving.store(true, Ordering::Release);
                        connection.close(CloseCode::NoError.number().into(), b"");
                    }
                });
            }
        }
        let datagrams = Datagrams::start(&connection);
        let hello = listen(&connection, &pipeline, &leaving);
        Ok(Self { connection, pipeline, datagrams, hello, established, leaving })
    }

    /// Whether new requests may go over this connection.
    pub(super) fn is_usable(&self) -> bool {
        !self.leaving.load(Ordering::Acquire)
            && self.connection.close_reason().is_none()
            && self.pipeline.failed().is_none()
    }

    /// What the server takes.
    pub(super) fn limits(&self) -> Limits {
        self.hello.borrow().map_or_else(Limits::default, |hello| hello.limits)
    }

    /// What the server says of itself, as soon as it does.
    pub(super) async fn hello(&self) -> Option<Hello> {
        let mut hello = self.hello.clone();
        hello.wait_for(Option::is_some).await.ok().and_then(|hello| *hello)
    }

    /// Waits until the handshake is complete; for requests that are not allowed earlier.
    pub(super) async fn established(&self) {
        let _ = self.established.clone().wait_for(|established| *established).await;
    }
}

/// Listens to what the server says without being asked.
fn listen(
    connection: &Connection,
    pipeline: &Arc<Pipeline>,
    leaving: &Arc<AtomicBool>,
) -> watch::Receiver<Option<Hello>> {
    let (sender, receiver) = watch::channel(None);
    let (connection, pipeline, leaving) = (connection.clone(), Arc::clone(pipeline), Arc::clone(leaving));
    tokio::spawn(async move {
        let Ok(mut control) = connection.accept_uni().await else { return };
        let mut decoder = FrameDecoder::new(Limits::default().max_frame);
        while let Ok(Some(piece)) = control.read_chunk(usize::MAX, true).await {
            let mut input = &piece.bytes[..];
            loop {
                let answer = match decoder.next(&mut input) {
                    Ok(Some(frame)) => Answer::decode(&frame),
                    Ok(None) => break,
                    Err(error) => Err(error),
                };
                match answer {
                    Ok(Some(Answer::Hello(hello))) => {
                        pipeline.allow(hello.limits.max_frame);
                        sender.send_replace(Some(hello));
                    }
                    Ok(Some(Answer::Goaway)) => leaving.store(true, Ordering::Release),
                    Ok(None) => {}
                    Ok(Some(_)) | Err(_) => {
                        connection.close(CloseCode::UnexpectedFrame.number().into(), b"");
                        return;
                    }
                }
            }
        }
    });
    receiver
}
