//! The two tests that decide almost every negative: one filter line, one tag line.

/// Octets of a cache line, which is what one probe reads.
pub(super) const LINE: usize = 64;
/// Tags in a tag line.
pub(super) const TAGS_PER_LINE: usize = 32;
/// What fills the slots of a bucket that is not full. A record may have this tag too; the rank directory tells.
pub(super) const NO_TAG: u16 = u16::MAX;

/// One cache line of the file.
pub(super) type Line = [u8; LINE];

/// One in each of the four tags of a word.
const ONES: u64 = 0x0001_0001_0001_0001;
/// The top bit of each of the four tags of a word.
const TOPS: u64 = 0x8000_8000_8000_8000;

/// Whether one of the 32 tags of a line is this one. Written so that the compiler makes four vector comparisons of
/// it; half of the time of a negative is here.
#[inline(always)]
pub(super) fn any_slot_matches(line: &Line, tag: u16) -> bool {
    line.as_chunks::<2>().0.iter().fold(false, |any, octets| any | (u16::from_le_bytes(*octets) == tag))
}

/// The slots that have this tag.
#[inline(always)]
pub(super) fn matching_slots(line: &Line, tag: u16) -> Slots {
    let wanted = u64::from(tag).wrapping_mul(ONES);
    let mut bits = [0_u64; 2];
    for (pair, shift) in line.as_chunks::<16>().0.iter().zip([15, 14, 13, 12]) {
        for (bits, word) in bits.iter_mut().zip(pair.as_chunks::<8>().0) {
            let difference = u64::from_le_bytes(*word) ^ wanted;
            // Exact in every tag: the top bit of a tag stays clear only if all its bits are.
            let zeros = !(((difference & !TOPS).wrapping_add(!TOPS)) | difference) & TOPS;
            *bits |= zeros >> shift;
        }
    }
    let [even, odd] = bits;
    Slots(even | odd << 4)
}

/// A set of slots: bit `16 t + 4 o + p` stands for tag `t` of word `2 p + o`, as they come out of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slots(u64);

impl Iterator for Slots {
    type Item = u32;

    #[inline(always)]
    fn next(&mut self) -> Option<u32> {
        if self.0 == 0 {
            return None;
        }
        let bit = self.0.trailing_zeros();
        self.0 &= self.0.wrapping_sub(1);
        Some(((bit & 3) << 3) | (bit & 4) | (bit >> 4))
    }
}

/// The last tag of a line: a query below it that matches no slot is not in the bucket, full or not.
#[inline(always)]
pub(super) fn last_tag(line: &Line) -> u16 {
    line.last_chunk().map_or(0, |octets| u16::from_le_bytes(*octets))
}

/// Whether a filter line has every bit of a hash set.
#[inline(always)]
pub(super) fn filter_may_contain(line: &Line, bits: u64) -> bool {
    // No early exit: half of all bits are set, so every exit would be a mispredicted branch.
    let mut shift = 16_u32;
    let mut all = 1_u64;
    for word in line.as_chunks::<8>().0 {
        let bit = u32::try_from((bits >> shift) & 63).unwrap_or(0);
        all &= u64::from_le_bytes(*word) >> bit;
        shift = shift.wrapping_add(6);
    }
    all != 0
}

/// Sets the bits of a hash in a filter line that is being built.
#[inline(always)]
pub(super) fn filter_insert(words: &mut [u64; 8], bits: u64) {
    let mut shift = 16_u32;
    for word in words {
        *word |= 1 << ((bits >> shift) & 63);
        shift = shift.wrapping_add(6);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_is_compared() {
        for slot in 0..TAGS_PER_LINE {
            let mut line = [0_u8; LINE];
            line[slot * 2..slot * 2 + 2].copy_from_slice(&0xfedc_u16.to_le_bytes());
            assert!(matching_slots(&line, 0xfedc).eq([u32::try_from(slot).unwrap()]));
            assert!(any_slot_matches(&line, 0xfedc) && any_slot_matches(&line, 0));
            assert!(!any_slot_matches(&line, 0xfedd) && !any_slot_matches(&line, 0x8000));
            assert_eq!(matching_slots(&line, 0xfedd).count(), 0);
            let mut others: Vec<u32> = matching_slots(&line, 0).collect();
            others.sort_unstable();
            assert!(others.into_iter().eq((0..32).filter(|other| *other != u32::try_from(slot).unwrap())));
            assert_eq!(last_tag(&line) == 0xfedc, slot == 31);
        }
        assert_eq!(matching_slots(&[0xff; LINE], NO_TAG).count(), TAGS_PER_LINE);
    }

    #[test]
    fn a_filter_has_what_was_put_in() {
        let mut words = [0_u64; 8];
        let hashes: Vec<u64> = (1..40_u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
        hashes.iter().for_each(|hash| filter_insert(&mut words, *hash));
        let mut line = [0_u8; LINE];
        for (target, word) in line.chunks_mut(8).zip(words) {
            target.copy_from_slice(&word.to_le_bytes());
        }
        assert!(hashes.iter().all(|hash| filter_may_contain(&line, *hash)));
        assert!(!filter_may_contain(&[0; LINE], 12345));
    }
}
