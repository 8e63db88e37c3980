//! One issuer under one policy, worked out so far that a check has a lookup and a copy left to do.

use std::sync::atomic::{AtomicUsize, Ordering};

use revocache::index::{AuthorityId, Found, IndexError, Table};
use revocache::policy::{AuthorityView, Policy};
use revocache::publish::Snapshot;
use revocache::types::{SerialRef, UnixTime, Verdict};

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
    /// The one asked about last: the next question is about the same, as a rule.
    last: AtomicUsize,
}

#[derive(Debug)]
struct Period {
    begin: UnixTime,
    /// Not included.
    end: UnixTime,
    unlisted: Ready,
}

/// An answer as C gets it, for both things a policy can say of what is unknown.
#[derive(Debug)]
pub(crate) struct Ready {
    result: revocache_result,
    hard: revocache_verdict,
    soft: revocache_verdict,
}

/// What is known of a serial.
pub(crate) enum Known<'p, 'f> {
    /// No list has it.
    Unlisted(&'p Ready),
    /// Some list has it.
    Listed(Found<'f>),
    /// That takes a call to find out.
    Unsure,
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

    /// Whether it is for this policy.
    #[inline(always)]
    pub(crate) fn is_for(&self, policy: &Policy) -> bool {
        self.policy == *policy
    }

    /// What is known at once, without a call; `None` for whatever is unusual.
    #[inline(always)]
    pub(crate) fn known(&self, serial: SerialRef<'_>, at: UnixTime) -> Option<Known<'_, '_>> {
        let unlisted = &self.periods.last_asked(at)?.unlisted;
        Some(match self.table.as_ref()?.find_at_once(serial) {
            Some(None) => Known::Unlisted(unlisted),
            Some(Some(found)) => Known::Listed(found),
            None => Known::Unsure,
        })
    }

    /// The same, with a call for serials of other lengths and other tables. It is never unsure.
    pub(crate) fn found_out(&self, serial: SerialRef<'_>, at: UnixTime) -> Option<Known<'_, '_>> {
        let unlisted = &self.periods.last_asked(at)?.unlisted;
        Some(match self.table.as_ref()?.find(serial).ok()? {
            None => Known::Unlisted(unlisted),
            Some(found) => Known::Listed(found),
        })
    }

    /// What the one list that decides says of a record; `None` if it is not so simple.
    #[inline(always)]
    pub(crate) fn said(&self, found: Found<'_>, at: UnixTime) -> Option<revocache_verdict> {
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

    /// Tells what is said of each serial, in their order.
    #[inline(always)]
    pub(crate) fn check_serials(
        &self,
        serials: &[SerialRef<'_>],
        at: UnixTime,
        listener: &mut impl Listener,
    ) {
        let (Some(table), Some(period)) = (&self.table, self.periods.find(at)) else {
            for (position, serial) in serials.iter().enumerate() {
                listener.found_out(position, self.view.check_serial(*serial, at));
            }
            return;
        };
        table.find_batch(serials, |position, found| match found {
            Ok(None) => listener.unlisted(position, &period.unlisted),
            // The position is one of theirs.
            found => {
                if let Some(serial) = serials.get(position) {
                    self.tell_listed(found, *serial, position, at, listener);
                }
            }
        });
    }

    /// Out of line, so that what most serials are stays in line.
    #[inline(never)]
    fn tell_listed(
        &self,
        found: Result<Option<Found<'_>>, IndexError>,
        serial: SerialRef<'_>,
        position: usize,
        at: UnixTime,
        listener: &mut impl Listener,
    ) {
        match found {
            Ok(found) => match found.and_then(|found| self.said(found, at)) {
                Some(revoked) => listener.revoked(position, &revoked),
                None => listener.found_out(position, self.view.check_serial(serial, at)),
            },
            Err(error) => listener.found_out(position, Err(error)),
        }
    }
}

/// Hears what is said of many serials, by their positions.
pub(crate) trait Listener {
    /// No list has it.
    fn unlisted(&mut self, position: usize, ready: &Ready);
    /// One list has it, and decides.
    fn revoked(&mut self, position: usize, verdict: &revocache_verdict);
    /// It was not so simple.
    fn found_out(&mut self, position: usize, found_out: Result<Verdict, IndexError>);
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
            Period { begin, end, unlisted: Ready::new(view.unlisted(begin)) }
        };
        let all = (first..count.min(first + JUDGED_BEFOREHAND)).map(period).collect();
        Self { all, last: AtomicUsize::new(of_now - first) }
    }

    /// The period of this time, if it is the one asked about last.
    #[inline(always)]
    fn last_asked(&self, at: UnixTime) -> Option<&Period> {
        self.all.get(self.last.load(Ordering::Relaxed)).filter(|period| period.has(at))
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
        if found.is_some() {
            self.last.store(number, Ordering::Relaxed);
        }
        found
    }
}

impl Period {
    #[inline(always)]
    fn has(&self, at: UnixTime) -> bool {
        self.begin <= at && at < self.end
    }
}

impl Ready {
    fn new(verdict: &Verdict) -> Self {
        Self {
            result: result_of(&verdict.status),
            hard: revocache_verdict::of(verdict, OnUnknown::Refuse),
            soft: revocache_verdict::of(verdict, OnUnknown::Accept),
        }
    }

    #[inline(always)]
    pub(crate) fn result(&self) -> revocache_result {
        self.result
    }

    #[inline(always)]
    pub(crate) fn verdict(&self, on_unknown: OnUnknown) -> &revocache_verdict {
        match on_unknown {
            OnUnknown::Refuse => &self.hard,
            OnUnknown::Accept => &self.soft,
        }
    }
}
