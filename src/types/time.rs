//! Times: whole seconds, UTC, as certificates and CRLs have them.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// A length of time in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seconds(pub u32);

impl Seconds {
    /// This many days.
    #[must_use]
    pub fn days(days: u16) -> Self {
        Self(u32::from(days) * 86_400)
    }
}

/// A point in time: seconds since 1970-01-01T00:00:00Z, leap seconds not counted, negative before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(i64);

/// Why a text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a time such as 2025-02-25T00:00:00Z (RFC 3339): {reason}")]
pub struct TimeError {
    /// The text as given.
    pub text: String,
    /// What the parser says of it.
    pub reason: String,
}

impl UnixTime {
    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// The machine's clock now.
    #[must_use]
    pub fn now() -> Self {
        let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => Self(seconds(after)),
            Err(before) => Self(-seconds(before.duration())),
        }
    }

    /// Reads a time of RFC 3339; any offset is accepted and converted to UTC, fractions of a second are cut off.
    ///
    /// # Errors
    /// [`TimeError`] repeats the text with the reason.
    pub fn parse_rfc3339(text: &str) -> Result<Self, TimeError> {
        OffsetDateTime::parse(text, &Rfc3339)
            .map(|time| Self(time.unix_timestamp()))
            .map_err(|reason| TimeError { text: text.to_owned(), reason: reason.to_string() })
    }

    /// This time and some seconds more; the last representable time instead of an overflow.
    #[must_use]
    pub fn plus(self, length: Seconds) -> Self {
        Self(self.0.saturating_add(i64::from(length.0)))
    }

    /// Seconds from `earlier` to this time, negative if it is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for UnixTime {
    /// RFC 3339 in UTC; outside the years 0 to 9999, which no certificate can name, the number of seconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OffsetDateTime::from_unix_timestamp(self.0)
            .ok()
            .and_then(|time| time.to_offset(UtcOffset::UTC).format(&Rfc3339).ok());
        match text {
            Some(text) => f.write_str(&text),
            None => write!(f, "@{}", self.0),
        }
    }
}

impl fmt::Debug for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_both_ways() {
        let time = UnixTime::parse_rfc3339("2025-02-25T00:00:00Z").unwrap();
        assert_eq!(time.seconds(), 1_740_441_600);
        assert_eq!(time.to_string(), "2025-02-25T00:00:00Z");
        assert_eq!(UnixTime::parse_rfc3339("2025-02-25T02:00:00+02:00").unwrap(), time);
        assert_eq!(UnixTime::from_seconds(-1).to_string(), "1969-12-31T23:59:59Z");
        assert!(
            UnixTime::parse_rfc3339("2025-02-25").unwrap_err().to_string().contains("2025-02-25T00:00:00Z")
        );
        assert_eq!(UnixTime::from_seconds(i64::MAX).to_string(), format!("@{}", i64::MAX));
    }
}
