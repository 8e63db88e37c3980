//! Entries in the order of a table's keys, one cache-sized partition after the other.

use super::super::hash::{Hasher, Magnitude};
use super::blocks::{Blocks, Pool};
use super::staging::{ENTRY, Entry};

/// Entries a partition should have: 128 KiB of them, which stay in the second-level cache with their sort keys.
const PARTITION: u64 = 4096;
/// More partitions than this would need more open blocks than the translation buffer has room for.
const MOST_BITS: u32 = 13;

/// What a table is sorted by: a number for every serial, which is the serial or its hash.
#[derive(Debug, Clone, Copy)]
pub(super) enum SortKey {
    /// The keyed hash.
    Hash(Hasher),
    /// The distance from the lowest serial, moved up so that the top bits differ.
    Serial { lowest: u64, shift: u32 },
}

impl SortKey {
    pub(super) fn serial(lowest: u64, highest: u64) -> Self {
        // One value only: nothing to move.
        let shift = highest.saturating_sub(lowest).leading_zeros() % u64::BITS;
        Self::Serial { lowest, shift }
    }

    #[inline(always)]
    pub(super) fn of(&self, serial: Magnitude) -> u64 {
        match self {
            Self::Hash(hasher) => hasher.hash(serial),
            Self::Serial { lowest, shift } => serial.low.wrapping_sub(*lowest) << shift,
        }
    }
}

/// Splits staged entries by the top bits of their keys. Staged blocks are consumed one by one and filled again.
///
/// The number of the source is written into every entry.
pub(super) fn partition(staged: Vec<Blocks>, key: SortKey, pool: &mut Pool) -> Vec<Blocks> {
    let total: usize = staged.iter().map(|blocks| blocks.len() / ENTRY).sum();
    let wanted = u64::try_from(total).unwrap_or(u64::MAX).div_ceil(PARTITION).max(1);
    let bits = wanted.next_power_of_two().trailing_zeros().min(MOST_BITS);
    if bits == 0 && staged.len() == 1 {
        return staged;
    }
    let mut partitions: Vec<Blocks> = (0..1_u32 << bits).map(|_| Blocks::default()).collect();
    for (source, blocks) in (0_u32..).zip(staged) {
        for block in blocks.into_blocks() {
            for octets in block.as_chunks::<ENTRY>().0 {
                let mut entry = Entry::decode(octets);
                entry.source = source;
                let number = key.of(entry.magnitude).checked_shr(u64::BITS - bits).unwrap_or(0);
                if let Some(partition) =
                    usize::try_from(number).ok().and_then(|number| partitions.get_mut(number))
                {
                    partition.push(&entry.encode(), pool);
                }
            }
            pool.give(block);
        }
    }
    partitions
}

/// The order of a partition: keys with the positions of their entries.
pub(super) fn sort(partition: &Blocks, key: SortKey, order: &mut Vec<(u64, u32)>) {
    order.clear();
    let mut position = 0_u32;
    // Block by block, so that the compiler knows how many there are.
    for block in partition.iter() {
        let (entries, _) = block.as_chunks::<ENTRY>();
        order.extend(
            entries
                .iter()
                .zip(position..)
                .map(|(octets, position)| (key.of(Entry::decode(octets).magnitude), position)),
        );
        position += u32::try_from(entries.len()).unwrap_or(0);
    }
    sort_pairs(order);
}

/// Sorts keys with their positions, which count from 0 in the order given.
///
/// A word is sorted in half the time of a pair, so a key's most telling bits and its position are put into one. Keys
/// that differ only in the bits left out are rare; they are noticed, and the pairs sorted as they are.
fn sort_pairs(order: &mut Vec<(u64, u32)>) {
    let first = order.first().map_or(0, |(key, _)| *key);
    let differing = order.iter().fold(0, |bits, (key, _)| bits | (key ^ first));
    let positions = order.len().next_power_of_two();
    let mask = u64::try_from(positions).unwrap_or(u64::MAX).wrapping_sub(1);
    let shift = differing.leading_zeros().min(u64::BITS - 1);
    let mut words: Vec<u64> =
        order.iter().map(|(key, position)| ((key << shift) & !mask) | u64::from(*position)).collect();
    words.sort_unstable();
    let sorted = words.iter().filter_map(|word| order.get(usize::try_from(word & mask).ok()?).copied());
    let mut sorted: Vec<(u64, u32)> = sorted.collect();
    if !sorted.is_sorted() {
        sorted.sort_unstable();
    }
    *order = sorted;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_sorted_even_if_their_keys_differ_in_the_last_bit_only() {
        for keys in [
            vec![],
            vec![7],
            vec![u64::MAX, 0, u64::MAX - 1, 1, 0, u64::MAX],
            (0..5000).map(|number| if number % 2 == 0 { 1 << 63 } else { number % 7 }).collect::<Vec<u64>>(),
        ] {
            let mut order: Vec<(u64, u32)> = keys.iter().copied().zip(0..).collect();
            let mut expected = order.clone();
            expected.sort_unstable();
            sort_pairs(&mut order);
            assert_eq!(order, expected);
        }
    }

    #[test]
    fn partitions_are_in_order_and_complete() {
        for key in [SortKey::serial(5, 5 + 40_000), SortKey::Hash(Hasher::new(&[1; 32]))] {
            let mut pool = Pool::default();
            let mut staged = vec![Blocks::default(), Blocks::default()];
            for number in 0..40_000_u64 {
                let magnitude = Magnitude { low: 5 + (number * 7919) % 40_001, ..Default::default() };
                let entry = Entry { magnitude, source: 0, facts: number };
                staged[usize::from(number.is_multiple_of(3))].push(&entry.encode(), &mut pool);
            }
            let partitions = partition(staged, key, &mut pool);
            assert!(partitions.len() > 8);
            let (mut order, mut last, mut count) = (Vec::new(), 0, 0);
            for partition in &partitions {
                sort(partition, key, &mut order);
                for (key, position) in &order {
                    assert!(*key >= last);
                    last = *key;
                    let entry = Entry::decode(partition.record(usize::try_from(*position).unwrap()).unwrap());
                    assert_eq!(entry.source, u32::from(entry.facts.is_multiple_of(3)));
                    count += 1;
                }
            }
            assert_eq!(count, 40_000);
        }
    }
}
