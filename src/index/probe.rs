//! One bucket: which of its records may be a serial's, and where they are.

use super::bytes::{u16_at, u32_at};

/// Octets of a cache line, which is what one probe reads.
pub(super) const LINE: usize = 64;
/// Octets of a bucket: half a line, so that one cache miss brings all that there is to know about where a serial is.
pub(super) const BUCKET: usize = 32;
/// Tags in a bucket.
pub(super) const TAGS: usize = 14;
/// Where the rank of a bucket stands, behind the tags.
pub(super) const RANK_AT: usize = TAGS * 2;
/// One bit for each tag of a bucket.
const EVERY_TAG: u32 = (1 << TAGS) - 1;
/// What fills the slots of a bucket that is not full. A record may have this tag too; the ranks tell.
pub(super) const NO_TAG: u16 = u16::MAX;

/// One cache line of the file.
pub(super) type Line = [u8; LINE];
/// The tags of the first records of a bucket, then its rank, which is the ordinal of the first.
pub(super) type Bucket = [u8; BUCKET];

/// The slots that have this tag.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn matching_slots(bucket: &Bucket, tag: u16) -> Slots {
    use safe_arch::{
        cmp_eq_mask_i16_m128i, load_unaligned_m128i, move_mask_i8_m128i, pack_i16_to_i8_m128i,
        set_splat_i16_m128i,
    };

    // SSE2 belongs to x86-64: there is no processor to ask, and no other way to take.
    let wanted = set_splat_i16_m128i(tag.cast_signed());
    let equal = |tags: &[u8; 16]| cmp_eq_mask_i16_m128i(load_unaligned_m128i(tags), wanted);
    match bucket.as_chunks::<16>().0 {
        [low, high] => {
            let mask = move_mask_i8_m128i(pack_i16_to_i8_m128i(equal(low), equal(high)));
            Slots(mask.cast_unsigned() & EVERY_TAG)
        }
        _ => Slots(0),
    }
}

/// The slots that have this tag.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub(super) fn matching_slots(bucket: &Bucket, tag: u16) -> Slots {
    matching_slots_anywhere(bucket, tag)
}

/// As [`matching_slots`], for every processor.
#[cfg(any(test, not(target_arch = "x86_64")))]
#[inline(always)]
fn matching_slots_anywhere(bucket: &Bucket, tag: u16) -> Slots {
    let bit_of = |(slot, octets): (u32, &[u8; 2])| u32::from(u16::from_le_bytes(*octets) == tag) << slot;
    let bits = (0..).zip(bucket.as_chunks::<2>().0).map(bit_of).fold(0, |bits, bit| bits | bit);
    Slots(bits & EVERY_TAG)
}

/// A set of slots, a bit each; as an iterator it goes through them in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slots(u32);

impl Slots {
    #[inline(always)]
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The first of the slots; 32 if there are none.
    #[inline(always)]
    pub(super) fn first(self) -> u32 {
        self.0.trailing_zeros()
    }
}

impl Iterator for Slots {
    type Item = u32;

    #[inline(always)]
    fn next(&mut self) -> Option<u32> {
        let slot = self.first();
        self.0 &= self.0.wrapping_sub(1);
        (slot < 32).then_some(slot)
    }
}

/// The last tag of a bucket: a query below it that matches no slot is not there, whether the bucket goes on or not.
#[inline(always)]
pub(super) fn last_tag(bucket: &Bucket) -> u16 {
    u16_at(bucket, RANK_AT - 2).unwrap_or(0)
}

/// The rank of a bucket.
#[inline(always)]
pub(super) fn rank(bucket: &Bucket) -> u32 {
    u32_at(bucket, RANK_AT).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_slot_is_compared() {
        for slot in 0..TAGS {
            let mut bucket = [0_u8; BUCKET];
            bucket[slot * 2..slot * 2 + 2].copy_from_slice(&0xfedc_u16.to_le_bytes());
            let slot = u32::try_from(slot).unwrap();
            assert!(matching_slots(&bucket, 0xfedc).eq([slot]));
            assert_eq!(matching_slots(&bucket, 0xfedc).first(), slot);
            assert!(matching_slots(&bucket, 0xfedd).is_empty() && matching_slots(&bucket, 0x8000).is_empty());
            assert!(matching_slots(&bucket, 0).eq((0..14).filter(|other| *other != slot)));
            assert_eq!(last_tag(&bucket) == 0xfedc, slot == 13);
        }
        assert_eq!(matching_slots(&[0xff; BUCKET], NO_TAG).count(), TAGS);
    }

    #[test]
    fn a_rank_is_no_tag() {
        let mut bucket = [0_u8; BUCKET];
        bucket[RANK_AT..].copy_from_slice(&0x0102_0102_u32.to_le_bytes());
        assert_eq!(rank(&bucket), 0x0102_0102);
        assert!(matching_slots(&bucket, 0x0102).is_empty());
    }

    proptest! {
        #[test]
        fn both_ways_of_comparing_find_the_same_slots(
            tags in prop::collection::vec(prop_oneof![Just(0_u16), Just(0x00ff), Just(0xff00), 0x7ffe..=0x8001_u16, Just(u16::MAX), any::<u16>()], TAGS + 2),
            other in any::<u16>(),
        ) {
            let mut bucket = [0_u8; BUCKET];
            for (target, tag) in bucket.chunks_mut(2).zip(&tags) {
                target.copy_from_slice(&tag.to_le_bytes());
            }
            for tag in tags.iter().copied().chain([other]) {
                let slots = matching_slots(&bucket, tag);
                prop_assert_eq!(slots, matching_slots_anywhere(&bucket, tag));
                prop_assert!(slots.eq((0..14).zip(&tags).filter(|(_, own)| **own == tag).map(|(slot, _)| slot)));
            }
        }
    }
}
