//! Times in either form, or in one that is wrong.

use crate::der::element;

/// How a time is written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TimeForm {
    /// UTCTime from 1950 to 2049, GeneralizedTime otherwise, as RFC 5280 wants it.
    #[default]
    Standard,
    /// UTCTime.
    Utc,
    /// GeneralizedTime.
    Generalized,
    /// Exactly this encoding.
    Raw(Vec<u8>),
}

/// A point in time, in seconds since 1970, and how to write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Time {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// How it is written.
    pub form: TimeForm,
}

impl From<i64> for Time {
    fn from(seconds: i64) -> Self {
        Self { seconds, form: TimeForm::Standard }
    }
}

impl Time {
    /// As GeneralizedTime, whatever the year.
    #[must_use]
    pub fn generalized(seconds: i64) -> Self {
        Self { seconds, form: TimeForm::Generalized }
    }

    /// Exactly this encoding, tag and all.
    #[must_use]
    pub fn raw(der: &[u8]) -> Self {
        Self { seconds: 0, form: TimeForm::Raw(der.to_vec()) }
    }

    /// The encoding.
    #[must_use]
    pub fn der(&self) -> Vec<u8> {
        let (year, text) = calendar(self.seconds);
        let utc = match &self.form {
            TimeForm::Standard => (1950..2050).contains(&year),
            TimeForm::Utc => true,
            TimeForm::Generalized => false,
            TimeForm::Raw(der) => return der.clone(),
        };
        if utc { element(0x17, &text.as_bytes()[2..]) } else { element(0x18, text.as_bytes()) }
    }
}

/// The year, and `YYYYMMDDHHMMSSZ`. Counts through the years one by one, so that nothing clever can be wrong.
fn calendar(seconds: i64) -> (i64, String) {
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let (mut days, clock) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let mut year = 1970;
    while days < 0 {
        year -= 1;
        days += if leap(year) { 366 } else { 365 };
    }
    while days >= if leap(year) { 366 } else { 365 } {
        days -= if leap(year) { 366 } else { 365 };
        year += 1;
    }
    let lengths = [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
    (year, format!("{year:04}{:02}{:02}{hour:02}{minute:02}{second:02}Z", month + 1, days + 1))
}
