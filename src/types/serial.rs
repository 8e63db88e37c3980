//! Certificate serial numbers (RFC 5280 section 4.1.2.2).
//!
//! A serial is an INTEGER and is compared as a number. Its identity here is the shortest two's-complement encoding,
//! the *canonical octets*: `00ff` and the mis-encoded `0000ff` are both 255 and therefore one serial, while `ff` is
//! minus one and another. Nothing in this crate ever drops the leading `00` that keeps a number positive, and
//! nothing compares raw bytes: a [`SerialRef`] cannot be made without reducing to canonical octets first.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};

use super::hex::{HexError, from_hex, to_hex};

/// The longest serial that is handled, in canonical octets. RFC 5280 promises 20; certificates beyond that exist.
pub const MAX_SERIAL_OCTETS: usize = 1024;

/// Why octets are not a serial.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SerialError {
    /// An INTEGER has at least one octet (X.690 section 8.3.1).
    #[error("a serial number has at least one octet")]
    Empty,
    /// Longer than this crate handles; it is refused, never shortened.
    #[error("a serial number of {octets} octets is longer than the {MAX_SERIAL_OCTETS} handled")]
    TooLong {
        /// Canonical length found.
        octets: usize,
    },
    /// The text is not hexadecimal.
    #[error(transparent)]
    Hex(#[from] HexError),
}

/// A borrowed serial: the canonical octets inside somebody else's buffer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SerialRef<'a>(&'a [u8]);

impl SerialRef<'static> {
    /// The number zero.
    pub const ZERO: Self = Self(&[0]);
}

impl<'a> SerialRef<'a> {
    /// Takes the content octets of a DER INTEGER, minimal or not, and reduces them to canonical octets.
    ///
    /// # Errors
    /// [`SerialError::Empty`] for no octets, [`SerialError::TooLong`] past [`MAX_SERIAL_OCTETS`].
    #[inline(always)]
    pub fn new(octets: &'a [u8]) -> Result<Self, SerialError> {
        // Almost every serial is canonical, and a branch on its sign octet would be mispredicted for half of the random
        // ones. It is if the sign bit and the eight behind it are not all the same.
        match octets.first_chunk() {
            Some(first)
                if octets.len() <= MAX_SERIAL_OCTETS
                    && !matches!(i16::from_be_bytes(*first) >> 7, 0 | -1) =>
            {
                Ok(Self(octets))
            }
            _ => Self::reduced(octets),
        }
    }

    #[inline(never)]
    fn reduced(octets: &'a [u8]) -> Result<Self, SerialError> {
        let mut canonical = octets;
        // An octet is redundant exactly if it repeats the sign bit of the next one (X.690 section 8.3.2).
        while let [first, rest @ ..] = canonical {
            match (first, rest.first()) {
                (0x00, Some(next)) if *next < 0x80 => canonical = rest,
                (0xff, Some(next)) if *next >= 0x80 => canonical = rest,
                _ => break,
            }
        }
        match canonical.len() {
            0 => Err(SerialError::Empty),
            length if length > MAX_SERIAL_OCTETS => Err(SerialError::TooLong { octets: length }),
            _ => Ok(Self(canonical)),
        }
    }

    /// The canonical octets: shortest two's complement, most significant first, never empty.
    #[must_use]
    pub fn octets(self) -> &'a [u8] {
        self.0
    }

    /// The magnitude without the sign octet, or `None` for a negative number. Zero has no octets.
    #[must_use]
    pub fn magnitude(self) -> Option<&'a [u8]> {
        match self.0 {
            [0x00, rest @ ..] => Some(rest),
            [first, ..] if *first >= 0x80 => None,
            octets => Some(octets),
        }
    }

    /// The serial as a number if it is in `0..2^32`.
    #[must_use]
    pub fn as_u32(self) -> Option<u32> {
        let magnitude = self.magnitude()?;
        if magnitude.len() > 4 {
            return None;
        }
        Some(magnitude.iter().fold(0_u32, |number, octet| (number << 8) | u32::from(*octet)))
    }

    /// An owned copy.
    #[must_use]
    pub fn to_owned(self) -> Serial {
        Serial(self.0.into())
    }
}

impl fmt::Display for SerialRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(self.0))
    }
}

impl fmt::Debug for SerialRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Serial({self})")
    }
}

/// An owned serial number.
#[derive(Clone)]
pub struct Serial(Box<[u8]>);

impl Serial {
    /// Takes the content octets of a DER INTEGER, minimal or not.
    ///
    /// # Errors
    /// As [`SerialRef::new`].
    pub fn new(octets: &[u8]) -> Result<Self, SerialError> {
        SerialRef::new(octets).map(SerialRef::to_owned)
    }

    /// Reads what a person types: hexadecimal octets (`00ff`, colons allowed), or, behind `0x`, the digits of a
    /// number that is not negative (`0xff` is 255, the serial `00ff`).
    ///
    /// # Errors
    /// [`SerialError::Hex`] for text that is neither, else as [`SerialRef::new`].
    pub fn parse(text: &str) -> Result<Self, SerialError> {
        let text = text.trim();
        match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            None => Self::new(&from_hex(text)?),
            Some(digits) => {
                // A number may have any count of digits, and its top bit is no sign.
                let padded =
                    if digits.len() % 2 == 1 { format!("000{digits}") } else { format!("00{digits}") };
                if digits.is_empty() { Err(SerialError::Empty) } else { Self::new(&from_hex(&padded)?) }
            }
        }
    }

    /// The number as an unsigned value of this size.
    #[must_use]
    pub fn from_u64(number: u64) -> Self {
        let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
        let octets = [0, a, b, c, d, e, f, g, h];
        // Nine octets are neither none nor too many; the fallback is the number zero, which they can also be.
        SerialRef::new(&octets).map_or_else(|_| Self(Box::new([0])), SerialRef::to_owned)
    }

    /// A borrowed view.
    #[must_use]
    pub fn as_ref(&self) -> SerialRef<'_> {
        SerialRef(&self.0)
    }

    /// The canonical octets.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

// Compared and hashed through the view, so that `Borrow` keeps its promise to maps.
impl PartialEq for Serial {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl Eq for Serial {}
impl Hash for Serial {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl PartialOrd for Serial {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Serial {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl Borrow<[u8]> for Serial {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bug that webpki, wolfSSL, upki and half a dozen scripts have had in turn: one side of the comparison
    /// stripped the `00` in front of a serial whose top bit is set, the other did not, and every such certificate
    /// was "not revoked". Test certificates never showed it, because generators like to clear the top bit.
    ///
    /// Here both sides go through one constructor. Padding makes no difference, and the sign always does.
    #[test]
    fn a_leading_zero_is_never_lost() {
        let in_certificate = Serial::new(&[0x00, 0xd4, 0x1d]).unwrap();
        let in_crl = Serial::new(&[0x00, 0x00, 0xd4, 0x1d]).unwrap();
        let negative = Serial::new(&[0xd4, 0x1d]).unwrap();
        assert_eq!(in_certificate, in_crl);
        assert_eq!(in_certificate.to_string(), "00d41d");
        assert_ne!(in_certificate, negative);
        assert_eq!(in_certificate.as_ref().magnitude(), Some(&[0xd4, 0x1d][..]));
        assert_eq!(negative.as_ref().magnitude(), None);
    }

    #[test]
    fn canonical_octets_are_the_shortest() {
        for (octets, canonical) in [
            (&[0x00][..], &[0x00][..]),
            (&[0x00, 0x00], &[0x00]),
            (&[0x00, 0x7f], &[0x7f]),
            (&[0x00, 0x80], &[0x00, 0x80]),
            (&[0xff], &[0xff]),
            (&[0xff, 0xff], &[0xff]),
            (&[0xff, 0x80], &[0x80]),
            (&[0xff, 0x7f], &[0xff, 0x7f]),
        ] {
            assert_eq!(SerialRef::new(octets).unwrap().octets(), canonical, "{octets:02x?}");
        }
        assert_eq!(SerialRef::new(&[]).unwrap_err(), SerialError::Empty);
        assert!(matches!(SerialRef::new(&[1; 1025]), Err(SerialError::TooLong { octets: 1025 })));
    }

    #[test]
    fn text_is_octets_or_a_number() {
        assert_eq!(Serial::parse("00ff").unwrap().octets(), [0x00, 0xff]);
        assert_eq!(Serial::parse("00:FF").unwrap().octets(), [0x00, 0xff]);
        assert_eq!(Serial::parse("ff").unwrap().octets(), [0xff]);
        assert_eq!(Serial::parse("0xff").unwrap().octets(), [0x00, 0xff]);
        assert_eq!(Serial::parse("0xF").unwrap().octets(), [0x0f]);
        assert_eq!(Serial::parse("0x"), Err(SerialError::Empty));
        assert_eq!(Serial::parse(""), Err(SerialError::Empty));
        assert!(Serial::parse("0xzz").is_err());
    }

    #[test]
    fn small_numbers() {
        assert_eq!(Serial::from_u64(0).octets(), [0]);
        assert_eq!(Serial::from_u64(0xffff_ffff).as_ref().as_u32(), Some(u32::MAX));
        assert_eq!(Serial::from_u64(0x1_0000_0000).as_ref().as_u32(), None);
        assert_eq!(Serial::from_u64(u64::MAX).octets().len(), 9);
        assert_eq!(Serial::new(&[0xff]).unwrap().as_ref().as_u32(), None);
    }
}
