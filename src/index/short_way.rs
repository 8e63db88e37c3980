//! The short way to an answer, for the one case that nearly every question is.
//!
//! A hashed table, a serial of ordinary length, pages that were checked before, positions inside their parts: then
//! the answer takes some eighty instructions on one line (absent) or three (listed). Nothing here decides that a
//! file is damaged. Whatever is unusual makes the short way [`Known::Unsure`], and the caller goes the careful way,
//! which finds out and says so.

use std::sync::atomic::AtomicU64;

use super::bytes::{array_at, to_usize, u32_at};
use super::directory::{Encoding, TableRow, Width};
use super::hash::{Hasher, Magnitude, bucket_and_tag, filter_bits, filter_line};
use super::pages::{PAGE, is_set};
use super::probe::{LINE, Line, any_slot_matches, filter_may_contain, last_tag, matching_slots};
use super::table::Hit;
use crate::types::SerialRef;

/// What the short way knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Absent,
    Found(Hit),
    /// To be found out the careful way.
    Unsure,
}

/// The few values the short way needs, side by side.
#[derive(Debug, Clone, Copy)]
pub(super) struct ShortWay<'a> {
    hasher: Hasher,
    lines: &'a [Line],
    body: &'a [u8],
    checked: &'a [AtomicU64],
    filter: usize,
    tags: usize,
    ranks: usize,
    records: usize,
    filter_lines: u32,
    /// Zero for a table that has no short way.
    buckets: u32,
    count: u32,
    per_line: PerLine,
}

/// How records of a width lie in their lines. Those that straddle lines have no short way to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PerLine {
    Five,
    Three,
    Straddling,
}

impl<'a> ShortWay<'a> {
    pub(super) fn new(
        row: &TableRow,
        hasher: Hasher,
        lines: &'a [Line],
        body: &'a [u8],
        checked: &'a [AtomicU64],
    ) -> Self {
        let spans = &row.spans;
        // A word of the directory must not lie on two pages, of which only one would be looked up.
        let has_short_way = row.encoding == Encoding::Hashed && spans.ranks.start.is_multiple_of(4);
        Self {
            hasher,
            lines,
            body,
            checked,
            filter: spans.filter.start / LINE,
            tags: spans.keys.start / LINE,
            ranks: spans.ranks.start,
            records: spans.records.start / LINE,
            filter_lines: row.filter_lines,
            buckets: if has_short_way { row.buckets } else { 0 },
            count: row.records,
            per_line: match row.width {
                Width::Eight => PerLine::Five,
                Width::Sixteen => PerLine::Three,
                Width::Twenty => PerLine::Straddling,
            },
        }
    }

    #[inline(always)]
    pub(super) fn locate(&self, serial: SerialRef<'_>) -> Known {
        // `None` stands for whatever is unusual.
        Magnitude::of_usual_length(serial).and_then(|serial| self.try_locate(serial)).unwrap_or(Known::Unsure)
    }

    #[inline(always)]
    pub(super) fn locate_magnitude(&self, serial: Magnitude) -> Known {
        self.try_locate(serial).unwrap_or(Known::Unsure)
    }

    #[inline(always)]
    fn try_locate(&self, serial: Magnitude) -> Option<Known> {
        if self.buckets == 0 {
            return None;
        }
        let hash = self.hasher.hash(serial);
        if self.filter_lines > 0 {
            let line = self.line(self.filter.wrapping_add(to_usize(filter_line(hash, self.filter_lines))))?;
            if !filter_may_contain(line, filter_bits(hash)) {
                return Some(Known::Absent);
            }
        }
        self.try_bucket(serial, hash)
    }

    /// The same behind the filter, for a hash that passed it.
    #[inline(always)]
    pub(super) fn locate_in_bucket(&self, serial: Magnitude, hash: u64) -> Known {
        if self.buckets == 0 {
            return Known::Unsure;
        }
        self.try_bucket(serial, hash).unwrap_or(Known::Unsure)
    }

    #[inline(always)]
    fn try_bucket(&self, serial: Magnitude, hash: u64) -> Option<Known> {
        let (bucket, tag) = bucket_and_tag(hash, self.buckets);
        let line = self.line(self.tags.wrapping_add(to_usize(bucket)))?;
        // Tags are sorted: a bucket that goes on behind its line goes on with tags that are not below the last.
        let goes_on = tag >= last_tag(line);
        if !any_slot_matches(line, tag) {
            return if goes_on { None } else { Some(Known::Absent) };
        }
        let start = self.bucket_start(bucket)?;
        for slot in matching_slots(line, tag) {
            let ordinal = start.wrapping_add(slot);
            let (stored, fact) = self.record(ordinal)?;
            if stored == serial {
                return Some(Known::Found(Hit { ordinal, fact }));
            }
        }
        if goes_on { None } else { Some(Known::Absent) }
    }

    #[inline(always)]
    fn line(&self, number: usize) -> Option<&'a Line> {
        let line = self.lines.get(number)?;
        is_set(self.checked, number / (PAGE / LINE)).then_some(line)
    }

    /// The first record of a bucket. A damaged directory is found on the careful way only if the serial is not where
    /// it leads to, and where it leads to a record that is the serial's, the record is what counts.
    #[inline(always)]
    fn bucket_start(&self, bucket: u32) -> Option<u32> {
        let at = self.ranks.wrapping_add(to_usize(bucket).wrapping_mul(4));
        is_set(self.checked, at / PAGE).then(|| u32_at(self.body, at))?
    }

    #[inline(always)]
    fn record(&self, ordinal: u32) -> Option<(Magnitude, u32)> {
        if ordinal >= self.count {
            return None;
        }
        let number = to_usize(ordinal);
        match self.per_line {
            PerLine::Three => {
                let line = self.line(self.records.wrapping_add(number / 3))?;
                let octets: &[u8; 20] = array_at(line, number % 3 * 20)?;
                let (middle, low) = (be(octets, 0)?, be(octets, 8)?);
                Some((Magnitude { high: 0, middle, low }, u32_at(octets, 16)?))
            }
            PerLine::Five => {
                let line = self.line(self.records.wrapping_add(number / 5))?;
                let octets: &[u8; 12] = array_at(line, number % 5 * 12)?;
                Some((Magnitude { high: 0, middle: 0, low: be(octets, 0)? }, u32_at(octets, 8)?))
            }
            PerLine::Straddling => None,
        }
    }
}

#[inline(always)]
fn be(octets: &[u8], at: usize) -> Option<u64> {
    array_at(octets, at).map(|octets| u64::from_be_bytes(*octets))
}
