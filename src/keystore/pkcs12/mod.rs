//! PKCS#12 files (RFC 7292): read as OpenSSL, Java, Windows and NSS write them, written under PBES2 with AES-256.
//!
//! The rounds of key derivation that a file asks for are counted over all of its parts before they are made, also those
//! that show only after a part was decrypted: the libraries at hand bound each part by itself, and a file has room for
//! thousands of parts. The plain text of keys is wiped. Old encryption (three-key Triple DES and RC2 with 40 bits) is
//! read and never written.

mod bags;
mod cipher;
mod kdf;
mod mac;
mod reader;
mod writer;

use zeroize::Zeroizing;

pub(super) use self::bags::Attributes;
pub use self::reader::read_pkcs12;
pub use self::writer::{Pkcs12Strength, write_pkcs12};

const FORMAT: &str = "PKCS#12";

/// One password in the forms that the standard wants.
struct Password {
    /// For PBES2 (RFC 8018).
    utf8: Zeroizing<Vec<u8>>,
    /// For the derivation of RFC 7292 appendix B: UTF-16 with a terminator, most significant octet first.
    bmp: Zeroizing<Vec<u8>>,
}

impl Password {
    fn new(password: &str) -> Self {
        let mut bmp = Zeroizing::new(Vec::with_capacity(password.len() * 2 + 2));
        for unit in password.encode_utf16() {
            bmp.extend_from_slice(&unit.to_be_bytes());
        }
        bmp.extend_from_slice(&[0, 0]);
        Self { utf8: Zeroizing::new(password.as_bytes().to_vec()), bmp }
    }

    /// Some programs derive from an empty password without its terminator.
    fn without_terminator(&self) -> Option<Self> {
        self.utf8.is_empty().then(|| Self { utf8: Zeroizing::default(), bmp: Zeroizing::default() })
    }
}
