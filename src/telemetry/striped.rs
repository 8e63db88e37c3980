//! Counters and histograms that threads do not fight over.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Threads beyond this number share stripes, which costs time and no count.
const STRIPES: usize = 16;
/// Ranges of a histogram, the last one open.
const RANGES: usize = 24;

/// Two cache lines, because processors fetch them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Padded<T>(T);

/// A count that any number of threads raise at once.
///
/// Adding is one atomic addition to a line that usually belongs to the thread's core. Reading adds the stripes up;
/// additions that are under way may be in the sum or not, and none is lost.
#[derive(Debug, Default)]
pub struct StripedCounter {
    stripes: [Padded<AtomicU64>; STRIPES],
}

impl StripedCounter {
    /// A counter at 0.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn increment(&self) {
        self.add(1);
    }

    /// Adds `number`.
    pub fn add(&self, number: u64) {
        if let Some(stripe) = self.stripes.get(own_stripe()) {
            stripe.0.fetch_add(number, Ordering::Relaxed);
        }
    }

    /// The count.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.stripes.iter().fold(0, |sum, stripe| sum.wrapping_add(stripe.0.load(Ordering::Relaxed)))
    }
}

/// How often durations fell into ranges that double in width.
///
/// The first range ends at 2^`shift` nanoseconds, each further one at twice the end of the one before. The range is
/// found by counting leading zeros, so recording is two atomic additions.
#[derive(Debug)]
pub struct StripedHistogram {
    shift: u32,
    stripes: [Padded<Ranges>; STRIPES],
}

#[derive(Debug, Default)]
struct Ranges {
    counts: [AtomicU64; RANGES],
    nanoseconds: AtomicU64,
}

/// A histogram added up.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramSnapshot {
    /// For each range its end in seconds (infinite for the last) and how many durations fell into it alone.
    pub ranges: Vec<(f64, u64)>,
    /// All durations together, in seconds.
    pub sum: f64,
    /// How many there are.
    pub count: u64,
}

impl StripedHistogram {
    /// For lookups: from 64 nanoseconds to half a second.
    #[must_use]
    pub fn of_lookups() -> Self {
        Self::starting_at(6)
    }

    /// For downloads and builds: from one millisecond to more than an hour.
    #[must_use]
    pub fn of_transfers() -> Self {
        Self::starting_at(20)
    }

    /// For HTTP requests: from 16 microseconds to more than a minute.
    #[must_use]
    pub fn of_requests() -> Self {
        Self::starting_at(14)
    }

    fn starting_at(shift: u32) -> Self {
        Self { shift, stripes: Default::default() }
    }

    /// Records one duration.
    pub fn record(&self, duration: Duration) {
        self.record_nanoseconds(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Records one duration in nanoseconds.
    pub fn record_nanoseconds(&self, nanoseconds: u64) {
        let above = nanoseconds.saturating_sub(1) >> self.shift;
        let range = usize::try_from(u64::BITS - above.leading_zeros()).unwrap_or(RANGES).min(RANGES - 1);
        if let Some(Padded(ranges)) = self.stripes.get(own_stripe()) {
            if let Some(count) = ranges.counts.get(range) {
                count.fetch_add(1, Ordering::Relaxed);
            }
            ranges.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
        }
    }

    /// The ranges added up over all threads.
    #[must_use]
    pub fn snapshot(&self) -> HistogramSnapshot {
        let mut counts = [0_u64; RANGES];
        let mut sum = Duration::ZERO;
        for Padded(ranges) in &self.stripes {
            for (total, count) in counts.iter_mut().zip(&ranges.counts) {
                *total = total.saturating_add(count.load(Ordering::Relaxed));
            }
            sum = sum.saturating_add(Duration::from_nanos(ranges.nanoseconds.load(Ordering::Relaxed)));
        }
        let mut end = Duration::from_nanos(1 << self.shift);
        let ranges = (1..).zip(counts).map(|(number, count)| {
            let seconds = if number == RANGES { f64::INFINITY } else { end.as_secs_f64() };
            end = end.saturating_mul(2);
            (seconds, count)
        });
        HistogramSnapshot { ranges: ranges.collect(), sum: sum.as_secs_f64(), count: counts.iter().sum() }
    }
}

/// Which stripe the calling thread adds to.
fn own_stripe() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: usize = NEXT.fetch_add(1, Ordering::Relaxed) % STRIPES;
    }
    // While a thread ends its own value may be gone; any stripe counts right.
    OWN.try_with(|own| *own).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_between_threads() {
        let counter = StripedCounter::new();
        let histogram = StripedHistogram::of_lookups();
        std::thread::scope(|scope| {
            for _ in 0..2 * STRIPES {
                scope.spawn(|| {
                    for round in 0..1000 {
                        counter.add(3);
                        histogram.record_nanoseconds(round);
                    }
                });
            }
        });
        let threads = u64::try_from(2 * STRIPES).unwrap();
        assert_eq!(counter.value(), 3 * 1000 * threads);
        let snapshot = histogram.snapshot();
        assert_eq!(snapshot.count, 1000 * threads);
        assert!((snapshot.sum * 1e9 - 499_500.0 * threads as f64).abs() < 1.0);
    }

    #[test]
    fn a_duration_falls_into_the_range_that_ends_at_or_after_it() {
        let histogram = StripedHistogram::of_lookups();
        let expected = [(0, 0), (64, 0), (65, 1), (128, 1), (129, 2), (u64::MAX / 64, RANGES - 1)];
        for (nanoseconds, range) in expected {
            let before = histogram.snapshot();
            histogram.record_nanoseconds(nanoseconds);
            let after = histogram.snapshot();
            let hit = (0..RANGES).find(|place| before.ranges[*place].1 != after.ranges[*place].1);
            assert_eq!(hit, Some(range), "{nanoseconds} ns");
            assert!(after.ranges[range].0 >= nanoseconds as f64 / 1e9, "{nanoseconds} ns");
        }
        assert!((histogram.snapshot().ranges[1].0 - 128e-9).abs() < 1e-15);
    }
}
