//! Who asks, and whether not too often.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::Digicert;
use super::errors::ApiError;
use super::format::Format;
use crate::service::orders::Caller;

/// The header with the API key.
const KEY: &str = "x-dc-devkey";

/// Lets those through whose key is known, with the [`Caller`] among the extensions. Whoever has none is counted by
/// address, so that keys cannot be tried without end.
pub(super) async fn authenticate(
    State(digicert): State<Arc<Digicert>>,
    mut request: Request,
    next: Next,
) -> Response {
    let format = Format::wanted(request.headers());
    let sent = request.headers().get(KEY).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
    match caller(&digicert, sent.as_deref(), peer).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(error) => format.refuse(&error),
    }
}

async fn caller(
    digicert: &Digicert,
    sent: Option<&str>,
    peer: Option<SocketAddr>,
) -> Result<Caller, ApiError> {
    let found = match sent {
        Some(key) => digicert.desk.registry().authenticate(key.trim()).await?,
        None => None,
    };
    let too_many =
        |limit: super::super::limits::TooManyRequests| ApiError::TooMany { retry_after: limit.retry_after };
    match found {
        Some(caller) => {
            digicert.limits.take(caller.key.uuid().as_bytes()).map_err(too_many)?;
            Ok(caller)
        }
        None => {
            let address = peer.map(|peer| peer.ip().to_canonical().to_string());
            digicert.limits.take(address.unwrap_or_default().as_bytes()).map_err(too_many)?;
            Err(ApiError::NoKey)
        }
    }
}
