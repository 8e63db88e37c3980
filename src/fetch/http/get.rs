//! Small documents: the answers of an API, a token at a well-known place.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use url::Url;

use super::client::{Deadline, HttpClient, Verb, header};
use super::download::Validators;
use super::error::HttpError;

/// A header that says who asks. Its value is in no log and in no error, and goes to the origin it is meant for only:
/// a redirect to somebody else is followed without it.
#[derive(Clone)]
pub struct SecretHeader {
    name: HeaderName,
    value: HeaderValue,
}

/// One request for a small document.
#[derive(Debug, Clone)]
pub struct Get<'a> {
    /// Where it is.
    pub url: &'a str,
    /// The media types that are wanted, as in `Accept`.
    pub accept: &'static str,
    /// What is known of an earlier version; the default if there is none.
    pub known: &'a Validators,
    /// Who asks.
    pub secret: Option<&'a SecretHeader>,
    /// The most octets.
    pub max_octets: u64,
    /// How long it may take, redirects included.
    pub limit: Duration,
}

/// What a server has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Got {
    /// The version that the validators name (status 304).
    NotModified,
    /// Another one.
    Document(Document),
}

/// A small document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// All of it.
    pub body: Bytes,
    /// `Content-Type`, cut off if it is long; empty if there is none.
    pub content_type: String,
    /// What to ask with the next time.
    pub validators: Validators,
}

impl HttpClient {
    /// Gets a small document.
    ///
    /// # Errors
    /// [`HttpError`]; any status but 200, and 304 where validators were sent, is [`HttpError::Status`].
    pub async fn get(&self, get: &Get<'_>) -> Result<Got, HttpError> {
        let deadline = Deadline::after(get.limit);
        let origin = Url::parse(get.url).ok().map(|url| url.origin());
        let answer = self.send(get.url, Verb::Get, deadline, |client, url| {
            let own = get.secret.filter(|_| origin.as_ref() == Some(&url.origin()));
            let mut request = client.get(url).header(ACCEPT, get.accept);
            if let Some(SecretHeader { name, value }) = own {
                request = request.header(name, value);
            }
            let known = [(IF_NONE_MATCH, &get.known.etag), (IF_MODIFIED_SINCE, &get.known.last_modified)];
            for (name, value) in known {
                if let Some(value) = value {
                    request = request.header(name, value);
                }
            }
            request
        });
        let arrived = answer.await?;
        if arrived.response.status() == StatusCode::NOT_MODIFIED {
            // Without a validator nothing can be unmodified: the server is confused.
            if *get.known == Validators::default() {
                return Err(HttpError::Status { url: arrived.url, status: 304 });
            }
            return Ok(Got::NotModified);
        }
        let content_type = header(arrived.response.headers(), CONTENT_TYPE);
        let validators = Validators::of(arrived.response.headers());
        let body = self.read_all(arrived, deadline, get.max_octets).await?;
        Ok(Got::Document(Document { body, content_type, validators }))
    }
}

impl SecretHeader {
    /// A header of this name; `None` if the value has characters that no header can have.
    #[must_use]
    pub fn new(name: &'static str, value: &str) -> Option<Self> {
        let mut value = HeaderValue::from_str(value).ok()?;
        value.set_sensitive(true);
        Some(Self { name: HeaderName::from_bytes(name.as_bytes()).ok()?, value })
    }
}

impl fmt::Debug for SecretHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretHeader({})", self.name)
    }
}
