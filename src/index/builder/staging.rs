//! The entries of one CRL on their way into a table.

use super::super::hash::Magnitude;
use super::blocks::{Blocks, Pool};
use crate::types::{Listing, ReasonCode, Serial, SerialRef, UnixTime};

/// Octets of a staged entry.
pub(super) const ENTRY: usize = 32;
/// Octets of a side row: revocation date, invalidity date.
const SIDE_ROW: usize = 16;
/// The facts word of an entry: four bits reason, this flag, and from bit 8 the date or the number of the side row.
const HAS_SIDE_ROW: u64 = 1 << 4;

/// The entries of one CRL for one table, staged for [`Builder::add_listings`](super::Builder::add_listings).
///
/// An entry takes 32 octets, one with an invalidity date 48. A serial that is negative or longer than 20 octets is
/// kept on the side with an allocation of its own.
#[derive(Debug, Default)]
pub struct Listings {
    pub(super) entries: Blocks,
    pub(super) exceptions: Vec<(Serial, Listing)>,
    side: Blocks,
    pool: Pool,
    pub(super) bounds: Bounds,
}

/// What the choice of encoding and date window depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// All serials, or-ed together.
    pub(super) widest: Magnitude,
    /// Lowest and highest 64 bits of the serials; meaningful only where `widest` fits 64 bits.
    pub(super) lowest: u64,
    pub(super) highest: u64,
    /// Earliest and latest revocation date of the entries without side row.
    pub(super) earliest: i64,
    pub(super) latest: i64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            widest: Magnitude::default(),
            lowest: u64::MAX,
            highest: 0,
            earliest: i64::MAX,
            latest: i64::MIN,
        }
    }
}

impl Bounds {
    pub(super) fn merge(&mut self, other: &Self) {
        self.widest.high |= other.widest.high;
        self.widest.middle |= other.widest.middle;
        self.widest.low |= other.widest.low;
        self.lowest = self.lowest.min(other.lowest);
        self.highest = self.highest.max(other.highest);
        self.earliest = self.earliest.min(other.earliest);
        self.latest = self.latest.max(other.latest);
    }
}

impl Listings {
    /// No entry yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entry. If a serial comes twice, a revocation beats `removeFromCRL`, and of two revocations the
    /// earlier counts.
    #[inline]
    pub fn push(&mut self, serial: SerialRef<'_>, listing: Listing) {
        let Some(magnitude) = Magnitude::of(serial) else {
            self.exceptions.push((serial.to_owned(), listing));
            return;
        };
        let seconds = listing.revoked_at.seconds();
        let fits = (seconds << 8) >> 8 == seconds;
        let facts = if listing.invalidity_date.is_none() && fits {
            self.bounds.earliest = self.bounds.earliest.min(seconds);
            self.bounds.latest = self.bounds.latest.max(seconds);
            (seconds << 8).cast_unsigned() | u64::from(listing.reason.code())
        } else {
            self.push_side(&listing)
        };
        self.bounds.widest.high |= magnitude.high;
        self.bounds.widest.middle |= magnitude.middle;
        self.bounds.widest.low |= magnitude.low;
        self.bounds.lowest = self.bounds.lowest.min(magnitude.low);
        self.bounds.highest = self.bounds.highest.max(magnitude.low);
        let entry = Entry { magnitude, source: 0, facts };
        self.entries.push(&entry.encode(), &mut self.pool);
    }

    /// Number of entries pushed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len() / ENTRY + self.exceptions.len()
    }

    /// Whether nothing was pushed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The listing behind the facts word of an entry.
    pub(super) fn side_listing(side: &Blocks, facts: u64) -> Listing {
        let reason = u8::try_from(facts & 0x0f).ok().and_then(ReasonCode::from_code).unwrap_or_default();
        let value = facts.cast_signed() >> 8;
        if facts & HAS_SIDE_ROW == 0 {
            return Listing { revoked_at: UnixTime::from_seconds(value), reason, invalidity_date: None };
        }
        let row = usize::try_from(value).ok().and_then(|number| side.record::<SIDE_ROW>(number));
        let (date, invalidity) =
            row.and_then(|row| row.split_last_chunk::<8>()).map_or((0, i64::MIN), |(date, invalidity)| {
                (
                    date.first_chunk().map_or(0, |octets| i64::from_le_bytes(*octets)),
                    i64::from_le_bytes(*invalidity),
                )
            });
        let invalidity_date = (facts & NO_INVALIDITY == 0).then_some(UnixTime::from_seconds(invalidity));
        Listing { revoked_at: UnixTime::from_seconds(date), reason, invalidity_date }
    }

    /// Takes the listings apart: entries, exceptions, side rows, and the unused blocks.
    pub(super) fn into_parts(self) -> (Blocks, Vec<(Serial, Listing)>, Blocks) {
        (self.entries, self.exceptions, self.side)
    }

    #[cold]
    fn push_side(&mut self, listing: &Listing) -> u64 {
        let number = u64::try_from(self.side.len() / SIDE_ROW).unwrap_or(u64::MAX);
        let date = listing.revoked_at.seconds().to_le_bytes();
        let invalidity = listing.invalidity_date.map_or(0, UnixTime::seconds).to_le_bytes();
        self.side.extend(&date, &mut self.pool);
        self.side.extend(&invalidity, &mut self.pool);
        let flags = HAS_SIDE_ROW | if listing.invalidity_date.is_none() { NO_INVALIDITY } else { 0 };
        number << 8 | flags | u64::from(listing.reason.code())
    }
}

/// In the facts word of an entry with a side row: the invalidity date there means nothing.
const NO_INVALIDITY: u64 = 1 << 5;

/// Whether the facts word of an entry carries the date itself.
pub(super) fn inline_date(facts: u64) -> Option<i64> {
    (facts & HAS_SIDE_ROW == 0).then_some(facts.cast_signed() >> 8)
}

/// A staged entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) magnitude: Magnitude,
    /// Which of the listings of its table it came with.
    pub(super) source: u32,
    pub(super) facts: u64,
}

impl Entry {
    #[inline(always)]
    pub(super) fn encode(&self) -> [u8; ENTRY] {
        let mut octets = [0; ENTRY];
        let (words, _) = octets.as_chunks_mut::<8>();
        let sourced = u64::from(self.magnitude.high) | u64::from(self.source) << 32;
        let fields = [self.magnitude.low, self.magnitude.middle, sourced, self.facts];
        for (word, field) in words.iter_mut().zip(fields) {
            *word = field.to_le_bytes();
        }
        octets
    }

    #[inline(always)]
    pub(super) fn decode(octets: &[u8; ENTRY]) -> Self {
        let mut fields = [0; 4];
        for (field, word) in fields.iter_mut().zip(octets.as_chunks::<8>().0) {
            *field = u64::from_le_bytes(*word);
        }
        let [low, middle, sourced, facts] = fields;
        let half = |number: u64| u32::try_from(number & u64::from(u32::MAX)).unwrap_or(0);
        Self { magnitude: Magnitude { high: half(sourced), middle, low }, source: half(sourced >> 32), facts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listings_survive_staging() {
        let time = UnixTime::from_seconds;
        let cases = [
            Listing { revoked_at: time(0), reason: ReasonCode::Unspecified, invalidity_date: None },
            Listing {
                revoked_at: time(-62_167_219_200),
                reason: ReasonCode::AaCompromise,
                invalidity_date: None,
            },
            Listing { revoked_at: time(i64::MIN), reason: ReasonCode::KeyCompromise, invalidity_date: None },
            Listing {
                revoked_at: time(5),
                reason: ReasonCode::RemoveFromCrl,
                invalidity_date: Some(time(i64::MIN)),
            },
        ];
        let mut listings = Listings::new();
        for (number, listing) in (0..).zip(cases) {
            listings.push(Serial::from_u64(number << 33).as_ref(), listing);
        }
        let (entries, _, side) = listings.into_parts();
        for (number, listing) in cases.into_iter().enumerate() {
            let entry = Entry::decode(entries.record(number).unwrap());
            assert_eq!(entry.magnitude.low, u64::try_from(number).unwrap() << 33);
            assert_eq!(Listings::side_listing(&side, entry.facts), listing);
            assert_eq!(Entry::decode(&entry.encode()), entry);
        }
    }
}
