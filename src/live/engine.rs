//! From a question to an answer.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use super::answer::LiveAnswer;
use super::cache::{Cache, CacheFile, CacheFileError, Insertion, Lifetime, LoadReport, Lookup};
use super::error::{LiveError, Unavailability};
use super::failures::Failures;
use super::question::{LiveQuestion, QuestionKey};
use super::settings::{LiveSettings, NonceUse};
use super::stats::{Counters, LiveStats};
use super::upstream::{Upstream, UpstreamRequest};
use crate::fetch::gate::{Boarding, Flight, Flights, Gates, NoOutcome, Random, SystemRandom, after};
use crate::ocsp::{
    DelegateStatus, Nonce, NoncePolicy, OcspError, Question, ResponsePolicy, encode_request, verify_response,
};
use crate::pki::Certificate;
use crate::types::{Clock, UnixTime};

/// Tells the state of a delegated responder's certificate, which cannot come from that responder itself.
pub type DelegateCheck = dyn Fn(&Certificate) -> DelegateStatus + Send + Sync;

/// What comes of a question.
pub(super) type Outcome = Result<LiveAnswer, LiveError>;

/// What [`Live`] needs from its surroundings.
#[derive(Clone)]
pub struct LiveParts {
    /// Tells the state of a delegated responder, from an index. Called while a response is verified, so it must not
    /// wait for anything. The default knows none.
    pub delegate: Arc<DelegateCheck>,
    /// Chance. The default is the operating system's.
    pub random: Arc<dyn Random>,
    /// The file that keeps answers over a restart: by convention `ocsp-cache` in the index folder, beside which it
    /// needs two names more, `.lock` and `.tmp`. By default none is kept.
    pub cache_file: Option<PathBuf>,
}

/// Asks responders. Cloning is cheap and shares everything.
///
/// To be used within a tokio runtime whose timer is enabled.
pub struct Live<U, C>(pub(super) Arc<Shared<U, C>>);

pub(super) struct Shared<U, C> {
    pub(super) settings: LiveSettings,
    upstream: U,
    pub(super) clock: C,
    delegate: Arc<DelegateCheck>,
    random: Arc<dyn Random>,
    pub(super) cache: Cache,
    pub(super) cache_file: Option<CacheFile>,
    failures: Failures,
    pub(super) flights: Arc<Flights<QuestionKey, Outcome>>,
    gates: Gates,
    pub(super) counters: Counters,
}

/// Whether anybody waits for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Answer,
    Refresh,
}

impl<U: Upstream, C: Clock + 'static> Live<U, C> {
    /// Asks through `upstream`, at the time of `clock`.
    #[must_use]
    pub fn new(settings: LiveSettings, upstream: U, clock: C, parts: LiveParts) -> Self {
        Self(Arc::new(Shared {
            upstream,
            clock,
            delegate: parts.delegate,
            random: parts.random,
            cache: Cache::new(&settings.cache, settings.response.skew),
            cache_file: parts.cache_file.map(CacheFile),
            failures: Failures::new(&settings.failures),
            flights: Arc::new(Flights::new(settings.upstream.questions.get())),
            gates: Gates::new(&settings.upstream, &settings.breaker),
            counters: Counters::default(),
            settings,
        }))
    }

    /// Reads the file of the cache, if one is configured. A file that cannot be used is reported and otherwise as good
    /// as none. Blocks on the disk.
    pub fn load(&self) -> LoadReport {
        let Some(file) = &self.0.cache_file else { return LoadReport::default() };
        // A record takes less of the file than its entry counts for in the cache.
        let limit = u64::try_from(self.0.settings.cache.max_octets).unwrap_or(u64::MAX).saturating_add(1024);
        match file.read(limit) {
            Ok(records) => {
                let loaded = records.len();
                records.into_iter().for_each(|record| self.0.cache.insert_stored(record));
                LoadReport { loaded, problem: None }
            }
            Err(problem) => LoadReport { loaded: 0, problem: Some(problem) },
        }
    }

    /// Writes the cache to its file if it changed since; the number of responses written. Answers that have ended are
    /// left out.
    ///
    /// # Errors
    /// [`CacheFileError`]; the file is then as it was before.
    pub async fn save(&self) -> Result<usize, CacheFileError> {
        let shared = &self.0;
        let Some(file) = shared.cache_file.clone() else { return Ok(0) };
        let Some(records) = shared.cache.records(shared.clock.now()) else { return Ok(0) };
        let (count, path) = (records.len(), file.0.clone());
        let written = tokio::task::spawn_blocking(move || file.write(&records)).await;
        let written = written.unwrap_or_else(|error| {
            Err(CacheFileError::Io { action: "write", path, source: std::io::Error::other(error) })
        });
        match written {
            Ok(()) => Ok(count),
            Err(error) => {
                shared.cache.mark_changed();
                shared.counters.failed_saves.count();
                Err(error)
            }
        }
    }

    /// Answers a question: from the cache, or by asking the responders it names, in order.
    ///
    /// Takes no longer than [`LiveSettings::budget`]. Dropping the future is fine: a request that is under way goes on
    /// for whoever else asks.
    ///
    /// # Errors
    /// [`LiveError`], whose [`LiveError::code`] is the cause of an `unknown`.
    pub async fn ask(&self, question: &LiveQuestion) -> Result<LiveAnswer, LiveError> {
        if let Some(answer) = self.0.in_hand(question) {
            return Ok(answer);
        }
        self.0.counters.misses.count();
        self.board(question, || self.0.in_hand(question)).await
    }

    /// Answers a question by asking the responders it names, whatever is in hand: for callers who were promised the
    /// responder's word of this moment. Whoever asks the same while a request is under way has the answer to that one,
    /// and a failure that is remembered stands.
    ///
    /// # Errors
    /// As [`Live::ask`].
    pub async fn ask_anew(&self, question: &LiveQuestion) -> Result<LiveAnswer, LiveError> {
        self.board(question, || None).await
    }

    /// Joins a request, or starts one, unless `in_hand` has the answer after all.
    async fn board(
        &self,
        question: &LiveQuestion,
        in_hand: impl Fn() -> Option<LiveAnswer>,
    ) -> Result<LiveAnswer, LiveError> {
        let shared = &self.0;
        if question.urls().is_empty() {
            return Err(LiveError::NoResponder);
        }
        let started = Instant::now();
        let key = question.key();
        let landed = || match shared.failures.find(&key, started) {
            Some(error) => {
                shared.counters.remembered_failures.count();
                Some(Err(error))
            }
            None => in_hand().map(Ok),
        };
        let ticket = match shared.flights.board(key, landed) {
            Boarding::Landed(outcome) => return outcome,
            Boarding::Full { limit } => return Err(LiveError::Overloaded { limit }),
            Boarding::Joined(ticket) => {
                shared.counters.joined.count();
                ticket
            }
            Boarding::Started(ticket, flight) => {
                // On its own, so that the first one to ask may give up without harm to the others.
                let (shared, question) = (Arc::clone(shared), question.clone());
                tokio::spawn(async move { shared.fly(&question, flight, Purpose::Answer).await });
                ticket
            }
        };
        let budget = shared.settings.budget;
        ticket.wait(after(started, budget)).await.unwrap_or_else(|missing| {
            Err(match missing {
                NoOutcome::TimedOut => LiveError::TimedOut { limit: budget },
                NoOutcome::Aborted => LiveError::Aborted,
            })
        })
    }

    /// The answer in hand, without asking anybody: some hundred nanoseconds. The first time after a restart that means
    /// to verify it once more.
    #[must_use]
    pub fn cached(&self, question: &LiveQuestion) -> Option<LiveAnswer> {
        self.0.in_hand(question)
    }

    /// The newest verified answer since the start, even if it has ended: what a caller may still deny by where nobody
    /// can be reached. Never a reason for "good".
    #[must_use]
    pub fn last_known(&self, question: &LiveQuestion) -> Option<LiveAnswer> {
        self.0.cache.last_known(question.id())
    }

    /// What happened so far. Walks over everything, so it is for monitoring.
    #[must_use]
    pub fn stats(&self) -> LiveStats {
        let (cache, counters) = (self.0.cache.stats(), &self.0.counters);
        LiveStats {
            hits: cache.hits,
            misses: counters.misses.get(),
            remembered_failures: counters.remembered_failures.get(),
            joined: counters.joined.get(),
            upstream_requests: counters.upstream_requests.get(),
            upstream_answers: counters.upstream_answers.get(),
            failures: counters.failures(),
            refreshes: counters.refreshes.get(),
            failed_refreshes: counters.failed_refreshes.get(),
            evictions: cache.evictions,
            refused_from_file: counters.refused_from_file.get(),
            failed_saves: counters.failed_saves.get(),
            entries: cache.entries,
            octets: cache.octets,
            responders: self.0.gates.stats(),
        }
    }
}

impl<U: Upstream, C: Clock + 'static> Shared<U, C> {
    /// Flies: brings an outcome within the budget, keeps it and tells those who wait.
    pub(super) async fn fly(
        &self,
        question: &LiveQuestion,
        flight: Flight<QuestionKey, Outcome>,
        purpose: Purpose,
    ) -> Outcome {
        let budget = self.settings.budget;
        // A little less than those who wait have, so that they hear what happened and not only that time was up.
        let deadline = after(Instant::now(), budget - budget / 32);
        let outcome = timeout_at(deadline, self.ask_in_turn(question, deadline)).await;
        let outcome = outcome.unwrap_or(Err(LiveError::TimedOut { limit: budget }));
        match (&outcome, purpose) {
            (Ok(_), _) => self.failures.forget(flight.key()),
            (Err(error), Purpose::Answer) => self.failures.remember(*flight.key(), error, Instant::now()),
            // The answer in hand still counts, and when it ends somebody may well try.
            (Err(_), Purpose::Refresh) => {}
        }
        flight.land(outcome.clone());
        outcome
    }

    /// The answer that counts now, if there is one.
    fn in_hand(&self, question: &LiveQuestion) -> Option<LiveAnswer> {
        let at = self.clock.now();
        match self.cache.find(question, at) {
            Lookup::Fresh(answer) => Some(answer),
            Lookup::Stored { response, fetched_at } => {
                self.verify_stored(question, &response, fetched_at, at);
                match self.cache.find(question, at) {
                    Lookup::Fresh(answer) => Some(answer),
                    Lookup::Stored { .. } | Lookup::Missing => None,
                }
            }
            Lookup::Missing => None,
        }
    }

    /// Turns a response from the file into an answer, or forgets it.
    fn verify_stored(&self, question: &LiveQuestion, response: &Bytes, fetched_at: UnixTime, at: UnixTime) {
        // The nonce of that time was checked then, and is gone.
        let policy = ResponsePolicy { nonce: NoncePolicy::Optional, ..self.settings.response };
        let id = question.wire_id(self.settings.cert_id_function);
        let asked = Question { id: &id, issuer: question.issuer().certificate(), nonce: None };
        match verify_response(response, &asked, at, &policy, &*self.delegate) {
            Ok(answer) => {
                let life = Lifetime::of(&answer, fetched_at.min(at), &self.settings, self.random.next());
                self.cache.insert(question, answer, response, life, at);
            }
            Err(_) => {
                if self.cache.drop_stored(question.id()) {
                    self.counters.refused_from_file.count();
                }
            }
        }
    }

    /// Asks one responder after the other, each with an equal part of the time that is left.
    async fn ask_in_turn(&self, question: &LiveQuestion, deadline: Instant) -> Outcome {
        let mut failure: Option<LiveError> = None;
        let mut left = u32::try_from(question.urls().iter().len()).unwrap_or(u32::MAX);
        for url in question.urls().iter() {
            let now = Instant::now();
            let share = deadline.saturating_duration_since(now) / left.max(1);
            left = left.saturating_sub(1);
            match self.ask_one(question, url, now + share).await {
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    self.counters.failed(error.detail());
                    failure = Some(match failure {
                        Some(earlier) => earlier.more_telling(error),
                        None => error,
                    });
                }
            }
        }
        Err(failure.unwrap_or(LiveError::NoResponder))
    }

    async fn ask_one(&self, question: &LiveQuestion, url: &Arc<str>, deadline: Instant) -> Outcome {
        let unavailable = |cause| LiveError::Unavailable { url: Arc::clone(url), cause };
        let gate = self.gates.get(url);
        let admitted = self.gates.admit(&gate, deadline).await;
        let admission = admitted.map_err(|error| unavailable(error.into()))?;
        let nonce = match self.settings.nonce {
            NonceUse::Never => None,
            NonceUse::Always => Some(Nonce::random().map_err(|_| unavailable(Unavailability::NoRandomness))?),
        };
        let id = question.wire_id(self.settings.cert_id_function);
        let limit = deadline.saturating_duration_since(Instant::now());
        let request = UpstreamRequest {
            url: Arc::clone(url),
            request: encode_request(std::slice::from_ref(&id), nonce.as_ref()).into(),
            method: self.settings.method,
            limit,
        };
        self.counters.upstream_requests.count();
        let response = match timeout_at(deadline, self.upstream.ask(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                if error.blames_server() {
                    admission.failed(self.random.next());
                }
                return Err(unavailable(Unavailability::Http(Arc::new(error))));
            }
            Err(_) => {
                admission.failed(self.random.next());
                return Err(unavailable(Unavailability::TimedOut { limit }));
            }
        };
        let asked = Question { id: &id, issuer: question.issuer().certificate(), nonce: nonce.as_ref() };
        let at = self.clock.now();
        let verified = verify_response(&response, &asked, at, &self.settings.response, &*self.delegate);
        let answer = match verified {
            Ok(answer) => answer,
            Err(error) if matches!(error, OcspError::TryLater | OcspError::InternalError) => {
                admission.failed(self.random.next());
                return Err(unavailable(Unavailability::Responder(Arc::new(error))));
            }
            // It is there and answers. What it says may be due to the question, and must not close it to others.
            Err(error) => {
                admission.succeeded();
                let url = Arc::clone(url);
                return Err(match error {
                    OcspError::Unauthorized => LiveError::Unauthorized { url },
                    error => LiveError::Refused { url, error: Arc::new(error) },
                });
            }
        };
        admission.succeeded();
        self.counters.upstream_answers.count();
        let life = Lifetime::of(&answer, at, &self.settings, self.random.next());
        match self.cache.insert(question, answer, &response, life, at) {
            Insertion::Counts(answer) => Ok(answer),
            Insertion::Replayed { seen } => {
                Err(LiveError::Replayed { url: Arc::clone(url), seen, found: answer.this_update })
            }
        }
    }
}

impl Default for LiveParts {
    fn default() -> Self {
        Self {
            delegate: Arc::new(|_| DelegateStatus::Unknown),
            random: Arc::new(SystemRandom),
            cache_file: None,
        }
    }
}

impl fmt::Debug for LiveParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveParts").field("cache_file", &self.cache_file).finish_non_exhaustive()
    }
}

impl<U, C> Clone for Live<U, C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<U, C> fmt::Debug for Live<U, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}
