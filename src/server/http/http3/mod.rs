//! HTTP/3 (RFC 9114) on the port of the query protocol.
//!
//! The library reads frames and heads; what it keeps of them while it waits for the rest has no limit of its own, so it
//! gets its octets through streams that have one ([`budget`]). Each request is a task ([`request`]) and goes the way of
//! all others.

mod budget;
mod request;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use h3::error::Code;
use h3::server;
use quinn::{Connection, VarInt};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use self::budget::{BudgetedConnection, Newest};
use super::site::{Caller, Site};
use crate::server::quic::{Course, OtherProtocol};

/// The name of HTTP/3 in handshakes.
const ALPN: &[u8] = b"h3";
/// Control, and two of QPACK (RFC 9114 section 6.2), with room for kinds that are to be ignored.
const CLIENT_STREAMS: u32 = 8;

/// How long it has to be quiet, at least and at most.
const SHORTEST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_secs(1);

/// Serves a site over HTTP/3.
#[derive(Debug, Clone)]
pub struct Http3 {
    site: Arc<Site>,
}

impl Http3 {
    /// Serves this site.
    #[must_use]
    pub fn new(site: Arc<Site>) -> Self {
        Self { site }
    }
}

impl OtherProtocol for Http3 {
    fn alpn(&self) -> &'static [u8] {
        ALPN
    }

    fn client_streams(&self) -> u32 {
        CLIENT_STREAMS
    }

    fn serve(&self, connection: Connection, course: Course) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(serve(Arc::clone(&self.site), connection, course))
    }
}

async fn serve(site: Arc<Site>, connection: Connection, course: Course) {
    let peer = connection.remote_address();
    let Course { established, mut draining } = course;
    let newest = Newest::default();
    let head = site.edge.settings.max_head;
    let built = server::builder()
        .max_field_section_size(head.into())
        .send_grease(false)
        .build(BudgetedConnection::new(connection.clone(), head, newest.clone()))
        .await;
    let mut http = match built {
        Ok(http) => http,
        Err(error) => return tracing::debug!(%peer, %error, "no HTTP/3"),
    };
    let most = usize::try_from(site.edge.settings.max_streams).unwrap_or(usize::MAX);
    let mut requests = JoinSet::new();
    let mut told = false;
    let orderly = loop {
        tokio::select! {
            // Streams beyond the number are not read, and their octets wait in the window of the connection.
            accepted = http.accept(), if requests.len() < most => match accepted {
                Ok(Some(resolver)) => {
                    let caller = Caller { peer, early: !*established.borrow() };
                    let (site, budget) = (Arc::clone(&site), newest.take());
                    requests.spawn(request::answer(site, resolver, caller, budget));
                }
                // The client has said goodbye and has its answers.
                Ok(None) => break true,
                Err(error) => {
                    tracing::debug!(%peer, %error, "a connection ended");
                    break false;
                }
            },
            Some(_) = requests.join_next() => {}
            () = drained(&mut draining), if !told => {
                told = true;
                // Says that nothing new is taken, and which requests are.
                if http.shutdown(0).await.is_err() {
                    break false;
                }
            }
            // Not before what was under way has arrived.
            () = quiet(&connection), if told && requests.is_empty() => break true,
        }
    };
    if orderly {
        quiet(&connection).await;
    }
    connection.close(VarInt::from_u32(u32::try_from(Code::H3_NO_ERROR.value()).unwrap_or(0x100)), b"");
}

/// Waits until nothing more is sent: closing a connection takes back what has not arrived.
async fn quiet(connection: &Connection) {
    let sent = || connection.stats().frame_tx.stream;
    let mut before = None;
    while connection.close_reason().is_none() && before.replace(sent()) != Some(sent()) {
        sleep((3 * connection.rtt()).clamp(SHORTEST, LONGEST)).await;
    }
}

/// When the server is about to stop.
async fn drained(draining: &mut watch::Receiver<bool>) {
    // An error means that the server is gone, which is a stop as well.
    let _ = draining.wait_for(|draining| *draining).await;
}
