//! The full check of a file: every checksum, and that every part agrees with every other.

use super::bytes::{to_u64, to_usize};
use super::directory::{Encoding, TableRow};
use super::error::{IndexError, Part};
use super::fact::{Fact, malformed};
use super::hash::{Magnitude, bucket_and_tag};
use super::layout::{HEADER, SectionKind};
use super::probe::{NO_TAG, RANK_AT, TAGS};
use super::reader::Index;
use super::table::Table;
use crate::types::SerialRef;

/// What a full check went through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Authorities.
    pub authorities: u64,
    /// CRLs.
    pub crls: u64,
    /// Tables.
    pub tables: u64,
    /// Distinct records over all tables.
    pub entries: u64,
    /// Listings: more than entries where several CRLs list one serial.
    pub listings: u64,
    /// Length of the file in octets.
    pub bytes: u64,
}

impl<B: AsRef<[u8]>> Index<B> {
    /// Checks the whole file anew: all checksums, then the structure of everything. Time grows with the file, about
    /// a second for ten million entries.
    ///
    /// # Errors
    /// [`IndexError`] for the first thing that is not as it should be.
    pub fn verify(&self) -> Result<Summary, IndexError> {
        let header = self.header();
        for kind in SectionKind::ALL.into_iter().filter(|kind| kind.is_small()) {
            if crc32fast::hash(self.section(kind)) != header.sum(kind) {
                return Err(IndexError::Damaged { part: kind.part(), offset: header.offset(kind) });
            }
        }
        self.verify_gaps()?;
        self.pages().check_all()?;
        self.verify_lookup()?;
        let mut listings = 0;
        for table in self.tables() {
            listings += TableCheck::new(&table).run()?;
        }
        Ok(Summary {
            authorities: u64::from(header.authorities),
            crls: u64::from(header.crls),
            tables: u64::from(header.tables),
            entries: header.entries,
            listings,
            bytes: header.file_length,
        })
    }

    /// No checksum covers what aligns a section, so it has to be what a builder leaves there: zeros. Nothing reads it,
    /// but a flipped bit anywhere tells of a disk that is not to be trusted.
    fn verify_gaps(&self) -> Result<(), IndexError> {
        let mut end = HEADER;
        for kind in SectionKind::ALL {
            let start = to_usize(self.header().offset(kind));
            let gap = self.bytes().as_ref().get(end..start);
            if !gap.is_some_and(|gap| gap.iter().all(|octet| *octet == 0)) {
                return Err(IndexError::Damaged { part: kind.part(), offset: to_u64(end) });
            }
            end = start.saturating_add(self.section(kind).len());
        }
        Ok(())
    }

    /// Rows in order, every authority found by everything it is known by, and nothing else.
    fn verify_lookup(&self) -> Result<(), IndexError> {
        let wrong = |what| Err(malformed(Part::Lookup, what));
        let lookup = self.lookup();
        if !lookup.rows.iter().map(super::authority::row_fields).is_sorted_by(|left, right| left < right) {
            return wrong("the rows are not in order");
        }
        let facts = self.authorities().map(|authority| authority.to_facts());
        let mut expected: Vec<_> = (0..)
            .zip(facts)
            .flat_map(|(number, facts)| super::authority::lookup_rows(&lookup.hasher, number, &facts))
            .collect();
        expected.sort_unstable();
        expected.dedup();
        if !expected.iter().copied().eq(lookup.rows.iter().map(super::authority::row_fields)) {
            return wrong("the rows are not those of the authorities");
        }
        Ok(())
    }
}

/// The check of one table.
struct TableCheck<'t> {
    table: &'t Table<'t>,
    row: &'t TableRow,
    /// Detail rows that records led to so far.
    rows: u32,
    /// Records of each CRL so far, and what its set says next.
    sets: Vec<SetCheck>,
}

/// The ordinals of a set, to be met in order.
struct SetCheck {
    ordinals: roaring::bitmap::IntoIter,
}

impl<'t> TableCheck<'t> {
    fn new(table: &'t Table<'t>) -> Self {
        Self { table, row: table.row, rows: 0, sets: Vec::new() }
    }

    fn run(mut self) -> Result<u64, IndexError> {
        if !self.table.table_crls().is_sorted_by(|left, right| left.crl < right.crl) {
            return Err(malformed(Part::Tables, "the CRLs of a table are not in order"));
        }
        for table_crl in self.table.table_crls() {
            let set = super::set::RecordSet::read(&self.table.pages, table_crl.set)?.to_bitmap()?;
            self.sets.push(SetCheck { ordinals: set.into_iter() });
        }
        for set in [self.table.added()?, self.table.removed()?].into_iter().flatten() {
            set.to_bitmap()?;
        }
        if let Some(added) = self.table.added()?
            && added.to_bitmap()?.max().is_some_and(|last| u64::from(last) >= self.table.len())
        {
            return Err(malformed(Part::Sets, "an added record does not exist"));
        }
        match self.row.encoding {
            Encoding::Hashed => self.check_hashed_keys()?,
            Encoding::Ordinal => self.check_ordinal_keys()?,
        }
        self.check_exceptions()?;
        self.check_facts()
    }

    /// Buckets, tags, filter and the order of the records.
    fn check_hashed_keys(&self) -> Result<(), IndexError> {
        let mut expected_start = 0;
        let mut last: Option<(u64, Magnitude)> = None;
        for bucket in 0..self.row.buckets {
            let (start, end) = self.table.bucket_bounds(bucket)?;
            if start != expected_start {
                return Err(malformed(Part::Buckets, "the buckets do not follow each other"));
            }
            expected_start = end;
            let mut tags = [NO_TAG; TAGS];
            for (number, ordinal) in (start..end).enumerate() {
                let (serial, _) = self.table.record(ordinal)?;
                let hash = self.table.hasher().hash(serial);
                let (own_bucket, tag) = bucket_and_tag(hash, to_usize(self.row.buckets));
                if own_bucket != to_usize(bucket) {
                    return Err(malformed(
                        Part::Records,
                        "a record lies in another bucket than its hash says",
                    ));
                }
                if last.is_some_and(|last| last >= (hash, serial)) {
                    return Err(malformed(Part::Records, "the records are not in the order of their hashes"));
                }
                last = Some((hash, serial));
                if let Some(slot) = tags.get_mut(number) {
                    *slot = tag;
                }
                if self.table.is_excluded_carefully(hash)? {
                    return Err(malformed(Part::Filter, "a record does not pass the filter"));
                }
            }
            let (stored, _) = self.table.bucket(bucket)?.split_at(RANK_AT);
            if !stored.as_chunks::<2>().0.iter().map(|octets| u16::from_le_bytes(*octets)).eq(tags) {
                return Err(malformed(Part::Buckets, "the tags of a bucket are not those of its records"));
            }
        }
        if expected_start == self.row.records {
            Ok(())
        } else {
            Err(malformed(Part::Buckets, "the last bucket does not end with the records"))
        }
    }

    /// The bitmap, and that the rank directory leads every serial to its place.
    fn check_ordinal_keys(&self) -> Result<(), IndexError> {
        let span = self.row.spans.keys;
        let octets = self.table.part(span, 0, span.length, Part::Bitmap)?;
        let (shape, ranks) = super::roaring::rank_directory(octets)?;
        if (shape.containers, shape.has_runs) != (self.row.buckets, self.row.has_runs) {
            return Err(malformed(Part::Bitmap, "its header is not as the directory says"));
        }
        let span = self.row.spans.ranks;
        if self.table.part(span, 0, span.length, Part::Ranks)? != ranks.as_slice() {
            return Err(malformed(Part::Ranks, "the rank directory does not fit the bitmap"));
        }
        let count = self.table.bitmap().for_each(|_| ())?;
        if count == u64::from(self.row.records) {
            Ok(())
        } else {
            Err(malformed(Part::Bitmap, "it has not as many serials as there are records"))
        }
    }

    fn check_exceptions(&self) -> Result<(), IndexError> {
        let mut last: Option<&[u8]> = None;
        for number in 0..self.row.exceptions {
            let (octets, _) = self.table.exception(number)?;
            let serial = SerialRef::new(octets).ok().filter(|serial| serial.octets() == octets);
            if serial.is_none_or(|serial| Magnitude::of(serial).is_some()) {
                return Err(malformed(Part::Exceptions, "a serial is not canonical, or no exception"));
            }
            if last.is_some_and(|last| last >= octets) {
                return Err(malformed(Part::Exceptions, "the serials are not in order"));
            }
            last = Some(octets);
        }
        Ok(())
    }

    /// Every fact word, column value, detail row and set.
    fn check_facts(mut self) -> Result<u64, IndexError> {
        let mut listings = 0_u64;
        let ordinals = self.row.records.wrapping_add(self.row.exceptions);
        for ordinal in 0..ordinals {
            match Fact::decode(self.fact_of(ordinal)?, self.row.base)? {
                Fact::Inline(_) => {
                    let crl = self.table.column(ordinal)?;
                    self.meet(ordinal, crl.0)?;
                    listings += 1;
                }
                Fact::Rows(first) => listings += u64::from(self.check_rows(ordinal, first)?),
            }
        }
        if self.rows != self.row.detail_rows {
            return Err(malformed(Part::Details, "there are rows that no record leads to"));
        }
        if self.sets.iter_mut().any(|set| set.ordinals.next().is_some()) {
            return Err(malformed(Part::Sets, "the set of a CRL has records that it does not list"));
        }
        Ok(listings)
    }

    fn check_rows(&mut self, ordinal: u32, first: u32) -> Result<u32, IndexError> {
        if first != self.rows {
            return Err(malformed(Part::Details, "the rows of the records do not follow each other"));
        }
        let mut last = None;
        loop {
            let row = self.table.detail_row(self.rows)?;
            let crl = self.table.table_crls().get(to_usize(row.crl)).map(|table_crl| table_crl.crl);
            let crl =
                crl.ok_or(malformed(Part::Details, "a row is of a CRL that the table does not have"))?;
            if row.ordinal != ordinal || last.is_some_and(|last| last >= row.crl) {
                return Err(malformed(Part::Details, "a row belongs to another record, or is out of order"));
            }
            if last.is_none() && self.table.column(ordinal)?.0 != crl {
                return Err(malformed(Part::Column, "it does not name the CRL of the first row"));
            }
            last = Some(row.crl);
            self.meet(ordinal, crl)?;
            self.rows = self.rows.checked_add(1).ok_or(malformed(Part::Details, "the rows do not end"))?;
            if !row.more {
                return Ok(self.rows - first);
            }
        }
    }

    fn fact_of(&self, ordinal: u32) -> Result<u32, IndexError> {
        match (ordinal.checked_sub(self.row.records), self.row.encoding) {
            (Some(number), _) => self.table.exception(number).map(|(_, fact)| fact),
            (None, Encoding::Hashed) => self.table.record(ordinal).map(|(_, fact)| fact),
            (None, Encoding::Ordinal) => self.table.ordinal_fact(ordinal),
        }
    }

    /// The set of a CRL must name this record next.
    fn meet(&mut self, ordinal: u32, crl: u32) -> Result<(), IndexError> {
        let position = self.table.table_crls().binary_search_by_key(&crl, |table_crl| table_crl.crl);
        let set = position.ok().and_then(|position| self.sets.get_mut(position));
        match set.and_then(|set| set.ordinals.next()) {
            Some(next) if next == ordinal => Ok(()),
            _ => Err(malformed(Part::Sets, "the set of a CRL misses a record it lists")),
        }
    }
}
