//! What is in force: the generation that checks are answered from, and how the next one takes its place.
//!
//! Everything a check reads is reached through one pointer, to an [`InForce`] that never changes. A writer makes the
//! next one beside it, with every issuer looked up again, replaces the pointer, and frees the old one when no thread
//! reads it any more ([`crate::pins`]). So a check finds an issuer's place in the generation of the moment without
//! looking anything up, and every check is answered from one generation. The answers that stand for most questions
//! ([`crate::standing`]) are parts of it, too, which the fronts of the issuers lead to without that detour.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicPtr, AtomicU64, Ordering};
use std::time::Duration;

use revocache::policy::Policy;
use revocache::publish::{IndexFolder, IndexReader, PublishError, Snapshot, open_file};
use revocache::types::UnixTime;

use crate::failure::{Failed, Failure};
use crate::pins::{Pin, Pins, Turn};
use crate::policy::UsualTerms;
use crate::resolved::{IssuerKey, Resolved};
use crate::standing::{Front, Standing};
use crate::watched::Watched;

/// How often a writer looks whether readers are done before it leaves the rest to the next writer.
const LOOKS: u32 = 100;

/// Policies (graces) that issuers are prepared for; under others checks are slower.
const PREPARED_POLICIES: usize = 4;

/// One of so many checks of a thread that no standing answer was for has one made for the next.
const SETTLED_AFTER: u32 = 16;

/// Seconds between attempts to open a generation that could not be opened, where checks refresh by themselves.
const RETRY_SECONDS: i64 = 1;

/// When the next generation is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refresh {
    /// Before every check.
    Automatic,
    /// When the host says so.
    OnRequest,
}

/// An opened index, shared by the handles that stand for it and for its issuers.
pub(crate) struct Generations {
    current: AtomicPtr<InForce>,
    pins: Pins,
    refresh: Refresh,
    /// What was replaced, newest first; nodes are only touched by whoever has the writer's turn.
    replaced: AtomicPtr<InForce>,
    /// The machine's uptime in seconds before which a failed opening is not tried again.
    retry_at: AtomicI64,
}

/// One generation, with every issuer's place in it.
pub(crate) struct InForce {
    watched: Watched,
    /// `None` for a single file.
    reader: Option<Arc<IndexReader>>,
    snapshot: Snapshot,
    /// What is prepared for: the default, and what was asked under since.
    policies: Vec<Policy>,
    /// By the number of the issuer's handle; `None` where the handle was freed.
    issuers: Vec<Option<Seat>>,
    /// Once replaced: in which epoch, and what was replaced before. For the writer whose turn it is.
    epoch: AtomicU64,
    earlier: AtomicPtr<InForce>,
}

/// An issuer's place in a generation.
#[derive(Clone)]
struct Seat {
    resolved: Arc<Resolved>,
    front: Arc<Front>,
}

/// A standing answer, kept for as long as this lives.
pub(crate) struct StandingReading<'g> {
    standing: &'g Standing,
    pin: Pin<'g>,
}

/// What is in force, kept for as long as this lives.
pub(crate) struct Reading<'g> {
    in_force: &'g InForce,
    pin: Pin<'g>,
}

// SAFETY: the raw pointers are to `InForce`, whose content may be shared and sent; who may follow and free them is
// settled by `pins` and the writer's turn.
unsafe impl Send for Generations {}
// SAFETY: as above.
unsafe impl Sync for Generations {}

impl Generations {
    /// Follows a folder.
    pub(crate) fn of_folder(path: &Path, refresh: Refresh) -> Result<Self, Failed> {
        // A daemon that changes its directory must not look for the next generation elsewhere.
        let path = std::path::absolute(path)
            .map_err(|source| Failure::Io { action: "find the current directory", source })?;
        let reader = IndexReader::open(IndexFolder::new(path))?;
        let snapshot = reader.current();
        Self::new(Some(Arc::new(reader)), snapshot, refresh)
    }

    /// Stays with a file.
    pub(crate) fn of_file(path: &Path) -> Result<Self, Failed> {
        Self::new(None, Arc::new(open_file(path)?), Refresh::OnRequest)
    }

    fn new(reader: Option<Arc<IndexReader>>, snapshot: Snapshot, refresh: Refresh) -> Result<Self, Failed> {
        let pins =
            Pins::new().map_err(|source| Failure::Io { action: "map memory for the handle", source })?;
        let watched = watch(reader.as_ref(), refresh);
        let first = Box::new(InForce::new(watched, reader, snapshot, vec![Policy::default()], Vec::new()));
        Ok(Self {
            current: AtomicPtr::new(Box::into_raw(first)),
            pins,
            refresh,
            replaced: AtomicPtr::new(std::ptr::null_mut()),
            retry_at: AtomicI64::new(0),
        })
    }

    /// What to answer from: the newest generation if the handle refreshes by itself, else the one it has. A newer one
    /// that cannot be opened is passed over here; [`Generations::refresh`] tells why.
    #[inline(always)]
    pub(crate) fn to_answer(&self) -> Reading<'_> {
        let reading = self.reading();
        if reading.in_force().watched.is_outdated() {
            return self.after_refresh(reading);
        }
        reading
    }

    /// The same, if that takes neither a system call nor another thread's patience.
    #[inline(always)]
    pub(crate) fn newest_at_once(&self) -> Option<Reading<'_>> {
        let reading = self.reading_under(self.pins.pin_at_once()?);
        (!reading.in_force().watched.is_outdated()).then_some(reading)
    }

    /// The answer that stands for the questions about an issuer at this moment, which may be none. In the fewest
    /// instructions: on systems where readers have to fence, fronts lead nowhere.
    #[inline(always)]
    pub(crate) fn standing(&self, front: &Front) -> Option<StandingReading<'_>> {
        let pin = self.pins.pin_unfenced()?;
        // SAFETY: pinned for as long as the reference is there.
        Some(StandingReading { standing: unsafe { front.standing() }, pin })
    }

    /// Takes up what the calling thread left.
    ///
    /// # Safety
    /// The calling thread did [`StandingReading::leave`] one of this, and has not taken it up since.
    #[inline(always)]
    pub(crate) unsafe fn resume_standing(&self) -> StandingReading<'_> {
        // SAFETY: passed on.
        let (pin, left) = unsafe { self.pins.resume() };
        // SAFETY: what was left is a reference, which the pin keeps valid.
        StandingReading { standing: unsafe { &*left.cast_const().cast() }, pin }
    }

    /// Has the front of an issuer lead to the answer that stands for questions under these terms. Without effect while
    /// another thread has the turn, or if there is none.
    #[cold]
    pub(crate) fn settle(&self, number: usize, terms: &UsualTerms, at: UnixTime) {
        let Some(turn) = self.pins.try_turn() else { return };
        let reading = self.reading();
        let now = reading.in_force();
        let Some(Seat { resolved, front }) = now.issuers.get(number).and_then(Option::as_ref) else { return };
        let standing = resolved
            .prepared_as_stated(terms.wording.policy())
            .and_then(|prepared| prepared.standing(&turn, now.watched, terms.wording, at, terms.on_unknown));
        if let (Some(standing), true) = (standing, self.pins.need_no_fence()) {
            front.lead_to(standing);
        }
    }

    /// The same for questions about issuers under this policy.
    #[inline(always)]
    pub(crate) fn to_answer_under(&self, policy: &Policy) -> Reading<'_> {
        let reading = self.to_answer();
        if reading.knows(policy) {
            return reading;
        }
        drop(reading);
        self.learn(policy);
        self.to_answer()
    }

    /// What is in force, as it is.
    #[inline(always)]
    pub(crate) fn reading(&self) -> Reading<'_> {
        self.reading_under(self.pins.pin())
    }

    #[inline(always)]
    fn reading_under<'g>(&'g self, pin: Pin<'g>) -> Reading<'g> {
        // SAFETY: it is never NULL, it was made by `Box::into_raw`, and the pin, made before the load, keeps it.
        let in_force = unsafe { &*self.current.load(Ordering::Acquire) };
        Reading { in_force, pin }
    }

    #[cold]
    fn after_refresh<'g>(&'g self, reading: Reading<'g>) -> Reading<'g> {
        let uptime = uptime_seconds();
        if uptime < self.retry_at.load(Ordering::Relaxed) {
            return reading;
        }
        // A writer cannot free what its own thread reads.
        drop(reading);
        // Whoever has the turn may be refreshing; then this answer may be from the generation before.
        if let Some(turn) = self.pins.try_turn()
            && self.refresh_in(&turn).is_err()
        {
            self.retry_at.store(uptime.saturating_add(RETRY_SECONDS), Ordering::Relaxed);
        }
        self.reading()
    }

    /// Opens the generation in force if it is another than the one opened.
    pub(crate) fn refresh(&self) -> Result<(), Failed> {
        if self.reading().in_force().is_outdated() {
            self.refresh_in(&self.turn())?;
        }
        Ok(())
    }

    fn refresh_in(&self, turn: &Turn<'_>) -> Result<(), Failed> {
        let next = {
            let reading = self.reading();
            let now = reading.in_force();
            // The reader is ahead in the child of a process in which another thread was refreshing at the time of the fork.
            let is_behind = |reader: &&Arc<IndexReader>| {
                reader.is_outdated() || !Arc::ptr_eq(&reader.current(), &now.snapshot)
            };
            let Some(reader) = now.reader.as_ref().filter(is_behind) else {
                return Ok(());
            };
            let (reader, snapshot) = newest(reader)?;
            let watched = watch(Some(&reader), self.refresh);
            now.again(watched, Some(reader), snapshot, now.policies.clone())
        };
        self.replace(next, turn);
        Ok(())
    }

    /// Adds an issuer and returns its number, and where its checks look first.
    pub(crate) fn add_issuer(&self, key: IssuerKey) -> (usize, Arc<Front>) {
        let turn = self.turn();
        let front = Arc::new(Front::new());
        let (next, number) = {
            let reading = self.reading();
            let now = reading.in_force();
            let resolved = Arc::new(Resolved::new(&now.snapshot, Arc::new(key), &now.policies));
            let issuer = Seat { resolved, front: Arc::clone(&front) };
            let mut issuers = now.issuers.clone();
            let number = issuers.iter().position(Option::is_none).unwrap_or(issuers.len());
            match issuers.get_mut(number) {
                Some(free) => *free = Some(issuer),
                None => issuers.push(Some(issuer)),
            }
            (now.with_issuers(issuers), number)
        };
        self.replace(next, &turn);
        (number, front)
    }

    /// Prepares every issuer for a policy that was not asked under before, so that the next checks under it are as fast
    /// as under the default. Without effect while another thread has the turn, or if there are too many already.
    #[cold]
    pub(crate) fn learn(&self, policy: &Policy) {
        let Some(turn) = self.pins.try_turn() else { return };
        let next = {
            let reading = self.reading();
            let now = reading.in_force();
            if now.policies.contains(policy) || now.policies.len() >= PREPARED_POLICIES {
                return;
            }
            let policies = now.policies.iter().chain([policy]).copied().collect();
            now.again(now.watched, now.reader.clone(), now.snapshot.clone(), policies)
        };
        self.replace(next, &turn);
    }

    /// Forgets an issuer that nobody asks any more.
    pub(crate) fn remove_issuer(&self, number: usize) {
        let turn = self.turn();
        let next = {
            let reading = self.reading();
            let now = reading.in_force();
            let mut issuers = now.issuers.clone();
            if let Some(issuer) = issuers.get_mut(number) {
                *issuer = None;
            }
            while let Some(None) = issuers.last() {
                issuers.pop();
            }
            now.with_issuers(issuers)
        };
        self.replace(next, &turn);
    }

    /// Waits for the writer's turn.
    fn turn(&self) -> Turn<'_> {
        loop {
            if let Some(turn) = self.pins.try_turn() {
                return turn;
            }
            std::thread::sleep(Duration::from_micros(20));
        }
    }

    fn replace(&self, next: InForce, turn: &Turn<'_>) {
        // Fronts that lead to what goes with the old one. Before it is replaced, as nobody else can have them lead there again
        // meanwhile: so the child of a process that is forked in between has fronts that lead nowhere, and not to what is
        // replaced already.
        self.reading().in_force().lead_nowhere_but_in(&next);
        let old = self.current.swap(Box::into_raw(Box::new(next)), Ordering::AcqRel);
        // SAFETY: it was made by `Box::into_raw` and is freed by `free_unread` alone, which is not running.
        let node = unsafe { &*old };
        let epoch = self.pins.end_epoch(turn);
        node.epoch.store(epoch, Ordering::Relaxed);
        node.earlier.store(self.replaced.load(Ordering::Relaxed), Ordering::Relaxed);
        self.replaced.store(old, Ordering::Relaxed);
        self.free_unread(turn);
    }

    /// Frees what was replaced and is read by nobody any more. Readers are usually done within a microsecond; what is
    /// still read after a few looks stays for the next writer.
    fn free_unread(&self, turn: &Turn<'_>) {
        for _ in 0..LOOKS {
            // A child of a fork in the midst of this finds an empty list, and loses some memory and nothing else.
            let mut next = self.replaced.swap(std::ptr::null_mut(), Ordering::Relaxed);
            let Some(oldest) = self.pins.oldest_reader(turn) else {
                self.replaced.store(next, Ordering::Relaxed);
                std::thread::yield_now();
                continue;
            };
            let mut kept = std::ptr::null_mut();
            while !next.is_null() {
                let old = next;
                // SAFETY: nodes of this list were made by `Box::into_raw`, and are freed below alone.
                let node = unsafe { &*old };
                next = node.earlier.load(Ordering::Relaxed);
                if node.epoch.load(Ordering::Relaxed) < oldest {
                    // SAFETY: taken out of `current` before that epoch ended, and no reader is left from then.
                    drop(unsafe { Box::from_raw(old) });
                } else {
                    node.earlier.store(kept, Ordering::Relaxed);
                    kept = old;
                }
            }
            self.replaced.store(kept, Ordering::Relaxed);
            if kept.is_null() {
                return;
            }
            std::thread::yield_now();
        }
    }
}

impl Drop for Generations {
    fn drop(&mut self) {
        let mut next = *self.replaced.get_mut();
        while !next.is_null() {
            // SAFETY: made by `Box::into_raw`; the last owner of the handle is gone, so nobody reads it.
            let node = unsafe { Box::from_raw(next) };
            next = node.earlier.load(Ordering::Relaxed);
        }
        // SAFETY: as above.
        drop(unsafe { Box::from_raw(*self.current.get_mut()) });
    }
}

impl InForce {
    fn new(
        watched: Watched,
        reader: Option<Arc<IndexReader>>,
        snapshot: Snapshot,
        policies: Vec<Policy>,
        issuers: Vec<Option<Seat>>,
    ) -> Self {
        let (epoch, earlier) = (AtomicU64::new(0), AtomicPtr::new(std::ptr::null_mut()));
        Self { watched, reader, snapshot, policies, issuers, epoch, earlier }
    }

    fn with_issuers(&self, issuers: Vec<Option<Seat>>) -> Self {
        Self::new(self.watched, self.reader.clone(), self.snapshot.clone(), self.policies.clone(), issuers)
    }

    /// The same issuers, looked up again.
    fn again(
        &self,
        watched: Watched,
        reader: Option<Arc<IndexReader>>,
        snapshot: Snapshot,
        policies: Vec<Policy>,
    ) -> Self {
        let look_up = |seat: &Seat| Seat {
            resolved: Arc::new(seat.resolved.again(&snapshot, &policies)),
            front: Arc::clone(&seat.front),
        };
        let issuers = self.issuers.iter().map(|seat| seat.as_ref().map(look_up)).collect();
        Self::new(watched, reader, snapshot, policies, issuers)
    }

    /// Has the fronts of all issuers lead nowhere that have another place in the next one, or none.
    fn lead_nowhere_but_in(&self, next: &Self) {
        let kept = next.issuers.iter().map(Option::as_ref).chain(std::iter::repeat(None));
        for (seat, kept) in self.issuers.iter().zip(kept) {
            let Some(seat) = seat else { continue };
            if !kept.is_some_and(|kept| Arc::ptr_eq(&kept.resolved, &seat.resolved)) {
                seat.front.lead_nowhere();
            }
        }
    }

    fn is_outdated(&self) -> bool {
        self.reader.as_ref().is_some_and(|reader| reader.is_outdated())
    }
}

impl StandingReading<'_> {
    /// Leaves it to who calls [`Generations::resume_standing`].
    #[inline(always)]
    pub(crate) fn leave(self) {
        self.pin.leave(std::ptr::from_ref(self.standing).cast_mut().cast());
    }
}

impl Deref for StandingReading<'_> {
    type Target = Standing;

    #[inline(always)]
    fn deref(&self) -> &Standing {
        self.standing
    }
}

impl Reading<'_> {
    #[inline(always)]
    fn in_force(&self) -> &InForce {
        self.in_force
    }

    /// The generation.
    #[inline(always)]
    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.in_force.snapshot
    }

    /// Whether issuers are prepared for this policy, or there are too many to prepare for another.
    #[inline(always)]
    pub(crate) fn knows(&self, policy: &Policy) -> bool {
        let policies = &self.in_force.policies;
        policies.contains(policy) || policies.len() >= PREPARED_POLICIES
    }

    /// The place of the issuer with this number.
    #[inline(always)]
    pub(crate) fn issuer(&self, number: usize) -> Option<&Resolved> {
        self.in_force.issuers.get(number)?.as_ref().map(|seat| &*seat.resolved)
    }

    /// Whether to have a standing answer made for questions like the one that this is for.
    #[inline(always)]
    pub(crate) fn is_to_settle(&self) -> bool {
        self.pin.is_one_in(SETTLED_AFTER)
    }
}

/// What checks are to see of newer generations.
fn watch(reader: Option<&Arc<IndexReader>>, refresh: Refresh) -> Watched {
    match (reader, refresh) {
        // SAFETY: every `InForce` that has it keeps its reader, and whoever looks keeps the `InForce`.
        (Some(reader), Refresh::Automatic) => unsafe { Watched::new(reader) },
        _ => Watched::NOTHING,
    }
}

/// The newest generation, and the reader to follow further ones with.
fn newest(reader: &Arc<IndexReader>) -> Result<(Arc<IndexReader>, Snapshot), PublishError> {
    let snapshot = reader.refreshed()?;
    if !reader.is_outdated() {
        return Ok((reader.clone(), snapshot));
    }
    // Outdated again already, or this is the child of a process in which another thread was refreshing at the time of
    // the fork: the reader's lock is then held by nobody that exists here. A new reader is right in both cases.
    let reader = IndexReader::open(reader.folder().clone())?;
    let snapshot = reader.current();
    Ok((Arc::new(reader), snapshot))
}

/// Seconds since the machine was started.
#[allow(clippy::useless_conversion, reason = "some systems have a narrower time")]
fn uptime_seconds() -> i64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a variable of ours.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec
}
