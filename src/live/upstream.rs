//! The network, as far as this layer needs it.

use std::time::Duration;

use bytes::Bytes;

use crate::fetch::http::{HttpClient, HttpError, OcspMethod};

/// One request to one responder.
#[derive(Debug, Clone)]
pub struct UpstreamRequest {
    /// The responder.
    pub url: std::sync::Arc<str>,
    /// The DER OCSPRequest.
    pub request: Bytes,
    /// How it travels.
    pub method: OcspMethod,
    /// How long it may take.
    pub limit: Duration,
}

/// Who carries requests to responders.
///
/// What it returns is not trusted. It should keep to the limit of the request; the future is dropped soon after.
pub trait Upstream: Send + Sync + 'static {
    /// Sends a request and returns the body of the response.
    fn ask(&self, request: UpstreamRequest) -> impl Future<Output = Result<Bytes, HttpError>> + Send;
}

impl Upstream for HttpClient {
    async fn ask(&self, request: UpstreamRequest) -> Result<Bytes, HttpError> {
        self.ask_responder(&request.url, &request.request, request.method, request.limit).await
    }
}
