//! What goes wrong, as clients of the API know it.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::service::orders::{DeskError, RegistryError, UpstreamError};
use crate::types::Seconds;

/// Why a request is not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ApiError {
    /// No key, or one that is nobody's. The vendor does not document the code.
    NoKey,
    /// User or key do not allow it.
    NoPermission,
    /// No such order for the caller.
    NoOrder,
    /// No such endpoint, or not with this method.
    NoRoute,
    /// Asked too often.
    TooMany { retry_after: Seconds },
    /// The request cannot be read.
    BadRequest { message: String },
    /// A web server does not have the random value.
    FileNotFound { message: String },
    /// The other server cannot be asked.
    Upstream { message: String, retry_after: Option<Seconds> },
    /// The database is busy or away.
    Unavailable,
    /// Something is broken here; the log says what.
    Internal,
}

impl ApiError {
    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::NoKey => StatusCode::UNAUTHORIZED,
            Self::NoPermission => StatusCode::FORBIDDEN,
            Self::NoOrder | Self::NoRoute => StatusCode::NOT_FOUND,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::BadRequest { .. } | Self::FileNotFound { .. } => StatusCode::BAD_REQUEST,
            Self::Upstream { .. } | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::NoKey => "access_denied|invalid_api_key",
            Self::NoPermission => "access_denied|missing_permission",
            Self::NoOrder => "not_found|order",
            Self::NoRoute => "not_found|route",
            Self::TooMany { .. } => "request_limit_exceeded",
            Self::BadRequest { .. } => "bad_request_format",
            Self::FileNotFound { .. } => "file_random_value_not_found",
            Self::Upstream { .. } => "service_unavailable|upstream",
            Self::Unavailable => "service_unavailable",
            Self::Internal => "internal_error",
        }
    }

    fn message(&self) -> &str {
        match self {
            Self::NoKey => "The X-DC-DEVKEY header is missing or holds no API key that is known.",
            Self::NoPermission => "You do not have permission to perform this action.",
            Self::NoOrder => "The specified order was not found.",
            Self::NoRoute => "The specified route was not found.",
            Self::TooMany { .. } => "Service unavailable, please limit request volume",
            Self::BadRequest { message }
            | Self::FileNotFound { message }
            | Self::Upstream { message, .. } => message,
            Self::Unavailable => "The service is temporarily unavailable, please try again.",
            Self::Internal => "An unexpected error occurred.",
        }
    }

    /// The body.
    pub(super) fn document(&self) -> Value {
        json!({"errors": [{"code": self.code(), "message": self.message()}]})
    }

    /// After which asking again makes sense.
    pub(super) const fn retry_after(&self) -> Option<Seconds> {
        match self {
            Self::TooMany { retry_after } => Some(*retry_after),
            Self::Upstream { retry_after, .. } => *retry_after,
            Self::Unavailable => Some(Seconds(1)),
            _ => None,
        }
    }
}

impl From<DeskError> for ApiError {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::NoOrder => Self::NoOrder,
            DeskError::Forbidden => Self::NoPermission,
            DeskError::FileNotFound(reason) => Self::FileNotFound { message: reason.to_string() },
            DeskError::Registry(error) => error.into(),
            DeskError::Upstream(UpstreamError::NotFound) => Self::NoOrder,
            DeskError::Upstream(error) => {
                let retry_after = error.retry_after();
                Self::Upstream { message: "The upstream server cannot be asked.".to_owned(), retry_after }
            }
            error => Self::BadRequest { message: error.to_string() },
        }
    }
}

impl From<RegistryError> for ApiError {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::Store(error) if error.is_temporary() => {
                tracing::warn!(%error, "the database of orders");
                Self::Unavailable
            }
            error => {
                tracing::error!(%error, "the registry of orders");
                Self::Internal
            }
        }
    }
}
