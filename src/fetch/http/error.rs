//! Why nothing usable came over HTTP.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use super::address::AddressKind;

/// What is wrong with a URL before anything is asked of the network.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlProblem {
    /// More octets than are read.
    TooLong {
        /// The most octets a URL may have.
        limit: usize,
    },
    /// Not a URL.
    Malformed {
        /// What the parser says.
        reason: String,
    },
    /// Neither `http` nor `https`.
    Scheme,
    /// A user name or password in front of the host.
    UserInfo,
    /// A port below 1024 that is neither 80 nor 443.
    Port {
        /// The port.
        port: u16,
    },
}

impl fmt::Display for UrlProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { limit } => write!(f, "it is longer than {limit} octets"),
            Self::Malformed { reason } => write!(f, "{reason}"),
            Self::Scheme => f.write_str("only http and https are fetched"),
            Self::UserInfo => f.write_str("it holds a user name"),
            Self::Port { port } => {
                write!(
                    f,
                    "port {port} is neither 80, 443 nor above 1023; allow this URL in the configuration"
                )
            }
        }
    }
}

/// Why a redirect is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectProblem {
    /// More than this many in a row.
    TooMany {
        /// The most that are followed.
        limit: u8,
    },
    /// It does not say where to, or not in a way that can be read.
    Location,
    /// From `https` to `http`.
    Downgrade,
    /// It asks for a GET in answer to a POST (303), which would lose the question.
    Method,
}

impl fmt::Display for RedirectProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany { limit } => write!(f, "more than {limit} redirects in a row"),
            Self::Location => f.write_str("a redirect without a readable Location"),
            Self::Downgrade => f.write_str("a redirect from https to http"),
            Self::Method => f.write_str("a redirect that turns the POST into a GET"),
        }
    }
}

/// Why nothing usable came over HTTP. The URL is the one that failed, which after a redirect is not the one asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The URL cannot be asked.
    #[error("the URL '{url}' is refused: {problem}")]
    BadUrl {
        /// The URL, cut off if it is too long.
        url: String,
        /// What is wrong with it.
        problem: UrlProblem,
    },
    /// The URL leads to an address that the policy does not allow.
    #[error(
        "{url} leads to {address}, a {kind} address; allow the host or its network in the configuration if that is meant"
    )]
    AddressRefused {
        /// The URL.
        url: String,
        /// The address, the first one if there are several.
        address: IpAddr,
        /// What kind of address it is.
        kind: AddressKind,
    },
    /// The name of the host could not be resolved.
    #[error("the host of {url} was not found: {reason}")]
    Resolve {
        /// The URL.
        url: String,
        /// What the system says.
        reason: String,
    },
    /// No connection, or no TLS session, could be made.
    #[error("no connection for {url}: {reason}")]
    Connect {
        /// The URL.
        url: String,
        /// What the system or TLS says.
        reason: String,
    },
    /// The time was up.
    #[error("{url} took longer than {} ms", .limit.as_millis())]
    Timeout {
        /// The URL.
        url: String,
        /// The time that was allowed for the whole, for connecting or for one silence.
        limit: Duration,
    },
    /// The connection broke, or what came over it was not HTTP.
    #[error("the transfer from {url} broke: {reason}")]
    Transfer {
        /// The URL.
        url: String,
        /// What the HTTP library says.
        reason: String,
    },
    /// The server answered with another status than 200.
    #[error("{url} answered with HTTP status {status}")]
    Status {
        /// The URL.
        url: String,
        /// The status.
        status: u16,
    },
    /// The server sent something else than was asked for.
    #[error("{url} sent '{found}' and not {expected}")]
    ContentType {
        /// The URL.
        url: String,
        /// `Content-Type`, cut off if it is long; empty if there is none.
        found: String,
        /// The media type that is asked for.
        expected: &'static str,
    },
    /// The server compressed its answer although that was not offered.
    #[error("{url} sent its answer with the content coding '{found}', which was not offered")]
    ContentCoding {
        /// The URL.
        url: String,
        /// `Content-Encoding`, cut off if it is long.
        found: String,
    },
    /// The answer is too large.
    #[error("{url} sends more than the {limit} octets allowed")]
    TooLarge {
        /// The URL.
        url: String,
        /// The most octets that are read.
        limit: u64,
    },
    /// A redirect that is not followed.
    #[error("{url}: {problem}")]
    Redirect {
        /// The URL that redirects.
        url: String,
        /// What is wrong with the redirect.
        problem: RedirectProblem,
    },
}

impl HttpError {
    /// The error as one word.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BadUrl { .. } => "bad_url",
            Self::AddressRefused { .. } => "address_refused",
            Self::Resolve { .. } => "host_not_found",
            Self::Connect { .. } => "connect_failed",
            Self::Timeout { .. } => "timeout",
            Self::Transfer { .. } => "transfer_failed",
            Self::Status { .. } => "http_status",
            Self::ContentType { .. } => "content_type",
            Self::ContentCoding { .. } => "content_coding",
            Self::TooLarge { .. } => "too_large",
            Self::Redirect { .. } => "redirect",
        }
    }

    /// Whether the failure tells that the server is in trouble, rather than that it dislikes the question: otherwise
    /// questions made up for that purpose could close it to everybody.
    #[must_use]
    pub const fn blames_server(&self) -> bool {
        match self {
            Self::BadUrl { .. } | Self::AddressRefused { .. } => false,
            Self::Status { status, .. } => matches!(status, 408 | 429 | 500..),
            _ => true,
        }
    }

    /// The URL that failed.
    #[must_use]
    pub fn url(&self) -> &str {
        match self {
            Self::BadUrl { url, .. }
            | Self::AddressRefused { url, .. }
            | Self::Resolve { url, .. }
            | Self::Connect { url, .. }
            | Self::Timeout { url, .. }
            | Self::Transfer { url, .. }
            | Self::Status { url, .. }
            | Self::ContentType { url, .. }
            | Self::ContentCoding { url, .. }
            | Self::TooLarge { url, .. }
            | Self::Redirect { url, .. } => url,
        }
    }
}

/// The first characters of a text from outside, without control characters.
pub(super) fn excerpt(text: &str) -> String {
    const CHARACTERS: usize = 200;
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(CHARACTERS).collect()
}
