//! Which pages of the body have been checked, and the check itself.
//!
//! The body is cut into pages of 4 KiB, each with a CRC-32 in the page sums; the page sums are cut into pages too,
//! with a CRC-32 each in the roots, which are checked when the file is opened. A page is checked when it is first
//! touched and marked then, so a damaged page cannot answer and an undamaged one costs a comparison.

use std::ops::Range;
use std::sync::atomic::{AtomicU8, Ordering};

use super::bytes::{to_u64, u32_at};
use super::error::{IndexError, Part};
use super::layout::{Header, SectionKind};

/// Octets covered by one checksum.
pub(super) const PAGE: usize = 4096;

/// Where the body and its checksums are, and which pages were checked: an octet each, as a lookup that had to find a
/// bit in a word would take twice the instructions. Relaxed order is enough: the pages never change, a mark guards no
/// other memory, and a thread that does not see another's mark yet only repeats its work.
#[derive(Debug)]
pub(super) struct CheckedPages {
    body: Range<usize>,
    sums: Range<usize>,
    roots: Range<usize>,
    body_marks: Box<[AtomicU8]>,
    sums_marks: Box<[AtomicU8]>,
}

impl CheckedPages {
    /// Nothing checked yet.
    pub(super) fn new(header: &Header) -> Self {
        let [body, sums, roots] =
            [SectionKind::Body, SectionKind::PageSums, SectionKind::PageRoots].map(|kind| header.range(kind));
        let (body_marks, sums_marks) = (unmarked(&body), unmarked(&sums));
        Self { body, sums, roots, body_marks, sums_marks }
    }
}

/// The body of a file together with what is needed to trust it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pages<'a> {
    pub(super) body: &'a [u8],
    pub(super) file: &'a [u8],
    /// Of the body, where a lookup finds them at once.
    marks: &'a [AtomicU8],
    checked: &'a CheckedPages,
}

impl<'a> Pages<'a> {
    #[inline(always)]
    pub(super) fn new(file: &'a [u8], checked: &'a CheckedPages) -> Self {
        let body = file.get(checked.body.clone()).unwrap_or_default();
        Self { body, file, marks: &checked.body_marks, checked }
    }

    /// Whether a page was checked.
    #[inline(always)]
    pub(super) fn is_checked(&self, page: usize) -> bool {
        is_marked(self.marks, page)
    }

    /// Makes sure of the page that holds this position of the body.
    #[inline(always)]
    pub(super) fn touch(&self, position: usize) -> Result<(), IndexError> {
        let page = position / PAGE;
        if self.is_checked(page) { Ok(()) } else { self.check(page) }
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
        if !is_marked(&self.checked.sums_marks, sums_page) {
            self.check_sums(sums_page)?;
        }
        let octets = page_of(self.body, page);
        let sum = u32_at(self.part(&self.checked.sums), page.wrapping_mul(4));
        if octets.is_empty() || sum != Some(crc32fast::hash(octets)) {
            return Err(damaged(Part::Body, &self.checked.body, page));
        }
        mark(self.marks, page);
        Ok(())
    }

    fn check_sums(&self, sums_page: usize) -> Result<(), IndexError> {
        let octets = page_of(self.part(&self.checked.sums), sums_page);
        let root = u32_at(self.part(&self.checked.roots), sums_page.wrapping_mul(4));
        if octets.is_empty() || root != Some(crc32fast::hash(octets)) {
            return Err(damaged(Part::PageSums, &self.checked.sums, sums_page));
        }
        mark(&self.checked.sums_marks, sums_page);
        Ok(())
    }

    fn part(&self, range: &Range<usize>) -> &'a [u8] {
        self.file.get(range.clone()).unwrap_or_default()
    }
}

fn damaged(part: Part, range: &Range<usize>, page: usize) -> IndexError {
    IndexError::Damaged { part, offset: to_u64(range.start.saturating_add(page.saturating_mul(PAGE))) }
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

fn unmarked(range: &Range<usize>) -> Box<[AtomicU8]> {
    (0..range.len().div_ceil(PAGE)).map(|_| AtomicU8::new(0)).collect()
}

#[inline(always)]
fn is_marked(marks: &[AtomicU8], page: usize) -> bool {
    marks.get(page).is_some_and(|mark| mark.load(Ordering::Relaxed) != 0)
}

fn mark(marks: &[AtomicU8], page: usize) {
    if let Some(mark) = marks.get(page) {
        mark.store(1, Ordering::Relaxed);
    }
}
