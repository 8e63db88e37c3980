//! Durations, sizes and counts as people write them, within limits that are part of the type.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// In milliseconds, as limits of durations are written.
pub(super) const SECOND: u64 = 1000;
pub(super) const MINUTE: u64 = 60 * SECOND;
pub(super) const HOUR: u64 = 60 * MINUTE;
pub(super) const DAY: u64 = 24 * HOUR;

/// A duration from `MIN` to `MAX` milliseconds, written as `500ms`, `30s`, `5m`, `12h` or `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DurationIn<const MIN: u64, const MAX: u64>(u64);

/// A size from `MIN` to `MAX` octets, written as `512`, `64KiB`, `10MiB` or `1GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SizeIn<const MIN: u64, const MAX: u64>(u64);

/// A number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct CountIn<const MIN: u32, const MAX: u32>(u32);

/// Why a text is not such a quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not a number with a unit.
    #[error("'{text}' is not {expected}")]
    Form {
        /// As given.
        text: String,
        /// What is.
        expected: &'static str,
    },
    /// Outside the limits.
    #[error("{text} is not from {min} to {max}")]
    Limits {
        /// As given.
        text: String,
        /// The smallest allowed.
        min: String,
        /// The largest allowed.
        max: String,
    },
}

const DURATIONS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
const SIZES: [(&str, u64); 5] = [("", 1), ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

impl<const MIN: u64, const MAX: u64> DurationIn<MIN, MAX> {
    /// So many milliseconds; the nearest limit if they are outside.
    #[must_use]
    pub const fn clamped(milliseconds: u64) -> Self {
        Self(clamp(milliseconds, MIN, MAX))
    }

    /// As the standard library has it.
    #[must_use]
    pub const fn get(self) -> Duration {
        Duration::from_millis(self.0)
    }

    /// In whole seconds, as policies have it.
    #[must_use]
    pub fn seconds(self) -> crate::types::Seconds {
        crate::types::Seconds(u32::try_from(self.0 / 1000).unwrap_or(u32::MAX))
    }
}

impl<const MIN: u64, const MAX: u64> SizeIn<MIN, MAX> {
    /// So many octets; the nearest limit if they are outside.
    #[must_use]
    pub const fn clamped(octets: u64) -> Self {
        Self(clamp(octets, MIN, MAX))
    }

    /// In octets.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl<const MIN: u32, const MAX: u32> CountIn<MIN, MAX> {
    /// This number; the nearest limit if it is outside.
    #[must_use]
    pub const fn clamped(number: u32) -> Self {
        Self(if number < MIN {
            MIN
        } else if number > MAX {
            MAX
        } else {
            number
        })
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// As a size in memory.
    #[must_use]
    pub fn to_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl<const MIN: u64, const MAX: u64> FromStr for DurationIn<MIN, MAX> {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let number = read(text, &DURATIONS, "a duration such as 500ms, 30s, 5m, 12h or 7d")?;
        within(number, MIN, MAX, text, duration_text).map(Self)
    }
}

impl<const MIN: u64, const MAX: u64> FromStr for SizeIn<MIN, MAX> {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let number = read(text, &SIZES, "a size such as 512B, 64KiB, 10MiB or 1GiB")?;
        within(number, MIN, MAX, text, size_text).map(Self)
    }
}

impl<const MIN: u64, const MAX: u64> TryFrom<String> for DurationIn<MIN, MAX> {
    type Error = QuantityError;

    fn try_from(text: String) -> Result<Self, QuantityError> {
        text.parse()
    }
}

impl<const MIN: u64, const MAX: u64> TryFrom<String> for SizeIn<MIN, MAX> {
    type Error = QuantityError;

    fn try_from(text: String) -> Result<Self, QuantityError> {
        text.parse()
    }
}

impl<const MIN: u32, const MAX: u32> TryFrom<i64> for CountIn<MIN, MAX> {
    type Error = QuantityError;

    fn try_from(number: i64) -> Result<Self, QuantityError> {
        let fits = u32::try_from(number).ok().filter(|number| (MIN..=MAX).contains(number));
        fits.map(Self).ok_or_else(|| QuantityError::Limits {
            text: number.to_string(),
            min: MIN.to_string(),
            max: MAX.to_string(),
        })
    }
}

impl<const MIN: u64, const MAX: u64> fmt::Display for DurationIn<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&duration_text(self.0))
    }
}

impl<const MIN: u64, const MAX: u64> fmt::Display for SizeIn<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&size_text(self.0))
    }
}

impl<const MIN: u64, const MAX: u64> From<DurationIn<MIN, MAX>> for String {
    fn from(duration: DurationIn<MIN, MAX>) -> Self {
        duration.to_string()
    }
}

impl<const MIN: u64, const MAX: u64> From<SizeIn<MIN, MAX>> for String {
    fn from(size: SizeIn<MIN, MAX>) -> Self {
        size.to_string()
    }
}

impl<const MIN: u32, const MAX: u32> From<CountIn<MIN, MAX>> for i64 {
    fn from(count: CountIn<MIN, MAX>) -> Self {
        Self::from(count.0)
    }
}

const fn clamp(number: u64, min: u64, max: u64) -> u64 {
    if number < min {
        min
    } else if number > max {
        max
    } else {
        number
    }
}

fn read(text: &str, units: &[(&str, u64)], expected: &'static str) -> Result<u64, QuantityError> {
    let form = || QuantityError::Form { text: text.chars().take(40).collect(), expected };
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(digits).ok_or_else(form)?;
    let number: u64 = digits.parse().map_err(|_| form())?;
    let unit = unit.trim();
    let (_, factor) = units.iter().find(|(name, _)| *name == unit).ok_or_else(form)?;
    number.checked_mul(*factor).ok_or_else(form)
}

fn within(
    number: u64,
    min: u64,
    max: u64,
    text: &str,
    show: fn(u64) -> String,
) -> Result<u64, QuantityError> {
    if (min..=max).contains(&number) {
        return Ok(number);
    }
    Err(QuantityError::Limits { text: text.to_owned(), min: show(min), max: show(max) })
}

fn duration_text(milliseconds: u64) -> String {
    if milliseconds == 0 {
        return "0s".to_owned();
    }
    largest_unit(milliseconds, &DURATIONS)
}

fn size_text(octets: u64) -> String {
    largest_unit(octets, &SIZES[1..])
}

/// In the largest unit that leaves no fraction.
fn largest_unit(number: u64, units: &[(&str, u64)]) -> String {
    let fitting = units.iter().rev().find(|(_, factor)| number > 0 && number.is_multiple_of(*factor));
    let (name, factor) = fitting.or(units.first()).copied().unwrap_or(("", 1));
    format!("{}{name}", number / factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Any = DurationIn<0, { u64::MAX }>;

    #[test]
    fn quantities_are_read_with_their_units_and_limits() {
        assert_eq!("90s".parse::<Any>().unwrap().get(), Duration::from_secs(90));
        assert_eq!("7d".parse::<Any>().unwrap().to_string(), "7d");
        assert_eq!("5 m".parse::<Any>().unwrap().to_string(), "5m");
        assert_eq!("64KiB".parse::<SizeIn<0, { u64::MAX }>>().unwrap().get(), 65_536);
        assert_eq!("512".parse::<SizeIn<0, 1024>>().unwrap().to_string(), "512B");
        for text in ["", "m", "5", "5 minutes", "-5s", "1.5h", "99999999999999999999s", "9999999999999999d"] {
            assert!(text.parse::<Any>().is_err(), "{text}");
        }
        let error = "2h".parse::<DurationIn<1000, 3_600_000>>().unwrap_err().to_string();
        assert_eq!(error, "2h is not from 1s to 1h");
        let error = CountIn::<1, 16>::try_from(-1).unwrap_err().to_string();
        assert_eq!(error, "-1 is not from 1 to 16");
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(number: u64) {
            prop_assert_eq!(Any::clamped(number).to_string().parse(), Ok(Any::clamped(number)));
            let size = SizeIn::<0, { u64::MAX }>::clamped(number);
            prop_assert_eq!(size.to_string().parse(), Ok(size));
        }
    }
}
