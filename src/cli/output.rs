//! Printing: JSON documents, and numbers as people read them.

use std::io::{self, Write};

use serde::Serialize;

use crate::types::{Scope, UnixTime};

/// Reads a point in time given as `--at`.
pub(super) fn parse_time(text: &str) -> Result<UnixTime, String> {
    UnixTime::parse_rfc3339(text).map_err(|error| error.to_string())
}

/// Writes one JSON document and a line end to stdout.
pub(super) fn print_json(value: &impl Serialize) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    serde_json::to_writer(&mut stdout, value).map_err(io::Error::from)?;
    stdout.write_all(b"\n")
}

/// A number with its digits in groups of three.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.char_indices() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun, in the plural where it has one: "1 entry", "2,000 entries".
pub(super) fn count(number: u64, singular: &str, plural: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { singular } else { plural })
}

/// A size in octets as people read it.
pub(super) fn size(octets: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    for (unit, name) in UNITS {
        if octets >= unit {
            let tenths = octets.saturating_mul(10) / unit;
            return format!("{}.{} {name}", tenths / 10, tenths % 10);
        }
    }
    format!("{octets} B")
}

/// A scope as JSON.
#[derive(Debug, Serialize)]
pub(super) struct ScopeJson {
    distribution_points: Vec<String>,
    kinds: &'static str,
    only_some_reasons: Option<Vec<&'static str>>,
    indirect: bool,
}

impl From<&Scope> for ScopeJson {
    fn from(scope: &Scope) -> Self {
        Self {
            distribution_points: scope.distribution_points.iter().map(crate::pki::display_name_key).collect(),
            kinds: scope.kinds.name(),
            only_some_reasons: scope.only_some_reasons.map(crate::types::ReasonSet::names),
            indirect: scope.indirect,
        }
    }
}

impl ScopeJson {
    /// In one line, empty for a CRL that speaks for everything of its authority.
    pub(super) fn sentence(&self) -> String {
        let mut parts = Vec::new();
        if !self.distribution_points.is_empty() {
            parts.push(self.distribution_points.join(" "));
        }
        if self.kinds != "all" {
            parts.push(format!("{} certificates only", self.kinds));
        }
        if let Some(reasons) = &self.only_some_reasons {
            parts.push(format!("reasons {} only", reasons.join(", ")));
        }
        if self.indirect {
            parts.push("indirect".to_owned());
        }
        parts.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(12_345_678), "12,345,678");
        assert_eq!(count(1, "entry", "entries"), "1 entry");
        assert_eq!(size(1023), "1023 B");
        assert_eq!(size(1536), "1.5 KiB");
        assert_eq!(size(25_400_000), "24.2 MiB");
    }
}
