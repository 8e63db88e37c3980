//! Dates as Java's `Date.toString` writes them, in the time of a place: `Sat Nov 19 00:00:00 EET 2016`.

use std::fmt;

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, UtcOffset, Weekday};

use crate::types::UnixTime;

/// The time of a place.
///
/// Places of the European Union's rule have summer time from the last Sunday of March to the last Sunday of October,
/// both at 01:00 UTC (Directive 2000/84/EC). That rule is in force in Ukraine since 13 May 1996, and was not abolished
/// when this was written. What was before is not known here: such times are shown in UTC, and say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Zone {
    /// `Europe/Kyiv`: EET, in summer EEST.
    #[default]
    Kyiv,
    /// `Asia/Tokyo`: JST.
    Tokyo,
    /// `UTC`.
    Utc,
}

/// 1996-05-13T00:00:00Z.
const EUROPEAN_RULE_IN_KYIV: i64 = 831_945_600;
/// 1951-09-09T00:00:00Z, after the last summer time of Japan.
const NO_SUMMER_TIME_IN_TOKYO: i64 = -577_929_600;

impl Zone {
    /// Every zone.
    pub const ALL: [Self; 3] = [Self::Kyiv, Self::Tokyo, Self::Utc];

    /// The name in the time zone database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kyiv => "Europe/Kyiv",
            Self::Tokyo => "Asia/Tokyo",
            Self::Utc => "UTC",
        }
    }

    /// The zone of a name, also of the older spelling `Europe/Kiev`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = if name == "Europe/Kiev" { "Europe/Kyiv" } else { name };
        Self::ALL.into_iter().find(|zone| zone.name() == name)
    }

    /// A point in time as `Sat Nov 19 00:00:00 EET 2016`.
    #[must_use]
    pub fn format(self, time: UnixTime) -> String {
        let (hours, abbreviation) = self.at(time);
        // No certificate can name a time beyond the calendar.
        let Ok(utc) = OffsetDateTime::from_unix_timestamp(time.seconds()) else { return time.to_string() };
        let offset = UtcOffset::from_hms(hours, 0, 0).unwrap_or(UtcOffset::UTC);
        match utc.checked_to_offset(offset) {
            Some(local) => JavaDate { local, abbreviation }.to_string(),
            // The last second that a certificate can name is in the next year there, which has five digits.
            None => JavaDate { local: utc, abbreviation: "UTC" }.to_string(),
        }
    }

    /// Hours ahead of UTC, and what they are called.
    fn at(self, time: UnixTime) -> (i8, &'static str) {
        match self {
            Self::Kyiv if time.seconds() >= EUROPEAN_RULE_IN_KYIV => {
                if is_european_summer(time) {
                    (3, "EEST")
                } else {
                    (2, "EET")
                }
            }
            Self::Tokyo if time.seconds() >= NO_SUMMER_TIME_IN_TOKYO => (9, "JST"),
            _ => (0, "UTC"),
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether the European Union has summer time.
fn is_european_summer(time: UnixTime) -> bool {
    let Ok(utc) = OffsetDateTime::from_unix_timestamp(time.seconds()) else { return false };
    // The changes are far from New Year, so that the year of UTC is theirs.
    let change =
        |month| last_sunday(utc.year(), month)?.with_hms(1, 0, 0).ok().map(PrimitiveDateTime::assume_utc);
    match (change(Month::March), change(Month::October)) {
        (Some(begin), Some(end)) => (begin..end).contains(&utc),
        _ => false,
    }
}

/// The last Sunday of a month of 31 days.
fn last_sunday(year: i32, month: Month) -> Option<Date> {
    let mut day = Date::from_calendar_date(year, month, 31).ok()?;
    while day.weekday() != Weekday::Sunday {
        day = day.previous_day()?;
    }
    Some(day)
}

struct JavaDate {
    local: OffsetDateTime,
    abbreviation: &'static str,
}

impl fmt::Display for JavaDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (weekday, month) = (self.local.weekday().to_string(), self.local.month().to_string());
        let (hour, minute, second) = self.local.time().as_hms();
        write!(
            f,
            "{weekday:.3} {month:.3} {:02} {hour:02}:{minute:02}:{second:02} {} {:04}",
            self.local.day(),
            self.abbreviation,
            self.local.year(),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn kyiv(text: &str) -> String {
        Zone::Kyiv.format(UnixTime::parse_rfc3339(text).unwrap())
    }

    #[test]
    fn winter_and_summer_change_at_one_oclock_utc() {
        for (utc, local) in [
            ("2016-11-18T22:00:00Z", "Sat Nov 19 00:00:00 EET 2016"),
            ("2024-03-31T00:59:59Z", "Sun Mar 31 02:59:59 EET 2024"),
            ("2024-03-31T01:00:00Z", "Sun Mar 31 04:00:00 EEST 2024"),
            ("2024-10-27T00:59:59Z", "Sun Oct 27 03:59:59 EEST 2024"),
            ("2024-10-27T01:00:00Z", "Sun Oct 27 03:00:00 EET 2024"),
            ("2023-12-31T22:00:00Z", "Mon Jan 01 00:00:00 EET 2024"),
            ("9999-12-31T23:59:59Z", "Fri Dec 31 23:59:59 UTC 9999"),
        ] {
            assert_eq!(kyiv(utc), local);
        }
    }

    #[test]
    fn what_is_not_known_is_shown_in_utc() {
        assert_eq!(kyiv("1996-05-12T23:59:59Z"), "Sun May 12 23:59:59 UTC 1996");
        assert_eq!(kyiv("1996-05-13T00:00:00Z"), "Mon May 13 03:00:00 EEST 1996");
        let first = UnixTime::from_seconds(0);
        assert_eq!(Zone::Utc.format(first), "Thu Jan 01 00:00:00 UTC 1970");
        assert_eq!(Zone::Tokyo.format(first), "Thu Jan 01 09:00:00 JST 1970");
    }

    #[test]
    fn names_go_both_ways() {
        for zone in Zone::ALL {
            assert_eq!(Zone::named(zone.name()), Some(zone));
        }
        assert_eq!(Zone::named("Europe/Kiev"), Some(Zone::Kyiv));
        assert_eq!(Zone::named("Europe/Atlantis"), None);
    }

    /// The time zone database is the oracle: both sides of each of its changes, to the year 2037.
    #[test]
    fn every_change_is_that_of_the_time_zone_database() {
        let printed = Command::new("zdump").args(["-v", "-c", "1996,2038", "Europe/Kiev"]).output();
        let Ok(printed) = printed else {
            use std::io::Write;
            let _ = writeln!(std::io::stderr(), "SKIPPED: no zdump to compare with");
            return;
        };
        let printed = String::from_utf8(printed.stdout).unwrap();
        let mut compared = 0;
        for line in printed.lines() {
            // Europe/Kiev  Sun Mar 31 00:59:59 1996 UT = Sun Mar 31 02:59:59 1996 EET isdst=0 gmtoff=7200
            let words: Vec<&str> = line.split_whitespace().collect();
            let [_, _, month, day, clock, year, "UT", "=", weekday, m, d, c, y, zone, ..] = words[..] else {
                continue;
            };
            let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
            let month = months.find(month).unwrap() / 3 + 1;
            let utc = UnixTime::parse_rfc3339(&format!("{year}-{month:02}-{day:0>2}T{clock}Z")).unwrap();
            if utc.seconds() < EUROPEAN_RULE_IN_KYIV {
                continue;
            }
            assert_eq!(Zone::Kyiv.format(utc), format!("{weekday} {m} {d:0>2} {c} {zone} {y}"));
            compared += 1;
        }
        assert!(compared > 150, "{compared} lines in\n{printed}");
    }
}
