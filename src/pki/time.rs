//! UTCTime and GeneralizedTime as RFC 5280 section 4.1.2.5 narrows them: to the second, in UTC, with a `Z`.
//!
//! GeneralizedTime for a year before 2050 is against the profile, but it is accepted: there is only one point in
//! time it can mean. Forms with an offset, a fraction or without seconds are refused, because readers differ on them.
//!
//! Every entry of a CRL has such a time, so this is written to cost a few nanoseconds.

use super::der::{DerError, Element, tag};
use crate::types::UnixTime;

/// Why octets are not a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeFlaw {
    /// Another form than the one demanded.
    #[error("a time must be written YYMMDDHHMMSSZ (UTCTime) or YYYYMMDDHHMMSSZ (GeneralizedTime)")]
    Form,
    /// The form is right and the calendar has no such time.
    #[error("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} is not in the calendar")]
    NoSuchTime {
        /// Year.
        year: u16,
        /// Month.
        month: u8,
        /// Day.
        day: u8,
        /// Hour.
        hour: u8,
        /// Minute.
        minute: u8,
        /// Second.
        second: u8,
    },
}

/// Reads the content of a UTCTime; a year `YY` from 50 on is in the twentieth century.
///
/// # Errors
/// [`TimeFlaw`] for any other form, or a time the calendar does not have.
#[inline]
pub fn utc_time(content: &[u8; 13]) -> Result<UnixTime, TimeFlaw> {
    /// Days from 1970-01-01 back to 1950-01-01.
    const FROM_1950: i64 = -7305;
    let [y1, y2, o1, o2, d1, d2, h1, h2, m1, m2, s1, s2, b'Z'] = *content else { return Err(TimeFlaw::Form) };
    // All twelve digits at once: each octet of a register holds one, and a pair of neighbours becomes a number.
    let date = pairs(u64::from_le_bytes([y1, y2, o1, o2, d1, d2, h1, h2])).ok_or(TimeFlaw::Form)?;
    let clock = pairs(u64::from_le_bytes([m1, m2, s1, s2, b'0', b'0', b'0', b'0'])).ok_or(TimeFlaw::Form)?;
    let ([year, _, month, _, day, _, hour, _], [minute, _, second, ..]) =
        (date.to_le_bytes(), clock.to_le_bytes());
    let since_1950 = if year >= 50 { year - 50 } else { year + 50 };
    // Every fourth year from 1952 to 2048 is a leap year, 2000 included.
    let leap = since_1950 % 4 == 2;
    let (before, length) = month_of_year(month, leap);
    if day == 0 || day > length || hour > 23 || minute > 59 || second > 59 {
        let year = 1950 + u16::from(since_1950);
        return Err(TimeFlaw::NoSuchTime { year, month, day, hour, minute, second });
    }
    let years = u32::from(since_1950);
    let days = years * 365 + (years + 1) / 4 + u32::from(before) + u32::from(day) - 1;
    let clock = u32::from(hour) * 3600 + u32::from(minute) * 60 + u32::from(second);
    Ok(UnixTime::from_seconds((i64::from(days) + FROM_1950) * 86_400 + i64::from(clock)))
}

/// Reads the content of a GeneralizedTime.
///
/// # Errors
/// As [`utc_time`].
#[inline]
pub fn generalized_time(content: &[u8; 15]) -> Result<UnixTime, TimeFlaw> {
    let [y1, y2, y3, y4, rest @ .., b'Z'] = content else { return Err(TimeFlaw::Form) };
    let century = two(*y1, *y2).ok_or(TimeFlaw::Form)?;
    let year = two(*y3, *y4).ok_or(TimeFlaw::Form)?;
    in_calendar(u16::from(century) * 100 + u16::from(year), rest)
}

/// Whether a tag is one of the two of `Time`.
#[must_use]
pub(crate) fn is_time(tag_octet: u8) -> bool {
    matches!(tag_octet, tag::UTC_TIME | tag::GENERALIZED_TIME)
}

/// Reads a `Time`: either of the two.
///
/// # Errors
/// For another tag, and as [`utc_time`].
pub fn read_time(element: Element<'_>) -> Result<UnixTime, DerError> {
    let time = match element.tag {
        tag::UTC_TIME => element.content.try_into().map_err(|_| TimeFlaw::Form).and_then(utc_time),
        tag::GENERALIZED_TIME => {
            element.content.try_into().map_err(|_| TimeFlaw::Form).and_then(generalized_time)
        }
        _ => Err(TimeFlaw::Form),
    };
    time.map_err(|flaw| DerError::new(element.offset, flaw))
}

#[inline]
fn in_calendar(year: u16, rest: &[u8; 10]) -> Result<UnixTime, TimeFlaw> {
    let [o1, o2, d1, d2, h1, h2, m1, m2, s1, s2] = *rest;
    let (Some(month), Some(day), Some(hour), Some(minute), Some(second)) =
        (two(o1, o2), two(d1, d2), two(h1, h2), two(m1, m2), two(s1, s2))
    else {
        return Err(TimeFlaw::Form);
    };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let (_, days) = month_of_year(month, leap);
    // Leap seconds are refused as well: Unix time has no place for them.
    if day == 0 || day > days || hour > 23 || minute > 59 || second > 59 {
        return Err(TimeFlaw::NoSuchTime { year, month, day, hour, minute, second });
    }
    let clock = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    Ok(UnixTime::from_seconds(days_from_civil(year, month, day) * 86_400 + clock))
}

/// Days from 1970-01-01 to a date of the Gregorian calendar.
///
/// The year is counted from March, so that the leap day is its last and the months before it have a fixed rhythm:
/// 153 days in every five months.
#[inline]
fn days_from_civil(year: u16, month: u8, day: u8) -> i64 {
    let (year, month, day) = (i64::from(year), i64::from(month), i64::from(day));
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    // Only January and February of the year 0 make the year negative, hence the Euclidean division.
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Days before a month and days in it; no days in a month that does not exist.
#[inline]
fn month_of_year(month: u8, leap: bool) -> (u16, u8) {
    /// Of a common year, with a place for the month 0.
    const MONTHS: [(u16, u8); 13] = [
        (0, 0),
        (0, 31),
        (31, 28),
        (59, 31),
        (90, 30),
        (120, 31),
        (151, 30),
        (181, 31),
        (212, 31),
        (243, 30),
        (273, 31),
        (304, 30),
        (334, 31),
    ];
    let (before, length) = MONTHS.get(usize::from(month)).copied().unwrap_or((0, 0));
    (before + u16::from(leap && month > 2), length + u8::from(leap && month == 2))
}

/// Eight digits, the first in the lowest octet, as four numbers below 100 in every second octet; `None` if one of
/// the octets is no digit.
#[inline]
fn pairs(digits: u64) -> Option<u64> {
    const HIGH: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    const SIX: u64 = 0x0606_0606_0606_0606;
    const EVERY_SECOND: u64 = 0x00ff_00ff_00ff_00ff;
    // A digit has 3 in its upper half, and still has it with six added; no sum carries into the next octet, because
    // an octet that would is no digit by its upper half already.
    if digits & HIGH != ZEROS || digits.wrapping_add(SIX) & HIGH != ZEROS {
        return None;
    }
    let values = digits - ZEROS;
    Some((values * 10 + (values >> 8)) & EVERY_SECOND)
}

#[inline]
fn two(tens: u8, ones: u8) -> Option<u8> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    if tens < 10 && ones < 10 { Some(tens * 10 + ones) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> Result<String, TimeFlaw> {
        text.as_bytes().try_into().map_err(|_| TimeFlaw::Form).and_then(utc_time).map(|time| time.to_string())
    }

    fn generalized(text: &str) -> Result<String, TimeFlaw> {
        text.as_bytes()
            .try_into()
            .map_err(|_| TimeFlaw::Form)
            .and_then(generalized_time)
            .map(|time| time.to_string())
    }

    #[test]
    fn centuries_and_leap_years() {
        for (text, expected) in [
            ("250225000000Z", "2025-02-25T00:00:00Z"),
            ("491231235959Z", "2049-12-31T23:59:59Z"),
            ("500101000000Z", "1950-01-01T00:00:00Z"),
            ("000229120000Z", "2000-02-29T12:00:00Z"),
            ("700101000000Z", "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(utc(text).unwrap(), expected);
        }
        for (text, expected) in [
            ("20250225000000Z", "2025-02-25T00:00:00Z"),
            ("20500101000000Z", "2050-01-01T00:00:00Z"),
            ("99991231235959Z", "9999-12-31T23:59:59Z"),
            ("00000101000000Z", "0000-01-01T00:00:00Z"),
            ("24000229000000Z", "2400-02-29T00:00:00Z"),
        ] {
            assert_eq!(generalized(text).unwrap(), expected);
        }
    }

    #[test]
    fn every_day_of_two_eras_follows_the_one_before() {
        let mut expected = None;
        for year in 1600..2400_u16 {
            for month in 1..=12_u8 {
                for day in 1..=31_u8 {
                    let Ok(text) = generalized(&format!("{year:04}{month:02}{day:02}000000Z")) else {
                        continue;
                    };
                    let seconds = UnixTime::parse_rfc3339(&text).unwrap().seconds();
                    assert_eq!(text, format!("{year:04}-{month:02}-{day:02}T00:00:00Z"));
                    assert!(expected.is_none_or(|expected: i64| expected == seconds));
                    expected = Some(seconds + 86_400);
                }
            }
        }
    }

    /// The two forms are read by different arithmetic.
    #[test]
    fn both_forms_agree_on_every_day_and_on_none() {
        for year in 1950..2050_u16 {
            for month in 0..=13_u8 {
                for day in 0..=32_u8 {
                    let rest = format!("{month:02}{day:02}{:02}5958Z", day % 24);
                    let (short, long) = (format!("{:02}{rest}", year % 100), format!("{year}{rest}"));
                    assert_eq!(utc(&short), generalized(&long), "{long}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_in_the_calendar_is_refused() {
        for text in [
            "250229000000Z",
            "251301000000Z",
            "250001000000Z",
            "250100000000Z",
            "250131240000Z",
            "250131006000Z",
        ] {
            assert!(matches!(utc(text), Err(TimeFlaw::NoSuchTime { .. })), "{text}");
        }
        assert!(matches!(utc("250131000060Z"), Err(TimeFlaw::NoSuchTime { second: 60, .. })));
        assert!(matches!(generalized("21000229000000Z"), Err(TimeFlaw::NoSuchTime { year: 2100, .. })));
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "2501010000Z",
            "250101000000+0000",
            "250101000000",
            "25010100000 Z",
            "25O101000000Z",
            "",
            "250101000000z",
        ] {
            assert_eq!(utc(text), Err(TimeFlaw::Form), "{text}");
        }
        // Every octet that is no digit, in every place of one.
        for position in 0..12 {
            for octet in (0..=255_u8).filter(|octet| !octet.is_ascii_digit()) {
                let mut content = *b"250101000000Z";
                content[position] = octet;
                assert_eq!(utc_time(&content), Err(TimeFlaw::Form), "{octet} at {position}");
            }
        }
        for text in ["20250101000000.5Z", "20250101000000", "250101000000Z", "202501010000Z"] {
            assert_eq!(generalized(text), Err(TimeFlaw::Form), "{text}");
        }
    }
}
