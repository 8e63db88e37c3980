//! Ids that sort by the time they were made.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::{ContextV7, Timestamp, Uuid};

use crate::types::{Clock, UnixTime};

/// Makes ids: UUIDs of version 7 (RFC 9562 section 5.7). Those of one process rise strictly, also within a millisecond
/// and when the clock is set back.
pub struct Ids {
    clock: Arc<dyn Clock>,
    context: Mutex<ContextV7>,
}

impl Ids {
    /// Ids by this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, context: Mutex::new(ContextV7::new()) }
    }

    /// The next id.
    #[must_use]
    pub fn next(&self) -> Uuid {
        let now = self.clock.now();
        // The clock has whole seconds. What the machine's clock adds to them orders ids of several processes, unless
        // the two are not about the same time, as in tests.
        let machine = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = u64::try_from(now.seconds()).unwrap_or(0);
        let fraction = if machine.as_secs() == seconds { machine.subsec_nanos() } else { 0 };
        let context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        Uuid::new_v7(Timestamp::from_unix(&*context, seconds, fraction))
    }

    /// What time it is for ids.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        self.clock.now()
    }
}

/// When the record of an id was made.
#[must_use]
pub fn created_at(id: Uuid) -> UnixTime {
    UnixTime::from_seconds(i64::try_from(milliseconds(id) / 1000).unwrap_or(i64::MAX))
}

/// The smallest id that can be made at this second or later.
#[must_use]
pub fn first_id_at(time: UnixTime) -> Uuid {
    let milliseconds = u64::try_from(time.seconds()).unwrap_or(0).saturating_mul(1000).min((1 << 48) - 1);
    Uuid::from_u128(u128::from(milliseconds) << 80)
}

fn milliseconds(id: Uuid) -> u128 {
    id.as_u128() >> 80
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{FixedClock, SystemClock};
    use std::sync::atomic::{AtomicI64, Ordering};

    struct Set(AtomicI64);

    impl Clock for Set {
        fn now(&self) -> UnixTime {
            UnixTime::from_seconds(self.0.load(Ordering::Relaxed))
        }
    }

    #[test]
    fn ids_rise_and_tell_when_they_were_made() {
        let clock = Arc::new(Set(AtomicI64::new(1_740_441_600)));
        let ids = Ids::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let mut last = Uuid::nil();
        for second in [0, 0, 1, -5, 0, 7] {
            clock.0.store(1_740_441_600 + second, Ordering::Relaxed);
            for _ in 0..20_000 {
                let id = ids.next();
                assert!(id > last);
                last = id;
            }
        }
        assert_eq!(created_at(last), UnixTime::from_seconds(1_740_441_607));
        assert_eq!(last.get_version_num(), 7);
    }

    #[test]
    fn the_first_id_of_a_second_is_below_every_other() {
        let time = UnixTime::from_seconds(1_740_441_600);
        let id = Ids::new(Arc::new(FixedClock(time))).next();
        assert!(first_id_at(time) < id && id < first_id_at(UnixTime::from_seconds(1_740_441_601)));
        assert!(first_id_at(UnixTime::from_seconds(-1)).is_nil());
        let now = Ids::new(Arc::new(SystemClock)).next();
        assert!(created_at(now).since(UnixTime::now()).abs() <= 1);
    }
}
