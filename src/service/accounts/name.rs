//! Names of accounts.

use std::fmt;
use std::str::FromStr;

/// Characters of a name.
const MAX: usize = 64;

/// The name of an account: the path of its domain and itself, `/guest` or `/sales/guest`. Without the first slash it is
/// the same account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccountName(String);

/// A text that cannot be a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to {MAX} characters, no spaces or controls, and nothing empty between slashes")]
pub struct BadName;

impl AccountName {
    /// The name without the first slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountName {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let name = text.strip_prefix('/').unwrap_or(text);
        let fits = name.chars().count() <= MAX
            && !name.chars().any(|character| character.is_control() || character.is_whitespace())
            && name.split('/').all(|part| !part.is_empty());
        if fits { Ok(Self(name.to_owned())) } else { Err(BadName) }
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_slash_makes_no_difference() {
        let name: AccountName = "guest".parse().unwrap();
        assert_eq!("/guest".parse(), Ok(name.clone()));
        assert_eq!(name.to_string(), "/guest");
        for bad in ["", "/", "//guest", "a//b", "a/", "two words", "line\n", &"x".repeat(65)] {
            assert_eq!(bad.parse::<AccountName>(), Err(BadName), "{bad:?}");
        }
    }
}
