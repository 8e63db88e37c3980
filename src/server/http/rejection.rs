//! What the edge itself answers.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::types::Seconds;

/// Why the edge answers instead of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rejection {
    /// It changes something, came before the end of a handshake, and may be a replay (RFC 8470).
    Early,
    /// Too many requests are worked on.
    Crowded,
    /// The caller asks too often.
    TooOften(Seconds),
    /// The body is larger than this.
    TooLarge(u64),
    /// The body did not come in time.
    SlowBody,
    /// There was no answer in time.
    SlowAnswer,
    /// The program has a defect.
    Panic,
    /// Nothing has this path.
    NotFound,
}

/// How the edge tells what is wrong.
#[derive(Debug, Serialize)]
struct Problem<'a> {
    code: &'a str,
    message: String,
}

impl Rejection {
    /// Those that are counted, [`Rejection::NotFound`] not among them: it is an answer.
    pub(super) const CAUSES: [&'static str; 7] = [
        "too_early",
        "overloaded",
        "too_many_requests",
        "body_too_large",
        "body_timeout",
        "answer_timeout",
        "panic",
    ];

    /// In snake case, for metrics and clients.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Early => "too_early",
            Self::Crowded => "overloaded",
            Self::TooOften(_) => "too_many_requests",
            Self::TooLarge(_) => "body_too_large",
            Self::SlowBody => "body_timeout",
            Self::SlowAnswer => "answer_timeout",
            Self::Panic => "panic",
            Self::NotFound => "not_found",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Early => StatusCode::TOO_EARLY,
            Self::Crowded | Self::SlowAnswer => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::SlowBody => StatusCode::REQUEST_TIMEOUT,
            Self::Panic => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NotFound => StatusCode::NOT_FOUND,
        }
    }

    fn message(self) -> String {
        match self {
            Self::Early => "it could be a replay; send it again when the handshake is complete".to_owned(),
            Self::Crowded => "too many requests are worked on ([http] max_requests)".to_owned(),
            Self::TooOften(_) => {
                "this caller asks too often ([http] rate_per_token, rate_per_address)".to_owned()
            }
            Self::TooLarge(most) => format!("the body has more than {most} octets ([http] max_body)"),
            Self::SlowBody => "the body did not come in time ([http] body_timeout)".to_owned(),
            Self::SlowAnswer => "there was no answer in time ([http] answer_timeout)".to_owned(),
            Self::Panic => "something is wrong with this program; its log has more".to_owned(),
            Self::NotFound => "nothing is served at this path".to_owned(),
        }
    }

    /// After which to come back.
    fn retry_after(self) -> Option<Seconds> {
        match self {
            Self::Crowded | Self::SlowAnswer => Some(Seconds(1)),
            Self::TooOften(seconds) => Some(seconds),
            _ => None,
        }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let problem = Problem { code: self.code(), message: self.message() };
        let mut response = (self.status(), Json(problem)).into_response();
        if let Some(Seconds(seconds)) = self.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
