//! One request, from its head to the end of its answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use axum::http::{Method, Request, Response, header};
use bytes::Buf;
use h3::error::StreamError;
use h3::server::{RequestResolver, RequestStream};
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use tokio::time::timeout;

use super::budget::{Budget, BudgetedConnection, Inward};
use crate::server::http::site::{Caller, Site};

/// Answers one request. A client that does not go on is given up, as on any other connection.
pub(super) async fn answer(
    site: Arc<Site>,
    resolver: RequestResolver<BudgetedConnection, Bytes>,
    caller: Caller,
    budget: Budget,
) {
    let settings = &site.edge.settings;
    // The library answers a head that is too large by 431.
    let (request, stream) = match timeout(settings.head_timeout, resolver.resolve_request()).await {
        Ok(Ok(resolved)) => resolved,
        Ok(Err(error)) => return tracing::debug!(peer = %caller.peer, %error, "no request"),
        Err(_) => return,
    };
    let (outward, inward) = stream.split();
    let length = content_length(&request);
    let body = Body { stream: inward, budget, left: length, state: State::of(length) };
    let response = site.answer(request.map(|()| body), caller).await;
    if let Err(error) = send(outward, response, settings.idle_timeout).await {
        tracing::debug!(peer = %caller.peer, %error, "an answer was not taken");
    }
}

async fn send(
    mut stream: RequestStream<h3_quinn::SendStream<Bytes>, Bytes>,
    response: Response<axum::body::Body>,
    patience: Duration,
) -> Result<(), SendError> {
    let (parts, mut body) = response.into_parts();
    timeout(patience, stream.send_response(Response::from_parts(parts, ()))).await??;
    while let Some(frame) = body.frame().await {
        match frame.map_err(SendError::Body)?.into_data() {
            Ok(data) if data.is_empty() => {}
            Ok(data) => timeout(patience, stream.send_data(data)).await??,
            Err(frame) => {
                if let Ok(trailers) = frame.into_trailers() {
                    timeout(patience, stream.send_trailers(trailers)).await??;
                }
            }
        }
    }
    timeout(patience, stream.finish()).await??;
    Ok(())
}

/// Why an answer did not reach its client.
#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error("{0}")]
    Stream(#[from] StreamError),
    #[error("the client made no room for it")]
    Slow(#[from] tokio::time::error::Elapsed),
    #[error("it could not be made: {0}")]
    Body(axum::Error),
}

/// The body of a request as it arrives.
struct Body {
    stream: RequestStream<Inward, Bytes>,
    budget: Budget,
    /// Octets that are still to come, where the head says so.
    left: Option<u64>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Data,
    Trailers,
    Ended,
}

impl State {
    /// A request that says that it has no body is not waited for.
    fn of(length: Option<u64>) -> Self {
        if length == Some(0) { Self::Ended } else { Self::Data }
    }
}

/// How long the body is, where that can be told: `GET` and `HEAD` have none unless they say so.
fn content_length<T>(request: &Request<T>) -> Option<u64> {
    match request.headers().get(header::CONTENT_LENGTH) {
        Some(length) => length.to_str().ok()?.parse().ok(),
        None if matches!(*request.method(), Method::GET | Method::HEAD) => Some(0),
        None => None,
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = StreamError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        let this = &mut *self;
        if this.state == State::Data {
            match ready!(this.stream.poll_recv_data(context)) {
                Ok(Some(mut data)) => {
                    let data = data.copy_to_bytes(data.remaining());
                    let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
                    this.budget.release(length);
                    this.left = this.left.map(|left| left.saturating_sub(length));
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Ok(None) => this.state = State::Trailers,
                Err(error) => {
                    this.state = State::Ended;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        if this.state == State::Trailers {
            let trailers = ready!(this.stream.poll_recv_trailers(context));
            this.state = State::Ended;
            return Poll::Ready(trailers.transpose().map(|trailers| trailers.map(Frame::trailers)));
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.state == State::Ended
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
