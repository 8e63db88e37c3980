//! The errors of version 1.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use super::super::failure::Failure;
use super::super::numbers::Outcome;
use crate::service::verify::VerifyError;

/// What went wrong, as a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ErrorCode {
    /// The server failed.
    InternalError,
    /// There is no valid token.
    AuthenticationFailed,
    /// What was asked about does not exist.
    NoSuchEntry,
    /// The request is not what it should be.
    InvalidArgument,
    /// The certificate cannot be read.
    InvalidCertificate,
    /// The certificate is none that is accepted.
    UnsupportedCertificate,
    /// The authority's responder did not tell.
    OcspRequestFailed,
}

/// An error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct ApiError {
    /// What went wrong.
    pub(super) code: ErrorCode,
    /// The same for people, with the next step.
    pub(super) message: String,
    #[serde(skip)]
    #[schema(ignore)]
    status: StatusCode,
    /// What it is called in metrics.
    #[serde(skip)]
    #[schema(ignore)]
    outcome: &'static str,
}

impl ApiError {
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        use ErrorCode as E;
        let (status, outcome) = match code {
            E::InternalError => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
            E::OcspRequestFailed => (StatusCode::INTERNAL_SERVER_ERROR, "ocsp_request_failed"),
            E::AuthenticationFailed => (StatusCode::UNAUTHORIZED, "authentication_failed"),
            E::NoSuchEntry => (StatusCode::NOT_FOUND, "no_such_entry"),
            E::InvalidArgument => (StatusCode::BAD_REQUEST, "invalid_argument"),
            E::InvalidCertificate => (StatusCode::BAD_REQUEST, "invalid_certificate"),
            E::UnsupportedCertificate => (StatusCode::BAD_REQUEST, "unsupported_certificate"),
        };
        Self { code, message: message.into(), status, outcome }
    }

    /// With another status than the usual one of its code, where that tells a client more: 413, 429, 503.
    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidArgument, message)
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        use ErrorCode as E;
        let outcome = failure.name();
        let error = match failure {
            Failure::NoSuchEntry(message) => Self::new(E::NoSuchEntry, message),
            // Version 1 has no word for it, and the same request without identification can be answered.
            Failure::NotLinked(message) | Failure::InvalidArgument { message, .. } => Self::invalid(message),
            Failure::InvalidCertificate(message) => Self::new(E::InvalidCertificate, message),
            Failure::UnsupportedCertificate(message) => Self::new(E::UnsupportedCertificate, message),
            Failure::OcspFailed(message) => Self::new(E::OcspRequestFailed, message),
            Failure::Undecided(message) | Failure::Internal(message) => Self::new(E::InternalError, message),
            Failure::Unavailable(message) | Failure::LinksUnavailable(message) => {
                Self::new(E::InternalError, message).with_status(StatusCode::SERVICE_UNAVAILABLE)
            }
        };
        Self { outcome, ..error }
    }
}

impl From<VerifyError> for ApiError {
    fn from(error: VerifyError) -> Self {
        Failure::from(error).into()
    }
}

impl Outcome for ApiError {
    fn outcome(&self) -> &'static str {
        self.outcome
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, axum::Json(self)).into_response()
    }
}

/// The errors that every operation may answer.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "for the document")]
pub(super) enum Failures {
    /// The request is not what it should be, or its certificate is none that is accepted
    #[response(status = 400)]
    BadRequest(ApiError),
    /// There is no valid token
    #[response(status = 401)]
    Unauthorized(ApiError),
    /// What the request is about does not exist
    #[response(status = 404)]
    NotFound(ApiError),
    /// The body is larger than is read
    #[response(status = 413)]
    TooLarge(ApiError),
    /// The body is of another type than JSON
    #[response(status = 415)]
    UnsupportedMediaType(ApiError),
    /// The token has sent too many requests
    #[response(status = 429)]
    TooMany(ApiError),
    /// The server failed, or could not find out
    #[response(status = 500)]
    Internal(ApiError),
    /// The database cannot take it now; nothing was written
    #[response(status = 503)]
    Unavailable(ApiError),
}
