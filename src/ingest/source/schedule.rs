//! When to look at a source again.

use std::time::Duration;

use crate::types::UnixTime;

/// How often a source is looked at.
///
/// A CA usually publishes the next list before the one in hand ends, at a time nobody announces. So the wait is half
/// of what is left until nextUpdate, between a minimum and a maximum: looks come closer together as the end
/// draws near. Failures, and a list that is past its end, double the wait from the minimum up to the maximum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    minimum: Duration,
    maximum: Duration,
    jitter: f64,
}

/// How a source stands after a look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its lists are current until then.
    Current {
        /// The earliest nextUpdate.
        until: UnixTime,
    },
    /// None of its lists tells when it ends.
    WithoutEnd,
    /// A list is past its nextUpdate and no newer one is to be had, this many looks in a row.
    Late {
        /// From 1.
        looks: u32,
    },
    /// Nothing could be had, this many looks in a row.
    Failed {
        /// From 1.
        looks: u32,
    },
}

impl Schedule {
    /// The part of a wait that chance takes off, at most, by default.
    pub const USUAL_JITTER: f64 = 0.1;

    /// Waits between `minimum` and `maximum`. A `minimum` of less than a second is taken for one second, a `maximum`
    /// below the minimum for the minimum.
    #[must_use]
    pub fn new(minimum: Duration, maximum: Duration) -> Self {
        let minimum = minimum.max(Duration::from_secs(1));
        Self { minimum, maximum: maximum.max(minimum), jitter: Self::USUAL_JITTER }
    }

    /// The longest wait.
    #[must_use]
    pub fn maximum(&self) -> Duration {
        self.maximum
    }

    /// The shortest wait, before chance takes its part.
    #[must_use]
    pub fn minimum(&self) -> Duration {
        self.minimum
    }

    /// How long to wait from `now`; `fraction` is chance, from 0 up to 1, and shortens the wait by up to a tenth.
    #[must_use]
    pub fn wait(&self, now: UnixTime, standing: Standing, fraction: f64) -> Duration {
        let wait = match standing {
            Standing::Current { until } => {
                let left = u64::try_from(until.since(now)).unwrap_or(0);
                Duration::from_secs(left / 2).clamp(self.minimum, self.maximum)
            }
            Standing::WithoutEnd => self.maximum,
            Standing::Late { looks } | Standing::Failed { looks } => self.back_off(looks),
        };
        // Shorter and never longer, so that the maximum is one.
        wait.mul_f64(1.0 - self.jitter * fraction.clamp(0.0, 1.0))
    }

    fn back_off(&self, looks: u32) -> Duration {
        let doublings = looks.saturating_sub(1).min(31);
        self.minimum.saturating_mul(1 << doublings).min(self.maximum)
    }
}

impl Default for Schedule {
    /// Between a minute and an hour.
    fn default() -> Self {
        Self::new(Duration::from_secs(60), Duration::from_secs(3600))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: UnixTime = UnixTime::from_seconds(1_740_000_000);

    fn current(left: i64) -> Standing {
        Standing::Current { until: UnixTime::from_seconds(NOW.seconds() + left) }
    }

    #[test]
    fn looks_come_closer_as_the_end_draws_near() {
        let schedule = Schedule::default();
        let wait = |standing| schedule.wait(NOW, standing, 0.0).as_secs();
        assert_eq!(wait(current(7 * 86_400)), 3600);
        assert_eq!(wait(current(4000)), 2000);
        assert_eq!(wait(current(100)), 60);
        assert_eq!(wait(current(-100)), 60);
        assert_eq!(wait(Standing::WithoutEnd), 3600);
        assert_eq!(schedule.wait(NOW, current(4000), 0.5), Duration::from_secs(1900));
    }

    #[test]
    fn failures_back_off_to_the_maximum() {
        let waits: Vec<u64> = (1..=8)
            .map(|looks| Schedule::default().wait(NOW, Standing::Failed { looks }, 0.0).as_secs())
            .collect();
        assert_eq!(waits, [60, 120, 240, 480, 960, 1920, 3600, 3600]);
        let late = Schedule::default().wait(NOW, Standing::Late { looks: u32::MAX }, 0.0);
        assert_eq!(late.as_secs(), 3600);
    }

    proptest! {
        #[test]
        fn a_wait_is_within_its_bounds(
            minimum in 0_u64..10_000, maximum in 0_u64..1_000_000, left in any::<i32>(), looks in any::<u32>(),
            fraction in 0.0..1.0_f64, kind in 0..4,
        ) {
            let schedule = Schedule::new(Duration::from_secs(minimum), Duration::from_secs(maximum));
            let standing = match kind {
                0 => current(i64::from(left)),
                1 => Standing::WithoutEnd,
                2 => Standing::Late { looks },
                _ => Standing::Failed { looks },
            };
            let wait = schedule.wait(NOW, standing, fraction);
            prop_assert!(wait <= schedule.maximum());
            prop_assert!(wait >= schedule.minimum().mul_f64(0.9));
        }
    }
}
