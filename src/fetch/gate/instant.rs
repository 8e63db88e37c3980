//! Points in time on the runtime's timer.

use std::time::Duration;

use tokio::time::Instant;

/// As long as anything that is waited for lasts. An operator who means "for ever" must not overflow the timer.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);

pub(crate) fn after(start: Instant, length: Duration) -> Instant {
    start + length.min(LONGEST)
}
