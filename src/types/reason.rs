//! Why a certificate was revoked (RFC 5280 section 5.3.1), and sets of reasons (section 4.2.1.13).

use std::fmt;
use std::ops::BitOr;

/// The CRLReason of one entry. Code 7 is not used by the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum ReasonCode {
    /// Also what an entry without a reason means.
    #[default]
    Unspecified = 0,
    /// The key of the certificate was, or may have been, compromised.
    KeyCompromise = 1,
    /// The key of the certification authority was compromised.
    CaCompromise = 2,
    /// Name or other data of the subject changed.
    AffiliationChanged = 3,
    /// Replaced by another certificate.
    Superseded = 4,
    /// No longer needed.
    CessationOfOperation = 5,
    /// Suspended: may be released again.
    CertificateHold = 6,
    /// In a delta CRL only: released from hold, or expired, since the base.
    RemoveFromCrl = 8,
    /// A privilege in the certificate was withdrawn.
    PrivilegeWithdrawn = 9,
    /// The key of the attribute authority was compromised.
    AaCompromise = 10,
}

impl ReasonCode {
    /// Every reason, in the order of the codes.
    pub const ALL: [Self; 10] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::CaCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::CertificateHold,
        Self::RemoveFromCrl,
        Self::PrivilegeWithdrawn,
        Self::AaCompromise,
    ];

    /// The reason of a code, `None` for 7 and for codes above 10.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Unspecified,
            1 => Self::KeyCompromise,
            2 => Self::CaCompromise,
            3 => Self::AffiliationChanged,
            4 => Self::Superseded,
            5 => Self::CessationOfOperation,
            6 => Self::CertificateHold,
            8 => Self::RemoveFromCrl,
            9 => Self::PrivilegeWithdrawn,
            10 => Self::AaCompromise,
            _ => return None,
        })
    }

    /// The code in the standard's ENUMERATED.
    #[must_use]
    #[allow(clippy::as_conversions, reason = "the discriminants of a repr(u8) enum are the codes")]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The reason in snake case, as answers spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "key_compromise",
            Self::CaCompromise => "ca_compromise",
            Self::AffiliationChanged => "affiliation_changed",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessation_of_operation",
            Self::CertificateHold => "certificate_hold",
            Self::RemoveFromCrl => "remove_from_crl",
            Self::PrivilegeWithdrawn => "privilege_withdrawn",
            Self::AaCompromise => "aa_compromise",
        }
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of revocation reasons: the ReasonFlags of a distribution point or of `onlySomeReasons`.
///
/// The flags are those of RFC 5280: keyCompromise, cACompromise, affiliationChanged, superseded,
/// cessationOfOperation, certificateHold, privilegeWithdrawn and aACompromise.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ReasonSet(u16);

impl ReasonSet {
    /// No reason.
    pub const NONE: Self = Self(0);
    /// Every reason a CRL can be limited to; what a CRL without `onlySomeReasons` speaks for.
    pub const ALL: Self = Self(0b1_1111_1110);

    /// The set of these flag bits: bit n is named bit n of ReasonFlags. Bit 0 and bits above 8 are ignored, as the
    /// standard gives them no meaning.
    #[must_use]
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// The flag bits, bit n being named bit n of ReasonFlags.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The reasons in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether every reason of `other` is in this set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the set has no reason.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The names of the flags in the set, in the order of the bits.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        // The flag bits are numbered differently from the reason codes: 7 and 8 are 9 and 10 there.
        const FLAGS: [(u16, ReasonCode); 8] = [
            (1, ReasonCode::KeyCompromise),
            (2, ReasonCode::CaCompromise),
            (3, ReasonCode::AffiliationChanged),
            (4, ReasonCode::Superseded),
            (5, ReasonCode::CessationOfOperation),
            (6, ReasonCode::CertificateHold),
            (7, ReasonCode::PrivilegeWithdrawn),
            (8, ReasonCode::AaCompromise),
        ];
        FLAGS.iter().filter(|(bit, _)| self.0 & (1 << bit) != 0).map(|(_, reason)| reason.name()).collect()
    }
}

impl BitOr for ReasonSet {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for ReasonSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.names())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip_and_seven_is_nothing() {
        for reason in ReasonCode::ALL {
            assert_eq!(ReasonCode::from_code(reason.code()), Some(reason));
        }
        assert_eq!(ReasonCode::from_code(7), None);
        assert_eq!((11..=255).filter_map(ReasonCode::from_code).count(), 0);
    }

    #[test]
    fn the_eight_flags_make_all() {
        let union = (1..=8).fold(ReasonSet::NONE, |set, bit| set | ReasonSet::from_bits(1 << bit));
        assert_eq!(union, ReasonSet::ALL);
        assert_eq!(ReasonSet::from_bits(0xffff), ReasonSet::ALL);
        assert_eq!(ReasonSet::ALL.names().len(), 8);
        assert!(!ReasonSet::from_bits(0b10).contains(ReasonSet::ALL));
    }
}
