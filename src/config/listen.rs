//! Addresses to listen on.

use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// An address to listen on, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Listen {
    /// An IP address and a port; port 0 takes a free one.
    At(SocketAddr),
    /// Not at all.
    Off,
}

impl TryFrom<String> for Listen {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let wrong =
            || format!("'{text}' is neither an address such as 127.0.0.1:4433 or [::]:4433 nor \"off\"");
        text.parse().map(Self::At).map_err(|_| wrong())
    }
}

impl From<Listen> for String {
    fn from(listen: Listen) -> Self {
        listen.to_string()
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(address) => address.fmt(f),
            Self::Off => f.write_str("off"),
        }
    }
}
