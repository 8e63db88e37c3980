//! The filter in front of a hashed table: of nearly every absent serial it tells, from one word, that it is absent.
//!
//! It is there for its size. The buckets take three and a half octets an entry, the filter of a large table one and a
//! third, so that a cache that is near holds it for lists three times as long; and what is absent, which nearly everything
//! is, needs nothing else. What is listed pays one access more.
//!
//! It is a Bloom filter cut into words of 64 bits. A hash chooses the word and three bits in it; four to six serials share
//! a word. One or two in a hundred absent serials find all of their bits marked by others, and are looked for in the buckets.

use super::hash::scaled;
use super::probe::LINE;

/// Words in a line of the filter.
pub(super) const LINE_WORDS: usize = LINE / 8;

/// The words of a filter, as they lie in the file: little-endian.
pub(super) type FilterWords = [[u8; 8]];

/// The number of the word that a hash looks at. It rises with the hash.
#[inline(always)]
pub(super) fn word_of(hash: u64, words: usize) -> usize {
    scaled(hash, words).0
}

/// A word that no hash looks at.
pub(super) const EMPTY: u64 = u64::MAX;

/// The word with the bits of a hash taken out. What is in the table is marked by bits that are not set, which saves every
/// question an instruction.
#[inline(always)]
pub(super) fn marked(word: u64, hash: u64) -> u64 {
    word & !bits_of(hash)
}

/// Whether no record has this hash; `None` if there is no filter.
#[inline(always)]
pub(super) fn is_excluded(words: &FilterWords, hash: u64) -> Option<bool> {
    let word = words.get(word_of(hash, words.len()))?;
    Some(u64::from_le_bytes(*word) & bits_of(hash) != 0)
}

/// Three bits: with more, fewer serials pass for nothing, but all take longer than those few do.
#[inline(always)]
fn bits_of(hash: u64) -> u64 {
    let bit = |place: u64| 1 << (place & 63);
    bit(hash) | bit(hash >> 6) | bit(hash >> 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_excludes_what_was_not_put_in() {
        let hashes = |from: u64| (from..from + 600).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut words = [EMPTY; 100];
        for hash in hashes(1) {
            let number = word_of(hash, words.len());
            words[number] = marked(words[number], hash);
        }
        let words = words.map(u64::to_le_bytes);
        assert!(hashes(1).all(|hash| is_excluded(&words, hash) == Some(false)));
        let passed = hashes(1_000_000).filter(|hash| is_excluded(&words, *hash) == Some(false)).count();
        assert!(passed < 600 / 20, "{passed}");
        assert_eq!(is_excluded(&[], 12345), None);
    }
}
