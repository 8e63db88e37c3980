//! How an answer is judged: the caller's policy, and the clock.

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
    pub(crate) policy: Stated,
    /// `None` for the machine's clock.
    pub(crate) at: Option<UnixTime>,
    pub(crate) on_unknown: OnUnknown,
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
        let at = given.time().unwrap_or_else(now);
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
        if pointer.is_null() {
            return Some(Self { policy: Stated::DEFAULT, at: None, on_unknown: OnUnknown::Refuse });
        }
        // SAFETY: every version of the structure begins with its size and `on_unknown`.
        let first = unsafe { pointer.cast::<u64>().read_unaligned() };
        let on_unknown = if first == pair(SIZE, REVOCACHE_HARD_FAIL) {
            OnUnknown::Refuse
        } else if first == pair(SIZE, REVOCACHE_SOFT_FAIL) {
            OnUnknown::Accept
        } else {
            return None;
        };
        // SAFETY: as long as stated, and any octets make one.
        let given = unsafe { pointer.read_unaligned() };
        let policy = Stated(pair(given.grace, given.life_without_next_update));
        (given.flags == 0).then_some(Self { policy, at: given.time(), on_unknown })
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

/// Two neighbouring fields of a structure.
const fn pair(first: u32, second: u32) -> u64 {
    let ([a, b, c, d], [e, f, g, h]) = (first.to_ne_bytes(), second.to_ne_bytes());
    u64::from_ne_bytes([a, b, c, d, e, f, g, h])
}

/// The size of a policy as this library knows it.
#[allow(clippy::as_conversions, reason = "32; there is no other conversion in a constant")]
const SIZE: u32 = size_of::<revocache_policy>() as u32;

impl revocache_policy {
    #[inline(always)]
    fn policy(&self) -> Policy {
        let life_without_next_update = match self.life_without_next_update {
            0 => Policy::default().life_without_next_update,
            seconds => Seconds(seconds),
        };
        Policy { grace: Seconds(self.grace), life_without_next_update }
    }

    /// The time to judge by; `None` for the machine's clock.
    #[inline(always)]
    fn time(&self) -> Option<UnixTime> {
        (self.at != 0).then_some(UnixTime::from_seconds(self.at))
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
