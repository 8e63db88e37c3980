//! What all tasks share.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use super::builder::Order;
use super::fetcher::CrlFetcher;
use super::memory::Memory;
use super::randomness::Randomness;
use super::schedule::{Schedule, Standing};
use super::settings::SourcesSettings;
use super::sources::RefreshedSource;
use super::spool::Spool;
use super::status::Board;
use crate::publish::IndexReader;
use crate::telemetry::StripedHistogram;
use crate::types::{Clock, UnixTime};

/// What all tasks share.
pub(super) struct Context {
    pub(super) settings: ArcSwap<SourcesSettings>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) randomness: Arc<dyn Randomness>,
    pub(super) fetcher: Mutex<Arc<dyn CrlFetcher>>,
    /// The right to fetch, so that not all sources fetch at once.
    pub(super) permits: Semaphore,
    pub(super) spool: Spool,
    pub(super) memory: Memory,
    pub(super) board: Board,
    pub(super) reader: IndexReader,
    pub(super) orders: mpsc::Sender<Order>,
    /// The generation in force, for whoever waits for the next.
    pub(super) generation: watch::Sender<u64>,
    pub(super) fetches: StripedHistogram,
    pub(super) builds: StripedHistogram,
}

impl Context {
    pub(super) fn now(&self) -> UnixTime {
        self.clock.now()
    }

    pub(super) fn fetcher(&self) -> Arc<dyn CrlFetcher> {
        self.fetcher.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn wait(&self, schedule: &Schedule, standing: Standing) -> Duration {
        schedule.wait(self.now(), standing, self.randomness.fraction())
    }
}

/// Why a source is to be looked at now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    /// Its time has come.
    Scheduled,
    /// What made it fail may be over.
    Retry,
    /// Somebody asked for it: nothing that is cached or remembered counts.
    Emergency,
}

/// Wakes a source.
#[derive(Debug)]
pub(super) struct Kick {
    pub(super) urgency: Urgency,
    /// Told how the look ended.
    pub(super) done: Option<oneshot::Sender<RefreshedSource>>,
}

/// Waits for the time of the next look or for a kick; `None` when nobody can kick any more.
pub(super) async fn next_look(
    wait: Duration,
    kicks: &mut mpsc::Receiver<Kick>,
) -> Option<(Urgency, Option<oneshot::Sender<RefreshedSource>>)> {
    tokio::select! {
        kick = kicks.recv() => kick.map(|kick| (kick.urgency, kick.done)),
        () = tokio::time::sleep(wait) => Some((Urgency::Scheduled, None)),
    }
}
