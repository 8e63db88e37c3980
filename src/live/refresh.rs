//! Asking again what is in use, before it ends; and writing the cache to its file now and then.

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::cache::CacheFileError;
use super::engine::{Live, Purpose, Shared};
use super::question::LiveQuestion;
use super::upstream::Upstream;
use crate::fetch::gate::Boarding;
use crate::types::Clock;

impl<U: Upstream, C: Clock + 'static> Live<U, C> {
    /// Keeps answers fresh and saved until `shutdown` is ready; then saves once more. To be run once, beside
    /// everything else.
    ///
    /// # Errors
    /// [`CacheFileError`] of the last saving. Earlier ones are counted and tried again.
    pub async fn run_refresher(&self, shutdown: impl Future<Output = ()>) -> Result<(), CacheFileError> {
        tokio::pin!(shutdown);
        let settings = &self.0.settings;
        let mut saved = Instant::now();
        loop {
            let round = async {
                sleep(settings.refresh.every).await;
                self.refresh_due().await;
            };
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                () = round => {}
            }
            if saved.elapsed() >= settings.cache.save_every {
                // Counted where it happens, and tried again after the same while.
                let _ = self.save().await;
                saved = Instant::now();
            }
        }
        self.save().await.map(drop)
    }

    async fn refresh_due(&self) {
        let settings = &self.0.settings.refresh;
        let at = self.0.clock.now();
        let mut under_way = JoinSet::new();
        for question in self.0.cache.due(at, settings.min_asked.get(), settings.per_round) {
            if under_way.len() >= settings.at_once.get() {
                under_way.join_next().await;
            }
            under_way.spawn(refresh(Arc::clone(&self.0), question));
        }
        while under_way.join_next().await.is_some() {}
    }
}

async fn refresh<U: Upstream, C: Clock + 'static>(shared: Arc<Shared<U, C>>, question: LiveQuestion) {
    // Somebody who asks for it right now does the same work.
    let Boarding::Started(_, flight) = shared.flights.board(question.key(), || None) else { return };
    shared.counters.refreshes.count();
    if shared.fly(&question, flight, Purpose::Refresh).await.is_err() {
        shared.counters.failed_refreshes.count();
        shared.cache.refresh_failed(question.id());
    }
}
