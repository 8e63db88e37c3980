//! A record that was found, and what the CRLs say of it.

use super::bytes::{to_usize, u16_at, u32_at};
use super::directory::DETAIL_ROW;
use super::error::{IndexError, Part};
use super::fact::{DetailRow, Fact, malformed};
use super::facts::CrlId;
use super::table::{Hit, Table};
use crate::types::Listing;

/// A record of a table.
#[derive(Debug, Clone, Copy)]
pub struct Found<'t> {
    table: &'t Table<'t>,
    hit: Hit,
}

impl<'t> Found<'t> {
    #[inline(always)]
    pub(super) fn new(table: &'t Table<'t>, hit: Hit) -> Self {
        Self { table, hit }
    }

    /// Number of the record in its table, from 0; what the sets of the table are made of.
    #[must_use]
    pub fn ordinal(&self) -> u32 {
        self.hit.ordinal
    }

    /// What each CRL that lists the serial says of it, in the order of the CRL ids; at least one.
    #[must_use]
    pub fn listings(&self) -> FoundListings<'t> {
        FoundListings { table: self.table, ordinal: self.hit.ordinal, next: Some(Next::Fact(self.hit.fact)) }
    }
}

impl Found<'_> {
    /// What is said of the serial where one CRL alone says it, and no more than fits the record, as nearly always; `None`
    /// where [`Found::listings`] has to be asked.
    #[inline(always)]
    pub fn inline_listing(&self) -> Option<(CrlId, Listing)> {
        self.table.short_way.near.inline.listing(self.hit.fact)
    }
}

/// The listings of a record: an iterator that ends behind the first error.
#[derive(Debug, Clone, Copy)]
pub struct FoundListings<'t> {
    table: &'t Table<'t>,
    ordinal: u32,
    next: Option<Next>,
}

/// Where the next listing is.
#[derive(Debug, Clone, Copy)]
enum Next {
    /// In this fact word, or in rows that it leads to.
    Fact(u32),
    /// In the row of this number.
    Row(u32),
}

impl Iterator for FoundListings<'_> {
    type Item = Result<(CrlId, Listing), IndexError>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let next = self.next.take()?;
        // Of a table with one CRL the word says it all.
        if let Next::Fact(word) = next
            && let Some(listing) = self.table.short_way.near.inline.listing(word)
        {
            return Some(Ok(listing));
        }
        Some(read(self.table, self.ordinal, next).map(|(crl, listing, next)| {
            self.next = next;
            (crl, listing)
        }))
    }
}

/// A listing, the CRL that says it, and where the next one is. This takes no iterator by reference, which would keep the
/// iterator out of registers.
#[inline(never)]
fn read(table: &Table<'_>, ordinal: u32, next: Next) -> Result<(CrlId, Listing, Option<Next>), IndexError> {
    let number = match next {
        Next::Fact(word) => match Fact::decode(word, table.row.base)? {
            Fact::Inline(listing) => return Ok((table.column(ordinal)?, listing, None)),
            Fact::Rows(first) => first,
        },
        Next::Row(number) => number,
    };
    let row = table.detail_row(number)?;
    if row.ordinal != ordinal {
        return Err(malformed(Part::Details, "a row belongs to another record"));
    }
    let next = if row.more {
        Some(Next::Row(number.checked_add(1).ok_or(malformed(Part::Details, "the rows do not end"))?))
    } else {
        None
    };
    Ok((table.crl_id(row.crl, Part::Details)?, row.listing, next))
}

impl Table<'_> {
    /// The CRL of a record without rows.
    #[inline]
    pub(super) fn column(&self, ordinal: u32) -> Result<CrlId, IndexError> {
        let width = self.row.column_width;
        let number = if width == 0 {
            0
        } else {
            let at = to_usize(ordinal).wrapping_mul(width);
            let octets = self.part(self.row.spans.column, at, width, Part::Column)?;
            match width {
                1 => octets.first().copied().map(u32::from),
                2 => u16_at(octets, 0).map(u32::from),
                _ => u32_at(octets, 0),
            }
            .unwrap_or(u32::MAX)
        };
        self.crl_id(number, Part::Column)
    }

    pub(super) fn detail_row(&self, number: u32) -> Result<DetailRow, IndexError> {
        let at =
            to_usize(number).checked_mul(DETAIL_ROW).ok_or(malformed(Part::Details, "a row is missing"))?;
        DetailRow::decode(self.part(self.row.spans.details, at, DETAIL_ROW, Part::Details)?)
    }

    fn crl_id(&self, number: u32, part: Part) -> Result<CrlId, IndexError> {
        match self.table_crls().get(to_usize(number)) {
            Some(table_crl) => Ok(CrlId(table_crl.crl)),
            None => Err(malformed(part, "a record is of a CRL that the table does not have")),
        }
    }
}
