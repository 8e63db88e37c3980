//! How an answer is judged: the caller's policy, and the clock.

use std::mem::offset_of;

use revocache::policy::Policy;
use revocache::types::{Seconds, UnixTime};

use crate::boundary::{Structure, read_structure};
use crate::failure::{Failed, Failure};

/// Accept a certificate only if the answer is "good". What the index cannot tell, and every error, refuses.
pub const REVOCACHE_HARD_FAIL: u32 = 0;
/// Refuse a certificate only if it is revoked. What the index cannot tell accepts, and so does an index that cannot be
/// read; a caller's mistake (100 to 199) still refuses.
pub const REVOCACHE_SOFT_FAIL: u32 = 1;

/// In `flags`: a serial whose first octet is 80 or above is a negative number and meant as such.
pub const REVOCACHE_POLICY_NEGATIVE_SERIALS: u32 = 1;

/// In `at`: the machine's clock.
pub(crate) const CLOCK: UnixTime = UnixTime::from_seconds(0);

/// How an answer is judged. Clear it, set `size`, then what differs from the default; or pass NULL for the defaults, in
/// which every field but `size` is zero.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct revocache_policy {
    /// sizeof(revocache_policy).
    pub size: u32,
    /// REVOCACHE_HARD_FAIL or REVOCACHE_SOFT_FAIL: what the verdict's decision is where the answer is "unknown".
    pub on_unknown: u32,
    /// How many seconds past its nextUpdate a list may still say "good". 0: none. A longer grace keeps services up while
    /// a CA is late, and lets a replayed list hide a revocation for as long.
    pub grace: u32,
    /// How many seconds after its thisUpdate a list without nextUpdate is current. 0: 604,800, which is seven days.
    pub life_without_next_update: u32,
    /// The time to judge by, in seconds since 1970-01-01T00:00:00Z. 0: the machine's clock, read to about 4 ms.
    pub at: i64,
    /// REVOCACHE_POLICY_NEGATIVE_SERIALS or 0.
    pub flags: u32,
    /// 0.
    pub reserved: u32,
}

/// A policy of the caller, understood.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) policy: Policy,
    pub(crate) at: UnixTime,
    pub(crate) on_unknown: OnUnknown,
    pub(crate) negative_serials: NegativeSerials,
}

/// The same for the short way, which takes no negative serials and reads the clock only if it has to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UsualTerms {
    pub(crate) wording: Wording,
    /// May be [`CLOCK`].
    pub(crate) at: UnixTime,
    pub(crate) on_unknown: OnUnknown,
}

/// The first four fields of a policy as a caller words it, which are all but the time and the flags. Two comparisons tell
/// whether it is the one that an answer stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wording {
    /// `size` and `on_unknown`.
    first: u64,
    stated: Stated,
}

/// A policy as a caller states it: `grace` and `life_without_next_update` side by side, as they lie in the structure, so
/// that one comparison tells whether it is the one that something was prepared for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stated(u64);

/// What to do where the index cannot tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnUnknown {
    Refuse,
    Accept,
}

/// Whether a serial may be a negative number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NegativeSerials {
    Refused,
    Meant,
}

// SAFETY: repr(C), begins with its size, five u32 and an i64 without padding.
unsafe impl Structure for revocache_policy {
    const NAME: &'static str = "revocache_policy";
    const LEAST: usize = 32;

    fn set_size(&mut self, size: u32) {
        self.size = size;
    }
}

impl Terms {
    /// Reads the caller's policy; NULL is the default.
    ///
    /// # Safety
    /// As [`read_structure`].
    #[inline(always)]
    pub(crate) unsafe fn read(pointer: *const revocache_policy) -> Result<Self, Failed> {
        // SAFETY: passed on.
        let Some(given) = unsafe { read_structure(pointer) }? else {
            return Ok(Self {
                policy: Policy::default(),
                at: now(),
                on_unknown: OnUnknown::Refuse,
                negative_serials: NegativeSerials::Refused,
            });
        };
        let on_unknown = match given.on_unknown {
            REVOCACHE_HARD_FAIL => OnUnknown::Refuse,
            REVOCACHE_SOFT_FAIL => OnUnknown::Accept,
            found => return Err(Failure::Value { what: "on_unknown", found, allowed: "0 or 1" }.into()),
        };
        let negative_serials = match given.flags {
            0 => NegativeSerials::Refused,
            REVOCACHE_POLICY_NEGATIVE_SERIALS => NegativeSerials::Meant,
            found => return Err(Failure::Value { what: "flags", found, allowed: "0 or 1" }.into()),
        };
        let at = or_now(UnixTime::from_seconds(given.at));
        Ok(Self { policy: given.policy(), at, on_unknown, negative_serials })
    }
}

impl UsualTerms {
    /// Reads the caller's policy, if it is NULL or of this library's version and takes neither flags nor wrong values.
    ///
    /// # Safety
    /// As [`read_structure`].
    #[inline(always)]
    pub(crate) unsafe fn read(pointer: *const revocache_policy) -> Option<Self> {
        let pointer = or_default(pointer);
        // SAFETY: passed on.
        let first = unsafe { Wording::first(pointer) };
        let on_unknown = if first == pair(SIZE, REVOCACHE_HARD_FAIL) {
            OnUnknown::Refuse
        } else if first == pair(SIZE, REVOCACHE_SOFT_FAIL) {
            OnUnknown::Accept
        } else {
            return None;
        };
        // SAFETY: it begins like one of this version.
        let wording = Wording { first, stated: unsafe { Wording::stated(pointer) } };
        // SAFETY: as long as stated, and any octets make one.
        let given = unsafe { pointer.read_unaligned() };
        let at = UnixTime::from_seconds(given.at);
        (given.flags == 0).then_some(Self { wording, at, on_unknown })
    }
}

/// What NULL stands for.
static DEFAULT: revocache_policy = revocache_policy::DEFAULT;

/// A policy, or what stands for it if it is NULL.
#[inline(always)]
pub(crate) fn or_default(policy: *const revocache_policy) -> *const revocache_policy {
    if policy.is_null() { &raw const DEFAULT } else { policy }
}

/// The time of a policy, or that of the machine's clock if it is [`CLOCK`].
#[inline(always)]
pub(crate) fn or_now(at: UnixTime) -> UnixTime {
    if at == CLOCK { now() } else { at }
}

impl OnUnknown {
    /// The one of two that is for it: refuse, accept.
    #[inline(always)]
    pub(crate) fn of<T>(self, both: &[T; 2]) -> &T {
        let [refuse, accept] = both;
        match self {
            Self::Refuse => refuse,
            Self::Accept => accept,
        }
    }
}

impl Wording {
    /// Nobody words a policy like that.
    pub(crate) const NONE: Self = Self { first: u64::MAX, stated: Stated::DEFAULT };

    /// The policy that it states.
    pub(crate) fn policy(self) -> Stated {
        self.stated
    }

    /// Whether a policy, which is not NULL, is of this library's version, worded like this, and without flags; if it is, the
    /// time that it says, which may be [`CLOCK`].
    ///
    /// # Safety
    /// As [`read_structure`].
    #[inline(always)]
    pub(crate) unsafe fn time_of(self, policy: *const revocache_policy) -> Option<UnixTime> {
        // SAFETY: every version of the structure has the first two fields.
        if unsafe { Self::first(policy) } != self.first {
            return None;
        }
        // SAFETY: it begins like one of this version.
        let stated = unsafe { Self::stated(policy) };
        // SAFETY: as long as stated, and any octets make one.
        let given = unsafe { policy.read_unaligned() };
        (stated == self.stated && given.flags == 0).then_some(UnixTime::from_seconds(given.at))
    }

    /// # Safety
    /// `policy` is the start of as many octets as its size field says, and that is 8 or more.
    #[inline(always)]
    unsafe fn first(policy: *const revocache_policy) -> u64 {
        // SAFETY: passed on.
        unsafe { policy.cast::<u64>().read_unaligned() }
    }

    /// # Safety
    /// `policy` is the start of a policy of this version.
    #[inline(always)]
    unsafe fn stated(policy: *const revocache_policy) -> Stated {
        let grace = policy.cast::<u8>().wrapping_add(offset_of!(revocache_policy, grace));
        // SAFETY: `life_without_next_update` lies behind it.
        Stated(unsafe { grace.cast::<u64>().read_unaligned() })
    }
}

impl Stated {
    const DEFAULT: Self = Self(pair(0, 0));

    /// The two ways to state a policy, which are one where nothing in it is the default.
    pub(crate) fn ways(policy: &Policy) -> [Self; 2] {
        let life = policy.life_without_next_update;
        let is_default = life == Policy::default().life_without_next_update;
        [if is_default { 0 } else { life.0 }, life.0].map(|life| Self(pair(policy.grace.0, life)))
    }
}

// What is read as one has to lie side by side.
const _: () = assert!(
    offset_of!(revocache_policy, size) + 4 == offset_of!(revocache_policy, on_unknown)
        && offset_of!(revocache_policy, grace) + 4 == offset_of!(revocache_policy, life_without_next_update)
);

/// Two neighbouring fields of a structure.
const fn pair(first: u32, second: u32) -> u64 {
    let ([a, b, c, d], [e, f, g, h]) = (first.to_ne_bytes(), second.to_ne_bytes());
    u64::from_ne_bytes([a, b, c, d, e, f, g, h])
}

/// The size of a policy as this library knows it.
#[allow(clippy::as_conversions, reason = "32; there is no other conversion in a constant")]
const SIZE: u32 = size_of::<revocache_policy>() as u32;

impl revocache_policy {
    /// The defaults.
    pub(crate) const DEFAULT: Self = Self {
        size: SIZE,
        on_unknown: REVOCACHE_HARD_FAIL,
        grace: 0,
        life_without_next_update: 0,
        at: 0,
        flags: 0,
        reserved: 0,
    };

    #[inline(always)]
    fn policy(&self) -> Policy {
        let life_without_next_update = match self.life_without_next_update {
            0 => Policy::default().life_without_next_update,
            seconds => Seconds(seconds),
        };
        Policy { grace: Seconds(self.grace), life_without_next_update }
    }
}

/// The machine's clock. The coarse one is read without a system call on every processor and in a quarter of the time;
/// lists have whole seconds.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[allow(clippy::useless_conversion, reason = "some systems have a narrower time")]
pub(crate) fn now() -> UnixTime {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a variable of ours.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_REALTIME_COARSE, &raw mut time) } != 0;
    if failed { UnixTime::now() } else { UnixTime::from_seconds(time.tv_sec) }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn now() -> UnixTime {
    UnixTime::now()
}
