//! Where everything is in the file: named offsets, and the header and the table directory as values.
//!
//! `docs/format.md` draws the same picture. All integers are little-endian.
//!
//! ```text
//! +--------+-------------+------+--------+--------+---------+------------+-------+-----------+------+
//! | header | authorities | CRLs | lookup | tables | table   | certificate| page  | page sums | body |
//! | 512    |             |      |        |        | CRLs    | issuers    | roots |           |      |
//! +--------+-------------+------+--------+--------+---------+------------+-------+-----------+------+
//!           `---------------- covered by a CRC-32 each, in the header -----------'  by roots   by sums
//! ```

use std::ops::Range;

use super::bytes::{array_at, i64_at, put, to_u64, to_usize, u32_at, u64_at};
use super::error::{IndexError, Part};

/// A first octet outside ASCII, both line ends and an end-of-file mark: what a transfer as text would damage.
pub(super) const MAGIC: [u8; 8] = *b"\x89RVC\r\n\x1a\n";
/// The version that this program writes, and the only one that it reads.
pub(super) const VERSION: u32 = 3;

/// Octets of the header.
pub(super) const HEADER: usize = 512;
pub(super) const AT_VERSION: usize = 8;
const AT_TABLES: usize = 12;
pub(super) const AT_FILE_LENGTH: usize = 16;
const AT_GENERATION: usize = 24;
const AT_CREATED: usize = 32;
const AT_SECRET: usize = 40;
const AT_PREVIOUS: usize = 72;
const AT_ENTRIES: usize = 80;
const AT_AUTHORITIES: usize = 88;
const AT_CRLS: usize = 92;
const AT_FLAGS: usize = 96;
const AT_SECTIONS: usize = 104;
/// The last four octets: CRC-32 of all before.
pub(super) const AT_HEADER_SUM: usize = HEADER - 4;
/// The build compared itself with a previous generation.
const FLAG_HAS_PREVIOUS: u32 = 1;

/// Octets of one row of the section table: offset u64, length u64, CRC-32 u32, zero u32.
pub(super) const SECTION_ROW: usize = 24;

/// The sections, in file order; the position is the row of the section table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SectionKind {
    Authorities,
    Crls,
    Lookup,
    Tables,
    TableCrls,
    Issuers,
    PageRoots,
    PageSums,
    Body,
}

impl SectionKind {
    pub(super) const ALL: [Self; 9] = [
        Self::Authorities,
        Self::Crls,
        Self::Lookup,
        Self::Tables,
        Self::TableCrls,
        Self::Issuers,
        Self::PageRoots,
        Self::PageSums,
        Self::Body,
    ];

    /// The row of the section table.
    pub(super) fn row(self) -> usize {
        Self::ALL.iter().position(|kind| *kind == self).unwrap_or(0)
    }

    /// Whether the checksum in the section table covers it; the other two have checksums per page.
    pub(super) fn is_small(self) -> bool {
        !matches!(self, Self::PageSums | Self::Body)
    }

    /// How messages call it.
    pub(super) fn part(self) -> Part {
        match self {
            Self::Authorities => Part::Authorities,
            Self::Crls => Part::Crls,
            Self::Lookup => Part::Lookup,
            Self::Tables | Self::TableCrls => Part::Tables,
            Self::Issuers => Part::Issuers,
            Self::PageRoots | Self::PageSums => Part::PageSums,
            Self::Body => Part::Body,
        }
    }

    /// The alignment of its first octet in the file.
    pub(super) fn alignment(self) -> usize {
        if self == Self::Body { super::pages::PAGE } else { 64 }
    }
}

/// One row of the section table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Section {
    pub(super) offset: u64,
    pub(super) length: u64,
    pub(super) sum: u32,
}

/// The header as a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) file_length: u64,
    pub(super) generation: u64,
    pub(super) created_at: i64,
    pub(super) secret: [u8; 32],
    pub(super) previous: Option<u64>,
    pub(super) entries: u64,
    pub(super) authorities: u32,
    pub(super) crls: u32,
    pub(super) tables: u32,
    pub(super) sections: [Section; SectionKind::ALL.len()],
}

impl Header {
    pub(super) fn encode(&self) -> [u8; HEADER] {
        let mut octets = [0; HEADER];
        put(&mut octets, 0, &MAGIC);
        put(&mut octets, AT_VERSION, &VERSION.to_le_bytes());
        put(&mut octets, AT_TABLES, &self.tables.to_le_bytes());
        put(&mut octets, AT_FILE_LENGTH, &self.file_length.to_le_bytes());
        put(&mut octets, AT_GENERATION, &self.generation.to_le_bytes());
        put(&mut octets, AT_CREATED, &self.created_at.to_le_bytes());
        put(&mut octets, AT_SECRET, &self.secret);
        put(&mut octets, AT_PREVIOUS, &self.previous.unwrap_or(0).to_le_bytes());
        put(&mut octets, AT_ENTRIES, &self.entries.to_le_bytes());
        put(&mut octets, AT_AUTHORITIES, &self.authorities.to_le_bytes());
        put(&mut octets, AT_CRLS, &self.crls.to_le_bytes());
        let flags = if self.previous.is_some() { FLAG_HAS_PREVIOUS } else { 0 };
        put(&mut octets, AT_FLAGS, &flags.to_le_bytes());
        for (row, section) in self.sections.iter().enumerate() {
            let at = AT_SECTIONS + row * SECTION_ROW;
            put(&mut octets, at, &section.offset.to_le_bytes());
            put(&mut octets, at + 8, &section.length.to_le_bytes());
            put(&mut octets, at + 16, &section.sum.to_le_bytes());
        }
        let sum = header_sum(&octets);
        put(&mut octets, AT_HEADER_SUM, &sum.to_le_bytes());
        octets
    }

    pub(super) fn decode(file: &[u8]) -> Result<Self, IndexError> {
        if !file.starts_with(&MAGIC) {
            return Err(IndexError::NotAnIndex);
        }
        let actual = to_u64(file.len());
        let short = IndexError::WrongLength { stated: to_u64(HEADER), actual };
        // The version comes first: what follows may look different in another one.
        let found = u32_at(file, AT_VERSION).ok_or(short.clone())?;
        if found != VERSION {
            return Err(IndexError::UnsupportedVersion { found });
        }
        let octets: &[u8; HEADER] = file.first_chunk().ok_or(short)?;
        if u32_at(octets, AT_HEADER_SUM) != Some(header_sum(octets)) {
            return Err(IndexError::Damaged { part: Part::Header, offset: 0 });
        }
        let header = Self::fields(octets)
            .ok_or(IndexError::Malformed { part: Part::Header, what: "a field is missing" })?;
        if header.file_length != actual {
            return Err(IndexError::WrongLength { stated: header.file_length, actual });
        }
        Ok(header)
    }

    /// The octets of a section, or `None` if they reach out of the file.
    pub(super) fn section<'a>(&self, file: &'a [u8], kind: SectionKind) -> Option<&'a [u8]> {
        file.get(self.range(kind))
    }

    /// The octets of a section as positions in the file; those of a length that overflows are behind every file.
    pub(super) fn range(&self, kind: SectionKind) -> Range<usize> {
        let section = self.sections.get(kind.row()).copied().unwrap_or_default();
        to_usize(section.offset)..section.offset.checked_add(section.length).map_or(usize::MAX, to_usize)
    }

    /// Where a section begins.
    pub(super) fn offset(&self, kind: SectionKind) -> u64 {
        self.sections.get(kind.row()).map_or(0, |section| section.offset)
    }

    /// The checksum the header states for a section.
    pub(super) fn sum(&self, kind: SectionKind) -> u32 {
        self.sections.get(kind.row()).map_or(0, |section| section.sum)
    }

    fn fields(octets: &[u8; HEADER]) -> Option<Self> {
        let mut sections = [Section::default(); SectionKind::ALL.len()];
        for (row, section) in sections.iter_mut().enumerate() {
            let at = AT_SECTIONS + row * SECTION_ROW;
            section.offset = u64_at(octets, at)?;
            section.length = u64_at(octets, at + 8)?;
            section.sum = u32_at(octets, at + 16)?;
        }
        let has_previous = u32_at(octets, AT_FLAGS)? & FLAG_HAS_PREVIOUS != 0;
        let previous = u64_at(octets, AT_PREVIOUS)?;
        Some(Self {
            file_length: u64_at(octets, AT_FILE_LENGTH)?,
            generation: u64_at(octets, AT_GENERATION)?,
            created_at: i64_at(octets, AT_CREATED)?,
            secret: *array_at(octets, AT_SECRET)?,
            previous: has_previous.then_some(previous),
            entries: u64_at(octets, AT_ENTRIES)?,
            authorities: u32_at(octets, AT_AUTHORITIES)?,
            crls: u32_at(octets, AT_CRLS)?,
            tables: u32_at(octets, AT_TABLES)?,
            sections,
        })
    }
}

/// Where the row of a section stands in the header.
pub(super) fn section_row(kind: SectionKind) -> usize {
    AT_SECTIONS + kind.row() * SECTION_ROW
}

/// The checksum of a header, whatever it states itself.
pub(super) fn header_sum(octets: &[u8; HEADER]) -> u32 {
    crc32fast::hash(octets.get(..AT_HEADER_SUM).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_round_trips_and_every_flipped_bit_is_seen() {
        let mut header = Header {
            file_length: 512,
            generation: 7,
            created_at: -5,
            secret: [3; 32],
            previous: Some(0),
            entries: 1 << 40,
            authorities: 1,
            crls: 2,
            tables: 3,
            sections: [Section::default(); SectionKind::ALL.len()],
        };
        header.sections[4] = Section { offset: 512, length: 9, sum: 77 };
        let octets = header.encode();
        assert_eq!(Header::decode(&octets).unwrap(), header);
        for bit in 0..HEADER * 8 {
            let mut flipped = octets;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Header::decode(&flipped).is_err(), "bit {bit}");
        }
    }
}
