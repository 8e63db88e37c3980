//! The shortest way to an answer, for the tables that nearly all questions are about: those with records of 16 octets and
//! without exceptions, in a file whose pages were all checked, so that no mark has to be looked at.
//!
//! What it needs is copied out of the index into one value, the parts of the table as slices of their own: every load that
//! is saved is one less in the queue, in which each waits until those before it are done.

use std::ops::Range;

use super::bytes::{array_at, to_usize};
use super::directory::{Encoding, Span, TableCrl, TableRow, Width};
use super::fact::Fact;
use super::facts::CrlId;
use super::filter::{FilterWords, is_excluded, word_of};
use super::hash::{Hasher, bucket_and_tag, fits_sixteen};
use super::probe::{Bucket, Line, last_tag, matching_slots, rank};
use super::table::Hit;
use crate::types::{Listing, SerialRef};

/// Where a serial may be in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Nowhere.
    None,
    /// In the record of this ordinal, if it is there at all.
    Record(u32),
    /// To be found out the careful way.
    Unsure,
}

/// A table for whoever has one question at a time and no instruction to spare; see [`crate::index::Table::near`]. It is
/// about serials that are not negative and have 16 octets at most, given padded with zeros to so many: of 17, the first must
/// be zero.
#[derive(Debug, Clone, Copy)]
pub struct NearTable<'a> {
    hasher: Hasher,
    words: &'a FilterWords,
    buckets: &'a [Bucket],
    /// Of records.
    lines: &'a [Line],
    count: u32,
    inline: Inline,
}

/// Where the parts of a [`NearTable`] are in the file, in octets. Those of a table that the shortest way does not lead into are
/// empty.
#[derive(Debug, Clone)]
pub(super) struct NearParts {
    words: Range<usize>,
    buckets: Range<usize>,
    lines: Range<usize>,
    count: u32,
    pub(super) inline: Inline,
}

/// What the fact words of a table are read with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inline {
    /// The CRL of every record without rows, where the table has one only.
    sole_crl: Option<u32>,
    /// The time from which they count.
    base: i64,
}

/// What a [`NearTable`] says of a serial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NearAnswer {
    /// It is not listed.
    Absent,
    /// [`NearTable::sole_crl`] lists it, and this is all it says.
    Listed(Listing),
    /// [`crate::index::Table::find`] knows.
    Unsure,
}

impl<'a> NearTable<'a> {
    /// Knows nothing: no serial is excluded, and of none anything is said.
    pub const NONE: Self = Self {
        hasher: Hasher::NONE,
        words: &[],
        buckets: &[],
        lines: &[],
        count: 0,
        inline: Inline { sole_crl: None, base: 0 },
    };

    #[inline(always)]
    pub(super) fn new(parts: &NearParts, hasher: Hasher, file: &'a [u8]) -> Self {
        let part = |range: &Range<usize>| file.get(range.start..range.end).unwrap_or_default();
        Self {
            hasher,
            words: part(&parts.words).as_chunks().0,
            buckets: part(&parts.buckets).as_chunks().0,
            lines: part(&parts.lines).as_chunks().0,
            count: parts.count,
            inline: parts.inline,
        }
    }

    /// Whether a serial is certainly not listed, as one look at the filter tells of nearly all that are not.
    #[inline(always)]
    #[must_use]
    pub fn excludes(&self, serial: &[u8; 16]) -> bool {
        self.is_excluded(self.hash(serial))
    }

    /// What is said of a serial that is not excluded.
    #[inline(always)]
    #[must_use]
    pub fn answer(&self, serial: &[u8; 16]) -> NearAnswer {
        let ordinal = match self.place(self.hash(serial)) {
            Place::None => return NearAnswer::Absent,
            Place::Record(ordinal) if ordinal < self.count => ordinal,
            Place::Record(_) | Place::Unsure => return NearAnswer::Unsure,
        };
        match self.hit(serial, ordinal).and_then(|hit| self.inline.listing(hit.fact)) {
            Some((_, listing)) => NearAnswer::Listed(listing),
            None => NearAnswer::Unsure,
        }
    }

    /// The only CRL with entries in the table.
    #[must_use]
    pub fn sole_crl(&self) -> Option<CrlId> {
        self.inline.sole_crl.map(CrlId)
    }

    /// The hash of a serial that may be in the table.
    #[inline(always)]
    pub(super) fn hash_of(&self, serial: SerialRef<'_>) -> Option<u64> {
        near_hash(&self.hasher, serial)
    }

    #[inline(always)]
    fn hash(&self, serial: &[u8; 16]) -> u64 {
        self.hasher.hash_sixteen(serial)
    }

    /// Whether the filter excludes a hash.
    #[inline(always)]
    pub(super) fn is_excluded(&self, hash: u64) -> bool {
        is_excluded(self.words, hash) == Some(true)
    }

    /// The word of the filter for a hash, for asking for it ahead.
    #[inline(always)]
    pub(super) fn word(&self, hash: u64) -> Option<&'a [u8; 8]> {
        self.words.get(word_of(hash, self.words.len()))
    }

    /// The bucket of a hash, for asking for it ahead.
    #[inline(always)]
    pub(super) fn bucket(&self, hash: u64) -> Option<&'a Bucket> {
        self.buckets.get(bucket_and_tag(hash, self.buckets.len()).0)
    }

    /// The only record that a hash is likely to have.
    #[inline(always)]
    pub(super) fn place(&self, hash: u64) -> Place {
        let (number, tag) = bucket_and_tag(hash, self.buckets.len());
        self.buckets.get(number).map_or(Place::Unsure, |bucket| place_in(bucket, tag))
    }

    /// The line of a record, for asking for it ahead.
    #[inline(always)]
    pub(super) fn line(&self, ordinal: u32) -> Option<&'a Line> {
        self.lines.get(to_usize(ordinal / 3))
    }

    /// The hit if a record is this serial's.
    #[inline(always)]
    pub(super) fn hit_if(&self, serial: SerialRef<'_>, ordinal: u32) -> Option<Hit> {
        self.hit(last_sixteen(serial)?, ordinal).filter(|_| fits_sixteen(serial))
    }

    #[inline(always)]
    fn hit(&self, serial: &[u8; 16], ordinal: u32) -> Option<Hit> {
        compared(array_at(self.line(ordinal)?, to_usize(ordinal % 3) * 20)?, serial, ordinal)
    }
}

impl NearParts {
    /// `body` is where the body begins in the file.
    pub(super) fn new(row: &TableRow, crls: &[TableCrl], body: usize) -> Self {
        let sole_crl = crls.first().filter(|_| row.column_width == 0).map(|table_crl| table_crl.crl);
        let is_near = row.encoding == Encoding::Hashed && row.width == Width::Sixteen && row.exceptions == 0;
        let part = |span: Span| {
            let start = body.saturating_add(span.start);
            if is_near { start..start.saturating_add(span.length) } else { 0..0 }
        };
        Self {
            words: part(row.spans.filter),
            buckets: part(row.spans.keys),
            lines: part(row.spans.records),
            count: row.records,
            inline: Inline { sole_crl, base: row.base },
        }
    }

    /// Whether the shortest way leads into the table.
    #[inline(always)]
    pub(super) fn are_there(&self) -> bool {
        self.words.start != self.words.end
    }
}

impl Inline {
    /// What a fact word says, if it says all and the table has one CRL.
    #[inline(always)]
    pub(super) fn listing(self, word: u32) -> Option<(CrlId, Listing)> {
        match (Fact::decode(word, self.base), self.sole_crl) {
            (Ok(Fact::Inline(listing)), Some(crl)) => Some((CrlId(crl), listing)),
            _ => None,
        }
    }
}

/// The hash of a serial that may be in a table that the shortest way leads into. As there are no exceptions, a serial that does
/// not fit 16 octets has no record, so that it does not matter which of those with the same last 16 it is.
#[inline(always)]
pub(super) fn near_hash(hasher: &Hasher, serial: SerialRef<'_>) -> Option<u64> {
    Some(hasher.hash_sixteen(last_sixteen(serial)?))
}

/// What a bucket says of a tag.
#[inline(always)]
pub(super) fn place_in(bucket: &Bucket, tag: u16) -> Place {
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

/// The hit if a record of 16 octets is of these.
#[inline(always)]
pub(super) fn compared(octets: &[u8; 20], serial: &[u8; 16], ordinal: u32) -> Option<Hit> {
    let (stored, fact) = octets.split_first_chunk::<16>()?;
    let is_it = u128::from_ne_bytes(*stored) == u128::from_ne_bytes(*serial);
    is_it.then_some(Hit { ordinal, fact: u32::from_le_bytes(*fact.first_chunk()?) })
}

/// The last 16 octets of a serial that has 16 or 17; `None` for others. They are its magnitude if the serial
/// [`fits_sixteen`], which is left to who needs to know it.
#[inline(always)]
fn last_sixteen<'s>(serial: SerialRef<'s>) -> Option<&'s [u8; 16]> {
    let octets = serial.octets();
    if octets.len().wrapping_sub(16) > 1 { None } else { octets.last_chunk() }
}
