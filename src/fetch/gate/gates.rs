//! The gates: a breaker for each server, and how many requests may be under way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lru::LruCache;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::breaker::{Breaker, BreakerState, Right};
use super::lock::lock;
use super::settings::{BreakerSettings, UpstreamSettings};

/// A gate for each URL. By the host alone, a certificate that names a wrong path at a good responder would close it to
/// everybody.
#[derive(Debug)]
pub struct Gates {
    upstream: UpstreamSettings,
    breaker: BreakerSettings,
    total: Arc<Semaphore>,
    known: Mutex<LruCache<Arc<str>, Arc<Gate>>>,
}

/// What stands before one server.
#[derive(Debug)]
pub struct Gate {
    breaker: Mutex<Breaker>,
    places: Arc<Semaphore>,
    max_places: usize,
    waiting: AtomicUsize,
    max_waiting: usize,
}

/// The right to send one request. Dropped without an outcome it counts neither way.
#[derive(Debug)]
pub struct Admission {
    gate: Arc<Gate>,
    right: Option<Right>,
    _places: [OwnedSemaphorePermit; 2],
}

/// Why a request may not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GateError {
    /// The server kept failing and is left alone for a while.
    #[error("it failed repeatedly and is asked again in {} s", .retry_in.as_secs())]
    Paused {
        /// When it is asked again at the earliest; zero while somebody else tries.
        retry_in: Duration,
    },
    /// Too many wait for it.
    #[error("more than {limit} questions wait for it")]
    Busy {
        /// How many may wait.
        limit: usize,
    },
    /// The turn did not come in time.
    #[error("no answer within {} ms", .limit.as_millis())]
    TimedOut {
        /// How long it was waited for.
        limit: Duration,
    },
}

/// How things stand with one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateStats {
    /// Its URL.
    pub url: String,
    /// Whether it is asked.
    pub state: BreakerState,
    /// Requests under way.
    pub under_way: usize,
}

impl Gates {
    /// Gates that are all open.
    #[must_use]
    pub fn new(upstream: &UpstreamSettings, breaker: &BreakerSettings) -> Self {
        Self {
            upstream: upstream.clone(),
            breaker: breaker.clone(),
            total: Arc::new(Semaphore::new(upstream.total.get().min(Semaphore::MAX_PERMITS))),
            known: Mutex::new(LruCache::unbounded()),
        }
    }

    /// The gate of a URL.
    #[must_use]
    pub fn get(&self, url: &Arc<str>) -> Arc<Gate> {
        let mut known = lock(&self.known);
        if let Some(gate) = known.get(url) {
            return Arc::clone(gate);
        }
        let max_places = self.upstream.per_responder.get().min(Semaphore::MAX_PERMITS);
        let gate = Arc::new(Gate {
            breaker: Mutex::new(Breaker::new(&self.breaker)),
            places: Arc::new(Semaphore::new(max_places)),
            max_places,
            waiting: AtomicUsize::new(0),
            max_waiting: self.upstream.waiting_per_responder,
        });
        known.put(Arc::clone(url), Arc::clone(&gate));
        // One that is forgotten while it is in use goes on with its own count, apart from a later one of its name.
        if known.len() > self.upstream.responders.get() {
            known.pop_lru();
        }
        gate
    }

    /// Waits until a request may be sent through this gate, at most until the deadline.
    ///
    /// # Errors
    /// [`GateError`].
    pub async fn admit(&self, gate: &Arc<Gate>, deadline: Instant) -> Result<Admission, GateError> {
        let started = Instant::now();
        gate.paused(started)?;
        let own = Arc::clone(&gate.places).try_acquire_owned().ok();
        let _waiting = if own.is_none() { Some(gate.wait()?) } else { None };
        let places = async {
            // The gate's own place first: whoever waits for that must not hold one of the common ones.
            let own = match own {
                Some(own) => own,
                None => Arc::clone(&gate.places).acquire_owned().await.ok()?,
            };
            let common = Arc::clone(&self.total).acquire_owned().await.ok()?;
            Some([own, common])
        };
        let places = timeout_at(deadline, places).await.ok().flatten();
        let now = Instant::now();
        let Some(places) = places else {
            return Err(GateError::TimedOut { limit: now.duration_since(started) });
        };
        // Where the breaker has opened meanwhile, the place goes on to the next one in the queue, which is thus told
        // one by one and at once.
        let right = lock(&gate.breaker).admit(now).map_err(paused)?;
        Ok(Admission { gate: Arc::clone(gate), right: Some(right), _places: places })
    }

    /// How things stand with each server.
    #[must_use]
    pub fn stats(&self) -> Vec<GateStats> {
        let known = lock(&self.known);
        let stats = known.iter().map(|(url, gate)| GateStats {
            url: url.to_string(),
            state: lock(&gate.breaker).state(),
            under_way: gate.max_places.saturating_sub(gate.places.available_permits()),
        });
        stats.collect()
    }
}

impl Gate {
    fn paused(&self, now: Instant) -> Result<(), GateError> {
        lock(&self.breaker).paused(now).map_err(paused)
    }

    fn wait(&self) -> Result<Waiting<'_>, GateError> {
        let waiting = Waiting(&self.waiting);
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.max_waiting {
            return Err(GateError::Busy { limit: self.max_waiting });
        }
        Ok(waiting)
    }
}

impl Admission {
    /// The server answered, whatever it said.
    pub fn succeeded(mut self) {
        if let Some(right) = self.right.take() {
            lock(&self.gate.breaker).succeeded(right);
        }
    }

    /// The server is in trouble. `random` spreads the pause.
    pub fn failed(mut self, random: u32) {
        if let Some(right) = self.right.take() {
            lock(&self.gate.breaker).failed(right, Instant::now(), random);
        }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if let Some(right) = self.right.take() {
            lock(&self.gate.breaker).abandoned(right, Instant::now());
        }
    }
}

/// One of those who wait; counted until dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn paused(retry_in: Duration) -> GateError {
    GateError::Paused { retry_in }
}
