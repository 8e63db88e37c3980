//! Hexadecimal text, as serials, CRL numbers and digests are written.

/// Why a text is not hexadecimal octets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HexError {
    /// A character that is no hexadecimal digit.
    #[error("'{character}' at position {position} is not a hexadecimal digit")]
    BadDigit {
        /// The character found.
        character: char,
        /// Its position in the text, counted in octets from 0.
        position: usize,
    },
    /// Half an octet is missing.
    #[error("an odd number of hexadecimal digits ({digits}); octets have two each")]
    OddLength {
        /// Number of digits found.
        digits: usize,
    },
}

/// Octets as lower-case hexadecimal digits, without separators.
#[must_use]
pub fn to_hex(octets: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or('0');
    let mut text = String::with_capacity(octets.len().saturating_mul(2));
    for octet in octets {
        text.push(digit(octet >> 4));
        text.push(digit(octet & 0x0f));
    }
    text
}

/// Reads hexadecimal digits of either case; colons and spaces between octets are allowed.
///
/// # Errors
/// [`HexError`] names the character that is out of place, or the odd number of digits.
pub fn from_hex(text: &str) -> Result<Vec<u8>, HexError> {
    let mut octets = Vec::with_capacity(text.len() / 2);
    let mut high: Option<u8> = None;
    let mut digits = 0_usize;
    for (position, character) in text.char_indices() {
        if high.is_none() && matches!(character, ':' | ' ') {
            continue;
        }
        let value = character
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
            .ok_or(HexError::BadDigit { character, position })?;
        digits += 1;
        match high.take() {
            None => high = Some(value << 4),
            Some(upper) => octets.push(upper | value),
        }
    }
    if high.is_some() { Err(HexError::OddLength { digits }) } else { Ok(octets) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_every_octet() {
        let octets: Vec<u8> = (0..=255).collect();
        assert_eq!(from_hex(&to_hex(&octets)).unwrap(), octets);
        assert_eq!(from_hex(&to_hex(&octets).to_uppercase()).unwrap(), octets);
    }

    #[test]
    fn separators_stand_between_octets_only() {
        assert_eq!(from_hex("00:ff 1A").unwrap(), [0x00, 0xff, 0x1a]);
        assert_eq!(from_hex("0:0").unwrap_err(), HexError::BadDigit { character: ':', position: 1 });
        assert_eq!(from_hex("abc").unwrap_err(), HexError::OddLength { digits: 3 });
    }
}
