//! What a responder said, after it was verified.

use crate::types::{Revocation, UnixTime};

/// The state a responder gives a certificate (RFC 6960 section 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertStatus {
    /// Not revoked, as far as the responder knows.
    Good,
    /// Revoked or on hold.
    Revoked(Revocation),
    /// The responder does not know the certificate.
    Unknown,
}

/// A verified answer about one certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The state of the certificate.
    pub status: CertStatus,
    /// When the responder's sources were known to be right.
    pub this_update: UnixTime,
    /// When newer information will be there, if the responder says so.
    pub next_update: Option<UnixTime>,
    /// When the response was signed.
    pub produced_at: UnixTime,
}
