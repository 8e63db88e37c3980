//! Passwords of accounts: Argon2id (RFC 9106).

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

/// Characters a password has at least.
const MIN: usize = 8;
/// Octets a password has at most, so that hashing has a bound.
const MAX: usize = 1024;

/// What a guess costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory in KiB. Default 19 456 (19 MiB), which OWASP recommends with two passes.
    pub memory_kib: u32,
    /// Passes over it. Default 2.
    pub passes: u32,
}

impl Default for PasswordCost {
    fn default() -> Self {
        Self { memory_kib: 19_456, passes: 2 }
    }
}

/// Why a password cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// It can be guessed.
    #[error("a password has at least {MIN} characters")]
    TooShort,
    /// It is longer than anybody types.
    #[error("a password has at most {MAX} octets")]
    TooLong,
    /// The library does not hash.
    #[error("the password cannot be hashed: {0}")]
    Hash(String),
}

/// The hash under which a password is kept, in the PHC form. Takes some milliseconds and megabytes.
///
/// # Errors
/// [`PasswordError`].
pub fn hash_password(password: &str, cost: PasswordCost) -> Result<String, PasswordError> {
    if password.chars().count() < MIN {
        return Err(PasswordError::TooShort);
    }
    if password.len() > MAX {
        return Err(PasswordError::TooLong);
    }
    hash(password.as_bytes(), cost)
}

fn hash(password: &[u8], cost: PasswordCost) -> Result<String, PasswordError> {
    let failed = |reason: &dyn std::fmt::Display| PasswordError::Hash(reason.to_string());
    let parameters = Params::new(cost.memory_kib, cost.passes, 1, None).map_err(|error| failed(&error))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
    let hash: PasswordHash = argon2.hash_password(password).map_err(|error| failed(&error))?;
    Ok(hash.to_string())
}

/// What a password is compared with when there is no account: a hash that costs as much and that nothing fits.
pub(super) fn nobodys_hash(cost: PasswordCost) -> Result<String, PasswordError> {
    let mut random = Zeroizing::new([0; 32]);
    aws_lc_rs::rand::fill(&mut *random)
        .map_err(|_| PasswordError::Hash("the system gives no random octets".to_owned()))?;
    hash(&*random, cost)
}

/// Whether a password is the one of a hash. Takes as long as making the hash.
pub(super) fn is_password(password: &str, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    // What is too long was never kept; it is cut, so that it costs what the others do.
    let password = password.as_bytes();
    let fits = password.len() <= MAX;
    let password = password.get(..MAX).unwrap_or(password);
    Argon2::default().verify_password(password, &hash).is_ok() && fits
}
