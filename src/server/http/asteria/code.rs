//! The error codes.

use axum::http::StatusCode;

use super::settings::MissingStatus;

/// An error code of the API. Those from the manual keep their meaning; [`Code::is_ours`] tells the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each is a number with the text in `meaning`")]
pub enum Code {
    C2001,
    C2002,
    C2003,
    C2004,
    C2101,
    C2102,
    C2103,
    C2107,
    C2202,
    C2203,
    C2204,
    C2301,
    C2401,
    C2801,
    C2802,
    C3001,
    C3002,
    C3003,
    C3004,
    C4001,
    C4002,
    C4012,
    C5001,
    C5002,
    C5006,
    C5101,
    C5102,
    C5303,
    C5304,
    C5305,
    C5306,
    C5307,
    C5308,
    C5309,
    C5310,
}

impl Code {
    /// The number.
    #[must_use]
    pub fn number(self) -> u16 {
        self.row().0
    }

    /// What it means, in words.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        self.row().1
    }

    /// Whether the part of the manual that is known does not have it.
    #[must_use]
    pub fn is_ours(self) -> bool {
        matches!(self, Self::C2001 | Self::C3002 | Self::C3003 | Self::C3004 | Self::C4001 | Self::C4002)
    }

    /// The HTTP status it goes with.
    #[must_use]
    pub fn status(self, missing: MissingStatus) -> StatusCode {
        match (self, missing) {
            (Self::C3004, _) => StatusCode::TOO_MANY_REQUESTS,
            (Self::C4001, _) | (Self::C4012, MissingStatus::NotFound) => StatusCode::NOT_FOUND,
            (Self::C4002, _) => StatusCode::METHOD_NOT_ALLOWED,
            (Self::C4012, MissingStatus::Forbidden) => StatusCode::FORBIDDEN,
            _ => match self.number() {
                2000..3000 => StatusCode::BAD_REQUEST,
                3000..4000 => StatusCode::FORBIDDEN,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            },
        }
    }

    fn row(self) -> (u16, &'static str) {
        match self {
            Self::C2001 => (2001, "the request cannot be read"),
            Self::C2002 => (2002, "a required parameter is not set"),
            Self::C2003 => (2003, "a parameter has a value that is not allowed"),
            Self::C2004 => (2004, "a password is shorter than 6 characters"),
            Self::C2101 => (2101, "a value in the JSON data is wrong"),
            Self::C2102 => (2102, "a mandatory item is missing in the JSON data"),
            Self::C2103 => (2103, "an item in the JSON data has the wrong type"),
            Self::C2107 => (2107, "a password in the JSON data is shorter than 6 characters"),
            Self::C2202 => (2202, "the request names no file"),
            Self::C2203 => (2203, "the request holds no data of the file"),
            Self::C2204 => (2204, "the uploaded certificate information cannot be read"),
            Self::C2301 => (2301, "the data of the request cannot be read"),
            Self::C2401 => (2401, "the password is wrong"),
            Self::C2801 => (2801, "the public key of the certificate is not that of the stored key"),
            Self::C2802 => (2802, "the certificate has expired"),
            Self::C3001 => (3001, "not logged in"),
            Self::C3002 => (3002, "the user name or the password is wrong"),
            Self::C3003 => (3003, "the role does not allow it"),
            Self::C3004 => (3004, "too many failed logins; try again later"),
            Self::C4001 => (4001, "there is no such function"),
            Self::C4002 => (4002, "the function is called by another method"),
            Self::C4012 => (4012, "the certificate information does not exist"),
            Self::C5001 => (5001, "a file could not be read"),
            Self::C5002 => (5002, "a file could not be written"),
            Self::C5006 => (5006, "the files could not be zipped"),
            Self::C5101 => (5101, "internal communication failed"),
            Self::C5102 => (5102, "internal error"),
            Self::C5303 => (5303, "the certificate information could not be read"),
            Self::C5304 => (5304, "the certificate information could not be analysed"),
            Self::C5305 => (5305, "the key store could not be saved"),
            Self::C5306 => (5306, "the key store could not be loaded or deleted"),
            Self::C5307 => (5307, "the key could not be made"),
            Self::C5308 => (5308, "the private key could not be taken"),
            Self::C5309 => (5309, "the CSR could not be made"),
            Self::C5310 => (5310, "there is no CSR"),
        }
    }
}

/// A failure with what there is to say beyond its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) code: Code,
    /// For the caller; never what only an operator should know.
    pub(super) detail: Option<String>,
}

impl Failure {
    pub(super) fn with(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: Some(detail.into()) }
    }
}

impl From<Code> for Failure {
    fn from(code: Code) -> Self {
        Self { code, detail: None }
    }
}
