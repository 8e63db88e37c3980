//! One issuer under one policy, worked out so far that a check has a lookup and a copy left to do.

use std::ops::Range;
use std::sync::atomic::{AtomicPtr, Ordering};

use revocache::index::{AuthorityId, BatchListener, Found, IndexError, Place, Table};
use revocache::policy::{AuthorityView, Policy};
use revocache::publish::Snapshot;
use revocache::types::{SerialRef, UnixTime, Verdict};

use crate::boundary::UsualOut;
use crate::policy::{OnUnknown, Stated};
use crate::result::revocache_result;
use crate::verdict::{result_of, revocache_verdict};

/// Periods between two dates of the issuer's lists that are judged beforehand.
const JUDGED_BEFOREHAND: usize = 128;

/// An issuer in one generation, under one policy.
#[derive(Debug)]
pub(crate) struct Prepared {
    policy: Policy,
    stated: [Stated; 2],
    /// Where a serial is listed if it is, unless that is not so simple. Borrows from the index that `view` keeps.
    table: Option<Table<'static>>,
    periods: Periods,
    view: AuthorityView<Snapshot>,
}

/// What is said of serials that are not listed, for the periods between two dates, in their order.
#[derive(Debug)]
struct Periods {
    all: Box<[Period]>,
    /// The one asked about last, one of `all` or [`NEVER`]: the next question is about the same, as a rule.
    last: AtomicPtr<Period>,
}

#[derive(Debug)]
struct Period {
    begin: UnixTime,
    /// Not included.
    end: UnixTime,
    /// For both things a policy can say of what is unknown: refuse, accept.
    unlisted: [Ready; 2],
}

/// No time is in it.
static NEVER: Period = Period {
    begin: UnixTime::from_seconds(i64::MAX),
    end: UnixTime::from_seconds(i64::MIN),
    unlisted: [Ready::NOTHING; 2],
};

/// An answer as C gets it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ready {
    pub(crate) verdict: revocache_verdict,
    pub(crate) result: revocache_result,
}

impl Prepared {
    /// Prepares the answers of an authority of this generation.
    pub(crate) fn new(snapshot: &Snapshot, authority: AuthorityId, policy: Policy) -> Self {
        let view = AuthorityView::new(Snapshot::clone(snapshot), authority, policy);
        let periods = Periods::judged(&view, UnixTime::now());
        let table = view.sole_table().map(|table| {
            // SAFETY: a table refers to what the index has on the heap and to the file it has mapped. Neither moves nor
            // goes before the index, which `view` keeps for as long as the table is here; and it is not handed out.
            unsafe { std::mem::transmute::<Table<'_>, Table<'static>>(table) }
        });
        Self { policy, stated: Stated::ways(&policy), table, periods, view }
    }

    /// Whether it is for this policy.
    #[inline(always)]
    pub(crate) fn is_stated(&self, policy: Stated) -> bool {
        let [first, second] = self.stated;
        policy == first || policy == second
    }

    /// Whether it is for this policy, stated in the usual one of two ways.
    #[inline(always)]
    pub(crate) fn is_stated_shortly(&self, policy: Stated) -> bool {
        let [first, _] = self.stated;
        policy == first
    }

    /// Whether it is for this policy.
    #[inline(always)]
    pub(crate) fn is_for(&self, policy: &Policy) -> bool {
        self.policy == *policy
    }

    /// What is said of the serial if it is not listed, and where it must be if it is, without a call; `None` for whatever
    /// is unusual.
    #[inline(always)]
    pub(crate) fn unless_listed(
        &self,
        serial: SerialRef<'_>,
        at: UnixTime,
        on_unknown: OnUnknown,
    ) -> Option<(&Ready, Place)> {
        let unlisted = self.periods.last_asked(at)?.unlisted(on_unknown);
        Some((unlisted, self.table.as_ref()?.place(serial)))
    }

    /// Says what the list says in a record, if it is this serial's and that is so simple.
    #[inline(always)]
    pub(crate) fn say_of_record(
        &self,
        ordinal: u32,
        serial: SerialRef<'_>,
        at: UnixTime,
        out: UsualOut<'_, revocache_verdict>,
    ) -> Option<revocache_result> {
        let found = self.table.as_ref()?.find_in_record(ordinal, serial)?;
        let Some((crl, listing)) = self.view.decided_at_once(found, at) else {
            return self.say_at_length(found, at, out);
        };
        out.write(&revocache_verdict::of_listing(crl, &listing, self.view.index().generation()));
        Some(revocache_result::Revoked)
    }

    #[inline(never)]
    fn say_at_length(
        &self,
        found: Found<'_>,
        at: UnixTime,
        out: UsualOut<'_, revocache_verdict>,
    ) -> Option<revocache_result> {
        out.write(&self.said(found, at)?);
        Some(revocache_result::Revoked)
    }

    /// Says what is said of a serial in whatever table and place, if that is so simple.
    #[inline(always)]
    pub(crate) fn say(
        &self,
        serial: SerialRef<'_>,
        at: UnixTime,
        on_unknown: OnUnknown,
        out: UsualOut<'_, revocache_verdict>,
    ) -> Option<revocache_result> {
        match self.table.as_ref()?.find(serial).ok()? {
            None => {
                let ready = self.periods.last_asked(at)?.unlisted(on_unknown);
                out.write(&ready.verdict);
                Some(ready.result)
            }
            Some(found) => self.say_at_length(found, at, out),
        }
    }

    /// What the one list that decides says of a record; `None` if it is not so simple.
    #[inline(always)]
    fn said(&self, found: Found<'_>, at: UnixTime) -> Option<revocache_verdict> {
        let (crl, listing) = self.view.decided_by(found, at).ok()??;
        Some(revocache_verdict::of_listing(crl, &listing, self.view.index().generation()))
    }

    /// Remembers that questions are about this time now.
    pub(crate) fn turn_to(&self, at: UnixTime) {
        self.periods.find(at);
    }

    /// The answer to any question about a serial.
    pub(crate) fn check_serial(&self, serial: SerialRef<'_>, at: UnixTime) -> Result<Verdict, IndexError> {
        self.view.check_serial(serial, at)
    }

    /// Tells what is said of each question, in their order. `serial` reads those that are of ordinary form.
    #[inline(always)]
    pub(crate) fn check_serials<Q>(
        &self,
        questions: &[Q],
        serial: impl Fn(&Q) -> Option<SerialRef<'_>>,
        at: UnixTime,
        on_unknown: OnUnknown,
        listener: &mut impl Listener,
    ) {
        let (Some(table), Some(period)) = (&self.table, self.periods.find(at)) else {
            return (0..questions.len()).for_each(|position| listener.not_so_simple(position));
        };
        let ready = period.unlisted(on_unknown);
        let mut runs = Runs { prepared: self, at, ready, first: 0, listener };
        table.find_listed_by(questions, serial, &mut runs);
        runs.end(questions.len());
    }
}

/// Tells of runs of unlisted serials, which nearly all are, and of others one by one.
struct Runs<'p, L> {
    prepared: &'p Prepared,
    at: UnixTime,
    ready: &'p Ready,
    /// Where the run of unlisted ones begins that has not been told.
    first: usize,
    listener: &'p mut L,
}

impl<L: Listener> Runs<'_, L> {
    fn end(&mut self, position: usize) {
        self.listener.unlisted(self.first..position, self.ready);
        self.first = position.saturating_add(1);
    }

    #[inline(never)]
    fn listed(&mut self, position: usize, found: Found<'_>) {
        self.end(position);
        match self.prepared.said(found, self.at) {
            Some(revoked) => self.listener.revoked(position, &revoked),
            None => self.listener.not_so_simple(position),
        }
    }
}

impl<L: Listener> BatchListener for Runs<'_, L> {
    #[inline(always)]
    fn found(&mut self, position: usize, found: Result<Option<Found<'_>>, IndexError>) {
        match found {
            Ok(None) => {}
            Ok(Some(found)) => self.listed(position, found),
            Err(_) => self.unread(position),
        }
    }

    #[cold]
    fn unread(&mut self, position: usize) {
        self.end(position);
        self.listener.not_so_simple(position);
    }
}

/// Hears what is said of many serials, by their positions.
pub(crate) trait Listener {
    /// No list has these, which may be none.
    fn unlisted(&mut self, positions: Range<usize>, ready: &Ready);
    /// One list has it, and decides.
    fn revoked(&mut self, position: usize, verdict: &revocache_verdict);
    /// It has to be read and asked by itself.
    fn not_so_simple(&mut self, position: usize);
}

impl Periods {
    /// Judges every period, or, if there are too many, those from now on.
    fn judged(view: &AuthorityView<Snapshot>, now: UnixTime) -> Self {
        let bounds = view.bounds();
        // One begins at each bound, and one before the first of them.
        let count = bounds.len() + 1;
        let of_now = bounds.partition_point(|bound| *bound <= now);
        let first = if count <= JUDGED_BEFOREHAND { 0 } else { of_now };
        let begin_of = |period: usize| match period.checked_sub(1) {
            None => UnixTime::from_seconds(i64::MIN),
            Some(before) => bounds.get(before).copied().unwrap_or(UnixTime::from_seconds(i64::MAX)),
        };
        let period = |number: usize| {
            let (begin, end) = (begin_of(number), begin_of(number + 1));
            let unlisted = [OnUnknown::Refuse, OnUnknown::Accept];
            Period {
                begin,
                end,
                unlisted: unlisted.map(|on_unknown| Ready::new(view.unlisted(begin), on_unknown)),
            }
        };
        let all: Box<[_]> = (first..count.min(first + JUDGED_BEFOREHAND)).map(period).collect();
        let last = AtomicPtr::new(place(all.get(of_now - first).unwrap_or(&NEVER)));
        Self { all, last }
    }

    /// The period of this time, if it is the one asked about last.
    #[inline(always)]
    fn last_asked(&self, at: UnixTime) -> Option<&Period> {
        // SAFETY: it is one of `all`, which stay where they are and do not change, or `NEVER`.
        let last = unsafe { &*self.last.load(Ordering::Relaxed) };
        last.has(at).then_some(last)
    }

    /// The period of this time, if it was judged.
    #[inline(always)]
    fn find(&self, at: UnixTime) -> Option<&Period> {
        self.last_asked(at).or_else(|| self.search(at))
    }

    #[cold]
    fn search(&self, at: UnixTime) -> Option<&Period> {
        let number = self.all.partition_point(|period| period.end <= at);
        let found = self.all.get(number).filter(|period| period.has(at));
        if let Some(found) = found {
            self.last.store(place(found), Ordering::Relaxed);
        }
        found
    }
}

impl Period {
    #[inline(always)]
    fn has(&self, at: UnixTime) -> bool {
        self.begin <= at && at < self.end
    }

    #[inline(always)]
    fn unlisted(&self, on_unknown: OnUnknown) -> &Ready {
        let [refuse, accept] = &self.unlisted;
        match on_unknown {
            OnUnknown::Refuse => refuse,
            OnUnknown::Accept => accept,
        }
    }
}

impl Ready {
    const NOTHING: Self = Self { verdict: revocache_verdict::NOTHING, result: revocache_result::Panic };

    fn new(verdict: &Verdict, on_unknown: OnUnknown) -> Self {
        Self { verdict: revocache_verdict::of(verdict, on_unknown), result: result_of(&verdict.status) }
    }
}

/// Where a period lies. It is not written through this.
fn place(period: &Period) -> *mut Period {
    std::ptr::from_ref(period).cast_mut()
}
