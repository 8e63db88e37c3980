//! The key derivation of PKCS#12 (RFC 7292 appendix B.2).

use aws_lc_rs::digest::{Algorithm, Context};
use zeroize::Zeroizing;

/// What the derived octets are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Key,
    Iv,
    Mac,
}

/// Derives `length` octets. The rounds are the caller's to bound.
pub(super) fn derive(
    algorithm: &'static Algorithm,
    password: &[u8],
    salt: &[u8],
    purpose: Purpose,
    rounds: u32,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let block = algorithm.block_len();
    let id = match purpose {
        Purpose::Key => 1,
        Purpose::Iv => 2,
        Purpose::Mac => 3,
    };
    let diversifier = vec![id; block];
    let mut input = Zeroizing::new(repeated(salt, block));
    input.extend_from_slice(&Zeroizing::new(repeated(password, block)));
    let mut derived = Zeroizing::new(Vec::with_capacity(length + algorithm.output_len()));
    while derived.len() < length {
        let mut context = Context::new(algorithm);
        context.update(&diversifier);
        context.update(&input);
        let mut round = context.finish();
        for _ in 1..rounds {
            round = aws_lc_rs::digest::digest(algorithm, round.as_ref());
        }
        derived.extend_from_slice(round.as_ref());
        // Each block of the input grows by the digest and one, as a number.
        let step = repeated(round.as_ref(), block);
        let step = step.get(..block).unwrap_or_default();
        for number in input.chunks_mut(block) {
            let mut carry = 1_u16;
            for (octet, add) in number.iter_mut().zip(step).rev() {
                let sum = u16::from(*octet) + u16::from(*add) + carry;
                let [high, low] = sum.to_be_bytes();
                *octet = low;
                carry = u16::from(high);
            }
        }
    }
    derived.truncate(length);
    derived
}

/// `octets` repeated to whole blocks; nothing stays nothing.
fn repeated(octets: &[u8], block: usize) -> Vec<u8> {
    let length = octets.len().div_ceil(block) * block;
    octets.iter().copied().cycle().take(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY;

    /// The vectors that Bouncy Castle, OpenSSL and others have passed around since 1999.
    #[test]
    fn known_answers() {
        let smeg = [0, 0x73, 0, 0x6d, 0, 0x65, 0, 0x67, 0, 0];
        let key = derive(
            &SHA1_FOR_LEGACY_USE_ONLY,
            &smeg,
            &[0x0a, 0x58, 0xcf, 0x64, 0x53, 0x0d, 0x82, 0x3f],
            Purpose::Key,
            1,
            24,
        );
        assert_eq!(crate::types::to_hex(&key), "8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3");
        let iv = derive(
            &SHA1_FOR_LEGACY_USE_ONLY,
            &smeg,
            &[0x0a, 0x58, 0xcf, 0x64, 0x53, 0x0d, 0x82, 0x3f],
            Purpose::Iv,
            1,
            8,
        );
        assert_eq!(crate::types::to_hex(&iv), "79993dfe048d3b76");
    }
}
