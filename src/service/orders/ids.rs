//! Numbers of things, as the CA gives them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Not a number from 1 to 2^63 - 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a number from 1 to 9223372036854775807")]
pub struct NotAnId(pub String);

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "i64", into = "i64")]
        pub struct $name(i64);

        impl $name {
            /// The number, from 1.
            #[must_use]
            pub const fn number(self) -> i64 {
                self.0
            }
        }

        impl TryFrom<i64> for $name {
            type Error = NotAnId;

            fn try_from(number: i64) -> Result<Self, NotAnId> {
                if number < 1 { Err(NotAnId(number.to_string())) } else { Ok(Self(number)) }
            }
        }

        impl From<$name> for i64 {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            /// Decimal digits only: no sign, no spaces.
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let digits = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
                let number = text.parse::<i64>().ok().filter(|number| digits && *number > 0);
                number.map(Self).ok_or_else(|| NotAnId(text.chars().take(40).collect()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// The number of an order.
    OrderId
}
id! {
    /// The number of a certificate, which exists from the order on.
    CertificateId
}
id! {
    /// The number of an organization.
    OrganizationId
}
id! {
    /// The number of a domain.
    DomainId
}
id! {
    /// The number of a user.
    UserId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_numbers_are_ids() {
        assert_eq!("112211".parse::<OrderId>().unwrap().number(), 112_211);
        assert_eq!(i64::MAX.to_string().parse::<OrderId>().unwrap().number(), i64::MAX);
        for text in ["", "0", "-1", "+1", " 1", "1 ", "1.0", "0x1", "９", "9223372036854775808", "abc"] {
            assert!(text.parse::<OrderId>().is_err(), "{text}");
        }
        assert!(serde_json::from_str::<OrderId>("0").is_err());
        assert_eq!(serde_json::to_string(&OrderId(7)).unwrap(), "7");
    }
}
