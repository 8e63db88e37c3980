//! The steward: what has to happen between sources.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;

use super::context::Urgency;
use super::discovery::{Registry, deltas_of, is_signed_by_known, named_by};
use super::memory::Found;
use super::partitions::missing_in;
use super::sources::Inner;
use super::spec::{Place, SourceName};
use super::watch::{Marks, changed, look};
use crate::pki::Certificate;

/// A found source that never gave anything is dropped after so many failures in a row.
const HOPELESS: u32 = 10;

pub(super) struct Steward {
    inner: Arc<Inner>,
    registry: Registry,
    issuers: Option<Marks>,
    must_save: bool,
}

impl Steward {
    /// A steward that starts the sources that were found before the restart.
    pub(super) fn new(inner: Arc<Inner>, issuers: Option<Marks>) -> Self {
        let mut steward = Self { inner, registry: Registry::default(), issuers, must_save: false };
        for found in steward.inner.context.memory.found() {
            steward.start(found);
        }
        steward
    }

    pub(super) async fn run(
        mut self,
        mut offers: mpsc::Receiver<Certificate>,
        mut generations: watch::Receiver<u64>,
    ) {
        let mut tick =
            tokio::time::interval(self.inner.context.settings.load().poll.max(Duration::from_secs(1)));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        generations.mark_changed();
        let inner = Arc::clone(&self.inner);
        loop {
            tokio::select! {
                offer = offers.recv() => match offer {
                    Some(certificate) => self.consider(&certificate),
                    None => return,
                },
                changed = generations.changed() => match changed {
                    Ok(()) => self.after_publication(),
                    Err(_) => return,
                },
                () = inner.context.memory.changed() => self.must_save = true,
                _ = tick.tick() => self.tick().await,
            }
        }
    }

    /// Looks at a certificate that was offered.
    fn consider(&mut self, certificate: &Certificate) {
        let context = &self.inner.context;
        let algorithms = context.settings.load().trust.algorithms;
        if !is_signed_by_known(&context.reader.current(), certificate, &algorithms) {
            self.inner.count_offer(|offers| &offers.unsigned);
            return;
        }
        for found in named_by(certificate) {
            self.start(found);
        }
    }

    /// A new generation is in force: other deltas, other partitions, and bases that deltas waited for.
    fn after_publication(&mut self) {
        let index = match self.inner.context.reader.refreshed() {
            Ok(index) => index,
            Err(error) => {
                tracing::error!(%error, "the generation in force cannot be opened");
                return;
            }
        };
        let missing = missing_in(&index, &self.inner.context.settings.load().partitions);
        for authority in &missing {
            tracing::warn!(issuer = authority.issuer, missing = ?authority.missing, "partitions are missing");
        }
        self.inner.context.board.set_missing(missing);
        for found in deltas_of(&index) {
            self.start(found);
        }
        let waiting = self.inner.context.board.names_where(|status| {
            status.problem.as_ref().is_some_and(|problem| problem.code == "delta_without_base")
        });
        // Nobody waits for them.
        drop(self.inner.kick(&waiting, Urgency::Retry));
    }

    async fn tick(&mut self) {
        self.look_at_issuers().await;
        self.drop_hopeless();
        if std::mem::take(&mut self.must_save) {
            self.save().await;
        }
    }

    async fn look_at_issuers(&mut self) {
        let settings = self.inner.context.settings.load_full();
        let paths: Vec<_> = settings.trust.anchors.iter().chain(&settings.trust.issuers).cloned().collect();
        let looked = tokio::task::spawn_blocking(move || look(&paths, SystemTime::now())).await;
        // What cannot be looked at cannot be read either, and the builder will say so.
        let marks = looked.ok().and_then(Result::ok);
        let is_same = match (&self.issuers, &marks) {
            (Some(before), Some(now)) => changed(before, now).is_empty() && before.len() == now.len(),
            (None, None) => true,
            _ => false,
        };
        self.issuers = marks;
        if !is_same {
            self.inner.issuers_changed().await;
        }
    }

    fn drop_hopeless(&mut self) {
        let hopeless: Vec<SourceName> = self.inner.context.board.names_where(|status| {
            status.is_found() && status.lists.is_empty() && status.failures >= HOPELESS
        });
        for name in hopeless {
            if self.registry.remove(&name) {
                tracing::info!(source = %name, "dropped: it was found, and never gave a list");
                self.inner.remove(&name);
                self.inner.context.memory.set_found(self.registry.to_vec());
            }
        }
    }

    /// Starts a source for something found, unless it is known or there are too many.
    fn start(&mut self, found: Found) {
        let settings = self.inner.context.settings.load_full();
        if self.registry.has(&found) || self.inner.has_mirror(&found.urls) {
            return;
        }
        if self.registry.len() >= settings.max_found {
            self.inner.count_offer(|offers| &offers.over_limit);
            return;
        }
        if let Some(spec) = self.registry.add(found, settings.schedule) {
            tracing::info!(source = %spec.name, origin = spec.origin.name(), "found a source");
            drop(self.inner.start(spec));
            self.inner.context.memory.set_found(self.registry.to_vec());
        }
    }

    async fn save(&self) {
        let inner = Arc::clone(&self.inner);
        let _ = tokio::task::spawn_blocking(move || inner.save()).await;
    }
}

/// Whether a place is a mirror of this URL.
pub(super) fn serves(place: &Place, url: &str) -> bool {
    match place {
        Place::Files(_) => false,
        Place::Mirrors(mirrors) => mirrors.iter().any(|mirror| mirror.as_str() == url),
    }
}
