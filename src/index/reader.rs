//! Opening a file and finding authorities, CRLs and tables in it.

use super::authority::{Authority, Handle, LOOKUP_ROW, Lookup};
use super::bytes::to_usize;
use super::codec::{decode_crl, directory_length};
use super::directory::{Body, TABLE_CRL_ROW, TABLE_ROW, TableCrl, TableRow, malformed};
use super::error::{IndexError, Part};
use super::facts::{AuthorityId, CrlId};
use super::hash::Hasher;
use super::layout::{Header, SectionKind};
use super::pages::{CheckedPages, PAGE, Pages};
use super::short_way::ShortWay;
use super::table::Table;
use crate::types::{CertIdHash, CrlFacts, NameKey, UnixTime};

/// An index over the octets of a file, wherever they are: in memory, or mapped.
///
/// Opening reads the front of the file only; the rest is checked page by page when it is first touched. Nothing is
/// allocated per entry. May be shared between threads. The octets must not change while this lives: then answers
/// could be wrong, though still nothing panics.
#[derive(Debug)]
pub struct Index<B> {
    bytes: B,
    front: Front,
}

/// What was read when the file was opened, and what is known of the rest.
#[derive(Debug)]
pub(super) struct Front {
    pub(super) header: Header,
    pub(super) hasher: Hasher,
    crls: Vec<(AuthorityId, CrlFacts)>,
    crls_by_authority: Vec<u32>,
    pub(super) tables: Vec<StoredTable>,
    pub(super) table_crls: Vec<TableCrl>,
    /// Tables with a certificate issuer, in the order of the issuers.
    by_issuer: Vec<u32>,
    checked: CheckedPages,
}

/// A row of the table directory, and what the short way to an answer takes from it.
#[derive(Debug)]
pub(super) struct StoredTable {
    pub(super) row: TableRow,
    pub(super) short_way: ShortWay,
}

impl<B: AsRef<[u8]>> Index<B> {
    /// Opens an index; the time it takes depends on the number of authorities, CRLs and tables, not of entries.
    ///
    /// # Errors
    /// [`IndexError`] says whether it is no index, one of another version, incomplete, damaged or contradictory.
    pub fn open(bytes: B) -> Result<Self, IndexError> {
        let file = bytes.as_ref();
        let header = Header::decode(file)?;
        for kind in SectionKind::ALL {
            let section = header.section(file, kind);
            let section =
                section.ok_or(malformed_in(kind.part(), "a section reaches past the end of the file"))?;
            if kind.is_small() && crc32fast::hash(section) != header.sum(kind) {
                return Err(IndexError::Damaged { part: kind.part(), offset: header.offset(kind) });
            }
        }
        let section = |kind| header.section(file, kind).unwrap_or_default();
        check_sections(&header, file)?;
        let hasher = Hasher::new(&header.secret);
        let crls = read_crls(&header, section(SectionKind::Crls))?;
        let mut crls_by_authority: Vec<u32> = (0..header.crls).collect();
        crls_by_authority.sort_by_key(|crl| crls.get(to_usize(*crl)).map(|(authority, _)| *authority));
        let body =
            Body { offset: header.offset(SectionKind::Body), length: section(SectionKind::Body).len() };
        let table_crls = read_table_crls(section(SectionKind::TableCrls), body, header.crls)?;
        let issuers = section(SectionKind::Issuers);
        let tables = read_tables(&header, section(SectionKind::Tables), body, issuers, &table_crls)?;
        let issuer_of =
            |number: &u32| tables.get(to_usize(*number)).and_then(|table| table.row.issuer_octets(issuers));
        let mut by_issuer: Vec<u32> =
            (0..header.tables).filter(|number| issuer_of(number).is_some()).collect();
        by_issuer.sort_by_key(issuer_of);
        let checked = CheckedPages::new(&header);
        let front = Front { header, hasher, crls, crls_by_authority, tables, table_crls, by_issuer, checked };
        Ok(Self { bytes, front })
    }

    /// The number of this generation.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.front.header.generation
    }

    /// The generation that [`Table::added`] and [`Table::removed`] compare with.
    #[must_use]
    pub fn previous_generation(&self) -> Option<u64> {
        self.front.header.previous
    }

    /// When it was built.
    #[must_use]
    pub fn created_at(&self) -> UnixTime {
        UnixTime::from_seconds(self.front.header.created_at)
    }

    /// The secret that keys the hash, for the next generation to keep.
    #[must_use]
    pub fn secret(&self) -> [u8; 32] {
        self.front.header.secret
    }

    /// Length of the file in octets.
    #[must_use]
    pub fn len_bytes(&self) -> u64 {
        self.front.header.file_length
    }

    /// Distinct records over all tables.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.front.header.entries
    }

    /// The octets it reads from.
    #[must_use]
    pub fn bytes(&self) -> &B {
        &self.bytes
    }

    /// All authorities, in the order of their ids.
    pub fn authorities(&self) -> impl Iterator<Item = Authority<'_>> {
        let section = self.section(SectionKind::Authorities);
        (0..self.front.header.authorities).filter_map(move |number| Authority::decode(section, number))
    }

    /// The authority of this id, `None` for an id of another file.
    #[must_use]
    pub fn authority(&self, id: AuthorityId) -> Option<Authority<'_>> {
        if id.0 >= self.front.header.authorities {
            return None;
        }
        Authority::decode(self.section(SectionKind::Authorities), id.0)
    }

    /// The authorities of this name; several may share one.
    pub fn authorities_named<'i>(&'i self, name: &'i NameKey) -> impl Iterator<Item = Authority<'i>> {
        self.lookup().find(Handle::Name(name.octets()))
    }

    /// The authorities with this key, given as SHA-256 of its SubjectPublicKeyInfo.
    pub fn authorities_with_key<'i>(
        &'i self,
        spki_sha256: &'i [u8; 32],
    ) -> impl Iterator<Item = Authority<'i>> {
        self.lookup().find(Handle::Key(spki_sha256))
    }

    /// The authority an OCSP CertID means; of several, the one with the lowest id.
    #[must_use]
    pub fn authority_by_cert_id(&self, hashes: &CertIdHash) -> Option<AuthorityId> {
        self.lookup().find(Handle::CertId(hashes)).map(|authority| authority.id()).next()
    }

    /// All CRLs, in the order of their ids.
    pub fn crls(&self) -> impl Iterator<Item = (CrlId, &CrlFacts)> {
        (0..).map(CrlId).zip(self.front.crls.iter().map(|(_, facts)| facts))
    }

    /// The CRLs of an authority, in the order of their ids.
    pub fn crls_of(&self, authority: AuthorityId) -> impl Iterator<Item = (CrlId, &CrlFacts)> + Clone {
        let owner = |crl: &u32| self.front.crls.get(to_usize(*crl)).map(|(owner, _)| *owner);
        let start = self.front.crls_by_authority.partition_point(|crl| owner(crl) < Some(authority));
        let rest = self.front.crls_by_authority.get(start..).unwrap_or_default();
        rest.iter()
            .map_while(move |crl| {
                self.front.crls.get(to_usize(*crl)).map(|(owner, facts)| (*crl, *owner, facts))
            })
            .take_while(move |(_, owner, _)| *owner == authority)
            .map(|(crl, _, facts)| (CrlId(crl), facts))
    }

    /// The facts of a CRL, `None` for an id of another file.
    #[must_use]
    pub fn crl(&self, id: CrlId) -> Option<&CrlFacts> {
        self.front.crls.get(to_usize(id.0)).map(|(_, facts)| facts)
    }

    /// The authority of a CRL.
    #[must_use]
    pub fn authority_of_crl(&self, id: CrlId) -> Option<AuthorityId> {
        self.front.crls.get(to_usize(id.0)).map(|(authority, _)| *authority)
    }

    /// The table of what an authority's CRLs list of its own certificates (`None`), or of another issuer's.
    #[must_use]
    pub fn table(&self, authority: AuthorityId, certificate_issuer: Option<&NameKey>) -> Option<Table<'_>> {
        let wanted = (authority.0, certificate_issuer.map(NameKey::octets));
        let issuers = self.section(SectionKind::Issuers);
        let key = |table: &StoredTable| (table.row.authority, table.row.issuer_octets(issuers)).cmp(&wanted);
        let number = self.front.tables.binary_search_by(key).ok()?;
        self.front.tables.get(number).map(|table| self.view_of(table))
    }

    /// All tables of an authority: its own certificates first, then those of other issuers.
    pub fn tables_of(&self, authority: AuthorityId) -> impl Iterator<Item = Table<'_>> {
        let start = self.front.tables.partition_point(|table| table.row.authority < authority.0);
        let rest = self.front.tables.get(start..).unwrap_or_default();
        rest.iter()
            .take_while(move |table| table.row.authority == authority.0)
            .map(|table| self.view_of(table))
    }

    /// All tables, in the order of authorities and certificate issuers.
    pub fn tables(&self) -> impl Iterator<Item = Table<'_>> {
        self.front.tables.iter().map(|table| self.view_of(table))
    }

    /// Whether any indirect CRL lists certificates of another issuer than its own.
    #[must_use]
    pub fn has_indirect_tables(&self) -> bool {
        !self.front.by_issuer.is_empty()
    }

    /// The tables of indirect CRLs that list certificates of this issuer. [`Table::authority`] tells whose CRLs.
    pub fn tables_for_issuer<'i>(&'i self, issuer: &'i NameKey) -> impl Iterator<Item = Table<'i>> {
        let issuers = self.section(SectionKind::Issuers);
        let octets_of = move |number: &u32| {
            self.front.tables.get(to_usize(*number)).and_then(|table| table.row.issuer_octets(issuers))
        };
        let start = self.front.by_issuer.partition_point(|number| octets_of(number) < Some(issuer.octets()));
        let rest = self.front.by_issuer.get(start..).unwrap_or_default();
        rest.iter()
            .take_while(move |number| octets_of(number) == Some(issuer.octets()))
            .filter_map(|number| self.front.tables.get(to_usize(*number)))
            .map(|table| self.view_of(table))
    }

    /// The number under which [`Index::numbered_table`] finds the table of an authority's own certificates at once.
    pub(crate) fn own_table_number(&self, authority: AuthorityId) -> Option<usize> {
        // No certificate issuer comes before any.
        let number = self.front.tables.partition_point(|table| table.row.authority < authority.0);
        let row = self.front.tables.get(number).map(|table| &table.row)?;
        (row.authority == authority.0 && row.certificate_issuer.is_none()).then_some(number)
    }

    /// The table of this number: a few loads, no search.
    #[inline(always)]
    pub(crate) fn numbered_table(&self, number: usize) -> Option<Table<'_>> {
        self.front.tables.get(number).map(|table| self.view_of(table))
    }

    pub(super) fn header(&self) -> &Header {
        &self.front.header
    }

    pub(super) fn section(&self, kind: SectionKind) -> &[u8] {
        self.front.header.section(self.bytes.as_ref(), kind).unwrap_or_default()
    }

    pub(super) fn lookup(&self) -> Lookup<'_> {
        let (rows, _) = self.section(SectionKind::Lookup).as_chunks::<LOOKUP_ROW>();
        Lookup { rows, authorities: self.section(SectionKind::Authorities), hasher: self.front.hasher }
    }

    pub(super) fn pages(&self) -> Pages<'_> {
        Pages::new(self.bytes.as_ref(), &self.front.checked)
    }

    #[inline(always)]
    fn view_of<'i>(&'i self, table: &'i StoredTable) -> Table<'i> {
        Table::new(&self.front, table, self.pages())
    }
}

impl Front {
    /// The CRLs of a table.
    #[inline(always)]
    pub(super) fn crls_of_table(&self, row: &TableRow) -> &[TableCrl] {
        let first = to_usize(row.first_crl);
        self.table_crls.get(first..first.saturating_add(to_usize(row.crl_count))).unwrap_or_default()
    }
}

/// Compares counts with lengths, so that nothing is allocated by a count that the file has no room for.
fn check_sections(header: &Header, file: &[u8]) -> Result<(), IndexError> {
    let section = |kind| header.section(file, kind).unwrap_or_default();
    let length = |kind| super::bytes::to_u64(section(kind).len());
    let exact = |kind: SectionKind, expected: u64| {
        if length(kind) == expected {
            Ok(())
        } else {
            Err(malformed_in(kind.part(), "the length does not fit the count"))
        }
    };
    exact(SectionKind::Tables, u64::from(header.tables).saturating_mul(super::bytes::to_u64(TABLE_ROW)))?;
    let body = length(SectionKind::Body);
    let page = super::bytes::to_u64(PAGE);
    if !body.is_multiple_of(page) {
        return Err(malformed_in(Part::Body, "it does not consist of whole pages"));
    }
    exact(SectionKind::PageSums, (body / page).saturating_mul(4))?;
    exact(SectionKind::PageRoots, length(SectionKind::PageSums).div_ceil(page).saturating_mul(4))?;
    for (kind, width) in [(SectionKind::TableCrls, TABLE_CRL_ROW), (SectionKind::Lookup, LOOKUP_ROW)] {
        if !section(kind).len().is_multiple_of(width) {
            return Err(malformed_in(kind.part(), "it does not consist of whole rows"));
        }
    }
    for (kind, count) in [(SectionKind::Authorities, header.authorities), (SectionKind::Crls, header.crls)] {
        if length(kind) < directory_length(count) {
            return Err(malformed_in(kind.part(), "it is shorter than its directory"));
        }
    }
    let authorities = section(SectionKind::Authorities);
    for number in 0..header.authorities {
        if !Authority::decode(authorities, number).is_some_and(|authority| authority.is_well_formed()) {
            return Err(malformed_in(Part::Authorities, "an authority cannot be read"));
        }
    }
    Ok(())
}

fn read_crls(header: &Header, section: &[u8]) -> Result<Vec<(AuthorityId, CrlFacts)>, IndexError> {
    let read = |number| {
        let (authority, facts) = super::codec::value_at(section, number)
            .and_then(decode_crl)
            .ok_or(malformed_in(Part::Crls, "the facts of a CRL cannot be read"))?;
        if authority >= header.authorities {
            return Err(malformed_in(Part::Crls, "a CRL belongs to no authority"));
        }
        Ok((AuthorityId(authority), facts))
    };
    (0..header.crls).map(read).collect()
}

fn read_table_crls(section: &[u8], body: Body, crls: u32) -> Result<Vec<TableCrl>, IndexError> {
    let (rows, _) = section.as_chunks::<TABLE_CRL_ROW>();
    let read = |row| {
        TableCrl::decode(row, body)
            .filter(|table_crl| table_crl.crl < crls)
            .ok_or(malformed("a CRL of a table is out of range"))
    };
    rows.iter().map(read).collect()
}

fn read_tables(
    header: &Header,
    section: &[u8],
    body: Body,
    issuers: &[u8],
    table_crls: &[TableCrl],
) -> Result<Vec<StoredTable>, IndexError> {
    let (rows, _) = section.as_chunks::<TABLE_ROW>();
    let mut tables: Vec<StoredTable> = Vec::with_capacity(rows.len());
    let mut entries = 0_u64;
    for row in rows {
        let row = TableRow::decode(row, body)?;
        let first_crl = to_usize(row.first_crl);
        let ordinals = row.records.saturating_add(row.exceptions);
        let crls = table_crls
            .get(first_crl..first_crl.saturating_add(to_usize(row.crl_count)))
            .filter(|crls| crls.iter().all(|table_crl| table_crl.set.fits(ordinals)));
        let Some(crls) = crls.filter(|_| row.authority < header.authorities) else {
            return Err(malformed("a table belongs to no authority, or has CRLs that cannot be"));
        };
        if row.certificate_issuer.is_some() && row.issuer_octets(issuers).is_none() {
            return Err(malformed("a certificate issuer has no name"));
        }
        let key = |row: &TableRow| (row.authority, row.issuer_octets(issuers).map(<[u8]>::to_vec));
        if tables.last().is_some_and(|last| key(&last.row) >= key(&row)) {
            return Err(malformed("the tables are not in order"));
        }
        entries = entries.saturating_add(u64::from(row.records) + u64::from(row.exceptions));
        let short_way = ShortWay::new(&row, crls, header.range(SectionKind::Body).start);
        tables.push(StoredTable { row, short_way });
    }
    if entries == header.entries {
        Ok(tables)
    } else {
        Err(malformed("the tables have another number of entries than the header says"))
    }
}

const fn malformed_in(part: Part, what: &'static str) -> IndexError {
    IndexError::Malformed { part, what }
}
