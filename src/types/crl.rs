//! What is known of an accepted CRL, and of one certificate it lists.

use std::cmp::Ordering;
use std::fmt;

use super::hex::to_hex;
use super::reason::ReasonCode;
use super::scope::Scope;
use super::signature_algorithm::SignatureAlgorithm;
use super::time::UnixTime;

/// A CRL number (RFC 5280 section 5.2.3): a non-negative INTEGER of any length, ordered as a number.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CrlNumber(Box<[u8]>);

impl CrlNumber {
    /// The number of these magnitude octets, most significant first; leading zeros make no difference.
    #[must_use]
    pub fn from_magnitude(octets: &[u8]) -> Self {
        let significant = octets.iter().position(|octet| *octet != 0).unwrap_or(octets.len());
        Self(octets.get(significant..).unwrap_or_default().into())
    }

    /// The magnitude without leading zeros; zero has no octets.
    #[must_use]
    pub fn magnitude(&self) -> &[u8] {
        &self.0
    }
}

impl From<u64> for CrlNumber {
    fn from(number: u64) -> Self {
        Self::from_magnitude(&number.to_be_bytes())
    }
}

impl PartialOrd for CrlNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for CrlNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        // Without leading zeros the longer number is the larger one.
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl fmt::Display for CrlNumber {
    /// Hexadecimal of the canonical INTEGER octets: 31 is `1f`, 255 is `00ff`, zero is `00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.first() {
            Some(first) if *first < 0x80 => f.write_str(&to_hex(&self.0)),
            _ => write!(f, "00{}", to_hex(&self.0)),
        }
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
        assert_eq!(CrlNumber::from_magnitude(&[0, 0, 5]), number(5));
        assert!(CrlNumber::from_magnitude(&[1; 20]) > number(u64::MAX));
    }
}
