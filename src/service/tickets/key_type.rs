//! What the key of a certificate is for, in the words of the clients.

use std::fmt;
use std::str::FromStr;

use crate::pki::{Certificate, KeyUsage};

/// Which of the keys of a person is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    /// The one that signs.
    Signature,
    /// The one that agrees on secret keys, for encryption.
    KeyAgreement,
}

/// A text that names no type of key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is neither signature nor keyAgreement")]
pub struct UnknownKeyType(pub String);

impl KeyType {
    /// The name in addresses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::KeyAgreement => "keyAgreement",
        }
    }

    /// Whether a certificate is for such a key, by its keyUsage (RFC 5280 section 4.2.1.3). One without keyUsage limits
    /// its key to nothing, so it signs; it is not offered for agreement, because encrypting to a key that was meant to
    /// sign is the mistake that costs more. A key that cannot agree but can decipher keys, as RSA does, serves the same
    /// purpose.
    #[must_use]
    pub fn fits(self, certificate: &Certificate) -> bool {
        let usage = certificate.key_usage();
        let any = |wanted: [KeyUsage; 2]| {
            usage.is_some_and(|usage| wanted.into_iter().any(|wanted| usage.contains(wanted)))
        };
        match self {
            Self::Signature => usage.is_none() || any([KeyUsage::DigitalSignature, KeyUsage::NonRepudiation]),
            Self::KeyAgreement => any([KeyUsage::KeyAgreement, KeyUsage::KeyEncipherment]),
        }
    }
}

impl FromStr for KeyType {
    type Err = UnknownKeyType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Signature, Self::KeyAgreement];
        all.into_iter().find(|it| it.name() == text).ok_or_else(|| UnknownKeyType(text.to_owned()))
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for key_type in [KeyType::Signature, KeyType::KeyAgreement] {
            assert_eq!(key_type.name().parse(), Ok(key_type));
        }
        for wrong in ["Signature", "keyagreement", ""] {
            assert_eq!(wrong.parse::<KeyType>(), Err(UnknownKeyType(wrong.to_owned())));
        }
    }
}
