//! The short way to an answer, for the one case that nearly every question is.
//!
//! A hashed table, a serial of ordinary length, pages that were checked before, positions inside their parts, and the
//! record where the first matching tag says it is: then the answer takes some seventy instructions on one line
//! (absent) or a hundred and ten on three (listed). The count matters because it decides how many neighbouring
//! questions, and so how many cache misses, a processor has under way at once; loads matter most of all, as each waits
//! in a queue until those before it are done. Nothing here decides that a file is damaged. Whatever is unusual makes the
//! short way [`Known::Unsure`], and the caller goes the careful way, which finds out and says so.
//!
//! There are two lengths of it. [`Near`] is for tables without a filter, with records of 16 octets, and for a file whose
//! pages were all checked, so that no mark is looked at; it has the few numbers that it needs in the [`Table`] itself.
//! [`ShortWay`] is for the rest. Both count from the beginning of the file, because that is the one slice there is.

use super::bytes::{array_at, to_usize};
use super::directory::{Encoding, Span, TableCrl, TableRow, Width};
use super::hash::{Magnitude, bucket_and_tag, filter_bits, filter_line, high_half, low_half};
use super::pages::PAGE;
use super::probe::{LINE, Line, Slots, filter_may_contain, last_tag, matching_slots};
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

/// Where a serial may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
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
    /// Number of the first tag line; [`NOWHERE`] for a table that has no short way.
    tags: usize,
    /// Where the records begin, in octets.
    records: usize,
    filter_lines: u32,
    count: u32,
    width: Width,
}

/// What the shortest way needs. A [`Table`] has a copy, which saves a load for each in every lookup.
#[derive(Debug, Clone, Copy)]
pub(super) struct Near {
    /// Number of the first tag line; [`NOWHERE`] for a table that the shortest way does not lead into.
    tags: usize,
    /// Number of the first rank, in words of four octets.
    ranks: usize,
    /// Number of the first line of records.
    records: usize,
    buckets: u32,
    /// The time from which fact words count.
    pub(super) base: i64,
    /// The CRL of every record without rows, where the table has one only.
    pub(super) sole_crl: Option<u32>,
}

/// A line that no file has, and behind which there are none either.
const NOWHERE: usize = usize::MAX / 2;
/// Words in a page.
const WORDS: usize = PAGE / 4;

impl ShortWay {
    /// `body` is where the body begins in the file.
    pub(super) fn new(row: &TableRow, crls: &[TableCrl], body: usize) -> Self {
        let spans = &row.spans;
        let from = |span: Span| body.saturating_add(span.start);
        // A word of the directory must not lie on two pages, of which only one would be looked up.
        let has_short_way =
            row.encoding == Encoding::Hashed && row.buckets > 0 && spans.ranks.start.is_multiple_of(4);
        let tags = if has_short_way { from(spans.keys) / LINE } else { NOWHERE };
        let is_near = row.filter_lines == 0 && row.width == Width::Sixteen;
        let near = Near {
            tags: if is_near { tags } else { NOWHERE },
            ranks: from(spans.ranks) / 4,
            records: from(spans.records) / LINE,
            buckets: row.buckets,
            base: row.base,
            sole_crl: crls.first().filter(|_| row.column_width == 0).map(|table_crl| table_crl.crl),
        };
        Self {
            near,
            filter: from(spans.filter) / LINE,
            tags,
            records: from(spans.records),
            filter_lines: if has_short_way { row.filter_lines } else { 0 },
            count: row.records,
            width: row.width,
        }
    }
}

impl<'a> Table<'a> {
    /// The answer for a serial of at most 128 bits from a table without a filter, whose pages were all checked; to be
    /// inlined into the caller's loop.
    #[inline(always)]
    pub(super) fn locate_shortly(&self, serial: SerialRef<'_>) -> Known {
        if !self.pages.are_all_checked() {
            return Known::Unsure;
        }
        let Some(serial) = Magnitude::of_sixteen(serial) else { return Known::Unsure };
        match self.place_of(serial) {
            Place::None => Known::Absent,
            Place::Record(ordinal) => self.near_hit_if(serial, ordinal).map_or(Known::Unsure, Known::Found),
            Place::Unsure => Known::Unsure,
        }
    }

    /// The only record that a serial of at most 128 bits is likely to have, if pages need no check.
    #[inline(always)]
    pub(super) fn place_of(&self, serial: Magnitude) -> Place {
        let (bucket, tag) = bucket_and_tag(self.hasher().hash(serial), self.near.buckets);
        let bucket = to_usize(bucket);
        let Some(line) = self.lines().get(self.near.tags.wrapping_add(bucket)) else { return Place::Unsure };
        let slots = matching_slots(line, tag);
        if slots.is_empty() && tag < last_tag(line) {
            return Place::None;
        }
        match self.words().get(self.near.ranks.wrapping_add(bucket)) {
            Some(rank) => Place::Record(u32::from_le_bytes(*rank).wrapping_add(slots.first())),
            None => Place::Unsure,
        }
    }

    /// As [`Table::hit_if`] for a record of [`Table::place_of`].
    #[inline(always)]
    pub(super) fn near_hit_if(&self, serial: Magnitude, ordinal: u32) -> Option<Hit> {
        compared(array_at(self.near_line(ordinal)?, to_usize(ordinal % 3) * 20)?, serial, ordinal)
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
        match self.candidates(hash) {
            None => Known::Unsure,
            Some(None) => Known::Absent,
            Some(Some(slots)) => match self.first_ordinal(hash, slots) {
                Some(ordinal) => self.hit_if(serial, ordinal).map_or(Known::Unsure, Known::Found),
                None => Known::Unsure,
            },
        }
    }

    /// The line of the filter or of tags that is the first to be read for a hash, unchecked, for asking for it ahead.
    #[inline(always)]
    pub(super) fn first_line(&self, hash: u64) -> Option<&'a Line> {
        if self.has_filter() { self.lines().get(self.filter_line_number(hash)) } else { self.tag_line(hash) }
    }

    /// Whether [`Table::place_of`] can know places.
    #[inline(always)]
    pub(super) fn is_near(&self) -> bool {
        self.near.tags != NOWHERE
    }

    /// Whether the table has a filter that the short way asks.
    #[inline(always)]
    pub(super) fn has_filter(&self) -> bool {
        self.short_way.filter_lines > 0
    }

    /// One line of the filter.
    #[inline(always)]
    pub(super) fn filter_passes_shortly(&self, hash: u64) -> Option<bool> {
        Some(filter_may_contain(self.checked_line(self.filter_line_number(hash))?, filter_bits(hash)))
    }

    /// One tag line; here and below, `None` stands for whatever is unusual. `Some(None)` if it settles that the serial is
    /// absent, else the slots to look at, which are none where the bucket goes on behind its line.
    #[inline(always)]
    pub(super) fn candidates(&self, hash: u64) -> Option<Option<Slots>> {
        let (bucket, tag) = bucket_and_tag(hash, self.near.buckets);
        let line = self.checked_line(self.short_way.tags.wrapping_add(to_usize(bucket)))?;
        let slots = matching_slots(line, tag);
        // Tags are sorted: a bucket that goes on behind its line goes on with tags that are not below the last.
        let may_be_there = !slots.is_empty() || tag >= last_tag(line);
        Some(may_be_there.then_some(slots))
    }

    /// The tag line of a hash, unchecked, for asking for it ahead.
    #[inline(always)]
    pub(super) fn tag_line(&self, hash: u64) -> Option<&'a Line> {
        let (bucket, _) = bucket_and_tag(hash, self.near.buckets);
        self.lines().get(self.short_way.tags.wrapping_add(to_usize(bucket)))
    }

    /// The record that the first matching tag stands for. A damaged directory is found on the careful way only if the
    /// serial is not where it leads to, and where it leads to a record that is the serial's, the record is what counts.
    #[inline(always)]
    pub(super) fn first_ordinal(&self, hash: u64, slots: Slots) -> Option<u32> {
        let word = self.rank(hash)?;
        let page = self.rank_number(hash) / WORDS;
        self.pages.is_checked_in_file(page).then(|| u32::from_le_bytes(*word).wrapping_add(slots.first()))
    }

    /// The rank of the bucket of a hash, unchecked, for asking for it ahead.
    #[inline(always)]
    pub(super) fn rank(&self, hash: u64) -> Option<&'a [u8; 4]> {
        self.words().get(self.rank_number(hash))
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
                let octets: &[u8; 24] = array_at(self.pages.file, start)?;
                if !self.pages.is_checked_in_file(start / PAGE)
                    || !self.pages.is_checked_in_file((start + 23) / PAGE)
                {
                    return None;
                }
                let (high, rest) = octets.split_first_chunk::<4>()?;
                let (low, fact) = rest.split_first_chunk::<16>()?;
                let number = u128::from_be_bytes(*low);
                let high = u32::from_be_bytes(*high);
                (Magnitude { high, middle: high_half(number), low: low_half(number) }, fact)
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

    #[inline(always)]
    fn rank_number(&self, hash: u64) -> usize {
        self.near.ranks.wrapping_add(to_usize(bucket_and_tag(hash, self.near.buckets).0))
    }

    #[inline(always)]
    fn words(&self) -> &'a [[u8; 4]] {
        self.pages.file.as_chunks().0
    }

    #[inline(always)]
    fn lines(&self) -> &'a [Line] {
        self.pages.file.as_chunks().0
    }
}

/// The hit if a record of 16 octets is this serial's.
#[inline(always)]
fn compared(octets: &[u8; 20], serial: Magnitude, ordinal: u32) -> Option<Hit> {
    let (stored, fact) = octets.split_first_chunk::<16>()?;
    let number = u128::from_be_bytes(*stored);
    let stored = Magnitude { high: 0, middle: high_half(number), low: low_half(number) };
    (stored == serial).then_some(Hit { ordinal, fact: u32::from_le_bytes(*fact.first_chunk()?) })
}
