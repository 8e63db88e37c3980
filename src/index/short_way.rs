//! The short way to an answer from a hashed table, for what nearly every question is.
//!
//! Pages that were checked before, positions inside their parts, and the record where the first matching tag says it is:
//! then the answer takes some forty instructions and one word of the filter (absent), or a bucket and a record more
//! (listed). The count matters because it decides how many neighbouring questions, and so how many cache misses, a
//! processor has under way at once. Nothing here decides that a file is damaged. Whatever is unusual makes the short way
//! [`Known::Unsure`], and the caller goes the careful way, which finds out and says so.
//!
//! It counts from the beginning of the file, because that is the one slice there is. Tables whose records have 16 octets
//! have a still shorter one, see [`super::near`].

use std::ops::Range;

use super::bytes::{array_at, to_usize};
use super::directory::{Encoding, Span, TableCrl, TableRow, Width};
use super::filter::{is_excluded, word_of};
use super::hash::{Magnitude, bucket_and_tag, high_half, low_half};
use super::near::{NearParts, Place, compared, place_in};
use super::pages::PAGE;
use super::probe::{BUCKET, Bucket, LINE, Line};
use super::table::{Hit, Table};

/// What the short way knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Absent,
    Found(Hit),
    /// To be found out the careful way.
    Unsure,
}

/// The few values of a table that the short way needs, side by side and in the units it needs them in.
#[derive(Debug, Clone)]
pub(super) struct ShortWay {
    pub(super) near: NearParts,
    /// The filter, in octets.
    pub(super) filter: Range<usize>,
    /// Number of the first bucket; [`NOWHERE`] for a table that has no short way.
    first_bucket: usize,
    /// Where the records begin, in octets.
    records: usize,
    count: u32,
    width: Width,
}

/// A bucket that no file has, and behind which there are none either.
const NOWHERE: usize = usize::MAX / 2;

impl ShortWay {
    /// `body` is where the body begins in the file.
    pub(super) fn new(row: &TableRow, crls: &[TableCrl], body: usize) -> Self {
        let spans = &row.spans;
        let from = |span: Span| body.saturating_add(span.start);
        let has_short_way = row.encoding == Encoding::Hashed && row.buckets > 0;
        let first_bucket = if has_short_way { from(spans.keys) / BUCKET } else { NOWHERE };
        let filter = from(spans.filter);
        Self {
            near: NearParts::new(row, crls, body),
            filter: filter..filter.saturating_add(spans.filter.length),
            first_bucket,
            records: from(spans.records),
            count: row.records,
            width: row.width,
        }
    }
}

impl<'a> Table<'a> {
    /// The answer for any magnitude from any hashed table.
    #[inline(always)]
    pub(super) fn locate_shortly(&self, serial: Magnitude) -> Known {
        let hash = self.hasher().hash(serial);
        match self.is_excluded_if_checked(hash) {
            Some(false) => {}
            Some(true) => return Known::Absent,
            None => return Known::Unsure,
        }
        match self.place_if_checked(hash) {
            Place::None => Known::Absent,
            Place::Record(ordinal) => self.hit_if(serial, ordinal).map_or(Known::Unsure, Known::Found),
            Place::Unsure => Known::Unsure,
        }
    }

    /// The word of the filter for a hash, unchecked, for asking for it ahead.
    #[inline(always)]
    pub(super) fn filter_word(&self, hash: u64) -> Option<&'a [u8; 8]> {
        self.filter.get(word_of(hash, self.filter.len()))
    }

    /// Whether the filter excludes a hash; `None` stands for whatever is unusual.
    #[inline(always)]
    pub(super) fn is_excluded_if_checked(&self, hash: u64) -> Option<bool> {
        let number = word_of(hash, self.filter.len());
        let start = self.short_way.filter.start.wrapping_add(number.wrapping_mul(8));
        if self.pages.is_checked_in_file(start / PAGE) { is_excluded(self.filter, hash) } else { None }
    }

    /// One bucket, and the record that its first matching tag stands for.
    #[inline(always)]
    pub(super) fn place_if_checked(&self, hash: u64) -> Place {
        let (number, tag) = bucket_and_tag(hash, to_usize(self.row.buckets));
        let number = self.short_way.first_bucket.wrapping_add(number);
        match self.all_buckets().get(number) {
            Some(bucket) if self.pages.is_checked_in_file(number / (PAGE / BUCKET)) => place_in(bucket, tag),
            _ => Place::Unsure,
        }
    }

    /// The bucket of a hash, unchecked, for asking for it ahead.
    #[inline(always)]
    pub(super) fn bucket_of(&self, hash: u64) -> Option<&'a Bucket> {
        let (number, _) = bucket_and_tag(hash, to_usize(self.row.buckets));
        self.all_buckets().get(self.short_way.first_bucket.wrapping_add(number))
    }

    /// The hit if the record is this serial's; `None` if it is not, or cannot be told here.
    #[inline(always)]
    pub(super) fn hit_if(&self, serial: Magnitude, ordinal: u32) -> Option<Hit> {
        if ordinal >= self.short_way.count {
            return None;
        }
        if self.short_way.width != Width::Sixteen {
            return self.hit_of_other_width_if(serial, ordinal);
        }
        compared(self.record_in_line(ordinal, 3)?, &serial.last_sixteen(), ordinal)
            .filter(|_| serial.high == 0)
    }

    /// Out of line, to leave the registers to the other.
    #[inline(never)]
    fn hit_of_other_width_if(&self, serial: Magnitude, ordinal: u32) -> Option<Hit> {
        let (stored, fact) = match self.short_way.width {
            Width::Twenty => {
                // These may straddle pages.
                let start = self.short_way.records.wrapping_add(Width::Twenty.position(ordinal));
                if !self.pages.is_checked_in_file(start / PAGE)
                    || !self.pages.is_checked_in_file((start + 23) / PAGE)
                {
                    return None;
                }
                return compared_wide(array_at(self.pages.file, start)?, serial, ordinal);
            }
            Width::Sixteen => return None,
            Width::Eight => {
                let octets: &[u8; 12] = self.record_in_line(ordinal, 5)?;
                let (low, fact) = octets.split_first_chunk::<8>()?;
                (Magnitude { high: 0, middle: 0, low: u64::from_be_bytes(*low) }, fact)
            }
        };
        (stored == serial).then_some(Hit { ordinal, fact: u32::from_le_bytes(*fact.first_chunk()?) })
    }

    #[inline(always)]
    fn record_in_line<const N: usize>(&self, ordinal: u32, per_line: u32) -> Option<&'a [u8; N]> {
        let (line, slot) = (to_usize(ordinal / per_line), to_usize(ordinal % per_line));
        let line = self.checked_line((self.short_way.records / LINE).wrapping_add(line))?;
        array_at(line, slot * N)
    }

    /// The first octet of a record, unchecked, for asking for it ahead.
    #[inline(always)]
    pub(super) fn record_start(&self, ordinal: u32) -> Option<&'a u8> {
        self.pages.file.get(self.short_way.records.wrapping_add(self.short_way.width.position(ordinal)))
    }

    #[inline(always)]
    fn checked_line(&self, number: usize) -> Option<&'a Line> {
        let line = self.lines().get(number)?;
        self.pages.is_checked_in_file(number / (PAGE / LINE)).then_some(line)
    }

    /// The file as if it were buckets from beginning to end.
    #[inline(always)]
    fn all_buckets(&self) -> &'a [Bucket] {
        self.pages.file.as_chunks().0
    }

    #[inline(always)]
    fn lines(&self) -> &'a [Line] {
        self.pages.file.as_chunks().0
    }
}

/// The hit if a record of 20 octets is this serial's.
#[inline(always)]
fn compared_wide(octets: &[u8; 24], serial: Magnitude, ordinal: u32) -> Option<Hit> {
    let (high, rest) = octets.split_first_chunk::<4>()?;
    let (low, fact) = rest.split_first_chunk::<16>()?;
    let number = u128::from_be_bytes(*low);
    let high = u32::from_be_bytes(*high);
    let stored = Magnitude { high, middle: high_half(number), low: low_half(number) };
    (stored == serial).then_some(Hit { ordinal, fact: u32::from_le_bytes(*fact.first_chunk()?) })
}
