//! What a container may cost whoever reads it.

/// Bounds on a container (PKCS#12, Java KeyStore, PKCS#7). A file beyond one of them is refused with the bound in the
/// error; nothing is allocated and no key is derived before that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContainerLimits {
    /// Octets of the whole file. Default 1 MiB; a key with its chain has about 8 KiB.
    pub octets: usize,
    /// Entries: keys and certificates. Default 256, more than the trust store of any Java has.
    pub entries: usize,
    /// Certificates behind one key. Default 16; paths have about three.
    pub chain: usize,
    /// Octets of one certificate or key. Default 64 KiB.
    pub entry_octets: usize,
    /// Rounds of key derivation, those of every encrypted part of the file added up. Default 4 000 000; OpenSSL and
    /// Java write 10 000 to 600 000 for a part.
    pub iterations: u64,
}

impl Default for ContainerLimits {
    fn default() -> Self {
        Self { octets: 1 << 20, entries: 256, chain: 16, entry_octets: 64 << 10, iterations: 4_000_000 }
    }
}

/// What is left of the rounds that a container may cost.
#[derive(Debug)]
pub(super) struct Rounds {
    left: u64,
    limit: u64,
}

impl Rounds {
    pub(super) fn new(limits: &ContainerLimits) -> Self {
        Self { left: limits.iterations, limit: limits.iterations }
    }

    /// Takes `rounds` out of the budget before they are made.
    pub(super) fn spend(&mut self, rounds: u64) -> Result<(), super::ContainerError> {
        match self.left.checked_sub(rounds) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(super::ContainerError::TooManyRounds { limit: self.limit }),
        }
    }
}
