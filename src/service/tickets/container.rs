//! A container of keys as it was uploaded: secret octets of a format that can be told from its beginning.

use std::fmt;

use zeroize::Zeroizing;

use crate::pki::der::tag;

/// A format that can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// PKCS#12 (RFC 7292).
    Pkcs12,
    /// Java KeyStore.
    Jks,
}

/// A format that cannot be opened, because only the programs of its vendor know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proprietary {
    /// The `Key-6.dat` of ІІТ.
    Key6Dat,
    /// The `ZS2` of the Ukraina authority: PKCS#12 on the outside, encrypted by GOST 28147 and DSTU algorithms.
    Zs2,
    /// Java's JCEKS, whose keys are encrypted by an algorithm of Java alone.
    Jceks,
}

/// Why octets are no container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// There are none.
    #[error("the container is empty")]
    Empty,
    /// A format of a vendor.
    #[error("{0} is a proprietary format; export the key as PKCS#12 or JKS")]
    Proprietary(Proprietary),
    /// A text.
    #[error("this is PEM; make it PKCS#12, as `openssl pkcs12 -export` does")]
    Pem,
    /// Neither PKCS#12 nor JKS.
    #[error("neither PKCS#12 nor a Java KeyStore")]
    Unknown,
}

/// A container in memory. Its octets are overwritten when the last user lets go of it.
pub struct Container {
    octets: Zeroizing<Vec<u8>>,
    format: Format,
}

impl Container {
    /// Takes the octets, if they begin like a container.
    ///
    /// # Errors
    /// [`FormatError`].
    pub fn new(octets: Zeroizing<Vec<u8>>) -> Result<Self, FormatError> {
        let format = Format::of(&octets)?;
        Ok(Self { octets, format })
    }

    /// What it is.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// The octets.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// The memory it takes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.octets.capacity()
    }
}

impl Format {
    /// What some octets begin like.
    ///
    /// # Errors
    /// [`FormatError`].
    pub fn of(octets: &[u8]) -> Result<Self, FormatError> {
        const JKS: &[u8] = &[0xfe, 0xed, 0xfe, 0xed];
        const JCEKS: &[u8] = &[0xce, 0xce, 0xce, 0xce];
        match octets {
            [] => Err(FormatError::Empty),
            _ if octets.starts_with(JKS) => Ok(Self::Jks),
            _ if octets.starts_with(JCEKS) => Err(FormatError::Proprietary(Proprietary::Jceks)),
            _ if octets.trim_ascii_start().starts_with(b"-----BEGIN") => Err(FormatError::Pem),
            [tag::SEQUENCE, ..] => Self::of_sequence(octets),
            _ => Err(FormatError::Unknown),
        }
    }

    /// PFX begins with its version; `Key-6.dat` with an identifier of its vendor. Only the beginning is looked at,
    /// whatever form lengths have: some programs write PKCS#12 in BER.
    fn of_sequence(octets: &[u8]) -> Result<Self, FormatError> {
        const VERSION_3: &[u8] = &[tag::INTEGER, 1, 3];
        /// `1.3.6.1.4.1.19398`, the private enterprise of ІІТ.
        const IIT: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x81, 0x97, 0x46];
        let inside = behind_header(octets).unwrap_or_default();
        if inside.starts_with(VERSION_3) {
            return Ok(Self::Pkcs12);
        }
        let identifier = match inside {
            [tag::SEQUENCE, ..] => behind_header(inside).filter(|it| it.starts_with(&[tag::OID])),
            _ => None,
        };
        match identifier.and_then(behind_header) {
            Some(content) if content.starts_with(IIT) => Err(FormatError::Proprietary(Proprietary::Key6Dat)),
            _ => Err(FormatError::Unknown),
        }
    }
}

/// What follows a tag and a length of any form.
fn behind_header(octets: &[u8]) -> Option<&[u8]> {
    let (first, rest) = octets.get(1..)?.split_first()?;
    let more = if *first < 0x80 { 0 } else { usize::from(first & 0x7f) };
    rest.get(more..)
}

impl fmt::Display for Proprietary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key6Dat => "Key-6.dat",
            Self::Zs2 => "ZS2",
            Self::Jceks => "JCEKS",
        })
    }
}

impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Container({:?}, {} octets)", self.format, self.octets.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_from_the_beginning() {
        let key6 =
            [&[0x30, 0x0e, 0x30, 0x0c, 0x06, 0x0a][..], b"\x2b\x06\x01\x04\x01\x81\x97\x46\x01\x01"].concat();
        for (octets, expected) in [
            (&[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2][..], Ok(Format::Jks)),
            (&[0x30, 0x03, 0x02, 0x01, 0x03], Ok(Format::Pkcs12)),
            (&[], Err(FormatError::Empty)),
            (&[0xce; 8], Err(FormatError::Proprietary(Proprietary::Jceks))),
            (&key6, Err(FormatError::Proprietary(Proprietary::Key6Dat))),
            (b"\n-----BEGIN CERTIFICATE-----", Err(FormatError::Pem)),
            (b"hello", Err(FormatError::Unknown)),
            (&[0x30, 0x80, 0x02, 0x01, 0x03], Ok(Format::Pkcs12)),
            (&[0x30, 0x82, 0x10, 0x00, 0x02, 0x01, 0x03], Ok(Format::Pkcs12)),
            // A version that does not exist, a certificate, and beginnings of nothing.
            (&[0x30, 0x03, 0x02, 0x01, 0x04], Err(FormatError::Unknown)),
            (&[0x30, 0x07, 0x30, 0x05, 0x02, 0x03, 0x01, 0x02, 0x03], Err(FormatError::Unknown)),
            (&[0x30], Err(FormatError::Unknown)),
            (&[0x30, 0xff, 0x02], Err(FormatError::Unknown)),
            (&[0x30, 0x02, 0x30, 0x00], Err(FormatError::Unknown)),
        ] {
            assert_eq!(Format::of(octets), expected, "{octets:02x?}");
        }
    }
}
