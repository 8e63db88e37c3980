//! Why a ticket cannot do what it was asked for.

use super::container::{FormatError, Proprietary};
use super::key_type::UnknownKeyType;
use crate::pki::CertificateError;
use crate::pki::der::DerError;

/// Why a ticket cannot do what it was asked for. Limits are named as in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TicketError {
    /// There is no such ticket: it was never made, it was deleted, or nobody used it for too long.
    #[error("there is no such session; make one by POST /api/v1/ticket")]
    NoTicket,
    /// There is no room for another ticket.
    #[error("there are {limit} sessions already (max_tickets of [cipher]); delete those that are done")]
    TooManyTickets {
        /// The most tickets.
        limit: usize,
    },
    /// There is no room for the containers of all tickets.
    #[error(
        "the containers of all sessions may have {limit} octets (max_octets of [cipher]); try again later"
    )]
    NoRoom {
        /// The most octets.
        limit: usize,
    },
    /// The container is too large.
    #[error("a container has at most {limit} octets (max_container of [cipher])")]
    TooLarge {
        /// The most octets.
        limit: usize,
    },
    /// No container was uploaded.
    #[error("the session has no key store; upload one by PUT …/keyStore")]
    NoContainer,
    /// What was uploaded is no container.
    #[error("{0}")]
    Format(#[from] FormatError),
    /// The password does not open the container.
    #[error("the password does not open the key store")]
    WrongPassword,
    /// Too many passwords in a row were wrong, and the container is gone.
    #[error(
        "{limit} wrong passwords in a row (max_wrong_passwords of [cipher]): the key store was deleted; upload it again"
    )]
    TooManyWrongPasswords {
        /// Passwords that may be wrong in a row.
        limit: u32,
    },
    /// The container is damaged.
    #[error("the key store is damaged: {reason}")]
    Damaged {
        /// Where and how.
        reason: String,
    },
    /// The container demands more work than is done for a stranger.
    #[error("the key store demands more than {limit} rounds of key derivation (max_iterations of [cipher])")]
    TooMuchWork {
        /// The most rounds.
        limit: u64,
    },
    /// The container is encrypted by algorithms that are not supported.
    #[error("the key store is encrypted by an algorithm that is not supported: {reason}")]
    Unsupported {
        /// Which.
        reason: String,
    },
    /// The container is encrypted by algorithms of a vendor or a country that are not supported.
    #[error("{0} is encrypted by algorithms that are not supported; export the key as PKCS#12 with AES")]
    Proprietary(Proprietary),
    /// A text that names no type of key.
    #[error("{0}")]
    KeyType(#[from] UnknownKeyType),
    /// The certificate of the key cannot be read.
    #[error("the certificate of the key cannot be read: {0}")]
    Certificate(#[from] CertificateError),
    /// An extension of the certificate cannot be read.
    #[error("an extension of the certificate cannot be read: {0}")]
    Extension(#[from] DerError),
    /// The work was given up, because the server stops.
    #[error("the server stops")]
    Stopped,
}
