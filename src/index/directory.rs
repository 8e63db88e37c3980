//! The table directory: one row of fixed width per table, and one per CRL of a table.

use super::bytes::{i64_at, put, to_u64, to_usize, u32_at, u64_at};
use super::error::{IndexError, Part};
use super::probe::{BUCKET, LINE};
use super::roaring::{MOST_CONTAINERS, Shape};

/// Octets of a row of the table directory.
pub(super) const TABLE_ROW: usize = 208;
const AT_AUTHORITY: usize = 0;
const AT_ENCODING: usize = 4;
const AT_WIDTH: usize = 5;
const AT_COLUMN: usize = 6;
const AT_FLAGS: usize = 7;
const AT_ISSUER: usize = 8;
const AT_FIRST_CRL: usize = 16;
const AT_CRL_COUNT: usize = 20;
const AT_RECORDS: usize = 24;
const AT_EXCEPTIONS: usize = 28;
const AT_ROWS: usize = 32;
const AT_FILTER_LINES: usize = 36;
const AT_BASE: usize = 40;
const AT_BUCKETS: usize = 48;
const AT_SPANS: usize = 56;
const AT_ADDED: usize = 168;
const AT_REMOVED: usize = 184;
const FLAG_CERTIFICATE_ISSUER: u8 = 1;
const FLAG_RUNS: u8 = 2;

/// Octets of a row of a table's CRLs: CRL id u32, cardinality u32, offset u64, length u32, zero u32.
pub(super) const TABLE_CRL_ROW: usize = 24;

/// Octets of one detail row.
pub(super) const DETAIL_ROW: usize = 32;
/// Octets of a fact word.
pub(super) const FACT: usize = 4;

/// How the serials of a table are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// A Roaring bitmap of the serials themselves, which all fit 32 bits.
    Ordinal,
    /// Records in the order of a keyed hash.
    Hashed,
}

/// The width to which magnitudes are padded in the records of a hashed table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    Eight,
    Sixteen,
    Twenty,
}

impl Width {
    /// Octets of a serial.
    pub(super) const fn octets(self) -> usize {
        match self {
            Self::Eight => 8,
            Self::Sixteen => 16,
            Self::Twenty => 20,
        }
    }

    /// Where a record begins, counted from the first. Strides 12 and 20 never straddle a line, 24 is packed.
    #[inline(always)]
    pub(super) fn position(self, ordinal: u32) -> usize {
        let ordinal = to_usize(ordinal);
        match self {
            Self::Eight => (ordinal / 5).wrapping_mul(LINE).wrapping_add(ordinal % 5 * 12),
            Self::Sixteen => (ordinal / 3).wrapping_mul(LINE).wrapping_add(ordinal % 3 * 20),
            Self::Twenty => ordinal.wrapping_mul(24),
        }
    }

    /// Octets of this many records; `None` if that cannot be counted.
    pub(super) fn section_length(self, records: u32) -> Option<usize> {
        let records = to_usize(records);
        match self {
            Self::Eight => records.div_ceil(5).checked_mul(LINE),
            Self::Sixteen => records.div_ceil(3).checked_mul(LINE),
            Self::Twenty => records.checked_mul(24),
        }
    }
}

/// Octets of the body, counted from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) length: usize,
}

/// A set of ordinals: in the body, or, without octets, all ordinals below `cardinality`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct SetSpan {
    pub(super) span: Span,
    pub(super) cardinality: u32,
}

impl SetSpan {
    /// Whether it can be a set of records of a table with so many.
    pub(super) fn fits(&self, ordinals: u32) -> bool {
        self.cardinality <= ordinals
    }
}

/// The parts of a table in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Spans {
    pub(super) filter: Span,
    /// Buckets, or the bitmap of an ordinal table.
    pub(super) keys: Span,
    /// The rank directory of an ordinal table.
    pub(super) ranks: Span,
    pub(super) records: Span,
    pub(super) column: Span,
    pub(super) details: Span,
    pub(super) exceptions: Span,
}

impl Spans {
    fn all(&self) -> [Span; 7] {
        [self.filter, self.keys, self.ranks, self.records, self.column, self.details, self.exceptions]
    }
}

/// One table of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableRow {
    pub(super) authority: u32,
    /// Where the certificate issuer stands in the issuers section: offset and length.
    pub(super) certificate_issuer: Option<(u32, u32)>,
    pub(super) encoding: Encoding,
    pub(super) width: Width,
    /// Octets per record of the CRL column; 0 where the table has one CRL.
    pub(super) column_width: usize,
    pub(super) first_crl: u32,
    pub(super) crl_count: u32,
    pub(super) records: u32,
    pub(super) exceptions: u32,
    pub(super) detail_rows: u32,
    pub(super) base: i64,
    pub(super) filter_lines: u32,
    /// Buckets of a hashed table, containers of an ordinal one.
    pub(super) buckets: u32,
    /// Whether the bitmap of an ordinal table has run containers.
    pub(super) has_runs: bool,
    pub(super) spans: Spans,
    pub(super) added: SetSpan,
    pub(super) removed: SetSpan,
}

impl TableRow {
    /// `body` is the offset of the body in the file.
    pub(super) fn encode(&self, body: u64) -> [u8; TABLE_ROW] {
        let mut row = [0; TABLE_ROW];
        let width = match self.encoding {
            Encoding::Ordinal => 0,
            Encoding::Hashed => u8::try_from(self.width.octets()).unwrap_or(0),
        };
        let encoding = match self.encoding {
            Encoding::Ordinal => 1,
            Encoding::Hashed => 2,
        };
        let mut flags = if self.certificate_issuer.is_some() { FLAG_CERTIFICATE_ISSUER } else { 0 };
        flags |= if self.has_runs { FLAG_RUNS } else { 0 };
        let (issuer_offset, issuer_length) = self.certificate_issuer.unwrap_or_default();
        put(&mut row, AT_AUTHORITY, &self.authority.to_le_bytes());
        put(&mut row, AT_ENCODING, &[encoding]);
        put(&mut row, AT_WIDTH, &[width]);
        put(&mut row, AT_COLUMN, &[u8::try_from(self.column_width).unwrap_or(0)]);
        put(&mut row, AT_FLAGS, &[flags]);
        put(&mut row, AT_ISSUER, &issuer_offset.to_le_bytes());
        put(&mut row, AT_ISSUER + 4, &issuer_length.to_le_bytes());
        put(&mut row, AT_FIRST_CRL, &self.first_crl.to_le_bytes());
        put(&mut row, AT_CRL_COUNT, &self.crl_count.to_le_bytes());
        put(&mut row, AT_RECORDS, &self.records.to_le_bytes());
        put(&mut row, AT_EXCEPTIONS, &self.exceptions.to_le_bytes());
        put(&mut row, AT_ROWS, &self.detail_rows.to_le_bytes());
        put(&mut row, AT_FILTER_LINES, &self.filter_lines.to_le_bytes());
        put(&mut row, AT_BASE, &self.base.to_le_bytes());
        put(&mut row, AT_BUCKETS, &self.buckets.to_le_bytes());
        for (number, span) in self.spans.all().into_iter().enumerate() {
            put_span(&mut row, AT_SPANS + number * 16, span, body);
        }
        put_set(&mut row, AT_ADDED, self.added, body);
        put_set(&mut row, AT_REMOVED, self.removed, body);
        row
    }

    /// The certificate issuer in the section of issuers.
    pub(super) fn issuer_octets<'i>(&self, issuers: &'i [u8]) -> Option<&'i [u8]> {
        let (offset, length) = self.certificate_issuer?;
        issuers.get(to_usize(offset)..to_usize(offset).checked_add(to_usize(length))?)
    }

    /// Reads a row and compares every count with the lengths it implies.
    pub(super) fn decode(row: &[u8; TABLE_ROW], body: Body) -> Result<Self, IndexError> {
        let table = Self::fields(row, body).ok_or(malformed("a field or a position is out of range"))?;
        table.check_lengths()?;
        Ok(table)
    }

    fn fields(row: &[u8; TABLE_ROW], body: Body) -> Option<Self> {
        let [encoding, width, column, flags] = u32_at(row, AT_ENCODING)?.to_le_bytes();
        let (encoding, width) = match (encoding, width) {
            (1, 0) => (Encoding::Ordinal, Width::Eight),
            (2, 8) => (Encoding::Hashed, Width::Eight),
            (2, 16) => (Encoding::Hashed, Width::Sixteen),
            (2, 20) => (Encoding::Hashed, Width::Twenty),
            _ => return None,
        };
        let mut spans = [Span::default(); 7];
        for (number, span) in spans.iter_mut().enumerate() {
            let at = AT_SPANS + number * 16;
            *span = body.span(u64_at(row, at)?, u64_at(row, at + 8)?)?;
        }
        let [filter, keys, ranks, records, column_span, details, exceptions] = spans;
        let issuer = (u32_at(row, AT_ISSUER)?, u32_at(row, AT_ISSUER + 4)?);
        Some(Self {
            authority: u32_at(row, AT_AUTHORITY)?,
            certificate_issuer: (flags & FLAG_CERTIFICATE_ISSUER != 0).then_some(issuer),
            encoding,
            width,
            column_width: usize::from(column),
            first_crl: u32_at(row, AT_FIRST_CRL)?,
            crl_count: u32_at(row, AT_CRL_COUNT)?,
            records: u32_at(row, AT_RECORDS)?,
            exceptions: u32_at(row, AT_EXCEPTIONS)?,
            detail_rows: u32_at(row, AT_ROWS)?,
            base: i64_at(row, AT_BASE)?,
            filter_lines: u32_at(row, AT_FILTER_LINES)?,
            buckets: u32_at(row, AT_BUCKETS)?,
            has_runs: flags & FLAG_RUNS != 0,
            spans: Spans { filter, keys, ranks, records, column: column_span, details, exceptions },
            added: body.set(row, AT_ADDED)?,
            removed: body.set(row, AT_REMOVED)?,
        })
    }

    fn check_lengths(&self) -> Result<(), IndexError> {
        let ordinals =
            self.records.checked_add(self.exceptions).ok_or(malformed("more records than ordinals"))?;
        let (keys, ranks, records) = match self.encoding {
            Encoding::Hashed => {
                if self.records > 0 && (self.buckets == 0 || self.filter_lines == 0) {
                    return Err(malformed("records without buckets or without a filter"));
                }
                let buckets = to_usize(self.buckets).checked_mul(BUCKET);
                (buckets, Some(0), self.width.section_length(self.records))
            }
            Encoding::Ordinal => {
                // Bitmap and rank directory have lengths of their own, and at least their fixed parts.
                let shape = Shape { containers: self.buckets, has_runs: self.has_runs };
                if self.buckets > MOST_CONTAINERS
                    || self.spans.keys.length < shape.bodies_start()
                    || self.spans.ranks.length < to_usize(self.buckets).saturating_mul(8)
                {
                    return Err(malformed("the bitmap is shorter than its header"));
                }
                (Some(self.spans.keys.length), Some(self.spans.ranks.length), words(self.records, 0))
            }
        };
        let column = to_usize(ordinals).checked_mul(self.column_width);
        let details = to_usize(self.detail_rows).checked_mul(DETAIL_ROW);
        let expected = [lines(self.filter_lines), keys, ranks, records, column, details];
        let actual = self.spans.all();
        if expected.iter().zip(actual).any(|(expected, actual)| *expected != Some(actual.length)) {
            return Err(malformed("a part has another length than its count implies"));
        }
        // Per exception: where its octets end, its fact word; one more position; then the octets.
        let fixed = if self.exceptions == 0 {
            Some(0)
        } else {
            words(self.exceptions, 1)
                .and_then(|offsets| offsets.checked_add(to_usize(self.exceptions).checked_mul(FACT)?))
        };
        if fixed.is_none_or(|fixed| fixed > self.spans.exceptions.length) {
            return Err(malformed("the exceptions are shorter than their directory"));
        }
        let lines_aligned = [self.spans.filter, self.spans.keys, self.spans.records]
            .iter()
            .all(|span| span.start.is_multiple_of(LINE));
        if !lines_aligned {
            return Err(malformed("a hot part is not aligned to cache lines"));
        }
        if !self.added.fits(ordinals) {
            return Err(malformed("more records were added than there are"));
        }
        let narrow = match self.column_width {
            0 => self.crl_count <= 1,
            1 => self.crl_count <= 256,
            2 => self.crl_count <= 65_536,
            width => width == 4,
        };
        if !narrow || (self.crl_count == 0 && ordinals > 0) {
            return Err(malformed("the CRL column does not fit the number of CRLs"));
        }
        Ok(())
    }
}

/// One CRL of a table and the set of records it lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TableCrl {
    pub(super) crl: u32,
    pub(super) set: SetSpan,
}

impl TableCrl {
    pub(super) fn encode(&self, body: u64) -> [u8; TABLE_CRL_ROW] {
        let mut row = [0; TABLE_CRL_ROW];
        put(&mut row, 0, &self.crl.to_le_bytes());
        put_set(&mut row, 8, self.set, body);
        row
    }

    pub(super) fn decode(row: &[u8; TABLE_CRL_ROW], body: Body) -> Option<Self> {
        Some(Self { crl: u32_at(row, 0)?, set: body.set(row, 8)? })
    }
}

/// Where the body is, to turn offsets of the file into positions of the body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Body {
    pub(super) offset: u64,
    pub(super) length: usize,
}

impl Body {
    fn span(self, offset: u64, length: u64) -> Option<Span> {
        if length == 0 {
            return Some(Span::default());
        }
        let start = usize::try_from(offset.checked_sub(self.offset)?).ok()?;
        let length = usize::try_from(length).ok()?;
        (start.checked_add(length)? <= self.length).then_some(Span { start, length })
    }

    fn set(self, row: &[u8], at: usize) -> Option<SetSpan> {
        let span = self.span(u64_at(row, at)?, u64::from(u32_at(row, at + 8)?))?;
        Some(SetSpan { span, cardinality: u32_at(row, at + 12)? })
    }
}

/// An error of the table directory.
pub(super) const fn malformed(what: &'static str) -> IndexError {
    IndexError::Malformed { part: Part::Tables, what }
}

fn put_span(row: &mut [u8], at: usize, span: Span, body: u64) {
    if span.length > 0 {
        put(row, at, &body.saturating_add(to_u64(span.start)).to_le_bytes());
        put(row, at + 8, &to_u64(span.length).to_le_bytes());
    }
}

fn put_set(row: &mut [u8], at: usize, set: SetSpan, body: u64) {
    if set.span.length > 0 {
        put(row, at, &body.saturating_add(to_u64(set.span.start)).to_le_bytes());
        // A bitmap of 32-bit values takes at most 512 MiB and a few pages.
        put(row, at + 8, &u32::try_from(set.span.length).unwrap_or(0).to_le_bytes());
    }
    put(row, at + 12, &set.cardinality.to_le_bytes());
}

fn lines(count: u32) -> Option<usize> {
    to_usize(count).checked_mul(LINE)
}

fn words(count: u32, more: usize) -> Option<usize> {
    to_usize(count).checked_add(more)?.checked_mul(4)
}
