//! Reading and writing the fields of messages: octets and the variable-length integers of RFC 9000 section 16.

use super::error::WireError;
use crate::types::UnixTime;

/// The largest number a variable-length integer holds.
pub(super) const MAX_VARINT: u64 = (1 << 62) - 1;

/// 2025-01-01T00:00:00Z. Times are distances from it, so that the times of today's lists take four octets.
const EPOCH: UnixTime = UnixTime::from_seconds(1_735_689_600);

/// Goes through a message from its first octet to its last. Everything it returns lies in the message itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    #[inline]
    pub(super) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Everything that is left.
    #[inline]
    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// Nothing may be left.
    #[inline]
    pub(super) fn end(self) -> Result<(), WireError> {
        match self.rest.len() {
            0 => Ok(()),
            octets => Err(WireError::Trailing { octets }),
        }
    }

    #[inline]
    pub(super) fn octet(&mut self, field: &'static str) -> Result<u8, WireError> {
        let (octet, rest) = self.rest.split_first().ok_or(WireError::Cut { field })?;
        self.rest = rest;
        Ok(*octet)
    }

    #[inline]
    pub(super) fn array<const N: usize>(&mut self, field: &'static str) -> Result<&'a [u8; N], WireError> {
        let (octets, rest) = self.rest.split_first_chunk().ok_or(WireError::Cut { field })?;
        self.rest = rest;
        Ok(octets)
    }

    #[inline]
    pub(super) fn take(&mut self, length: u64, field: &'static str) -> Result<&'a [u8], WireError> {
        let length = usize::try_from(length).map_err(|_| WireError::Cut { field })?;
        let (octets, rest) = self.rest.split_at_checked(length).ok_or(WireError::Cut { field })?;
        self.rest = rest;
        Ok(octets)
    }

    #[inline]
    pub(super) fn varint(&mut self, field: &'static str) -> Result<u64, WireError> {
        let (number, rest) = split_varint(self.rest).ok_or(WireError::Cut { field })?;
        self.rest = rest;
        Ok(number)
    }

    /// A variable-length integer that is at most `limit`.
    #[inline]
    pub(super) fn varint_up_to<T: TryFrom<u64>>(
        &mut self,
        limit: u64,
        field: &'static str,
    ) -> Result<T, WireError> {
        let found = self.varint(field)?;
        let number = if found <= limit { T::try_from(found).ok() } else { None };
        number.ok_or(WireError::TooMany { field, found, limit })
    }

    /// Octets behind their number.
    #[inline]
    pub(super) fn counted(&mut self, field: &'static str) -> Result<&'a [u8], WireError> {
        let length = self.varint(field)?;
        self.take(length, field)
    }

    pub(super) fn counted_text(&mut self, field: &'static str) -> Result<&'a str, WireError> {
        std::str::from_utf8(self.counted(field)?).map_err(|_| WireError::NotUtf8 { field })
    }

    #[inline]
    pub(super) fn time(&mut self, field: &'static str) -> Result<UnixTime, WireError> {
        self.time_after(EPOCH, field)
    }

    /// A time written as its distance from another.
    #[inline]
    pub(super) fn time_after(&mut self, base: UnixTime, field: &'static str) -> Result<UnixTime, WireError> {
        let folded = self.varint(field)?;
        let distance = (folded >> 1).cast_signed() ^ -((folded & 1).cast_signed());
        Ok(UnixTime::from_seconds(base.seconds().saturating_add(distance)))
    }
}

/// Takes a variable-length integer off the front; `None` if there are too few octets.
#[inline]
pub(super) fn split_varint(octets: &[u8]) -> Option<(u64, &[u8])> {
    let (first, rest) = octets.split_first()?;
    // Nearly all have one octet or two; branches that are foreseen cost less than a jump by a table.
    if *first < 0x40 {
        return Some((u64::from(*first), rest));
    }
    if *first < 0x80 {
        let (number, rest) = octets.split_first_chunk()?;
        return Some((u64::from(u16::from_be_bytes(*number) & 0x3fff), rest));
    }
    split_long_varint(octets)
}

/// As above, for one of four octets or eight.
fn split_long_varint(octets: &[u8]) -> Option<(u64, &[u8])> {
    if *octets.first()? < 0xc0 {
        let (number, rest) = octets.split_first_chunk()?;
        return Some((u64::from(u32::from_be_bytes(*number) & 0x3fff_ffff), rest));
    }
    let (number, rest) = octets.split_first_chunk()?;
    Some((u64::from_be_bytes(*number) & MAX_VARINT, rest))
}

/// The shortest form of a variable-length integer, and how many of the octets it has. Larger numbers than one holds
/// become the largest.
#[inline]
pub(super) fn varint_octets(number: u64) -> ([u8; 8], usize) {
    let number = number.min(MAX_VARINT);
    let (tag, length, unused) = match number {
        0..=0x3f => (0, 1, 56),
        0x40..=0x3fff => (1 << 14, 2, 48),
        0x4000..=0x3fff_ffff => (2 << 30, 4, 32),
        _ => (3 << 62, 8, 0),
    };
    (((number | tag) << unused).to_be_bytes(), length)
}

/// Appends a variable-length integer.
#[inline]
pub(super) fn put_varint(out: &mut Vec<u8>, number: u64) {
    match u8::try_from(number) {
        Ok(short) if short < 0x40 => out.push(short),
        _ => {
            let (octets, length) = varint_octets(number);
            out.extend_from_slice(octets.get(..length).unwrap_or(&octets));
        }
    }
}

/// Appends a length or count.
#[inline]
pub(super) fn put_count(out: &mut Vec<u8>, count: usize) {
    put_varint(out, to_u64(count));
}

/// Appends octets behind their number.
#[inline]
pub(super) fn put_counted(out: &mut Vec<u8>, octets: &[u8]) {
    put_count(out, octets.len());
    out.extend_from_slice(octets);
}

#[inline]
pub(super) fn put_time(out: &mut Vec<u8>, time: UnixTime) {
    put_time_after(out, EPOCH, time);
}

/// Appends a time as its distance from another: in zigzag form, so that small distances are short in both
/// directions. Distances beyond 2^61 seconds, which no certificate can state, are cut to that.
#[inline]
pub(super) fn put_time_after(out: &mut Vec<u8>, base: UnixTime, time: UnixTime) {
    const FARTHEST: i64 = 1 << 61;
    let distance = time.since(base).clamp(-FARTHEST, FARTHEST - 1);
    put_varint(out, ((distance << 1) ^ (distance >> 63)).cast_unsigned());
}

/// A length as messages count it.
#[inline]
pub(super) fn to_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn varint(number: u64) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, number);
        out
    }

    /// The examples of RFC 9000 appendix A.1, and both ends of every length.
    #[test]
    fn integers_are_those_of_quic() {
        for (octets, number) in [
            (&[0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c][..], 151_288_809_941_952_652),
            (&[0x9d, 0x7f, 0x3e, 0x7d], 494_878_333),
            (&[0x7b, 0xbd], 15_293),
            (&[0x25], 37),
        ] {
            assert_eq!(varint(number), octets);
        }
        // Longer forms than needed are read.
        assert_eq!(Reader::new(&[0x40, 0x25]).varint(""), Ok(37));
        for (number, length) in [
            (0, 1),
            (63, 1),
            (64, 2),
            (16_383, 2),
            (16_384, 4),
            (1_073_741_823, 4),
            (1_073_741_824, 8),
            (MAX_VARINT, 8),
        ] {
            let octets = varint(number);
            assert_eq!(octets.len(), length, "{number}");
            assert_eq!(Reader::new(&octets).varint(""), Ok(number));
            for cut in 0..length {
                assert!(split_varint(&octets[..cut]).is_none());
            }
        }
        assert_eq!(varint(u64::MAX), varint(MAX_VARINT));
    }

    #[test]
    fn times_near_2025_take_four_octets() {
        for text in ["2009-01-01T00:00:00Z", "2025-06-01T00:00:00Z", "2041-12-31T00:00:00Z"] {
            let time = UnixTime::parse_rfc3339(text).unwrap();
            let mut out = Vec::new();
            put_time(&mut out, time);
            assert_eq!(out.len(), 4, "{text}");
            assert_eq!(Reader::new(&out).time(""), Ok(time));
        }
        for seconds in [0, -1, 253_402_300_799, -62_167_219_200] {
            let mut out = Vec::new();
            put_time(&mut out, UnixTime::from_seconds(seconds));
            assert_eq!(Reader::new(&out).time("").unwrap().seconds(), seconds);
        }
        // The ends of the type are cut, not wrapped around.
        for seconds in [i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            put_time(&mut out, UnixTime::from_seconds(seconds));
            let read = Reader::new(&out).time("").unwrap().seconds();
            assert_eq!(read.signum(), seconds.signum());
        }
    }
}
