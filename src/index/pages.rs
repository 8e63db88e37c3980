//! Which pages of the body have been checked, and the check itself.
//!
//! The body is cut into pages of 4 KiB, each with a CRC-32 in the page sums; the page sums are cut into pages too,
//! with a CRC-32 each in the roots, which are checked when the file is opened. A page is checked when it is first
//! touched and marked then, so a damaged page cannot answer and an undamaged one costs a comparison.
//!
//! Even that comparison is a tenth of a lookup. So every first touch also checks a few pages more, from the end of the
//! file, and after a few hundred first touches there is nothing left to ask about: one word says that all pages were
//! checked, and lookups read that word instead of marks.

use std::ops::Range;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use super::bytes::{to_u64, u32_at};
use super::error::{IndexError, Part};
use super::layout::{Header, SectionKind};

/// Octets covered by one checksum.
pub(super) const PAGE: usize = 4096;
/// Pages that a first touch checks beside its own. With this many, the touches of the pages of the filter alone, which are one
/// in twenty or a little more, get through all the others, and a touch takes some ten microseconds.
const SWEEP: usize = 24;

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
    /// Pages of the body without a mark.
    unmarked: AtomicUsize,
    /// How many pages, counted from the end of the body, were swept.
    swept: AtomicUsize,
}

impl CheckedPages {
    /// Nothing checked yet.
    pub(super) fn new(header: &Header) -> Self {
        let [body, sums, roots] =
            [SectionKind::Body, SectionKind::PageSums, SectionKind::PageRoots].map(|kind| header.range(kind));
        let (body_marks, sums_marks) = (unmarked(&body), unmarked(&sums));
        let (unmarked, swept) = (AtomicUsize::new(body_marks.len()), AtomicUsize::new(0));
        Self { body, sums, roots, body_marks, sums_marks, unmarked, swept }
    }
}

/// The body of a file together with what is needed to trust it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pages<'a> {
    pub(super) file: &'a [u8],
    checked: &'a CheckedPages,
}

impl<'a> Pages<'a> {
    #[inline(always)]
    pub(super) fn new(file: &'a [u8], checked: &'a CheckedPages) -> Self {
        Self { file, checked }
    }

    /// The body of the file.
    #[inline(always)]
    pub(super) fn body(&self) -> &'a [u8] {
        self.file.get(self.checked.body.clone()).unwrap_or_default()
    }

    /// Whether every page was checked.
    #[inline(always)]
    pub(super) fn are_all_checked(&self) -> bool {
        self.checked.unmarked.load(Ordering::Relaxed) == 0
    }

    /// Whether a page was checked.
    #[inline(always)]
    pub(super) fn is_checked(&self, page: usize) -> bool {
        is_marked(&self.checked.body_marks, page)
    }

    /// The same of a page by its number in the file.
    #[inline(always)]
    pub(super) fn is_checked_in_file(&self, page: usize) -> bool {
        // The marks of a large file are more lines than a near cache has to spare.
        self.are_all_checked() || self.is_checked(page.wrapping_sub(self.checked.body.start / PAGE))
    }

    /// Makes sure of the page that holds this position of the body.
    #[inline(always)]
    pub(super) fn touch(&self, position: usize) -> Result<(), IndexError> {
        let page = position / PAGE;
        if self.is_checked(page) { Ok(()) } else { self.check_and_sweep(page) }
    }

    /// The octets `start..start + length` of the body, after making sure of every page they lie on.
    #[inline(always)]
    pub(super) fn read(&self, start: usize, length: usize, part: Part) -> Result<&'a [u8], IndexError> {
        let range = start.checked_add(length).and_then(|end| self.body().get(start..end));
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
        (0..self.body().len().div_ceil(PAGE)).try_for_each(|page| {
            let sums_page = page.wrapping_mul(4) / PAGE;
            if page.wrapping_mul(4).is_multiple_of(PAGE) {
                self.check_sums(sums_page)?;
            }
            self.check(page)
        })
    }

    #[cold]
    #[inline(never)]
    fn check_and_sweep(&self, page: usize) -> Result<(), IndexError> {
        self.check(page)?;
        let pages = self.checked.body_marks.len();
        if self.checked.swept.load(Ordering::Relaxed) < pages {
            let first = self.checked.swept.fetch_add(SWEEP, Ordering::Relaxed);
            for behind in first..first.saturating_add(SWEEP).min(pages) {
                // From the end, where the records are, which are touched least. What is wrong with a page that nobody
                // asked for is told to whoever asks for it: it stays without a mark.
                let page = pages.saturating_sub(behind + 1);
                let _ = if self.is_checked(page) { Ok(()) } else { self.check(page) };
            }
        }
        Ok(())
    }

    fn check(&self, page: usize) -> Result<(), IndexError> {
        let sums_page = page.wrapping_mul(4) / PAGE;
        if !is_marked(&self.checked.sums_marks, sums_page) {
            self.check_sums(sums_page)?;
        }
        let octets = page_of(self.body(), page);
        let sum = u32_at(self.part(&self.checked.sums), page.wrapping_mul(4));
        if octets.is_empty() || sum != Some(crc32fast::hash(octets)) {
            return Err(damaged(Part::Body, &self.checked.body, page));
        }
        if mark(&self.checked.body_marks, page) {
            self.checked.unmarked.fetch_sub(1, Ordering::Relaxed);
        }
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

/// Whether this was the first time.
fn mark(marks: &[AtomicU8], page: usize) -> bool {
    marks.get(page).is_some_and(|mark| mark.swap(1, Ordering::Relaxed) == 0)
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::super::facts::FileFacts;
    use super::super::hash::Magnitude;
    use super::super::{AuthorityFacts, Builder, Index, Listings};
    use super::PAGE;
    use crate::types::{CrlFacts, Listing, NameKey, ReasonCode, Scope, Serial, SignatureAlgorithm, UnixTime};

    fn file_of(serials: Range<u64>) -> Vec<u8> {
        let now = UnixTime::from_seconds(1_700_000_000);
        let mut builder = Builder::new(FileFacts { generation: 1, created_at: now, secret: [9; 32] });
        let authority = builder.add_authority(AuthorityFacts {
            name: NameKey::from_octets(*b"ca"),
            display: "CN=CA".to_owned(),
            name_hashes: Vec::new(),
            keys: Vec::new(),
        });
        let facts = CrlFacts {
            this_update: now,
            next_update: None,
            crl_number: None,
            base_crl_number: None,
            scope: Scope::default(),
            expired_certs_on_crl: None,
            freshest_crl_uris: Vec::new(),
            signature_algorithm: SignatureAlgorithm::EcdsaSha256,
            signer_key: [0; 32],
            tbs_digest: Vec::new(),
            entries: 0,
            size: 0,
        };
        let crl = builder.add_crl(authority, facts);
        let mut listings = Listings::new();
        let listing = Listing { revoked_at: now, reason: ReasonCode::KeyCompromise, invalidity_date: None };
        serials.for_each(|number| listings.push(long(number).as_ref(), listing));
        builder.add_listings(crl, None, listings).unwrap();
        builder.finish::<Vec<u8>>(None).unwrap().to_vec()
    }

    fn long(number: u64) -> Serial {
        let mut octets = [0x5a; 16];
        octets[8..].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        Serial::new(&octets).unwrap()
    }

    #[test]
    fn asking_for_what_is_absent_gets_everything_checked() {
        let file = file_of(0..100_000);
        let index = Index::open(file.as_slice()).unwrap();
        let table = index.tables().next().unwrap();
        let mut asked = 0_u64;
        let mut of_filter = 0;
        while !table.pages.are_all_checked() {
            assert!(asked < 20_000, "{:?}", table.pages.checked.unmarked);
            let serial = long(1_000_000 + asked);
            let magnitude = Magnitude::of(serial.as_ref()).unwrap();
            // What passes the filter touches other pages, too, and must not be needed.
            if table.is_excluded_carefully(table.hasher().hash(magnitude)).unwrap() {
                assert!(!table.contains(serial.as_ref()).unwrap());
                of_filter += 1;
            }
            asked += 1;
        }
        assert!(of_filter > 30);
        assert!((0..100_000).all(|number| table.contains(long(number).as_ref()).unwrap()));
    }

    #[test]
    fn a_damaged_page_keeps_its_lookups_asking() {
        let mut file = file_of(0..100_000);
        let at = file.len() - 10 * PAGE;
        file[at] ^= 1;
        let index = Index::open(file.as_slice()).unwrap();
        let table = index.tables().next().unwrap();
        for _ in 0..2 {
            let damaged = (0..100_000).filter(|number| table.find(long(*number).as_ref()).is_err()).count();
            assert!((1..=PAGE / 20).contains(&damaged), "{damaged}");
        }
        assert!(!table.pages.are_all_checked());
    }
}
