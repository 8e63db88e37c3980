//! Fact words and detail rows: when and why a record was revoked, and who says so.
//!
//! A fact word is 28 bits of seconds since the table's base time, above 4 bits of reason. Reason 15 says that the
//! 28 bits are the number of the first detail row instead. The rows of a record are neighbours; each but the last
//! says that more follow, and each names the record it belongs to.

use super::bytes::{i64_at, put, to_usize, u32_at};
use super::directory::DETAIL_ROW;
use super::error::{IndexError, Part};
use crate::types::{Listing, ReasonCode, UnixTime};

/// Seconds after the base that a fact word can say, and detail rows that it can number.
pub(super) const FACT_LIMIT: u32 = 1 << 28;
/// The reason nibble of a record with detail rows.
const HAS_ROWS: u32 = 15;

const AT_CRL: usize = 0;
const AT_REASON: usize = 4;
const AT_FLAGS: usize = 5;
const AT_DATE: usize = 8;
const AT_INVALIDITY: usize = 16;
const AT_ORDINAL: usize = 24;
const FLAG_MORE: u8 = 1;
const FLAG_INVALIDITY: u8 = 2;

/// Reasons by their codes. A table, because records that are neighbours in time have different ones: branches on them would
/// be mispredicted, each time only once the record has come from afar.
const REASONS: [Option<ReasonCode>; 16] = [
    ReasonCode::from_code(0),
    ReasonCode::from_code(1),
    ReasonCode::from_code(2),
    ReasonCode::from_code(3),
    ReasonCode::from_code(4),
    ReasonCode::from_code(5),
    ReasonCode::from_code(6),
    ReasonCode::from_code(7),
    ReasonCode::from_code(8),
    ReasonCode::from_code(9),
    ReasonCode::from_code(10),
    ReasonCode::from_code(11),
    ReasonCode::from_code(12),
    ReasonCode::from_code(13),
    ReasonCode::from_code(14),
    ReasonCode::from_code(15),
];

/// A fact word taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fact {
    /// One listing, by the CRL of the column.
    Inline(Listing),
    /// Number of the first detail row.
    Rows(u32),
}

impl Fact {
    /// The word of an inline listing, `None` if it takes a row.
    pub(super) fn inline_word(base: i64, listing: &Listing) -> Option<u32> {
        let since = listing.revoked_at.seconds().checked_sub(base)?;
        let since = u32::try_from(since).ok().filter(|since| *since < FACT_LIMIT)?;
        listing.invalidity_date.is_none().then_some(since << 4 | u32::from(listing.reason.code()))
    }

    /// The word of a record with rows, `None` if the row cannot be numbered.
    pub(super) fn rows_word(first: u32) -> Option<u32> {
        (first < FACT_LIMIT).then_some(first << 4 | HAS_ROWS)
    }

    #[inline(always)]
    pub(super) fn decode(word: u32, base: i64) -> Result<Self, IndexError> {
        let nibble = word & 15;
        let Some(reason) = REASONS.get(to_usize(nibble)).copied().flatten() else {
            return match nibble {
                HAS_ROWS => Ok(Self::Rows(word >> 4)),
                _ => Err(malformed(Part::Records, "a fact word has a reason that does not exist")),
            };
        };
        let revoked_at = UnixTime::from_seconds(base.wrapping_add(i64::from(word >> 4)));
        Ok(Self::Inline(Listing { revoked_at, reason, invalidity_date: None }))
    }
}

/// A detail row as a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DetailRow {
    /// Which of the table's CRLs.
    pub(super) crl: u32,
    pub(super) listing: Listing,
    /// The record the row belongs to.
    pub(super) ordinal: u32,
    pub(super) more: bool,
}

impl DetailRow {
    pub(super) fn encode(&self) -> [u8; DETAIL_ROW] {
        let mut row = [0; DETAIL_ROW];
        let flags = if self.more { FLAG_MORE } else { 0 }
            | if self.listing.invalidity_date.is_some() { FLAG_INVALIDITY } else { 0 };
        let invalidity = self.listing.invalidity_date.map_or(0, UnixTime::seconds);
        put(&mut row, AT_CRL, &self.crl.to_le_bytes());
        put(&mut row, AT_REASON, &[self.listing.reason.code()]);
        put(&mut row, AT_FLAGS, &[flags]);
        put(&mut row, AT_DATE, &self.listing.revoked_at.seconds().to_le_bytes());
        put(&mut row, AT_INVALIDITY, &invalidity.to_le_bytes());
        put(&mut row, AT_ORDINAL, &self.ordinal.to_le_bytes());
        row
    }

    pub(super) fn decode(row: &[u8]) -> Result<Self, IndexError> {
        Self::fields(row).ok_or(malformed(Part::Details, "a row has a reason that does not exist"))
    }

    fn fields(row: &[u8]) -> Option<Self> {
        let [reason, flags, ..] = u32_at(row, AT_REASON)?.to_le_bytes();
        let invalidity = UnixTime::from_seconds(i64_at(row, AT_INVALIDITY)?);
        let listing = Listing {
            revoked_at: UnixTime::from_seconds(i64_at(row, AT_DATE)?),
            reason: ReasonCode::from_code(reason)?,
            invalidity_date: (flags & FLAG_INVALIDITY != 0).then_some(invalidity),
        };
        let more = flags & FLAG_MORE != 0;
        const { assert!(AT_FLAGS == AT_REASON + 1) };
        Some(Self { crl: u32_at(row, AT_CRL)?, listing, ordinal: u32_at(row, AT_ORDINAL)?, more })
    }
}

/// An error of a part of a table.
pub(super) const fn malformed(part: Part, what: &'static str) -> IndexError {
    IndexError::Malformed { part, what }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_28_bits() {
        let at = |seconds| Listing {
            revoked_at: UnixTime::from_seconds(seconds),
            reason: ReasonCode::Superseded,
            invalidity_date: None,
        };
        for seconds in [1000, 1000 + (1 << 28) - 1] {
            let word = Fact::inline_word(1000, &at(seconds)).unwrap();
            assert_eq!(Fact::decode(word, 1000), Ok(Fact::Inline(at(seconds))));
        }
        for seconds in [999, 1000 + (1 << 28), i64::MIN, i64::MAX] {
            assert_eq!(Fact::inline_word(1000, &at(seconds)), None);
        }
        assert_eq!(Fact::decode(Fact::rows_word(9).unwrap(), 0), Ok(Fact::Rows(9)));
        assert_eq!(Fact::rows_word(1 << 28), None);
        assert!(Fact::decode(7, 0).is_err());
    }

    #[test]
    fn rows_round_trip() {
        let listing = Listing {
            revoked_at: UnixTime::from_seconds(-1),
            reason: ReasonCode::RemoveFromCrl,
            invalidity_date: Some(UnixTime::from_seconds(i64::MAX)),
        };
        let row = DetailRow { crl: 3, listing, ordinal: u32::MAX, more: true };
        assert_eq!(DetailRow::decode(&row.encode()), Ok(row));
    }
}
