//! Serials as numbers of up to 160 bits, and the keyed hash that spreads them.
//!
//! The secret is random for every file. Whoever can choose serials (a CA, or who asks it for certificates) cannot
//! know it and therefore cannot aim many serials at one bucket.

use super::bytes::to_usize;
use crate::types::SerialRef;

/// The longest magnitude that is stored in a record, in octets; longer ones and negative numbers are exceptions.
pub(super) const LONGEST_MAGNITUDE: usize = 20;

/// Seeds for a secret of few bits; with a random secret they change nothing.
const SEED: [u64; 4] =
    [0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f, 0x1656_67b1_9e37_79f9, 0x2545_f491_4f6c_dd1d];
/// Spreads the hash bits that do not choose the filter line over the 48 that choose its bits.
const FILTER_SPREAD: u64 = 0xd6e8_feb8_6659_fd93;

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

    /// The last 16 octets of a serial that has 16 or 17; `None` for others. They are its magnitude if the serial
    /// [`fits_sixteen`], which is left to who needs to know it: it is a fifth of what an absent serial costs.
    #[inline(always)]
    pub(super) fn of_last_sixteen(serial: SerialRef<'_>) -> Option<Self> {
        let octets = serial.octets();
        if octets.len().wrapping_sub(16) > 1 {
            return None;
        }
        let number = u128::from_be_bytes(*octets.last_chunk()?);
        Some(Self { high: 0, middle: high_half(number), low: low_half(number) })
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
    pub(super) fn new(secret: &[u8; 32]) -> Self {
        let mut words = SEED;
        for (word, octets) in words.iter_mut().zip(secret.as_chunks::<8>().0) {
            *word ^= u64::from_le_bytes(*octets);
        }
        let [first, second, third, fourth] = words;
        // A factor of zero would forget everything.
        Self { secret: [first, second, third, fourth | 1] }
    }

    /// The hash of a serial.
    #[inline(always)]
    pub(super) fn hash(&self, serial: Magnitude) -> u64 {
        let [first, second, third, fourth] = self.secret;
        let folded = fold(serial.low ^ first, serial.middle ^ second);
        fold(folded ^ u64::from(serial.high) ^ third, fourth)
    }

    /// The hash of octets of any length, for names and key hashes.
    pub(super) fn hash_octets(&self, kind: u32, octets: &[u8]) -> u64 {
        let [first, second, third, fourth] = self.secret;
        let mut state = fold(u64::from(kind) ^ first, super::bytes::to_u64(octets.len()) ^ second);
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
pub(super) fn bucket_and_tag(hash: u64, buckets: u32) -> (u32, u16) {
    let product = u128::from(hash) * u128::from(buckets);
    // The high half of the product is below `buckets`, and the tag is the 16 bits that follow it.
    let bucket = u32::try_from(product >> 64).unwrap_or(u32::MAX);
    let tag = u16::try_from((product >> 48) & 0xffff).unwrap_or(u16::MAX);
    (bucket, tag)
}

/// Bucket and tag in one word.
#[derive(Debug, Clone, Copy)]
pub(super) struct BucketKey(u64);

impl BucketKey {
    /// In no bucket that there can be.
    pub(super) const NOWHERE: Self = Self(u64::MAX);

    #[inline(always)]
    pub(super) fn new(hash: u64, buckets: u32) -> Self {
        Self(low_half((u128::from(hash) * u128::from(buckets)) >> 48))
    }

    #[inline(always)]
    pub(super) fn bucket(self) -> usize {
        to_usize(self.0 >> 16)
    }

    #[inline(always)]
    pub(super) fn tag(self) -> u16 {
        u16::try_from(self.0 & 0xffff).unwrap_or(u16::MAX)
    }
}

/// The filter line of a hash; it rises with the hash as well.
#[inline(always)]
pub(super) fn filter_line(hash: u64, lines: u32) -> u32 {
    u32::try_from((u128::from(hash) * u128::from(lines)) >> 64).unwrap_or(u32::MAX)
}

/// Which bit of each of the eight words of its filter line a hash sets: six bits each, from bit 16 upwards.
#[inline(always)]
pub(super) fn filter_bits(hash: u64) -> u64 {
    hash.wrapping_mul(FILTER_SPREAD)
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

    fn sixteen(serial: SerialRef<'_>) -> Option<Magnitude> {
        Magnitude::of_last_sixteen(serial).filter(|_| fits_sixteen(serial))
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
    fn a_secret_of_zeros_still_spreads() {
        let hasher = Hasher::new(&[0; 32]);
        let mut counts = [0_u32; 16];
        for number in 0..16_000 {
            let (bucket, _) =
                bucket_and_tag(hasher.hash(Magnitude { low: number, ..Default::default() }), 16);
            counts[usize::try_from(bucket).unwrap()] += 1;
        }
        assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
    }
}
