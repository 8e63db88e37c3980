//! Documents such as CRLs: streamed, and only if they changed.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{
    ACCEPT, CACHE_CONTROL, ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use reqwest::{Response, StatusCode};

use super::client::{Deadline, HttpClient, Verb};
use super::error::HttpError;

/// The most octets of a validator that are kept.
const MAX_VALIDATOR: usize = 256;

/// What a server said to recognise a version of a document by (RFC 9110 section 8.8).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// `ETag`, quotes included.
    pub etag: Option<String>,
    /// `Last-Modified`, as it was spelt.
    pub last_modified: Option<String>,
}

/// Whether caches between here and the server may answer for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Caches {
    /// As usual.
    #[default]
    MayAnswer,
    /// They are to ask the server (`Cache-Control: no-cache`, RFC 9111 section 5.2.1.4).
    MustAskOrigin,
}

/// What one download may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DownloadLimits {
    /// Octets. Default 1 GiB.
    pub octets: u64,
    /// Time for the whole. Default 10 minutes.
    pub time: Duration,
    /// Time without a single octet. Default 30 s.
    pub silence: Duration,
}

impl Default for DownloadLimits {
    fn default() -> Self {
        Self { octets: 1 << 30, time: Duration::from_secs(600), silence: Duration::from_secs(30) }
    }
}

/// What a server has.
#[derive(Debug)]
pub enum Fetched {
    /// The version that the validators name (status 304).
    NotModified,
    /// Another one, to be read.
    Document(Box<Download>),
}

/// A document on its way. Dropping it ends the transfer.
#[derive(Debug)]
pub struct Download {
    client: HttpClient,
    url: String,
    response: Response,
    limits: DownloadLimits,
    deadline: Deadline,
    received: u64,
    validators: Validators,
}

impl HttpClient {
    /// Asks for a document, unless it is still the one that `known` names.
    ///
    /// # Errors
    /// [`HttpError`]; [`HttpError::TooLarge`] at once if the server announces more octets than the limit.
    pub async fn download(
        &self,
        url: &str,
        known: &Validators,
        limits: &DownloadLimits,
    ) -> Result<Fetched, HttpError> {
        self.download_from(url, known, limits, Caches::MayAnswer).await
    }

    /// As [`HttpClient::download`], but tells whether caches on the way may answer.
    ///
    /// # Errors
    /// As [`HttpClient::download`].
    pub async fn download_from(
        &self,
        url: &str,
        known: &Validators,
        limits: &DownloadLimits,
        caches: Caches,
    ) -> Result<Fetched, HttpError> {
        let deadline = Deadline::after(limits.time);
        let answer = self.send(url, Verb::Get, deadline.or_after(limits.silence), |client, url| {
            let mut request = client.get(url).header(ACCEPT, "application/pkix-crl, */*;q=0.5");
            for (name, value) in [(IF_NONE_MATCH, &known.etag), (IF_MODIFIED_SINCE, &known.last_modified)] {
                if let Some(value) = value {
                    request = request.header(name, value);
                }
            }
            if caches == Caches::MustAskOrigin {
                request = request.header(CACHE_CONTROL, "no-cache");
            }
            request
        });
        let arrived = answer.await?;
        if arrived.response.status() == StatusCode::NOT_MODIFIED {
            // Without a validator nothing can be unmodified: the server is confused.
            if *known == Validators::default() {
                return Err(HttpError::Status { url: arrived.url, status: 304 });
            }
            return Ok(Fetched::NotModified);
        }
        let download = Download {
            client: self.clone(),
            validators: Validators::of(arrived.response.headers()),
            url: arrived.url,
            response: arrived.response,
            limits: *limits,
            deadline,
            received: 0,
        };
        download.fits(download.announced().unwrap_or_default())?;
        Ok(Fetched::Document(Box::new(download)))
    }
}

impl Download {
    /// Where it comes from, after redirects.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The octets that the server announces, if it does.
    #[must_use]
    pub fn announced(&self) -> Option<u64> {
        self.response.content_length()
    }

    /// What to ask with the next time.
    #[must_use]
    pub fn validators(&self) -> &Validators {
        &self.validators
    }

    /// The next octets, `None` after the last. A document that ends before its announced length is an error.
    ///
    /// # Errors
    /// [`HttpError`]; the download is then over.
    pub async fn next(&mut self) -> Result<Option<Bytes>, HttpError> {
        let deadline = self.deadline.or_after(self.limits.silence);
        let chunk = deadline.bound(&self.url, self.response.chunk()).await?;
        let chunk = chunk.map_err(|error| self.client.broken(&self.url, &error))?;
        if let Some(chunk) = &chunk {
            self.received = self.received.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
            self.fits(self.received)?;
        }
        Ok(chunk)
    }

    fn fits(&self, octets: u64) -> Result<(), HttpError> {
        let limit = self.limits.octets;
        if octets > limit { Err(HttpError::TooLarge { url: self.url.clone(), limit }) } else { Ok(()) }
    }
}

impl Validators {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let text = |name: HeaderName| {
            let value = headers.get(name)?.to_str().ok()?;
            (value.len() <= MAX_VALIDATOR).then(|| value.to_owned())
        };
        Self { etag: text(ETAG), last_modified: text(LAST_MODIFIED) }
    }
}
