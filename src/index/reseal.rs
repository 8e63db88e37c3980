//! Making the checksums of a changed file right again, for fuzzing and for tests of what lies behind them.

use super::bytes::{put, to_u64, to_usize};
use super::layout::{AT_FILE_LENGTH, AT_VERSION, MAGIC};
use super::layout::{AT_HEADER_SUM, HEADER, SECTION_ROW, SectionKind, VERSION, header_sum, section_row};
use super::pages::sums_of;

/// Writes signature, version, length and all checksums into a file, wherever its section table leads. Octets that
/// are too few for a header stay as they are.
#[doc(hidden)]
pub fn reseal(file: &mut [u8]) {
    if file.len() < HEADER {
        return;
    }
    put(file, 0, &MAGIC);
    put(file, AT_VERSION, &VERSION.to_le_bytes());
    let length = to_u64(file.len());
    put(file, AT_FILE_LENGTH, &length.to_le_bytes());
    // Sums of the pages, then of the sums, then of the sections that hold those.
    for (from, to) in
        [(SectionKind::Body, SectionKind::PageSums), (SectionKind::PageSums, SectionKind::PageRoots)]
    {
        let (Some(source), Some(target)) = (range(file, from), range(file, to)) else { continue };
        let sums = file.get(source).map(sums_of).unwrap_or_default();
        if let Some(target) = file.get_mut(target) {
            target.iter_mut().zip(sums).for_each(|(target, octet)| *target = octet);
        }
    }
    for kind in SectionKind::ALL.into_iter().filter(|kind| kind.is_small()) {
        let sum = range(file, kind).and_then(|range| file.get(range)).map(crc32fast::hash);
        if let Some(sum) = sum {
            put(file, section_row(kind) + SECTION_ROW - 8, &sum.to_le_bytes());
        }
    }
    if let Some(sum) = file.first_chunk().map(header_sum) {
        put(file, AT_HEADER_SUM, &sum.to_le_bytes());
    }
}

fn range(file: &[u8], kind: SectionKind) -> Option<std::ops::Range<usize>> {
    let at = section_row(kind);
    let start = to_usize(super::bytes::u64_at(file, at)?);
    let end = start.checked_add(to_usize(super::bytes::u64_at(file, at + 8)?))?;
    (end <= file.len()).then_some(start..end)
}
