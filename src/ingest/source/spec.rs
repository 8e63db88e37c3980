//! What a source is.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use url::Url;

use super::schedule::Schedule;

/// Octets of a URL; longer ones are refused.
const MAX_URL: usize = 2048;
/// Characters of a name.
const MAX_NAME: usize = 256;
/// Mirrors of one source.
const MAX_MIRRORS: usize = 16;

/// What a source is called in configuration, logs, status and metrics: 1 to 256 characters, none a control character.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceName(Arc<str>);

/// Why something is not a source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// The name is empty, too long or not printable.
    #[error("'{0}' cannot name a source; a name has 1 to {MAX_NAME} characters without control characters")]
    Name(String),
    /// Not a URL.
    #[error("'{url}' is not a URL: {reason}")]
    Url {
        /// As given.
        url: String,
        /// What the parser says of it.
        reason: String,
    },
    /// A URL that CRLs cannot be fetched from.
    #[error("'{url}' cannot be fetched: {reason}")]
    Unusable {
        /// As given.
        url: String,
        /// Why.
        reason: &'static str,
    },
    /// Without a place to look.
    #[error("a source needs at least one path or URL")]
    NoPlace,
    /// Too many of them.
    #[error("{0} mirrors; at most {MAX_MIRRORS} are tried")]
    TooManyMirrors(usize),
}

impl SourceName {
    /// A name.
    ///
    /// # Errors
    /// [`SpecError::Name`].
    pub fn new(name: &str) -> Result<Self, SpecError> {
        let fits = (1..=MAX_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        if fits { Ok(Self(name.into())) } else { Err(SpecError::Name(name.chars().take(MAX_NAME).collect())) }
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A URL that a CRL can be fetched from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remote {
    /// `http` or `https`. A CRL is signed, so that plain HTTP is as good (RFC 5280 section 4.2.1.13).
    Http(Url),
    /// `ldap` or `ldaps`, with a distinguished name and the attribute that holds the list (RFC 4516).
    Ldap(Url),
}

impl Remote {
    /// Reads a URL.
    ///
    /// # Errors
    /// [`SpecError::Url`], [`SpecError::Unusable`] for another scheme, or for a name or password in it, which would
    /// end up in logs.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        let unusable = |reason| SpecError::Unusable { url: text.chars().take(MAX_URL).collect(), reason };
        if text.len() > MAX_URL {
            return Err(unusable("longer than 2,048 octets"));
        }
        let url = Url::parse(text)
            .map_err(|error| SpecError::Url { url: text.to_owned(), reason: error.to_string() })?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(unusable("a URL with a user name or password"));
        }
        match url.scheme() {
            "http" | "https" => Ok(Self::Http(url)),
            "ldap" | "ldaps" if url.host_str().is_none_or(str::is_empty) => {
                Err(unusable("an LDAP URL without a host"))
            }
            "ldap" | "ldaps" => Ok(Self::Ldap(url)),
            _ => Err(unusable("the scheme is none of http, https, ldap and ldaps")),
        }
    }

    /// The URL as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Http(url) | Self::Ldap(url) => url.as_str(),
        }
    }
}

/// Where a source is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Files, and folders of files; each may hold other lists.
    Files(Vec<PathBuf>),
    /// Mirrors of one list, best first.
    Mirrors(Vec<Remote>),
}

impl Place {
    /// Files and folders.
    ///
    /// # Errors
    /// [`SpecError::NoPlace`] for none.
    pub fn files(paths: Vec<PathBuf>) -> Result<Self, SpecError> {
        if paths.is_empty() { Err(SpecError::NoPlace) } else { Ok(Self::Files(paths)) }
    }

    /// Mirrors of one list.
    ///
    /// # Errors
    /// [`SpecError`] for none, too many, or one that cannot be fetched.
    pub fn mirrors<S: AsRef<str>>(urls: &[S]) -> Result<Self, SpecError> {
        match urls.len() {
            0 => Err(SpecError::NoPlace),
            1..=MAX_MIRRORS => {
                let remotes: Result<_, _> = urls.iter().map(|url| Remote::parse(url.as_ref())).collect();
                remotes.map(Self::Mirrors)
            }
            many => Err(SpecError::TooManyMirrors(many)),
        }
    }
}

/// Who named a source, and so how far its URLs are trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// The operator.
    Configured,
    /// The CRL distribution points of a certificate that was asked about.
    DistributionPoint,
    /// The freshestCRL extension of a list.
    FreshestCrl,
}

impl Origin {
    /// The name in status and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::DistributionPoint => "distribution_point",
            Self::FreshestCrl => "freshest_crl",
        }
    }
}

/// A source: a name, a place and when to look.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceSpec {
    /// Distinct among the sources.
    pub name: SourceName,
    /// Where it is.
    pub place: Place,
    /// Who named it.
    pub origin: Origin,
    /// When to look.
    pub schedule: Schedule,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_usable_or_told_why_not() {
        assert!(matches!(Remote::parse("http://crl.example.com/a.crl"), Ok(Remote::Http(_))));
        assert!(matches!(
            Remote::parse("ldap://ldap.example.com/CN=CA,C=DE?certificateRevocationList"),
            Ok(Remote::Ldap(_))
        ));
        for (url, part) in [
            ("crl.example.com/a.crl", "not a URL"),
            ("ftp://crl.example.com/a.crl", "scheme"),
            ("http://user:secret@crl.example.com/", "password"),
            ("ldap:///CN=CA", "host"),
            (&format!("http://a/{}", "x".repeat(MAX_URL)), "2,048"),
        ] {
            let error = Remote::parse(url).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        assert_eq!(Place::mirrors::<&str>(&[]), Err(SpecError::NoPlace));
        assert_eq!(Place::mirrors(&["http://a/"; 17]), Err(SpecError::TooManyMirrors(17)));
        assert!(SourceName::new("").is_err());
        assert!(SourceName::new("a\nb").is_err());
    }
}
