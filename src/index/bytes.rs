//! Reading and writing little-endian fields without a panic in reach.

/// A length or position as the platform counts; one that cannot be addressed becomes the largest, which no slice has.
#[inline(always)]
pub(super) fn to_usize(number: impl TryInto<usize>) -> usize {
    number.try_into().unwrap_or(usize::MAX)
}

/// A length as the file stores it.
#[inline(always)]
pub(super) fn to_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// The `N` octets at a position.
#[inline(always)]
pub(super) fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<&[u8; N]> {
    bytes.get(at..)?.first_chunk()
}

/// The u16 at a position.
#[inline(always)]
pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    array_at(bytes, at).map(|octets| u16::from_le_bytes(*octets))
}

/// The u32 at a position.
#[inline(always)]
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array_at(bytes, at).map(|octets| u32::from_le_bytes(*octets))
}

/// The u64 at a position.
#[inline(always)]
pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array_at(bytes, at).map(|octets| u64::from_le_bytes(*octets))
}

/// The i64 at a position.
#[inline(always)]
pub(super) fn i64_at(bytes: &[u8], at: usize) -> Option<i64> {
    array_at(bytes, at).map(|octets| i64::from_le_bytes(*octets))
}

/// Writes a field into a prepared buffer; a position outside is a mistake of the caller and changes nothing.
#[inline(always)]
pub(super) fn put(buffer: &mut [u8], at: usize, field: &[u8]) {
    let target = at.checked_add(field.len()).and_then(|end| buffer.get_mut(at..end));
    debug_assert!(target.is_some(), "a field of {} octets at {at}", field.len());
    if let Some(target) = target {
        target.copy_from_slice(field);
    }
}

/// A reader that goes through an encoded value from its first octet to its last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[octet]| *octet)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(|octets| u16::from_le_bytes(*octets))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(|octets| u32::from_le_bytes(*octets))
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(|octets| u64::from_le_bytes(*octets))
    }

    pub(super) fn i64(&mut self) -> Option<i64> {
        self.array().map(|octets| i64::from_le_bytes(*octets))
    }

    /// Octets preceded by their number as a u32.
    pub(super) fn blob(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()?;
        self.take(to_usize(length))
    }
}

/// Appends octets preceded by their number; `None` if there are more than a u32 counts.
pub(super) fn put_blob(out: &mut Vec<u8>, octets: &[u8]) -> Option<()> {
    put_count(out, octets.len())?;
    out.extend_from_slice(octets);
    Some(())
}

/// Appends a count; `None` if it does not fit a u32.
pub(super) fn put_count(out: &mut Vec<u8>, count: usize) -> Option<()> {
    out.extend_from_slice(&u32::try_from(count).ok()?.to_le_bytes());
    Some(())
}
