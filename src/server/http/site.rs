//! What one address serves, and the way of a request through the edge.

use std::convert::Infallible;
use std::fmt;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{ConnectInfo, DefaultBodyLimit};
use axum::http::{HeaderMap, HeaderValue, Request, header};
use axum::response::{IntoResponse, Response};
use axum::{BoxError, Router};
use tokio::time::timeout;
use tower::Service;
use tower_http::compression::predicate::Predicate;
use tower_http::compression::{Compression, CompressionLevel};
use tracing::Instrument;

use super::body::{Awaited, capped};
use super::edge::{Edge, is_too_early};
use super::rejection::Rejection;
use super::request_id::{REQUEST_ID, RequestId};

/// The cap for bodies that axum has where nothing else is said.
const USUAL_BODY: u64 = 2 << 20;

/// What one address serves.
pub struct Site {
    pub(super) edge: Arc<Edge>,
    plain: Router,
    compressing: Option<Compression<Router, Worthwhile>>,
    alt_svc: Option<HeaderValue>,
    reserved: Vec<String>,
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// The address.
    pub peer: SocketAddr,
    /// Whether it came before the end of the handshake, so that it may be a replay.
    pub early: bool,
}

/// Which answers are compressed: text of some length.
#[derive(Debug, Clone, Copy)]
struct Worthwhile {
    from: u64,
}

impl Site {
    /// Serves a router behind the edge.
    #[must_use]
    pub fn new(edge: Arc<Edge>, router: Router) -> Self {
        // The cap of the edge is the one that counts; a family may have a lower one of its own.
        let router = match edge.settings.max_body > USUAL_BODY {
            true => router.layer(DefaultBodyLimit::disable()),
            false => router,
        };
        let compressing = edge.settings.compress_from.map(|from| {
            Compression::new(router.clone())
                .quality(CompressionLevel::Fastest)
                .compress_when(Worthwhile { from: from.into() })
        });
        Self { edge, plain: router, compressing, alt_svc: None, reserved: Vec::new() }
    }

    /// Tells clients that HTTP/3 is spoken at this port.
    #[must_use]
    pub fn with_http3_at(mut self, port: u16) -> Self {
        self.alt_svc = HeaderValue::from_maybe_shared(Bytes::from(format!("h3=\":{port}\"; ma=86400"))).ok();
        self
    }

    /// Answers requests for these paths even if too many others are worked on.
    #[must_use]
    pub fn with_reserved(mut self, paths: Vec<String>) -> Self {
        self.reserved = paths;
        self
    }

    /// The answer to a request, whichever version of HTTP it came by.
    pub async fn answer<B>(&self, request: Request<B>, caller: Caller) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
        let id = RequestId::of(request.headers());
        let span = tracing::info_span!("request", %id);
        let mut response = async {
            match self.admitted(request, caller, &id).await {
                Ok(response) => response,
                Err(rejection) => {
                    self.edge.numbers.reject(rejection);
                    tracing::debug!(peer = %caller.peer, code = rejection.code(), "rejected");
                    rejection.into_response()
                }
            }
        }
        .instrument(span)
        .await;
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, id.header().clone());
        if let Some(alt_svc) = &self.alt_svc {
            headers.insert(header::ALT_SVC, alt_svc.clone());
        }
        response
    }

    async fn admitted<B>(
        &self,
        request: Request<B>,
        caller: Caller,
        id: &RequestId,
    ) -> Result<Response, Rejection>
    where
        B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
        let (mut parts, body) = request.into_parts();
        if is_too_early(&parts.method, &parts.headers, caller.early) {
            return Err(Rejection::Early);
        }
        let _in_flight = self.edge.enter(|| self.reserved.iter().any(|path| path == parts.uri.path()))?;
        self.edge.charge(caller.peer, &parts.headers)?;
        let most = self.edge.settings.max_body;
        let (body, awaited) = capped(body, most).ok_or(Rejection::TooLarge(most))?;
        let begun = tracing::enabled!(tracing::Level::DEBUG)
            .then(|| (Instant::now(), parts.method.clone(), parts.uri.path().to_owned()));
        let wants_gzip = self.compressing.is_some() && accepts_gzip(&parts.headers);
        parts.extensions.insert(ConnectInfo(caller.peer));
        parts.extensions.insert(id.clone());
        let response = self.in_time(Request::from_parts(parts, body), &awaited, wants_gzip).await?;
        if let Some((begun, method, path)) = begun {
            let (status, took) = (response.status().as_u16(), begun.elapsed());
            tracing::debug!(peer = %caller.peer, %method, path, status, ?took, "answered");
        }
        Ok(response)
    }

    /// The answer of a family, if it comes in time: first the body of the request, then the answer.
    async fn in_time(
        &self,
        request: Request<Body>,
        awaited: &Awaited,
        wants_gzip: bool,
    ) -> Result<Response, Rejection> {
        let settings = &self.edge.settings;
        let mut answer = pin!(self.unpanicked(request, wants_gzip));
        let first = if awaited.may_be() { settings.body_timeout } else { settings.answer_timeout };
        // No timer is set for what can be answered at once.
        if let Ok(response) = timeout(first, answer.as_mut()).await {
            return response;
        }
        if awaited.is() {
            return Err(Rejection::SlowBody);
        }
        let left = settings.answer_timeout.saturating_sub(first);
        match timeout(left, answer).await {
            Ok(response) => response,
            Err(_) if awaited.is() => Err(Rejection::SlowBody),
            Err(_) => {
                tracing::warn!("no answer in time");
                Err(Rejection::SlowAnswer)
            }
        }
    }

    /// The answer of a family, or that it panicked. Its state may be as it was left: what families share is behind
    /// locks that say so, or in a database.
    async fn unpanicked(&self, request: Request<Body>, wants_gzip: bool) -> Result<Response, Rejection> {
        let mut answer = pin!(self.routed(request, wants_gzip));
        poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(_) => {
                tracing::error!("a panic while a request was worked on");
                Poll::Ready(Err(Rejection::Panic))
            }
        })
        .await
    }

    async fn routed(&self, request: Request<Body>, wants_gzip: bool) -> Response {
        // Both clone a few pointers, are always ready, and cannot fail.
        match &self.compressing {
            Some(compressing) if wants_gzip => {
                let answered = compressing.clone().call(request).await;
                answered.unwrap_or_else(|error: Infallible| match error {}).map(Body::new)
            }
            _ => self.plain.clone().call(request).await.unwrap_or_else(|error: Infallible| match error {}),
        }
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("edge", &self.edge).finish_non_exhaustive()
    }
}

/// Whether it is worth looking at the header more closely, which is done where answers are compressed.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    values.into_iter().any(|value| value.as_bytes().windows(4).any(|word| word.eq_ignore_ascii_case(b"gzip")))
}

impl Predicate for Worthwhile {
    fn should_compress<B: HttpBody>(&self, response: &axum::http::Response<B>) -> bool {
        let is_long = response.body().size_hint().exact().is_none_or(|length| length >= self.from);
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        is_long && kind.is_some_and(is_text)
    }
}

fn is_text(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let subtype = kind.split_once('/').map(|(_, subtype)| subtype).unwrap_or_default();
    kind.starts_with("text/")
        || matches!(subtype, "json" | "xml" | "openmetrics-text" | "yaml" | "javascript")
        || subtype.ends_with("+json")
        || subtype.ends_with("+xml")
}
