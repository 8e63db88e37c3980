//! The task of a source with mirrors.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::attempt::{Refused, submit};
use super::context::{Context, Kick, Urgency, next_look};
use super::fetcher::{CrlQuery, FetchFailure, Fetched};
use super::memory::Kept;
use super::schedule::Standing;
use super::sources::RefreshedSource;
use super::spec::{Remote, SourceSpec};
use super::status::{ListStatus, MirrorStatus, SourceProblem};
use crate::fetch::http::{Caches, Validators};
use crate::types::{UnixTime, to_hex};

/// A mirror, and the version of it that was judged last.
#[derive(Debug)]
struct Mirror {
    remote: Remote,
    held: Option<Held>,
}

/// A version that was judged.
#[derive(Debug, Clone)]
struct Held {
    validators: Validators,
    /// Of the body, in hexadecimal.
    sha256: String,
    verdict: Verdict,
}

#[derive(Debug, Clone)]
enum Verdict {
    Accepted(Vec<ListStatus>),
    /// It will be refused again, so there is no use in fetching or reading it again.
    Refused(Problem),
}

/// How a look at one mirror ended.
#[derive(Debug)]
enum Look {
    Accepted(Vec<ListStatus>),
    Unchanged,
    Problem(Problem),
}

#[derive(Debug, Clone)]
struct Problem {
    code: &'static str,
    message: String,
    retry_after: Option<Duration>,
}

impl From<FetchFailure> for Problem {
    fn from(failure: FetchFailure) -> Self {
        Self { code: failure.code, message: failure.message, retry_after: failure.retry_after }
    }
}

impl Problem {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after: None }
    }
}

/// The task's own state.
pub(super) struct MirrorSource {
    context: Arc<Context>,
    spec: Arc<SourceSpec>,
    mirrors: Vec<Mirror>,
    /// The lists of the newest version accepted from any mirror.
    lists: Vec<ListStatus>,
    failed_looks: u32,
    late_looks: u32,
}

impl MirrorSource {
    /// A source with what is remembered of its mirrors, as far as the index in force still has it.
    pub(super) fn new(context: Arc<Context>, spec: Arc<SourceSpec>, remotes: &[Remote]) -> Self {
        let mirrors: Vec<Mirror> = remotes
            .iter()
            .map(|remote| Mirror { remote: remote.clone(), held: recall(&context, remote) })
            .collect();
        let held = mirrors.iter().filter_map(|mirror| mirror.held.as_ref()).filter_map(Held::lists);
        let lists = held.max_by_key(|lists| lists.iter().map(|list| list.this_update).max());
        let lists = lists.map(<[ListStatus]>::to_vec).unwrap_or_default();
        let places =
            remotes.iter().map(|remote| MirrorStatus { url: remote.as_str().to_owned(), last: None });
        context.board.add(&spec, lists.clone(), places.collect());
        Self { context, spec, mirrors, lists, failed_looks: 0, late_looks: 0 }
    }

    /// Looks when it is time, until nobody can kick it any more.
    pub(super) async fn run(mut self, mut kicks: mpsc::Receiver<Kick>) {
        // The first look is kicked off by whoever starts the task, to be told how it ended.
        let mut wait = self.spec.schedule.maximum();
        while let Some((urgency, done)) = next_look(wait, &mut kicks).await {
            let (told, standing, retry_after) = self.look(urgency).await;
            wait = self.context.wait(&self.spec.schedule, standing);
            if let Some(asked) = retry_after {
                wait = wait.max(asked.min(self.spec.schedule.maximum()));
            }
            let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
            let next = self.context.now().plus(crate::types::Seconds(seconds));
            self.context.board.update(&self.spec.name, |status| status.next_attempt = Some(next));
            if let Some(done) = done {
                let _ = done.send(told);
            }
        }
    }

    /// Asks mirrors in order until one has the current list.
    ///
    /// A mirror that says nothing has changed ends the look, unless the list in hand is past its end or somebody asked
    /// for an emergency refresh: then the mirror may be the one that is behind, and the next ones are asked too.
    async fn look(&mut self, urgency: Urgency) -> (RefreshedSource, Standing, Option<Duration>) {
        let Self { context, spec, mirrors, lists, .. } = self;
        let is_enough = urgency != Urgency::Emergency && !is_late(lists, context.now());
        let mut problem: Option<(String, Problem)> = None;
        let mut good: Option<Option<Vec<ListStatus>>> = None;
        for mirror in mirrors.iter_mut() {
            let url = mirror.remote.as_str().to_owned();
            let look = mirror.look(context, spec, lists, urgency).await;
            let code = look.code();
            context.board.update(&spec.name, |status| {
                status.count(code);
                if let Some(place) = status.mirrors.iter_mut().find(|place| place.url == url) {
                    place.last = Some(code);
                }
            });
            match look {
                Look::Accepted(found) => {
                    good = Some(Some(found));
                    break;
                }
                Look::Unchanged => {
                    good = good.or(Some(None));
                    if is_enough {
                        break;
                    }
                }
                Look::Problem(found) => {
                    tracing::warn!(source = %spec.name, url, code = found.code, "{}", found.message);
                    problem = Some((url, found));
                }
            }
        }
        self.settle(good, problem)
    }

    /// Draws the conclusion of a look.
    fn settle(
        &mut self,
        good: Option<Option<Vec<ListStatus>>>,
        problem: Option<(String, Problem)>,
    ) -> (RefreshedSource, Standing, Option<Duration>) {
        let now = self.context.now();
        let is_good = good.is_some();
        let new = good.flatten();
        let is_change = new.as_ref().is_some_and(|found| !same(found, &self.lists));
        if let Some(found) = new {
            tracing::info!(source = %self.spec.name, lists = found.len(), "accepted");
            self.lists = found;
        }
        let late = is_late(&self.lists, now);
        self.failed_looks = if is_good { 0 } else { self.failed_looks.saturating_add(1) };
        self.late_looks = if is_good && late { self.late_looks.saturating_add(1) } else { 0 };
        let standing = match (is_good, late) {
            (false, _) => Standing::Failed { looks: self.failed_looks },
            (true, true) => Standing::Late { looks: self.late_looks },
            (true, false) => self
                .lists
                .iter()
                .filter_map(|list| list.next_update)
                .min()
                .map_or(Standing::WithoutEnd, |until| Standing::Current { until }),
        };
        let told = RefreshedSource {
            name: self.spec.name.to_string(),
            outcome: match (&problem, is_good, is_change) {
                (_, true, true) => "accepted",
                (_, true, false) => "unchanged",
                (Some((_, problem)), false, _) => problem.code,
                (None, false, _) => "failed",
            },
            message: problem.as_ref().map(|(url, problem)| format!("{url}: {}", problem.message)),
        };
        let retry_after = problem.as_ref().filter(|_| !is_good).and_then(|(_, problem)| problem.retry_after);
        let (lists, failures) = (self.lists.clone(), self.failed_looks);
        self.context.board.update(&self.spec.name, |status| {
            status.last_attempt = Some(now);
            status.failures = failures;
            status.problem = problem.map(|(place, problem)| SourceProblem {
                code: problem.code,
                message: problem.message,
                place,
                at: now,
            });
            if is_good {
                status.last_success = Some(now);
            }
            if is_change {
                status.last_change = Some(now);
            }
            status.lists = lists;
        });
        (told, standing, retry_after)
    }
}

impl Mirror {
    async fn look(
        &mut self,
        context: &Context,
        spec: &SourceSpec,
        in_hand: &[ListStatus],
        urgency: Urgency,
    ) -> Look {
        if urgency != Urgency::Scheduled && self.held.as_ref().is_some_and(|held| held.lists().is_none()) {
            // What was refused may be accepted now.
            self.held = None;
        }
        let body = match self.fetch(context, spec, urgency).await {
            Err(problem) => return Look::Problem(problem),
            Ok(None) => return self.same_as_held(in_hand),
            Ok(Some(body)) => body,
        };
        let (validators, body) = body;
        let sha256 = to_hex(&body.sha256);
        if let Some(held) = self.held.as_mut().filter(|held| held.sha256 == sha256) {
            held.validators = validators;
            self.remember(context);
            return self.same_as_held(in_hand);
        }
        if body.looks_like_markup() {
            let message =
                "a web page where a CRL should be; is there a proxy or a captive portal on the way?";
            let problem = Problem::new("web_page", message);
            self.held = Some(Held { validators, sha256, verdict: Verdict::Refused(problem.clone()) });
            return Look::Problem(problem);
        }
        let file = body.path().to_path_buf();
        let judged = submit(context, vec![file], Some(body)).await;
        let (harmless, refused): (Vec<Refused>, Vec<Refused>) =
            judged.refused.into_iter().partition(Refused::is_harmless);
        let lists: Vec<ListStatus> = judged.accepted.into_iter().map(|(_, list)| list).collect();
        match refused.into_iter().next() {
            Some(refused) if lists.is_empty() && harmless.is_empty() => {
                let problem = Problem::new(refused.name(), refused.message.clone());
                // What is refused for good stays in memory only: a restart has another look at it.
                context.memory.forget(self.remote.as_str());
                let verdict = refused.is_final().then(|| Verdict::Refused(problem.clone()));
                self.held = verdict.map(|verdict| Held { validators, sha256, verdict });
                Look::Problem(problem)
            }
            _ if lists.is_empty() => {
                self.held = Some(Held { validators, sha256, verdict: Verdict::Accepted(in_hand.to_vec()) });
                Look::Unchanged
            }
            _ => {
                self.held = Some(Held { validators, sha256, verdict: Verdict::Accepted(lists.clone()) });
                self.remember(context);
                Look::Accepted(lists)
            }
        }
    }

    /// A new body with its validators, or `None` if the server says that the version in hand is the current one.
    async fn fetch(
        &self,
        context: &Context,
        spec: &SourceSpec,
        urgency: Urgency,
    ) -> Result<Option<(Validators, super::spool::Spooled)>, Problem> {
        let spool_failed =
            |error: std::io::Error| Problem::new("spool_failed", format!("cannot write the spool: {error}"));
        let none = Validators::default();
        // Acquiring fails only when the semaphore is closed, which nobody does.
        let _permit = context.permits.acquire().await;
        let mut spool = context.spool.writer().map_err(spool_failed)?;
        let query = CrlQuery {
            remote: &self.remote,
            validators: self.held.as_ref().map_or(&none, |held| &held.validators),
            provenance: spec.origin.into(),
            caches: match urgency {
                Urgency::Emergency => Caches::MustAskOrigin,
                Urgency::Scheduled | Urgency::Retry => Caches::MayAnswer,
            },
        };
        let started = Instant::now();
        let fetched = context.fetcher().fetch(query, &mut spool).await;
        context.fetches.record(started.elapsed());
        let octets = spool.octets();
        context.board.update(&spec.name, |status| {
            status.fetched_octets = status.fetched_octets.saturating_add(octets);
        });
        match fetched? {
            Fetched::NotModified => Ok(None),
            Fetched::Body { validators } => {
                Ok(Some((validators, spool.finish().await.map_err(spool_failed)?)))
            }
        }
    }

    /// What it means that this mirror still has the version that was judged before.
    fn same_as_held(&self, in_hand: &[ListStatus]) -> Look {
        match self.held.as_ref().map(|held| &held.verdict) {
            Some(Verdict::Accepted(lists)) if same(lists, in_hand) => Look::Unchanged,
            Some(Verdict::Accepted(_)) => {
                Look::Problem(Problem::new("stale_mirror", "serves an older list than another mirror did"))
            }
            Some(Verdict::Refused(problem)) => Look::Problem(problem.clone()),
            None => Look::Problem(Problem::new("unexpected_status", "304 to an unconditional request")),
        }
    }

    fn remember(&self, context: &Context) {
        if let Some((held, lists)) = self.held.as_ref().and_then(|held| Some((held, held.lists()?))) {
            let kept = Kept {
                etag: held.validators.etag.clone(),
                last_modified: held.validators.last_modified.clone(),
                sha256: held.sha256.clone(),
                lists: lists.iter().map(|list| list.digest.clone()).collect(),
            };
            context.memory.keep(self.remote.as_str(), kept);
        }
    }
}

impl Held {
    /// The lists of a version that was accepted.
    fn lists(&self) -> Option<&[ListStatus]> {
        match &self.verdict {
            Verdict::Accepted(lists) => Some(lists),
            Verdict::Refused(_) => None,
        }
    }
}

impl Look {
    fn code(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Unchanged => "unchanged",
            Self::Problem(problem) => problem.code,
        }
    }
}

/// What is remembered of a mirror, if the index in force still has all of its lists.
fn recall(context: &Context, remote: &Remote) -> Option<Held> {
    let kept = context.memory.recall(remote.as_str())?;
    let index = context.reader.current();
    let list = |digest: &String| {
        let (id, facts) = index.crls().find(|(_, facts)| to_hex(&facts.tbs_digest) == *digest)?;
        let issuer = index.authority(index.authority_of_crl(id)?)?;
        Some(ListStatus::new(issuer.display(), facts))
    };
    let lists: Option<Vec<ListStatus>> = kept.lists.iter().map(list).collect();
    let verdict = Verdict::Accepted(lists.filter(|lists| !lists.is_empty())?);
    let validators = Validators { etag: kept.etag, last_modified: kept.last_modified };
    Some(Held { validators, sha256: kept.sha256, verdict })
}

fn same(left: &[ListStatus], right: &[ListStatus]) -> bool {
    left.iter().map(|list| &list.digest).eq(right.iter().map(|list| &list.digest))
}

/// Whether a list is past its end, or there is none.
fn is_late(lists: &[ListStatus], now: UnixTime) -> bool {
    lists.is_empty() || lists.iter().any(|list| list.next_update.is_some_and(|next| next <= now))
}
