//! The Connect protocol for unary calls with JSON, as far as errors and headers go
//! (<https://connectrpc.com/docs/protocol>).

use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::super::numbers::Outcome;
use super::details::{Detail, DetailJson};

/// Which revision of the protocol a client speaks; there is only `1`.
const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("connect-protocol-version");
/// Milliseconds the client will wait.
const TIMEOUT: HeaderName = HeaderName::from_static("connect-timeout-ms");
/// Digits of a timeout.
const MAX_TIMEOUT_DIGITS: usize = 10;
/// What bodies have to be.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The codes of errors that occur here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    InvalidArgument,
    NotFound,
    Unauthenticated,
    FailedPrecondition,
    Unimplemented,
    Unavailable,
    ResourceExhausted,
    DeadlineExceeded,
    Internal,
}

impl Code {
    const fn name(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid_argument",
            Self::NotFound => "not_found",
            Self::Unauthenticated => "unauthenticated",
            Self::FailedPrecondition => "failed_precondition",
            Self::Unimplemented => "unimplemented",
            Self::Unavailable => "unavailable",
            Self::ResourceExhausted => "resource_exhausted",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::Internal => "internal",
        }
    }

    /// The status that goes with it.
    const fn status(self) -> StatusCode {
        match self {
            Self::InvalidArgument | Self::FailedPrecondition => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Unimplemented => StatusCode::NOT_IMPLEMENTED,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
            Self::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// An error as the protocol has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ConnectError {
    code: Code,
    message: String,
    details: Vec<Detail>,
    /// What it is called in metrics.
    outcome: &'static str,
}

#[derive(Debug, Serialize)]
struct ErrorJson<'a> {
    code: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<DetailJson>,
}

impl ConnectError {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: Vec::new(), outcome: code.name() }
    }

    /// Counted as this.
    pub(super) const fn counted(mut self, outcome: &'static str) -> Self {
        self.outcome = outcome;
        self
    }

    pub(super) fn with(mut self, detail: Detail) -> Self {
        self.details.push(detail);
        self
    }
}

impl Outcome for ConnectError {
    fn outcome(&self) -> &'static str {
        self.outcome
    }
}

impl IntoResponse for ConnectError {
    fn into_response(self) -> Response {
        let json = ErrorJson {
            code: self.code.name(),
            message: &self.message,
            details: self.details.iter().map(Detail::json).collect(),
        };
        (self.code.status(), axum::Json(json)).into_response()
    }
}

/// Why a request is not one of this protocol, before anything in it is read.
#[derive(Debug)]
pub(super) enum NotConnect {
    /// The body is of another type; 415 without a body, as the protocol wants it.
    MediaType,
    /// Anything else.
    Error(ConnectError),
}

impl IntoResponse for NotConnect {
    fn into_response(self) -> Response {
        match self {
            Self::MediaType => {
                let accept = HeaderName::from_static("accept-post");
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, [(accept, JSON)]).into_response()
            }
            Self::Error(error) => error.into_response(),
        }
    }
}

/// Looks at the headers of a call.
pub(super) fn check_headers(headers: &HeaderMap) -> Result<(), NotConnect> {
    if !is_json(headers) {
        return Err(NotConnect::MediaType);
    }
    let invalid = |message: String| NotConnect::Error(ConnectError::new(Code::InvalidArgument, message));
    if let Some(version) = headers.get(&PROTOCOL_VERSION)
        && version != "1"
    {
        return Err(invalid("connect-protocol-version must be \"1\"".to_owned()));
    }
    let is_number = |timeout: &HeaderValue| {
        let digits = timeout.as_bytes();
        (1..=MAX_TIMEOUT_DIGITS).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
    };
    if headers.get(&TIMEOUT).is_some_and(|timeout| !is_number(timeout)) {
        let message = format!("{TIMEOUT} is a number of milliseconds of at most {MAX_TIMEOUT_DIGITS} digits");
        return Err(invalid(message));
    }
    match headers.get(CONTENT_ENCODING) {
        Some(encoding) if encoding != "identity" => {
            let message = "requests are not compressed; leave content-encoding out, or send identity";
            Err(NotConnect::Error(ConnectError::new(Code::Unimplemented, message)))
        }
        _ => Ok(()),
    }
}

/// How long the client will wait, where it says so.
pub(super) fn timeout(headers: &HeaderMap) -> Option<std::time::Duration> {
    let milliseconds = headers.get(&TIMEOUT)?.to_str().ok()?.parse().ok()?;
    Some(std::time::Duration::from_millis(milliseconds))
}

/// Whether the body is JSON, of UTF-8 if it says of what.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(text) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let mut parts = text.split(';').map(str::trim);
    let is_type = parts.next().is_some_and(|media| media.eq_ignore_ascii_case("application/json"));
    is_type
        && parts.all(|parameter| {
            let lower = parameter.to_ascii_lowercase();
            match lower.strip_prefix("charset=") {
                Some(charset) => charset.trim_matches('"') == "utf-8",
                None => true,
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_json_calls_of_version_one_pass() {
        for good in [
            &[("content-type", "application/json")][..],
            &[("content-type", "Application/JSON; charset=UTF-8"), ("connect-protocol-version", "1")],
            &[("content-type", "application/json"), ("connect-timeout-ms", "5000")],
            &[("content-type", "application/json"), ("content-encoding", "identity")],
        ] {
            assert!(check_headers(&headers(good)).is_ok(), "{good:?}");
        }
        for foreign in [
            &[][..],
            &[("content-type", "application/proto")],
            &[("content-type", "application/connect+json")],
            &[("content-type", "application/json; charset=latin1")],
        ] {
            assert!(matches!(check_headers(&headers(foreign)), Err(NotConnect::MediaType)), "{foreign:?}");
        }
        for bad in [
            ("connect-protocol-version", "2"),
            ("connect-timeout-ms", "-1"),
            ("connect-timeout-ms", ""),
            ("connect-timeout-ms", "12345678901"),
            ("content-encoding", "gzip"),
        ] {
            let bad = [("content-type", "application/json"), bad];
            assert!(matches!(check_headers(&headers(&bad)), Err(NotConnect::Error(_))), "{bad:?}");
        }
    }
}
