//! Standing answers: what is said of every serial that is in no list, for as long as nothing changes.
//!
//! Nearly every check is about a serial that no list has, under the policy of the one before, about a time near that of
//! the one before, in the same generation. For such checks everything but the serial was known beforehand. A
//! [`Standing`] has it side by side: what has to be as it was, to be compared, the filter to ask, and the answer to copy.
//!
//! Each handle of an issuer has a [`Front`], which leads to the answer that stands for the questions of the moment. It
//! begins with none ([`Standing::NONE`]), gets one when questions like each other come, and loses it when another
//! generation comes into force. Everything in it is reached without a detour over the generation, so a standing answer
//! may be read only while a pin is held, like the generation itself.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use revocache::index::{NearAnswer, NearTable};
use revocache::types::{ReasonCode, UnixTime};

use crate::boundary::UsualOut;
use crate::lists::{Lists, Ready};
use crate::pins::Turn;
use crate::policy::{Wording, revocache_policy};
use crate::result::revocache_result;
use crate::verdict::revocache_verdict;
use crate::watched::Watched;

/// What is said of every serial of an issuer that is in no list, under one policy, in one period of one generation.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) watched: Watched,
    wording: Wording,
    begin: UnixTime,
    /// Not included.
    end: UnixTime,
    pub(crate) near: NearTable<'static>,
    pub(crate) ready: Ready,
    /// What is said of serials that the table lists, but for the reason and the date; `None` if there is more to it.
    revoked: Option<revocache_verdict>,
    /// Where everything else is found. `None` in [`Standing::NONE`] alone. It owns nothing: were this process forked while
    /// another thread makes it, the child would never let go of what it owns.
    pub(crate) lists: Option<&'static Lists>,
}

impl Standing {
    /// Stands for nothing: no time is in it.
    const NONE: Self = Self {
        watched: Watched::NOTHING,
        wording: Wording::NONE,
        begin: UnixTime::from_seconds(i64::MAX),
        end: UnixTime::from_seconds(i64::MIN),
        near: NearTable::NONE,
        ready: Ready::NOTHING,
        revoked: None,
        lists: None,
    };

    /// The answer of this period.
    pub(crate) fn new(
        watched: Watched,
        wording: Wording,
        period: Range<UnixTime>,
        near: NearTable<'static>,
        ready: Ready,
        lists: &'static Lists,
    ) -> Self {
        // No period has the time that stands for the clock.
        let begin = period.start.max(UnixTime::from_seconds(1));
        let revoked = lists.revoked_from(begin);
        Self { watched, wording, begin, end: period.end, near, ready, revoked, lists: Some(lists) }
    }

    /// Says what is said of a serial as [`NearTable`] takes it, which it does not exclude; `None` if that is not so simple.
    #[inline(always)]
    pub(crate) fn say_of_passed(
        &self,
        serial: &[u8; 16],
        out: UsualOut<'_, revocache_verdict>,
    ) -> Option<revocache_result> {
        let listing = match self.near.answer(serial) {
            NearAnswer::Absent => {
                out.write(&self.ready.verdict);
                return Some(self.ready.result);
            }
            NearAnswer::Listed(listing) => listing,
            NearAnswer::Unsure => return None,
        };
        let revoked = self.revoked.as_ref().filter(|_| listing.reason != ReasonCode::RemoveFromCrl)?;
        // SAFETY: the place is the caller's verdict.
        out.write_and(revoked, |place| unsafe { revocache_verdict::change(place, &listing) });
        Some(revocache_result::Revoked)
    }

    /// The time of a policy, which is not NULL, if it is the one of this answer and no other generation is in force; it may
    /// be the [`crate::policy::CLOCK`].
    ///
    /// # Safety
    /// As [`Wording::time_of`].
    #[inline(always)]
    pub(crate) unsafe fn time_of(&self, policy: *const revocache_policy) -> Option<UnixTime> {
        if self.watched.is_outdated() {
            return None;
        }
        // SAFETY: passed on.
        unsafe { self.wording.time_of(policy) }
    }

    /// Whether a time is in the period.
    #[inline(always)]
    pub(crate) fn has(&self, at: UnixTime) -> bool {
        self.begin <= at && at < self.end
    }
}

/// A standing answer that is made when it is first wanted, and then stays. It has its place from the beginning, so that
/// making it allocates nothing.
#[derive(Debug)]
pub(crate) struct Made {
    place: UnsafeCell<MaybeUninit<Standing>>,
    is_made: AtomicBool,
}

// SAFETY: the place is written once, by the writer whose turn it is, and read behind references that are got afterwards.
unsafe impl Sync for Made {}

impl Default for Made {
    fn default() -> Self {
        Self { place: UnsafeCell::new(MaybeUninit::uninit()), is_made: AtomicBool::new(false) }
    }
}

impl Made {
    /// The answer, made by `make` if there is none yet; for the writer whose turn it is at the handle.
    pub(crate) fn get_or_make(&self, _turn: &Turn<'_>, make: impl FnOnce() -> Standing) -> NonNull<Standing> {
        // Nothing here waits for anybody, because in the child of a fork nobody may come.
        if !self.is_made.load(Ordering::Acquire) {
            // SAFETY: nobody has a reference yet, and nobody else has the turn.
            unsafe { (*self.place.get()).write(make()) };
            self.is_made.store(true, Ordering::Release);
        }
        NonNull::from(&self.place).cast()
    }
}

/// Where the checks of one issuer look first.
#[derive(Debug)]
pub(crate) struct Front(AtomicPtr<Standing>);

/// Shared by all fronts that lead to nothing.
static NONE: Standing = Standing::NONE;

impl Front {
    /// Leads to nothing.
    pub(crate) fn new() -> Self {
        Self(AtomicPtr::new(none().as_ptr()))
    }

    /// Leads here from now on; for the writer whose turn it is.
    pub(crate) fn lead_to(&self, standing: NonNull<Standing>) {
        self.0.store(standing.as_ptr(), Ordering::Release);
    }

    /// Leads to nothing from now on; for the writer whose turn it is.
    pub(crate) fn lead_nowhere(&self) {
        self.lead_to(none());
    }

    /// Where it leads.
    ///
    /// # Safety
    /// The calling thread is pinned, and stays so for as long as it has the reference.
    #[inline(always)]
    pub(crate) unsafe fn standing<'p>(&self) -> &'p Standing {
        // SAFETY: never NULL; what it leads to does not change and is kept for whoever was pinned before the load.
        unsafe { &*self.0.load(Ordering::Acquire) }
    }
}

/// It is not written through this.
fn none() -> NonNull<Standing> {
    NonNull::from(&NONE)
}
