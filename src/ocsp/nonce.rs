//! The nonce that ties a response to one request (RFC 6960 section 4.4.1, RFC 9654).

/// Why there is no nonce.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NonceError {
    /// A length that RFC 9654 section 2.1 does not allow.
    #[error("a nonce has 1 to {max} octets, not {octets}", max = Nonce::MAX_OCTETS)]
    Length {
        /// Octets given.
        octets: usize,
    },
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers for a nonce: {reason}")]
    NoRandomness {
        /// What the operating system says.
        reason: String,
    },
}

/// A nonce (RFC 9654): 1 to 128 octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nonce(Box<[u8]>);

impl Nonce {
    /// The most octets a nonce may have.
    pub const MAX_OCTETS: usize = 128;
    /// The octets of a [`Nonce::random`], which every responder has to support.
    pub const DEFAULT_OCTETS: usize = 32;

    /// A nonce of these octets, which nobody must be able to guess.
    ///
    /// # Errors
    /// [`NonceError::Length`] for none, and for more than [`Nonce::MAX_OCTETS`].
    pub fn new(octets: &[u8]) -> Result<Self, NonceError> {
        match octets.len() {
            1..=Self::MAX_OCTETS => Ok(Self(octets.into())),
            octets => Err(NonceError::Length { octets }),
        }
    }

    /// A nonce of [`Nonce::DEFAULT_OCTETS`] random octets.
    ///
    /// # Errors
    /// [`NonceError::NoRandomness`].
    pub fn random() -> Result<Self, NonceError> {
        let mut octets = [0; Self::DEFAULT_OCTETS];
        getrandom::fill(&mut octets)
            .map_err(|error| NonceError::NoRandomness { reason: error.to_string() })?;
        Ok(Self(octets.into()))
    }

    /// The octets.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}
