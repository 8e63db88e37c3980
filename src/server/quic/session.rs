//! What the streams of one connection share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::{Notify, watch};

use super::answerer::{Answerer, Refusal};
use super::counters::{Counter, Counters, Tally};
use super::handles::Handles;
use super::other::OtherProtocol;
use super::settings::QuicSettings;
use crate::wire::ErrorCode;

/// What the connections of a server share.
pub(super) struct Shared<A> {
    pub(super) answerer: Arc<A>,
    pub(super) settings: QuicSettings,
    /// What else is spoken on the port.
    pub(super) other: Option<Arc<dyn OtherProtocol>>,
    pub(super) counters: Counters,
    /// Connections that were let in.
    pub(super) connections: AtomicUsize,
    /// Handshakes of clients whose address is not validated.
    pub(super) unvalidated: AtomicUsize,
    /// Questions that wait for somebody else's answer.
    late: Arc<AtomicUsize>,
    /// Whether the server is about to stop.
    pub(super) draining: watch::Sender<bool>,
}

impl<A> Shared<A> {
    pub(super) fn new(
        answerer: Arc<A>,
        settings: QuicSettings,
        other: Option<Arc<dyn OtherProtocol>>,
    ) -> Self {
        Self {
            answerer,
            settings,
            other,
            counters: Counters::default(),
            connections: AtomicUsize::new(0),
            unvalidated: AtomicUsize::new(0),
            late: Arc::default(),
            draining: watch::Sender::new(false),
        }
    }
}

/// What the streams of one connection share.
pub(super) struct Session<A: Answerer> {
    pub(super) shared: Arc<Shared<A>>,
    pub(super) handles: Handles<A::Authority>,
    stripe: usize,
    /// Whether the handshake is complete: before that, what comes may be a replay.
    established: AtomicBool,
    establishing: Notify,
    /// Requests that wait for an answer.
    open: Arc<AtomicUsize>,
    subscriptions: Arc<AtomicUsize>,
    /// Octets of frames that are not complete.
    buffered: AtomicUsize,
    /// Streams that have a task of their own.
    streams: AtomicUsize,
    streams_changed: Notify,
}

impl<A: Answerer> Session<A> {
    pub(super) fn new(shared: Arc<Shared<A>>) -> Self {
        let (stripe, handles) = (shared.counters.stripe(), Handles::new(shared.settings.limits.max_handles));
        Self {
            shared,
            handles,
            stripe,
            established: AtomicBool::new(false),
            establishing: Notify::new(),
            open: Arc::default(),
            subscriptions: Arc::default(),
            buffered: AtomicUsize::new(0),
            streams: AtomicUsize::new(0),
            streams_changed: Notify::new(),
        }
    }

    pub(super) fn answerer(&self) -> &A {
        &self.shared.answerer
    }

    pub(super) fn settings(&self) -> &QuicSettings {
        &self.shared.settings
    }

    pub(super) fn count(&self, counter: Counter) {
        self.shared.counters.add(self.stripe, counter, 1);
    }

    pub(super) fn flush(&self, tally: &mut Tally) {
        tally.flush(&self.shared.counters, self.stripe);
    }

    pub(super) fn is_established(&self) -> bool {
        self.established.load(Ordering::Acquire)
    }

    pub(super) fn establish(&self) {
        self.established.store(true, Ordering::Release);
        self.establishing.notify_waiters();
    }

    /// Waits until the handshake is complete.
    pub(super) async fn established(&self) {
        loop {
            let notified = self.establishing.notified();
            if self.is_established() {
                return;
            }
            notified.await;
        }
    }

    /// Leave to keep one subscription.
    pub(super) fn subscription_permit(&self) -> Result<Permit, Refusal> {
        let most = self.settings().max_subscriptions;
        let count = Count::up_to(&self.subscriptions, most).ok_or_else(|| {
            Refusal::new(ErrorCode::TooManyOpen, format!("{most} subscriptions of this connection are open"))
        })?;
        Ok(Permit { _open: count, _late: None })
    }

    /// Leave to keep one question waiting.
    pub(super) fn permit(&self) -> Result<Permit, Refusal> {
        let max_open = usize::try_from(self.settings().limits.max_open).unwrap_or(usize::MAX);
        let open = Count::up_to(&self.open, max_open);
        let open = open.ok_or_else(|| {
            Refusal::new(ErrorCode::TooManyOpen, format!("{max_open} requests of this connection are open"))
        })?;
        let late = Count::up_to(&self.shared.late, self.settings().max_late);
        let late = late.ok_or_else(|| {
            Refusal::new(ErrorCode::Overloaded, "too many questions wait for answers from elsewhere")
        })?;
        Ok(Permit { _open: open, _late: Some(late) })
    }

    /// A stream keeps so many octets now instead of `before`: is that within what the connection may keep?
    pub(super) fn rebuffer(&self, before: usize, now: usize) -> bool {
        if before == now {
            return true;
        }
        let all = self.buffered.fetch_add(now.wrapping_sub(before), Ordering::Relaxed);
        let most = usize::try_from(self.settings().connection_window).unwrap_or(usize::MAX);
        all.wrapping_add(now).wrapping_sub(before) <= most
    }

    pub(super) fn stream_began(&self) {
        self.streams.fetch_add(1, Ordering::AcqRel);
    }

    /// Streams that have a task of their own.
    pub(super) fn streams_open(&self) -> usize {
        self.streams.load(Ordering::Acquire)
    }

    pub(super) fn stream_ended(&self) {
        self.streams.fetch_sub(1, Ordering::AcqRel);
        self.streams_changed.notify_waiters();
    }

    /// Waits until no stream has a task of its own.
    pub(super) async fn streams_ended(&self) {
        loop {
            let notified = self.streams_changed.notified();
            if self.streams_open() == 0 {
                return;
            }
            notified.await;
        }
    }
}

/// Leave to keep one request waiting; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    _open: Count,
    _late: Option<Count>,
}

/// One of a counted number.
#[derive(Debug)]
pub(super) struct Count(Arc<AtomicUsize>);

impl Count {
    /// One more, unless there are `most`.
    fn up_to(count: &Arc<AtomicUsize>, most: usize) -> Option<Self> {
        if count.fetch_add(1, Ordering::AcqRel) < most {
            return Some(Self(Arc::clone(count)));
        }
        count.fetch_sub(1, Ordering::AcqRel);
        None
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
