//! How much of an untrusted CRL is read at most.

/// Caps on one CRL, and how it is read. Going over a cap is [`super::CrlError::LimitExceeded`], which names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrlLimits {
    /// Octets of the whole DER encoding. Default 1 GiB; the largest public CRLs have about 100 MB.
    pub max_size: u64,
    /// Octets of one entry of the list. Default 64 KiB.
    pub max_entry: u64,
    /// Extensions of one entry. Default 32; RFC 5280 defines three.
    pub max_entry_extensions: u32,
    /// Octets of any other element that is held in memory: the issuer's name, the block of CRL extensions, the
    /// signature. Default 4 MiB.
    pub max_block: u64,
    /// Number of entries. Default 100 million.
    pub max_entries: u64,
    /// Octets of the signed part of a list with an Ed25519 signature, which has to be held in memory as a whole
    /// because that algorithm does not sign a digest. Default 64 MiB.
    pub max_held_message: u64,
    /// Octets of the signed part above which it is digested on a second thread, while this one parses. Default: never,
    /// so that the library starts no thread unless asked to.
    pub digest_beside_above: u64,
}

impl Default for CrlLimits {
    fn default() -> Self {
        Self {
            max_size: 1 << 30,
            max_entry: 64 << 10,
            max_entry_extensions: 32,
            max_block: 4 << 20,
            max_entries: 100_000_000,
            max_held_message: 64 << 20,
            digest_beside_above: u64::MAX,
        }
    }
}
