//! What a connection is doing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::http::Version;

/// What a connection is doing: shared by its stream, which sees octets, and its requests, which know what they mean.
#[derive(Debug, Default)]
pub(super) struct Activity {
    begun: AtomicUsize,
    working: AtomicUsize,
    multiplexed: AtomicBool,
}

/// One request that is worked on, until it is dropped.
#[derive(Debug)]
pub(super) struct Working(Arc<Activity>);

impl Activity {
    /// The head of a request is there.
    pub(super) fn begin(self: &Arc<Self>, version: Version) -> Working {
        if version == Version::HTTP_2 {
            self.multiplexed.store(true, Ordering::Relaxed);
        }
        self.working.fetch_add(1, Ordering::Relaxed);
        self.begun.fetch_add(1, Ordering::Relaxed);
        Working(Arc::clone(self))
    }

    /// Requests so far.
    pub(super) fn begun(&self) -> usize {
        self.begun.load(Ordering::Relaxed)
    }

    /// Whether a request is worked on.
    pub(super) fn is_working(&self) -> bool {
        self.working.load(Ordering::Relaxed) > 0
    }

    /// Whether octets may be something else than requests.
    pub(super) fn is_multiplexed(&self) -> bool {
        self.multiplexed.load(Ordering::Relaxed)
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Ordering::Relaxed);
    }
}
