//! What a verdict is made from.

use crate::types::{CertificateKind, CrlFacts, Listing, NameKey};

/// Who issued a CRL, seen from the certificate in question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssuedBy<'a> {
    /// The authority that issued the certificate.
    OwnAuthority,
    /// Another one, of this name: an indirect CRL.
    Other(&'a NameKey),
}

/// One CRL in hand, and what it says of the serial in question.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// Who issued the CRL.
    pub issued_by: IssuedBy<'a>,
    /// Dates, number and scope of the CRL.
    pub crl: &'a CrlFacts,
    /// The serial's entry in it, if there is one.
    pub listing: Option<Listing>,
}

/// What is known of the certificate in question, besides its authority and serial.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// Nothing: the question was a bare serial or an OCSP CertID.
    Serial,
    /// The certificate itself.
    Certificate {
        /// User, CA or attribute certificate.
        kind: CertificateKind,
        /// The name of its issuer.
        issuer: &'a NameKey,
        /// Its CRL distribution points (RFC 5280 section 4.2.1.13).
        distribution_points: &'a [crate::pki::DistributionPoint],
    },
}
