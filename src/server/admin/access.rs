//! Who may ask for a refresh.

use std::fs;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::http::{HeaderMap, header};

use crate::pki::sha256;

/// Octets of a token file that are read.
const MAX_FILE: u64 = 4096;
/// Characters a token has at least, so that it cannot be guessed.
const MIN_TOKEN: usize = 16;

/// Set by proxies: whoever is behind one is not on this machine only because the proxy is.
const FORWARDED: [&str; 5] = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

/// Who may ask for a refresh.
#[derive(Debug, Clone)]
pub enum AdminAccess {
    /// Callers on this machine, but not web pages in their browsers, nor others through a proxy on it.
    ThisMachine,
    /// Whoever has the token. Only its digest is kept.
    Token {
        /// SHA-256 of the token.
        sha256: [u8; 32],
    },
}

/// Why a file holds no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It cannot be read.
    #[error("cannot read the admin token {}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// It is too short.
    #[error("the first line of {} has {found} characters; an admin token has at least {MIN_TOKEN}", .path.display())]
    TooShort {
        /// The file.
        path: PathBuf,
        /// The characters found.
        found: usize,
    },
}

/// What an access decision is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Granted,
    /// A token is needed and none, or another, was sent.
    TokenNeeded,
    /// Callers elsewhere, and web pages, cannot have it without a token.
    NotFromThere,
}

impl AdminAccess {
    /// Reads the token in the first line of a file.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn from_file(path: &Path) -> Result<Self, TokenError> {
        let token = read_token(path)?;
        Ok(Self::Token { sha256: sha256(token.as_bytes()) })
    }

    pub(crate) fn decide(&self, peer: SocketAddr, headers: &HeaderMap) -> Decision {
        match self {
            Self::Token { sha256: expected } => {
                let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
                let token = sent.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
                match verify_slices_are_equal(&sha256(token.as_bytes()), expected) {
                    Ok(()) => Decision::Granted,
                    Err(_) => Decision::TokenNeeded,
                }
            }
            // A browser on this machine sends Origin along when a web page makes it ask.
            Self::ThisMachine
                if peer.ip().to_canonical().is_loopback()
                    && !headers.contains_key(header::ORIGIN)
                    && !FORWARDED.iter().any(|name| headers.contains_key(*name)) =>
            {
                Decision::Granted
            }
            Self::ThisMachine => Decision::NotFromThere,
        }
    }
}

/// The token in the first line of a file.
///
/// # Errors
/// [`TokenError`].
pub(crate) fn read_token(path: &Path) -> Result<String, TokenError> {
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| file.take(MAX_FILE).read_to_string(&mut text));
    read.map_err(|source| TokenError::Read { path: path.into(), source })?;
    let token = text.lines().next().unwrap_or_default().trim();
    if token.len() < MIN_TOKEN {
        return Err(TokenError::TooShort { path: path.into(), found: token.len() });
    }
    Ok(token.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn without_a_token_this_machine_may_and_web_pages_may_not() {
        let access = AdminAccess::ThisMachine;
        let local: SocketAddr = "127.0.0.1:5000".parse().unwrap();
        assert_eq!(access.decide(local, &HeaderMap::new()), Decision::Granted);
        assert_eq!(
            access.decide("[::ffff:127.0.0.1]:1".parse().unwrap(), &HeaderMap::new()),
            Decision::Granted
        );
        let page = headers(&[(header::ORIGIN, "http://evil.example.com")]);
        assert_eq!(access.decide(local, &page), Decision::NotFromThere);
        let proxied = headers(&[(header::HeaderName::from_static("x-forwarded-for"), "192.0.2.1")]);
        assert_eq!(access.decide(local, &proxied), Decision::NotFromThere);
        assert_eq!(
            access.decide("10.0.0.1:5000".parse().unwrap(), &HeaderMap::new()),
            Decision::NotFromThere
        );
    }

    #[test]
    fn with_a_token_nothing_else_counts() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        fs::write(&file, "correct-horse-battery\n").unwrap();
        let access = AdminAccess::from_file(&file).unwrap();
        let local: SocketAddr = "127.0.0.1:5000".parse().unwrap();
        let sent = |value: &str| access.decide(local, &headers(&[(header::AUTHORIZATION, value)]));
        assert_eq!(sent("Bearer correct-horse-battery"), Decision::Granted);
        for wrong in ["Bearer correct-horse-batterx", "Bearer ", "correct-horse-battery", "Basic x"] {
            assert_eq!(sent(wrong), Decision::TokenNeeded, "{wrong}");
        }
        assert_eq!(access.decide(local, &HeaderMap::new()), Decision::TokenNeeded);
        assert!(!format!("{access:?}").contains("correct"));
        fs::write(&file, "short\n").unwrap();
        assert!(matches!(AdminAccess::from_file(&file), Err(TokenError::TooShort { found: 5, .. })));
    }
}
