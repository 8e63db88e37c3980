//! What a key may be used for (RFC 5280 section 4.2.1.3).

use super::super::der::{DerError, Element};

/// One use of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyUsage {
    /// `digitalSignature`
    DigitalSignature,
    /// `nonRepudiation`, called `contentCommitment` by newer editions of X.509.
    NonRepudiation,
    /// `keyEncipherment`
    KeyEncipherment,
    /// `dataEncipherment`
    DataEncipherment,
    /// `keyAgreement`
    KeyAgreement,
    /// `keyCertSign`
    KeyCertSign,
    /// `cRLSign`
    CrlSign,
    /// `encipherOnly`
    EncipherOnly,
    /// `decipherOnly`
    DecipherOnly,
}

impl KeyUsage {
    /// Every use, in the order of the bits.
    pub const ALL: [Self; 9] = [
        Self::DigitalSignature,
        Self::NonRepudiation,
        Self::KeyEncipherment,
        Self::DataEncipherment,
        Self::KeyAgreement,
        Self::KeyCertSign,
        Self::CrlSign,
        Self::EncipherOnly,
        Self::DecipherOnly,
    ];

    /// The named bit of this use.
    const fn bit(self) -> u16 {
        match self {
            Self::DigitalSignature => 1,
            Self::NonRepudiation => 1 << 1,
            Self::KeyEncipherment => 1 << 2,
            Self::DataEncipherment => 1 << 3,
            Self::KeyAgreement => 1 << 4,
            Self::KeyCertSign => 1 << 5,
            Self::CrlSign => 1 << 6,
            Self::EncipherOnly => 1 << 7,
            Self::DecipherOnly => 1 << 8,
        }
    }
}

/// A set of uses, as a certificate has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUsages(u16);

impl KeyUsages {
    /// Reads the BIT STRING of the extension.
    pub(super) fn read(element: Element<'_>) -> Result<Self, DerError> {
        let (octets, _) = element.bit_string()?;
        let [first, second] = [0, 1].map(|position| octets.get(position).copied().unwrap_or(0));
        // Named bit n is counted from the most significant bit of the first octet.
        Ok(Self(u16::from_le_bytes([first.reverse_bits(), second.reverse_bits()])))
    }

    /// Whether a use is among them.
    #[must_use]
    pub const fn contains(self, usage: KeyUsage) -> bool {
        self.0 & usage.bit() != 0
    }

    /// Those that the standard names, in its order.
    pub fn iter(self) -> impl Iterator<Item = KeyUsage> {
        KeyUsage::ALL.into_iter().filter(move |usage| self.contains(*usage))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::der::Reader;
    use super::*;

    fn uses(der: &[u8]) -> Vec<KeyUsage> {
        KeyUsages::read(Reader::new(der).any().unwrap()).unwrap().iter().collect()
    }

    #[test]
    fn bits_are_counted_from_the_top() {
        assert_eq!(uses(&[3, 2, 6, 0xc0]), [KeyUsage::DigitalSignature, KeyUsage::NonRepudiation]);
        assert_eq!(uses(&[3, 2, 3, 0x08]), [KeyUsage::KeyAgreement]);
        assert_eq!(uses(&[3, 3, 7, 0x00, 0x80]), [KeyUsage::DecipherOnly]);
        assert_eq!(uses(&[3, 3, 7, 0xff, 0x80]), KeyUsage::ALL);
        assert_eq!(uses(&[3, 3, 0, 0x00, 0x7f]), [], "bits without a name");
        assert_eq!(uses(&[3, 1, 0]), []);
    }
}
