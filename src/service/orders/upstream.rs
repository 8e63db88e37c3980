//! What another server says of its orders: a cache that reads through, under the rules that OCSP responders are asked by.
//!
//! An answer counts for a while. After that it is asked for again, by its ETag if it has one; everybody who asks the
//! same waits for one request. Where the server fails, what it said last goes on to be told for a longer while, with
//! its age. A server that keeps failing is left alone by a breaker. What is no JSON document, such as the sign-in page of
//! a hotel, never takes the place of one that is.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use lru::LruCache;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use crate::fetch::gate::{
    Boarding, BreakerSettings, Flight, Flights, GateError, GateStats, Gates, NoOutcome, Random, SystemRandom,
    UpstreamSettings, after, lock,
};
use crate::fetch::http::{Document, Get, Got, HttpClient, HttpError, SecretHeader, Validators};
use crate::types::{Clock, Seconds, UnixTime};

/// The header of the key.
const KEY_HEADER: &str = "X-DC-DEVKEY";
const JSON: &str = "application/json";
/// What an entry needs beside its octets.
const OVERHEAD: usize = 512;

/// How another server is asked.
#[derive(Debug, Clone)]
pub struct OrderUpstreamSettings {
    /// Its base URL: `https://www.digicert.com/services/v2`.
    pub base: Url,
    /// The key that it knows us by.
    pub key: SecretHeader,
    /// How long an answer counts. Default 60 s.
    pub ttl: Seconds,
    /// How long "no such order" counts. Default 30 s.
    pub missing_ttl: Seconds,
    /// How long after its end an answer is still told while the server fails. Default 1 day.
    pub stale: Seconds,
    /// How long one request may take. Default 10 s.
    pub timeout: Duration,
    /// The most octets of one answer. Default 1 MiB.
    pub max_octets: u64,
    /// The most answers. Default 10,000.
    pub max_entries: NonZeroUsize,
    /// The most octets of all of them. Default 64 MiB.
    pub max_total: usize,
    /// When the server is left alone.
    pub breaker: BreakerSettings,
    /// Requests under way.
    pub limits: UpstreamSettings,
}

/// What the server said, and how old that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamAnswer {
    /// The document, a JSON object.
    pub document: Bytes,
    /// When the server last vouched for it.
    pub validated: UnixTime,
    /// How it was come by.
    pub freshness: Freshness,
}

/// How an answer was come by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Freshness {
    /// It was at hand.
    Hit,
    /// It was asked for.
    Fetched,
    /// It was at hand, and the server confirmed it.
    Revalidated,
    /// It was at hand, and the server could not be asked.
    Stale {
        /// Why not.
        cause: UpstreamError,
    },
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamError {
    /// The server knows no such order.
    #[error("the upstream server knows no such order")]
    NotFound,
    /// It does not accept our key, or not for this.
    #[error("the upstream server refuses the key of [digicert] upstream_key_file with HTTP status {status}")]
    Refused {
        /// 401 or 403.
        status: u16,
    },
    /// Nothing usable came over HTTP.
    #[error("{0}")]
    Http(Arc<HttpError>),
    /// What came is not a JSON document.
    #[error("the upstream server sent '{found}' that is no JSON object: {reason}")]
    NotJson {
        /// `Content-Type`.
        found: String,
        /// What the parser says.
        reason: String,
    },
    /// It may not be asked now.
    #[error("the upstream server cannot be asked: {0}")]
    Gate(GateError),
    /// Too many questions are under way.
    #[error("{limit} upstream questions are under way already")]
    Overloaded {
        /// How many may be.
        limit: usize,
    },
    /// The time was up.
    #[error("no answer of the upstream server within {} ms", .limit.as_millis())]
    TimedOut {
        /// The time that was allowed.
        limit: Duration,
    },
    /// The program is ending.
    #[error("the request was given up because the program is ending")]
    Aborted,
}

impl UpstreamError {
    /// After which asking again makes sense, where that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Seconds> {
        match self {
            Self::Gate(GateError::Paused { retry_in }) => {
                let seconds = u32::try_from(retry_in.as_secs()).unwrap_or(u32::MAX);
                Some(Seconds(seconds.saturating_add(1)))
            }
            _ => None,
        }
    }
}

type Outcome = Result<UpstreamAnswer, UpstreamError>;

/// Another server, and what it said. Cloning is cheap and shares everything.
#[derive(Clone)]
pub struct Upstream(Arc<Shared>);

struct Shared {
    settings: OrderUpstreamSettings,
    url: Arc<str>,
    http: HttpClient,
    clock: Arc<dyn Clock>,
    gates: Gates,
    flights: Arc<Flights<String, Outcome>>,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    entries: LruCache<String, Entry>,
    octets: usize,
}

#[derive(Debug, Clone)]
struct Entry {
    /// `None` for what the server does not have.
    document: Option<Bytes>,
    validators: Validators,
    validated: UnixTime,
    octets: usize,
}

impl OrderUpstreamSettings {
    /// The usual settings for a server.
    #[must_use]
    pub fn new(base: Url, key: SecretHeader) -> Self {
        Self {
            base,
            key,
            ttl: Seconds(60),
            missing_ttl: Seconds(30),
            stale: Seconds::days(1),
            timeout: Duration::from_secs(10),
            max_octets: 1 << 20,
            max_entries: NonZeroUsize::MIN.saturating_add(9_999),
            max_total: 64 << 20,
            breaker: BreakerSettings::default(),
            limits: UpstreamSettings::default(),
        }
    }

    /// The header of a key; `None` if it has characters that no header can have.
    #[must_use]
    pub fn key_header(key: &str) -> Option<SecretHeader> {
        SecretHeader::new(KEY_HEADER, key)
    }
}

impl Upstream {
    /// Asks through `http`, at the time of `clock`.
    #[must_use]
    pub fn new(settings: OrderUpstreamSettings, http: HttpClient, clock: Arc<dyn Clock>) -> Self {
        let url = Arc::from(settings.base.as_str().trim_end_matches('/'));
        Self(Arc::new(Shared {
            gates: Gates::new(&settings.limits, &settings.breaker),
            flights: Arc::new(Flights::new(settings.limits.questions.get())),
            known: Mutex::new(Known { entries: LruCache::unbounded(), octets: 0 }),
            url,
            http,
            clock,
            settings,
        }))
    }

    /// What the server says at `path` below its base, with a query if there is one: `order/certificate/1/validation`.
    /// The path is made here, never by whoever asks.
    ///
    /// To be called within a tokio runtime whose timer is enabled; takes no longer than the timeout.
    ///
    /// # Errors
    /// [`UpstreamError`].
    pub async fn get(&self, path: &str) -> Outcome {
        let shared = &self.0;
        if let Some(outcome) = shared.in_hand(path) {
            return outcome;
        }
        let started = Instant::now();
        let ticket = match shared.flights.board(path.to_owned(), || shared.in_hand(path)) {
            Boarding::Landed(outcome) => return outcome,
            Boarding::Full { limit } => return shared.or_stale(path, UpstreamError::Overloaded { limit }),
            Boarding::Joined(ticket) => ticket,
            Boarding::Started(ticket, flight) => {
                // On its own, so that the first one to ask may give up without harm to the others.
                let shared = Arc::clone(shared);
                tokio::spawn(async move { shared.fly(flight).await });
                ticket
            }
        };
        let limit = shared.settings.timeout;
        // A little more than the request has, so that those who wait hear what happened.
        let waited = ticket.wait(after(started, limit + limit / 32)).await;
        waited.unwrap_or_else(|missing| {
            let error = match missing {
                NoOutcome::TimedOut => UpstreamError::TimedOut { limit },
                NoOutcome::Aborted => UpstreamError::Aborted,
            };
            shared.or_stale(path, error)
        })
    }

    /// Whether the server is asked, for monitoring.
    #[must_use]
    pub fn gate(&self) -> Option<GateStats> {
        self.0.gates.stats().into_iter().next()
    }

    /// Answers in hand and their octets.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        let known = lock(&self.0.known);
        (known.entries.len(), known.octets)
    }
}

impl Shared {
    async fn fly(&self, flight: Flight<String, Outcome>) {
        let path = flight.key().clone();
        let outcome = match self.ask(&path).await {
            Err(UpstreamError::NotFound) => Err(UpstreamError::NotFound),
            Err(error) => {
                tracing::warn!(url = &*self.url, path, %error, "the upstream server of orders fails");
                self.or_stale(&path, error)
            }
            answered => answered,
        };
        flight.land(outcome);
    }

    async fn ask(&self, path: &str) -> Outcome {
        let limit = self.settings.timeout;
        let deadline = after(Instant::now(), limit);
        let gate = self.gates.get(&self.url);
        let admission = self.gates.admit(&gate, deadline).await.map_err(UpstreamError::Gate)?;
        let validators = lock(&self.known).entries.peek(path).map(|entry| entry.validators.clone());
        let known = validators.unwrap_or_default();
        let url = format!("{}/{path}", self.url);
        let get = Get {
            url: &url,
            accept: JSON,
            known: &known,
            secret: Some(&self.settings.key),
            max_octets: self.settings.max_octets,
            limit: deadline.saturating_duration_since(Instant::now()),
        };
        match self.http.get(&get).await {
            Ok(Got::NotModified) => {
                admission.succeeded();
                self.confirmed(path)
            }
            Ok(Got::Document(document)) => match check(&document) {
                Ok(()) => {
                    admission.succeeded();
                    Ok(self.keep(path, Some(document.body), document.validators))
                }
                Err(error) => {
                    admission.failed(SystemRandom.next());
                    Err(error)
                }
            },
            Err(HttpError::Status { status: 404, .. }) => {
                admission.succeeded();
                self.keep(path, None, Validators::default());
                Err(UpstreamError::NotFound)
            }
            Err(HttpError::Status { status: status @ (401 | 403), .. }) => {
                admission.succeeded();
                Err(UpstreamError::Refused { status })
            }
            Err(error) => {
                if error.blames_server() {
                    admission.failed(SystemRandom.next());
                }
                Err(UpstreamError::Http(Arc::new(error)))
            }
        }
    }

    /// The answer that counts now, if there is one.
    fn in_hand(&self, path: &str) -> Option<Outcome> {
        let now = self.clock.now();
        let mut known = lock(&self.known);
        let entry = known.entries.get(path)?;
        let life = if entry.document.is_some() { self.settings.ttl } else { self.settings.missing_ttl };
        if now >= entry.validated.plus(life) || now < entry.validated {
            return None;
        }
        Some(match &entry.document {
            Some(document) => Ok(UpstreamAnswer {
                document: document.clone(),
                validated: entry.validated,
                freshness: Freshness::Hit,
            }),
            None => Err(UpstreamError::NotFound),
        })
    }

    /// What was said last, if that is not too long ago; else the error.
    fn or_stale(&self, path: &str, cause: UpstreamError) -> Outcome {
        let now = self.clock.now();
        let known = lock(&self.known);
        let entry = known.entries.peek(path);
        let told = entry.and_then(|entry| Some((entry.document.clone()?, entry.validated)));
        match told {
            Some((document, validated))
                if now < validated.plus(self.settings.ttl).plus(self.settings.stale) =>
            {
                Ok(UpstreamAnswer { document, validated, freshness: Freshness::Stale { cause } })
            }
            _ => Err(cause),
        }
    }

    /// The server vouches for what is in hand.
    fn confirmed(&self, path: &str) -> Outcome {
        let now = self.clock.now();
        let mut known = lock(&self.known);
        let entry = known.entries.get_mut(path);
        let document = entry.and_then(|entry| {
            entry.validated = now;
            entry.document.clone()
        });
        match document {
            Some(document) => {
                Ok(UpstreamAnswer { document, validated: now, freshness: Freshness::Revalidated })
            }
            // Forgotten while it was asked for: the next one gets it whole.
            None => Err(UpstreamError::Aborted),
        }
    }

    fn keep(&self, path: &str, document: Option<Bytes>, validators: Validators) -> UpstreamAnswer {
        let validated = self.clock.now();
        let shown = document.clone().unwrap_or_default();
        let octets = shown.len().saturating_add(path.len()).saturating_add(OVERHEAD);
        let entry = Entry { document, validators, validated, octets };
        let mut known = lock(&self.known);
        if let Some(before) = known.entries.put(path.to_owned(), entry) {
            known.octets = known.octets.saturating_sub(before.octets);
        }
        known.octets = known.octets.saturating_add(octets);
        while known.octets > self.settings.max_total || known.entries.len() > self.settings.max_entries.get()
        {
            let Some((_, oldest)) = known.entries.pop_lru() else { break };
            known.octets = known.octets.saturating_sub(oldest.octets);
        }
        UpstreamAnswer { document: shown, validated, freshness: Freshness::Fetched }
    }
}

/// Whether it is a JSON object.
fn check(document: &Document) -> Result<(), UpstreamError> {
    let not_json = |reason: String| UpstreamError::NotJson { found: document.content_type.clone(), reason };
    match serde_json::from_slice(&document.body) {
        Ok(Value::Object(_)) => Ok(()),
        Ok(_) => Err(not_json("it is another value".to_owned())),
        Err(error) => Err(not_json(error.to_string())),
    }
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstream").field("url", &self.0.url).finish_non_exhaustive()
    }
}
