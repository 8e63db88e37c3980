//! Where an answer is looked for.

use std::fmt;
use std::str::FromStr;

/// Where an answer is looked for, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MethodPolicy {
    /// In the CRLs of the index alone. Nothing is sent anywhere.
    Crl,
    /// At the OCSP responder alone.
    Ocsp,
    /// In the CRLs, and at the responder where they cannot tell.
    #[default]
    CrlThenOcsp,
}

impl MethodPolicy {
    /// Every policy.
    pub const ALL: [Self; 3] = [Self::Crl, Self::Ocsp, Self::CrlThenOcsp];

    /// The name on the command line and in configurations.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crl => "crl",
            Self::Ocsp => "ocsp",
            Self::CrlThenOcsp => "crl-then-ocsp",
        }
    }
}

impl fmt::Display for MethodPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is none of crl, ocsp, crl-then-ocsp")]
pub struct UnknownMethod(pub String);

impl FromStr for MethodPolicy {
    type Err = UnknownMethod;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|policy| policy.name() == text)
            .ok_or_else(|| UnknownMethod(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for policy in MethodPolicy::ALL {
            assert_eq!(policy.name().parse(), Ok(policy));
        }
        assert_eq!("CRL".parse::<MethodPolicy>(), Err(UnknownMethod("CRL".to_owned())));
    }
}
