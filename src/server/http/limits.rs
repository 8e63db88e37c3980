//! How often one caller may ask: token buckets and rolling windows, for any number of callers in bounded memory.
//!
//! A caller is told by an opaque key, a token or an address; of a key only a hash with a secret seed is kept. Time is
//! that of a [`Clock`], in whole seconds, and a clock that goes back locks nobody out: what was counted after the
//! new time is taken to have been counted at it.
//!
//! When there are more callers than there is room for, those who have not asked for longest are forgotten and start
//! anew. That can only allow more than was meant, never less.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;

use crate::types::{Clock, Seconds};

/// Parts of the table, each with a lock of its own.
const SHARDS: usize = 16;

/// A caller has asked too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many requests; the next one is allowed in {} s", .retry_after.0)]
pub struct TooManyRequests {
    /// After which asking again may succeed, at least one second. For `Retry-After`.
    pub retry_after: Seconds,
}

/// A steady rate with bursts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests a second in the long run.
    pub per_second: NonZeroU32,
    /// Requests at once after a while without any; less than `per_second` is as much.
    pub burst: NonZeroU32,
}

/// At most so many requests in any span of so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Requests.
    pub requests: NonZeroU32,
    /// The length of the span.
    pub span: Seconds,
}

/// A token bucket for each caller: every request takes a token, and tokens come back at a steady rate.
pub struct TokenBucket {
    rate: Rate,
    clock: Arc<dyn Clock>,
    buckets: Table<Bucket>,
}

/// A history of each caller: a request is allowed if no window around it would have more than its number.
///
/// Requests that were refused do not count. One history of the length of the longest window is kept for each caller,
/// with one number for each second in which there were requests.
pub struct RollingWindow {
    windows: Vec<Window>,
    clock: Arc<dyn Clock>,
    histories: Table<History>,
}

impl TokenBucket {
    /// Keeps the buckets of at most `callers`, rounded up to a multiple of 16.
    #[must_use]
    pub fn new(rate: Rate, callers: NonZeroUsize, clock: Arc<dyn Clock>) -> Self {
        Self { rate, clock, buckets: Table::new(callers) }
    }

    /// Takes one token of this caller.
    ///
    /// # Errors
    /// [`TooManyRequests`] if there is none.
    pub fn take(&self, key: &[u8]) -> Result<(), TooManyRequests> {
        let now = self.clock.now().seconds();
        let most = self.rate.burst.max(self.rate.per_second).get();
        self.buckets.with(
            key,
            || Bucket { tokens: most, at: now },
            |bucket| {
                let passed = u32::try_from(now.saturating_sub(bucket.at).max(0)).unwrap_or(u32::MAX);
                let fresh = passed.saturating_mul(self.rate.per_second.get());
                bucket.tokens = bucket.tokens.saturating_add(fresh).min(most);
                bucket.at = now;
                match bucket.tokens.checked_sub(1) {
                    Some(left) => {
                        bucket.tokens = left;
                        Ok(())
                    }
                    None => Err(TooManyRequests { retry_after: Seconds(1) }),
                }
            },
        )
    }
}

impl RollingWindow {
    /// Keeps the histories of at most `callers`, rounded up to a multiple of 16.
    #[must_use]
    pub fn new(windows: Vec<Window>, callers: NonZeroUsize, clock: Arc<dyn Clock>) -> Self {
        Self { windows, clock, histories: Table::new(callers) }
    }

    /// Counts one request of this caller.
    ///
    /// # Errors
    /// [`TooManyRequests`] if a window is full; the request is then not counted.
    pub fn take(&self, key: &[u8]) -> Result<(), TooManyRequests> {
        let now = self.clock.now().seconds();
        let longest = self.windows.iter().map(|window| window.span).max().unwrap_or_default();
        self.histories.with(key, History::default, |history| {
            history.forget(now, longest);
            let waits = self.windows.iter().filter_map(|window| history.wait(now, window));
            match waits.max() {
                Some(retry_after) => Err(TooManyRequests { retry_after }),
                None => {
                    history.count(now);
                    Ok(())
                }
            }
        })
    }
}

/// The tokens of one caller at a time.
#[derive(Debug)]
struct Bucket {
    tokens: u32,
    at: i64,
}

/// Seconds in which one caller asked, ascending, and how often.
#[derive(Debug, Default)]
struct History(VecDeque<(i64, u32)>);

impl History {
    /// Forgets what no window reaches any more, and brings what is later than now to now.
    fn forget(&mut self, now: i64, longest: Seconds) {
        let first = now.saturating_sub(i64::from(longest.0));
        while self.0.front().is_some_and(|(second, _)| *second <= first) {
            self.0.pop_front();
        }
        let mut later: u32 = 0;
        while self.0.back().is_some_and(|(second, _)| *second > now) {
            let count = self.0.pop_back().map_or(0, |(_, count)| count);
            later = later.saturating_add(count);
        }
        if later > 0 {
            self.add(now, later);
        }
    }

    fn count(&mut self, now: i64) {
        self.add(now, 1);
    }

    fn add(&mut self, now: i64, number: u32) {
        match self.0.back_mut() {
            Some((second, count)) if *second == now => *count = count.saturating_add(number),
            _ => self.0.push_back((now, number)),
        }
    }

    /// How long until the window has room; `None` if it has.
    fn wait(&self, now: i64, window: &Window) -> Option<Seconds> {
        let span = i64::from(window.span.0);
        let mut newer: u32 = 0;
        // The second whose requests have to leave the window before there is room.
        let full = self.0.iter().rev().take_while(|(second, _)| now.saturating_sub(*second) < span).find(
            |(_, count)| {
                newer = newer.saturating_add(*count);
                newer >= window.requests.get()
            },
        );
        full.map(|(second, _)| {
            let wait = second.saturating_add(span).saturating_sub(now);
            Seconds(u32::try_from(wait.max(1)).unwrap_or(u32::MAX))
        })
    }
}

/// What is known of each caller, by a hash of the key.
struct Table<T> {
    seed: RandomState,
    shards: [Mutex<LruCache<u64, T>>; SHARDS],
}

impl<T> Table<T> {
    fn new(callers: NonZeroUsize) -> Self {
        let each = NonZeroUsize::new(callers.get().div_ceil(SHARDS)).unwrap_or(NonZeroUsize::MIN);
        // Not made with room for everybody at once: there may be few.
        let shard = |_| {
            let mut shard = LruCache::unbounded();
            shard.resize(each);
            Mutex::new(shard)
        };
        Self { seed: RandomState::new(), shards: std::array::from_fn(shard) }
    }

    fn with<R>(&self, key: &[u8], new: impl FnOnce() -> T, act: impl FnOnce(&mut T) -> R) -> R {
        let hash = self.seed.hash_one(key);
        let place = usize::try_from(hash >> 60).unwrap_or(0) % SHARDS;
        match self.shards.get(place) {
            Some(shard) => {
                let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
                act(shard.get_or_insert_mut(hash, new))
            }
            None => act(&mut new()),
        }
    }
}

impl fmt::Debug for TokenBucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenBucket").field("rate", &self.rate).finish_non_exhaustive()
    }
}

impl fmt::Debug for RollingWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RollingWindow").field("windows", &self.windows).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use proptest::prelude::*;

    use super::*;
    use crate::types::UnixTime;

    #[derive(Debug, Default)]
    struct Hand(AtomicI64);

    impl Hand {
        fn set(&self, seconds: i64) {
            self.0.store(seconds, Ordering::Relaxed);
        }
    }

    impl Clock for Hand {
        fn now(&self) -> UnixTime {
            UnixTime::from_seconds(self.0.load(Ordering::Relaxed))
        }
    }

    fn some(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).unwrap()
    }

    fn callers(number: usize) -> NonZeroUsize {
        NonZeroUsize::new(number).unwrap()
    }

    fn bucket(per_second: u32, burst: u32, clock: &Arc<Hand>) -> TokenBucket {
        let rate = Rate { per_second: some(per_second), burst: some(burst) };
        TokenBucket::new(rate, callers(64), Arc::<Hand>::clone(clock))
    }

    fn window(requests: u32, span: u32) -> Window {
        Window { requests: some(requests), span: Seconds(span) }
    }

    #[test]
    fn a_bucket_allows_a_burst_and_then_the_rate() {
        let clock = Arc::new(Hand::default());
        let bucket = bucket(2, 5, &clock);
        let taken = |most: usize| (0..most).filter(|_| bucket.take(b"a").is_ok()).count();
        assert_eq!(taken(9), 5);
        assert_eq!(bucket.take(b"a"), Err(TooManyRequests { retry_after: Seconds(1) }));
        assert_eq!(bucket.take(b"b"), Ok(()), "each has a bucket of its own");
        clock.set(1);
        assert_eq!(taken(9), 2);
        clock.set(1000);
        assert_eq!(taken(9), 5, "no more than a burst is saved up");
        clock.set(-1000);
        assert_eq!(taken(9), 0, "going back gives nothing");
        clock.set(-999);
        assert_eq!(taken(9), 2, "and takes nothing");
    }

    #[test]
    fn a_window_tells_when_there_is_room_again() {
        let clock = Arc::new(Hand::default());
        let limit =
            RollingWindow::new(vec![window(3, 5), window(5, 60)], callers(64), Arc::<Hand>::clone(&clock));
        let refused = |seconds| Err(TooManyRequests { retry_after: Seconds(seconds) });
        assert_eq!([limit.take(b"a"), limit.take(b"a")], [Ok(()), Ok(())]);
        clock.set(3);
        assert_eq!(limit.take(b"a"), Ok(()));
        assert_eq!(limit.take(b"a"), refused(2));
        clock.set(5);
        assert_eq!([limit.take(b"a"), limit.take(b"a")], [Ok(()), Ok(())]);
        assert_eq!(limit.take(b"a"), refused(55), "the longer window is full");
        clock.set(60);
        assert_eq!(limit.take(b"a"), Ok(()));
        clock.set(0);
        assert_eq!(limit.take(b"b"), Ok(()), "another caller");
        assert_eq!(limit.take(b"a"), refused(5), "what came after is taken to have come now");
    }

    #[test]
    fn callers_beyond_the_room_are_forgotten_oldest_first() {
        let clock = Arc::new(Hand::default());
        let bucket = TokenBucket::new(
            Rate { per_second: some(1), burst: some(1) },
            callers(SHARDS),
            Arc::<Hand>::clone(&clock),
        );
        for number in 0..10_000_u32 {
            assert_eq!(bucket.take(&number.to_be_bytes()), Ok(()));
        }
        let kept: usize = bucket.buckets.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert!(kept <= SHARDS, "{kept}");
        assert!(bucket.take(&9_999_u32.to_be_bytes()).is_err());
    }

    proptest! {
        /// Against a list of the times of all requests that were allowed.
        #[test]
        fn no_window_ever_has_more(
            steps in prop::collection::vec(0_i64..4, 1..200),
            limits in prop::collection::vec((1_u32..6, 1_u32..12), 1..3),
        ) {
            let clock = Arc::new(Hand::default());
            let windows: Vec<Window> = limits.iter().map(|(requests, span)| window(*requests, *span)).collect();
            let limit = RollingWindow::new(windows.clone(), callers(1), Arc::<Hand>::clone(&clock));
            let mut allowed: Vec<i64> = Vec::new();
            let mut now = 0;
            for step in steps {
                now += step;
                clock.set(now);
                let full_until = |window: &Window, at: i64| {
                    let span = i64::from(window.span.0);
                    allowed.iter().filter(|time| at - **time < span).count() >= usize::try_from(window.requests.get()).unwrap()
                };
                let is_full = windows.iter().any(|window| full_until(window, now));
                match limit.take(b"a") {
                    Ok(()) => {
                        prop_assert!(!is_full);
                        allowed.push(now);
                    }
                    Err(TooManyRequests { retry_after }) => {
                        prop_assert!(is_full);
                        let then = now + i64::from(retry_after.0);
                        prop_assert!(!windows.iter().any(|window| full_until(window, then)));
                        prop_assert!(windows.iter().any(|window| full_until(window, then - 1)));
                    }
                }
            }
        }
    }
}
