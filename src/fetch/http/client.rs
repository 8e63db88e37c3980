//! The one HTTP client: its settings, and the walk along redirects that every request takes.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_ENCODING, HeaderMap, LOCATION};
use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect};
use rustls::pki_types::CertificateDer;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::error::{HttpError, RedirectProblem, excerpt};
use super::ocsp::ContentTypeCheck;
use super::policy::{AddressPolicy, Addresses};
use super::resolver::{AllRefused, CheckedResolver, Lookups};
use super::switch::OutboundSwitch;

/// The most headers of an answer; the library stops at about 400 KiB of them in any case.
const MAX_HEADERS: usize = 64;
/// How long an idle connection is kept.
const IDLE: Duration = Duration::from_secs(60);
/// As long as any deadline lasts.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);

/// How HTTP is done.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Where URLs may lead. Default: public addresses only.
    pub addresses: AddressPolicy,
    /// How long one connection may take to be made, TLS included. Default 2 s; the time of the call bounds it as well.
    pub connect_timeout: Duration,
    /// How many redirects are followed in a row. Default 3, at most 10.
    pub max_redirects: u8,
    /// Octets of one OCSP response. Default 64 KiB; with all certificates of a chain they have about 8.
    pub max_ocsp_response: u64,
    /// What is thought of the media type of an OCSP response. Default: it must be right.
    pub content_type: ContentTypeCheck,
    /// The URL of an HTTP proxy for everything. Default: none, whatever the environment says. A proxy resolves names
    /// itself: addresses in URLs are still checked, those of names are then the proxy's business.
    pub proxy: Option<String>,
    /// DER certificates that are trusted as roots of `https` servers, beside those of the system.
    pub extra_roots: Vec<Vec<u8>>,
    /// Idle connections kept per host. Default 4.
    pub max_idle_per_host: usize,
    /// What is presented to `https` servers, and whom to trust besides, if that can change. Default: nothing.
    pub switch: Option<Arc<OutboundSwitch>>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            addresses: AddressPolicy::public_only(),
            connect_timeout: Duration::from_secs(2),
            max_redirects: 3,
            max_ocsp_response: 64 << 10,
            content_type: ContentTypeCheck::default(),
            proxy: None,
            extra_roots: Vec::new(),
            max_idle_per_host: 4,
            switch: None,
        }
    }
}

/// Why no client can be made of the settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpSetupError {
    /// The URL of the proxy cannot be used.
    #[error("'{url}' is not the URL of an HTTP proxy: {reason}")]
    Proxy {
        /// The URL as given.
        url: String,
        /// What the parser says.
        reason: String,
    },
    /// An additional root cannot be used.
    #[error("the additional root certificate number {number} cannot be used: {reason}")]
    Root {
        /// Its position, from 1.
        number: usize,
        /// What TLS says.
        reason: String,
    },
    /// The libraries refuse the settings.
    #[error("the HTTP client cannot be made: {reason}")]
    Client {
        /// What they say.
        reason: String,
    },
}

/// An HTTP client for OCSP responders and CRLs. Cloning is cheap and shares the connections.
#[derive(Debug, Clone)]
pub struct HttpClient {
    /// For URLs whose addresses are checked.
    checked: Client,
    /// For the origins and hosts that the configuration vouches for. Apart from the other, so that a connection made
    /// without a check is never reused where one is due.
    vouched: Client,
    policy: Arc<AddressPolicy>,
    max_redirects: u8,
    connect_timeout: Duration,
    pub(super) max_ocsp_response: u64,
    pub(super) content_type: ContentTypeCheck,
}

/// Until when something may take, and how long that was from the start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    at: Instant,
    limit: Duration,
}

/// Whether a request has a body that a redirect must carry along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
}

/// An answer with status 200, or 304 if that was asked for, and where it came from.
pub(super) struct Arrived {
    pub(super) url: String,
    pub(super) response: Response,
}

impl HttpClient {
    /// A client with these settings. Reads the system's root certificates, which takes some milliseconds; where there
    /// are none, `https` fails and `http` works.
    ///
    /// # Errors
    /// [`HttpSetupError`].
    pub fn new(settings: &HttpSettings) -> Result<Self, HttpSetupError> {
        let policy = Arc::new(settings.addresses.clone());
        let tls = tls(settings)?;
        let proxy = settings.proxy.as_deref().map(proxy).transpose()?;
        let proxy_host = proxy.as_ref().map(|(host, _)| host.clone());
        let builder = || {
            let builder = Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .user_agent(concat!("revocache/", env!("CARGO_PKG_VERSION")))
                .redirect(redirect::Policy::none())
                .referer(false)
                .http1_only()
                .http1_max_headers(MAX_HEADERS)
                .no_gzip()
                .connect_timeout(settings.connect_timeout)
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(settings.max_idle_per_host)
                .no_proxy();
            match &proxy {
                Some((_, proxy)) => builder.proxy(proxy.clone()),
                None => builder,
            }
        };
        let build = |builder: reqwest::ClientBuilder| {
            builder.build().map_err(|error| HttpSetupError::Client { reason: reasons(&error) })
        };
        let lookups = Lookups::default();
        let checked = CheckedResolver { lookups: lookups.clone(), policy: Arc::clone(&policy), proxy_host };
        Ok(Self {
            checked: build(builder().dns_resolver(checked))?,
            vouched: build(builder().dns_resolver(lookups))?,
            policy,
            max_redirects: settings.max_redirects.min(10),
            connect_timeout: settings.connect_timeout,
            max_ocsp_response: settings.max_ocsp_response,
            content_type: settings.content_type,
        })
    }

    /// Sends what `request` makes for each URL, from the first to where redirects lead.
    pub(super) async fn send(
        &self,
        url: &str,
        verb: Verb,
        deadline: Deadline,
        request: impl Fn(&Client, Url) -> RequestBuilder,
    ) -> Result<Arrived, HttpError> {
        let mut target = self.policy.check_url(url)?;
        for _ in 0..=self.max_redirects {
            let client = match target.addresses {
                Addresses::Checked => &self.checked,
                Addresses::Vouched => &self.vouched,
            };
            let at = target.url.as_str();
            let sent = request(client, target.url.clone()).send();
            let response = deadline.bound(at, sent).await?.map_err(|error| self.broken(at, &error))?;
            let status = response.status();
            if status == StatusCode::OK || (status == StatusCode::NOT_MODIFIED && verb == Verb::Get) {
                let arrived = Arrived { url: target.url.into(), response };
                refuse_coding(&arrived)?;
                return Ok(arrived);
            }
            let next = next_hop(&target.url, verb, &response)?;
            target = self.policy.check_url(&next)?;
        }
        let problem = RedirectProblem::TooMany { limit: self.max_redirects };
        Err(HttpError::Redirect { url: target.url.into(), problem })
    }

    /// The whole body of an answer, at most `limit` octets of it.
    pub(super) async fn read_all(
        &self,
        arrived: Arrived,
        deadline: Deadline,
        limit: u64,
    ) -> Result<Bytes, HttpError> {
        let Arrived { url, mut response } = arrived;
        let fits = |octets: u64| {
            if octets > limit { Err(HttpError::TooLarge { url: url.clone(), limit }) } else { Ok(()) }
        };
        fits(response.content_length().unwrap_or_default())?;
        let mut body = BytesMut::new();
        loop {
            let chunk = deadline.bound(&url, response.chunk()).await?;
            let Some(chunk) = chunk.map_err(|error| self.broken(&url, &error))? else {
                return Ok(body.freeze());
            };
            let total = body.len().saturating_add(chunk.len());
            fits(u64::try_from(total).unwrap_or(u64::MAX))?;
            body.extend_from_slice(&chunk);
        }
    }

    /// What an error of the library means.
    pub(super) fn broken(&self, url: &str, error: &reqwest::Error) -> HttpError {
        let url = url.to_owned();
        if let Some(AllRefused { address, kind }) = cause::<AllRefused>(error) {
            HttpError::AddressRefused { url, address: *address, kind: *kind }
        } else if error.is_dns() {
            HttpError::Resolve { url, reason: reasons(error) }
        } else if error.is_timeout() {
            HttpError::Timeout { url, limit: self.connect_timeout }
        } else if error.is_connect() {
            HttpError::Connect { url, reason: reasons(error) }
        } else {
            HttpError::Transfer { url, reason: reasons(error) }
        }
    }
}

impl Deadline {
    pub(super) fn after(limit: Duration) -> Self {
        // Whoever means "for ever" must not overflow the timer.
        Self { at: Instant::now() + limit.min(LONGEST), limit }
    }

    /// The earlier one of this deadline and one that begins now.
    pub(super) fn or_after(self, limit: Duration) -> Self {
        let other = Self::after(limit);
        if other.at < self.at { other } else { self }
    }

    pub(super) async fn bound<F: Future>(self, url: &str, future: F) -> Result<F::Output, HttpError> {
        let late = |_| HttpError::Timeout { url: url.to_owned(), limit: self.limit };
        timeout_at(self.at, future).await.map_err(late)
    }
}

/// A header as text, cut off; empty if there is none.
pub(super) fn header(headers: &HeaderMap, name: reqwest::header::HeaderName) -> String {
    headers.get(name).map(|value| excerpt(&String::from_utf8_lossy(value.as_bytes()))).unwrap_or_default()
}

/// Where a redirect leads; any other status is an error.
fn next_hop(url: &Url, verb: Verb, response: &Response) -> Result<String, HttpError> {
    let redirect = |problem| HttpError::Redirect { url: url.to_string(), problem };
    match response.status().as_u16() {
        // A POST stays a POST: RFC 9110 section 15.4.2 allows to turn it into a GET for old times' sake, but an OCSP
        // question has no other place than the body.
        301 | 302 | 307 | 308 => {}
        303 if verb == Verb::Get => {}
        303 => return Err(redirect(RedirectProblem::Method)),
        status => return Err(HttpError::Status { url: url.to_string(), status }),
    }
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let next = location.and_then(|location| url.join(location).ok());
    let next = next.ok_or_else(|| redirect(RedirectProblem::Location))?;
    if url.scheme() == "https" && next.scheme() == "http" {
        return Err(redirect(RedirectProblem::Downgrade));
    }
    Ok(next.into())
}

fn refuse_coding(arrived: &Arrived) -> Result<(), HttpError> {
    let found = header(arrived.response.headers(), CONTENT_ENCODING);
    if found.is_empty() || found.eq_ignore_ascii_case("identity") {
        return Ok(());
    }
    Err(HttpError::ContentCoding { url: arrived.url.clone(), found })
}

fn tls(settings: &HttpSettings) -> Result<rustls::ClientConfig, HttpSetupError> {
    let mut roots = rustls::RootCertStore::empty();
    for (number, root) in (1..).zip(&settings.extra_roots) {
        roots
            .add(CertificateDer::from(root.clone()))
            .map_err(|error| HttpSetupError::Root { number, reason: error.to_string() })?;
    }
    // Some systems have a few odd ones among their roots, and some have none at all; neither is in the way of http.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    // Named here, because a host program may have made another provider the default of its process.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| HttpSetupError::Client { reason: error.to_string() })?;
    match &settings.switch {
        Some(switch) => Ok(switch.config(config, roots)),
        None => Ok(config.with_root_certificates(roots).with_no_client_auth()),
    }
}

fn proxy(url: &str) -> Result<(String, reqwest::Proxy), HttpSetupError> {
    let bad = |reason: String| HttpSetupError::Proxy { url: url.to_owned(), reason };
    let parsed = Url::parse(url).map_err(|error| bad(error.to_string()))?;
    let host = parsed.host_str().ok_or_else(|| bad("it has no host".to_owned()))?.to_owned();
    Ok((host, reqwest::Proxy::all(parsed).map_err(|error| bad(reasons(&error)))?))
}

/// The first error of a type in a chain of causes.
fn cause<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    std::iter::successors(Some(error), |&error| error.source()).find_map(|error| error.downcast_ref())
}

/// The causes of an error, the outermost left out because it repeats the URL.
fn reasons(error: &(dyn StdError + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |&error| error.source());
    let texts: Vec<String> = causes.map(ToString::to_string).collect();
    if texts.is_empty() { excerpt(&error.to_string()) } else { excerpt(&texts.join(": ")) }
}
