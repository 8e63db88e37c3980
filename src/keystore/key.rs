//! A private key in memory.

use std::fmt;

use zeroize::Zeroizing;

use crate::pki::der::{DerError, Reader, read_single, tag};
use crate::pki::dotted;

/// A private key (PKCS#8, RFC 5208, DER). Its octets are wiped when it is dropped, and never shown.
#[derive(Clone)]
pub struct PrivateKey {
    pkcs8: Zeroizing<Vec<u8>>,
    algorithm: String,
}

impl PrivateKey {
    /// Takes a PrivateKeyInfo. That the key inside is one of its algorithm shows when it is used.
    ///
    /// # Errors
    /// Where the structure is broken.
    pub fn from_pkcs8(pkcs8: Zeroizing<Vec<u8>>) -> Result<Self, DerError> {
        let algorithm = algorithm(&pkcs8)?;
        Ok(Self { pkcs8, algorithm })
    }

    /// The PrivateKeyInfo.
    #[must_use]
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The object identifier of its algorithm, in dotted decimal.
    #[must_use]
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }
}

/// PrivateKeyInfo: version, algorithm, the key, and attributes that nobody needs.
fn algorithm(pkcs8: &[u8]) -> Result<String, DerError> {
    let mut info: Reader<'_> = read_single(pkcs8, tag::SEQUENCE)?.reader();
    info.read(tag::INTEGER)?.magnitude(1)?;
    let algorithm = info.read(tag::SEQUENCE)?.reader().read(tag::OID)?.oid()?;
    info.read(tag::OCTET_STRING)?;
    Ok(dotted(algorithm))
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.algorithm)
    }
}
