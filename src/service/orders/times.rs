//! Times in documents (RFC 3339) and as clients of the API read them.

use time::OffsetDateTime;

use crate::types::UnixTime;

/// ISO 8601 in UTC with the offset spelt out: `2018-04-25T21:52:33+00:00`. Clients were seen to refuse `Z`.
#[must_use]
pub fn offset_time(time: UnixTime) -> String {
    let text = time.to_string();
    text.strip_suffix('Z').map(|start| format!("{start}+00:00")).unwrap_or(text)
}

/// The date alone, in UTC: `2018-04-25`.
#[must_use]
pub fn date(time: UnixTime) -> String {
    let text = time.to_string();
    text.split('T').next().unwrap_or_default().to_owned()
}

/// Reads what clients write for a time: RFC 3339, or a date with or without a time of day behind a space, in UTC.
#[must_use]
pub fn parse_lenient(text: &str) -> Option<UnixTime> {
    let text = text.trim();
    if let Ok(time) = UnixTime::parse_rfc3339(text) {
        return Some(time);
    }
    let padded = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        // The offset of RFC 3339 with its `+` read as a space, as forms have it.
        25 => text.replacen(' ', "+", 1),
        _ => format!("{}Z", text.replacen(' ', "T", 1)),
    };
    UnixTime::parse_rfc3339(&padded).ok()
}

/// Whole days from one time to another, not negative.
#[must_use]
pub fn days_between(from: UnixTime, to: UnixTime) -> i64 {
    let day = |time: UnixTime| {
        OffsetDateTime::from_unix_timestamp(time.seconds()).map_or(0, |time| i64::from(time.to_julian_day()))
    };
    day(to).saturating_sub(day(from)).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_their_offset_and_read_as_clients_write_them() {
        let time = UnixTime::parse_rfc3339("2018-04-25T21:52:33Z").unwrap();
        assert_eq!(offset_time(time), "2018-04-25T21:52:33+00:00");
        assert_eq!(date(time), "2018-04-25");
        for text in [
            "2018-04-25T21:52:33Z",
            "2018-04-25T21:52:33+00:00",
            "2018-04-25T21:52:33 00:00",
            "2018-04-25T23:52:33+02:00",
            "2018-04-25 21:52:33",
            "2018-04-25T21:52:33",
        ] {
            assert_eq!(parse_lenient(text), Some(time), "{text}");
        }
        assert_eq!(parse_lenient("2018-04-25").map(offset_time).unwrap(), "2018-04-25T00:00:00+00:00");
        for text in ["", "yesterday", "2018-04-31", "2018-13-01", "2018"] {
            assert_eq!(parse_lenient(text), None, "{text}");
        }
        let later = UnixTime::parse_rfc3339("2018-04-28T00:00:00Z").unwrap();
        assert_eq!((days_between(time, later), days_between(later, time)), (3, 0));
    }
}
