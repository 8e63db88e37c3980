//! API keys.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::ids::UserId;
use super::user::Restriction;
use crate::pki::sha256;
use crate::types::{UnixTime, rfc3339, to_hex};

/// Random octets of a key.
const OCTETS: usize = 32;
/// The most octets of a header that are looked at as a key.
const LONGEST: usize = 256;

/// The identifier of a key. It may be shown to anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(Uuid);

/// SHA-256 of a key, which is all that is kept of it. A key has 256 random bits: a slow hash would add nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyDigest([u8; 32]);

/// A key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApiKey {
    /// Its identifier.
    pub id: KeyId,
    /// What it is for, as whoever made it says.
    pub name: String,
    /// Whose permissions it has.
    pub user_id: UserId,
    /// To what it is restricted.
    pub restriction: Restriction,
    /// When it was made.
    #[serde(with = "rfc3339")]
    pub date_created: UnixTime,
    /// What it is recognized by.
    #[serde(skip)]
    pub digest: KeyDigest,
}

/// The operating system gives no random numbers.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the operating system gives no random numbers")]
pub struct NoRandomness;

impl KeyId {
    /// As the store has it.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl From<Uuid> for KeyId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for KeyId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        Uuid::parse_str(text).map(Self)
    }
}

impl KeyDigest {
    /// Of the key that somebody sent; `None` for what is too long to be one.
    #[must_use]
    pub fn of(key: &str) -> Option<Self> {
        (!key.is_empty() && key.len() <= LONGEST).then(|| Self(sha256(key.as_bytes())))
    }

    /// One that was kept.
    #[must_use]
    pub const fn from_octets(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// As it is kept.
    #[must_use]
    pub const fn octets(self) -> [u8; 32] {
        self.0
    }

    /// Whether they are the same, in a time that does not depend on where they differ.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDigest")
    }
}

/// Makes a new key: what is shown once, and what is kept.
///
/// # Errors
/// [`NoRandomness`].
pub(super) fn new_secret() -> Result<(Zeroizing<String>, KeyDigest), NoRandomness> {
    let mut octets = Zeroizing::new([0; OCTETS]);
    getrandom::fill(octets.as_mut()).map_err(|_| NoRandomness)?;
    let text = Zeroizing::new(to_hex(octets.as_ref()).to_uppercase());
    let digest = KeyDigest(sha256(text.as_bytes()));
    Ok((text, digest))
}

/// A random value for a domain: 32 characters that may stand in a file, in a TXT record and in a name.
///
/// # Errors
/// [`NoRandomness`].
pub(super) fn new_token() -> Result<String, NoRandomness> {
    let mut octets = [0; 16];
    getrandom::fill(&mut octets).map_err(|_| NoRandomness)?;
    Ok(to_hex(&octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_itself_has_its_digest_and_nothing_shows_it() {
        let (key, digest) = new_secret().unwrap();
        assert_eq!(key.len(), 64);
        assert!(KeyDigest::of(&key).unwrap().matches(&digest));
        assert!(!KeyDigest::of(&key.to_lowercase()).unwrap().matches(&digest));
        assert_eq!(KeyDigest::of(""), None);
        assert_eq!(KeyDigest::of(&"A".repeat(257)), None);
        assert_eq!(format!("{digest:?}"), "KeyDigest");
        assert_ne!(new_secret().unwrap().0, key);
        assert_ne!(new_token().unwrap(), new_token().unwrap());
    }
}
