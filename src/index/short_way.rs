//! The short way to an answer, for the one case that nearly every question is.
//!
//! A hashed table, a serial of ordinary length, pages that were checked before, positions inside their parts, and the
//! record where the first matching tag says it is: then the answer takes some fifty instructions on one line
//! (absent) or ninety on two (listed). The count matters because it decides how many neighbouring
//! questions, and so how many cache misses, a processor has under way at once; loads matter most of all, as each waits
//! in a queue until those before it are done. Nothing here decides that a file is damaged. Whatever is unusual makes the
//! short way [`Known::Unsure`], and the caller goes the careful way, which finds out and says so.
//!
//! There are two lengths of it. [`Near`] is for tables without a filter and without exceptions, with records of 16 octets,
//! and for a file whose pages were all checked, so that no mark is looked at; it has the few numbers that it needs in the
//! [`Table`] itself. Records of 20 octets have the same way behind one call. [`ShortWay`] is for the rest. Both count from
//! the beginning of the file, because that is the one slice there is.

use super::bytes::{array_at, to_usize};
use super::directory::{Encoding, Span, TableCrl, TableRow, Width};
use super::hash::{
    BucketKey, Magnitude, bucket_and_tag, filter_bits, filter_line, fits_sixteen, high_half, low_half,
};
use super::pages::PAGE;
use super::probe::{BUCKET, Bucket, LINE, Line, filter_may_contain, last_tag, matching_slots, rank};
use super::table::{Hit, Table};
use crate::types::SerialRef;

/// What the short way knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Absent,
    Found(Hit),
    /// To be found out the careful way.
    Unsure,
}

/// Where a serial may be in a [`Table`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Nowhere.
    None,
    /// In the record of this ordinal, if it is there at all.
    Record(u32),
    /// To be found out the careful way.
    Unsure,
}

/// The few values of a table that the short way needs, side by side and in the units it needs them in.
#[derive(Debug, Clone, Copy)]
pub(super) struct ShortWay {
    pub(super) near: Near,
    /// Number of the first filter line, counted from the beginning of the file.
    filter: usize,
    /// Number of the first bucket; [`NOWHERE`] for a table that has no short way.
    first_bucket: usize,
    /// Where the records begin, in octets.
    records: usize,
    filter_lines: u32,
    count: u32,
    width: Width,
    /// Whether [`Table::locate_wide`] leads into it.
    is_wide: bool,
}

/// What the shortest way needs. A [`Table`] has a copy, which saves a load for each in every lookup.
#[derive(Debug, Clone, Copy)]
pub(super) struct Near {
    /// Number of the first bucket; [`NOWHERE`] for a table that the shortest way does not lead into.
    first_bucket: usize,
    /// Number of the first line of records.
    records: usize,
    buckets: u32,
    /// The time from which fact words count.
    pub(super) base: i64,
    /// The CRL of every record without rows, where the table has one only.
    pub(super) sole_crl: Option<u32>,
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
        let is_near = row.filter_lines == 0 && row.width == Width::Sixteen && row.exceptions == 0;
        let near = Near {
            first_bucket: if is_near { first_bucket } else { NOWHERE },
            records: from(spans.records) / LINE,
            buckets: row.buckets,
            base: row.base,
            sole_crl: crls.first().filter(|_| row.column_width == 0).map(|table_crl| table_crl.crl),
        };
        Self {
            near,
            filter: from(spans.filter) / LINE,
            first_bucket,
            records: from(spans.records),
            filter_lines: if has_short_way { row.filter_lines } else { 0 },
            count: row.records,
            width: row.width,
            is_wide: has_short_way && row.filter_lines == 0 && row.width == Width::Twenty,
        }
    }
}

impl<'a> Table<'a> {
    /// The only record that a serial is likely to have, if pages need no check. Where there are no exceptions, a serial that
    /// does not fit 16 octets has none, so that it does not matter which of those with the same last 16 it is.
    #[inline(always)]
    pub(super) fn place_of(&self, serial: SerialRef<'_>) -> Place {
        let Some(last) = Magnitude::of_last_sixteen(serial) else { return Place::Unsure };
        let (number, tag) = bucket_and_tag(self.hasher().hash(last), self.near.buckets);
        match self.all_buckets().get(self.near.first_bucket.wrapping_add(to_usize(number))) {
            Some(bucket) => place_in(bucket, tag),
            None => Place::Unsure,
        }
    }

    /// Where to look for a serial with these last 16 octets. It is one word to keep, but takes three instructions more.
    #[inline(always)]
    pub(super) fn bucket_key(&self, last: Magnitude) -> BucketKey {
        BucketKey::new(self.hasher().hash(last), self.near.buckets)
    }

    /// The bucket to look into, for asking for it ahead.
    #[inline(always)]
    pub(super) fn bucket_of_key(&self, key: BucketKey) -> Option<&'a Bucket> {
        self.all_buckets().get(self.near.first_bucket.wrapping_add(key.bucket()))
    }

    /// As [`Table::place_of`].
    #[inline(always)]
    pub(super) fn place_of_key(&self, key: BucketKey) -> Place {
        match self.bucket_of_key(key) {
            Some(bucket) => place_in(bucket, key.tag()),
            None => Place::Unsure,
        }
    }

    /// As [`Table::hit_if`] for a record of [`Table::place_of`].
    #[inline(always)]
    pub(super) fn near_hit_if(&self, serial: SerialRef<'_>, ordinal: u32) -> Option<Hit> {
        let record = array_at(self.near_line(ordinal)?, to_usize(ordinal % 3) * 20)?;
        compared(record, Magnitude::of_last_sixteen(serial)?, ordinal).filter(|_| fits_sixteen(serial))
    }

    /// The answer from a table without a filter whose records have 20 octets, if pages need no check.
    #[inline(always)]
    pub(super) fn locate_wide(&self, serial: Magnitude) -> Known {
        if !self.short_way.is_wide || !self.pages.are_all_checked() {
            return Known::Unsure;
        }
        let (number, tag) = bucket_and_tag(self.hasher().hash(serial), self.near.buckets);
        let number = self.short_way.first_bucket.wrapping_add(to_usize(number));
        let Some(bucket) = self.all_buckets().get(number) else { return Known::Unsure };
        match place_in(bucket, tag) {
            Place::None => Known::Absent,
            Place::Record(ordinal) => {
                let start = self.short_way.records.wrapping_add(Width::Twenty.position(ordinal));
                match array_at(self.pages.file, start)
                    .and_then(|octets| compared_wide(octets, serial, ordinal))
                {
                    Some(hit) => Known::Found(hit),
                    None => Known::Unsure,
                }
            }
            Place::Unsure => Known::Unsure,
        }
    }

    /// The line of a record of 16 octets.
    #[inline(always)]
    pub(super) fn near_line(&self, ordinal: u32) -> Option<&'a Line> {
        self.lines().get(self.near.records.wrapping_add(to_usize(ordinal / 3)))
    }

    /// The answer for any magnitude from any hashed table.
    #[inline(always)]
    pub(super) fn locate_by_filter(&self, serial: Magnitude) -> Known {
        let hash = self.hasher().hash(serial);
        if self.has_filter() {
            match self.filter_passes_shortly(hash) {
                Some(true) => {}
                Some(false) => return Known::Absent,
                None => return Known::Unsure,
            }
        }
        self.locate_by_tags(serial, hash)
    }

    #[inline(always)]
    fn locate_by_tags(&self, serial: Magnitude, hash: u64) -> Known {
        match self.place_by_tags(hash) {
            Place::None => Known::Absent,
            Place::Record(ordinal) => self.hit_if(serial, ordinal).map_or(Known::Unsure, Known::Found),
            Place::Unsure => Known::Unsure,
        }
    }

    /// Where reading begins for a hash, in the filter or in a bucket; unchecked, for asking for it ahead.
    #[inline(always)]
    pub(super) fn first_octet(&self, hash: u64) -> Option<&'a u8> {
        if self.has_filter() {
            self.lines().get(self.filter_line_number(hash))?.first()
        } else {
            self.bucket_start(hash)
        }
    }

    /// Whether [`Table::place_of`] can know places.
    #[inline(always)]
    pub(super) fn is_near(&self) -> bool {
        self.near.first_bucket != NOWHERE
    }

    /// Whether the table has a filter that the short way asks.
    #[inline(always)]
    pub(super) fn has_filter(&self) -> bool {
        self.short_way.filter_lines > 0
    }

    /// One line of the filter; `None` stands for whatever is unusual.
    #[inline(always)]
    pub(super) fn filter_passes_shortly(&self, hash: u64) -> Option<bool> {
        Some(filter_may_contain(self.checked_line(self.filter_line_number(hash))?, filter_bits(hash)))
    }

    /// One bucket, and the record that its first matching tag stands for.
    #[inline(always)]
    pub(super) fn place_by_tags(&self, hash: u64) -> Place {
        let (number, tag) = bucket_and_tag(hash, self.near.buckets);
        let number = self.short_way.first_bucket.wrapping_add(to_usize(number));
        match self.all_buckets().get(number) {
            Some(bucket) if self.pages.is_checked_in_file(number / (PAGE / BUCKET)) => place_in(bucket, tag),
            _ => Place::Unsure,
        }
    }

    /// The bucket of a hash, unchecked, for asking for it ahead.
    #[inline(always)]
    pub(super) fn bucket_start(&self, hash: u64) -> Option<&'a u8> {
        let (number, _) = bucket_and_tag(hash, self.near.buckets);
        self.all_buckets().get(self.short_way.first_bucket.wrapping_add(to_usize(number)))?.first()
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
        compared(self.record_in_line(ordinal, 3)?, serial, ordinal)
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

    #[inline(always)]
    fn filter_line_number(&self, hash: u64) -> usize {
        self.short_way.filter.wrapping_add(to_usize(filter_line(hash, self.short_way.filter_lines)))
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

/// What a bucket says of a tag.
#[inline(always)]
fn place_in(bucket: &Bucket, tag: u16) -> Place {
    let slots = matching_slots(bucket, tag);
    if !slots.is_empty() {
        // A damaged rank is found on the careful way, which is taken if the record there is not the serial's. If it is,
        // the record is what counts.
        Place::Record(rank(bucket).wrapping_add(slots.first()))
    } else if tag < last_tag(bucket) {
        Place::None
    } else {
        // Tags are sorted: a bucket with more records goes on with tags that are not below the last.
        Place::Unsure
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

/// The hit if a record of 16 octets is this serial's.
#[inline(always)]
fn compared(octets: &[u8; 20], serial: Magnitude, ordinal: u32) -> Option<Hit> {
    let (stored, fact) = octets.split_first_chunk::<16>()?;
    let number = u128::from_be_bytes(*stored);
    let stored = Magnitude { high: 0, middle: high_half(number), low: low_half(number) };
    (stored == serial).then_some(Hit { ordinal, fact: u32::from_le_bytes(*fact.first_chunk()?) })
}
