//! Requests (RFC 6960 section 4.1).

use crate::types::CertId;

/// A nonce (RFC 9654): 1 to 128 octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nonce(Box<[u8]>);

/// The DER of an unsigned OCSPRequest for these certificates.
#[must_use]
pub fn encode_request(ids: &[CertId], nonce: Option<&Nonce>) -> Vec<u8> {
    let _ = (ids, nonce);
    Vec::new()
}

/// What follows the responder's URL in a GET (RFC 6960 appendix A.1), if the whole stays within the 255 octets of RFC 5019 section 5.
#[must_use]
pub fn get_path(responder: &str, request: &[u8]) -> Option<String> {
    let _ = (responder, request);
    None
}
