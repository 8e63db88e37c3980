//! Requests of one stream that are not answered at once: each is a task, and its answer is written when it is there.

use std::collections::HashMap;
use std::future::{Future, pending};
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::{AbortHandle, Id, JoinSet};

use super::answerer::{Answerer, LateQuestion, Refusal};
use super::counters::{Counter, Tally};
use super::session::{Permit, Session};
use super::subscription;
use crate::types::{Status, Verdict};
use crate::wire::{BatchWriter, ErrorCode, Failure, Handle, Outcome, RequestId, encode_verdict};

/// The open requests of one stream, or of the datagrams of a connection. Dropping it ends them.
#[derive(Debug, Default)]
pub(super) struct Late {
    /// Made for the first of them: most streams have none.
    inner: Option<Box<Inner>>,
}

#[derive(Debug)]
struct Inner {
    tasks: JoinSet<Result<Verdict, Refusal>>,
    places: HashMap<Id, (Place, AbortHandle)>,
    open: HashMap<RequestId, Open>,
    /// Tells a request from an earlier one of the same id.
    next_serial: u64,
    frames: (mpsc::Sender<Told>, mpsc::Receiver<Told>),
}

/// Frames of a subscription, with the serial of its request.
type Told = (u64, Vec<u8>);

/// To where a subscription tells of changes.
#[derive(Debug)]
pub(super) struct Listener {
    serial: u64,
    frames: mpsc::Sender<Told>,
}

impl Listener {
    /// Tells, when there is room; `false` if nobody listens any more.
    pub(super) async fn tell(&self, frames: Vec<u8>) -> bool {
        self.frames.send((self.serial, frames)).await.is_ok()
    }
}

/// What the result of a task is for.
#[derive(Debug, Clone, Copy)]
struct Place {
    request: RequestId,
    serial: u64,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Question,
    BatchItem(u32),
    Subscription,
}

#[derive(Debug)]
struct Open {
    serial: u64,
    /// Tasks whose result is still awaited.
    tasks: u32,
}

/// Something to write.
#[derive(Debug)]
pub(super) enum LateEvent {
    /// The result of a task.
    Done(Done),
    /// Frames of a subscription.
    Frames(Vec<u8>),
}

/// The result of a task.
#[derive(Debug)]
pub(super) struct Done {
    task: Id,
    result: Result<Verdict, Refusal>,
}

/// Frames of subscriptions that wait to be written. When they are not, the subscriptions wait.
const FRAMES: usize = 4;

impl Late {
    pub(super) fn is_empty(&self) -> bool {
        self.inner.as_ref().is_none_or(|inner| inner.open.is_empty())
    }

    /// Whether a request of this id is open.
    pub(super) fn is_open(&self, request: RequestId) -> bool {
        self.inner.as_ref().is_some_and(|inner| inner.open.contains_key(&request))
    }

    /// Asks for the answer to a question, or to one of a batch.
    pub(super) fn ask<A: Answerer>(
        &mut self,
        session: &Arc<Session<A>>,
        request: RequestId,
        item: Option<u32>,
        question: LateQuestion<A::Authority>,
        permit: Permit,
    ) {
        let session = Arc::clone(session);
        let kind = item.map_or(Kind::Question, Kind::BatchItem);
        self.spawn(request, kind, async move {
            let _permit = permit;
            let answer = async {
                // Somebody who replays a flight must not make this server ask others.
                session.established().await;
                session.answerer().answer_later(question).await
            };
            let answer = tokio::time::timeout(session.settings().late_timeout, answer).await;
            answer
                .unwrap_or_else(|_| Err(Refusal::new(ErrorCode::TimedOut, "the answer did not come in time")))
        });
    }

    /// Tells of changes until it is cancelled.
    pub(super) fn subscribe<A: Answerer>(
        &mut self,
        session: &Arc<Session<A>>,
        request: RequestId,
        authorities: Vec<(Handle, A::Authority)>,
        permit: Permit,
    ) {
        let inner = self.inner();
        let listener = Listener { serial: inner.next_serial, frames: inner.frames.0.clone() };
        let session = Arc::clone(session);
        self.spawn(request, Kind::Subscription, async move {
            let _permit = permit;
            Err(subscription::tell(&session, request, &authorities, &listener).await)
        });
    }

    /// Ends a request; `false` if it is not open.
    pub(super) fn cancel(&mut self, request: RequestId) -> bool {
        let Some(inner) = &mut self.inner else { return false };
        let Some(open) = inner.open.remove(&request) else { return false };
        for (place, task) in inner.places.values() {
            if place.serial == open.serial {
                task.abort();
            }
        }
        true
    }

    /// Ends the subscriptions, which would never end by themselves, and tells which they were.
    pub(super) fn end_subscriptions(&mut self) -> Vec<RequestId> {
        let places = self.inner.iter().flat_map(|inner| inner.places.values());
        let subscriptions = places.filter(|(place, _)| place.kind == Kind::Subscription);
        let requests: Vec<RequestId> = subscriptions.map(|(place, _)| place.request).collect();
        requests.into_iter().filter(|request| self.cancel(*request)).collect()
    }

    /// The next thing to write; waits for ever if nothing is open.
    pub(super) async fn next(&mut self) -> LateEvent {
        let Some(inner) = &mut self.inner else { return pending().await };
        loop {
            tokio::select! {
                Some(joined) = inner.tasks.join_next_with_id() => return LateEvent::Done(match joined {
                    Ok((task, result)) => Done { task, result },
                    // Aborted ones are no longer open, so that nobody reads this.
                    Err(error) => {
                        Done { task: error.id(), result: Err(Refusal::new(ErrorCode::Internal, "")) }
                    }
                }),
                Some((serial, frames)) = inner.frames.1.recv() => {
                    // Those of a cancelled subscription must not follow its end.
                    if inner.open.values().any(|open| open.serial == serial) {
                        return LateEvent::Frames(frames);
                    }
                }
                else => pending().await,
            }
        }
    }

    /// Appends the answer that a result is.
    pub(super) fn write(&mut self, done: &Done, tally: &mut Tally, out: &mut Vec<u8>) {
        let Some(inner) = &mut self.inner else { return };
        let Some((Place { request, serial, kind }, _)) = inner.places.remove(&done.task) else { return };
        let Some(open) = inner.open.get_mut(&request).filter(|open| open.serial == serial) else { return };
        open.tasks = open.tasks.saturating_sub(1);
        let complete = open.tasks == 0;
        if complete {
            inner.open.remove(&request);
        }
        match (&done.result, kind) {
            (Ok(verdict), Kind::Question | Kind::Subscription) => encode_verdict(request, verdict, out),
            (Err(Refusal { code, text }), Kind::Question | Kind::Subscription) => {
                Failure { code: *code, text }.encode(request, out);
            }
            (result, Kind::BatchItem(item)) => {
                let mut writer = BatchWriter::begin(request, item, out);
                writer.push(&match result {
                    Ok(verdict) => Outcome::Verdict(*verdict),
                    Err(refusal) => Outcome::Failed(refusal.code),
                });
                writer.finish(complete);
            }
        }
        match &done.result {
            Ok(verdict) => tally.count(counter_of(verdict)),
            Err(_) => tally.count(Counter::Errors),
        }
    }

    fn spawn(
        &mut self,
        request: RequestId,
        kind: Kind,
        task: impl Future<Output = Result<Verdict, Refusal>> + Send + 'static,
    ) {
        let inner = self.inner();
        let next = inner.next_serial;
        let open = inner.open.entry(request).or_insert(Open { serial: next, tasks: 0 });
        open.tasks += 1;
        if open.serial == next {
            inner.next_serial += 1;
        }
        let place = Place { request, serial: open.serial, kind };
        let handle = inner.tasks.spawn(task);
        inner.places.insert(handle.id(), (place, handle));
    }

    fn inner(&mut self) -> &mut Inner {
        self.inner.get_or_insert_with(|| {
            Box::new(Inner {
                tasks: JoinSet::new(),
                places: HashMap::new(),
                open: HashMap::new(),
                next_serial: 0,
                frames: mpsc::channel(FRAMES),
            })
        })
    }
}

/// What counts a verdict.
#[inline]
pub(super) fn counter_of(verdict: &Verdict) -> Counter {
    match verdict.status {
        Status::Good => Counter::Good,
        Status::Revoked(_) => Counter::Revoked,
        Status::Unknown(_) => Counter::Unknown,
    }
}
