//! When a list may be relied on.

use crate::types::{CrlFacts, Seconds, UnixTime};

/// What the operator decides about time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How long past its next update a list may still say `good`. Default 0: not at all. A longer grace keeps
    /// services up while a CA is late, and lets a replayed list hide a revocation for as long.
    pub grace: Seconds,
    /// How long after its thisUpdate a list without nextUpdate is current. Default 7 days. RFC 5280 section 5.1.2.5
    /// demands nextUpdate; a list without it must not live for ever.
    pub life_without_next_update: Seconds,
}

impl Default for Policy {
    fn default() -> Self {
        Self { grace: Seconds(0), life_without_next_update: Seconds::days(7) }
    }
}

/// How a list's dates stand to a point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// `thisUpdate` is still to come.
    NotYetValid,
    /// Between the dates, or past them within the grace.
    Current,
    /// Past the next update and the grace.
    Stale,
}

impl Policy {
    /// The time from which a list is no longer current, without grace.
    #[must_use]
    pub fn end_of_life(&self, crl: &CrlFacts) -> UnixTime {
        crl.next_update.unwrap_or_else(|| crl.this_update.plus(self.life_without_next_update))
    }

    /// The times at which [`Policy::window`] changes for a CRL.
    pub(super) fn bounds(&self, crl: &CrlFacts) -> [UnixTime; 2] {
        [crl.this_update, self.end_of_life(crl).plus(self.grace)]
    }

    /// Where `at` falls. A list is current from its thisUpdate up to, but not including, its nextUpdate (RFC 5280
    /// section 6.3.3 step a asks for a time before it).
    #[must_use]
    pub fn window(&self, crl: &CrlFacts, at: UnixTime) -> Window {
        let [begin, end] = self.bounds(crl);
        if at < begin {
            Window::NotYetValid
        } else if at < end {
            Window::Current
        } else {
            Window::Stale
        }
    }
}
