//! How the certificates of one kind are recognized.

use std::fmt;

/// The kinds of certificate a card carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CertificateType {
    /// For digital signatures (署名用電子証明書): names its holder.
    CardDigitalSignature,
    /// For user authentication (利用者証明用電子証明書): names nobody.
    CardUserAuthentication,
}

impl CertificateType {
    /// Every type.
    pub const ALL: [Self; 2] = [Self::CardDigitalSignature, Self::CardUserAuthentication];

    /// The name in answers and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CardDigitalSignature => "jpki_card_digital_signature",
            Self::CardUserAuthentication => "jpki_card_user_authentication",
        }
    }

    /// The type of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for CertificateType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which attributes of the holder a certificate carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attributes {
    /// Name, address, date of birth and gender (基本4情報), with the maps of substituted characters.
    BasicFour,
    /// None.
    None,
}

/// How the certificates of one kind are recognized.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// What they are.
    pub certificate_type: CertificateType,
    /// Attributes that the issuer's name has, each as RFC 4514 writes it: `OU=JPKI for digital signature`.
    pub issuer: Vec<String>,
    /// Policies in dotted decimal, of which a certificate has at least one. With none, any will do.
    pub policies: Vec<String>,
    /// What a certificate says of its holder.
    pub attributes: Attributes,
}

impl Profile {
    /// The names of the profiles that are shipped.
    pub const NAMES: [&str; 5] = [
        "jpki-signature",
        "jpki-authentication",
        "jpki-test-signature",
        "mock-signature",
        "mock-authentication",
    ];

    /// A profile that is shipped.
    ///
    /// `jpki-…` are the cards in use, `jpki-test-signature` the test cards, of which only the policy differs,
    /// `mock-…` what the mock authority issues.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        use CertificateType as T;
        let (certificate_type, issuer, policy): (_, &[&str], _) = match name {
            "jpki-signature" => (
                T::CardDigitalSignature,
                &["OU=JPKI for digital signature", "O=JPKI"],
                "1.2.392.200149.8.5.1.1.20",
            ),
            "jpki-test-signature" => (
                T::CardDigitalSignature,
                &["OU=JPKI for digital signature", "O=JPKI"],
                "1.2.392.200149.8.5.1.0.20",
            ),
            "jpki-authentication" => (
                T::CardUserAuthentication,
                &["OU=JPKI for user authentication", "O=JPKI"],
                "1.2.392.200149.8.5.1.3.30",
            ),
            "mock-signature" => {
                (T::CardDigitalSignature, &["OU=Mock for digital signature"], MOCK_SIGNATURE_POLICY)
            }
            "mock-authentication" => {
                (T::CardUserAuthentication, &["OU=Mock for user authentication"], MOCK_AUTHENTICATION_POLICY)
            }
            _ => return None,
        };
        Some(Self {
            certificate_type,
            issuer: issuer.iter().map(|attribute| (*attribute).to_owned()).collect(),
            policies: vec![policy.to_owned()],
            attributes: match certificate_type {
                T::CardDigitalSignature => Attributes::BasicFour,
                T::CardUserAuthentication => Attributes::None,
            },
        })
    }
}

/// Policy of the mock authority's certificates for signatures: below an arc of a UUID (X.667), so that nobody else has
/// it.
pub(crate) const MOCK_SIGNATURE_POLICY: &str = "2.25.87331940361178.1.20";
/// Policy of the mock authority's certificates for authentication.
pub(crate) const MOCK_AUTHENTICATION_POLICY: &str = "2.25.87331940361178.3.30";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_profile_is_there() {
        for name in Profile::NAMES {
            let profile = Profile::named(name).unwrap();
            assert_eq!(name.contains("signature"), profile.attributes == Attributes::BasicFour, "{name}");
        }
        assert_eq!(Profile::named("jpki"), None);
        for kind in CertificateType::ALL {
            assert_eq!(CertificateType::from_name(kind.name()), Some(kind));
        }
    }
}
