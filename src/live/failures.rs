//! Failures, remembered for a while so that the same question does not fail slowly again and again.

use std::sync::Mutex;
use std::time::Duration;

use lru::LruCache;
use tokio::time::Instant;

use super::error::{LiveError, Unavailability};
use super::question::QuestionKey;
use super::settings::FailureSettings;
use crate::fetch::gate::{after, lock};
use crate::fetch::http::HttpError;

#[derive(Debug)]
pub(super) struct Failures {
    settings: FailureSettings,
    known: Mutex<LruCache<QuestionKey, (LiveError, Instant)>>,
}

impl Failures {
    pub(super) fn new(settings: &FailureSettings) -> Self {
        Self { settings: settings.clone(), known: Mutex::new(LruCache::unbounded()) }
    }

    /// The failure that is still remembered.
    pub(super) fn find(&self, key: &QuestionKey, now: Instant) -> Option<LiveError> {
        let mut known = lock(&self.known);
        let (error, until) = known.get(key)?;
        if now < *until {
            return Some(error.clone());
        }
        known.pop(key);
        None
    }

    pub(super) fn remember(&self, key: QuestionKey, error: &LiveError, now: Instant) {
        let Some(life) = self.life(error).filter(|life| !life.is_zero()) else { return };
        let mut known = lock(&self.known);
        known.put(key, (error.clone(), after(now, life)));
        if known.len() > self.settings.max_entries.get() {
            known.pop_lru();
        }
    }

    pub(super) fn forget(&self, key: &QuestionKey) {
        lock(&self.known).pop(key);
    }

    /// How long a failure is remembered; `None` for those that cost nothing to find out again, or say nothing about
    /// the question.
    fn life(&self, error: &LiveError) -> Option<Duration> {
        let FailureSettings { unavailable, refused, declined, .. } = self.settings;
        match error {
            LiveError::Unauthorized { .. } => Some(declined),
            LiveError::Refused { error, .. } if !error.is_responders_fault() => Some(declined),
            LiveError::Refused { .. } | LiveError::Replayed { .. } => Some(refused),
            LiveError::TimedOut { .. } => Some(unavailable),
            LiveError::Unavailable { cause, .. } => match cause {
                Unavailability::Http(error) => match **error {
                    HttpError::BadUrl { .. } | HttpError::AddressRefused { .. } => Some(refused),
                    _ => Some(unavailable),
                },
                Unavailability::Responder(_) | Unavailability::TimedOut { .. } => Some(unavailable),
                Unavailability::Paused { .. }
                | Unavailability::Busy { .. }
                | Unavailability::NoRandomness => None,
            },
            LiveError::NoResponder | LiveError::Overloaded { .. } | LiveError::Aborted => None,
        }
    }
}
