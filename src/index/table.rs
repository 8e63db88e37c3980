//! One table: is a serial in it, and which record is it?

use super::bytes::{array_at, to_usize, u32_at};
use super::directory::{Encoding, FACT, Span, TableCrl, TableRow, Width};
use super::error::{IndexError, Part};
use super::fact::malformed;
use super::facts::{AuthorityId, CrlId};
use super::filter::{FilterWords, is_excluded, word_of};
use super::found::Found;
use super::hash::{Hasher, Magnitude, bucket_and_tag};
use super::layout::SectionKind;
use super::near::{NearTable, Place, near_hash};
use super::pages::{PAGE, Pages};
use super::probe::{BUCKET, Bucket, TAGS, last_tag, matching_slots, rank};
use super::reader::{Front, StoredTable};
use super::roaring::{Ranks, RoaringView, Shape, Source};
use super::set::RecordSet;
use super::short_way::{Known, ShortWay};
use crate::types::{NameKey, SerialRef};

/// The revoked serials that one authority's CRLs list for one certificate issuer.
///
/// Getting a table resolves it once; asking it is arithmetic and reading. It borrows from the index and copying it
/// copies references.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    front: &'a Front,
    pub(super) row: &'a TableRow,
    pub(super) short_way: &'a ShortWay,
    /// Empty for an ordinal table.
    pub(super) filter: &'a FilterWords,
    pub(super) pages: Pages<'a>,
}

/// Where a serial was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) ordinal: u32,
    pub(super) fact: u32,
}

impl<'a> Table<'a> {
    #[inline(always)]
    pub(super) fn new(front: &'a Front, stored: &'a StoredTable, pages: Pages<'a>) -> Self {
        let StoredTable { row, short_way } = stored;
        let filter = pages.file.get(short_way.filter.clone()).unwrap_or_default().as_chunks().0;
        Self { front, row, short_way, filter, pages }
    }

    /// The record of a serial, `None` if it is not listed.
    ///
    /// # Errors
    /// [`IndexError`] if what must be read for the answer is damaged. It is never taken for an absence.
    #[inline(always)]
    pub fn find(&self, serial: SerialRef<'_>) -> Result<Option<Found<'_>>, IndexError> {
        Ok(self.locate(serial)?.map(|hit| Found::new(self, hit)))
    }

    /// The table in the form with the fewest instructions. `None` while there are pages of the file that were not checked
    /// yet, of which questions to the table make fewer. [`NearTable::NONE`] for a table that the form is not for: an ordinal
    /// one, or one with serials longer than 16 octets or negative ones.
    #[must_use]
    pub fn near(&self) -> Option<NearTable<'a>> {
        self.pages.are_all_checked().then(|| self.unchecked_near())
    }

    /// The same, for whoever knows that all pages were checked.
    #[inline(always)]
    pub(super) fn unchecked_near(&self) -> NearTable<'a> {
        NearTable::new(&self.short_way.near, *self.hasher(), self.pages.file)
    }

    /// As [`Table::find`] for a serial whose place in this form of the table is known.
    #[inline(always)]
    pub(super) fn find_at(
        &self,
        near: &NearTable<'_>,
        place: Place,
        serial: SerialRef<'_>,
    ) -> Result<Option<Found<'_>>, IndexError> {
        Ok(self.locate_at(near, place, serial)?.map(|hit| Found::new(self, hit)))
    }

    /// Whether a serial is listed at all, by whichever CRL and for whichever reason.
    ///
    /// # Errors
    /// As [`Table::find`].
    #[inline(always)]
    pub fn contains(&self, serial: SerialRef<'_>) -> Result<bool, IndexError> {
        self.locate(serial).map(|hit| hit.is_some())
    }

    /// Number of distinct serials.
    #[must_use]
    pub fn len(&self) -> u64 {
        u64::from(self.row.records) + u64::from(self.row.exceptions)
    }

    /// Whether no serial is listed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How the serials are stored.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        self.row.encoding
    }

    /// Whose CRLs list these serials.
    #[must_use]
    pub fn authority(&self) -> AuthorityId {
        AuthorityId(self.row.authority)
    }

    /// Whose certificates they are; `None` for the authority's own.
    #[must_use]
    pub fn certificate_issuer(&self) -> Option<NameKey> {
        let issuers = self.front.header.section(self.pages.file, SectionKind::Issuers).unwrap_or_default();
        self.row.issuer_octets(issuers).map(NameKey::from_octets)
    }

    /// The CRLs with entries in this table, in the order of their ids.
    pub fn crls(&self) -> impl Iterator<Item = CrlId> + use<'a> {
        self.table_crls().iter().map(|table_crl| CrlId(table_crl.crl))
    }

    /// The serials of an ordinal table as a bitmap in the portable Roaring format, which other programs read;
    /// `None` for a hashed table. Exceptions are not in it.
    ///
    /// # Errors
    /// [`IndexError`] if it is damaged.
    pub fn serial_bitmap(&self) -> Result<Option<&'a [u8]>, IndexError> {
        let span = self.row.spans.keys;
        match self.row.encoding {
            Encoding::Ordinal => self.part(span, 0, span.length, Part::Bitmap).map(Some),
            Encoding::Hashed => Ok(None),
        }
    }

    /// The ordinals of the records a CRL lists; `None` if it has no entries here.
    ///
    /// # Errors
    /// [`IndexError`] if the set is damaged.
    pub fn crl_set(&self, crl: CrlId) -> Result<Option<RecordSet<'a>>, IndexError> {
        let crls = self.table_crls();
        let Ok(position) = crls.binary_search_by_key(&crl.0, |table_crl| table_crl.crl) else {
            return Ok(None);
        };
        crls.get(position).map(|table_crl| RecordSet::read(&self.pages, table_crl.set)).transpose()
    }

    /// The ordinals of the records whose serials the previous generation did not have; `None` if the file was built
    /// without comparing.
    ///
    /// # Errors
    /// [`IndexError`] if the set is damaged.
    pub fn added(&self) -> Result<Option<RecordSet<'a>>, IndexError> {
        self.is_compared().then(|| RecordSet::read(&self.pages, self.row.added)).transpose()
    }

    /// The ordinals, in the previous generation's table of this authority and certificate issuer, of the serials
    /// that are no longer listed; `None` if the file was built without comparing.
    ///
    /// # Errors
    /// [`IndexError`] if the set is damaged.
    pub fn removed(&self) -> Result<Option<RecordSet<'a>>, IndexError> {
        self.is_compared().then(|| RecordSet::read(&self.pages, self.row.removed)).transpose()
    }

    /// Its CRLs and the sets of the records they list.
    #[inline(always)]
    pub(super) fn table_crls(&self) -> &'a [TableCrl] {
        self.front.crls_of_table(self.row)
    }

    #[inline(always)]
    pub(super) fn hasher(&self) -> &'a Hasher {
        &self.front.hasher
    }

    /// Whether the file was built with a look at the previous generation.
    fn is_compared(&self) -> bool {
        self.front.header.previous.is_some()
    }

    #[inline(always)]
    fn locate(&self, serial: SerialRef<'_>) -> Result<Option<Hit>, IndexError> {
        match near_hash(self.hasher(), serial) {
            Some(hash) if self.short_way.near.are_there() && self.pages.are_all_checked() => {
                if is_excluded(self.filter, hash) == Some(true) {
                    return Ok(None);
                }
                let near = self.unchecked_near();
                self.locate_at(&near, near.place(hash), serial)
            }
            _ => self.locate_any(serial),
        }
    }

    #[inline(always)]
    fn locate_at(
        &self,
        near: &NearTable<'_>,
        place: Place,
        serial: SerialRef<'_>,
    ) -> Result<Option<Hit>, IndexError> {
        let hit = match place {
            Place::None => return Ok(None),
            Place::Record(ordinal) => near.hit_if(serial, ordinal),
            Place::Unsure => None,
        };
        match hit {
            Some(hit) => Ok(Some(hit)),
            // Taken apart, so that the hit of the short way need not lie in memory where this one is.
            None => match self.locate_any(serial) {
                Ok(Some(Hit { ordinal, fact })) => Ok(Some(Hit { ordinal, fact })),
                Ok(None) => Ok(None),
                Err(error) => Err(error),
            },
        }
    }

    /// The answer for a serial of any length and sign.
    #[inline(never)]
    pub(super) fn locate_any(&self, serial: SerialRef<'_>) -> Result<Option<Hit>, IndexError> {
        match Magnitude::of_usual_length(serial).or_else(|| Magnitude::of(serial)) {
            Some(serial) => self.locate_magnitude(serial),
            None => self.locate_exception(serial),
        }
    }

    /// The answer for a serial that is no exception.
    #[inline]
    pub(super) fn locate_magnitude(&self, serial: Magnitude) -> Result<Option<Hit>, IndexError> {
        match self.locate_shortly(serial) {
            Known::Absent => Ok(None),
            Known::Found(hit) => Ok(Some(hit)),
            Known::Unsure => self.locate_carefully(serial),
        }
    }

    /// Checks what it reads, and says what is wrong with it.
    #[cold]
    #[inline(never)]
    fn locate_carefully(&self, serial: Magnitude) -> Result<Option<Hit>, IndexError> {
        match self.row.encoding {
            Encoding::Hashed => {
                let hash = self.hasher().hash(serial);
                if self.row.buckets == 0 || self.is_excluded_carefully(hash)? {
                    return Ok(None);
                }
                self.search_bucket(serial, hash)
            }
            Encoding::Ordinal => self.locate_ordinal(serial),
        }
    }

    /// Whether the filter excludes a hash.
    pub(super) fn is_excluded_carefully(&self, hash: u64) -> Result<bool, IndexError> {
        let number = word_of(hash, self.filter.len());
        self.part(self.row.spans.filter, number.wrapping_mul(8), 8, Part::Filter)?;
        is_excluded(self.filter, hash).ok_or(malformed(Part::Filter, "a word is missing"))
    }

    /// One bucket; the candidates it leaves are compared with the serial.
    fn search_bucket(&self, serial: Magnitude, hash: u64) -> Result<Option<Hit>, IndexError> {
        let (number, tag) = bucket_and_tag(hash, to_usize(self.row.buckets));
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let bucket = self.bucket(number)?;
        let slots = matching_slots(bucket, tag);
        // Tags are sorted: a bucket with more records goes on with tags that are not below the last.
        let goes_on = tag >= last_tag(bucket);
        if slots.is_empty() && !goes_on {
            return Ok(None);
        }
        let (start, end) = self.bucket_bounds(number)?;
        for slot in slots {
            let ordinal = start.wrapping_add(slot);
            // Empty slots look like the highest tag.
            if ordinal < end
                && let Some(hit) = self.record_if(serial, ordinal)?
            {
                return Ok(Some(hit));
            }
        }
        let with_tags = u32::try_from(TAGS).unwrap_or(u32::MAX);
        if end - start > with_tags && goes_on {
            for ordinal in start + with_tags..end {
                if let Some(hit) = self.record_if(serial, ordinal)? {
                    return Ok(Some(hit));
                }
            }
        }
        Ok(None)
    }

    /// First record of a bucket, and of the next.
    pub(super) fn bucket_bounds(&self, number: u32) -> Result<(u32, u32), IndexError> {
        let start = rank(self.bucket(number)?);
        let next = number.saturating_add(1);
        let end = if next < self.row.buckets { rank(self.bucket(next)?) } else { self.row.records };
        if start <= end && end <= self.row.records {
            Ok((start, end))
        } else {
            Err(malformed(Part::Buckets, "one ends before it begins or behind the last record"))
        }
    }

    /// A bucket of a hashed table.
    pub(super) fn bucket(&self, number: u32) -> Result<&'a Bucket, IndexError> {
        self.field(self.row.spans.keys, to_usize(number).wrapping_mul(BUCKET), Part::Buckets)
    }

    fn record_if(&self, serial: Magnitude, ordinal: u32) -> Result<Option<Hit>, IndexError> {
        let (stored, fact) = self.record(ordinal)?;
        Ok((stored == serial).then_some(Hit { ordinal, fact }))
    }

    /// Serial and fact word of a hashed record.
    pub(super) fn record(&self, ordinal: u32) -> Result<(Magnitude, u32), IndexError> {
        let be = |octets: &[u8], at| array_at(octets, at).map_or(0, |octets| u64::from_be_bytes(*octets));
        let (span, at) = (self.row.spans.records, self.row.width.position(ordinal));
        Ok(match self.row.width {
            Width::Eight => {
                let octets: &[u8; 12] = self.field(span, at, Part::Records)?;
                let serial = Magnitude { high: 0, middle: 0, low: be(octets, 0) };
                (serial, u32_at(octets, 8).unwrap_or(0))
            }
            Width::Sixteen => {
                let octets: &[u8; 20] = self.field(span, at, Part::Records)?;
                let serial = Magnitude { high: 0, middle: be(octets, 0), low: be(octets, 8) };
                (serial, u32_at(octets, 16).unwrap_or(0))
            }
            Width::Twenty => {
                let octets: &[u8; 24] = self.field(span, at, Part::Records)?;
                let high = array_at(octets, 0).map_or(0, |octets| u32::from_be_bytes(*octets));
                let serial = Magnitude { high, middle: be(octets, 4), low: be(octets, 12) };
                (serial, u32_at(octets, 20).unwrap_or(0))
            }
        })
    }

    fn locate_ordinal(&self, serial: Magnitude) -> Result<Option<Hit>, IndexError> {
        let Ok(low) = u32::try_from(serial.low) else { return Ok(None) };
        if serial.high != 0 || serial.middle != 0 {
            return Ok(None);
        }
        let [a, b, c, d] = low.to_le_bytes();
        let view = self.bitmap();
        let Some(container) = view.container_of(u16::from_le_bytes([c, d]))? else { return Ok(None) };
        let ranks = self.ranks();
        let Some(within) = view.rank_in(container, u16::from_le_bytes([a, b]), ranks)? else {
            return Ok(None);
        };
        let ordinal = ranks.before(container)?.wrapping_add(within);
        Ok(Some(Hit { ordinal, fact: self.ordinal_fact(ordinal)? }))
    }

    /// The fact word of an ordinal record.
    pub(super) fn ordinal_fact(&self, ordinal: u32) -> Result<u32, IndexError> {
        let octets =
            self.part(self.row.spans.records, to_usize(ordinal).wrapping_mul(FACT), FACT, Part::Records)?;
        u32_at(octets, 0).ok_or(malformed(Part::Records, "a fact word is missing"))
    }

    /// The rank directory of an ordinal table.
    pub(super) fn ranks(&self) -> Ranks<PartSource<'a>> {
        Ranks::new(self.source(self.row.spans.ranks, Part::Ranks), self.row.buckets)
    }

    /// The serials of an ordinal table.
    pub(super) fn bitmap(&self) -> RoaringView<PartSource<'a>> {
        let shape = Shape { containers: self.row.buckets, has_runs: self.row.has_runs };
        RoaringView::new(self.source(self.row.spans.keys, Part::Bitmap), shape)
    }

    #[cold]
    #[inline(never)]
    fn locate_exception(&self, serial: SerialRef<'_>) -> Result<Option<Hit>, IndexError> {
        let (mut from, mut to) = (0, self.row.exceptions);
        while from < to {
            let middle = from.midpoint(to);
            let (octets, fact) = self.exception(middle)?;
            match octets.cmp(serial.octets()) {
                std::cmp::Ordering::Equal => {
                    return Ok(Some(Hit { ordinal: self.row.records.wrapping_add(middle), fact }));
                }
                std::cmp::Ordering::Less => from = middle + 1,
                std::cmp::Ordering::Greater => to = middle,
            }
        }
        Ok(None)
    }

    /// Octets and fact word of an exception.
    pub(super) fn exception(&self, number: u32) -> Result<(&'a [u8], u32), IndexError> {
        let span = self.row.spans.exceptions;
        let (number, count) = (to_usize(number), to_usize(self.row.exceptions));
        let bounds = self.part(span, number.wrapping_mul(4), 8, Part::Exceptions)?;
        let words = count.wrapping_add(1).wrapping_mul(4);
        let word = self.part(span, words.wrapping_add(number.wrapping_mul(FACT)), FACT, Part::Exceptions)?;
        let outside = malformed(Part::Exceptions, "a serial lies outside");
        let start = u32_at(bounds, 0).map_or(0, to_usize);
        let length = u32_at(bounds, 4).and_then(|end| to_usize(end).checked_sub(start)).ok_or(outside)?;
        let octets = self.part(span, start, length, Part::Exceptions)?;
        Ok((octets, u32_at(word, 0).unwrap_or(0)))
    }

    /// Octets of a part of the table.
    pub(super) fn part(
        &self,
        span: Span,
        at: usize,
        length: usize,
        part: Part,
    ) -> Result<&'a [u8], IndexError> {
        if at > span.length || length > span.length - at {
            return Err(malformed(part, "a position lies outside of its part"));
        }
        self.pages.read(span.start + at, length, part)
    }

    /// A few octets of a part of the table, which is what a lookup reads.
    #[inline(always)]
    pub(super) fn field<const N: usize>(
        &self,
        span: Span,
        at: usize,
        part: Part,
    ) -> Result<&'a [u8; N], IndexError> {
        let octets = match at.checked_add(N) {
            Some(end) if end <= span.length => array_at(self.pages.body(), span.start.wrapping_add(at)),
            _ => None,
        };
        let Some(octets) = octets else { return Err(malformed(part, "a position lies outside of its part")) };
        let first = span.start.wrapping_add(at);
        self.pages.touch(first)?;
        if first % PAGE > PAGE - N {
            self.pages.touch(first.wrapping_add(N - 1))?;
        }
        Ok(octets)
    }

    fn source(&self, span: Span, part: Part) -> PartSource<'a> {
        PartSource { pages: self.pages, span, part }
    }
}

/// A part of a table as the source of a bitmap.
#[derive(Debug, Clone, Copy)]
pub(super) struct PartSource<'a> {
    pub(super) pages: Pages<'a>,
    pub(super) span: Span,
    pub(super) part: Part,
}

impl<'a> Source<'a> for PartSource<'a> {
    #[inline(always)]
    fn read(&self, at: usize, length: usize) -> Result<&'a [u8], IndexError> {
        if at > self.span.length || length > self.span.length - at {
            return Err(malformed(self.part, "a container reaches past the end"));
        }
        self.pages.read(self.span.start + at, length, self.part)
    }
}
