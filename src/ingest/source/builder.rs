//! The builder: one task that turns what arrived into the next generation.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::context::Context;
use super::settings::SourcesSettings;
use super::spool::Spooled;
use crate::ingest::{
    BuildReport, BuildRequest, CrlReport, IngestError, Rejections, Rollbacks, Silent, build_if_changed,
};
use crate::types::UnixTime;

/// Orders that are taken together at most; the rest go into the next build.
const MAX_GATHERED: usize = 4096;

/// What the builder is asked for.
#[derive(Debug)]
pub(super) enum Order {
    /// Build these files.
    Lists(Job),
    /// The certificates of issuers changed: read them again, and tell whether that brought anything new.
    Issuers(oneshot::Sender<bool>),
    /// Finish what came before, and end.
    Stop,
}

/// Files of one source.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) files: Vec<PathBuf>,
    /// The body that is the only file, kept until it is built.
    pub(super) body: Option<Spooled>,
    pub(super) done: oneshot::Sender<JobReport>,
}

/// What became of the files of one job.
#[derive(Debug, Default)]
pub(super) struct JobReport {
    pub(super) crls: Vec<(PathBuf, CrlReport)>,
    /// Files that could not be opened, and why.
    pub(super) unreadable: Vec<(PathBuf, String)>,
    /// Files that were not judged because the build failed, and why.
    pub(super) failed: Vec<(PathBuf, String)>,
}

/// Builds until it is told to stop, or nobody can order any more.
pub(super) async fn run(context: Arc<Context>, mut orders: mpsc::Receiver<Order>) {
    let mut stop = false;
    while !stop {
        let Some(first) = orders.recv().await else { return };
        let mut jobs = Vec::new();
        let mut waiting = Vec::new();
        let mut take = |order| match order {
            Order::Lists(job) => jobs.push(job),
            Order::Issuers(done) => waiting.push(done),
            Order::Stop => stop = true,
        };
        take(first);
        tokio::time::sleep(context.settings.load().gather).await;
        for _ in 0..MAX_GATHERED {
            match orders.try_recv() {
                Ok(order) => take(order),
                Err(_) => break,
            }
        }
        if !jobs.is_empty() || !waiting.is_empty() {
            let published = build_all(&context, jobs, !waiting.is_empty()).await;
            for done in waiting {
                // Whoever asked may have gone.
                let _ = done.send(published);
            }
        }
    }
}

/// Builds, tells everybody, and tells whether a generation was published.
async fn build_all(context: &Arc<Context>, jobs: Vec<Job>, read_issuers: bool) -> bool {
    let mut files: Vec<PathBuf> = jobs.iter().flat_map(|job| job.files.iter().cloned()).collect();
    files.sort_unstable();
    files.dedup();
    let (settings, at) = (context.settings.load_full(), context.now());
    let started = Instant::now();
    let work = tokio::task::spawn_blocking(move || Built::of(&settings, files, read_issuers, at));
    let built = match work.await {
        Ok(built) => built,
        Err(error) => Built::failure(format!("the build ended abnormally: {error}")),
    };
    context.builds.record(started.elapsed());
    tell(context, &built, started.elapsed());
    for job in jobs {
        drop(job.body);
        // The source may have been removed meanwhile.
        let _ = job.done.send(built.report_on(&job.files));
    }
    built.report.is_ok_and(|report| report.published)
}

/// A build and what went wrong beside it.
#[derive(Debug)]
struct Built {
    report: Result<BuildReport, String>,
    /// By the file they were in.
    crls: HashMap<PathBuf, Vec<CrlReport>>,
    unreadable: HashMap<PathBuf, String>,
    /// `Some` if issuers were read: what was wrong with them, if anything.
    trust: Option<Option<String>>,
}

impl Built {
    fn failure(message: String) -> Self {
        Self { report: Err(message), crls: HashMap::new(), unreadable: HashMap::new(), trust: None }
    }

    /// Builds, leaving out what cannot be opened: one bad file or folder must not stop the others.
    fn of(settings: &SourcesSettings, mut files: Vec<PathBuf>, read_issuers: bool, at: UnixTime) -> Self {
        let mut unreadable = HashMap::new();
        let mut trust = read_issuers.then_some(None);
        let report = loop {
            // Anchors and issuers go together: issuers alone would be trusted without anchors.
            let read = matches!(trust, Some(None));
            let request = BuildRequest {
                folder: settings.index.clone(),
                anchors: if read { settings.trust.anchors.clone() } else { Vec::new() },
                issuers: if read { settings.trust.issuers.clone() } else { Vec::new() },
                crls: files.clone(),
                at,
                rejections: Rejections::PublishTheRest,
                rollbacks: Rollbacks::Refused,
                algorithms: settings.trust.algorithms,
                keep: settings.keep,
            };
            match build_if_changed(&request, &Silent) {
                Ok(report) => break Ok(report),
                Err(IngestError::Fetch(error)) if files.contains(&error.path) => {
                    files.retain(|file| *file != error.path);
                    unreadable.insert(error.path.clone(), error.to_string());
                }
                Err(error @ (IngestError::Fetch(_) | IngestError::NoAnchor)) if read => {
                    trust = Some(Some(error.to_string()));
                }
                Err(error) => break Err(error.to_string()),
            }
        };
        let mut crls: HashMap<PathBuf, Vec<CrlReport>> = HashMap::new();
        for crl in report.iter().flat_map(|report: &BuildReport| &report.crls) {
            let file = file_of(source_of(crl), &files);
            crls.entry(file).or_default().push(crl.clone());
        }
        Self { report, crls, unreadable, trust }
    }

    fn report_on(&self, files: &[PathBuf]) -> JobReport {
        let mut told = JobReport::default();
        for file in files {
            if let Some(message) = self.unreadable.get(file) {
                told.unreadable.push((file.clone(), message.clone()));
            } else if let Err(message) = &self.report {
                told.failed.push((file.clone(), message.clone()));
            } else {
                let crls = self.crls.get(file).into_iter().flatten();
                told.crls.extend(crls.map(|crl| (file.clone(), crl.clone())));
            }
        }
        told
    }
}

fn tell(context: &Context, built: &Built, took: Duration) {
    let now = context.now();
    context.board.update_builds(|status| {
        status.last = Some(now);
        status.last_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        if let Some(problem) = &built.trust {
            status.trust_problem.clone_from(problem);
        }
        match &built.report {
            Ok(report) => {
                status.problem = None;
                status.generation = report.generation;
                status.entries = report.entries;
                status.authorities = report.authorities;
                status.bytes = report.bytes;
                if built.trust == Some(None) {
                    status.ignored_issuers.clone_from(&report.issuers.ignored);
                }
                let count = if report.published { &mut status.published } else { &mut status.unchanged };
                *count = count.saturating_add(1);
            }
            Err(message) => {
                status.problem = Some(message.clone());
                status.failed = status.failed.saturating_add(1);
            }
        }
    });
    match &built.report {
        Ok(report) if report.published => tracing::info!(
            generation = report.generation,
            entries = report.entries,
            elapsed_ms = report.elapsed_ms,
            "published"
        ),
        Ok(_) => tracing::debug!("nothing new to publish"),
        Err(message) => tracing::error!(error = message, "the build failed; the generation in force stays"),
    }
    if let Some(Some(message)) = &built.trust {
        tracing::error!(error = message, "certificates of issuers cannot be read; those in the index stay");
    }
    if let Ok(report) = &built.report {
        context.generation.send_if_modified(|generation| {
            let is_new = *generation != report.generation;
            *generation = report.generation;
            is_new
        });
    }
}

fn source_of(crl: &CrlReport) -> &str {
    match crl {
        CrlReport::Accepted(crl) => &crl.source,
        CrlReport::Rejected(crl) => &crl.source,
    }
}

/// The file a report is about: its source is the file, or the file and the position within it.
fn file_of(source: &str, files: &[PathBuf]) -> PathBuf {
    let named = |text: &str| files.iter().find(|file| file.display().to_string() == text).cloned();
    named(source)
        .or_else(|| source.rsplit_once('#').and_then(|(file, _)| named(file)))
        .unwrap_or_else(|| Path::new(source).into())
}
