//! What accounts may do.

use std::fmt;
use std::str::FromStr;

use crate::store::RoleCode;

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything.
    Administrator,
    /// Look at what is there.
    Developer,
    /// Look at what is there, and take it out.
    Operator,
}

/// A text that names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is none of administrator, developer, operator")]
pub struct UnknownRole {
    /// The text.
    pub text: String,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Administrator, Self::Developer, Self::Operator];

    /// The code in the store.
    #[must_use]
    pub fn code(self) -> RoleCode {
        RoleCode(match self {
            Self::Administrator => 1,
            Self::Developer => 2,
            Self::Operator => 3,
        })
    }

    /// The role of a code; `None` for one that this program does not know, which may then do nothing.
    #[must_use]
    pub fn of_code(code: RoleCode) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Administrator => "administrator",
            Self::Developer => "developer",
            Self::Operator => "operator",
        })
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.to_string() == text)
            .ok_or_else(|| UnknownRole { text: text.to_owned() })
    }
}
