//! One answer in hand: until when it counts, when it is to be asked again, and what may take its place.

use bytes::Bytes;

use super::super::answer::{AnswerSource, LiveAnswer};
use super::super::question::{Issuer, ResponderUrls};
use super::super::settings::LiveSettings;
use crate::fetch::gate::between;
use crate::ocsp::{Answer, CertStatus};
use crate::types::{Seconds, UnixTime};

/// What an entry needs beside its octets: keys, list links, allocations.
const OVERHEAD: usize = 512;
/// An answer that ends sooner than this is kept this long, if the skew allows, so that a responder whose answers
/// end as they come is not asked by every single question.
const SHORTEST: Seconds = Seconds(10);
/// How long a failed refresh waits at least for the next.
const REFRESH_AGAIN: Seconds = Seconds(60);

/// From when to when a verified answer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Lifetime {
    /// When it came.
    pub(in super::super) fetched_at: UnixTime,
    /// Until when it counts.
    pub(in super::super) until: UnixTime,
    /// When it is to be asked again if it is in use.
    pub(in super::super) refresh_at: UnixTime,
}

/// What the cache knows about a certificate.
#[derive(Debug)]
pub(in super::super) enum Lookup {
    /// An answer that counts.
    Fresh(LiveAnswer),
    /// A response from the file, to be verified.
    Stored {
        /// The response.
        response: Bytes,
        /// When it came.
        fetched_at: UnixTime,
    },
    /// Nothing that counts.
    Missing,
}

/// What became of an answer that was to be kept.
#[derive(Debug)]
pub(in super::super) enum Insertion {
    /// This one counts: the new answer, or one that is newer and still counts.
    Counts(LiveAnswer),
    /// A newer one was seen, which has ended. The new one does not count.
    Replayed {
        /// thisUpdate of the newer one.
        seen: UnixTime,
    },
}

/// An entry of the cache.
#[derive(Debug)]
pub(super) enum Entry {
    /// From the file, not verified since.
    Stored(Stored),
    /// Verified by this process.
    Verified(Verified),
}

#[derive(Debug)]
pub(super) struct Stored {
    pub(super) response: Bytes,
    pub(super) fetched_at: UnixTime,
}

#[derive(Debug)]
pub(super) struct Verified {
    pub(super) answer: Answer,
    pub(super) response: Bytes,
    pub(super) life: Lifetime,
    /// How often it was asked for since it came.
    pub(super) asked: u32,
    /// When it last moved to the front of the order of forgetting.
    pub(super) used_at: UnixTime,
    /// Whom to ask again; `None` after that failed, until somebody asks who may know better responders.
    pub(super) again: Option<(Issuer, ResponderUrls)>,
}

impl Lifetime {
    /// From when to when an answer counts that came at `fetched_at`.
    pub(in super::super) fn of(
        answer: &Answer,
        fetched_at: UnixTime,
        settings: &LiveSettings,
        random: u32,
    ) -> Self {
        let (cache, policy) = (&settings.cache, &settings.response);
        let promised = answer.next_update.unwrap_or_else(|| answer.this_update.plus(policy.max_age));
        let longest = match answer.status {
            CertStatus::Unknown => cache.unknown,
            CertStatus::Good | CertStatus::Revoked(_) => cache.longest,
        };
        // Verification lets the clocks be apart by the skew, and so does this.
        let at_least = fetched_at.plus(SHORTEST).min(promised.plus(policy.skew));
        let until = promised.min(fetched_at.plus(longest)).max(at_least);
        let refresh = &settings.refresh;
        let percent = between(refresh.from_percent.into(), refresh.until_percent.into(), random);
        let after = until.since(fetched_at).max(0).saturating_mul(percent.clamp(0, 100)) / 100;
        Self { fetched_at, until, refresh_at: later(fetched_at, after) }
    }
}

impl Entry {
    pub(super) fn response(&self) -> &Bytes {
        match self {
            Self::Stored(stored) => &stored.response,
            Self::Verified(verified) => &verified.response,
        }
    }

    /// What it counts for against the bound of octets.
    pub(super) fn octets(&self, serial_octets: usize) -> usize {
        OVERHEAD.saturating_add(self.response().len()).saturating_add(serial_octets.saturating_mul(2))
    }
}

impl Verified {
    pub(super) fn counts_at(&self, at: UnixTime, skew: Seconds) -> bool {
        at < self.life.until && self.answer.this_update <= at.plus(skew)
    }

    pub(super) fn as_answer(&self) -> LiveAnswer {
        LiveAnswer { answer: self.answer, source: AnswerSource::Cache, response: self.response.clone() }
    }

    /// Whether another answer is older than this one, so that it must not take its place. Of two with one date that
    /// differ, the one signed later counts, and of two signed at the same time the one that denies.
    ///
    /// "Unknown" protects nothing: it is dated now by a responder that signs what it knows in advance, and what it
    /// knows a moment later may well bear an earlier date.
    pub(super) fn is_newer_than(&self, other: &Answer) -> bool {
        if self.answer.status == CertStatus::Unknown {
            return false;
        }
        let age = |answer: &Answer| (answer.produced_at, matches!(answer.status, CertStatus::Revoked(_)));
        let (this, same_date) = (&self.answer, self.answer.this_update == other.this_update);
        other.this_update < this.this_update
            || (same_date && this.status != other.status && age(other) < age(this))
    }

    pub(super) fn is_due(&self, at: UnixTime, min_asked: u32) -> bool {
        self.asked >= min_asked
            && self.again.is_some()
            && self.life.refresh_at <= at
            && at < self.life.until
            // What the responder does not know is not kept long, and asking again is up to who wants to know.
            && self.answer.status != CertStatus::Unknown
    }

    /// Lets some time pass before the next refresh.
    pub(super) fn postpone(&mut self, at: UnixTime) {
        let left = self.life.until.since(at).max(0) / 4;
        self.life.refresh_at = later(at, left.max(i64::from(REFRESH_AGAIN.0)));
    }
}

fn later(time: UnixTime, seconds: i64) -> UnixTime {
    UnixTime::from_seconds(time.seconds().saturating_add(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UnixTime {
        UnixTime::from_seconds(seconds)
    }

    fn answer(status: CertStatus, this: i64, next: Option<i64>) -> Answer {
        Answer { status, this_update: at(this), next_update: next.map(at), produced_at: at(this) }
    }

    #[test]
    fn an_answer_counts_until_its_end_and_within_bounds() {
        let settings = LiveSettings::default();
        let until = |status, this, next| {
            Lifetime::of(&answer(status, this, next), at(10_000), &settings, 0).until.seconds()
        };
        let day = 86_400;
        assert_eq!(until(CertStatus::Good, 9_000, Some(50_000)), 50_000);
        assert_eq!(until(CertStatus::Good, 9_000, None), 9_000 + day, "max_age where nothing is promised");
        assert_eq!(until(CertStatus::Good, 9_000, Some(i64::MAX)), 10_000 + 7 * day);
        assert_eq!(until(CertStatus::Unknown, 9_000, Some(50_000)), 10_300);
        assert_eq!(until(CertStatus::Good, 9_000, Some(10_001)), 10_010, "not shorter than makes sense");
        assert_eq!(until(CertStatus::Good, 9_000, Some(9_705)), 10_005, "but never beyond the skew");
    }

    #[test]
    fn the_refresh_comes_between_its_two_points() {
        let settings = LiveSettings::default();
        for (random, expected) in [(0, 10_800), (5, 10_850), (10, 10_900), (11, 10_800)] {
            let life =
                Lifetime::of(&answer(CertStatus::Good, 9_000, Some(11_000)), at(10_000), &settings, random);
            assert_eq!(life.refresh_at.seconds(), expected);
        }
    }
}
