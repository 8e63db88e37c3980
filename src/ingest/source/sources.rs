//! The sources as a whole: starting, changing, stopping, and the handle for everybody else.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use serde::Serialize;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::builder::{self, Order};
use super::context::{Context, Kick, Urgency};
use super::discovery::{Offer, named_by};
use super::fetcher::CrlFetcher;
use super::files::FileSource;
use super::memory::Memory;
use super::mirrors::MirrorSource;
use super::randomness::Randomness;
use super::settings::SourcesSettings;
use super::spec::{Place, SourceName, SourceSpec};
use super::spool::Spool;
use super::status::{Board, SourcesStatus};
use super::steward::{Steward, serves};
use super::watch::look;
use crate::ingest::{BuildRequest, IngestError, Rejections, Rollbacks, Silent, build_if_changed};
use crate::pki::Certificate;
use crate::publish::{IndexReader, PublishError};
use crate::telemetry::StripedHistogram;
use crate::types::Clock;

/// Kicks that may wait for one source.
const KICKS: usize = 16;
/// Orders that may wait for the builder; sources wait when there are more.
const ORDERS: usize = 1024;
/// Certificates that may wait to be looked at.
const OFFERS: usize = 256;
/// How long stopping waits for the build under way.
const LAST_BUILD: Duration = Duration::from_secs(30);

/// Why the sources could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourcesError {
    /// The spool cannot be written.
    #[error("cannot make the spool {}: {source}", .path.display())]
    Spool {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The first generation, of authorities alone, could not be built.
    #[error(transparent)]
    FirstBuild(#[from] IngestError),
    /// The index cannot be opened.
    #[error(transparent)]
    Index(#[from] PublishError),
    /// The first build ended abnormally.
    #[error("the first build ended abnormally: {0}")]
    Abnormal(String),
}

/// How a source stood after an emergency refresh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefreshedSource {
    /// Its name.
    pub name: String,
    /// `accepted`, `unchanged`, or the code of what went wrong.
    pub outcome: &'static str,
    /// What went wrong, at one mirror or at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What an emergency refresh brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefreshReport {
    /// The generation in force before.
    pub generation_before: u64,
    /// The generation in force after.
    pub generation: u64,
    /// Each source that answered in time.
    pub sources: Vec<RefreshedSource>,
    /// Sources that did not.
    pub unfinished: u64,
}

/// The running sources. Dropped, they stop at once; [`Sources::stop`] lets the build under way finish.
#[derive(Debug)]
pub struct Sources {
    handle: SourcesHandle,
    builder: JoinHandle<()>,
    steward: JoinHandle<()>,
    first_looks: Vec<oneshot::Receiver<RefreshedSource>>,
}

/// A way to the running sources, to be shared.
#[derive(Debug, Clone)]
pub struct SourcesHandle(Arc<Inner>);

/// Certificates that were offered in vain.
#[derive(Debug, Default)]
pub(super) struct Offers {
    /// No authority of the index signed them.
    pub(super) unsigned: AtomicU64,
    /// Too many sources were found already.
    pub(super) over_limit: AtomicU64,
    /// The queue was full.
    pub(super) queue_full: AtomicU64,
}

/// What the handle and the steward share.
pub(super) struct Inner {
    pub(super) context: Arc<Context>,
    workers: Mutex<BTreeMap<SourceName, Worker>>,
    offers: mpsc::Sender<Certificate>,
    offers_in_vain: Offers,
}

struct Worker {
    spec: Arc<SourceSpec>,
    kicks: mpsc::Sender<Kick>,
    task: JoinHandle<()>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Between two steps at most: a body under way is removed, a build under way goes on.
        self.task.abort();
    }
}

impl Sources {
    /// Starts the sources on the runtime this is called on. If the folder has no index yet, the first generation is
    /// made here, of the authorities alone, so that there is one to read.
    ///
    /// # Errors
    /// [`SourcesError`], and then nothing runs. A source that does not work is not an error; it shows in the status.
    pub async fn start(
        settings: SourcesSettings,
        specs: Vec<SourceSpec>,
        fetcher: Arc<dyn CrlFetcher>,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Result<Self, SourcesError> {
        let path = settings.folder.join("spool");
        let spool = Spool::open(path.clone()).map_err(|source| SourcesError::Spool { path, source })?;
        let memory = Memory::open(&settings.folder);
        let trusted: Vec<PathBuf> =
            settings.trust.anchors.iter().chain(&settings.trust.issuers).cloned().collect();
        let marks = look(&trusted, SystemTime::now()).ok();
        let trust_problem = first_build(settings.clone(), clock.now()).await?;
        let reader = IndexReader::open(settings.index.clone())?;
        let (orders, ordered) = mpsc::channel(ORDERS);
        let (offers, offered) = mpsc::channel(OFFERS);
        let index = reader.current();
        let (generation, generations) = watch::channel(index.generation());
        let board = Board::default();
        board.update_builds(|status| {
            status.generation = index.generation();
            status.entries = index.entries();
            status.authorities = u64::try_from(index.authorities().count()).unwrap_or(u64::MAX);
            status.bytes = index.len_bytes();
            status.trust_problem = trust_problem;
        });
        let context = Arc::new(Context {
            permits: Semaphore::new(settings.concurrency.get()),
            settings: ArcSwap::from_pointee(settings),
            clock,
            randomness,
            fetcher: Mutex::new(fetcher),
            spool,
            memory,
            board,
            reader,
            orders,
            generation,
            fetches: StripedHistogram::of_transfers(),
            builds: StripedHistogram::of_transfers(),
        });
        let builder = tokio::spawn(builder::run(Arc::clone(&context), ordered));
        let (workers, offers_in_vain) = (Mutex::default(), Offers::default());
        let inner = Arc::new(Inner { context, workers, offers, offers_in_vain });
        let first_looks = specs.into_iter().map(|spec| inner.start(spec)).collect();
        let steward = tokio::spawn(Steward::new(Arc::clone(&inner), marks).run(offered, generations));
        Ok(Self { handle: SourcesHandle(inner), builder, steward, first_looks })
    }

    /// The way to them.
    #[must_use]
    pub fn handle(&self) -> SourcesHandle {
        self.handle.clone()
    }

    /// Waits until every source was looked at once, at most this long. Tells whether all were.
    pub async fn first_looks(&mut self, at_most: Duration) -> bool {
        let looks = std::mem::take(&mut self.first_looks);
        let all = async {
            for look in looks {
                let _ = look.await;
            }
        };
        tokio::time::timeout(at_most, all).await.is_ok()
    }

    /// Stops looking, lets the build under way finish, and writes down what is to be remembered.
    pub async fn stop(mut self) {
        let inner = Arc::clone(&self.handle.0);
        lock(&inner.workers).clear();
        self.steward.abort();
        if inner.context.orders.send(Order::Stop).await.is_ok() {
            let _ = tokio::time::timeout(LAST_BUILD, &mut self.builder).await;
        }
        let _ = tokio::task::spawn_blocking(move || inner.save()).await;
    }
}

impl Drop for Sources {
    fn drop(&mut self) {
        lock(&self.handle.0.workers).clear();
        self.steward.abort();
        self.builder.abort();
    }
}

impl SourcesHandle {
    /// How everything stands.
    #[must_use]
    pub fn status(&self) -> SourcesStatus {
        self.0.context.board.status()
    }

    /// The index in force, to be shared by everybody in this process who reads it.
    #[must_use]
    pub fn reader(&self) -> &IndexReader {
        &self.0.context.reader
    }

    /// Tells the generation in force, and every change of it made by this process.
    #[must_use]
    pub fn generations(&self) -> watch::Receiver<u64> {
        self.0.context.generation.subscribe()
    }

    /// Looks at every source now, past caches, and waits for what comes of it, at most this long. Looks that take
    /// longer go on.
    pub async fn refresh_now(&self, at_most: Duration) -> RefreshReport {
        let end = tokio::time::Instant::now() + at_most;
        let generation_before = *self.0.context.generation.borrow();
        // Whoever is late with this is late with the lists too, which are what the report is about.
        let _ = tokio::time::timeout_at(end, self.0.read_issuers()).await;
        let names: Vec<SourceName> = lock(&self.0.workers).keys().cloned().collect();
        let (mut sources, mut unfinished) = (Vec::new(), 0_u64);
        for look in self.0.kick(&names, Urgency::Emergency) {
            match tokio::time::timeout_at(end, look).await {
                Ok(Ok(refreshed)) => sources.push(refreshed),
                // Out of time, removed meanwhile, or so far behind that it was not even woken.
                Ok(Err(_)) | Err(_) => unfinished = unfinished.saturating_add(1),
            }
        }
        let generation = *self.0.context.generation.borrow();
        RefreshReport { generation_before, generation, sources, unfinished }
    }

    /// Changes settings and configured sources. A source whose description is the same goes on undisturbed, one that
    /// is gone stops (what it gave stays in the index), a new one starts at once.
    pub async fn reconfigure(&self, settings: SourcesSettings, specs: Vec<SourceSpec>) {
        let trust_changed = self.0.context.settings.load().trust != settings.trust;
        self.0.context.settings.store(Arc::new(settings));
        let wanted: BTreeMap<SourceName, SourceSpec> =
            specs.into_iter().map(|spec| (spec.name.clone(), spec)).collect();
        let running: Vec<Arc<SourceSpec>> =
            lock(&self.0.workers).values().map(|worker| Arc::clone(&worker.spec)).collect();
        for spec in &running {
            let is_configured = spec.origin == super::Origin::Configured;
            if is_configured && wanted.get(&spec.name) != Some(spec) {
                self.0.remove(&spec.name);
            }
        }
        for (name, spec) in wanted {
            if !lock(&self.0.workers).contains_key(&name) {
                drop(self.0.start(spec));
            }
        }
        self.0.context.memory.retain(|url| self.0.has_mirror(&[url.to_owned()]));
        if trust_changed {
            self.0.issuers_changed().await;
        } else {
            self.0.context.generation.send_modify(|_| ());
        }
    }

    /// Replaces the fetcher; fetches under way end with the old one.
    pub fn set_fetcher(&self, fetcher: Arc<dyn CrlFetcher>) {
        *lock(&self.0.context.fetcher) = fetcher;
    }

    /// Offers a certificate whose lists are not in hand. Returns at once; the lists are fetched if an authority of
    /// the index signed the certificate, and the next generation has them.
    pub fn offer(&self, certificate: &Certificate) -> Offer {
        if self.0.context.settings.load().max_found == 0 {
            return Offer::SwitchedOff;
        }
        if named_by(certificate).is_empty() {
            return Offer::NothingToFetch;
        }
        match self.0.offers.try_send(certificate.clone()) {
            Ok(()) => Offer::Queued,
            Err(_) => {
                self.0.offers_in_vain.queue_full.fetch_add(1, Ordering::Relaxed);
                Offer::QueueFull
            }
        }
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.0
    }
}

impl Inner {
    /// Starts the task of a source; the receiver is told how its first look ended.
    pub(super) fn start(&self, spec: SourceSpec) -> oneshot::Receiver<RefreshedSource> {
        let spec = Arc::new(spec);
        let (kicks, kicked) = mpsc::channel(KICKS);
        let (done, first) = oneshot::channel();
        // Cannot be full: it is new.
        let _ = kicks.try_send(Kick { urgency: Urgency::Scheduled, done: Some(done) });
        let task = match &spec.place {
            Place::Files(paths) => {
                tokio::spawn(FileSource::new(Arc::clone(&self.context), Arc::clone(&spec), paths).run(kicked))
            }
            Place::Mirrors(mirrors) => tokio::spawn(
                MirrorSource::new(Arc::clone(&self.context), Arc::clone(&spec), mirrors).run(kicked),
            ),
        };
        lock(&self.workers).insert(spec.name.clone(), Worker { spec, kicks, task });
        first
    }

    pub(super) fn remove(&self, name: &SourceName) {
        lock(&self.workers).remove(name);
        self.context.board.remove(name);
    }

    /// Whether a source has one of these URLs among its mirrors.
    pub(super) fn has_mirror(&self, urls: &[String]) -> bool {
        let workers = lock(&self.workers);
        urls.iter().any(|url| workers.values().any(|worker| serves(&worker.spec.place, url)))
    }

    /// Wakes sources. A receiver that is told nothing belongs to a source that is gone, or has enough to wake up for.
    pub(super) fn kick(
        &self,
        names: &[SourceName],
        urgency: Urgency,
    ) -> Vec<oneshot::Receiver<RefreshedSource>> {
        let workers = lock(&self.workers);
        let kick = |name| {
            let (done, look) = oneshot::channel();
            if let Some(worker) = workers.get(name) {
                // One that hangs must not make whoever wakes it wait.
                let _ = worker.kicks.try_send(Kick { urgency, done: Some(done) });
            }
            look
        };
        names.iter().map(kick).collect()
    }

    /// Reads the certificates of issuers again and, if there are new ones, gives refused lists another chance.
    pub(super) async fn issuers_changed(&self) {
        if !self.read_issuers().await {
            return;
        }
        let refused = self.context.board.names_where(|status| status.problem.is_some());
        // Nobody waits for them.
        drop(self.kick(&refused, Urgency::Retry));
    }

    /// Tells whether that brought anything new.
    async fn read_issuers(&self) -> bool {
        let (done, read) = oneshot::channel();
        self.context.orders.send(Order::Issuers(done)).await.is_ok() && read.await.unwrap_or(false)
    }

    pub(super) fn count_offer(&self, which: impl FnOnce(&Offers) -> &AtomicU64) {
        which(&self.offers_in_vain).fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn offers_in_vain(&self) -> &Offers {
        &self.offers_in_vain
    }

    /// Writes down what is to be remembered. May block.
    pub(super) fn save(&self) {
        if let Err(error) = self.context.memory.save() {
            tracing::warn!(%error, "what servers said of their lists cannot be written down; a restart fetches anew");
        }
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").field("sources", &lock(&self.workers).len()).finish_non_exhaustive()
    }
}

/// Publishes the authorities, if that says anything new. Where there is an index already, certificates that cannot be
/// read are no reason not to answer from it; what is wrong with them is returned.
async fn first_build(
    settings: SourcesSettings,
    at: crate::types::UnixTime,
) -> Result<Option<String>, SourcesError> {
    let has_index = !settings.index.generations()?.is_empty();
    let request = BuildRequest {
        folder: settings.index,
        anchors: settings.trust.anchors,
        issuers: settings.trust.issuers,
        crls: Vec::new(),
        at,
        rejections: Rejections::PublishTheRest,
        rollbacks: Rollbacks::Refused,
        algorithms: settings.trust.algorithms,
        keep: settings.keep,
    };
    let built = tokio::task::spawn_blocking(move || build_if_changed(&request, &Silent)).await;
    match built.map_err(|error| SourcesError::Abnormal(error.to_string()))? {
        Ok(_) => Ok(None),
        Err(error @ (IngestError::Fetch(_) | IngestError::NoAnchor)) if has_index => {
            tracing::error!(%error, "certificates of issuers cannot be read; those in the index stay");
            Ok(Some(error.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

/// The data behind these locks is whole after every statement, so a panic elsewhere has left nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
