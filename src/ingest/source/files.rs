//! The task of a source made of files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::attempt::{Judged, Refused, submit};
use super::context::{Context, Kick, Urgency, next_look};
use super::schedule::Standing;
use super::sources::RefreshedSource;
use super::spec::SourceSpec;
use super::status::{ListStatus, SourceProblem};
use super::watch::{Marks, changed, look};

/// The task's own state.
pub(super) struct FileSource {
    context: Arc<Context>,
    spec: Arc<SourceSpec>,
    paths: Vec<PathBuf>,
    marks: Marks,
    /// What each file gave last.
    lists: BTreeMap<PathBuf, Vec<ListStatus>>,
    /// Files that were refused, and why.
    refused: BTreeMap<PathBuf, Refused>,
    /// When refused files are read again: the reason may lie outside of them.
    retry_at: Option<Instant>,
    failed_looks: u32,
}

impl FileSource {
    pub(super) fn new(context: Arc<Context>, spec: Arc<SourceSpec>, paths: &[PathBuf]) -> Self {
        context.board.add(&spec, Vec::new(), Vec::new());
        Self {
            context,
            spec,
            paths: paths.to_vec(),
            marks: Marks::new(),
            lists: BTreeMap::new(),
            refused: BTreeMap::new(),
            retry_at: None,
            failed_looks: 0,
        }
    }

    /// Looks at the files again and again, until nobody can kick it any more.
    pub(super) async fn run(mut self, mut kicks: mpsc::Receiver<Kick>) {
        // The first look is kicked off by whoever starts the task, to be told how it ended.
        let mut wait = self.spec.schedule.maximum();
        while let Some((urgency, done)) = next_look(wait, &mut kicks).await {
            let told = self.look(urgency).await;
            wait = self.context.settings.load().poll;
            if let Some(done) = done {
                let _ = done.send(told);
            }
        }
    }

    async fn look(&mut self, urgency: Urgency) -> RefreshedSource {
        let paths = self.paths.clone();
        let looked = tokio::task::spawn_blocking(move || look(&paths, SystemTime::now())).await;
        let marks = match looked {
            Ok(Ok(marks)) => marks,
            Ok(Err(error)) => return self.failed(error.to_string()),
            Err(error) => return self.failed(format!("looking at the files ended abnormally: {error}")),
        };
        let retry =
            urgency == Urgency::Retry || self.retry_at.is_some_and(|retry_at| Instant::now() >= retry_at);
        let files: Vec<PathBuf> = match urgency {
            Urgency::Emergency => marks.keys().cloned().collect(),
            Urgency::Scheduled | Urgency::Retry => {
                let changed = changed(&self.marks, &marks);
                let refused = self.refused.keys().map(PathBuf::as_path).filter(|_| retry);
                let mut files: Vec<&Path> =
                    changed.into_iter().chain(refused).filter(|file| marks.contains_key(*file)).collect();
                files.sort_unstable();
                files.dedup();
                files.into_iter().map(Path::to_path_buf).collect()
            }
        };
        self.lists.retain(|file, _| marks.contains_key(file));
        self.refused.retain(|file, _| marks.contains_key(file));
        self.marks = marks;
        let judged = if files.is_empty() {
            Judged::default()
        } else {
            submit(&self.context, files.clone(), None).await
        };
        self.settle(&files, judged)
    }

    /// Draws the conclusion of a look that read these files.
    fn settle(&mut self, files: &[PathBuf], judged: Judged) -> RefreshedSource {
        let now = self.context.now();
        let before = self.lists.clone();
        let mut codes: Vec<&'static str> = Vec::new();
        for file in files {
            self.refused.remove(file);
        }
        let mut fresh: BTreeMap<PathBuf, Vec<ListStatus>> = BTreeMap::new();
        for (file, list) in judged.accepted {
            fresh.entry(file).or_default().push(list);
        }
        for (file, lists) in fresh {
            let same = before.get(&file).is_some_and(|old| old.iter().eq(lists.iter()));
            codes.push(if same { "unchanged" } else { "accepted" });
            self.lists.insert(file, lists);
        }
        for refused in judged.refused {
            codes.push(refused.name());
            if refused.is_harmless() {
                continue;
            }
            // What was still being written is read again at the next look anyway.
            tracing::warn!(
                source = %self.spec.name, file = %refused.file.display(), code = refused.name(), "{}",
                refused.message
            );
            self.refused.insert(refused.file.clone(), refused);
        }
        let is_change = codes.contains(&"accepted");
        if !files.is_empty() {
            self.failed_looks = if self.refused.is_empty() { 0 } else { self.failed_looks.saturating_add(1) };
            self.retry_at = (!self.refused.is_empty()).then(|| self.retry_time());
        }
        let told = RefreshedSource {
            name: self.spec.name.to_string(),
            outcome: match self.refused.values().next() {
                _ if is_change => "accepted",
                Some(refused) => refused.name(),
                None => "unchanged",
            },
            message: self.refused.values().next().map(|it| format!("{}: {}", it.file.display(), it.message)),
        };
        let problem = self.refused.values().next().map(|refused| SourceProblem {
            code: refused.name(),
            message: refused.message.clone(),
            place: refused.file.display().to_string(),
            at: now,
        });
        let (failures, next) = (self.failed_looks, self.context.settings.load().poll);
        let next = now.plus(crate::types::Seconds(u32::try_from(next.as_secs()).unwrap_or(u32::MAX)));
        self.context.board.update(&self.spec.name, |status| {
            codes.into_iter().for_each(|code| status.count(code));
            status.last_attempt = Some(now);
            status.last_success = Some(now);
            status.next_attempt = Some(next);
            status.failures = failures;
            status.problem = problem;
            if is_change {
                status.last_change = Some(now);
            }
            status.lists = self.lists.values().flatten().cloned().collect();
        });
        told
    }

    /// The files could not even be looked at.
    fn failed(&mut self, message: String) -> RefreshedSource {
        let now = self.context.now();
        self.failed_looks = self.failed_looks.saturating_add(1);
        if self.failed_looks == 1 {
            tracing::warn!(source = %self.spec.name, "{message}");
        }
        let place = self.paths.first().map(|path| path.display().to_string()).unwrap_or_default();
        let failures = self.failed_looks;
        let told = message.clone();
        self.context.board.update(&self.spec.name, |status| {
            status.count("unreadable");
            status.last_attempt = Some(now);
            status.failures = failures;
            status.problem = Some(SourceProblem { code: "unreadable", message, place, at: now });
        });
        RefreshedSource { name: self.spec.name.to_string(), outcome: "unreadable", message: Some(told) }
    }

    fn retry_time(&self) -> Instant {
        let standing = Standing::Failed { looks: self.failed_looks };
        Instant::now() + self.context.wait(&self.spec.schedule, standing)
    }
}
