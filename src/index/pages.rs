//! Which pages of the body have been checked, and the check itself.
//!
//! The body is cut into pages of 4 KiB, each with a CRC-32 in the page sums; the page sums are cut into pages too,
//! with a CRC-32 each in the roots, which are checked when the file is opened. A page is checked when it is first
//! touched and its bit is set, so a damaged page cannot answer and an undamaged one costs a bit test.

use std::sync::atomic::{AtomicU64, Ordering};

use super::bytes::{to_u64, to_usize, u32_at};
use super::error::{IndexError, Part};

/// Octets covered by one checksum.
pub(super) const PAGE: usize = 4096;

/// The bits. Relaxed order is enough: the pages never change, a bit guards no other memory, and a thread that does
/// not see another's bit yet only repeats its work.
#[derive(Debug)]
pub(super) struct CheckedPages {
    body: Box<[AtomicU64]>,
    sums: Box<[AtomicU64]>,
}

impl CheckedPages {
    /// Nothing checked yet; the lengths are in octets.
    pub(super) fn new(body: usize, sums: usize) -> Self {
        Self { body: zeroed(body), sums: zeroed(sums) }
    }
}

/// The body of a file together with what is needed to trust it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pages<'a> {
    pub(super) body: &'a [u8],
    sums: &'a [u8],
    roots: &'a [u8],
    /// Offset of the body in the file, for messages.
    body_offset: u64,
    /// Offset of the page sums in the file, for messages.
    sums_offset: u64,
    checked: &'a [AtomicU64],
    checked_sums: &'a [AtomicU64],
}

impl<'a> Pages<'a> {
    pub(super) fn new(
        body: &'a [u8],
        body_offset: u64,
        sums: &'a [u8],
        sums_offset: u64,
        roots: &'a [u8],
        checked: &'a CheckedPages,
    ) -> Self {
        let (checked, checked_sums) = (&checked.body[..], &checked.sums[..]);
        Self { body, sums, roots, body_offset, sums_offset, checked, checked_sums }
    }

    /// Which pages were checked.
    pub(super) fn checked(&self) -> &'a [AtomicU64] {
        self.checked
    }

    /// Makes sure of the page that holds this position of the body.
    #[inline(always)]
    pub(super) fn touch(&self, position: usize) -> Result<(), IndexError> {
        let page = position / PAGE;
        if is_set(self.checked, page) { Ok(()) } else { self.check(page) }
    }

    /// The octets `start..start + length` of the body, after making sure of every page they lie on.
    #[inline(always)]
    pub(super) fn read(&self, start: usize, length: usize, part: Part) -> Result<&'a [u8], IndexError> {
        let range = start.checked_add(length).and_then(|end| self.body.get(start..end));
        let Some(octets) = range else {
            return Err(IndexError::Malformed { part, what: "it reaches past the end of the file" });
        };
        if length > 0 {
            let last = (start + length - 1) / PAGE;
            let mut page = start / PAGE;
            while page <= last {
                self.touch(page * PAGE)?;
                page += 1;
            }
        }
        Ok(octets)
    }

    /// Checks every page anew, whether it was touched before or not.
    pub(super) fn check_all(&self) -> Result<(), IndexError> {
        (0..self.body.len().div_ceil(PAGE)).try_for_each(|page| {
            let sums_page = page.wrapping_mul(4) / PAGE;
            if page.wrapping_mul(4).is_multiple_of(PAGE) {
                self.check_sums(sums_page)?;
            }
            self.check(page)
        })
    }

    #[cold]
    #[inline(never)]
    fn check(&self, page: usize) -> Result<(), IndexError> {
        let sums_page = page.wrapping_mul(4) / PAGE;
        if !is_set(self.checked_sums, sums_page) {
            self.check_sums(sums_page)?;
        }
        let octets = page_of(self.body, page);
        let sum = u32_at(self.sums, page.wrapping_mul(4));
        if octets.is_empty() || sum != Some(crc32fast::hash(octets)) {
            let offset = self.body_offset.saturating_add(to_u64(page.saturating_mul(PAGE)));
            return Err(IndexError::Damaged { part: Part::Body, offset });
        }
        set(self.checked, page);
        Ok(())
    }

    fn check_sums(&self, sums_page: usize) -> Result<(), IndexError> {
        let octets = page_of(self.sums, sums_page);
        let root = u32_at(self.roots, sums_page.wrapping_mul(4));
        if octets.is_empty() || root != Some(crc32fast::hash(octets)) {
            let offset = self.sums_offset.saturating_add(to_u64(sums_page.saturating_mul(PAGE)));
            return Err(IndexError::Damaged { part: Part::PageSums, offset });
        }
        set(self.checked_sums, sums_page);
        Ok(())
    }
}

/// The checksums of octets, page by page, as the file stores them.
pub(super) fn sums_of(octets: &[u8]) -> Vec<u8> {
    octets.chunks(PAGE).flat_map(|page| crc32fast::hash(page).to_le_bytes()).collect()
}

fn page_of(octets: &[u8], page: usize) -> &[u8] {
    let start = page.saturating_mul(PAGE);
    let end = start.saturating_add(PAGE).min(octets.len());
    octets.get(start..end).unwrap_or_default()
}

fn zeroed(octets: usize) -> Box<[AtomicU64]> {
    let words = octets.div_ceil(PAGE).div_ceil(64);
    (0..words).map(|_| AtomicU64::new(0)).collect()
}

#[inline(always)]
pub(super) fn is_set(words: &[AtomicU64], bit: usize) -> bool {
    words.get(bit / 64).is_some_and(|word| word.load(Ordering::Relaxed) >> (bit % 64) & 1 == 1)
}

fn set(words: &[AtomicU64], bit: usize) {
    if let Some(word) = words.get(bit / 64) {
        word.fetch_or(1 << to_usize(bit % 64), Ordering::Relaxed);
    }
}
