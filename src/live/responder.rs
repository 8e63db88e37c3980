//! The responders: the breaker of each, and how many requests may be under way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use lru::LruCache;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::breaker::{Breaker, Ticket};
use super::error::Unavailability;
use super::lock::lock;
use super::settings::{BreakerSettings, UpstreamSettings};
use super::stats::ResponderStats;

/// Every responder by its whole URL. By the host alone, a certificate that names a wrong path at a good responder
/// would break it for everybody.
#[derive(Debug)]
pub(super) struct Responders {
    upstream: UpstreamSettings,
    breaker: BreakerSettings,
    total: Arc<Semaphore>,
    known: Mutex<LruCache<Arc<str>, Arc<Responder>>>,
}

#[derive(Debug)]
pub(super) struct Responder {
    breaker: Mutex<Breaker>,
    places: Arc<Semaphore>,
    max_places: usize,
    waiting: AtomicUsize,
    max_waiting: usize,
    /// Wakes those who wait for a place when it has become pointless.
    opened: Notify,
}

/// The right to send one request. Dropped without an outcome it counts neither way.
#[derive(Debug)]
pub(super) struct Admission {
    responder: Arc<Responder>,
    ticket: Option<Ticket>,
    _places: [OwnedSemaphorePermit; 2],
}

impl Responders {
    pub(super) fn new(upstream: &UpstreamSettings, breaker: &BreakerSettings) -> Self {
        Self {
            upstream: upstream.clone(),
            breaker: breaker.clone(),
            total: Arc::new(Semaphore::new(upstream.total.get().min(Semaphore::MAX_PERMITS))),
            known: Mutex::new(LruCache::unbounded()),
        }
    }

    pub(super) fn get(&self, url: &Arc<str>) -> Arc<Responder> {
        let mut known = lock(&self.known);
        if let Some(responder) = known.get(url) {
            return Arc::clone(responder);
        }
        let max_places = self.upstream.per_responder.get().min(Semaphore::MAX_PERMITS);
        let responder = Arc::new(Responder {
            breaker: Mutex::new(Breaker::new(&self.breaker)),
            places: Arc::new(Semaphore::new(max_places)),
            max_places,
            waiting: AtomicUsize::new(0),
            max_waiting: self.upstream.waiting_per_responder,
            opened: Notify::new(),
        });
        known.put(Arc::clone(url), Arc::clone(&responder));
        // One that is forgotten while it is in use goes on with its own count, apart from a later one of its name.
        if known.len() > self.upstream.responders.get() {
            known.pop_lru();
        }
        responder
    }

    /// Waits until a request may be sent to this responder, at most until the deadline.
    pub(super) async fn admit(
        &self,
        responder: &Arc<Responder>,
        deadline: Instant,
    ) -> Result<Admission, Unavailability> {
        let started = Instant::now();
        let opened = responder.opened.notified();
        tokio::pin!(opened);
        // Registered before the state is looked at, so that an opening in between is not missed.
        opened.as_mut().enable();
        responder.paused(started)?;
        let own = Arc::clone(&responder.places).try_acquire_owned().ok();
        let _waiting = if own.is_none() { Some(responder.wait()?) } else { None };
        let places = async {
            // The responder's own place first: whoever waits for that must not hold one of the common ones.
            let own = match own {
                Some(own) => own,
                None => Arc::clone(&responder.places).acquire_owned().await.ok()?,
            };
            let common = Arc::clone(&self.total).acquire_owned().await.ok()?;
            Some([own, common])
        };
        let places = tokio::select! {
            biased;
            () = opened => None,
            places = timeout_at(deadline, places) => places.ok().flatten(),
        };
        let now = Instant::now();
        let Some(places) = places else {
            responder.paused(now)?;
            return Err(Unavailability::TimedOut { limit: now.duration_since(started) });
        };
        let ticket = lock(&responder.breaker).admit(now).map_err(paused)?;
        Ok(Admission { responder: Arc::clone(responder), ticket: Some(ticket), _places: places })
    }

    pub(super) fn stats(&self) -> Vec<ResponderStats> {
        let known = lock(&self.known);
        let stats = known.iter().map(|(url, responder)| ResponderStats {
            url: url.to_string(),
            state: lock(&responder.breaker).state(),
            under_way: responder.max_places.saturating_sub(responder.places.available_permits()),
        });
        stats.collect()
    }
}

impl Responder {
    fn paused(&self, now: Instant) -> Result<(), Unavailability> {
        lock(&self.breaker).paused(now).map_err(paused)
    }

    fn wait(&self) -> Result<Waiting<'_>, Unavailability> {
        let waiting = Waiting(&self.waiting);
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.max_waiting {
            return Err(Unavailability::Busy { limit: self.max_waiting });
        }
        Ok(waiting)
    }
}

impl Admission {
    pub(super) fn succeeded(mut self) {
        if let Some(ticket) = self.ticket.take() {
            lock(&self.responder.breaker).succeeded(ticket);
        }
    }

    pub(super) fn failed(mut self, random: u32) {
        if let Some(ticket) = self.ticket.take() {
            let opened = lock(&self.responder.breaker).failed(ticket, Instant::now(), random);
            if opened {
                self.responder.opened.notify_waiters();
            }
        }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            lock(&self.responder.breaker).abandoned(ticket, Instant::now());
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

fn paused(retry_in: std::time::Duration) -> Unavailability {
    Unavailability::Paused { retry_in }
}
