//! What can be wrong with a configuration.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is larger than a configuration can be.
    #[error("{} has more than {limit} octets", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most octets.
        limit: u64,
    },
    /// A key that is not known.
    #[error("{0}")]
    UnknownKey(Box<UnknownKey>),
    /// A value that is not allowed, or a text that is not TOML.
    #[error("{}:{line}: {}{message}", .path.display(), of_key(.key))]
    Value {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// The key, as far as it can be told.
        key: Option<String>,
        /// What is wrong.
        message: String,
    },
    /// Two sources of one name.
    #[error("{}: two sources are named '{name}'", .path.display())]
    DoubledSource {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// A certificate without a key, or the reverse.
    #[error("{}: tls_certificate and tls_key of [quic] go together", .path.display())]
    HalfAnIdentity {
        /// The file.
        path: PathBuf,
    },
    /// Keys that contradict each other, or need each other.
    #[error("{}: {problem}", .path.display())]
    Contradiction {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: &'static str,
    },
    /// An environment variable that is not allowed.
    #[error("environment variable {variable}: {message}")]
    Variable {
        /// Its name.
        variable: String,
        /// What is wrong.
        message: String,
    },
}

/// A key that is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownKey {
    /// The file.
    pub path: PathBuf,
    /// From 1.
    pub line: usize,
    /// The key as written.
    pub key: String,
    /// The section it is in, as written; empty at the top.
    pub section: String,
    /// The known key that is most like it.
    pub suggestion: Option<String>,
    /// The keys that are known there.
    pub known: Vec<String>,
}

impl fmt::Display for UnknownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: unknown key '{}'", self.path.display(), self.line, self.key)?;
        if !self.section.is_empty() {
            write!(f, " in [{}]", self.section)?;
        }
        match &self.suggestion {
            Some(suggestion) => write!(f, "; did you mean '{suggestion}'?"),
            None => write!(f, "; known are {}", self.known.join(", ")),
        }
    }
}

fn of_key(key: &Option<String>) -> String {
    key.as_ref().map(|key| format!("{key}: ")).unwrap_or_default()
}
