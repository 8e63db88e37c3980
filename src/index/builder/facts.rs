//! Writing what is said of the records: fact words, detail rows, the CRL column and the sets per CRL.

use roaring::RoaringBitmap;

use super::super::error::BuildError;
use super::super::fact::{DetailRow, FACT_LIMIT, Fact};
use super::blocks::{Blocks, Pool};
use crate::types::{Listing, ReasonCode};

/// Seconds of one bar of the histogram that places the window: 194 days, of which a window has 16.
const BAR: u32 = 24;
const BARS_PER_WINDOW: i64 = 16;

/// Where facts of records go.
#[derive(Debug)]
pub(super) struct FactWriter {
    base: i64,
    column_width: usize,
    pub(super) column: Blocks,
    pub(super) details: Blocks,
    pub(super) rows: u32,
    /// One per CRL of the table; none if it has at most one, which then lists every record.
    pub(super) sets: Vec<RoaringBitmap>,
}

impl FactWriter {
    pub(super) fn new(base: i64, crls: usize) -> Self {
        Self {
            base,
            column_width: column_width(crls),
            column: Blocks::default(),
            details: Blocks::default(),
            rows: 0,
            sets: if crls > 1 { vec![RoaringBitmap::new(); crls] } else { Vec::new() },
        }
    }

    /// The fact word of a record that one CRL lists, on this date and for a reason of this code, without more.
    #[inline(always)]
    pub(super) fn inline_word(&self, date: i64, reason: u32) -> Option<u32> {
        let since = u32::try_from(date.checked_sub(self.base)?).ok()?;
        (since < FACT_LIMIT).then_some(since << 4 | reason)
    }

    /// Notes the CRL of the next record that has no rows.
    #[inline(always)]
    pub(super) fn note_crl(&mut self, ordinal: u32, crl: u32, pool: &mut Pool) {
        if self.column_width > 0 {
            self.put_column(crl, pool);
            self.put_set(ordinal, crl);
        }
    }

    /// Writes the facts of the next record, whoever lists it, and tells its fact word.
    ///
    /// `listings` are of different CRLs, in their order.
    pub(super) fn word(
        &mut self,
        ordinal: u32,
        listings: &[(u32, Listing)],
        pool: &mut Pool,
    ) -> Result<u32, BuildError> {
        if let [(crl, listing)] = listings
            && let Some(word) = Fact::inline_word(self.base, listing)
        {
            self.note_crl(ordinal, *crl, pool);
            return Ok(word);
        }
        let too_many = BuildError::TooMany { what: "detail rows", limit: u64::from(FACT_LIMIT) };
        let word = Fact::rows_word(self.rows).ok_or(too_many)?;
        for (number, (crl, listing)) in (1..).zip(listings) {
            let row = DetailRow { crl: *crl, listing: *listing, ordinal, more: number < listings.len() };
            self.details.push(&row.encode(), pool);
            self.rows += 1;
            if self.column_width > 0 {
                self.put_set(ordinal, *crl);
                if number == 1 {
                    self.put_column(*crl, pool);
                }
            }
        }
        Ok(word)
    }

    #[inline(always)]
    fn put_column(&mut self, crl: u32, pool: &mut Pool) {
        let [a, b, _, _] = crl.to_le_bytes();
        match self.column_width {
            1 => self.column.push(&[a], pool),
            2 => self.column.push(&[a, b], pool),
            _ => self.column.push(&crl.to_le_bytes(), pool),
        }
    }

    #[inline(always)]
    fn put_set(&mut self, ordinal: u32, crl: u32) {
        let set = usize::try_from(crl).ok().and_then(|crl| self.sets.get_mut(crl));
        // Ordinals rise, so each belongs at the end.
        let pushed = set.is_some_and(|set| set.try_push(ordinal).is_ok());
        debug_assert!(pushed);
    }
}

/// Octets per record that tell the CRLs of a table apart.
pub(super) fn column_width(crls: usize) -> usize {
    match crls {
        0 | 1 => 0,
        2..=256 => 1,
        257..=65_536 => 2,
        _ => 4,
    }
}

/// Merges what one CRL says of a serial twice: a revocation beats `removeFromCRL`, then the earlier date counts.
///
/// `listings` come in any order; afterwards every CRL is there once, in the order of their numbers.
pub(super) fn merge_per_crl(listings: &mut Vec<(u32, Listing)>) {
    listings.sort_unstable_by_key(|(crl, listing)| {
        (
            *crl,
            listing.reason == ReasonCode::RemoveFromCrl,
            listing.revoked_at,
            listing.reason.code(),
            listing.invalidity_date.is_none(),
            listing.invalidity_date,
        )
    });
    listings.dedup_by_key(|(crl, _)| *crl);
}

/// How the revocation dates of a table are spread, to place its window where most of them, and the newest, fit.
#[derive(Debug, Default)]
pub(super) struct DateHistogram {
    bars: std::collections::BTreeMap<i64, u64>,
}

impl DateHistogram {
    pub(super) fn add(&mut self, date: i64) {
        *self.bars.entry(date >> BAR).or_default() += 1;
    }

    /// The base time of the window with the most dates; the latest of several.
    pub(super) fn base(&self) -> i64 {
        let in_window = |last: i64| -> u64 {
            let first = last.saturating_sub(BARS_PER_WINDOW - 1);
            self.bars.range(first..=last).map(|(_, count)| *count).sum()
        };
        let last = self.bars.keys().copied().max_by_key(|last| (in_window(*last), *last)).unwrap_or(0);
        last.saturating_sub(BARS_PER_WINDOW - 1).saturating_mul(1 << BAR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::UnixTime;

    #[test]
    fn an_outlier_does_not_move_the_window() {
        let mut histogram = DateHistogram::default();
        (0..100).for_each(|day| histogram.add(1_700_000_000 + day * 86_400));
        histogram.add(4_000_000_000);
        histogram.add(0);
        let base = histogram.base();
        assert!(base <= 1_700_000_000 && 1_700_000_000 + 100 * 86_400 < base + (1 << 28));
        assert_eq!(DateHistogram::default().base() % (1 << 24), 0);
    }

    #[test]
    fn one_crl_speaks_once() {
        let listing = |seconds, reason| Listing {
            revoked_at: UnixTime::from_seconds(seconds),
            reason,
            invalidity_date: None,
        };
        let mut listings = vec![
            (1, listing(9, ReasonCode::Superseded)),
            (0, listing(1, ReasonCode::RemoveFromCrl)),
            (1, listing(5, ReasonCode::KeyCompromise)),
            (0, listing(7, ReasonCode::CertificateHold)),
        ];
        merge_per_crl(&mut listings);
        assert_eq!(
            listings,
            [(0, listing(7, ReasonCode::CertificateHold)), (1, listing(5, ReasonCode::KeyCompromise))]
        );
    }
}
