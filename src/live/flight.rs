//! Single flight: everybody who asks the same waits for one request.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::answer::LiveAnswer;
use super::error::LiveError;
use super::lock::lock;
use super::question::QuestionKey;

pub(super) type Outcome = Result<LiveAnswer, LiveError>;

/// The questions under way.
#[derive(Debug)]
pub(super) struct Flights {
    under_way: Mutex<HashMap<QuestionKey, watch::Receiver<Option<Outcome>>>>,
    limit: usize,
}

/// How somebody gets to an answer.
pub(super) enum Boarding {
    /// There is an outcome already.
    Landed(Outcome),
    /// Somebody else asked first.
    Joined(Ticket),
    /// Nobody asked yet: the flight has to be flown.
    Started(Ticket, Flight),
}

/// To wait with.
pub(super) struct Ticket(watch::Receiver<Option<Outcome>>);

/// The duty to bring an outcome. Dropped without one, as at the end of the runtime, those who wait are told.
pub(super) struct Flight {
    flights: Arc<Flights>,
    key: QuestionKey,
    sender: watch::Sender<Option<Outcome>>,
}

impl Flights {
    pub(super) fn new(limit: usize) -> Self {
        Self { under_way: Mutex::new(HashMap::new()), limit }
    }

    /// Joins the flight of a question or starts it. `landed` looks whether an outcome has come in the meantime: a
    /// flight leaves its outcome elsewhere before it ends, so whoever finds no flight here finds that.
    pub(super) fn board(
        self: &Arc<Self>,
        key: QuestionKey,
        landed: impl FnOnce() -> Option<Outcome>,
    ) -> Boarding {
        let mut under_way = lock(&self.under_way);
        let count = under_way.len();
        match under_way.entry(key) {
            Entry::Occupied(flight) => Boarding::Joined(Ticket(flight.get().clone())),
            Entry::Vacant(place) => {
                if let Some(outcome) = landed() {
                    return Boarding::Landed(outcome);
                }
                if count >= self.limit {
                    return Boarding::Landed(Err(LiveError::Overloaded { limit: self.limit }));
                }
                let (sender, receiver) = watch::channel(None);
                place.insert(receiver.clone());
                Boarding::Started(Ticket(receiver), Flight { flights: Arc::clone(self), key, sender })
            }
        }
    }
}

impl Ticket {
    /// Waits for the outcome until the deadline; `None` if that comes first.
    pub(super) async fn wait(mut self, deadline: Instant) -> Option<Outcome> {
        let outcome = timeout_at(deadline, self.0.wait_for(Option::is_some)).await.ok()?;
        Some(outcome.ok().and_then(|outcome| outcome.clone()).unwrap_or(Err(LiveError::Aborted)))
    }
}

impl Flight {
    pub(super) fn key(&self) -> &QuestionKey {
        &self.key
    }

    pub(super) fn land(self, outcome: Outcome) {
        // Nobody waiting any longer is fine: the outcome was kept before.
        self.sender.send_replace(Some(outcome));
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        lock(&self.flights.under_way).remove(&self.key);
    }
}
