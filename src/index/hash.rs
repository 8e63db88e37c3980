//! Serials as numbers of up to 160 bits, and the keyed hash that spreads them.
//!
//! The secret is random for every file. Whoever can choose serials (a CA, or who asks it for certificates) cannot
//! know it and therefore cannot aim many serials at one bucket.

use super::bytes::{to_u64, to_usize};
use crate::types::SerialRef;

/// The longest magnitude that is stored in a record, in octets; longer ones and negative numbers are exceptions.
pub(super) const LONGEST_MAGNITUDE: usize = 20;

/// Seeds for a secret of few bits; with a random secret they change nothing.
const SEED: [u64; 4] =
    [0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f, 0x1656_67b1_9e37_79f9, 0x2545_f491_4f6c_dd1d];

/// A serial that is not negative and has at most 20 octets, left-padded with zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Magnitude {
    /// Bits 128 to 159.
    pub(super) high: u32,
    /// Bits 64 to 127.
    pub(super) middle: u64,
    /// Bits 0 to 63.
    pub(super) low: u64,
}

impl Magnitude {
    /// As [`Magnitude::of`], in a few instructions for what most serials are: 16 to 20 octets, of which the first may
    /// be there for the sign alone. It needs no branch on that, which half of the random serials would have
    /// mispredicted. `None` for others.
    #[inline(always)]
    pub(super) fn of_usual_length(serial: SerialRef<'_>) -> Option<Self> {
        let octets = serial.octets();
        let length = octets.len();
        let (Some(first), Some(tail), 16..=20) = (octets.first_chunk(), octets.last_chunk(), length) else {
            return None;
        };
        let first = u32::from_be_bytes(*first);
        if first >= 0x8000_0000 {
            return None;
        }
        // The first four octets reach into `middle`; those are shifted out again.
        let high = u64::from(first) >> ((20 - length) * 8);
        let number = u128::from_be_bytes(*tail);
        Some(Self { high: u32::try_from(high).ok()?, middle: high_half(number), low: low_half(number) })
    }

    /// The octets of all but `high`, most significant first.
    #[inline(always)]
    pub(super) fn last_sixteen(self) -> [u8; 16] {
        (u128::from(self.middle) << 64 | u128::from(self.low)).to_be_bytes()
    }

    /// `None` for a serial that belongs to the exceptions.
    #[inline]
    pub(super) fn of(serial: SerialRef<'_>) -> Option<Self> {
        let octets = serial.octets();
        let first = *octets.first()?;
        if first >= 0x80 {
            return None;
        }
        // Every second random serial has a sign octet. Arithmetic skips it, where a branch would be mispredicted.
        let octets = octets.get(usize::from(first == 0)..)?;
        let length = octets.len();
        if length >= 8 {
            if length > LONGEST_MAGNITUDE {
                return None;
            }
            let low = u64::from_be_bytes(*octets.last_chunk()?);
            if let Some((rest, _)) = octets.split_last_chunk::<8>() {
                if let Some((top, middle)) = rest.split_last_chunk::<8>() {
                    let high = match top.len() {
                        0 => 0,
                        _ => top.iter().fold(0, |number, octet| (number << 8) | u32::from(*octet)),
                    };
                    return Some(Self { high, middle: u64::from_be_bytes(*middle), low });
                }
                // The first eight octets reach into `low`; those are shifted out again.
                let shared = 8_usize.wrapping_sub(rest.len());
                let shift = u32::try_from(shared).unwrap_or(8).wrapping_mul(8);
                let middle = u64::from_be_bytes(*octets.first_chunk()?).checked_shr(shift).unwrap_or(0);
                return Some(Self { high: 0, middle, low });
            }
        }
        let low = octets.iter().fold(0, |number, octet| (number << 8) | u64::from(*octet));
        Some(Self { high: 0, middle: 0, low })
    }

    /// The number behind one octet for the sign: 21 octets, most significant first.
    pub(super) fn to_be_bytes(self) -> [u8; LONGEST_MAGNITUDE + 1] {
        let mut octets = [0; LONGEST_MAGNITUDE + 1];
        let fields = self
            .high
            .to_be_bytes()
            .into_iter()
            .chain(self.middle.to_be_bytes())
            .chain(self.low.to_be_bytes());
        for (target, octet) in octets.iter_mut().skip(1).zip(fields) {
            *target = octet;
        }
        octets
    }
}

/// Whether a serial of 16 or 17 octets is a number of 128 bits at most: not negative, and the first of 17 octets is there
/// for the sign alone.
#[inline(always)]
pub(super) fn fits_sixteen(serial: SerialRef<'_>) -> bool {
    let octets = serial.octets();
    let sign = octets.len().wrapping_sub(16) & 1;
    // Arithmetic, as every second random serial has a sign octet and a branch on it would be mispredicted.
    octets.first().is_some_and(|first| u32::from(*first) << (sign * 7) < 0x80)
}

/// The keyed hash of one file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hasher {
    secret: [u64; 4],
}

impl Hasher {
    /// For nothing.
    pub(super) const NONE: Self = Self { secret: SEED };

    pub(super) fn new(secret: &[u8; 32]) -> Self {
        let mut words = SEED;
        for (word, octets) in words.iter_mut().zip(secret.as_chunks::<8>().0) {
            *word ^= u64::from_le_bytes(*octets);
        }
        let [first, second, third, fourth] = words;
        // A factor of zero would forget everything.
        Self { secret: [first, second, third, fourth | 1] }
    }

    /// The hash of a serial. It is one of the octets as they lie in a certificate, so that these need no turning round.
    #[inline(always)]
    pub(super) fn hash(&self, serial: Magnitude) -> u64 {
        self.hash_words(serial.high, serial.middle.swap_bytes(), serial.low.swap_bytes())
    }

    /// The hash of a serial of up to 16 octets, padded with zeros to so many.
    #[inline(always)]
    pub(super) fn hash_sixteen(&self, octets: &[u8; 16]) -> u64 {
        let number = u128::from_le_bytes(*octets);
        self.hash_words(0, low_half(number), high_half(number))
    }

    #[inline(always)]
    fn hash_words(&self, high: u32, middle: u64, low: u64) -> u64 {
        let [first, second, _, fourth] = self.secret;
        fold(fold(low ^ first, middle ^ second) ^ u64::from(high), fourth)
    }

    /// The hash of octets of any length, for names and key hashes.
    pub(super) fn hash_octets(&self, kind: u32, octets: &[u8]) -> u64 {
        let [first, second, third, fourth] = self.secret;
        let mut state = fold(u64::from(kind) ^ first, to_u64(octets.len()) ^ second);
        let (words, rest) = octets.as_chunks::<8>();
        for word in words {
            state = fold(state ^ u64::from_le_bytes(*word) ^ third, fourth);
        }
        let last = rest.iter().rev().fold(0, |number, octet| (number << 8) | u64::from(*octet));
        fold(fold(state ^ last ^ second, fourth) ^ first, fourth)
    }
}

/// Bucket and tag of a hash. Both rise with the hash: records sorted by hash are sorted by bucket, then tag.
#[inline(always)]
pub(super) fn bucket_and_tag(hash: u64, buckets: usize) -> (usize, u16) {
    let (bucket, rest) = scaled(hash, buckets);
    // The 16 bits that follow.
    (bucket, u16::try_from(rest >> 48).unwrap_or(u16::MAX))
}

/// A hash as a number below `count`, with which it rises, and the bits that follow it.
#[inline(always)]
pub(super) fn scaled(hash: u64, count: usize) -> (usize, u64) {
    let product = u128::from(hash) * u128::from(to_u64(count));
    (to_usize(high_half(product)), low_half(product))
}

/// Both halves of the 128-bit product, folded into one.
#[inline(always)]
fn fold(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    low_half(product) ^ high_half(product)
}

/// Bits 64 to 127.
#[inline(always)]
pub(super) fn high_half(number: u128) -> u64 {
    u64::try_from(number >> 64).unwrap_or(0)
}

/// Bits 0 to 63.
#[inline(always)]
pub(super) fn low_half(number: u128) -> u64 {
    u64::try_from(number & u128::from(u64::MAX)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Serial;

    /// The magnitude of a serial of 16 or 17 octets that has no more than 16 of them.
    fn sixteen(serial: SerialRef<'_>) -> Option<Magnitude> {
        let is_usual = (16..=17).contains(&serial.octets().len()) && fits_sixteen(serial);
        Magnitude::of(serial).filter(|_| is_usual)
    }

    #[test]
    fn magnitudes_of_every_length() {
        for length in 1..=24_u8 {
            let octets: Vec<u8> = std::iter::once(0).chain((0..length).map(|i| 0xf0 - i)).collect();
            let serial = Serial::new(&octets).unwrap();
            let magnitude = Magnitude::of(serial.as_ref());
            if length > 20 {
                assert_eq!(magnitude, None);
                continue;
            }
            let padded = magnitude.unwrap().to_be_bytes();
            let usual = Magnitude::of_usual_length(serial.as_ref());
            assert_eq!(usual, magnitude.filter(|_| (15..20).contains(&length)), "length {length}");
            assert_eq!(
                sixteen(serial.as_ref()),
                magnitude.filter(|_| (15..=16).contains(&length)),
                "length {length}"
            );
            assert_eq!(&padded[21 - usize::from(length)..], &octets[1..]);
            assert!(padded[..21 - usize::from(length)].iter().all(|octet| *octet == 0));
        }
        for length in 1..=24 {
            let serial = Serial::new(&vec![0x11; length]).unwrap();
            let usual = Magnitude::of_usual_length(serial.as_ref());
            assert_eq!(usual, Magnitude::of(serial.as_ref()).filter(|_| (16..=20).contains(&length)));
            assert_eq!(sixteen(serial.as_ref()), Magnitude::of(serial.as_ref()).filter(|_| length == 16));
        }
        for negative in [&[0x80; 9][..], &[0x80; 16], &[0x80; 17], &[0xff; 20]] {
            let negative = SerialRef::new(negative).unwrap();
            assert_eq!(Magnitude::of_usual_length(negative), None);
            assert_eq!(sixteen(negative), None);
        }
        assert_eq!(Magnitude::of(Serial::from_u64(0).as_ref()), Some(Magnitude::default()));
        assert_eq!(Magnitude::of(Serial::new(&[0xff]).unwrap().as_ref()), None);
    }

    #[test]
    fn both_ways_to_a_hash_lead_to_the_same() {
        let hasher = Hasher::new(&[7; 32]);
        for serial in [&[0x5a, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15][..], &[3; 9], &[0]] {
            let magnitude = Magnitude::of(SerialRef::new(serial).unwrap()).unwrap();
            assert_eq!(hasher.hash(magnitude), hasher.hash_sixteen(&magnitude.last_sixteen()));
        }
    }

    #[test]
    fn a_secret_of_zeros_still_spreads() {
        let hasher = Hasher::new(&[0; 32]);
        let mut counts = [0_u32; 16];
        for number in 0..16_000 {
            let (bucket, _) =
                bucket_and_tag(hasher.hash(Magnitude { low: number, ..Default::default() }), 16);
            counts[bucket] += 1;
        }
        assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
    }
}
