//! What is known of an accepted CRL, and of one certificate it lists.

use std::cmp::Ordering;
use std::fmt;

use super::hex::to_hex;
use super::reason::ReasonCode;
use super::scope::Scope;
use super::signature_algorithm::SignatureAlgorithm;
use super::time::UnixTime;

/// A CRL number (RFC 5280 section 5.2.3): a non-negative INTEGER of up to [`CrlNumber::MAX_OCTETS`], ordered as a
/// number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CrlNumber {
    /// Most significant octet first; those in front of the number are zero.
    octets: [u8; Self::MAX_OCTETS],
}

impl CrlNumber {
    /// The most octets a CA may use, and a reader must handle.
    pub const MAX_OCTETS: usize = 20;

    /// The number of these magnitude octets, most significant first; leading zeros make no difference. `None` for a
    /// number that is too long.
    #[must_use]
    pub fn from_magnitude(octets: &[u8]) -> Option<Self> {
        let significant = octets.iter().position(|octet| *octet != 0).unwrap_or(octets.len());
        let magnitude = octets.get(significant..)?;
        let mut number = [0; Self::MAX_OCTETS];
        let start = Self::MAX_OCTETS.checked_sub(magnitude.len())?;
        number.get_mut(start..)?.copy_from_slice(magnitude);
        Some(Self { octets: number })
    }

    /// The number in full width, most significant octet first.
    #[must_use]
    pub const fn octets(&self) -> &[u8; Self::MAX_OCTETS] {
        &self.octets
    }

    /// The magnitude without leading zeros; zero has no octets.
    #[must_use]
    pub fn magnitude(&self) -> &[u8] {
        let significant = self.octets.iter().position(|octet| *octet != 0).unwrap_or(Self::MAX_OCTETS);
        self.octets.get(significant..).unwrap_or_default()
    }
}

impl From<u64> for CrlNumber {
    fn from(number: u64) -> Self {
        let mut octets = [0; Self::MAX_OCTETS];
        if let Some(last) = octets.last_chunk_mut() {
            *last = number.to_be_bytes();
        }
        Self { octets }
    }
}

impl PartialOrd for CrlNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for CrlNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        self.octets.cmp(&other.octets)
    }
}

impl fmt::Display for CrlNumber {
    /// Hexadecimal of the canonical INTEGER octets: 31 is `1f`, 255 is `00ff`, zero is `00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.magnitude();
        let sign = if magnitude.first().is_some_and(|first| *first < 0x80) { "" } else { "00" };
        write!(f, "{sign}{}", to_hex(magnitude))
    }
}

impl fmt::Debug for CrlNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CrlNumber({self})")
    }
}

/// How one issue of a list stands to another of the same scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supersession {
    /// Issued later: it replaces the other.
    Newer,
    /// The same age.
    Same,
    /// Issued earlier, or contradicting itself (a lower number with a later date, or the reverse).
    Older,
}

/// The facts of one accepted CRL: its dates, number and scope, and where its authority came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlFacts {
    /// `thisUpdate`.
    pub this_update: UnixTime,
    /// `nextUpdate`, which the standard demands and some CAs omit.
    pub next_update: Option<UnixTime>,
    /// `cRLNumber`.
    pub crl_number: Option<CrlNumber>,
    /// `BaseCRLNumber` of a delta CRL's `deltaCRLIndicator`; `None` for a complete CRL.
    pub base_crl_number: Option<CrlNumber>,
    /// What it speaks for.
    pub scope: Scope,
    /// `expiredCertsOnCRL`: certificates that expired after this time stay listed (X.509 section 9.5.2.8).
    pub expired_certs_on_crl: Option<UnixTime>,
    /// URIs of `freshestCRL`, where deltas to this CRL are published.
    pub freshest_crl_uris: Vec<String>,
    /// The algorithm of the verified signature.
    pub signature_algorithm: SignatureAlgorithm,
    /// SHA-256 of the signer's SubjectPublicKeyInfo (DER).
    pub signer_key: [u8; 32],
    /// Digest of the signed part (`tbsCertList`), by the hash of the signature algorithm; SHA-512 for Ed25519.
    pub tbs_digest: Vec<u8>,
    /// Number of entries in the list as issued.
    pub entries: u64,
    /// Size of the DER encoding in octets.
    pub size: u64,
}

impl CrlFacts {
    /// Whether this is a delta CRL.
    #[must_use]
    pub fn is_delta(&self) -> bool {
        self.base_crl_number.is_some()
    }

    /// Whether this is a delta that can be combined with the complete CRL `base` of the same authority: equal scopes,
    /// a base at least as new as the one the delta builds on, and a delta that is newer than the base (RFC 5280
    /// section 6.3.3 step c).
    #[must_use]
    pub fn applies_to(&self, base: &Self) -> bool {
        self.is_delta()
            && !base.is_delta()
            && self.scope == base.scope
            && base.crl_number.is_some()
            && base.crl_number >= self.base_crl_number
            && (self.crl_number.is_none() || base.crl_number < self.crl_number)
            && self.supersession(base) == Supersession::Newer
    }

    /// How this issue stands to `other`, which must be of the same authority and scope.
    ///
    /// Number and date must agree: a list with a lower number and a later date is treated as older, because the
    /// number is what a CA promises to raise (RFC 5280 section 5.2.3) and a replayed list is what it protects from.
    #[must_use]
    pub fn supersession(&self, other: &Self) -> Supersession {
        let by_number = match (&self.crl_number, &other.crl_number) {
            (Some(own), Some(others)) => own.cmp(others),
            _ => Ordering::Equal,
        };
        let by_date = self.this_update.cmp(&other.this_update);
        match (by_number, by_date) {
            (Ordering::Less, _) | (_, Ordering::Less) => Supersession::Older,
            (Ordering::Equal, Ordering::Equal) => Supersession::Same,
            _ => Supersession::Newer,
        }
    }
}

/// What one CRL says of one listed certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// `revocationDate`.
    pub revoked_at: UnixTime,
    /// The reason; [`ReasonCode::RemoveFromCrl`] only in a delta CRL.
    pub reason: ReasonCode,
    /// When the CA believes the certificate became invalid (RFC 5280 section 5.3.2).
    pub invalidity_date: Option<UnixTime>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_order_and_print_as_numbers() {
        let number = |n: u64| CrlNumber::from(n);
        assert!(number(255) < number(256));
        assert_eq!(number(31).to_string(), "1f");
        assert_eq!(number(255).to_string(), "00ff");
        assert_eq!(number(0).to_string(), "00");
        assert_eq!(CrlNumber::from_magnitude(&[0, 0, 5]), Some(number(5)));
        assert_eq!(CrlNumber::from_magnitude(&[0; 30]), Some(number(0)));
        assert!(CrlNumber::from_magnitude(&[1; 20]) > Some(number(u64::MAX)));
        assert_eq!(CrlNumber::from_magnitude(&[1; 21]), None);
    }
}
