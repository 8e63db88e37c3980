//! Counting without getting in each other's way.
//!
//! Connections count on one of several stripes, each in cache lines of its own; whoever reads adds the stripes up.
//! What a connection reads at once it counts on its own and adds once.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// What is counted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(usize)]
        pub enum Counter {
            $($(#[$doc])* $name,)*
        }

        impl Counter {
            /// Every counter.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name in metrics.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

counters! {
    /// Connections whose handshake was completed.
    Connections = "connections";
    /// Connections that were resumed from an earlier session with 0-RTT data.
    EarlyConnections = "early_connections";
    /// Connections that were refused because there were too many.
    RefusedConnections = "refused_connections";
    /// Connection attempts that were told to come back with a token.
    Retries = "retries";
    /// Handshakes that failed, or took too long.
    FailedHandshakes = "failed_handshakes";
    /// Clients whose certificate was not accepted.
    RefusedClients = "refused_clients";
    /// Streams that were opened by clients.
    Streams = "streams";
    /// Datagrams that came.
    Datagrams = "datagrams";
    /// Answers that were lost because a client did not take datagrams fast enough, or they did not fit.
    LostDatagrams = "lost_datagrams";
    /// Questions by handle and serial.
    BySerial = "questions_by_serial";
    /// Questions by CertID.
    ByCertId = "questions_by_cert_id";
    /// Questions by certificate.
    ByCertificate = "questions_by_certificate";
    /// Questions in batches.
    InBatches = "questions_in_batches";
    /// Questions before the handshake was complete, which may be replays.
    Early = "questions_early";
    /// Answers `good`.
    Good = "answers_good";
    /// Answers `revoked`.
    Revoked = "answers_revoked";
    /// Answers `unknown`.
    Unknown = "answers_unknown";
    /// Requests that were answered by an error.
    Errors = "errors";
    /// Questions that had to be asked elsewhere.
    Late = "late";
    /// Streams that ended because their framing was broken.
    BrokenStreams = "broken_streams";
    /// Streams and connections that ended because the client did not go on with a frame or did not take its answers.
    Stalled = "stalled";
}

/// Number of counters.
const COUNT: usize = Counter::ALL.len();
/// More than connections are served at the same moment.
const STRIPES: usize = 16;

/// One set of counters. Two cache lines are fetched together, so that neighbours stay apart by two.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Stripe([AtomicU64; COUNT]);

/// All counters of a server.
#[derive(Debug, Default)]
pub(super) struct Counters {
    stripes: [Stripe; STRIPES],
    next: AtomicUsize,
}

impl Counters {
    /// A number to count under.
    pub(super) fn stripe(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed) % STRIPES
    }

    pub(super) fn add(&self, stripe: usize, counter: Counter, number: u64) {
        let place = self.stripes.get(stripe).and_then(|stripe| stripe.0.get(counter.place()));
        if let Some(place) = place {
            place.fetch_add(number, Ordering::Relaxed);
        }
    }

    pub(super) fn snapshot(&self) -> CounterSnapshot {
        let mut sums = [0; COUNT];
        for stripe in &self.stripes {
            for (sum, counter) in sums.iter_mut().zip(&stripe.0) {
                *sum += counter.load(Ordering::Relaxed);
            }
        }
        CounterSnapshot(sums)
    }
}

impl Counter {
    #[allow(clippy::as_conversions, reason = "the discriminants of a repr(usize) enum are the places")]
    const fn place(self) -> usize {
        self as usize
    }
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CounterSnapshot([u64; COUNT]);

impl CounterSnapshot {
    /// How many there were.
    #[must_use]
    pub fn get(&self, counter: Counter) -> u64 {
        self.0.get(counter.place()).copied().unwrap_or(0)
    }
}

/// Counts of one piece of work, to be added at once.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: [u32; COUNT],
    /// A bit for each count that is not 0: most pieces of work have two or three.
    touched: u32,
}

const _: () = assert!(COUNT <= 32);

impl Tally {
    #[inline]
    pub(super) fn count(&mut self, counter: Counter) {
        self.add(counter, 1);
    }

    #[inline]
    pub(super) fn add(&mut self, counter: Counter, number: u32) {
        if let Some(place) = self.counts.get_mut(counter.place()) {
            *place = place.saturating_add(number);
            self.touched |= 1 << (counter.place() % 32);
        }
    }

    /// Adds everything to the counters of a stripe, and begins anew.
    #[inline]
    pub(super) fn flush(&mut self, counters: &Counters, stripe: usize) {
        while self.touched != 0 {
            let place = usize::try_from(self.touched.trailing_zeros()).unwrap_or(0);
            self.touched &= self.touched - 1;
            if let (Some(counter), Some(number)) = (Counter::ALL.get(place), self.counts.get_mut(place)) {
                counters.add(stripe, *counter, u64::from(std::mem::take(number)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripes_add_up() {
        let counters = Counters::default();
        for stripe in 0..STRIPES {
            counters.add(stripe, Counter::Stalled, 2);
        }
        let mut tally = Tally::default();
        tally.count(Counter::Good);
        tally.add(Counter::Good, 4);
        tally.flush(&counters, 3);
        tally.flush(&counters, 4);
        let snapshot = counters.snapshot();
        assert_eq!(snapshot.get(Counter::Stalled), 32);
        assert_eq!(snapshot.get(Counter::Good), 5);
        assert_eq!(snapshot.get(Counter::Revoked), 0);
    }
}
