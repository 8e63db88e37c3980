//! What may be asked.

use super::method::MethodPolicy;
use super::named::NamedAuthority;
use crate::pki::Certificate;
use crate::types::{CertId, Serial, UnixTime};

/// About which certificate.
#[derive(Debug, Clone)]
pub enum Question {
    /// The certificate itself: the best question, because it tells its distribution points and its responders.
    Certificate {
        /// The certificate.
        certificate: Certificate,
        /// The certificate of its issuer, where the caller has it; it settles which of several authorities of one
        /// name is meant.
        issuer: Option<Certificate>,
    },
    /// A serial of an issuer.
    Serial {
        /// The certificate of the issuer.
        issuer: Certificate,
        /// The serial.
        serial: Serial,
    },
    /// A CertID, as OCSP asks.
    CertId(CertId),
    /// A serial of an authority that was prepared for many questions.
    Named {
        /// The authority.
        authority: NamedAuthority,
        /// The serial.
        serial: Serial,
    },
}

impl Question {
    /// The serial that is asked about.
    #[must_use]
    pub fn serial(&self) -> &Serial {
        match self {
            Self::Certificate { certificate, .. } => certificate.serial(),
            Self::Serial { serial, .. } | Self::Named { serial, .. } => serial,
            Self::CertId(id) => &id.serial,
        }
    }
}

/// What a caller may say about how one question is answered; everything else is the operator's.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Where to look, in place of what is configured for the authority.
    pub method: Option<MethodPolicy>,
    /// The time to ask for, in place of the clock's.
    pub at: Option<UnixTime>,
}
