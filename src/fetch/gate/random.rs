//! Chance, for spreading load over time. Nothing here has to be unpredictable.

use std::time::Duration;

/// A source of random numbers.
pub trait Random: Send + Sync {
    /// The next number; every value is equally likely.
    fn next(&self) -> u32;
}

/// The operating system's random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn next(&self) -> u32 {
        // Without random numbers nothing is spread, which is a pity and no more.
        getrandom::u32().unwrap_or(u32::MAX / 2)
    }
}

/// A time between half of `full` and all of it.
pub(super) fn spread(full: Duration, random: u32) -> Duration {
    // Less than the longest duration there is, which the rounding of a product could exceed.
    let full = full.min(Duration::from_secs(u32::MAX.into()));
    full.mul_f64(0.5 + 0.5 * f64::from(random) / f64::from(u32::MAX))
}

/// A number from `low` to `high`.
pub(crate) fn between(low: i64, high: i64, random: u32) -> i64 {
    let choices = high.saturating_sub(low).max(0).saturating_add(1);
    low.saturating_add(i64::from(random) % choices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_are_reached_and_not_passed() {
        let full = Duration::from_secs(10);
        assert_eq!(spread(full, 0), Duration::from_secs(5));
        assert_eq!(spread(full, u32::MAX), full);
        assert_eq!((0..100).map(|random| between(80, 90, random)).min(), Some(80));
        assert_eq!((0..100).map(|random| between(80, 90, random)).max(), Some(90));
        assert_eq!(between(80, 80, 7), 80);
        assert_eq!(between(90, 80, 7), 90, "an empty range is its beginning");
    }
}
