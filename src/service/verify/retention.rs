//! Keeping records no longer than they are to be kept.

use std::time::Duration;

use crate::store::{Retention, Store};

/// How long to rest when nothing is too old.
const REST: Duration = Duration::from_secs(600);
/// Between two steps, so that those who write hardly notice.
const BREATH: Duration = Duration::from_millis(5);

/// Removes what is too old, a few records at a time, for ever; to be stopped by dropping it. Without anything to be
/// removed it only rests.
pub async fn keep_to(store: &Store, retention: Retention) {
    loop {
        let mut removed: u64 = 0;
        while retention != Retention::default() {
            match store.purge_step(retention).await {
                Ok(0) => break,
                Ok(some) => removed = removed.saturating_add(some),
                Err(failure) => {
                    tracing::warn!(%failure, "records that are too old could not be removed; tried again later");
                    break;
                }
            }
            tokio::time::sleep(BREATH).await;
        }
        if removed > 0 {
            tracing::info!(removed, "removed records that were too old");
        }
        tokio::time::sleep(REST).await;
    }
}
