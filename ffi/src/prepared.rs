//! One issuer under one policy, worked out so far that a check has a lookup and a copy left to do.

use std::ops::Range;
use std::ptr::NonNull;

use revocache::index::{AuthorityId, BatchListener, Found, IndexError};
use revocache::policy::{AuthorityView, Policy};
use revocache::publish::Snapshot;
use revocache::types::{SerialRef, UnixTime, Verdict};

use crate::boundary::UsualOut;
use crate::lists::{Lists, Ready};
use crate::pins::Turn;
use crate::policy::{OnUnknown, Stated, Wording};
use crate::result::revocache_result;
use crate::standing::{Made, Standing};
use crate::verdict::revocache_verdict;
use crate::watched::Watched;

/// Periods between two dates of the issuer's lists that are judged beforehand.
const JUDGED_BEFOREHAND: usize = 128;

/// An issuer in one generation, under one policy.
#[derive(Debug)]
pub(crate) struct Prepared {
    policy: Policy,
    stated: [Stated; 2],
    /// What is said of serials that are not listed, for the periods between two dates, in their order.
    periods: Box<[Period]>,
    /// Behind a pointer, as standing answers refer to it.
    lists: Box<Lists>,
}

#[derive(Debug)]
struct Period {
    begin: UnixTime,
    /// Not included.
    end: UnixTime,
    /// For both things a policy can say of what is unknown: refuse, accept.
    unlisted: [Ready; 2],
    /// The same as standing answers, for both ways to state a policy.
    standing: [[Made; 2]; 2],
}

impl Prepared {
    /// Prepares the answers of an authority of this generation.
    pub(crate) fn new(snapshot: &Snapshot, authority: AuthorityId, policy: Policy) -> Self {
        let view = AuthorityView::new(Snapshot::clone(snapshot), authority, policy);
        let periods = Period::all_judged(&view, UnixTime::now());
        Self { policy, stated: Stated::ways(&policy), periods, lists: Box::new(Lists::new(view)) }
    }

    /// Whether it is for this policy.
    #[inline(always)]
    pub(crate) fn is_stated(&self, policy: Stated) -> bool {
        self.stated.contains(&policy)
    }

    /// Whether it is for this policy.
    #[inline(always)]
    pub(crate) fn is_for(&self, policy: &Policy) -> bool {
        self.policy == *policy
    }

    /// Says what is said of a serial, if that is so simple.
    #[inline(always)]
    pub(crate) fn say(
        &self,
        serial: SerialRef<'_>,
        at: UnixTime,
        on_unknown: OnUnknown,
        out: UsualOut<'_, revocache_verdict>,
    ) -> Option<revocache_result> {
        self.lists.say(serial, at, self.period(at)?.unlisted(on_unknown), out)
    }

    /// The standing answer for questions like this one; `None` if there can be none, or not yet.
    pub(crate) fn standing(
        &self,
        turn: &Turn<'_>,
        watched: Watched,
        wording: Wording,
        at: UnixTime,
        on_unknown: OnUnknown,
    ) -> Option<NonNull<Standing>> {
        let period = self.period(at)?;
        let near = self.lists.near()?;
        let way = self.stated.iter().position(|stated| *stated == wording.policy())?;
        let made = on_unknown.of(&period.standing).get(way)?;
        let ready = *period.unlisted(on_unknown);
        // SAFETY: it stays where it is for as long as the periods next to it, in which the answer is, and it is not handed out.
        let lists = unsafe { std::mem::transmute::<&Lists, &'static Lists>(&self.lists) };
        let period = period.begin..period.end;
        Some(made.get_or_make(turn, || Standing::new(watched, wording, period, near, ready, lists)))
    }

    /// The answer to any question about a serial.
    pub(crate) fn check_serial(&self, serial: SerialRef<'_>, at: UnixTime) -> Result<Verdict, IndexError> {
        self.lists.view().check_serial(serial, at)
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
        let (Some(table), Some(period)) = (self.lists.table(), self.period(at)) else {
            return (0..questions.len()).for_each(|position| listener.not_so_simple(position));
        };
        let ready = period.unlisted(on_unknown);
        let mut runs = Runs { lists: &self.lists, at, ready, first: 0, listener };
        table.find_listed_by(questions, serial, &mut runs);
        runs.end(questions.len());
    }

    /// The period of this time, if it was judged.
    #[inline(always)]
    fn period(&self, at: UnixTime) -> Option<&Period> {
        let number = self.periods.partition_point(|period| period.end <= at);
        self.periods.get(number).filter(|period| period.begin <= at)
    }
}

/// Tells of runs of unlisted serials, which nearly all are, and of others one by one.
struct Runs<'p, L> {
    lists: &'p Lists,
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
        match self.lists.said(found, self.at) {
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

impl Period {
    /// Judges every period, or, if there are too many, those from now on.
    fn all_judged(view: &AuthorityView<Snapshot>, now: UnixTime) -> Box<[Self]> {
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
            Self {
                begin,
                end,
                unlisted: unlisted.map(|on_unknown| Ready::new(view.unlisted(begin), on_unknown)),
                standing: Default::default(),
            }
        };
        (first..count.min(first + JUDGED_BEFOREHAND)).map(period).collect()
    }

    #[inline(always)]
    fn unlisted(&self, on_unknown: OnUnknown) -> &Ready {
        on_unknown.of(&self.unlisted)
    }
}
