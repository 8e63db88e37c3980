//! Single flight: everybody who asks the same waits for one request.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::lock::lock;

/// The questions under way, by what is asked, and what comes of each.
#[derive(Debug)]
pub struct Flights<K, O> {
    under_way: Mutex<HashMap<K, watch::Receiver<Option<O>>>>,
    limit: usize,
}

/// How somebody gets to an outcome.
#[derive(Debug)]
pub enum Boarding<K: Eq + Hash, O> {
    /// There is an outcome already.
    Landed(O),
    /// Somebody else asked first.
    Joined(Ticket<O>),
    /// Nobody asked yet: the flight has to be flown.
    Started(Ticket<O>, Flight<K, O>),
    /// As many questions as may be are under way.
    Full {
        /// How many may be.
        limit: usize,
    },
}

/// To wait with.
#[derive(Debug)]
pub struct Ticket<O>(watch::Receiver<Option<O>>);

/// Why a wait ended without an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoOutcome {
    /// The deadline came first.
    TimedOut,
    /// The flight was given up, as at the end of the runtime.
    Aborted,
}

/// The duty to bring an outcome. Dropped without one, those who wait are told.
#[derive(Debug)]
pub struct Flight<K: Eq + Hash, O> {
    flights: Arc<Flights<K, O>>,
    key: K,
    sender: watch::Sender<Option<O>>,
}

impl<K: Eq + Hash + Clone, O: Clone> Flights<K, O> {
    /// At most `limit` different questions at a time.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { under_way: Mutex::new(HashMap::new()), limit }
    }

    /// Joins the flight of a question or starts it. `landed` looks whether an outcome has come in the meantime: a
    /// flight leaves its outcome elsewhere before it ends, so whoever finds no flight here finds that.
    pub fn board(self: &Arc<Self>, key: K, landed: impl FnOnce() -> Option<O>) -> Boarding<K, O> {
        let mut under_way = lock(&self.under_way);
        let count = under_way.len();
        match under_way.entry(key) {
            Entry::Occupied(flight) => Boarding::Joined(Ticket(flight.get().clone())),
            Entry::Vacant(place) => {
                if let Some(outcome) = landed() {
                    return Boarding::Landed(outcome);
                }
                if count >= self.limit {
                    return Boarding::Full { limit: self.limit };
                }
                let (sender, receiver) = watch::channel(None);
                let key = place.key().clone();
                place.insert(receiver.clone());
                Boarding::Started(Ticket(receiver), Flight { flights: Arc::clone(self), key, sender })
            }
        }
    }
}

impl<O: Clone> Ticket<O> {
    /// Waits for the outcome until the deadline.
    ///
    /// # Errors
    /// [`NoOutcome`].
    pub async fn wait(mut self, deadline: Instant) -> Result<O, NoOutcome> {
        let waited = timeout_at(deadline, self.0.wait_for(Option::is_some)).await;
        let outcome = waited.map_err(|_| NoOutcome::TimedOut)?;
        outcome.ok().and_then(|outcome| outcome.clone()).ok_or(NoOutcome::Aborted)
    }
}

impl<K: Eq + Hash, O> Flight<K, O> {
    /// What is asked.
    #[must_use]
    pub fn key(&self) -> &K {
        &self.key
    }

    /// Tells those who wait.
    pub fn land(self, outcome: O) {
        // Nobody waiting any longer is fine: the outcome was kept before.
        self.sender.send_replace(Some(outcome));
    }
}

impl<K: Eq + Hash, O> Drop for Flight<K, O> {
    fn drop(&mut self) {
        lock(&self.flights.under_way).remove(&self.key);
    }
}
