//! One question to a responder (RFC 6960 appendix A).

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE};

use super::client::{Arrived, Deadline, HttpClient, Verb, header};
use super::error::HttpError;
use crate::ocsp::get_path;

const REQUEST: &str = "application/ocsp-request";
const RESPONSE: &str = "application/ocsp-response";

/// How a question travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OcspMethod {
    /// In the body of a POST, which every responder understands.
    #[default]
    Post,
    /// In the URL of a GET, which caches on the way can answer (RFC 5019 section 5); in a POST where the URL would
    /// become too long.
    Get,
}

/// What is thought of an answer that is not labelled `application/ocsp-response`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ContentTypeCheck {
    /// Refused: it is most likely an error page.
    #[default]
    Strict,
    /// Tried all the same, for responders that label their answers wrongly.
    Lenient,
}

impl HttpClient {
    /// Sends a DER OCSPRequest to a responder and returns what comes back, unread: at most
    /// [`super::HttpSettings::max_ocsp_response`] octets within `limit`, which covers resolving, connecting, redirects
    /// and the last octet.
    ///
    /// # Errors
    /// [`HttpError`].
    pub async fn ask_responder(
        &self,
        url: &str,
        request: &Bytes,
        method: OcspMethod,
        limit: Duration,
    ) -> Result<Bytes, HttpError> {
        let deadline = Deadline::after(limit);
        let get = match method {
            OcspMethod::Get => get_path(url, request),
            OcspMethod::Post => None,
        };
        let arrived = match get {
            Some(path) => {
                let url = format!("{url}{path}");
                self.send(&url, Verb::Get, deadline, |client, url| client.get(url).header(ACCEPT, RESPONSE))
                    .await?
            }
            None => {
                self.send(url, Verb::Post, deadline, |client, url| {
                    let request = client.post(url).body(request.clone());
                    request.header(CONTENT_TYPE, REQUEST).header(ACCEPT, RESPONSE)
                })
                .await?
            }
        };
        self.check_type(&arrived)?;
        self.read_all(arrived, deadline, self.max_ocsp_response).await
    }

    fn check_type(&self, arrived: &Arrived) -> Result<(), HttpError> {
        let found = header(arrived.response.headers(), CONTENT_TYPE);
        // Parameters such as a charset make no difference (RFC 9110 section 8.3.1).
        let essence = found.split(';').next().unwrap_or_default().trim();
        if self.content_type == ContentTypeCheck::Lenient || essence.eq_ignore_ascii_case(RESPONSE) {
            return Ok(());
        }
        Err(HttpError::ContentType { url: arrived.url.clone(), found, expected: RESPONSE })
    }
}
