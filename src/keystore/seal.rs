//! The key under which the server keeps a copy for itself.
//!
//! An operator's passwords open the store when something is shown or changed. The server has to present its certificate
//! after a restart at three in the morning, when nobody types a password. So beside the encrypted containers every file
//! has a sealed copy, under a key of 32 random octets in a file of its own: whoever reads both has the private key,
//! whoever gets the store alone (a backup, a volume) has nothing. Where that key is kept is the operator's choice.

use std::fmt;
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand;
use zeroize::Zeroizing;

use super::{KeyStoreError, disk};

/// Octets of the key.
const KEY: usize = 32;

/// The sealing key of one server.
pub(super) struct SealKey {
    key: RandomizedNonceKey,
    path: PathBuf,
}

impl SealKey {
    /// Reads the key, or makes it.
    pub(super) fn load_or_create(path: &Path) -> Result<Self, KeyStoreError> {
        let limit = u64::try_from(KEY).unwrap_or(u64::MAX);
        let octets = match disk::read(path, limit)?.map(Zeroizing::new) {
            Some(octets) => octets,
            None => {
                let mut octets = Zeroizing::new(vec![0; KEY]);
                rand::fill(&mut octets).map_err(|_| damaged(path, "the system gives no random octets"))?;
                disk::replace(path, &octets)?;
                octets
            }
        };
        let key = RandomizedNonceKey::new(&AES_256_GCM, &octets)
            .map_err(|_| damaged(path, "a sealing key has 32 octets"))?;
        Ok(Self { key, path: path.into() })
    }

    /// Seals octets for one purpose; they open for no other.
    pub(super) fn seal(&self, purpose: &[u8], plain: Zeroizing<Vec<u8>>) -> Result<Vec<u8>, KeyStoreError> {
        let mut sealed = plain;
        // Reserved here, so that no copy is left behind when the vector grows.
        sealed.reserve_exact(AES_256_GCM.tag_len());
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(purpose), &mut *sealed)
            .map_err(|_| damaged(&self.path, "the library does not seal"))?;
        Ok([nonce.as_ref().as_slice(), &sealed].concat())
    }

    /// Opens what was sealed for a purpose; `path` is where it was found.
    pub(super) fn open(
        &self,
        purpose: &[u8],
        sealed: &[u8],
        path: &Path,
    ) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
        let other = || KeyStoreError::OtherSeal { path: path.into(), seal: self.path.clone() };
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(other)?;
        let mut plain = Zeroizing::new(sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length =
            self.key.open_in_place(nonce, Aad::from(purpose), &mut plain).map_err(|_| other())?.len();
        plain.truncate(length);
        Ok(plain)
    }
}

fn damaged(path: &Path, reason: &str) -> KeyStoreError {
    KeyStoreError::Damaged { path: path.into(), reason: reason.to_owned() }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealKey({})", self.path.display())
    }
}
