//! Private keys as JKS protects them: a stream of SHA-1 over password and salt, and a digest to know the password by.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use zeroize::Zeroizing;

use super::{DIGEST, FORMAT, sha1, utf16};
use crate::keystore::{ContainerError, PrivateKey};
use crate::pki::der::{DerError, read_single, tag};

/// Sun's identifier of this protection, 1.3.6.1.4.1.42.2.17.1.1.
const SUN_PROTECTOR: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x2a, 0x02, 0x11, 0x01, 0x01];

/// A private key under a password of its own.
#[derive(Debug, Clone)]
pub struct ProtectedKey {
    /// Salt, encrypted key, digest.
    protected: Vec<u8>,
    alias: String,
}

impl ProtectedKey {
    /// Reads the EncryptedPrivateKeyInfo of an entry.
    pub(super) fn read(der: &[u8], alias: &str) -> Result<Self, ContainerError> {
        let (algorithm, protected) = parts(der).map_err(ContainerError::der(FORMAT))?;
        if algorithm != SUN_PROTECTOR {
            return Err(ContainerError::Unsupported {
                what: format!("the private key '{alias}' under {}", crate::pki::dotted(&algorithm)),
                advice: "convert the store with keytool -importkeystore -deststoretype pkcs12",
            });
        }
        if protected.len() < 2 * DIGEST {
            return Err(ContainerError::malformed(FORMAT, "a private key that is shorter than its salt"));
        }
        Ok(Self { protected, alias: alias.to_owned() })
    }

    /// Protects a key.
    pub(super) fn protect(key: &PrivateKey, password: &str, salt: [u8; DIGEST]) -> Vec<u8> {
        let password = utf16(password);
        let mut protected = salt.to_vec();
        protected.extend_from_slice(&under_stream(&password, &salt, key.pkcs8()));
        protected.extend_from_slice(&sha1(&[&password, key.pkcs8()]));
        protected
    }

    /// Opens it.
    ///
    /// # Errors
    /// [`ContainerError::WrongKeyPassword`], and [`ContainerError::Malformed`] if what comes out is no key.
    pub fn open(&self, password: &str) -> Result<PrivateKey, ContainerError> {
        let password = utf16(password);
        let wrong = || ContainerError::WrongKeyPassword { alias: self.alias.clone() };
        let (salt, rest) = self.protected.split_at_checked(DIGEST).ok_or_else(wrong)?;
        let split = rest.len().checked_sub(DIGEST).ok_or_else(wrong)?;
        let (encrypted, expected) = rest.split_at_checked(split).ok_or_else(wrong)?;
        let key = under_stream(&password, salt, encrypted);
        verify_slices_are_equal(&sha1(&[&password, &key]), expected).map_err(|_| wrong())?;
        PrivateKey::from_pkcs8(key).map_err(|reason| ContainerError::malformed(FORMAT, &reason))
    }
}

/// Encrypts or decrypts, which is the same.
fn under_stream(password: &[u8], salt: &[u8], octets: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(octets.len()));
    let mut digest = sha1(&[password, salt]);
    for piece in octets.chunks(DIGEST) {
        out.extend(piece.iter().zip(digest).map(|(octet, key)| octet ^ key));
        digest = sha1(&[password, &digest]);
    }
    out
}

fn parts(der: &[u8]) -> Result<(Vec<u8>, Vec<u8>), DerError> {
    let mut info = read_single(der, tag::SEQUENCE)?.reader();
    let mut algorithm = info.read(tag::SEQUENCE)?.reader();
    let oid = algorithm.read(tag::OID)?.oid()?.to_vec();
    algorithm.optional(tag::NULL)?;
    algorithm.finish()?;
    let protected = info.read(tag::OCTET_STRING)?.content.to_vec();
    info.finish()?;
    Ok((oid, protected))
}

/// The EncryptedPrivateKeyInfo around a protected key.
pub(super) fn wrap(protected: &[u8]) -> Vec<u8> {
    use crate::keystore::der::{octet_string, oid, sequence};
    let algorithm = sequence(&[&oid(SUN_PROTECTOR), &[tag::NULL, 0]]);
    sequence(&[&algorithm, &octet_string(protected)])
}
