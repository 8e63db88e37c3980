//! The breaker of one server: whether it may be asked now.
//!
//! *Closed*, it is asked. After a number of failures in a row it is *open*: nobody asks. When the pause is over it is
//! *half-open*: one question tries, and its outcome closes the breaker or opens it for twice as long. Time and chance
//! are arguments, so this is a plain state machine.

use std::time::Duration;

use tokio::time::Instant;

use super::instant::after;
use super::random::spread;
use super::settings::BreakerSettings;

/// The state of a breaker, for reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BreakerState {
    /// The server is asked.
    Closed,
    /// It is left alone.
    Open,
    /// One question tries whether it is back.
    HalfOpen,
}

impl BreakerState {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

#[derive(Debug)]
pub(super) struct Breaker {
    settings: BreakerSettings,
    state: State,
    /// Counts changes of state: what was begun in another one says nothing about this one.
    epoch: u64,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant, pauses: u32 },
    HalfOpen { pauses: u32 },
}

/// The right to ask once. Its outcome goes back to the breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Right {
    epoch: u64,
}

impl Breaker {
    pub(super) fn new(settings: &BreakerSettings) -> Self {
        Self { settings: settings.clone(), state: State::Closed { failures: 0 }, epoch: 0 }
    }

    /// Whether the server may be asked; if not, how long it is left alone.
    pub(super) fn admit(&mut self, now: Instant) -> Result<Right, Duration> {
        self.paused(now)?;
        if let State::Open { pauses, .. } = self.state {
            self.change(State::HalfOpen { pauses });
        }
        Ok(Right { epoch: self.epoch })
    }

    /// What [`Self::admit`] would say, without taking the right.
    pub(super) fn paused(&self, now: Instant) -> Result<(), Duration> {
        match self.state {
            State::Closed { .. } => Ok(()),
            State::Open { until, .. } if now >= until => Ok(()),
            State::Open { until, .. } => Err(until.duration_since(now)),
            State::HalfOpen { .. } => Err(Duration::ZERO),
        }
    }

    pub(super) fn succeeded(&mut self, right: Right) {
        if right.epoch != self.epoch {
            return;
        }
        match &mut self.state {
            State::Closed { failures } => *failures = 0,
            State::Open { .. } | State::HalfOpen { .. } => self.change(State::Closed { failures: 0 }),
        }
    }

    /// Counts a failure, which may open the breaker.
    pub(super) fn failed(&mut self, right: Right, now: Instant, random: u32) {
        if right.epoch != self.epoch {
            return;
        }
        let pauses = match &mut self.state {
            State::Closed { failures } => {
                *failures = failures.saturating_add(1);
                if *failures < self.settings.threshold.get() {
                    return;
                }
                0
            }
            State::HalfOpen { pauses } | State::Open { pauses, .. } => pauses.saturating_add(1),
        };
        let doubled = self.settings.first_pause.saturating_mul(2_u32.saturating_pow(pauses));
        let pause = spread(doubled.min(self.settings.longest_pause), random);
        self.change(State::Open { until: after(now, pause), pauses });
    }

    /// Takes back a right that was not used up: the next question may try.
    pub(super) fn abandoned(&mut self, right: Right, now: Instant) {
        if let (true, State::HalfOpen { pauses }) = (right.epoch == self.epoch, self.state) {
            self.change(State::Open { until: now, pauses });
        }
    }

    pub(super) fn state(&self) -> BreakerState {
        match self.state {
            State::Closed { .. } => BreakerState::Closed,
            State::Open { .. } => BreakerState::Open,
            State::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    fn change(&mut self, state: State) {
        self.state = state;
        self.epoch = self.epoch.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    const SECOND: Duration = Duration::from_secs(1);

    fn breaker(threshold: u32) -> Breaker {
        Breaker::new(&BreakerSettings {
            threshold: NonZeroU32::new(threshold).unwrap(),
            first_pause: 2 * SECOND,
            longest_pause: 10 * SECOND,
        })
    }

    #[test]
    fn failures_in_a_row_open_it_and_one_success_starts_the_count_anew() {
        let (mut breaker, now) = (breaker(3), Instant::now());
        for outcomes in [[false, false, true], [false, false, true], [false, false, false]] {
            for success in outcomes {
                let right = breaker.admit(now).unwrap();
                if success {
                    breaker.succeeded(right);
                } else {
                    breaker.failed(right, now, u32::MAX);
                }
            }
        }
        assert_eq!(breaker.state(), BreakerState::Open);
        assert_eq!(breaker.admit(now + SECOND).unwrap_err(), SECOND);
    }

    #[test]
    fn one_tries_after_the_pause_and_pauses_grow_up_to_the_longest() {
        let (mut breaker, mut now) = (breaker(1), Instant::now());
        let right = breaker.admit(now).unwrap();
        breaker.failed(right, now, u32::MAX);
        for pause in [2, 4, 8, 10, 10] {
            assert!(breaker.admit(now + pause * SECOND - Duration::from_millis(1)).is_err(), "{pause}");
            now += pause * SECOND;
            let right = breaker.admit(now).unwrap();
            assert_eq!(breaker.state(), BreakerState::HalfOpen);
            assert_eq!(breaker.admit(now).unwrap_err(), Duration::ZERO, "one at a time");
            breaker.failed(right, now, u32::MAX);
        }
        // Half of the pause with the other extreme of chance, and back to the first one after a success.
        now += 10 * SECOND;
        let right = breaker.admit(now).unwrap();
        breaker.succeeded(right);
        let right = breaker.admit(now).unwrap();
        breaker.failed(right, now, 0);
        assert_eq!(breaker.admit(now).unwrap_err(), SECOND);
    }

    #[test]
    fn outcomes_from_before_a_change_do_not_count() {
        let (mut breaker, now) = (breaker(1), Instant::now());
        let (first, late) = (breaker.admit(now).unwrap(), breaker.admit(now).unwrap());
        breaker.failed(first, now, u32::MAX);
        breaker.failed(late, now + SECOND, u32::MAX);
        assert_eq!(breaker.admit(now).unwrap_err(), 2 * SECOND, "it must not make the pause longer");
        breaker.succeeded(late);
        assert_eq!(breaker.state(), BreakerState::Open);
    }

    #[test]
    fn a_try_that_was_given_up_is_open_to_the_next() {
        let (mut breaker, now) = (breaker(1), Instant::now());
        let right = breaker.admit(now).unwrap();
        breaker.failed(right, now, u32::MAX);
        let later = now + 2 * SECOND;
        let right = breaker.admit(later).unwrap();
        breaker.abandoned(right, later);
        breaker.admit(later).unwrap();
    }
}
