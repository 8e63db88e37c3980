//! The finished file as pieces in memory, and how it is written.

use std::io::{self, Write};

use super::super::bytes::to_u64;
use super::super::directory::{TABLE_CRL_ROW, TABLE_ROW, TableCrl, TableRow};
use super::super::error::BuildError;
use super::super::facts::FileFacts;
use super::super::layout::{HEADER, Header, Section, SectionKind};
use super::super::pages::{PAGE, sums_of};
use super::body::BodyWriter;
use super::too_many;
use crate::types::NameKey;

/// Octets per write: a multiple of the largest page of the machine, so that every write begins where one can. The page
/// cache then keeps the file in large pages and maps it with them, which saves a lookup most of its page walks.
const WRITE: usize = 4 * 1024 * 1024;

/// A finished index, to be written to a file.
#[derive(Debug)]
pub struct Image {
    front: Vec<u8>,
    body: Vec<Vec<u8>>,
    len: u64,
    entries: u64,
}

impl Image {
    /// Length of the file in octets; never zero.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "an image has a header at least")]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Distinct records over all tables.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// Writes the file with few large writes of equal length. Give it the file itself, not a buffer.
    ///
    /// # Errors
    /// What the writer reports.
    pub fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        let mut waiting: Vec<u8> = Vec::with_capacity(WRITE.min(usize::try_from(self.len).unwrap_or(WRITE)));
        for piece in [&self.front].into_iter().chain(&self.body) {
            let mut rest = piece.as_slice();
            while let Some((now, later)) = rest.split_at_checked(WRITE - waiting.len()) {
                waiting.extend_from_slice(now);
                out.write_all(&waiting)?;
                waiting.clear();
                rest = later;
            }
            waiting.extend_from_slice(rest);
        }
        out.write_all(&waiting)
    }

    /// The file as octets in one place.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(usize::try_from(self.len).unwrap_or(0));
        octets.extend_from_slice(&self.front);
        self.body.iter().for_each(|piece| octets.extend_from_slice(piece));
        octets
    }
}

/// What stands before the page sums.
#[derive(Debug, Default)]
pub(super) struct Front {
    pub(super) authorities: Vec<u8>,
    pub(super) crls: Vec<u8>,
    pub(super) lookup: Vec<u8>,
    pub(super) tables: Vec<TableRow>,
    pub(super) table_crls: Vec<TableCrl>,
    pub(super) issuers: Vec<u8>,
    pub(super) entries: u64,
    /// Authorities and CRLs.
    pub(super) counts: (usize, usize),
}

impl Front {
    /// Keeps the name of a certificate issuer; tells where.
    pub(super) fn place_issuer(
        &mut self,
        issuer: Option<&NameKey>,
    ) -> Result<Option<(u32, u32)>, BuildError> {
        let Some(issuer) = issuer else { return Ok(None) };
        let number =
            |length: usize| u32::try_from(length).map_err(|_| too_many("octets of certificate issuers"));
        let place = (number(self.issuers.len())?, number(issuer.octets().len())?);
        self.issuers.extend_from_slice(issuer.octets());
        Ok(Some(place))
    }
}

/// Decides where everything goes and writes the front.
pub(super) fn lay_out(
    facts: FileFacts,
    previous: Option<u64>,
    front: Front,
    body: BodyWriter,
) -> Result<Image, BuildError> {
    let (pieces, sums) = body.finish();
    let body_length = pieces.iter().map(Vec::len).sum();
    let roots = sums_of(&sums);
    let lengths = [
        front.authorities.len(),
        front.crls.len(),
        front.lookup.len(),
        front.tables.len() * TABLE_ROW,
        front.table_crls.len() * TABLE_CRL_ROW,
        front.issuers.len(),
        roots.len(),
        sums.len(),
        body_length,
    ];
    let mut sections = [Section::default(); SectionKind::ALL.len()];
    let mut end = HEADER;
    for ((section, kind), length) in sections.iter_mut().zip(SectionKind::ALL).zip(lengths) {
        let start = end.next_multiple_of(kind.alignment());
        *section = Section { offset: to_u64(start), length: to_u64(length), sum: 0 };
        end = start + length;
    }
    let body_offset = to_u64(end - body_length);
    let mut tables = Vec::with_capacity(front.tables.len() * TABLE_ROW);
    front.tables.iter().for_each(|row| tables.extend_from_slice(&row.encode(body_offset)));
    let mut table_crls = Vec::with_capacity(front.table_crls.len() * TABLE_CRL_ROW);
    front.table_crls.iter().for_each(|row| table_crls.extend_from_slice(&row.encode(body_offset)));
    let contents =
        [front.authorities, front.crls, front.lookup, tables, table_crls, front.issuers, roots, sums];
    for ((section, kind), content) in sections.iter_mut().zip(SectionKind::ALL).zip(&contents) {
        section.sum = if kind.is_small() { crc32fast::hash(content) } else { 0 };
    }
    let count = |what: &'static str, count: usize| u32::try_from(count).map_err(|_| too_many(what));
    let header = Header {
        file_length: to_u64(end),
        generation: facts.generation,
        created_at: facts.created_at.seconds(),
        secret: facts.secret,
        previous,
        entries: front.entries,
        authorities: count("authorities", front.counts.0)?,
        crls: count("CRLs", front.counts.1)?,
        tables: count("tables", front.tables.len())?,
        sections,
    };
    let mut octets = header.encode().to_vec();
    for (content, section) in contents.iter().zip(&sections) {
        octets.resize(usize::try_from(section.offset).unwrap_or(octets.len()), 0);
        octets.extend_from_slice(content);
    }
    octets.resize(usize::try_from(body_offset).unwrap_or(octets.len()), 0);
    debug_assert!(octets.len().is_multiple_of(PAGE));
    Ok(Image { front: octets, body: pieces, len: to_u64(end), entries: front.entries })
}
